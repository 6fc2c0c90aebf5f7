"""The fate of every packet of one direction of one flow: by the far end's log, or by what came without it.

Sequence numbers are those of the flow, times microseconds.
"""

from collections.abc import Iterable, Mapping

from voipwatch.inference.track import Fate, Packet, Track
from voipwatch.inference.trusted_log import RECEIPT_BITS
from voipwatch.model.flows import MEDIA_SEQ, Columns, FlowRecord, Receipt
from voipwatch.wire.farlog import FarColumns, FarFlow

PLANNED_MAX = 60_000
"""Sequence numbers travel in 16 bits: no script plans more."""
GAP_MAX = 1_000
GAP_RATIO_MAX = 50
"""Lost packets that a record may claim by its numbers: the first thousand, then 50 for each that came."""


def first_times(columns: Columns | FarColumns) -> dict[int, int]:
    """Sequence number to the first time it was seen, in the order seen; columns of odd lengths are cut."""
    times: dict[int, int] = {}
    for seq, t_us in zip(columns.seq, columns.t_us, strict=False):
        times.setdefault(seq, t_us)
    return times


def up_logged(sent: Mapping[int, int], sizes: Mapping[int, int], there: FarFlow | None) -> Track:
    """The packets sent, and whether the log has them; without a flow in it all were lost.

    `sent`, `sizes`: by sequence number, near time in microseconds and payload bytes.
    """
    arrived = first_times(there.up) if there is not None else {}
    return Track(
        tuple(
            Packet(s, t, arrived.get(s), Fate.ARRIVED if s in arrived else Fate.LOST, sizes.get(s, 0))
            for s, t in sent.items()
        )
    )


def down_logged(
    record: FlowRecord,
    received: Mapping[int, int],
    there: FarFlow | None,
    *,
    down_us: int | None,
    died_us: int | None,
) -> Track:
    """The log's packets; those that would have come after our socket closed have no known fate.

    `received`: sequence number to near time. `down_us`: from the far time of sending to the near time of
    arrival, which 95 of 100 stay below; None where nothing came. `died_us`: near time at which the reflector
    fell silent.
    """
    if there is None:
        return Track()
    sizes = dict(zip(there.down.seq, there.down.size_bytes, strict=False))
    end_us = min((t for t in (record.ended_us, died_us) if t is not None), default=None)
    packets = []
    for seq, t_us in first_times(there.down).items():
        got = received.get(seq)
        fate = Fate.ARRIVED if got is not None else Fate.LOST
        if got is None and end_us is not None and down_us is not None and t_us + down_us > end_us:
            fate = Fate.UNKNOWN
        packets.append(Packet(seq, t_us, got, fate, sizes.get(seq, 0)))
    return Track(tuple(packets))


def up_receipts(
    sent: Mapping[int, int],
    sizes: Mapping[int, int],
    receipts: Iterable[Receipt],
    answered: Mapping[int, int],
) -> Track:
    """Uplink fates from receipts: a packet inside a receipt's window and not in it was lost.

    The window that covers it last decides, because a late packet may still have come.
    """
    got: set[int] = set(answered)
    missing: set[int] = set()
    ordered = sorted(receipts, key=lambda r: (r.highest_seq, r.count))
    for receipt in ordered:
        window = {receipt.highest_seq - 1 - bit: (receipt.bitmap >> bit) & 1 for bit in range(RECEIPT_BITS)}
        got.add(receipt.highest_seq)
        got |= {s for s, came in window.items() if came}
        missing |= {s for s, came in window.items() if not came}
    packets = []
    for seq, t_us in sent.items():
        fate = Fate.ARRIVED if seq in got else Fate.LOST if seq in missing else Fate.UNKNOWN
        packets.append(Packet(seq, t_us, None, fate, sizes.get(seq, 0)))
    return Track(tuple(packets))


def down_alone(answers: Mapping[int, int], record: FlowRecord) -> Track:
    """The downlink without a log: what came, and the gaps below the highest media packet that came."""
    sizes = dict(zip(record.received.seq, record.received.size_bytes, strict=False))
    packets = [
        Packet(s, None, t, Fate.ARRIVED, sizes.get(s, 0)) for s, t in sorted(answers.items()) if s < MEDIA_SEQ
    ]
    media = [s for s in answers if s >= MEDIA_SEQ]
    # A record may name any number: gaps that no plausible loss explains are not counted.
    highest = min(max(media, default=MEDIA_SEQ - 1), MEDIA_SEQ + GAP_MAX + GAP_RATIO_MAX * len(media))
    if media and not record.aborted:  # the far end plays its script to the end while we are heard
        highest = max(highest, MEDIA_SEQ + min(record.planned_down, PLANNED_MAX) - 1)
    for seq in range(MEDIA_SEQ, highest + 1):
        came = answers.get(seq)
        fate = Fate.LOST if came is None else Fate.ARRIVED
        packets.append(Packet(seq, None, came, fate, sizes.get(seq, 0)))
    return Track(tuple(packets))
