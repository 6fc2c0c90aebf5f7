"""One five-tuple at the near end: plays a script's rounds, then its media, and notes what comes.

State (the picture in docs/experiments/session-protocol.md is drawn from this)::

    ROUNDS --every round answered--> MEDIA --last packet + linger--> ENDED
    ROUNDS --a round unanswered------------------------------------> ENDED
    any    --abort-------------------------------------------------> ENDED
"""

from bisect import bisect_right
from collections import deque
from dataclasses import dataclass, field
from enum import Enum

from voipwatch.apps import MediaPacket, Message, Round, answers
from voipwatch.experiment.foreign_sip import foreign_sip, is_sip
from voipwatch.experiment.session import Session, setup_crc
from voipwatch.model.flows import MEDIA_SEQ, REPLIES_MAX, TRIES_MAX, Columns, FlowFailure, FlowRecord
from voipwatch.model.vocabulary import Failure

REPLIES_GRACE_S = 0.15
"""After the first of several replies, how long the others may take before the next round."""
FOREIGN_MAX = 8
"""Strangers' SIP messages that a flow keeps: one ends a call."""
LOSS_LOOK_S = 2.0
"""Before a held flow is this old its loss says little."""
ROUND_SPAN = TRIES_MAX * REPLIES_MAX


class Phase(Enum):
    """A flow's state; see the picture above."""

    ROUNDS = "rounds"
    MEDIA = "media"
    ENDED = "ended"


@dataclass(slots=True)
class Trial:
    """One set-up request on the wire, waiting for its first reply."""

    seq: int
    round: int
    data: bytes
    sent_at: float
    deadline: float
    hit: bool | None = None


@dataclass(slots=True)
class Outcome:
    """A set-up request that was answered, or not in time."""

    round: int
    hit: bool


