"""Joins the near end's columns with the far end's: the fate of every packet, up and down apart.

With the reflector's signed log: up lost = sent near, absent from the log; down lost = in the log as sent,
absent near. Without it, receipts carried in band tell of the uplink (no times, so no delay), and the
downlink is known only up to the highest media sequence that came. A packet nobody can speak for has the
fate UNKNOWN, which is no loss. Clock offsets stay inside the times: only matched differences mean anything.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from statistics import median

from voipwatch.inference.fates import down_alone, down_logged, first_times, up_logged, up_receipts
from voipwatch.inference.track import Track
from voipwatch.inference.trusted_log import trusted_log
from voipwatch.model.flows import MEDIA_SEQ, PORTS, REPLIES_MAX, TOGETHER, TRIES_MAX, Columns, FlowRecord
from voipwatch.model.measurement import Measurement, ReflectorFacts
from voipwatch.model.vocabulary import CONTROL_ARMS, LINE, Arm, Stage
from voipwatch.wire.farlog import FarColumns, FarFlow, FarLog

ROUND_SPAN = TRIES_MAX * REPLIES_MAX
"""Sequence numbers of one set-up round."""
SEQ_END = 1 << 63
"""Above every sequence number that a record can hold."""
WAIT_US = 400_000
"""How long a request must have waited to count as unanswered, when no round trip was ever seen."""
SILENCE_US = 500_000
"""Controls asked this long after the last sign of life had time for an answer on most lines."""
SILENT_REQUESTS_MIN = 4
"""Control packets unanswered after the last sign of life that make a dead reflector, not a lost packet."""


@dataclass(frozen=True, eq=False)
class FlowView:
    """One flow with what both ends know of it. Without slots: what is asked often is kept."""

    record: FlowRecord
    up: Track
    down: Track
    logged: bool
    """Whether the far log spoke; then every packet of a finished flow has a known fate."""
    asked_us: Mapping[int, int]
    """Set-up requests sent: seq to send time, near clock."""
    answered_us: Mapping[int, int]
    """Of these, those answered by a reply that counts: request seq to first reply's time, near clock."""
    unproved: int = 0
    """Replies the reflector withheld because our address had not proved itself."""
    rebound: bool = False
    altered: int = 0
    """Set-up packets whose bytes changed on the way although their token held, both directions."""
    unattested: bool = False
    """Answers came, none of them provably the reflector's, and no log confirms them."""
    cut_us: int | None = None
    """Near time from which on the reflector was dead; what was sent later is left out."""

    @property
    def shape(self) -> tuple[str, str, str]:
        """App, dialect, leg: flows of one shape may be compared."""
        kind = self.record.kind
        return kind.app, kind.dialect, kind.leg

    @property
    def direct(self) -> bool:
        """Whether it is of a direct leg, which is judged apart: a call can do without it."""
        return self.record.relay_rounds > 0

    @property
    def arm(self) -> Arm:
        """The flow's arm."""
        return self.record.kind.arm

    @property
    def started_us(self) -> int:
        """Near clock."""
        return self.record.started_us

    @property
    def is_control(self) -> bool:
        """Whether the flow carried control bytes."""
        return self.record.kind.arm in CONTROL_ARMS

    def stage_of_round(self, index: int) -> Stage:
        """The stage of a set-up round; rounds that the record does not name belong to the set-up."""
        stages = self.record.round_stages
        return stages[index] if 0 <= index < len(stages) else Stage.SETUP

    def media(self, *, up: bool) -> Track:
        """The media packets of one direction; reports (RTCP) are left aside: a box may spare them."""
        return self._media[0 if up else 1]

    def setup(self, *, up: bool) -> Track:
        """The set-up packets of one direction."""
        return self._setup[0 if up else 1]

    @cached_property
    def _media(self) -> tuple[Track, Track]:
        record = self.record
        return (
            self.up.between(MEDIA_SEQ, SEQ_END).without(record.aside_up),
            self.down.between(MEDIA_SEQ, SEQ_END).without(record.aside_down),
        )

    @cached_property
    def _setup(self) -> tuple[Track, Track]:
        return self.up.between(0, MEDIA_SEQ), self.down.between(0, MEDIA_SEQ)


