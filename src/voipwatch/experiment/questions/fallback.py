"""Fallback (arm F) and messaging path (arm G): which TCP and TLS ways to the reflector are open?

"Messages work, calls do not" is what people report; an answer here, keyed so that nobody on the
path can forge it, is what allows to say that the line is up while UDP is dead.
"""

from dataclasses import dataclass, field

from voipwatch.experiment.events import StartTcp, TcpOutcome
from voipwatch.experiment.session import Session
from voipwatch.model.flows import TcpRecord
from voipwatch.model.vocabulary import Failure
from voipwatch.wire.derive import packet_entropy
from voipwatch.wire.tls import TLS_ANSWER_BYTES, build_tls_client_hello, tls_server_random
from voipwatch.wire.token import ROOM_DOWN, TCP_FLOW, encode_up, open_down_untrusted

TIMEOUT_S = 4.0
"""SYN retransmissions come after 1 and 3 s (RFC 6298 section 2); both may still be answered."""
TCP_ANSWER_BYTES = 32


@dataclass
class Fallback:
    """TCP trials of one session. Hand out `next_trial`, take `finished`, read `records`."""

    session: Session
    names: dict[str, str]
    """Trial name (tcp-443, tls-443, ...) -> arm, F or G."""
    epoch: float
    records: list[TcpRecord] = field(default_factory=list)
    _pending: dict[int, tuple[str, int, float]] = field(default_factory=dict)

    def trials(self, now: float) -> list[StartTcp]:
        """All trials whose port the reflector serves, to be started at once."""
        offer = self.session.offered.offer
        served = set(offer.tcp_ports) if offer else set()
        out = []
        for index, name in enumerate(self.names):
            kind, _, port_text = name.partition("-")
            port = int(port_text)
            if port in served:
                trial = self.session.reflector * 64 + index
                self._pending[trial] = (name, port, now)
                out.append(self._trial(trial, kind, port))
        return out

    def _trial(self, trial: int, kind: str, port: int) -> StartTcp:
        keys = self.session.keys
        token = encode_up(keys, TCP_FLOW, trial)
        filler = b"".join(packet_entropy(keys.key, "u", TCP_FLOW, trial * 8 + i) for i in range(5))
        if kind == "tls":
            hello = build_tls_client_hello(filler[:16] + token, filler=filler[16:80])
            answer_bytes = TLS_ANSWER_BYTES
        else:
            hello = token + filler[:16]
            answer_bytes = TCP_ANSWER_BYTES
        return StartTcp(trial, self.session.reflector, port, hello, answer_bytes, TIMEOUT_S)

    @property
    def done(self) -> bool:
        """True when every trial has come back."""
        return not self._pending

    def finished(self, trial: int, outcome: TcpOutcome) -> None:
        """Takes a trial's outcome; one not asked for is ignored."""
        if trial not in self._pending:
            return
        name, port, started = self._pending.pop(trial)
        answered = self._keyed(trial, name, outcome.data)
        failure = outcome.failure
        if not answered and failure is None:
            failure = Failure.BAD_ANSWER if outcome.data else Failure.CONNECTION_CLOSED
        self.records.append(
            TcpRecord(
                arm=self.names[name],
                name=name,
                reflector=self.session.reflector,
                port=port,
                started_us=round((started - self.epoch) * 1e6),
                connect_ms=outcome.connect_ms,
                answered=answered,
                failure=None if answered else failure,
                sent_bytes=outcome.sent_bytes,
                received_bytes=outcome.received_bytes,
            )
        )

    def _keyed(self, trial: int, name: str, data: bytes) -> bool:
        if name.startswith("tls"):
            random = tls_server_random(data)
            place = random[-ROOM_DOWN:] if random else b""
        else:
            place = data[TCP_ANSWER_BYTES - ROOM_DOWN : TCP_ANSWER_BYTES]
        return open_down_untrusted(self.session.keys, TCP_FLOW, place, reply_seq=trial) is not None
