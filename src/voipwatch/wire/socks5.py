"""SOCKS version 5 as a client speaks it: RFC 1928, with RFC 1929's user name and password.

`Socks5Client` asks a proxy for one connection or one UDP association, without a socket: `data_to_send`
is what to write, `receive` takes what came, until `bound` or `refusal` says how it ended. Datagrams of an
association carry a header each (`encode_datagram`, `decode_datagram`; RFC 1928 section 7).
"""

from enum import Enum
from ipaddress import IPv4Address, IPv6Address, ip_address
from struct import Struct
from typing import Final

from voipwatch.wire.errors import WireError

VERSION: Final = 5
AUTH_VERSION: Final = 1
"""Of the sub-negotiation (RFC 1929 section 2)."""
NO_AUTHENTICATION, USER_PASSWORD, NONE_ACCEPTABLE = 0x00, 0x02, 0xFF
CONNECT, UDP_ASSOCIATE = 1, 3
IPV4, DOMAIN, IPV6 = 1, 3, 4
HEADER_BYTES: Final = {4: 10, 6: 22}
"""Of a datagram, by IP version of its far end (RFC 1928 section 7)."""
CREDENTIAL_BYTES_MAX: Final = 255
ANSWER_BYTES_MAX: Final = 2 + 2 + 4 + 1 + 255 + 2
"""Of everything that a proxy says before its work begins."""
_PORT: Final = Struct("!H")


class Refusal(Enum):
    """Why a proxy did not do what was asked, by its own word."""

    AUTHENTICATION = "authentication"
    """No method that we offer, or a wrong user name or password."""
    NOT_ALLOWED = "not-allowed"
    """General failure, or its rules forbid it (REP 1, 2)."""
    NETWORK_UNREACHABLE = "network-unreachable"
    HOST_UNREACHABLE = "host-unreachable"
    CONNECTION_REFUSED = "connection-refused"
    TTL_EXPIRED = "ttl-expired"
    NO_COMMAND = "no-command"
    """REP 7: it knows no UDP ASSOCIATE."""
    NO_ADDRESS_TYPE = "no-address-type"
    GIBBERISH = "gibberish"
    """It speaks no SOCKS 5."""


REPLIES: Final = {
    1: Refusal.NOT_ALLOWED,
    2: Refusal.NOT_ALLOWED,
    3: Refusal.NETWORK_UNREACHABLE,
    4: Refusal.HOST_UNREACHABLE,
    5: Refusal.CONNECTION_REFUSED,
    6: Refusal.TTL_EXPIRED,
    7: Refusal.NO_COMMAND,
    8: Refusal.NO_ADDRESS_TYPE,
}
"""REP of RFC 1928 section 6; what is not in it is GIBBERISH."""


def encode_address(ip: str, port: int) -> bytes:
    """ATYP, address, port (RFC 1928 section 5). `ip`: a literal, its zone is left out."""
    address = ip_address(ip.partition("%")[0])
    return bytes([IPV4 if address.version == 4 else IPV6]) + address.packed + _PORT.pack(port)


def encode_datagram(ip: str, port: int, data: bytes) -> bytes:
    """A datagram for `ip` and `port`, whole: FRAG is 0."""
    return b"\0\0\0" + encode_address(ip, port) + data


def decode_datagram(data: bytes) -> tuple[str, int, bytes]:
    """(host, port, payload) of a datagram from a proxy; the host is a literal, or a name as it stands there.

    Raises:
        WireError: it is too short, its reserved bytes are not zero, or it is a fragment, which an
            implementation need not take (RFC 1928 section 7).
    """
    if len(data) < 4 or data[:2] != b"\0\0":
        raise WireError("socks5", "RSV", 0, "RFC 1928 section 7")
    if data[2] != 0:
        raise WireError("socks5", "FRAG", 2, "RFC 1928 section 7")
    host, port, end = _address(data, 3)
    return host, port, data[end:]


