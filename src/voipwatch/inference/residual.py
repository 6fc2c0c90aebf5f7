"""Residual blocking: once a call was seen, all between the two hosts on that port dies, controls too.

Seen from one port it looks like a dead port or a line that fell silent. Told apart by an order swap, at
several ports one after the other: controls live until the first packet of a call arrived on their port and
die with it, while on the next port controls still live, until a call is seen there. A line that falls silent
takes all ports at once, and a dead port lets no first packet through.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from voipwatch.inference.fates import first_times
from voipwatch.inference.join import Session
from voipwatch.inference.trusted_log import trusted_log
from voipwatch.inference.verdict import Finding
from voipwatch.model.flows import PORTS, FlowRecord
from voipwatch.model.measurement import Measurement
from voipwatch.model.results import StageResult
from voipwatch.model.ruleset import REPEAT_AFTER_S
from voipwatch.model.vocabulary import CONTROL_ARMS, Arm, Direction, Stage, Verdict

RESIDUAL: Final = "blocked.residual"
SWAPS_MIN: Final = 2
"""Ports at which controls lived before a call was seen and died with it, one after the other."""
STRIKES_MIN: Final = 3
"""Ports struck, one after the other, where controls lived before on one of them alone."""
SLACK_US: Final = 60_000
"""Packets sent this long after the telling one may have overtaken it on the way."""
WINDOW_US: Final = 30_000_000
"""How long after it nothing may pass: half of the shortest hold that is reported."""
DEAD_CONTROLS_MIN: Final = 3
"""Control flows on a port of which nothing passed once a call was seen there."""
DEAD_PACKETS_MIN: Final = 6
DEAD_TREATMENTS_MIN: Final = 2
PASSED_MAX: Final = 4
"""Packets of the telling flow that may pass: classifiers decide on packets 1 to 4."""


@dataclass(frozen=True, slots=True)
class _Sent:
    """One packet from the line: near time, and whether the far end logged it."""

    flow: FlowRecord
    t_us: int
    passed: bool


@dataclass(frozen=True, slots=True)
class Strike:
    """A port that died when a call was seen on it."""

    port: int
    at_us: int
    """Near time of the first treatment packet that passed there."""
    by: FlowRecord
    alive_us: int | None
    """Near time of the last control packet that passed before, None where none did: then it is no swap."""
    alone: bool
    """No other app's call was tried on the port until it died: then it was this one that struck it."""


def with_residual(
    measurement: Measurement, session: Session, app: str, finding: Finding, stages: list[StageResult]
) -> tuple[Finding, list[StageResult]]:
    """`blocked.residual` where the session shows it and the app's own call was what struck its port; else the
    finding and the stages as they were. What another app's call struck says nothing of this app.
    """
    found = _residual(measurement, session, app) if _is_open(finding) else None
    if found is None:
        return finding, stages
    told = {"verdict": found.verdict, "rule": found.rule, "direction": found.direction}
    return found, [
        msgspec.structs.replace(s, **told, mechanism=found.mechanism) if s.stage is found.stage else s
        for s in stages
    ]


def _is_open(finding: Finding) -> bool:
    """Whether what was found is what a residual block looks like from one port."""
    return finding.verdict in {Verdict.INSUFFICIENT, Verdict.DOWN} or finding.rule == "blocked.port"


def _residual(measurement: Measurement, session: Session, app: str) -> Finding | None:
    ports = _uplink(measurement, session)
    strikes = strikes_of(ports)
    if not is_told(strikes) or _lives_elsewhere(ports, app):
        return None
    own = [
        s
        for s in strikes
        if s.alone and s.by.kind.app == app and s.by.kind.arm is Arm.A and not s.by.relay_rounds
    ]
    if not own:
        return None
    set_up = any(s.by.round_stages for s in own)
    return Finding(RESIDUAL, Stage.SETUP if set_up else Stage.VOICE, Direction.BOTH, "flow.residual")


