"""The same censors as nftables rules, for those that nftables can say.

Rules stand in the operator's forward chain; `line0` leads to the line, `net0` to the internet. `@th,N,L`
counts bits from the UDP header, so that the payload starts at bit 64. Not used, because kernels lack them:
netem, nft's own `queue`, act_police.

Differences from the pure rule: a flow's recognition lives in the connection's mark and ends with it
(`nf_conntrack_udp_timeout`, set to a minute), and random loss draws from the kernel's dice.
"""

from collections.abc import Iterator
from ipaddress import ip_network
from typing import Final

from voipwatch.lab.policy import Policy
from voipwatch.lab.policy.allow import QUIC_DROP_BYTES_MIN, QUIC_PORT, QuicDrop
from voipwatch.lab.policy.combine import Chain, Except, OneWay, Open
from voipwatch.lab.policy.dtls import RECORD_BYTES_MIN, DtlsAny, DtlsHello
from voipwatch.lab.policy.flow import CutAfter, CutBytes, CutSeconds, MatchThenKill
from voipwatch.lab.policy.names import AddressDrop
from voipwatch.lab.policy.payload import Pattern, Payload
from voipwatch.lab.policy.ports import PortDrop, PortLoss, PortReject, UdpExcept
from voipwatch.lab.policy.rate import MediaLoss, Police
from voipwatch.lab.policy.residual import Residual
from voipwatch.lab.policy.rtp import RtpDrop
from voipwatch.lab.policy.signature import DYNAMIC_PT_MIN, SIP_STARTS, STATIC_PT_MAX
from voipwatch.lab.policy.sip import SipText
from voipwatch.lab.policy.size import PpsCap, SizeDrop
from voipwatch.lab.policy.stun import (
    TURN_TYPES,
    WHATSAPP_ATTRIBUTES,
    WHATSAPP_TYPES,
    StunCookie,
    StunReplies,
    TurnOnly,
    WhatsAppStun,
)
from voipwatch.lab.policy.unknown import UdpAll
from voipwatch.model.vocabulary import Direction

LINE_DEVICE: Final = "line0"
NET_DEVICE: Final = "net0"
PORTAL_PORT: Final = 8_080
MARK: Final = 7
"""Of a connection that bore a call's signature."""
UP: Final = f'iifname "{LINE_DEVICE}" '
DOWN: Final = f'iifname "{NET_DEVICE}" '


def _hex(values: frozenset[int]) -> str:
    return "{ " + ", ".join(f"{value:#06x}" for value in sorted(values)) + " }"


COOKIE: Final = "udp length >= 28 @th,64,2 0 @th,96,32 0x2112a442 "
RTP_STATIC: Final = f"udp length >= 20 @th,64,2 2 @th,73,7 <= {STATIC_PT_MAX} "
RTP_DYNAMIC: Final = f"udp length >= 20 @th,64,2 2 @th,73,7 >= {DYNAMIC_PT_MIN} "
HELLO: Final = "udp length >= 60 @th,64,8 0x16 @th,72,16 { 0xfeff, 0xfefd } @th,168,8 1 "
SIP: Final = "udp length >= 12 @th,64,32 { " + ", ".join(f"0x{s.hex()}" for s in SIP_STARTS) + " } "
MATCHES: Final[dict[str, tuple[str, ...]]] = {
    "stun": (COOKIE,),
    "dtls": (HELLO,),
    "rtp": (RTP_STATIC, RTP_DYNAMIC),
    "sip": (SIP,),
    "any": ("meta l4proto udp ",),
}
"""Each name of `signature.SIGNATURES` as conditions, any of which may hold."""
REMEMBERING: Final = (CutAfter, CutBytes, CutSeconds, MatchThenKill, Police, PpsCap, Residual)
"""Rules that remember flows, hosts or counts."""


