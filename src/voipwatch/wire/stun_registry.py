"""Names of STUN methods, attributes, error codes and message types, and who defined each.

`Attribute`, `Method` and `ErrorCode` hold what IANA's registry holds, those an RFC removed but software still
sends included. What no registry knows stands apart, one enumeration a vendor, because vendors reuse numbers:
MS-TURN swaps REALM and NONCE, and its 0x0012 and 0x0027 are not the RFCs'.
"""

from enum import IntEnum
from typing import Self


class _Named(IntEnum):
    """A number with the document or vendor that defined it."""

    defined_by: str

    def __new__(cls, value: int, defined_by: str) -> Self:
        """Keep the source beside the number."""
        member = int.__new__(cls, value)
        member._value_ = value
        member.defined_by = defined_by
        return member

    @property
    def wire_name(self) -> str:
        """The name as documents write it: with hyphens."""
        return self.name.replace("_", "-")


class Method(_Named):
    """Methods: 12 bits, without the class (RFC 8489 section 18.2)."""

    BINDING = 0x001, "RFC 8489"
    SHARED_SECRET = 0x002, "RFC 3489, removed by RFC 5389"
    ALLOCATE = 0x003, "RFC 8656"
    REFRESH = 0x004, "RFC 8656"
    SEND = 0x006, "RFC 8656"
    DATA = 0x007, "RFC 8656"
    CREATE_PERMISSION = 0x008, "RFC 8656"
    CHANNEL_BIND = 0x009, "RFC 8656"
    CONNECT = 0x00A, "RFC 6062"
    CONNECTION_BIND = 0x00B, "RFC 6062"
    CONNECTION_ATTEMPT = 0x00C, "RFC 6062"
    GOOG_PING = 0x080, "Google"


class WhatsAppType(_Named):
    """WhatsApp's own message types: all 16 bits, because they follow no class scheme. None is registered."""

    HANG_UP = 0x0800, "WhatsApp"
    PING = 0x0801, "WhatsApp"
    PONG = 0x0802, "WhatsApp"
    STATEFUL_PING = 0x0804, "WhatsApp"
    STATEFUL_PONG = 0x0805, "WhatsApp"


class MicrosoftType(_Named):
    """A message type of MS-TURN that the class scheme of RFC 5389 would read as an error response."""

    DATA_INDICATION = 0x0115, "MS-TURN"


