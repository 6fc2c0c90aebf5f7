"""What did it: the decision tree from a dead stage to a label of `model.mechanisms`.

Every leaf rests on two concordant flows beside a living control, which the rule that calls this has checked;
where flows disagree the label is None, because a wrong mechanism is a false statement too.
"""

from collections.abc import Iterable, Sequence

from voipwatch.inference.agreement import AGREEING_SHARE_MIN, CONCORDANT
from voipwatch.inference.channels import in_channels
from voipwatch.inference.fingerprint import handshake_label
from voipwatch.inference.join import Session
from voipwatch.inference.kills import killed, killed_beside, media_killed
from voipwatch.inference.mutants import answers_lost, mutant_view
from voipwatch.inference.stages import ArmView, Outcome, State
from voipwatch.model.measurement import Measurement
from voipwatch.model.vocabulary import Direction, Failure, Stage

REJECTED = frozenset({Failure.PORT_UNREACHABLE, Failure.CONNECTION_REFUSED})
STUN_BINDING = "stun-binding"
TURN_ALLOCATE = "turn-allocate"
SIP_APPS = frozenset({"sip"})
"""Apps whose set-up is SIP text: their dead set-up needs no mutant to be named."""


def direction_of(dead: Sequence[Outcome]) -> Direction | None:
    """Where a dead set-up was lost, as seen: up, down or both; None where no end could tell."""
    up, down = sum(o.fate_up for o in dead), sum(o.fate_down for o in dead)
    if not up + down:
        return None
    if up >= AGREEING_SHARE_MIN * (up + down):
        return Direction.UP
    return Direction.DOWN if down >= AGREEING_SHARE_MIN * (up + down) else Direction.BOTH


def port_label(dead: Iterable[Outcome], neutral_treatment: ArmView) -> str | None:
    """`port.reject` where two flows met ICMP errors, else `port.drop`; None if the neutral port is dead too
    for the app's bytes: then the port alone does not explain it.
    """
    if neutral_treatment.state not in {State.ALIVE, State.ABSENT}:
        return None
    return "port.reject" if rejected(dead) else "port.drop"


def rejected(dead: Iterable[Outcome]) -> bool:
    """Whether two flows or more met ICMP errors or refusals."""
    met = [o for o in dead if any(f.failure in REJECTED for f in o.flow.record.failures)]
    return len(met) >= CONCORDANT


def setup_label(session: Session, app: str, stage: Stage, dead: Sequence[Outcome]) -> str | None:
    """The label of a dead set-up or handshake whose control lives."""
    legs = {o.flow.record.kind.leg for o in dead}
    if stage is Stage.HANDSHAKE and (label := handshake_label(session, app, legs)) is not None:
        return label  # a flow that dies right after one client's hello is killed for it: this says more
    if killed(dead) or killed_beside(session, app, dead):
        return "flow.kill"
    if stage is Stage.HANDSHAKE:
        return "dtls.drop"
    if app in SIP_APPS:
        return "sip.drop"
    binding, allocate = (mutant_view(session, app, name, legs=legs) for name in (STUN_BINDING, TURN_ALLOCATE))
    replies = binding.state is State.DEAD and all(
        answers_lost(session, each) for each in (dead, binding.dead)
    )
    if replies or any(o.flow.direct for o in dead):
        # Beside a relay leg that passed nothing else is said: no generic message was sent after one.
        return "stun.reply" if replies else None
    if binding.state is State.DEAD:
        return "stun.drop"
    if binding.state is not State.ALIVE:
        return None  # "app.drop" claims that generic messages pass: without mutants nobody saw that
    return {State.DEAD: "turn.drop", State.ALIVE: "app.drop"}.get(allocate.state)


def media_label(session: Session, dead: Sequence[Outcome], *, other_lives: bool) -> str | None:
    """The label of dead media after a set-up that passed.

    Args:
        session: all flows of the reflector: what lives beside the app tells how its media died.
        dead: flows whose media died.
        other_lives: one direction died and the other is known to have lived.
    """
    if killed(dead) or media_killed(dead):
        return "flow.kill"
    if other_lives:
        return "rtp.oneway"
    return "turn.channel" if in_channels(session, dead) else "rtp.drop"


def ticket_refused(measurement: Measurement, session: Session) -> bool:
    """Whether a reflector that forgot the ticket (a restart) explains that nothing came back.

    It takes TCP connections and closes each without a byte; or the ticket was a kept one and nothing at all
    was heard under it. A log, or a keyed answer, shows that the ticket was known.
    """
    trials = [t for t in measurement.tcp if t.reflector == session.index]
    known = session.log_used or any(t.answered for t in trials)
    if known or any(f.record.received.seq for f in session.flows):
        return False
    connected = [t for t in trials if t.connect_ms is not None]
    closed = bool(connected) and all(t.failure is Failure.CONNECTION_CLOSED for t in connected)
    return closed or session.facts.control == "stored-ticket"


def line_label(measurement: Measurement, reflector: int) -> str | None:
    """What kills all UDP, by what TCP towards the same reflector saw: `tls.intercept`, `udp.all` or None."""
    trials = [t for t in measurement.tcp if t.reflector == reflector]
    if any(t.answered for t in trials):
        return "udp.all"
    wrong = {Failure.BAD_ANSWER, Failure.PIN_MISMATCH}
    if any(t.connect_ms is not None and t.failure in wrong for t in trials):
        return "tls.intercept"
    return None
