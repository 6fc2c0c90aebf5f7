"""Checks drawn packet by packet and judged by the judge's own functions, without bytes, keys and logs.

A whole simulated check costs a second and more; one drawn here some hundredths, so that tens of thousands can
be judged. The line is the lab's: Gilbert-Elliott bursts in continuous time (`lab.line.Bursts`), one chain for
each direction of the line, or one for each five-tuple; paths by lot; jitter. What is drawn is what
`join_session` would have found: for every packet when it left and whether it came.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from voipwatch.inference.controls import line_state
from voipwatch.inference.join import FlowView, Session
from voipwatch.inference.row import AppFinding, judge_app
from voipwatch.inference.throttle import family_size, heavy_claims, p_values, spend
from voipwatch.inference.track import Fate, Packet, Track
from voipwatch.model.flows import HELD_REPLICATES, LONG_REPLICATES, MEDIA_SEQ, FlowKind, FlowRecord
from voipwatch.model.measurement import Line as DeclaredLine
from voipwatch.model.measurement import Measurement, ReflectorFacts
from voipwatch.model.ruleset import BLOCKS, HELD_S, LONG_S, REPEAT_AFTER_S, WARMUP_S
from voipwatch.model.vocabulary import LINE, Arm, Family, Media, Stage

Times = npt.NDArray[np.float64]
"""Seconds since the check's first flow."""
Random = np.random.Generator  # noqa: TID251 -- seeded draws of a calibration, outside of the package

APP: Final = "drawn"
PORT: Final = 3478
ARMS: Final = (Arm.A, Arm.C, Arm.A_NEUTRAL, Arm.C_NEUTRAL)
FLOW_GAP_S: Final = 0.0213
"""Between two new flows, as `experiment.pacing` has it."""
SPACINGS_S: Final = (0.02, 0.06, 0.15)
"""Rhythms of the packaged profile of WhatsApp: 20 ms speech, 60 ms, and silence; one for each block."""
TRIES_S: Final = (0.0, 0.25, 0.6)
"""When a set-up request is sent again."""
FIRST_BLOCKS: Final = 4
ALIVE_MAX: Final = 48
"""Flows side by side, as `model.ruleset.MAPPINGS_ALIVE_MAX`."""
SECONDS_MAX: Final = 400.0
"""How far the spells of a line are drawn; no check is as long."""
SILENT_S: Final = 1.5
HELD_LOSS_SHARE: Final = 0.2
"""As `experiment.questions.leg`: a held flow that was silent so long or lost more is held again."""


def drawn(seed: int) -> Random:
    """The generator of one check."""
    return np.random.default_rng(seed)  # noqa: TID251 -- the same


@dataclass(frozen=True, slots=True)
class LineLaw:
    """How the line loses and delays, alike for every arm."""

    loss: float = 0.0
    """Mean loss, all lost in a bad spell, 0 to under 1."""
    burst_s: float = 0.08
    """Mean length of a bad spell."""
    own: bool = False
    """A chain of bad spells for each five-tuple, in place of one for the line."""
    paths: int = 1
    """Load-balanced paths, drawn for each five-tuple and direction."""
    bad_path_loss: float = 0.0
    """Independent loss on the first path."""
    jitter_ms: float = 4.0
    """Mean of the exponential delay on top of 30 ms."""
    dies_ratio: float = 0.0
    """Share of five-tuples that lose their mapping for good, at a time drawn within the flow."""


@dataclass(frozen=True, slots=True)
class Guilt:
    """What is done to the treatment's media, both ways."""

    loss: float = 0.0
    """Share of those packets dropped that the line would have brought."""
    cut_at_s: float | None = None
    """Nothing passes after so many seconds of a flow's media."""


@dataclass(frozen=True, slots=True)
class Size:
    """What is spent."""

    blocks: int = BLOCKS
    media_s: float = 1.5
    """Of the flows of a block; of the held ones `held_s`."""
    spacings_s: tuple[float, ...] = SPACINGS_S
    held_s: float = HELD_S