def _address(data: bytes, at: int) -> tuple[str, int, int]:
    """(host, port, where it ends). Raises WireError where bytes are missing, or for an odd ATYP."""
    kind = data[at] if at < len(data) else 0
    sizes = {IPV4: 4, IPV6: 16}
    if kind == DOMAIN and at + 1 < len(data):
        start, size = at + 2, data[at + 1]
    elif kind in sizes:
        start, size = at + 1, sizes[kind]
    else:
        raise WireError("socks5", "ATYP", at, "RFC 1928 section 5")
    end = start + size + 2
    if len(data) < end:
        raise WireError("socks5", "ADDR", len(data), "RFC 1928 section 5")
    raw = data[start : start + size]
    if kind == DOMAIN:
        host = raw.decode("ascii", "replace")
    else:
        host = str(IPv4Address(raw) if kind == IPV4 else IPv6Address(raw))
    return host, int(_PORT.unpack_from(data, end - 2)[0]), end


class Socks5Client:
    """One request to a proxy.

    Args:
        command: `CONNECT` or `UDP_ASSOCIATE`.
        destination: (address literal, port) to connect to; None for an association from a port that the
            proxy shall learn from the first datagram, as behind a NAT (RFC 1928 section 4).
        credentials: (user name, password), 1 to 255 bytes each; None offers none.
    """

    def __init__(
        self,
        command: int,
        *,
        destination: tuple[str, int] | None = None,
        credentials: tuple[bytes, bytes] | None = None,
    ) -> None:
        self._request = bytes([VERSION, command, 0]) + encode_address(*(destination or ("0.0.0.0", 0)))  # noqa: S104 -- RFC 1928: zeros where it is not known
        self._credentials = credentials
        methods = [NO_AUTHENTICATION] + ([USER_PASSWORD] if credentials else [])
        self._out = bytes([VERSION, len(methods), *methods])
        self._state = self._choice
        self._data = b""
        self.bound: tuple[str, int] | None = None
        """Where the proxy stands for us; of an association, where datagrams go."""
        self.refusal: Refusal | None = None

    @property
    def done(self) -> bool:
        """True when nothing more is to be said or heard."""
        return self._ended()

    def data_to_send(self) -> bytes:
        """What is to be written now."""
        out, self._out = self._out, b""
        return out

    def receive(self, data: bytes) -> bytes:
        """Take what came, none at the end of the stream; what follows the proxy's last word is given back."""
        if self._ended():
            return data
        self._data += data
        while not self._ended() and self._state():
            pass
        if self._ended():
            rest, self._data = self._data, b""
            return rest
        if not data or len(self._data) > ANSWER_BYTES_MAX:
            self.refusal = Refusal.GIBBERISH
        return b""

    def _ended(self) -> bool:
        return self.bound is not None or self.refusal is not None

    def _choice(self) -> bool:
        """The method that the proxy chose (section 3)."""
        if len(self._data) < 2:
            self._must(self._data[:1] in {b"", bytes([VERSION])})
            return False
        version, method = self._take(2)
        if self._must(version == VERSION):
            if method == NO_AUTHENTICATION:
                self._ask()
            elif method == USER_PASSWORD and self._credentials is not None:
                user, password = self._credentials
                self._out += bytes([AUTH_VERSION, len(user)]) + user + bytes([len(password)]) + password
                self._state = self._welcome
            else:
                self.refusal = Refusal.AUTHENTICATION
        return True

    def _welcome(self) -> bool:
        """Whether user name and password were right (RFC 1929 section 2)."""
        if len(self._data) < 2:
            return False
        _, status = self._take(2)
        if status == 0:
            self._ask()
        else:
            self.refusal = Refusal.AUTHENTICATION
        return True

    def _ask(self) -> None:
        self._out += self._request
        self._state = self._reply

    def _reply(self) -> bool:
        """Section 6. A refusal's address may be missing: its number says enough."""
        if len(self._data) < 2:
            return False
        if not self._must(self._data[0] == VERSION):
            return True
        if self._data[1] != 0:
            self.refusal = REPLIES.get(self._data[1], Refusal.GIBBERISH)
            return True
        if len(self._data) < 5:
            return False
        kind = self._data[3]
        size = {IPV4: 10, IPV6: 22, DOMAIN: 7 + self._data[4]}.get(kind)
        if size is None:
            self.refusal = Refusal.GIBBERISH
            return True
        if len(self._data) < size:
            return False
        host, port, _ = _address(self._take(size), 3)
        self.bound = (host, port)
        return True

    def _take(self, size: int) -> bytes:
        taken, self._data = self._data[:size], self._data[size:]
        return taken

    def _must(self, condition: bool) -> bool:
        if not condition:
            self.refusal = Refusal.GIBBERISH
        return condition