class Attribute(_Named):
    """Attributes that IANA registers or reserves (RFC 8489 section 18.3)."""

    MAPPED_ADDRESS = 0x0001, "RFC 8489"
    RESPONSE_ADDRESS = 0x0002, "RFC 3489, removed by RFC 5389"
    CHANGE_REQUEST = 0x0003, "RFC 5780"
    SOURCE_ADDRESS = 0x0004, "RFC 3489, removed by RFC 5389"
    CHANGED_ADDRESS = 0x0005, "RFC 3489, removed by RFC 5389"
    USERNAME = 0x0006, "RFC 8489"
    PASSWORD = 0x0007, "RFC 3489, removed by RFC 5389"
    MESSAGE_INTEGRITY = 0x0008, "RFC 8489"
    ERROR_CODE = 0x0009, "RFC 8489"
    UNKNOWN_ATTRIBUTES = 0x000A, "RFC 8489"
    REFLECTED_FROM = 0x000B, "RFC 3489, removed by RFC 5389"
    REALM = 0x0014, "RFC 8489"
    NONCE = 0x0015, "RFC 8489"
    MESSAGE_INTEGRITY_SHA256 = 0x001C, "RFC 8489"
    PASSWORD_ALGORITHM = 0x001D, "RFC 8489"
    USERHASH = 0x001E, "RFC 8489"
    XOR_MAPPED_ADDRESS = 0x0020, "RFC 8489"
    PASSWORD_ALGORITHMS = 0x8002, "RFC 8489"
    ALTERNATE_DOMAIN = 0x8003, "RFC 8489"
    SOFTWARE = 0x8022, "RFC 8489"
    ALTERNATE_SERVER = 0x8023, "RFC 8489"
    FINGERPRINT = 0x8028, "RFC 8489"

    CHANNEL_NUMBER = 0x000C, "RFC 8656"
    LIFETIME = 0x000D, "RFC 8656"
    BANDWIDTH = 0x0010, "TURN drafts, removed by RFC 5766; MS-TURN sends it"
    XOR_PEER_ADDRESS = 0x0012, "RFC 8656"
    DATA = 0x0013, "RFC 8656"
    XOR_RELAYED_ADDRESS = 0x0016, "RFC 8656"
    REQUESTED_ADDRESS_FAMILY = 0x0017, "RFC 8656"
    EVEN_PORT = 0x0018, "RFC 8656"
    REQUESTED_TRANSPORT = 0x0019, "RFC 8656"
    DONT_FRAGMENT = 0x001A, "RFC 8656"
    TIMER_VAL = 0x0021, "TURN drafts, removed by RFC 5766"
    RESERVATION_TOKEN = 0x0022, "RFC 8656"
    ADDITIONAL_ADDRESS_FAMILY = 0x8000, "RFC 8656"
    ADDRESS_ERROR_CODE = 0x8001, "RFC 8656"
    ICMP = 0x8004, "RFC 8656"

    PRIORITY = 0x0024, "RFC 8445"
    USE_CANDIDATE = 0x0025, "RFC 8445"
    ICE_CONTROLLED = 0x8029, "RFC 8445"
    ICE_CONTROLLING = 0x802A, "RFC 8445"

    PADDING = 0x0026, "RFC 5780"
    RESPONSE_PORT = 0x0027, "RFC 5780"
    CACHE_TIMEOUT = 0x8027, "RFC 5780"
    RESPONSE_ORIGIN = 0x802B, "RFC 5780"
    OTHER_ADDRESS = 0x802C, "RFC 5780"

    CONNECTION_ID = 0x002A, "RFC 6062"
    ECN_CHECK_STUN = 0x802D, "RFC 6679"
    ACCESS_TOKEN = 0x001B, "RFC 7635"
    THIRD_PARTY_AUTHORIZATION = 0x802E, "RFC 7635"
    TRANSACTION_TRANSMIT_COUNTER = 0x8025, "RFC 7982"
    MOBILITY_TICKET = 0x8030, "RFC 8016"

    CISCO_STUN_FLOWDATA = 0xC000, "Cisco"
    ENF_FLOW_DESCRIPTION = 0xC001, "Cisco"
    ENF_NETWORK_STATUS = 0xC002, "Cisco"
    GOOG_NETWORK_INFO = 0xC057, "Google"
    GOOG_LAST_ICE_CHECK_RECEIVED = 0xC058, "Google"
    GOOG_MISC_INFO = 0xC059, "Google"
    GOOG_OBSOLETE_1 = 0xC05A, "Google"
    GOOG_CONNECTION_ID = 0xC05B, "Google"
    GOOG_DELTA = 0xC05C, "Google"
    GOOG_DELTA_ACK = 0xC05D, "Google"
    GOOG_MESSAGE_INTEGRITY_32 = 0xC060, "Google"
    DTLS_IN_STUN = 0xC070, "Google"
    DTLS_IN_STUN_ACKNOWLEDGEMENT = 0xC071, "Google"


class WhatsAppAttribute(_Named):
    """Attributes of WhatsApp's relay protocol; the names describe what they hold, Meta publishes none."""

    RELAY_TOKEN = 0x4000, "WhatsApp"
    RELAY_TOKEN_ALTERNATE = 0x4001, "WhatsApp"
    SERVER_TIME = 0x4002, "WhatsApp"
    REFLEXIVE_PAYLOAD = 0x4003, "WhatsApp"
    PROBE_PADDING = 0x4004, "WhatsApp"
    RTP = 0x4005, "WhatsApp"
    UNNAMED_4006 = 0x4006, "WhatsApp"
    PAYLOAD_SIZE = 0x4007, "WhatsApp"
    SUBSCRIPTIONS = 0x4021, "WhatsApp"
    SUBSCRIPTIONS_ALTERNATE = 0x4023, "WhatsApp"
    STREAM_DESCRIPTOR = 0x4024, "WhatsApp"


class MicrosoftAttribute(_Named):
    """Attributes of MS-TURN, MS-ICE2 and MS-TURNBWM that are unregistered, or mean something else there."""

    MS_ALTERNATE_SERVER = 0x000E, "MS-TURN"
    MAGIC_COOKIE = 0x000F, "MS-TURN"
    DESTINATION_ADDRESS = 0x0011, "MS-TURN"
    REMOTE_ADDRESS = 0x0012, "MS-TURN"
    MS_NONCE = 0x0014, "MS-TURN"
    MS_REALM = 0x0015, "MS-TURN"
    UNNAMED_8006 = 0x8006, "seen in Teams calls"
    MS_VERSION = 0x8008, "MS-TURN"
    MS_XOR_MAPPED_ADDRESS = 0x8020, "MS-TURN"
    MS_ALTERNATE_HOST_NAME = 0x8032, "MS-TURN"
    UNNAMED_8033 = 0x8033, "seen in Skype and Teams calls"
    UNNAMED_8036 = 0x8036, "seen in Skype and Teams calls"
    MS_APP_ID = 0x8037, "MS-TURN"
    MS_SECURE_TAG = 0x8039, "MS-TURN"
    MS_SEQUENCE_NUMBER = 0x8050, "MS-TURN"
    MS_CANDIDATE_IDENTIFIER = 0x8054, "MS-ICE2"
    MS_SERVICE_QUALITY = 0x8055, "MS-TURN"
    MS_BANDWIDTH_ADMISSION = 0x8056, "MS-TURNBWM"
    MS_BANDWIDTH_RESERVATION_ID = 0x8057, "MS-TURNBWM"
    MS_BANDWIDTH_RESERVATION_AMOUNT = 0x8058, "MS-TURNBWM"
    MS_SIP_DIALOG_ID = 0x8061, "MS-TURNBWM"
    MS_SIP_CALL_ID = 0x8062, "MS-TURNBWM"
    MS_LOCATION_PROFILE = 0x8068, "MS-TURNBWM"
    MS_IMPLEMENTATION_VERSION = 0x8070, "MS-ICE2"
    MS_ALTERNATE_MAPPED_ADDRESS = 0x8090, "MS-TURN"
    MS_MULTIPLEXED_TURN_SESSION_ID = 0x8095, "MS-TURN"


