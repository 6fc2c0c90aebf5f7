"""What a report's evidence says of itself: signatures, and whether both ends tell one story.

Everything here is about one report and needs no network. The far end's columns are read from the
signed log and nowhere else; a report has no other place for them.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from voipwatch.model.flows import MEDIA_SEQ, REPLIES_MAX, Columns, FlowRecord
from voipwatch.model.measurement import Measurement, ReflectorFacts
from voipwatch.wire.errors import WireError
from voipwatch.wire.farlog import FarFlow, FarLog, decode_farlog, verify_farlog


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    id: str
    """Its permanent name; the texts are under `verify.ID.holds`, `.fails`, `.open`."""
    holds: bool | None
    """None: nothing can be said, which does not speak against the report."""
    values: dict[str, object] = field(default_factory=dict)
    """For the text's placeholders."""


def check_columns(measurement: Measurement) -> Finding:
    """Every column of every flow has as many entries as its sisters, and no impossible ones."""
    for record in measurement.flows:
        for columns in (record.sent, record.received):
            lengths = {len(columns.seq), len(columns.t_us), len(columns.size_bytes), len(columns.crc)}
            smallest = min(
                (min(c, default=0) for c in (columns.seq, columns.size_bytes, columns.crc)), default=0
            )
            if len(lengths) != 1 or smallest < 0:
                return Finding("columns", False, {"flow": record.flow})
        if not 0 <= record.reflector < len(measurement.reflectors):
            return Finding("columns", False, {"flow": record.flow})
    return Finding("columns", True, {"flows": len(measurement.flows)})


def check_logs(measurement: Measurement, *, key: str | None) -> Iterator[Finding]:
    """Signature, key and story of each reflector's log.

    `key`: the public key (hex) that the reflector's owner publishes, if the reader knows it.
    """
    for index, facts in enumerate(measurement.reflectors):
        if facts.log is None:
            yield Finding("signature", None, {"name": facts.name})
            if key is not None:
                yield Finding("nolog", False, {"name": facts.name})
            continue
        if facts.key is None or not verify_farlog(facts.log.payload, facts.log.signature, facts.key):
            yield Finding("signature", False, {"name": facts.name})
            continue
        yield Finding("signature", True, {"name": facts.name})
        try:
            log = decode_farlog(facts.log.payload)
        except WireError as error:
            yield Finding("log", False, {"name": facts.name, "reason": str(error)})
            continue
        yield _identity(facts, log)
        if key is not None:
            yield Finding("key", facts.key.lower() == key, {"name": facts.name})
        flows = [record for record in measurement.flows if record.reflector == index]
        yield from _story(facts.name, flows, log, _swept(measurement, index))


def _swept(measurement: Measurement, index: int) -> dict[int, set[int]]:
    """Packets that a sweep sent, by flow: some arrived, all are few."""
    swept: dict[int, set[int]] = {}
    for sweep in measurement.sweeps:
        for probe in sweep.probes if sweep.reflector == index else ():
            whole = {probe.seq - REPLIES_MAX} if probe.whole else set[int]()
            swept.setdefault(probe.flow, set()).update({probe.seq}, whole)
    return swept


def _identity(facts: ReflectorFacts, log: FarLog) -> Finding:
    mine = (facts.key or "").lower(), facts.ticket, facts.version
    return Finding("session", mine == (log.reflector.lower(), log.ticket, log.version), {"name": facts.name})


def _story(name: str, flows: list[FlowRecord], log: FarLog, swept: dict[int, set[int]]) -> Iterator[Finding]:
    """What one end received, the other sent: same flow, port, number and, for media, same size."""
    near = {record.flow: record for record in flows}
    strange = rewritten = packets = 0
    for far in log.flows:
        record = near.get(far.flow)
        if record is None and far.flow in swept:
            packets += len(far.up.seq)
            strange += len(set(far.up.seq) - swept[far.flow])
            continue
        if record is None or record.remote_port != far.port:
            strange += 1
            continue
        for sent, received in _pairs(record, far):
            packets += len(received)
            for seq, marks in received.items():
                if seq not in sent:
                    strange += 1
                elif not marks <= sent[seq]:
                    # Media is never rewritten in length on the way; SIP text is, by home routers.
                    strange += seq >= MEDIA_SEQ
                    rewritten += seq < MEDIA_SEQ
    yield Finding("story", strange == 0, {"name": name, "packets": packets, "strange": strange})
    if rewritten:
        yield Finding("rewritten", None, {"name": name, "packets": rewritten})


_Marks = dict[int, set[tuple[int, int]]]


def _pairs(record: FlowRecord, far: FarFlow) -> Iterator[tuple[_Marks, _Marks]]:
    up, down = Columns(far.up.seq, far.up.t_us, far.up.size_bytes, far.up.crc), far.down
    yield _marks(record.sent), _marks(up)
    yield _marks(Columns(down.seq, down.t_us, down.size_bytes, down.crc)), _marks(record.received)


def _marks(columns: Columns) -> _Marks:
    marks: _Marks = {}
    for seq, size, crc in zip(columns.seq, columns.size_bytes, columns.crc, strict=False):
        marks.setdefault(seq, set()).add((size, crc))
    return marks
