"""What arrives with a valid token: logged, located, and answered by the flow's script."""

from collections.abc import Callable

from voipwatch.apps import Script
from voipwatch.apps.ports import neutral_after
from voipwatch.model.flows import MEDIA_SEQ
from voipwatch.reflector.core import limits
from voipwatch.reflector.core.counters import Counters
from voipwatch.reflector.core.downlink import Downlink, Reply
from voipwatch.reflector.core.likely import ROUND_SEQS, TRY_SEQS
from voipwatch.reflector.core.receipts import note_news
from voipwatch.reflector.core.scripts import Scripts, kind_at
from voipwatch.reflector.core.session import Address, Flow, Session
from voipwatch.reflector.core.sessions import Sessions
from voipwatch.wire.derive import flow_secret
from voipwatch.wire.token import UpToken


class Uplink:
    """The way in: what a session's limits admit is noted, and what its script says is sent back."""

    def __init__(
        self,
        sessions: Sessions,
        downlink: Downlink,
        scripts_of: Callable[[int], Scripts],
        *,
        counters: Counters,
        neutral_ports: frozenset[int],
    ) -> None:
        """`scripts_of`: what the ticket of a number plays."""
        self._sessions = sessions
        self._downlink = downlink
        self._scripts_of = scripts_of
        self._counters = counters
        self._neutral = neutral_ports

    def receive(self, token: UpToken, source: Address, port: int, data: bytes, now: float) -> bool:
        """An authenticated datagram; False when it is refused."""
        known = self._sessions.live.get(token.number)
        if (known is None or token.flow not in known.flows) and (
            kind_at(self._scripts_of(token.number), token.flow) is None
        ):
            return False
        session = self._sessions.begin(token.number, now)
        if session is None:
            over = self._sessions.live.get(token.number)
            if over is not None:
                over.refuse(now)
            return False
        flow = session.flows.get(token.flow) or self._new_flow(session, token, source, port, now)
        if flow is None or flow.port_at(token.seq) != port or not flow.window.admits(token.seq):
            return False
        if (
            session.bytes_used + len(data) > limits.TICKET_BYTES_MAX
            or session.packets >= limits.SESSION_PACKETS_MAX
        ):
            session.refuse(now)
            return False
        newest = token.seq > flow.window.highest_seq
        if not flow.window.receive(token.seq, session.t_us(now)):
            flow.duplicates += 1
            self._counters.duplicates += 1
            return True
        session.log(flow.up, token.seq, now, data=data)
        note_news(session, flow)
        self._locate(session, flow, source, port, newest=newest)
        account = session.account(source[0])
        if account is None:  # logged all the same: what is lost is an answer, and that is nobody's loss
            return False
        account.receive(len(data))
        if token.echoed:
            self._sessions.prove(session, source[0])
        session.last_heard_at = flow.last_heard_at = now
        self._downlink.release(session, now)
        if session.paused:
            self._downlink.resume(session, now)
        if flow.source[0] == source[0] and session.may_answer(flow, account):
            self._answer(session, flow, token.seq, data, source, now)
        else:
            flow.unproved += 1
            self._counters.unproved += 1
        return True

    def _new_flow(
        self, session: Session, token: UpToken, source: Address, port: int, now: float
    ) -> Flow | None:
        if len(session.flows) >= limits.FLOWS_MAX or session.held.flows >= limits.FLOWS_TOTAL_MAX:
            session.refuse(now)
            return None
        scripts = self._scripts_of(token.number)
        kind = kind_at(scripts, token.flow)
        if kind is None:
            return None
        script = scripts.compile(token.flow, session.keys.key)
        own = self._own_port(script, token.seq, port)
        if own is None:
            return None
        flow = Flow.of(
            token.flow,
            kind,
            script=script,
            secret=flow_secret(session.keys.key, token.flow),
            port=own,
            source=source,
        )
        if not flow.window.admits(token.seq):
            return None
        session.add(flow)
        return flow

    def _own_port(self, script: Script, seq: int, port: int) -> int | None:
        """The flow's own port, told by the port that its packet `seq` came to; None: it does not fit."""
        early = seq < script.early_rounds * ROUND_SEQS
        if script.port is not None:
            return script.port if port == (script.early_port if early else script.port) else None
        own = neutral_after(port) if early else port
        return own if {port, own} <= self._neutral else None

    def _locate(self, session: Session, flow: Flow, source: Address, port: int, *, newest: bool) -> None:
        """Follow a NAT rebind. Only the newest packet moves the flow: late ones come from where it was."""
        if newest:
            flow.source = source
        elif source != flow.source:
            return
        self._sessions.hear(session, flow, source, port)

    def _answer(
        self, session: Session, flow: Flow, seq: int, data: bytes, source: Address, now: float
    ) -> None:
        """The script's reply to this packet, and the start of its media."""
        script = flow.script
        if script is None:
            script = flow.script = self._scripts_of(session.keys.number).compile(
                flow.number, session.keys.key
            )
        if seq >= MEDIA_SEQ:
            if len(script.rounds) == script.early_rounds:
                self._downlink.start_media(session, flow, at=now)
            return
        turn = seq // ROUND_SEQS
        if turn >= len(script.rounds) or seq % TRY_SEQS:
            return
        flow.last_round = max(flow.last_round, turn)
        due = now + script.rounds[turn].reply_delay_ms / 1e3
        for index, message in enumerate(script.rounds[turn].replies):
            attempt = seq % ROUND_SEQS // TRY_SEQS
            reply = Reply(message, seq + index, attempt, data, source)
            self._downlink.reply(session, flow, reply, due=due)
        if turn == len(script.rounds) - 1 >= script.early_rounds:
            self._downlink.start_media(session, flow, at=due)
