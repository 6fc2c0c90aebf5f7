"""SIP text: dropped (technique D18), or rewritten by a home router's helper (S2)."""

import re
from hashlib import blake2b
from typing import Final

from voipwatch.lab.policy.packet import DROP, PASS, UDP, Action, Inject, Memory, Packet, Reject
from voipwatch.lab.policy.signature import is_sip
from voipwatch.lab.policy.state import State
from voipwatch.model.vocabulary import Direction

SIP_MESSAGE: Final = re.compile(rb"\A(?:[A-Z]{3,10} sips?:[^\r\n]* SIP/2\.0|SIP/2\.0 \d{3}[^\r\n]*)\r\n")
"""A request or status line (RFC 3261 section 7): a helper touches nothing else."""
VIA: Final = re.compile(rb"(?im)^((?:via|v)[ \t]*:[ \t]*SIP/2\.0/UDP[ \t]+)([^;\s,]+)")
CONTACT: Final = re.compile(rb"(?im)^((?:contact|m)[ \t]*:[^\r\n]*?sip:(?:[^@>\s;]*@)?)([^;>\s]+)")
SDP_ADDRESS: Final = re.compile(rb"(?m)^((?:c=|o=[^\r\n]*? )IN IP[46] )(\S+)")
CALL_ID: Final = re.compile(rb"(?im)^((?:call-id|i)[ \t]*:[ \t]*)(\S+)")
BRANCH: Final = re.compile(rb"(?i)(;[ \t]*branch=)(z9hG4bK)([^;,\s]*)")
USER_AGENT: Final = re.compile(rb"(?im)^(user-agent[ \t]*:[ \t]*)([^\r\n]*)")
CONTENT_LENGTH: Final = re.compile(rb"(?im)^((?:content-length|l)[ \t]*:[ \t]*)(\d+)")


class SipText(Memory, frozen=True, tag_field="policy", tag="sip-text"):
    """Drops datagrams that begin like SIP, on any port."""

    reject: bool = False
    """Tells the line so, by an ICMP error (S3); what comes down is dropped without a word."""

    def __call__(self, direction: Direction, packet: Packet, _state: State, _now: float) -> Action:
        """Both ways."""
        if packet.proto != UDP or not is_sip(packet.payload):
            return PASS
        return Reject() if self.reject and direction is Direction.UP else DROP


class SipAlg(Memory, frozen=True, tag_field="policy", tag="sip-alg"):
    """A home router that puts its own public address into SIP: Via, Contact, and SDP's c= and o=.

    What it does is what Linux' nf_nat_sip and its many imitations do, the imitators' habit of rewriting
    addresses that are not the sender's included. Content-Length is set right again; tags are left alone,
    branch and Call-ID too unless `ids`: back-to-back gateways (RFC 7092) put their own there. Replies are
    given back unchanged: the helper cannot undo what it did not keep.
    """

    public: str = "198.51.100.10"
    ports: tuple[int, ...] = (5060,)
    ids: bool = False
    """Puts its own branch and Call-ID into requests."""
    agent: str = ""
    """Puts this in place of the User-Agent, as gateways do; empty: leaves it."""

    def __call__(self, direction: Direction, packet: Packet, _state: State, _now: float) -> Action:
        """Rewrites what goes up to a SIP port."""
        if direction is not Direction.UP or packet.proto != UDP or packet.dport not in self.ports:
            return PASS
        payload = rewrite(packet.payload, self.public.encode(), ids=self.ids, agent=self.agent.encode())
        if payload == packet.payload:
            return PASS
        size = packet.size + len(payload) - len(packet.payload)
        changed = Packet(packet.proto, packet.src, packet.sport, packet.dst, packet.dport, payload, size)
        return Inject(((direction, changed),))


def rewrite(payload: bytes, public: bytes, *, ids: bool = False, agent: bytes = b"") -> bytes:
    """The message with the public address in its headers and body; anything else comes back as it is.

    `ids`: branch and Call-ID become the gateway's own, equal ones for equal ones. `agent`: the User-Agent's
    words, if any.
    """
    if not SIP_MESSAGE.match(payload):
        return payload
    head, gap, body = payload.partition(b"\r\n\r\n")

    def host(found: re.Match[bytes]) -> bytes:
        name, colon, port = found[2].rpartition(b":")
        kept = colon + port if name and port.isdigit() else b""
        return found[1] + public + kept

    head = CONTACT.sub(host, VIA.sub(host, head, count=1))
    if ids:
        head = CALL_ID.sub(lambda found: found[1] + _own(found[2]) + b"@" + public, head, count=1)
        head = BRANCH.sub(lambda found: found[1] + found[2] + _own(found[3]), head, count=1)
    if agent:
        head = USER_AGENT.sub(lambda found: found[1] + agent, head, count=1)
    new_body = SDP_ADDRESS.sub(lambda found: found[1] + public, body)
    if len(new_body) != len(body):
        head = CONTENT_LENGTH.sub(lambda found: found[1] + b"%d" % len(new_body), head)
    return head + gap + new_body


def _own(theirs: bytes) -> bytes:
    """The gateway's identifier for one of the caller's."""
    return blake2b(theirs, digest_size=8, person=b"vw-alg").hexdigest().encode()
