"""The detector of one series: rows in, in the order of arrival, changepoints out; it never looks back.

Rows of one span form a block, the unit of evidence. A block is judged once, when it is full, when a row of a
later block arrives, or when the caller's clock says that its span is over. What was judged is never judged
again; event times serve for dating alone.
"""

from voipwatch.inference.detection import judging, learning, regime, silence
from voipwatch.inference.detection.dating import KEPT_ROWS, Kept
from voipwatch.inference.detection.settings import DAY_S, DEFAULT, Settings
from voipwatch.inference.detection.state import OpenBlock, Phase, State
from voipwatch.inference.detection.votes import counted
from voipwatch.model.series import ChangeKind, Changepoint, Regime, SeriesRow
from voipwatch.stats.edetector import run_length_threshold


class Detector:
    """Detects the onsets, ends and silences of one series.

    Hand rows over in the order in which they were received. `state` is everything it remembers: a detector
    made with the state of another goes on exactly where that one stopped.
    """

    def __init__(self, settings: Settings = DEFAULT, state: State | None = None) -> None:
        self.settings = settings
        self.state = State() if state is None else state

    def receive(self, row: SeriesRow) -> list[Changepoint]:
        """Take one row; the changepoints that it decides, usually none.

        Raises:
            ValueError: more blocked votes than votes, or a count below 0.
        """
        if not 0 <= row.blocked_count <= row.total_count:
            raise ValueError(f"0 <= blocked <= total does not hold: {row.blocked_count}, {row.total_count}")
        state, settings = self.state, self.settings
        index = int(row.time_s // settings.block_s)
        block = state.open
        if block is not None and index == block.index:  # most rows by far
            block.rows.append(row)
            self._count(row)
            found: list[Changepoint] = []
        else:
            found = self._start(row, index)
            block = state.open
        # Of named probes it is known which votes count when all are in.
        if block is not None and not row.probe and self._decided(block, row):
            found += self._close(row.time_s + settings.row_span_s)
        return found

    def _start(self, row: SeriesRow, index: int) -> list[Changepoint]:
        """Take a row that is not of the open block: the first of the next one, or a late one."""
        state, settings = self.state, self.settings
        found: list[Changepoint] = []
        end_s = row.time_s + settings.row_span_s
        new_block = state.last_index is None or index > state.last_index
        if state.first_s is None:
            state.baseline.origin_s = row.time_s
        if new_block:
            if state.open is not None:
                found += self._close(end_s if settings.row_span_s else row.time_s)
            if row.time_s - (state.newest_s or 0.0) > DAY_S:
                found += self._silence(row.time_s)
            if state.day is None or row.time_s >= (state.day + 1) * DAY_S:
                learning.daily(state, settings, row.time_s)
            state.last_index = index
            state.open = OpenBlock(index, [row])
        elif state.open is not None and index not in state.judged and index < state.open.index:
            # The first word about an hour that nobody has judged: it speaks with the block it arrives with.
            state.late_rows += 1
            state.open.late_indices.append(index)
            state.open.rows.append(row)
        else:
            self._only_dates(row, late=index != state.last_index)
        if new_block:
            silence.block_began(state.pace, row.time_s)
        self._count(row)
        return found

    def advance(self, now_s: float) -> list[Changepoint]:
        """Tell the time: judge the open block if its span is over, and notice a silence."""
        found: list[Changepoint] = []
        if self.state.open is not None and now_s >= (self.state.open.index + 1) * self.settings.block_s:
            found += self._close(now_s)
        return found + self._silence(now_s)

    def finish(self) -> list[Changepoint]:
        """The rows have ended, for instance a file: judge the open block, as of its last row."""
        if self.state.open is None:
            return []
        return self._close(self.state.open.rows[-1].time_s + self.settings.row_span_s)

    @property
    def regimes(self) -> list[Regime]:
        """Regimes of intermittent interference, the running one last."""
        state = self.state
        going_on = regime.running(state.cycles, state.newest_s or 0.0)
        return state.cycles.past + ([going_on] if going_on is not None else [])

    @property
    def run_length_days(self) -> float:
        """Days between false onsets that are promised for this series."""
        return run_length_threshold(self.settings.run_length_days, series=self.settings.series)

    @property
    def run_length_votes(self) -> float | None:
        """The same in votes, at the pace of the votes so far; None before a day has passed."""
        state = self.state
        if state.first_s is None or state.newest_s is None:
            return None
        days = (state.newest_s + self.settings.row_span_s - state.first_s) / DAY_S
        return None if days < 1.0 else self.run_length_days * state.votes / days

    # --- receiving ----------------------------------------------------------------------------------------

    def _count(self, row: SeriesRow) -> None:
        state, time_s = self.state, row.time_s
        if state.newest_s is None or time_s > state.newest_s:
            state.newest_s = time_s
            if state.first_s is None:
                state.first_s = time_s
        state.rows += 1
        state.votes += row.total_count
        state.blocked += row.blocked_count
        silence.heard(state.pace, time_s + self.settings.row_span_s)
        kept = state.kept
        kept.append(Kept(time_s, row.blocked_count, row.total_count, row.probe))
        if len(kept) > 2 * KEPT_ROWS:
            del kept[:KEPT_ROWS]

    def _only_dates(self, row: SeriesRow, *, late: bool) -> None:
        """A row for a judged or a full block: it is learnt and dated by, and no evidence."""
        if late:
            self.state.late_rows += 1
        else:
            self.state.surplus_rows += 1
            if learning.merge(
                self.state, int(row.time_s // self.settings.block_s) * self.settings.block_s, row
            ):
                return
        learning.wait(self.state, row.time_s, counted([row]), rows=0)

    def _decided(self, block: OpenBlock, row: SeriesRow) -> bool:
        """Whether an open block need not wait: it is full, or no later vote could change what it says."""
        full = self.state.baseline.full_rows
        if self.settings.row_span_s >= self.settings.block_s or 0 < full <= len(block.rows):
            return True
        return bool(
            row.blocked_count
            and self.state.phase is Phase.QUIET
            and judging.certain(
                self.state,
                self.settings,
                block.rows,
                time_s=block.index * self.settings.block_s,
                mass=self._mass,
            )
        )

    @property
    def _mass(self) -> float:
        """Days that one block stands for, by the pace that was learnt."""
        return min(self.state.baseline.pace_days, self.settings.mass_days_max)

    # --- judging ------------------------------------------------------------------------------------------

    def _close(self, decided_s: float) -> list[Changepoint]:
        """Judge the open block, once."""
        state, settings = self.state, self.settings
        block = state.open
        if block is None:
            return []
        state.open = None
        time_s = block.index * settings.block_s
        since_s = settings.block_s if state.last_start_s is None else time_s - state.last_start_s
        days = min(since_s / DAY_S, settings.mass_days_max)
        state.last_start_s = time_s
        state.judged += [block.index, *block.late_indices]
        count = counted(block.rows)
        learning.wait(state, time_s, count, rows=len(block.rows))
        if state.cycles.spells:
            regime.count(state.cycles, time_s, count.blocked, count.votes)
        if state.phase is Phase.QUIET:
            found = judging.judge_onset(
                state,
                settings,
                count,
                time_s=time_s,
                mass=self._mass,
                decided_s=decided_s,
            )
            if state.cycles.declared_s is not None:
                regime.close_if_over(state.cycles, time_s)
        elif state.phase is Phase.ALARMED:
            found = judging.judge_end(state, settings, count, mass=days, decided_s=decided_s)
            found += judging.outgrown(state, decided_s)
        else:
            found = []
        state.changepoints += found
        return found

    def _silence(self, now_s: float) -> list[Changepoint]:
        state = self.state
        began = silence.silent_since(state.pace, now_s, self.settings.block_s)
        if began is None:
            return []
        standing = state.interference
        level = standing.level if standing is not None else state.baseline.share
        found = [Changepoint(ChangeKind.SILENCE, began[0], began[1], now_s, level, None)]
        state.changepoints += found
        return found