def _lives_elsewhere(ports: Mapping[int, Sequence[_Sent]], app: str) -> bool:
    """Whether calls of the app lived on another port of its own: then one port is not all of the app."""
    calls = [p for sent in ports.values() for p in sent if p.flow.kind.app == app]
    own = [p for p in calls if p.flow.kind.arm is Arm.A and not p.flow.relay_rounds]
    return sum(p.passed for p in own) > PASSED_MAX * len({p.flow.remote_port for p in own})


def _uplink(measurement: Measurement, session: Session) -> dict[int, list[_Sent]]:
    """Every packet from the line by the reflector's port, in sending order; nothing without a whole log.

    Unlike the joined flows it goes on where all fell silent: the log, which came over TCP, says that the
    reflector lived.
    """
    records = [r for r in measurement.flows if r.reflector == session.index]
    log = trusted_log(session.facts, records)[0]
    if log is None or log.refused_us is not None:
        return {}
    there = {f.flow: set(f.up.seq) for f in log.flows}
    ports: dict[int, list[_Sent]] = {}
    for record in (r for r in records if r.question != PORTS):
        passed = there.get(record.flow, set())
        for seq, t_us in first_times(record.sent).items():
            ports.setdefault(record.remote_port, []).append(_Sent(record, t_us, seq in passed))
    return {port: sorted(sent, key=lambda p: p.t_us) for port, sent in ports.items()}


def strikes_of(ports: dict[int, list[_Sent]]) -> list[Strike]:
    """The ports (reflector port: packets from the line in sending order) that a call struck, by time."""
    found = [s for port, sent in ports.items() if (s := _strike(port, sent)) is not None]
    return sorted(found, key=lambda s: s.at_us)


def _strike(port: int, sent: Sequence[_Sent]) -> Strike | None:
    """Whether, and when, the first call seen on a port took with it all that followed there."""
    first = next((p for p in sent if p.passed and _is_call(p)), None)
    if first is None:
        return None
    after = [p for p in sent if first.t_us + SLACK_US < p.t_us <= first.t_us + WINDOW_US]
    if any(p.passed for p in after):
        return None
    controls = [p for p in after if not _is_call(p)]
    if len({p.flow.flow for p in controls}) < DEAD_CONTROLS_MIN or len(controls) < DEAD_PACKETS_MIN:
        return None
    if not _call_died(first, sent):
        return None
    before = [p for p in sent if p.t_us < first.t_us and not _is_call(p)]
    lived = [p.t_us for p in before if p.passed]
    alive = lived[-1] if lived and 2 * len(lived) > len(before) else None
    calls = {p.flow.kind.app for p in sent if p.t_us <= first.t_us + SLACK_US and _is_call(p)}
    return Strike(port, first.t_us, first.flow, alive, alone=len(calls) == 1)


def _is_call(packet: _Sent) -> bool:
    return packet.flow.kind.arm not in CONTROL_ARMS


def _call_died(first: _Sent, sent: Sequence[_Sent]) -> bool:
    """Whether the calls of the app and arm that was seen first died with it, two seconds later too."""
    kind = first.flow.kind
    calls = [p for p in sent if (p.flow.kind.app, p.flow.kind.arm) == (kind.app, kind.arm)]
    flows = {p.flow.flow for p in calls}
    later = (calls[-1].t_us - first.t_us) / 1e6 >= REPEAT_AFTER_S
    return later and len(flows) >= DEAD_TREATMENTS_MIN and sum(p.passed for p in calls) <= PASSED_MAX


def is_told(strikes: Sequence[Strike]) -> bool:
    """Whether ports were struck one after the other: each still lived when the one before it was dead, by a
    control (a swap) or by the first packet of the call itself. Two swaps tell, or one among three.
    """
    swaps = _chain([(s.alive_us, s.at_us) for s in strikes if s.alive_us is not None])
    return swaps >= SWAPS_MIN or (swaps > 0 and _chain([(s.at_us, s.at_us) for s in strikes]) >= STRIKES_MIN)


def _chain(times: Sequence[tuple[int, int]]) -> int:
    """How many of these ports (last alive, struck) lived on after the one counted before them was struck."""
    count, struck_us = 0, -SLACK_US
    for alive_us, at_us in times:
        if not count or alive_us > struck_us + SLACK_US:
            count, struck_us = count + 1, at_us
    return count