@dataclass(slots=True)
class _Line:
    """One line with its spells."""

    law: LineLaw
    random: Random
    _spells: dict[bool, tuple[Times, Times]] = field(default_factory=dict)

    def lost(self, sent_s: Times, *, up: bool) -> npt.NDArray[np.bool_]:
        """Which packets of one flow, sent at these times, do not come, by bursts and path."""
        law = self.law
        if law.own:
            begins, ends = _spells(self.random, law, float(sent_s.min()), float(sent_s.max()) + 1.0)
        else:
            if up not in self._spells:
                self._spells[up] = _spells(self.random, law, 0.0, SECONDS_MAX)
            begins, ends = self._spells[up]
        at = np.searchsorted(begins, sent_s, side="right") - 1
        lost = (at >= 0) & (sent_s < ends[np.maximum(at, 0)]) if len(begins) else np.zeros(len(sent_s), bool)
        if law.bad_path_loss and self.random.integers(law.paths) == 0:
            lost |= self.random.random(len(sent_s)) < law.bad_path_loss
        return lost


def _spells(random: Random, law: LineLaw, first_s: float, last_s: float) -> tuple[Times, Times]:
    """Begins and ends of the bad spells between two times."""
    if law.loss <= 0.0:
        return np.empty(0), np.empty(0)
    good_s = law.burst_s * (1.0 - law.loss) / law.loss
    count = int(3 * (last_s - first_s) / (good_s + law.burst_s)) + 20
    good, bad = random.exponential(good_s, count), random.exponential(law.burst_s, count)
    if random.random() < law.loss:  # the line is in a bad spell when looked at first
        good[0] = 0.0
    ends = first_s + np.cumsum(good + bad)
    return ends - bad, ends


