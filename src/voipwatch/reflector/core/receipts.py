"""Which flows a downlink packet tells of: its own first, then those whose news matters most.

A receipt in band is the evidence that remains when the control channel is blocked, and a flow
whose downlink is dead is told of by the others.
"""

from itertools import islice
from typing import Final

from voipwatch.reflector.core.session import Flow, Session
from voipwatch.wire.token import RECEIPT_BYTES, ROOM_DOWN, FlowReceipt, encode_receipts

TELL_TIMES: Final = 8
"""Each news is told eight times: losses come in bursts, and the room is there anyway."""
SCAN_MAX: Final = 64
"""Flows looked at for one packet: more than a probe keeps alive."""


def note_news(session: Session, flow: Flow) -> None:
    """A packet of `flow` arrived. Cannot fail."""
    flow.news = TELL_TIMES
    if flow.number not in session.telling:
        session.telling[flow.number] = flow


def _receipt(flow: Flow) -> FlowReceipt:
    window = flow.window
    return FlowReceipt(
        flow.number, max(0, window.highest_seq), window.count, window.highest_us, window.bitmap
    )


def _told(session: Session, flow: Flow) -> None:
    """Move the flow to the end of the queue, or out of it when it was told often enough."""
    if session.telling.pop(flow.number, None) is None:
        return
    flow.news -= 1
    if flow.news > 0:
        session.telling[flow.number] = flow


def _pick(session: Session, own: Flow, count: int) -> list[Flow]:
    """Up to `count` other flows: twins (same app and replicate, another arm) before the rest."""
    twins: list[Flow] = []
    others: list[Flow] = []
    for flow in islice(session.telling.values(), SCAN_MAX):
        if flow is own:
            continue
        if flow.replicate == own.replicate and flow.kind.app == own.kind.app:
            twins.append(flow)
            if len(twins) == count:
                return twins
        elif len(others) < count:
            others.append(flow)
    return (twins + others)[:count]


def take_receipts(session: Session, own: Flow, room: int) -> bytes:
    """The extra bytes for a downlink token of `own` in a place of `room` bytes."""
    space = room - ROOM_DOWN
    slots = space // RECEIPT_BYTES
    if slots <= 0:
        return b""
    chosen = [own, *_pick(session, own, slots - 1)] if slots > 1 else [own]
    receipts = [_receipt(flow) for flow in chosen]
    for flow in chosen:
        _told(session, flow)
    return encode_receipts(receipts, space)