class ZoomAttribute(_Named):
    """Attributes of Zoom's cookie-less port test."""

    PORT_TEST = 0x0101, "Zoom"
    UNNAMED_0103 = 0x0103, "Zoom"


class GoogleAttribute(_Named):
    """Attributes of libwebrtc's TURN client and of Google's relays that were never registered."""

    UNNAMED_FF03 = 0xFF03, "Google"
    GOOG_MULTI_MAPPING = 0xFF04, "Google"
    GOOG_LOGGING_ID = 0xFF05, "Google"


class ErrorCode(_Named):
    """Error codes (RFC 8489 section 14.8 and 18.4)."""

    TRY_ALTERNATE = 300, "RFC 8489"
    BAD_REQUEST = 400, "RFC 8489"
    UNAUTHENTICATED = 401, "RFC 8489"
    FORBIDDEN = 403, "RFC 8656"
    MOBILITY_FORBIDDEN = 405, "RFC 8016"
    UNKNOWN_ATTRIBUTE = 420, "RFC 8489"
    ALLOCATION_MISMATCH = 437, "RFC 8656"
    STALE_NONCE = 438, "RFC 8489"
    ADDRESS_FAMILY_NOT_SUPPORTED = 440, "RFC 8656"
    WRONG_CREDENTIALS = 441, "RFC 8656"
    UNSUPPORTED_TRANSPORT_PROTOCOL = 442, "RFC 8656"
    PEER_ADDRESS_FAMILY_MISMATCH = 443, "RFC 8656"
    CONNECTION_ALREADY_EXISTS = 446, "RFC 6062"
    CONNECTION_TIMEOUT_OR_FAILURE = 447, "RFC 6062"
    ALLOCATION_QUOTA_REACHED = 486, "RFC 8656"
    ROLE_CONFLICT = 487, "RFC 8445"
    SERVER_ERROR = 500, "RFC 8489"
    INSUFFICIENT_CAPACITY = 508, "RFC 8656"

    @property
    def reason(self) -> str:
        """The recommended reason phrase."""
        small = {"Or": "or", "Not": "not"}
        return " ".join(small.get(word, word) for word in self.name.replace("_", " ").title().split())


REGISTERED: tuple[type[_Named], ...] = (Attribute,)
UNREGISTERED: tuple[type[_Named], ...] = (
    WhatsAppAttribute,
    MicrosoftAttribute,
    ZoomAttribute,
    GoogleAttribute,
)


def _by_number(tables: tuple[type[_Named], ...]) -> dict[int, _Named]:
    found: dict[int, _Named] = {}
    for table in tables:
        for member in table:
            found.setdefault(int(member), member)
    return found


_ATTRIBUTES = _by_number(REGISTERED + UNREGISTERED)
_METHODS = _by_number((Method,))
_TYPES = _by_number((WhatsAppType, MicrosoftType))


def attribute_entry(type_field: int) -> _Named | None:
    """The attribute of this number: IANA's meaning where there is one, else a vendor's, else None."""
    return _ATTRIBUTES.get(type_field)


def attribute_name(type_field: int) -> str:
    """The attribute's name, or its number in hexadecimal."""
    entry = _ATTRIBUTES.get(type_field)
    return f"0x{type_field:04X}" if entry is None else entry.wire_name


def method_name(method: int) -> str:
    """The method's name, or its number in hexadecimal."""
    entry = _METHODS.get(method)
    return f"0x{method:03X}" if entry is None else entry.wire_name


def vendor_type_name(type_field: int) -> str | None:
    """The name of a vendor's own message type, or None where the type follows RFC 8489's scheme."""
    entry = _TYPES.get(type_field)
    return None if entry is None else entry.wire_name
