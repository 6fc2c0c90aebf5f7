"""The trigger of a block: the properties without which the box lets the same call pass, and who shows it.

A property is named only where its mutant lives while the original is dead on the same leg, in two flows or
more, none of them dead. Where a signature needs several, each of them changed alone revives the flow, and all
are named. Where it needs any one of several, none revives it alone, and none is named.

Decision: docs/design/0029-triggers.md.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from voipwatch.inference import mediatriggers
from voipwatch.inference.agreement import CONCORDANT
from voipwatch.inference.cutcount import count_of
from voipwatch.inference.fingerprint import DTLS_HELLO, LABEL, is_held_mutant
from voipwatch.inference.join import FlowView, Session
from voipwatch.inference.mutants import mutant_view
from voipwatch.inference.ratetrigger import rate_of
from voipwatch.inference.stages import ArmView, State, arm_view, of_arm, outcomes_at
from voipwatch.inference.verdict import MEDIA_STAGES, Finding
from voipwatch.model.results import Trigger
from voipwatch.model.vocabulary import Arm, Stage, Verdict

PROPERTIES: Final = ("stun-cookie", "stun-type", "stun-attributes", DTLS_HELLO)
"""Mutants of one property, and the property that each changes."""
ANSWER: Final = "stun-answer"
BINDING: Final = "stun-binding"
SET_UPS: Final = (Stage.SETUP, Stage.HANDSHAKE)


def trigger_of(session: Session, app: str, finding: Finding) -> Trigger | None:
    """What the finding's block looks for, as far as mutants show it; None where they do not."""
    if finding.verdict is Verdict.THROTTLED:
        return rate_of(session, app, finding)
    if finding.verdict is not Verdict.BLOCKED:
        return None
    if finding.mechanism == "stun.reply":
        return _answers(session, app, finding)
    if finding.mechanism == LABEL and finding.stage not in SET_UPS:
        return _late(session, app)
    if finding.stage in MEDIA_STAGES and (of_media := mediatriggers.trigger(session, app, finding.stage)):
        return of_media
    if finding.mechanism == "flow.cut":
        return _count(session, app, finding)
    for shape in _shapes(session, app):
        for stage in SET_UPS if finding.stage in SET_UPS else ():
            found = _at_stage(session, shape, stage)
            if found is not None:
                return found
    return None


def _count(session: Session, app: str, finding: Finding) -> Trigger | None:
    """The count at which the calls with these media die; of two legs that tell different ones, none."""
    legs: dict[tuple[str, str, str], list[FlowView]] = {}
    for flow in session.of_app(app):
        if not flow.direct and flow.record.kind.media.value == finding.stage:
            legs.setdefault(flow.shape, []).append(flow)
    found = [trigger for flows in legs.values() if (trigger := count_of(flows)) is not None]
    return found[0] if len(found) == 1 else None


def _shapes(session: Session, app: str) -> Iterator[tuple[str, str, str]]:
    yield from dict.fromkeys(f.shape for f in session.of_app(app) if f.arm is Arm.D and not f.direct)


def _at_stage(session: Session, shape: tuple[str, str, str], stage: Stage) -> Trigger | None:
    app, _, leg = shape
    flows = [f for f in session.of_app(app) if f.shape == shape]
    if arm_view(of_arm(outcomes_at(session, flows, stage), Arm.A)).state is not State.DEAD:
        return None
    views = {
        name: mutant_view(session, app, name, legs={leg}, stage=stage)
        for name in PROPERTIES
        if (name == DTLS_HELLO) is (stage is Stage.HANDSHAKE)
    }
    lived = {name: view for name, view in views.items() if _lives(view)}
    # One that neither lives nor dies may be part of it too: then what is named might not be all.
    unclear = any(v.state is State.MIXED or (v.state is State.ALIVE and v.dead) for v in views.values())
    if not lived or unclear:
        return None
    fewest = min(lived.values(), key=lambda view: len(view.outcomes))
    return Trigger(properties=list(lived), repeats=len(fewest.alive), of=len(fewest.outcomes))


def _lives(view: ArmView) -> bool:
    return view.state is State.ALIVE and not view.dead and len(view.outcomes) >= CONCORDANT


def _answers(session: Session, app: str, finding: Finding) -> Trigger | None:
    direct = finding.stage is Stage.DIRECT
    legs = {f.record.kind.leg for f in session.of_app(app) if f.arm is Arm.A and f.direct is direct}
    view = mutant_view(session, app, BINDING, legs=legs)
    repeats = sum(o.fate_down > 0 for o in view.dead)
    return Trigger(properties=[ANSWER], repeats=repeats, of=len(view.outcomes)) if repeats else None


def _late(session: Session, app: str) -> Trigger:
    held: Sequence[FlowView] = [f for f in session.of_app(app) if is_held_mutant(f)]
    return Trigger(properties=[DTLS_HELLO], repeats=len(held), of=len(held))
