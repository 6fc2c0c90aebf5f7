"""SIP that the far end never sent: whether it ended the calls, and what the label of a dead set-up is then.

The far end plays its script: it refuses no call and hangs up none. A refusal or a BYE that bears this flow's
own Call-ID and tags was written by somebody on the way who read the call. Rewriting by a gateway is none of
it, and a rewritten line accuses nobody: the caller looks at that first.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from voipwatch.inference.agreement import FORGED_SHARE_MIN, agree
from voipwatch.inference.join import FlowView
from voipwatch.inference.stages import ROUND_SPAN, ArmView, Outcome, State
from voipwatch.inference.track import Fate
from voipwatch.model.flows import FlowRecord
from voipwatch.model.ruleset import REPEAT_AFTER_S
from voipwatch.model.vocabulary import Failure

REFUSALS: Final = frozenset({"403", "404", "410", "480", "486", "603", "604", "606"})
"""Answers that say that the called may not or will not be reached. A challenge (401, 407), a time-out, a
redirection or a server's own trouble may be a proxy's in good faith, and accuse nobody."""
HANG_UP: Final = "BYE"
REFUSED: Final = frozenset({Failure.PORT_UNREACHABLE, Failure.CONNECTION_REFUSED})


def ended_by_forgery(record: FlowRecord) -> bool:
    """Whether a telephone would have given the call up: a refusal before any final answer, or a BYE after."""
    return any(
        (f.what in REFUSALS and not f.after_final) or (f.what == HANG_UP and f.after_final)
        for f in record.foreign
    )


def injected(outcomes: Sequence[Outcome]) -> bool:
    """Whether forged messages ended the calls of two of these flows, 2 s apart, and of half of them."""
    met = [o.flow for o in outcomes if ended_by_forgery(o.flow.record)]
    return _agree(met, outcomes) and _apart(met)


def terminated(dead: Sequence[Outcome]) -> bool:
    """Whether something on the way took SIP for itself, calls or not: a home's or a company's own gateway.

    The first request of a flow is a registration, to which no call belongs. In two of these flows and half of
    them it got a final answer (2xx to 6xx) that the far end never sent, and nothing of the flow arrived.
    Whoever forges answers to calls lets registrations through. A censor who answers these too looks the same.
    """
    return _agree([o.flow for o in dead if _took_registration(o.flow)], dead)


def _took_registration(flow: FlowView) -> bool:
    asked = max((seq // ROUND_SPAN for seq in flow.asked_us), default=0)
    arrived = any(p.fate is Fate.ARRIVED for p in flow.up.packets)
    final = any(f.what.isdigit() and f.what >= "200" and not f.after_final for f in flow.record.foreign)
    return asked == 0 and final and not arrived


def dead_label(arms_dead: Sequence[Outcome], neutral: ArmView) -> str | None:
    """What SIP text died of: `sip.inject`, `sip.reject` where the neutral port refuses it too, or None."""
    if _agree([o.flow for o in arms_dead if ended_by_forgery(o.flow.record)], arms_dead):
        return "sip.inject"
    everywhere = neutral.state in {State.DEAD, State.UNREPEATED}
    if everywhere and _agree(_refused(arms_dead), arms_dead) and _agree(_refused(neutral.dead), neutral.dead):
        return "sip.reject"
    return None


def _refused(dead: Iterable[Outcome]) -> list[FlowView]:
    return [o.flow for o in dead if any(f.failure in REFUSED for f in o.flow.record.failures)]


def _agree(met: Sequence[FlowView], of: Sequence[Outcome]) -> bool:
    return agree(len(met), len(of), share_min=FORGED_SHARE_MIN)


def _apart(flows: Sequence[FlowView]) -> bool:
    starts = [f.started_us for f in flows]
    return max(starts) - min(starts) >= REPEAT_AFTER_S * 1e6