def draw_session(random: Random, law: LineLaw, guilt: Guilt, size: Size) -> Session:
    """What the judge would see of one check of one app in such a line."""
    line = _Line(law, random)
    flows: list[FlowView] = [_flow(line, Guilt(), (Arm.W, "warmup", 0), (0.0, WARMUP_S, SPACINGS_S[0]), 0)]
    wave = max(1, ALIVE_MAX // len(ARMS))
    begin = WARMUP_S + 0.4
    for block in range(size.blocks):
        if block == FIRST_BLOCKS:
            begin += max(size.media_s + 1.0, REPEAT_AFTER_S)
        elif block > FIRST_BLOCKS and (block - FIRST_BLOCKS) % wave == 0:
            begin += size.media_s + 1.0
        question = "setup" if block < FIRST_BLOCKS else "media"
        spacing_s = size.spacings_s[int(random.integers(len(size.spacings_s)))]
        arms = list(ARMS)
        random.shuffle(arms)
        if question == "setup":  # A and C go first, as `Leg` wishes
            arms.sort(key=lambda arm: arm not in (Arm.A, Arm.C))
        for arm in arms:
            kind = (arm, question, block)
            flows.append(_flow(line, guilt, kind, (begin, size.media_s, spacing_s), len(flows)))
            begin += FLOW_GAP_S
    flows += _held(line, guilt, size, begin, len(flows))
    return Session(
        index=0,
        facts=ReflectorFacts(name="drawn", udp_ports=[PORT], control="ok"),
        flows=tuple(flows),
        log_signed=True,
        log_used=True,
        rtt_us=70_000,
        strangers={},
    )


def _held(line: _Line, guilt: Guilt, size: Size, begin: float, number: int) -> list[FlowView]:
    """One held pair, a second where the first falls silent or loses."""
    out: list[FlowView] = []
    replicates = LONG_REPLICATES if size.held_s >= LONG_S else HELD_REPLICATES
    spacing_s = size.spacings_s[0]
    for replicate in replicates:
        arms = [Arm.A, Arm.C]
        line.random.shuffle(arms)
        pair = [
            _flow(line, guilt, (arm, "held", replicate), (begin + n * FLOW_GAP_S, size.held_s, spacing_s),
                  number + len(out) + n)
            for n, arm in enumerate(arms)
        ]  # fmt: skip
        out += pair
        treatment = next(f for f in pair if f.arm is Arm.A)
        counts = [treatment.media(up=up).counted for up in (True, False)]
        lossy = any(c.known and c.lost > HELD_LOSS_SHARE * c.known for c in counts)
        silent = guilt.cut_at_s is not None and guilt.cut_at_s + SILENT_S < size.held_s
        if not (lossy or silent):
            break
        # A flow cut late is seen as silent, one that loses as lossy soon: the second begins within the first.
        begin += (guilt.cut_at_s or 0.0) + SILENT_S if silent else 2.0
    return out


def _flow(
    line: _Line, guilt: Guilt, kind: tuple[Arm, str, int], plan: tuple[float, float, float], number: int
) -> FlowView:
    arm, question, block = kind
    begin_s, media_s, spacing_s = plan
    random = line.random
    tries = np.asarray([begin_s + t for t in TRIES_S])
    there = ~line.lost(tries, up=True)
    back = ~line.lost(tries + 0.06, up=False)
    answered = np.flatnonzero(there & back)
    last = int(answered[0]) if len(answered) else len(tries) - 1
    asked = {n * 4: _us(tries[n]) for n in range(last + 1)}
    replied = {int(answered[0]) * 4: _us(tries[answered[0]] + 0.06)} if len(answered) else {}
    up = [_packet(n * 4, tries[n], 0.03, 100, there[n]) for n in range(last + 1)]
    down = [_packet(n * 4, tries[n] + 0.03, 0.03, 100, back[n]) for n in range(last + 1) if there[n]]
    if len(answered):
        starts = float(tries[last]) + 0.07
        times: Times = np.asarray(starts + np.arange(int(media_s / spacing_s)) * spacing_s)
        dead_from = starts + random.random() * media_s if random.random() < line.law.dies_ratio else None
        for track, way in ((up, True), (down, False)):
            lost = line.lost(times, up=way)
            if arm in (Arm.A, Arm.A_NEUTRAL):
                lost |= random.random(len(times)) < guilt.loss if guilt.loss else False
                lost |= times - starts >= guilt.cut_at_s if guilt.cut_at_s is not None else False
            if dead_from is not None:
                lost |= times >= dead_from
            late = 0.03 + random.exponential(line.law.jitter_ms / 1e3, len(times))
            track += [
                _packet(MEDIA_SEQ + n, times[n], late[n], 120, not gone)
                for n, gone in enumerate(lost.tolist())
            ]
    record = FlowRecord(
        flow=number,
        reflector=0,
        kind=FlowKind(LINE if arm is Arm.W else APP, "", "relay", arm, media=Media.VOICE),
        replicate=block,
        family=(Family.Q if block % 2 else Family.U) if arm in (Arm.C, Arm.C_NEUTRAL) else Family.NONE,
        question=question,
        block=block,
        remote_port=PORT if arm in (Arm.A, Arm.C) else 40_000,
        round_stages=[Stage.SETUP],
        started_us=_us(begin_s),
        ended_us=_us(begin_s + media_s + 1.5),
        media_s=media_s,
        planned_down=int(media_s / spacing_s),
    )
    return FlowView(
        record=record,
        up=Track(tuple(up)),
        down=Track(tuple(down)),
        logged=True,
        asked_us=asked,
        answered_us=replied,
    )


def _us(at_s: float) -> int:
    return round(float(at_s) * 1e6)


def _packet(seq: int, sent_s: float, late_s: float, size: int, came: bool) -> Packet:
    return Packet(
        seq,
        _us(sent_s),
        _us(sent_s + late_s) if came else None,
        Fate.ARRIVED if came else Fate.LOST,
        size,
    )


def judged(session: Session, *, apps: Sequence[str] = (APP,)) -> AppFinding:
    """The finding about the drawn app, as one of a check of `apps`: the judge's own steps after the join."""
    measurement = Measurement(
        seed="",
        started_at="2016-01-07T12:00:00Z",
        ended_at="2016-01-07T12:01:00Z",
        apps=list(apps),
        profile_digests={},
        line=DeclaredLine(),
        reflectors=[session.facts],
    )
    planned = family_size(len(apps), media=1, reflectors=1)
    rejected = set(spend(p_values(session, APP, Media.VOICE), planned=planned).rejected)
    line = line_state(session)
    rejected |= heavy_claims(session, line, APP, Media.VOICE, rows=len(apps))
    return judge_app(measurement, session, line, APP, rejected=rejected)