@dataclass
class NearFlow:
    """Drive it with `due`/`emit` and `receive`; read `outcomes`, `phase` and `record`."""

    socket: int
    session: Session
    record: FlowRecord
    epoch: float
    """The check's start on the shell's clock; records count from it."""
    reply_wait_s: float
    """How long a set-up request may stay unanswered before it counts as a miss."""
    linger_s: float
    """How long after the last media packet late ones are awaited."""
    outcomes: deque[Outcome] = field(default_factory=deque)
    phase: Phase = Phase.ROUNDS
    failed_round: int | None = None
    spent_bytes: int = 0
    last_received_at: float | None = None
    rtts_s: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.flow = self.record.flow
        self.script = self.session.script(self.record.kind, self.record.replicate)
        self._round = 0
        self._tries = 0
        self._trials: dict[int, Trial] = {}
        self._replies_seen: set[int] = set()
        self._down_seen: set[int] = set()
        self._down_media = 0
        self._down_highest = 0
        self._media_at = 0
        self._media_start: float | None = None
        self._sends: deque[float] = deque()
        self._advance_at: float | None = None
        self._end_at: float | None = None
        self._requests: list[bytes] = []
        self._answers: list[bytes] = []
        """SIP of this flow's own, to know a stranger's by; empty where the script speaks no SIP."""
        self._media_messages: list[Message] = list(
            {id(p.message): p.message for p in self.script.down}.values()
        )

    # -- clockwork -------------------------------------------------------------------------

    def start(self, now: float) -> None:
        """Begins the first round, or the media of a script without rounds."""
        self.record.started_us = self._us(now)
        if self.script.rounds:
            self._begin_round(0, now)
        else:
            self._begin_media(now)

    def due(self) -> float | None:
        """When `emit` or `tick` must next be called, or None when ended."""
        if self.phase is Phase.ENDED:
            return None
        times = [t.deadline for t in self._trials.values() if t.hit is None]
        if self._sends:
            times.append(self._sends[0])
        if self._advance_at is not None:
            times.append(self._advance_at)
        if self._media_start is not None and self._media_at < len(self.script.up):
            return min([self._media_start + self.script.up[self._media_at].offset_us / 1e6, *times])
        if self._end_at is not None:
            times.append(self._end_at)
        return min(times) if times else None

    @property
    def silent(self) -> bool:
        """Whether nothing more is to be sent: late packets alone are awaited."""
        return self.phase is Phase.ENDED or (
            self._media_start is not None and self._media_at >= len(self.script.up) and not self._sends
        )

    def emit(self, now: float) -> list[tuple[int, bytes]]:
        """Datagrams that are due, each with its port at the far end; also moves every timer that has come."""
        out: list[tuple[int, bytes]] = []
        if self.phase is Phase.ROUNDS:
            self._expire(now)
            if self._advance_at is not None and now >= self._advance_at:
                self._advance(now)
            while self._sends and self._sends[0] <= now and self.phase is Phase.ROUNDS:
                self._sends.popleft()
                out.append(self._send_request(now))
        if self.phase is Phase.MEDIA:
            self._expire(now)
            self._emit_media(out, now)
            if self._end_at is not None and now >= self._end_at:
                self._end(now)
        return out

    def abort(self, now: float) -> None:
        """Stops sending: the answer is certain or the budget is spent. Late packets still count."""
        if self.phase is not Phase.ENDED:
            self.record.aborted = True
            self._end(now)

    def _us(self, now: float) -> int:
        return round((now - self.epoch) * 1e6)

    def _end(self, now: float) -> None:
        self.phase = Phase.ENDED
        self.record.ended_us = self._us(now)

    # -- set-up ----------------------------------------------------------------------------

    def _begin_round(self, index: int, now: float) -> None:
        self._round, self._tries = index, 0
        self._replies_seen.clear()
        self._advance_at = None
        step = self.script.rounds[index]
        first = now + (step.pause_ms / 1e3 if index else 0.0)
        times = [first + n * step.copy_gap_ms / 1e3 for n in range(step.copies)]
        times += [first + ms / 1e3 for ms in step.retry_ms]
        self._sends = deque(sorted(times)[:TRIES_MAX])

    def _send_request(self, now: float) -> tuple[int, bytes]:
        step = self.script.rounds[self._round]
        seq = self._round * ROUND_SPAN + self._tries * REPLIES_MAX
        data = self.session.build_up(self.flow, seq, step.request, size=step.request.size, index=self._tries)
        self._tries += 1
        self._note_sent(seq, data, now)
        if is_sip(data):
            self._requests.append(data)
        if step.replies:
            self._trials[seq] = Trial(seq, self._round, data, now, now + self.reply_wait_s)
        elif not self._sends:
            self._advance(now)
        return self.script.port_at(seq, self.record.remote_port), data

    def _expire(self, now: float) -> None:
        for trial in self._trials.values():
            if trial.hit is None and now >= trial.deadline:
                trial.hit = False
                self.outcomes.append(Outcome(trial.round, hit=False))
        if self.phase is not Phase.ROUNDS or self._sends or self._advance_at is not None:
            return
        current = [t for t in self._trials.values() if t.round == self._round]
        if current and all(t.hit is False for t in current) and self.script.rounds[self._round].replies:
            self.failed_round = self._round
            self._end(now)

    def _advance(self, now: float) -> None:
        if self._round + 1 < len(self.script.rounds):
            self._begin_round(self._round + 1, now)
        elif self.script.up or self.script.down:
            self._begin_media(now)
        else:
            self._end(now)

    # -- media -----------------------------------------------------------------------------

    def _begin_media(self, now: float) -> None:
        self.phase = Phase.MEDIA
        self._sends.clear()
        self._advance_at = None
        self._media_start = now
        self.record.media_s = self.script.media_s
        self.record.planned_down = len(self.script.down)
        self.record.aside_up = [MEDIA_SEQ + n for n, p in enumerate(self.script.up) if p.aside]
        self.record.aside_down = [MEDIA_SEQ + n for n, p in enumerate(self.script.down) if p.aside]
        self._end_at = now + self.script.media_s + self.linger_s

    def _emit_media(self, out: list[tuple[int, bytes]], now: float) -> None:
        start, packets = self._media_start, self.script.up
        if start is None:
            return
        elapsed_us = (now - start) * 1e6 + 0.5
        while self._media_at < len(packets) and packets[self._media_at].offset_us <= elapsed_us:
            packet = packets[self._media_at]
            seq = MEDIA_SEQ + self._media_at
            data = self.session.build_up(self.flow, seq, packet.message, size=packet.size, index=packet.index)
            self._media_at += 1
            self._note_sent(seq, data, now)
            out.append((self.record.remote_port, data))

    # -- what comes back -------------------------------------------------------------------

    def receive(self, data: bytes, now: float) -> None:
        """Takes one datagram from this flow's socket. Cannot fail, whatever the bytes."""
        self.spent_bytes += len(data) + self.session.overhead_bytes
        first, second = self._receive_reply, self._receive_media
        if self.phase is Phase.MEDIA:
            first, second = second, first  # most of what comes now is media
        if first(data, now) or second(data, now):
            self.last_received_at = now
        else:
            self.record.forged += 1
            self._look_at(data, now)

    def _look_at(self, data: bytes, now: float) -> None:
        """Keeps what a stranger's SIP is, if it is of this flow's own call."""
        if len(self.record.foreign) >= FOREIGN_MAX or not self._requests:
            return
        found = foreign_sip(data, requests=self._requests, answers=self._answers, t_us=self._us(now))
        if found is not None:
            self.record.foreign.append(found)

    def receive_failure(self, failure: Failure, now: float) -> None:
        """The network reported an error, such as an ICMP port unreachable."""
        if len(self.record.failures) < 64:
            self.record.failures.append(FlowFailure(failure, self._us(now)))

    def _receive_reply(self, data: bytes, now: float) -> bool:
        again: int | None = None
        for trial in self._trials.values():
            if again is not None and trial.round != again // ROUND_SPAN:
                break
            step = self.script.rounds[trial.round]
            for j, message in enumerate(step.replies):
                if not answers(message, trial.data, data):
                    continue
                attested = self._attest_reply(message, trial, j, data)
                if attested is None:
                    continue
                if trial.seq + j in self._down_seen:
                    # Without a token it may as well be the answer to another try of the same request.
                    again = trial.seq + j if again is None else again
                    if not attested:
                        continue
                    self._note_received(again, data, now)
                    return True
                self._note_received(trial.seq + j, data, now)
                if self._requests:
                    self._answers.append(data)
                self.record.attested += attested
                self._replied(trial, step, j, now)
                return True
        if again is not None:
            self._note_received(again, data, now)
        return again is not None

    def _attest_reply(self, message: Message, trial: Trial, j: int, data: bytes) -> bool | None:
        """True: verified; False: the shape has no room for a token; None: not the reflector's."""
        if message.room(message.size) < 8:
            return False
        token = self.session.open_down(self.flow, message, data, request=trial.data, reply_seq=trial.seq + j)
        return True if token is not None else None

    def _replied(self, trial: Trial, step: Round, j: int, now: float) -> None:
        if trial.hit is None:
            self.rtts_s.append(now - trial.sent_at)
            self.outcomes.append(Outcome(trial.round, hit=True))
        elif trial.hit is False and j == 0:
            self.rtts_s.append(now - trial.sent_at)
        trial.hit = True
        if self.phase is not Phase.ROUNDS or trial.round != self._round:
            return
        self._replies_seen.add(j)
        self._sends.clear()
        if len(self._replies_seen) >= len(step.replies):
            self._advance(now)
        elif self._advance_at is None:
            self._advance_at = now + REPLIES_GRACE_S

    def _receive_media(self, data: bytes, now: float) -> bool:
        for message in self._media_messages:
            token = self.session.open_down(self.flow, message, data)
            if token is not None and token.seq >= MEDIA_SEQ:
                if token.seq not in self._down_seen:
                    self.record.attested += 1
                self._note_received(token.seq, data, now)
                return True
        return False

    def _note_sent(self, seq: int, data: bytes, now: float) -> None:
        self.spent_bytes += len(data) + self.session.overhead_bytes
        _append(self.record.sent, seq, data, self._us(now))

    def _note_received(self, seq: int, data: bytes, now: float) -> None:
        if seq >= MEDIA_SEQ and seq not in self._down_seen:
            self._down_media += 1
            self._down_highest = max(self._down_highest, seq)
        self._down_seen.add(seq)
        _append(self.record.received, seq, data, self._us(now))

    # -- summaries for stopping rules --------------------------------------------------------

    def media_expected(self) -> int:
        """Downlink media packets of the whole script, reports left aside."""
        return len(self.script.down) - len(self.record.aside_down)

    def media_received(self) -> int:
        """Distinct downlink media packets that came, reports left aside."""
        aside = self.record.aside_down
        return sum(1 for seq in self._down_seen if seq >= MEDIA_SEQ and seq not in aside)

    def media_lost_share(self, now: float) -> float:
        """Share of downlink packets overdue by the linger time and not come, 0.0 before 2 s of media."""
        if self._media_start is None or now - self._media_start < LOSS_LOOK_S:
            return 0.0
        overdue_us = (now - self._media_start - self.linger_s) * 1e6
        due = bisect_right(self.script.down, overdue_us, key=_offset_us)
        not_due = range(MEDIA_SEQ + due, self._down_highest + 1)  # few: those of the linger time
        came = self._down_media - sum(1 for seq in not_due if seq in self._down_seen)
        return 1.0 - came / due if due else 0.0

    def media_sent(self) -> int:
        """Uplink media packets sent."""
        return self._media_at

    @property
    def media_started_at(self) -> float | None:
        """When the media began, on the shell's clock."""
        return self._media_start


def _offset_us(packet: MediaPacket) -> int:
    return packet.offset_us


def _append(columns: Columns, seq: int, data: bytes, t_us: int) -> None:
    columns.seq.append(seq)
    columns.t_us.append(t_us)
    columns.size_bytes.append(len(data))
    columns.crc.append(setup_crc(data) if seq < MEDIA_SEQ else 0)
