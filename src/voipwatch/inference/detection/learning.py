"""What becomes of votes once the guard releases them: quiet past, interference, or nothing."""

from typing import Final

from voipwatch.inference.detection import regime
from voipwatch.inference.detection.baseline import Waiting, absorb, redraw, refresh
from voipwatch.inference.detection.settings import DAY_S, Settings
from voipwatch.inference.detection.state import Interference, Phase, State
from voipwatch.inference.detection.votes import Count
from voipwatch.model.series import SeriesRow

BLOCKED_START: Final = 0.5
"""A series whose first days are blocked by more than this has no quiet past."""


def wait(state: State, time_s: float, count: Count, *, rows: int) -> None:
    """Put the votes of a block behind the guard; `rows` is 0 for what is no block of its own."""
    probes = [(probe, said, 1) for probe, said in count.by_probe.items()]
    state.baseline.waiting.append(Waiting(time_s, count.blocked, count.votes, rows, probes))


def merge(state: State, time_s: float, row: SeriesRow) -> bool:
    """Add a surplus row to its block, while that waits; False where it does not.

    Else the rows of a full block would be counted short, and full blocks shrink with every block.
    """
    waiting = state.baseline.waiting
    if not waiting or waiting[-1].time_s != time_s or row.probe:
        return False
    waiting[-1].blocked += row.blocked_count
    waiting[-1].votes += row.total_count
    waiting[-1].rows += 1
    return True


def daily(state: State, settings: Settings, time_s: float) -> None:
    """Once a day of event time: learn what the guard releases, and draw the border anew."""
    state.day = int(time_s // DAY_S)
    del state.judged[: max(0, len(state.judged) - int(14 * DAY_S / settings.block_s))]
    released = refresh(state.baseline, settings, time_s)
    if state.phase is Phase.LEARNING:
        _begin(state, settings, released)
    elif state.phase is Phase.QUIET:
        after_s = state.learn_after_s
        absorb(
            state.baseline,
            settings,
            released if after_s is None else [block for block in released if block.time_s > after_s],
        )
    else:
        _add(state.interference, released)
    if state.phase is not Phase.ALARMED:  # frozen while alarmed
        redraw(state.baseline, settings, time_s)


def _begin(state: State, settings: Settings, released: list[Waiting]) -> None:
    """The first votes of a series, or the first after it began blocked: a quiet past, or none."""
    after_s = state.learn_after_s
    if after_s is not None:
        released = [block for block in released if block.time_s > after_s]
    votes = sum(block.votes for block in released)
    blocks = sum(block.rows > 0 for block in released)
    if votes < settings.quiet_votes_min or 2 * blocks < settings.quiet_votes_min:
        state.baseline.waiting[:0] = released
        return
    blocked = sum(block.blocked for block in released)
    if blocked <= BLOCKED_START * votes:
        absorb(state.baseline, settings, released)
        state.phase = Phase.QUIET
        return
    state.no_quiet_past = True
    state.phase = Phase.ALARMED
    state.interference = Interference(None, 0.0, 0.0, 0.0)
    _add(state.interference, released)
    regime.begin(state.cycles, None, released[0].time_s, released[-1].time_s)


def _add(interference: Interference | None, released: list[Waiting]) -> None:
    if interference is None:
        return
    for block in released:
        interference.blocked += block.blocked
        interference.votes += block.votes
        for probe, said, votes in block.probes:
            before = interference.probes.get(probe, (0, 0))
            interference.probes[probe] = (before[0] + said, before[1] + votes)
