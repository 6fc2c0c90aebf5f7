"""The closed vocabularies: what a verdict, a stage, an arm may be called.

Every value is a permanent public name: reports, cells and incidents quote it, so a value is
never renamed or reused, only added.
"""

from enum import StrEnum

APP_IDS: tuple[str, ...] = (
    "whatsapp", "viber", "skype", "teams", "messenger", "facetime", "imo",
    "signal", "telegram", "zoom", "meet", "discord", "sip", "webrtc",
)  # fmt: skip
"""Ids of every app that voipwatch knows or will know; the order is the order of tables."""

PRIVATE = "private"
"""Id of a profile that a user made from a capture of his own: never packaged, after all others in tables."""

LINE = "line"
"""The pseudo-app of flows that measure the line itself (warm-up); never a row of a result."""


class Verdict(StrEnum):
    """What is said of one app, and of each stage inside it (docs/methods/verdicts.md)."""

    OK = "ok"
    """No interference seen with this shape towards this reflector; never "calls work"."""
    BLOCKED = "blocked"
    """At least 90 % lost in two or more disjoint flows two seconds apart while the control lives."""
    THROTTLED = "throttled"
    """Alive, and the effect's interval lies wholly over 3 loss points, 50 ms delay or 20 ms jitter."""
    DOWN = "down"
    """Treatment and every control fail: said about the line, not about the app."""
    INSUFFICIENT = "insufficient"
    """Not enough evidence, or the control itself is bad."""


class Conclusion(StrEnum):
    """What a measurement through a tunnel or proxy says beside the direct one (docs/design/0009-via.md)."""

    RESTORES = "operator-stops-vpn-restores"
    """Blocked or throttled directly, ok through it: what stops it lies before the tunnel's end."""
    SAME = "same"
    """The same verdict both ways."""
    BREAKS = "vpn-breaks"
    """Ok directly, not through it."""
    UNCLEAR = "unclear"
    """Anything else; nothing is said of where it lies."""


class Stage(StrEnum):
    """Where in a call something manifested."""

    RESOLVE = "resolve"
    REACH = "reach"
    SETUP = "setup"
    HANDSHAKE = "handshake"
    VOICE = "voice"
    VIDEO = "video"
    DIRECT = "direct"
    """The leg from telephone to telephone, where the leg through the app's relay gets through."""


class Arm(StrEnum):
    """What a flow carries and where it goes."""

    A = "A"
    """The app's true shape on the app's port (treatment)."""
    C = "C"
    """Control: same sizes and timing, random bytes, on the app's port."""
    A_NEUTRAL = "A'"
    """The app's shape on a neutral port."""
    C_NEUTRAL = "C'"
    """Control on a neutral port."""
    D = "D"
    """A one-feature mutant of A, run only to find the trigger."""
    W = "W"
    """Warm-up of the line: control bytes on a neutral port."""


CONTROL_ARMS: frozenset[Arm] = frozenset({Arm.C, Arm.C_NEUTRAL, Arm.W})


class Family(StrEnum):
    """Control family, by first payload byte (RFC 7983, RFC 9443)."""

    NONE = ""
    """Not a control flow."""
    U = "U"
    """0x04-0x0F: assigned to nothing."""
    Q = "Q"
    """0x50-0x7F: reads as a QUIC short header."""


class Media(StrEnum):
    """What a flow carries after its set-up."""

    NONE = "none"
    VOICE = "voice"
    VIDEO = "video"


class Direction(StrEnum):
    """Seen from the vantage point: up leaves it, down arrives."""

    UP = "up"
    DOWN = "down"
    BOTH = "both"


class Access(StrEnum):
    """Access type, declared by the user or told by the operating system; never guessed."""

    G3 = "3g"
    G4 = "4g"
    G5 = "5g"
    WIFI = "wifi"
    ADSL = "adsl"
    FIBRE = "fibre"
    CABLE = "cable"
    SATELLITE = "satellite"
    ETHERNET = "ethernet"
    UNKNOWN = "unknown"


class Failure(StrEnum):
    """Why a network operation failed. A failure is a result; an exception is our fault."""

    DNS_NXDOMAIN = "dns_nxdomain"
    DNS_TIMEOUT = "dns_timeout"
    CONNECTION_REFUSED = "connection_refused"
    CONNECTION_RESET = "connection_reset"
    CONNECTION_CLOSED = "connection_closed"
    CONNECT_TIMEOUT = "connect_timeout"
    READ_TIMEOUT = "read_timeout"
    HOST_UNREACHABLE = "host_unreachable"
    NETWORK_UNREACHABLE = "network_unreachable"
    PORT_UNREACHABLE = "port_unreachable"
    MESSAGE_TOO_LONG = "message_too_long"
    NO_BUFFERS = "no_buffers"
    PROXY_FAILED = "proxy_failed"
    PROXY_AUTH = "proxy_auth"
    PROXY_REFUSED = "proxy_refused"
    PROXY_NO_UDP = "proxy_no_udp"
    PIN_MISMATCH = "pin_mismatch"
    TLS_FAILED = "tls_failed"
    BAD_ANSWER = "bad_answer"
    VERSION_MISMATCH = "version_mismatch"
    TICKET_REFUSED = "ticket_refused"
    PORT_NOT_SERVED = "port_not_served"
    UNKNOWN = "unknown_failure"