@dataclass(frozen=True, slots=True)
class Session:
    """Everything of one reflector, joined."""

    index: int
    facts: ReflectorFacts
    flows: tuple[FlowView, ...]
    log_signed: bool
    log_used: bool
    rtt_us: int | None
    """95th percentile of the round trips of set-up requests, None if none was answered."""
    notes: tuple[str, ...] = ()
    died_us: int | None = None
    """Near time of the last sign of life, when the controls went silent for good after it."""
    limited_us: int | None = None
    """Near time from which on a limit of the reflector's own kept packets out of its log."""
    together: tuple[FlowView, ...] = ()
    """Flows beside those to another reflector. They are asked for because of what the others showed, so that
    they are no evidence of it; `flows` has none of them."""
    ports: tuple[FlowView, ...] = ()
    """Flows of random bytes to other ports than a dead one; they say something of ports alone."""
    strangers: Mapping[int, int] | None = None
    """Datagrams without a token from next to our address, by the reflector's port; None: not counted."""

    def of_app(self, app: str) -> tuple[FlowView, ...]:
        """The flows of one app."""
        return tuple(f for f in self.flows if f.record.kind.app == app)

    @property
    def warmup(self) -> tuple[FlowView, ...]:
        """The warm-up flows of the line."""
        return tuple(f for f in self.flows if f.record.kind.app == LINE or f.arm is Arm.W)


@dataclass(slots=True)
class _Clock:
    """What the session knows of delays before single packets are judged."""

    down_us: int | None = None
    """95th percentile of near arrival minus far sending time."""
    rtt_us: int | None = None
    samples: list[int] = field(default_factory=list)


def join_session(measurement: Measurement, index: int) -> Session:
    """The flows of reflector `index` with the fate of their packets. Cannot fail on odd records."""
    facts = measurement.reflectors[index]
    records = [r for r in measurement.flows if r.reflector == index]
    log, signed, notes = trusted_log(facts, records)
    far = {f.flow: f for f in log.flows} if log is not None else None
    clock = _clock(records, far)
    limited_us = _limited_us(records, log)
    calls = [
        r for r in records if r.question != PORTS
    ]  # one port may live where all that is asked of is dead
    died_us = _death_us(calls, far) if limited_us is None else None
    if died_us is not None:
        notes.append("reflector-silent")
    if limited_us is not None:
        notes.append("reflector-limit")
    flows = tuple(_view(r, far, clock, died_us if limited_us is None else limited_us) for r in records)
    if any(f.rebound for f in flows):
        notes.append("nat-rebind")
    if any(r.forged for r in records):
        notes.append(f"forged-datagrams:{sum(max(0, r.forged) for r in records)}")
    if any(f.unattested for f in flows):
        notes.append("unattested-answers")
    return Session(
        index=index,
        facts=facts,
        flows=tuple(f for f in flows if f.record.question not in {TOGETHER, PORTS}),
        together=tuple(f for f in flows if f.record.question == TOGETHER),
        ports=tuple(f for f in flows if f.record.question == PORTS),
        log_signed=signed,
        log_used=far is not None,
        rtt_us=clock.rtt_us,
        notes=tuple(notes),
        died_us=died_us,
        limited_us=limited_us,
        strangers=_strangers(log),
    )


def _strangers(log: FarLog | None) -> Mapping[int, int] | None:
    return None if log is None or log.strangers is None else dict(log.strangers)


def _limited_us(records: Iterable[FlowRecord], log: FarLog | None) -> int | None:
    """From when on a packet may have arrived and been refused: the first refusal, less the slowest way up."""
    if log is None or log.refused_us is None:
        return None
    sent = {r.flow: first_times(r.sent) for r in records}
    transits = [
        t_us - sent[f.flow][seq]
        for f in log.flows
        if f.flow in sent
        for seq, t_us in first_times(f.up).items()
        if seq in sent[f.flow]
    ]
    return log.refused_us - max(transits) if transits else 0


def _clock(records: Iterable[FlowRecord], far: Mapping[int, FarFlow] | None) -> _Clock:
    transits: list[int] = []
    trips: list[int] = []
    for record in records:
        got = first_times(record.received)
        sent = first_times(record.sent)
        for seq, t_us in got.items():
            request = seq - seq % REPLIES_MAX
            if 0 <= seq < MEDIA_SEQ and request in sent and t_us >= sent[request]:
                trips.append(t_us - sent[request])
        if far is not None and record.flow in far:
            for seq, t_us in first_times(far[record.flow].down).items():
                if seq in got:
                    transits.append(got[seq] - t_us)
    return _Clock(down_us=_high(transits), rtt_us=_high(trips))