def ruleset(policy: Policy, *, portal: bool = False) -> str | None:
    """A whole nftables table for the operator, or None if nftables cannot say the policy."""
    lines = _rules(policy)
    if lines is None or sum(isinstance(leaf, REMEMBERING) for leaf in _leaves(policy)) > 1:
        return None  # two rules with a memory would share one mark, or one set
    if portal:
        lines = [UP + "meta l4proto udp drop", DOWN + "meta l4proto udp drop", *lines]
    body = "\n".join(f"    {line.strip()}" for line in lines)
    text = f"table inet operator {{\n{_sets(policy)}  chain forward {{\n"
    text += f"    type filter hook forward priority filter; policy accept;\n{body}\n  }}\n"
    if portal:
        text += "  chain capture {\n    type nat hook prerouting priority dstnat; policy accept;\n"
        text += f"    {UP}meta l4proto tcp redirect to :{PORTAL_PORT}\n  }}\n"
    return text + "}\n"


def _rules(policy: Policy) -> list[str] | None:
    """The chain's lines for one policy."""
    if isinstance(policy, Chain):
        parts = [_rules(part) for part in policy.policies]
        return None if None in parts else [line for part in parts if part is not None for line in part]
    if isinstance(policy, OneWay):
        inner = _rules(policy.policy)
        way = UP if policy.direction is Direction.UP else DOWN
        return None if inner is None else [way + line for line in inner]
    if isinstance(policy, Except):
        return _excepted(policy)
    return _stateless(policy) or _with_memory(policy)


def _excepted(policy: Except) -> list[str] | None:
    """The inner rules for everybody but the networks; of both families only if both are named or neither."""
    inner = _rules(policy.policy)
    if inner is None or any(ip_network(network).version != 4 for network in policy.networks):
        return None
    networks = "{ " + ", ".join(policy.networks) + " }"
    ends = (f"{UP}ip daddr != {networks} ", f"{DOWN}ip saddr != {networks} ", "meta nfproto ipv6 ")
    return [end + line for line in inner for end in ends]


def _stateless(policy: Policy) -> list[str] | None:
    return _by_place(policy) or _by_bytes(policy)


def _by_place(policy: Policy) -> list[str] | None:
    """Ports, addresses, sizes."""
    match policy:
        case Open():
            return [""]
        case UdpExcept():
            return [f"{UP}udp dport != {{ {_ranges(policy.ports)} }} drop"]
        case PortLoss():
            ports, dice = _ranges(policy.ports), _dice(policy.ratio)
            return [f"{UP}udp dport {{ {ports} }} {dice}drop", f"{DOWN}udp sport {{ {ports} }} {dice}drop"]
        case SizeDrop():
            return [f"udp length > {policy.over + 8} {_dice(policy.ratio)}drop"]
        case AddressDrop() if all(ip_network(network).version == 4 for network in policy.networks):
            return _addresses(policy)
        case UdpAll():
            return ["meta l4proto udp drop"]
        case PortDrop() | PortReject():
            end = "drop" if isinstance(policy, PortDrop) else _reject(policy.proto)
            return [f"{UP}{policy.proto} dport {{ {_ranges(policy.ports)} }} {end}"]
        case _:
            return None


def _by_bytes(policy: Policy) -> list[str] | None:
    """Signatures of one datagram."""
    match policy:
        case StunCookie():
            return [COOKIE + ("@th,94,2 0 " if policy.strict else "") + "drop"]
        case StunReplies():
            return [f"{DOWN}{COOKIE}@th,64,16 {_hex(frozenset(policy.types))} drop"]
        case TurnOnly():
            requests = [f"{COOKIE}@th,64,16 {_hex(TURN_TYPES)} drop"] * policy.requests
            channel = ["udp length >= 12 @th,64,4 4 @th,80,8 < 6 drop"] * policy.channel
            return requests + channel or [""]
        case WhatsAppStun():
            attribute = COOKIE.replace("28", "30")
            return [
                f"{COOKIE}@th,64,16 {_hex(WHATSAPP_TYPES)} drop",
                f"{attribute}@th,224,16 {_hex(WHATSAPP_ATTRIBUTES)} drop",
            ]
        case DtlsHello():
            return [HELLO + "drop"]
        case DtlsAny():
            records = "{ 0x14, 0x15, 0x16, 0x17 }"
            return [f"udp length >= {RECORD_BYTES_MIN + 8} @th,64,8 {records} @th,72,8 0xfe drop"]
        case QuicDrop():
            return [f"{UP}udp dport {QUIC_PORT} udp length >= {QUIC_DROP_BYTES_MIN + 8} @th,72,32 1 drop"]
        case RtpDrop():
            kinds = [RTP_STATIC] * policy.static + [RTP_DYNAMIC] * policy.dynamic
            return [kind + "drop" for kind in kinds] or [""]
        case SipText():
            return [f"{UP}{SIP}{_reject('udp')}"] * policy.reject + [SIP + "drop"]
        case Payload():
            return [line for pattern in policy.any for line in _pattern(pattern)]
        case _:
            return None


