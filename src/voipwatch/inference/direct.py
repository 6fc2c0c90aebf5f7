"""The direct leg, from telephone to telephone: judged apart, because a call can do without it.

Decision: docs/design/0010-direct-legs.md. What it says never changes what is said of the legs through the
app's relays; where those show no interference, a direct leg cut beside a living control is one of its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from voipwatch.inference.controls import LineState
from voipwatch.inference.join import ROUND_SPAN, FlowView, Session
from voipwatch.inference.verdict import Case, Finding, judge_stage, stages_of
from voipwatch.model.vocabulary import Stage, Verdict

BLOCKED_NOTE: Final = "direct-blocked"
UNCLEAR_NOTE: Final = "direct-unclear"
PORT_NOTE: Final = "direct-port-dead"
SPOKEN_OVER: Final = frozenset({Verdict.OK, Verdict.INSUFFICIENT})
"""Findings of the relay legs that a proved cut of the direct leg says more than."""


@dataclass(frozen=True, slots=True)
class Direct:
    """What is said of an app's direct legs."""

    finding: Finding
    """At stage DIRECT."""
    case: Case
    stage: Stage
    """The stage inside the leg that decided."""


def judge_direct(
    session: Session, line: LineState, app: str, flows: Sequence[FlowView], *, rows: int
) -> Direct | None:
    """The loudest finding of the app's direct legs, None where none was asked."""
    found: list[Direct] = []
    for shape in dict.fromkeys(f.shape for f in flows if f.direct):
        of_shape = tuple(f for f in flows if f.shape == shape)
        reached = tuple(f for f in of_shape if _reached(f))
        found.append(_judge_leg(Case(session, line, app, reached or of_shape, rows), reached=bool(reached)))
    order = (Verdict.BLOCKED, Verdict.INSUFFICIENT, Verdict.OK)
    return min(found, key=lambda d: order.index(d.finding.verdict), default=None)


def _reached(flow: FlowView) -> bool:
    """Whether the flow came as far as the direct leg: what died before it died at the relay."""
    return any(_own(flow, seq) for seq in flow.asked_us)


def _judge_leg(case: Case, *, reached: bool) -> Direct:
    """Stage after stage of one direct leg, until one says that it does not live."""
    stage, finding = Stage.SETUP, Finding("insufficient.treatment", Stage.DIRECT, notes=(UNCLEAR_NOTE,))
    if not reached:
        return Direct(finding, case, stage)
    if not any(_own(f, seq) for f in case.flows for seq in f.answered_us):
        # A's port is drawn by the other telephone's app: that nothing passes on it accuses nobody.
        silent = Finding("insufficient.control-missing", Stage.DIRECT, notes=(PORT_NOTE,))
        return Direct(silent, case, stage)
    for stage in stages_of(case.flows):
        finding = judge_stage(case, stage, None)
        if finding.verdict is not Verdict.OK:
            break
    return Direct(_at_direct(finding), case, stage)


def _own(flow: FlowView, seq: int) -> bool:
    """Whether a set-up request is of the direct leg itself, not of the relay leg before it."""
    return seq // ROUND_SPAN >= flow.record.relay_rounds


def _at_direct(finding: Finding) -> Finding:
    """The finding as one of the direct leg."""
    if finding.verdict is Verdict.OK:
        return replace(finding, stage=Stage.DIRECT)
    if finding.verdict is Verdict.BLOCKED:
        return replace(finding, rule="blocked.direct", stage=Stage.DIRECT, notes=(), facts={})
    rule = finding.rule if finding.verdict is Verdict.INSUFFICIENT else "insufficient.control-missing"
    return Finding(rule, Stage.DIRECT, notes=(UNCLEAR_NOTE,))


def beside_direct(finding: Finding, direct: Direct | None) -> tuple[Finding, list[str]]:
    """The app's finding and further notes, from that of its relay legs and what is said of direct ones."""
    if direct is None or direct.finding.verdict is Verdict.OK:
        return finding, []
    if direct.finding.verdict is not Verdict.BLOCKED:
        return finding, list(direct.finding.notes)
    spoken_over = finding.verdict in SPOKEN_OVER
    return (replace(direct.finding, notes=finding.notes) if spoken_over else finding), [BLOCKED_NOTE]
