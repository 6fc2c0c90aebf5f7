"""Which far log is evidence: signed right, of this session, at odds with nothing that we can prove.

A log that fails is left out whole, with a note: its true statements cannot be told from the others.
"""

from collections.abc import Iterable, Sequence

from voipwatch.model.flows import FlowRecord, Receipt
from voipwatch.model.measurement import ReflectorFacts
from voipwatch.wire.errors import WireError
from voipwatch.wire.farlog import FarLog, decode_farlog, verify_farlog

RECEIPT_BITS = 64
"""Packets before its highest that a receipt speaks for."""
FOREIGN_SHARE_MAX = 0.1
"""Answers we hold that the log does not know of: above this share the log is not of this session."""
FOREIGN_MIN = 5
"""Packets at odds with the log before it is dropped."""
CONTRADICTED_SHARE_MAX = 0.01
"""Packets that receipts name and the log lacks: an honest log lacks none."""


def trusted_log(
    facts: ReflectorFacts, records: Sequence[FlowRecord]
) -> tuple[FarLog | None, bool, list[str]]:
    """The log if it is evidence for these flows, whether its signature was right, and notes."""
    log, signed, notes = _open_log(facts)
    if log is not None and (_foreign(records, log) or _contradicted(records, log)):
        log, notes = None, [*notes, "log-inconsistent"]
    return log, signed, notes


def _open_log(facts: ReflectorFacts) -> tuple[FarLog | None, bool, list[str]]:
    """The log, whether its signature was right, and notes. A log that is not signed right is no evidence."""
    if facts.log is None:
        return None, False, ["log-missing"]
    if facts.key is None or not verify_farlog(facts.log.payload, facts.log.signature, facts.key):
        return None, False, ["log-bad-signature"]
    try:
        log = decode_farlog(facts.log.payload)
    except WireError:
        return None, False, ["log-unreadable"]
    if facts.ticket is not None and log.ticket != facts.ticket:
        return None, False, ["log-of-another-session"]
    return log, True, []


def _foreign(records: Iterable[FlowRecord], log: FarLog) -> bool:
    """Whether we hold proved answers that the log does not know of."""
    sent = {f.flow: set(f.down.seq) for f in log.flows}
    held = foreign = 0
    for record in records:
        if record.attested:
            got = set(record.received.seq)
            held += len(got)
            foreign += len(got - sent.get(record.flow, set()))
    return foreign >= FOREIGN_MIN and foreign > FOREIGN_SHARE_MAX * held


def _contradicted(records: Iterable[FlowRecord], log: FarLog) -> bool:
    """Whether receipts, keyed and in band, name uplink packets that the same reflector's log leaves out."""
    logged = {f.flow: set(f.up.seq) for f in log.flows}
    named = missing = 0
    for record in records:
        receipted: set[int] = set()
        for receipt in record.receipts:
            receipted |= _receipted(receipt)
        named += len(receipted)
        missing += len(receipted - logged.get(record.flow, set()))
    return missing >= FOREIGN_MIN and missing > CONTRADICTED_SHARE_MAX * named


def _receipted(receipt: Receipt) -> set[int]:
    """The sequence numbers that a receipt says have come."""
    bits = {receipt.highest_seq - 1 - i for i in range(RECEIPT_BITS) if receipt.bitmap >> i & 1}
    return {receipt.highest_seq, *bits}