def _ranges(ports: tuple[tuple[int, int], ...]) -> str:
    return ", ".join(f"{first}-{last}" if first != last else str(first) for first, last in ports)


def _dice(ratio: float) -> str:
    return f"numgen random mod 1000 < {round(ratio * 1000)} " if ratio < 1 else ""


def _addresses(policy: AddressDrop) -> list[str]:
    networks = ", ".join(policy.networks)
    protos = (policy.proto,) if policy.proto else ("tcp", "udp")
    return [
        f"{UP}ip daddr {{ {networks} }} meta l4proto {proto} {_reject(proto) if policy.reject else 'drop'}"
        for proto in protos
    ]


def _pattern(pattern: Pattern) -> list[str]:
    """One rule, or one for each direction where the far end's port is asked for."""
    size = f"udp length {pattern.size + 8}" if pattern.size else f"udp length >= {pattern.size_min + 8}"
    raw = [f"@th,{64 + 8 * at},{8 * len(data)} 0x{data.hex()}" for at, data in pattern.bytes_at]
    body = " ".join([size, *raw, "drop"])
    if not pattern.ports:
        return [body]
    ports = _ranges(pattern.ports)
    return [f"{UP}udp dport {{ {ports} }} {body}", f"{DOWN}udp sport {{ {ports} }} {body}"]


def _with_memory(policy: Policy) -> list[str] | None:
    match policy:
        case MediaLoss():
            return [f"{m}{_dice(policy.ratio)}drop" for m in _matches(policy.signatures)]
        case CutAfter():
            return [*_marks(policy.signatures), f"ct mark {MARK} ct original packets > {policy.packets} drop"]
        case CutBytes():
            return [*_marks(policy.signatures), f"ct mark {MARK} ct original bytes > {policy.bytes} drop"]
        case CutSeconds():
            return _young(policy)
        case MatchThenKill() if policy.packets == 1:
            return [f"ct mark {MARK} drop", *_marks(policy.signatures)]
        case Residual():
            return _residual(policy)
        case PpsCap():
            return _pps(policy)
        case Police(shared=False) if policy.burst_bytes >= policy.bytes_per_s:
            return [*_marks(policy.signatures), _bucket(policy, "ipv4", "ip"), _bucket(policy, "ipv6", "ip6")]
        case _:
            return None


def _matches(signatures: tuple[str, ...]) -> list[str]:
    return [match for name in signatures for match in MATCHES[name]]


def _marks(signatures: tuple[str, ...]) -> list[str]:
    return [f"{match}ct mark set {MARK}" for match in _matches(signatures)]


def _bucket(policy: Police, family: str, header: str) -> str:
    """One bucket for each directed five-tuple."""
    # The kernel's bucket for bytes holds a second of rate on top of the burst (nft_limit.c, tokens_max), so
    # that a smaller one cannot be said.
    rate, burst = round(policy.bytes_per_s), round(policy.burst_bytes - policy.bytes_per_s)
    limit = f"limit rate over {rate} bytes/second burst {burst} bytes"
    key = f"{header} saddr . udp sport . {header} daddr . udp dport"
    return f"ct mark {MARK} meta nfproto {family} update @flows{family[-1]} {{ {key} {limit} }} drop"


