"""The table of rules: what the router does, and which class the line test has to come to."""

from typing import Final

from tests.site.linetest.line_net import NAME

# Not Boyer-Moore, which overlooks what lies across two fragments of a packet (the kernel's lib/ts_bm.c): a
# ClientHello has 1.9 kB, and its name stands anywhere in it.
NAMED: Final = f"-m string --algo kmp --string {NAME}"
# The whole flow from there on, as such boxes do. A rule that drops single packets let the relay through in 3
# of 13 runs, probably because what is sent again is cut into other pieces than at first.
MARKED: Final = f"""$iptables -t mangle -A FORWARD -p tcp --dport 443 {NAMED} -j CONNMARK --set-mark 7
$iptables -A FORWARD -m connmark --mark 7 -j DROP"""
RESET: Final = "-j REJECT --reject-with tcp-reset"

RULES: Final[dict[str, tuple[str, str]]] = {
    "none": ("", "ok"),
    "STUN cookie": ("meta l4proto udp @ih,32,32 0x2112a442 drop", "udp-or-stun"),
    "STUN cookie, tcp and udp": ("meta l4proto { tcp, udp } @ih,32,32 0x2112a442 drop", "tls-only"),
    "cookie at a wrong offset": ("meta l4proto udp @th,128,32 0x2112a442 drop", "ok"),
    "DTLS handshake": ("meta l4proto udp @th,64,8 22 drop", "dtls"),
    "RTP and RTCP": ("meta l4proto udp @th,64,2 2 drop", "rtp"),
    "RTP and RTCP, up only": ('iifname "line" meta l4proto udp @th,64,2 2 drop', "one-way"),
    "RTP and RTCP, down only": ('iifname "net" meta l4proto udp @th,64,2 2 drop', "one-way"),
    "all UDP, dropped": ("meta l4proto udp drop", "udp-or-stun"),
    "all UDP, rejected": ("meta l4proto udp reject with icmpx type admin-prohibited", "udp-or-stun"),
    "only TCP 443 and the page": (
        "tcp dport { 443, 9000 } accept; tcp sport { 443, 9000 } accept; drop",
        "tls-only",
    ),
    "RTP over 20 packets a second": ("meta l4proto udp @th,64,2 2 limit rate over 20/second drop", "poor"),
    "RTP, 30 % at random": ("meta l4proto udp @th,64,2 2 numgen random mod 100 < 30 drop", "poor"),
    "flow cut after 40 packets": ("meta l4proto udp ct original packets > 40 drop", "late-cut"),
    "40 kbit/s up": ("$tc qdisc add dev net root tbf rate 40kbit burst 3000 limit 6000", "poor"),
    "40 kbit/s down": ("$tc qdisc add dev line root tbf rate 40kbit burst 3000 limit 6000", "poor"),
    "name in TLS, reset": (f"$iptables -A FORWARD -p tcp --dport 443 {NAMED} {RESET}", "sni-or-name"),
    "name in TLS, flow dropped": (MARKED, "sni-or-name"),
}
"""Name -> (rule, class): the table of docs/design/0024-line-test.md. A rule is the body of nftables' forward
chain, or a line of shell after `$`."""
QUICK: Final = (
    "none",
    "STUN cookie",
    "STUN cookie, tcp and udp",
    "RTP and RTCP",
    "RTP, 30 % at random",
    "flow cut after 40 packets",
    "name in TLS, reset",
)
"""What `make test` has time for: one of each kind of evidence."""
