"""Whether a flow died of its DTLS hello: the same call with another client's hello lives beside it.

Decision: docs/design/0029-triggers.md.
"""

from collections.abc import Collection
from typing import Final

from voipwatch.inference.agreement import CONCORDANT
from voipwatch.inference.join import FlowView, Session
from voipwatch.inference.latecut import Cut
from voipwatch.inference.mutants import mutant_view
from voipwatch.inference.stages import MEDIA_MIN, State
from voipwatch.inference.track import Fate, Track
from voipwatch.model.flows import HELD_REPLICATES
from voipwatch.model.vocabulary import Arm, Media, Stage

DTLS_HELLO: Final = "dtls-hello"
LABEL: Final = "dtls.fingerprint"
LIVING_LOSS_MAX: Final = 0.2
"""Of what a held mutant says after the moment at which the others were cut: the leg calls more suspect."""


def handshake_label(session: Session, app: str, legs: Collection[str]) -> str | None:
    """`dtls.fingerprint` where another hello gets through the whole handshake, else None."""
    view = mutant_view(session, app, DTLS_HELLO, legs=legs, stage=Stage.HANDSHAKE)
    return LABEL if view.state is State.ALIVE and len(view.alive) >= CONCORDANT else None


def cut_label(session: Session, app: str, legs: Collection[str], cut: Cut) -> str | None:
    """`dtls.fingerprint` where calls with another hello were held as long and all lived on, else None."""
    held = [f for f in session.of_app(app) if is_held_mutant(f) and f.record.kind.leg in legs]
    lived = [f for f in held if _outlived(f, cut.seconds)]
    return LABEL if len(lived) >= CONCORDANT and len(lived) == len(held) else None


def is_held_mutant(flow: FlowView) -> bool:
    """Whether a flow is a call with another hello that is held as long as a call may be cut."""
    kind, held = flow.record.kind, flow.record.replicate in HELD_REPLICATES
    return flow.arm is Arm.D and held and (kind.mutant, kind.media) == (DTLS_HELLO, Media.VOICE)


def _outlived(flow: FlowView, seconds: float) -> bool:
    """Whether both directions went on after so many seconds of media."""
    return all(_went_on(flow.media(up=up), seconds) for up in (True, False))


def _went_on(track: Track, seconds: float) -> bool:
    timed = [(p.sent_us, p.fate) for p in track.known if p.sent_us is not None]
    first = min((sent for sent, _ in timed), default=0)
    after = [fate for sent, fate in timed if sent - first > seconds * 1e6]
    return len(after) >= MEDIA_MIN and after.count(Fate.LOST) <= LIVING_LOSS_MAX * len(after)
