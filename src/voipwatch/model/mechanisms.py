"""The closed vocabulary of mechanisms: how a call was interfered with.

Labels are dotted, permanent and append-only; the first word says what the interfering box
acted upon. A label claims no more than its meaning below.
"""

from typing import Final

FIRST_WORDS: Final = frozenset(
    {"dns", "udp", "addr", "port", "stun", "turn", "app", "dtls", "rtp", "sip", "flow", "tcp", "tls"}
)

MECHANISMS: Final[dict[str, str]] = {
    "udp.all": "no UDP datagram gets through to the reflector while TCP to the same address does",
    "udp.allowlist": "UDP of an unassigned kind is dropped while known kinds (QUIC-like) get through",
    "port.drop": "the app's port is dead for any content; the same bytes pass on a neutral port",
    "port.reject": "the app's port is refused by an ICMP error for any content",
    "port.throttle": "the app's port is slowed or loses packets for any content",
    "stun.drop": "STUN messages with the magic cookie are dropped, whatever the app",
    "turn.drop": "TURN Allocate requests are dropped while plain STUN passes",
    "app.drop": "the app's own set-up messages are dropped while generic ones of the protocol pass",
    "dtls.drop": "DTLS hellos are dropped after the set-up passed",
    "rtp.drop": "RTP-shaped media is dropped after the set-up passed",
    "rtp.oneway": "RTP-shaped media passes in one direction only",
    "rtp.loss": "a random part of the RTP-shaped media is dropped",
    "rtp.throttle": "RTP-shaped media is delayed or loses packets, the way of it not established",
    "sip.drop": "SIP text is dropped",
    "sip.alg": "SIP text is rewritten on the way (never counted as a block)",
    "flow.cut": "the flow is cut after some packets, bytes or seconds of media",
    "flow.kill": "the flow dies after its first recognised packet has passed",
    "flow.police": "the flow's rate is policed: what exceeds a token bucket is dropped",
    "flow.shape": "the flow's rate is shaped: delay grows, then packets are lost",
    "tcp.reset": "TCP connections are reset",
    "tls.intercept": "TLS is answered by somebody else than the reflector (captive portal, proxy)",
    "dns.deny": "the resolver that this device uses denies that the name exists, while it knows other names",
    "dns.forge": "the resolver that this device uses gives addresses that are not the provider's",
    "addr.drop": "nothing is answered at the provider's addresses, while other hosts answer",
    "addr.reject": "connections to the provider's addresses are refused, while other hosts answer",
    "tls.reset": "TLS with the app's own name is reset at an address that answers TLS with another name",
    "tls.drop": "TLS with the app's own name is left unanswered where TLS with another name is answered",
    "tls.forge": "TLS with the app's own name gets a stranger's certificate at the provider's address",
    "udp.ports": "UDP gets through on a few well-known ports only, whatever it carries and whoever sends it",
    "udp.size": "UDP datagrams of some sizes are dropped, whatever they carry and whoever sends them",
    "stun.reply": "answers to STUN requests are dropped on their way to the line while the requests arrive",
    "turn.channel": "TURN ChannelData is dropped after the relay has answered",
    "dtls.fingerprint": "flows whose DTLS hello has one client's fingerprint die while other hellos pass",
    "rtp.behaviour": "the flow dies once some packets in a row have counted up as RTP's do",
    "rtp.delay": "RTP-shaped media comes late or unevenly, and comes",
    "sip.inject": "SIP messages that the far end never sent come to the line in its name",
    "sip.reject": "SIP text is refused by an ICMP error on any port",
    "flow.residual": "once a call was seen, what bears no signature dies too towards the same host or port",
    "flow.pps": "packets of the flow over a number a second are dropped, however small they are",
}
"""Label -> what it claims."""
