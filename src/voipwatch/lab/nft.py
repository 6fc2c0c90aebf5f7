"""The same censors as nftables rules, for those that nftables can say.

Rules stand in the operator's forward chain; `line0` leads to the line, `net0` to the internet. `@th,N,L`
counts bits from the UDP header, so that the payload starts at bit 64. Not used, because kernels lack them:
netem, nft's own `queue`, act_police.

Differences from the pure rule: a flow's recognition lives in the connection's mark and ends with it
(`nf_conntrack_udp_timeout`, set to a minute), and random loss draws from the kernel's dice.
"""

from ipaddress import ip_network
from typing import Final

from voipwatch.lab.policy import Policy
from voipwatch.lab.policy.combine import Chain, OneWay, Open
from voipwatch.lab.policy.dtls import DtlsHello
from voipwatch.lab.policy.flow import CutAfter, MatchThenKill
from voipwatch.lab.policy.names import AddressDrop
from voipwatch.lab.policy.payload import Pattern, Payload
from voipwatch.lab.policy.ports import PortDrop, PortReject
from voipwatch.lab.policy.rate import MediaLoss, Police
from voipwatch.lab.policy.rtp import RtpDrop
from voipwatch.lab.policy.signature import DYNAMIC_PT_MIN, SIP_STARTS, STATIC_PT_MAX
from voipwatch.lab.policy.sip import SipText
from voipwatch.lab.policy.stun import (
    TURN_TYPES,
    WHATSAPP_ATTRIBUTES,
    WHATSAPP_TYPES,
    StunCookie,
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
}
"""Each name of `signature.SIGNATURES` as conditions, any of which may hold."""


def ruleset(policy: Policy, *, portal: bool = False) -> str | None:
    """A whole nftables table for the operator, or None if nftables cannot say the policy."""
    lines = _rules(policy)
    if lines is None or sum("ct mark set" in line for line in lines) > sum(map(len, MATCHES.values())):
        return None  # two rules with a memory of flows would share one mark
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
    return _stateless(policy) or _with_memory(policy)


def _stateless(policy: Policy) -> list[str] | None:
    match policy:
        case Open():
            return [""]
        case PortDrop() | PortReject():
            ports = ", ".join(f"{a}-{b}" if a != b else str(a) for a, b in policy.ports)
            end = "drop" if isinstance(policy, PortDrop) else _reject(policy.proto)
            return [f"{UP}{policy.proto} dport {{ {ports} }} {end}"]
        case StunCookie():
            return [COOKIE + ("@th,94,2 0 " if policy.strict else "") + "drop"]
        case TurnOnly():
            channel = "udp length >= 12 @th,64,4 4 @th,80,8 < 6 drop"
            return [f"{COOKIE}@th,64,16 {_hex(TURN_TYPES)} drop", channel]
        case WhatsAppStun():
            attribute = COOKIE.replace("28", "30")
            return [
                f"{COOKIE}@th,64,16 {_hex(WHATSAPP_TYPES)} drop",
                f"{attribute}@th,224,16 {_hex(WHATSAPP_ATTRIBUTES)} drop",
            ]
        case DtlsHello():
            return [HELLO + "drop"]
        case RtpDrop():
            kinds = [RTP_STATIC] * policy.static + [RTP_DYNAMIC] * policy.dynamic
            return [kind + "drop" for kind in kinds] or [""]
        case SipText():
            return [SIP + "drop"]
        case Payload():
            return [line for pattern in policy.any for line in _pattern(pattern)]
        case AddressDrop() if all(ip_network(network).version == 4 for network in policy.networks):
            return _addresses(policy)
        case UdpAll():
            return ["meta l4proto udp drop"]
        case _:
            return None


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
    ports = ", ".join(f"{first}-{last}" if first != last else str(first) for first, last in pattern.ports)
    return [f"{UP}udp dport {{ {ports} }} {body}", f"{DOWN}udp sport {{ {ports} }} {body}"]


def _with_memory(policy: Policy) -> list[str] | None:
    match policy:
        case MediaLoss():
            limit = round(policy.ratio * 1000)
            return [f"{m}numgen random mod 1000 < {limit} drop" for m in _matches(policy.signatures)]
        case CutAfter():
            return [*_marks(policy.signatures), f"ct mark {MARK} ct original packets > {policy.packets} drop"]
        case MatchThenKill():
            return [f"ct mark {MARK} drop", *_marks(policy.signatures)]
        case Police() if policy.burst_bytes >= policy.bytes_per_s:
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


def _sets(policy: Policy) -> str:
    parts = policy.policies if isinstance(policy, Chain) else (policy,)
    if not any(isinstance(part, Police) for part in parts):
        return ""
    return "".join(
        f"  set flows{n} {{ type {kind} . inet_service . {kind} . inet_service; size 65535; "
        f"flags dynamic,timeout; timeout 120s; }}\n"
        for n, kind in ((4, "ipv4_addr"), (6, "ipv6_addr"))
    )


def _reject(proto: str) -> str:
    return "reject with tcp reset" if proto == "tcp" else "reject with icmpx type port-unreachable"