def _high(values: list[int]) -> int | None:
    """The 95th percentile, None of nothing."""
    if not values:
        return None
    return sorted(values)[min(len(values) - 1, (95 * len(values)) // 100)]


def _death_us(records: list[FlowRecord], far: Mapping[int, FarFlow] | None) -> int | None:
    """When the reflector (or the line) fell silent for all arms alike, or None while it lived to the end.

    The last datagram that came is the last sign of life. Controls that kept asking after it, in two flows or
    more, and were never heard, say that it died: silence of the treatment alone says nothing of the kind.
    """
    heard = [t for r in records for t in r.received.t_us]
    if not heard:
        return None
    last = max(heard)
    unheard = asking = 0
    for record in records:
        if record.kind.arm not in CONTROL_ARMS:
            continue
        late = {s for s, t in first_times(record.sent).items() if t > last + SILENCE_US}
        if far is not None and record.flow in far:
            late -= set(far[record.flow].up.seq)
        unheard += len(late)
        asking += bool(late)
    return last if asking >= 2 and unheard >= SILENT_REQUESTS_MIN else None


def _view(
    record: FlowRecord, far: Mapping[int, FarFlow] | None, clock: _Clock, died_us: int | None
) -> FlowView:
    sent = {s: t for s, t in first_times(record.sent).items() if died_us is None or t <= died_us}
    received = first_times(record.received)
    logged = far is not None
    there = far.get(record.flow) if far is not None else None
    attested = logged or record.attested > 0
    answers = received if attested else {}
    if there is not None:
        known_down = set(there.down.seq)
        answers = {s: t for s, t in received.items() if s in known_down}
    elif logged:
        answers = {}
    asked = {s: t for s, t in sent.items() if 0 <= s < MEDIA_SEQ}
    answered: dict[int, int] = {}
    for seq, t_us in answers.items():
        request = seq - seq % REPLIES_MAX
        if 0 <= seq < MEDIA_SEQ and request in asked:
            answered[request] = min(t_us, answered.get(request, t_us))
    sizes = dict(zip(record.sent.seq, record.sent.size_bytes, strict=False))
    if logged:
        up = up_logged(sent, sizes, there)
        down = down_logged(record, received, there, down_us=clock.down_us, died_us=died_us)
    else:
        up = up_receipts(sent, sizes, record.receipts, answered)
        down = down_alone(answers, record)
    return FlowView(
        record=record,
        up=up,
        down=down,
        logged=logged,
        asked_us=asked,
        answered_us=answered,
        unproved=there.unproved if there is not None else 0,
        rebound=there is not None and there.sources > 1,
        altered=_altered(record, there),
        unattested=not attested and bool(received),
        cut_us=died_us,
    )


def _altered(record: FlowRecord, there: FarFlow | None) -> int:
    """Set-up packets that arrived with other bytes than were sent, in either direction."""
    if there is None:
        return 0
    return _differing(record.sent, there.up) + _differing(there.down, record.received)


def _differing(sent: Columns | FarColumns, arrived: Columns | FarColumns) -> int:
    """Packets whose bytes are none that were sent in their round: nothing tells an answer too short for a
    token from the answer to another try of the same request, and it may be noted as that.
    """
    sums: dict[int, set[int]] = {}
    for s, c in zip(sent.seq, sent.crc, strict=False):
        if s < MEDIA_SEQ and c:
            sums.setdefault(s // ROUND_SPAN, set()).add(c)
    there = {s for s in sent.seq if s < MEDIA_SEQ}
    return sum(
        1
        for s, c in zip(arrived.seq, arrived.crc, strict=False)
        if c and s in there and s // ROUND_SPAN in sums and c not in sums[s // ROUND_SPAN]
    )


def round_trips_ms(flows: Iterable[FlowView]) -> list[float]:
    """Round trips of answered set-up requests, milliseconds, one per request."""
    return [
        (t - flow.asked_us[seq]) / 1000.0
        for flow in flows
        for seq, t in flow.answered_us.items()
        if t >= flow.asked_us[seq]
    ]


def median_or_none(values: Iterable[float]) -> float | None:
    """The median, None of nothing."""
    listed = list(values)
    return median(listed) if listed else None