def _key(header: str, *, up: bool = True) -> str:
    """The five-tuple, as a packet of this direction has it."""
    near, far = ("s", "d") if up else ("d", "s")
    return f"{header} {near}addr . udp {near}port . {header} {far}addr . udp {far}port"


FAMILIES: Final = (("4", "ip"), ("6", "ip6"))


def _young(policy: CutSeconds) -> list[str]:
    """A flow is young for so many seconds after its first packet; recognised and not young it dies."""
    timeout = f"timeout {round(policy.seconds * 1000)}ms"
    lines = [
        f"meta nfproto ipv{n} {UP}ct original packets < 2 add @young{n} {{ {_key(header)} {timeout} }}"
        for n, header in FAMILIES
    ]
    lines += _marks(policy.signatures)
    for n, header in FAMILIES:
        lines += [
            f"ct mark {MARK} {UP}{_key(header)} != @young{n} drop",
            f"ct mark {MARK} {DOWN}{_key(header, up=False)} != @young{n} drop",
        ]
    return lines


def _residual(policy: Residual) -> list[str]:
    """Pairs of hosts, or of a host and a far port, that a call was seen between."""
    lines: list[str] = []
    adding: list[str] = []
    for n, header in FAMILIES:
        for way, near, far in ((UP, "s", "d"), (DOWN, "d", "s")):
            pair = f"{header} {near}addr . {header} {far}addr"
            pair += f" . udp {far}port" if policy.by_port else ""
            lines.append(f"{way}meta l4proto udp {pair} @hot{n} drop")
            adding += [f"{way}{match}add @hot{n} {{ {pair} }}" for match in _matches(policy.signatures)]
    return lines + adding


def _pps(policy: PpsCap) -> list[str] | None:
    limit = f"limit rate over {round(policy.pps)}/second burst {round(policy.burst)} packets"
    size = f"udp length {policy.size_min + 8}-{policy.size_max + 8} "
    matches = _matches(policy.signatures)
    if policy.per_flow:
        return [
            f"{match}{size}meta nfproto ipv{n} update @counts{n} {{ {_key(header)} {limit} }} drop"
            for match in matches
            for n, header in FAMILIES
        ]
    # Each rule has a bucket of its own: what two of them would match can only be said by one.
    return [f"{matches[0]}{size}{limit} drop"] if len(matches) == 1 else None


def _leaves(policy: Policy) -> Iterator[Policy]:
    """The simple rules inside a policy."""
    if isinstance(policy, Chain):
        for part in policy.policies:
            yield from _leaves(part)
    elif isinstance(policy, OneWay | Except):
        yield from _leaves(policy.policy)
    else:
        yield policy


def _sets(policy: Policy) -> str:
    """The sets that the rules remember by."""
    text = ""
    for n, kind in ((4, "ipv4_addr"), (6, "ipv6_addr")):
        tuple_ = f"{kind} . inet_service . {kind} . inet_service"
        for leaf in _leaves(policy):
            match leaf:
                case Police():
                    text += _set(f"flows{n}", tuple_, 120)
                case PpsCap(per_flow=True):
                    text += _set(f"counts{n}", tuple_, 120)
                case CutSeconds():
                    text += _set(f"young{n}", tuple_, 120)
                case Residual():
                    pair = f"{kind} . {kind}" + (" . inet_service" if leaf.by_port else "")
                    text += _set(f"hot{n}", pair, leaf.kill_s)
                case _:
                    pass
    return text


def _set(name: str, kind: str, timeout_s: float) -> str:
    flags = f"flags dynamic,timeout; timeout {round(timeout_s * 1000)}ms;"
    return f"  set {name} {{ type {kind}; size 65535; {flags} }}\n"


def _reject(proto: str) -> str:
    return "reject with tcp reset" if proto == "tcp" else "reject with icmpx type port-unreachable"
