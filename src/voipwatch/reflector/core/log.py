"""The session's log, as it is signed: what arrived and what left, without any address."""

from hashlib import blake2b

from voipwatch.model.instants import iso_ms
from voipwatch.model.measurement import SignedLog
from voipwatch.reflector.core.session import Flow, Session
from voipwatch.wire.farlog import FarFlow, FarLog, encode_farlog, sign_farlog


def ticket_id(key: bytes) -> str:
    """Names a session without giving the right to it: 16 bytes, hex."""
    return blake2b(b"", key=key, person=b"vw-ticketid", digest_size=16).hexdigest()


def _far_flow(flow: Flow) -> FarFlow:
    return FarFlow(
        flow=flow.number,
        port=flow.port,
        up=flow.up.columns(),
        down=flow.down.columns(),
        sources=flow.source_count,
        duplicates=flow.duplicates,
        unproved=flow.unproved,
    )


def far_log(session: Session, *, reflector: str, version: str) -> FarLog:
    """A copy of what the session saw so far, flows in order of appearance."""
    return FarLog(
        reflector=reflector,
        version=version,
        ticket=session.keys.number,
        ticket_id=ticket_id(session.keys.key),
        started_at=iso_ms(session.started_wall_s),
        flows=[_far_flow(flow) for flow in session.flows.values()],
        garbage=session.garbage,
        strangers=sorted(session.strangers.items()),
        refused=session.refused,
        refused_us=session.refused_us,
    )


def seal(log: FarLog, private_key: bytes) -> SignedLog:
    """Encode and sign. Takes about 1 us a packet: a shell does it in a thread."""
    payload = encode_farlog(log)
    return SignedLog(payload, sign_farlog(payload, private_key))
