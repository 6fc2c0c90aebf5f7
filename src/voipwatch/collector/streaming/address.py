"""Where the stream is: `nats://HOST[:PORT],HOST[:PORT]…?partitions=16&replicas=3`. Pure."""

from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl, unquote, urlsplit

SCHEMES: Final = ("nats", "tls")
PARTITIONS: Final = 16
"""Countries share them by hash; no more loaders than these have work."""
PARTITIONS_MAX: Final = 99
"""Two digits in their names."""
REPLICAS: Final = 3
"""What a cluster of three can hold: one of its machines may die."""
REPLICAS_MAX: Final = 5
"""JetStream's."""


class StreamAddressError(ValueError):
    """No stream can be meant by it; the message says why, without the password."""


@dataclass(frozen=True, slots=True)
class StreamAddress:
    """What a stream's URL says."""

    servers: tuple[str, ...]
    """URLs without name and password."""
    user: str = ""
    password: str = field(default="", repr=False)
    partitions: int = PARTITIONS
    replicas: int = REPLICAS

    def __str__(self) -> str:
        """For people: without the password."""
        return ",".join(self.servers)


def parse_stream(url: str) -> StreamAddress:
    """Raises StreamAddressError."""
    try:
        parts = urlsplit(url)
    except ValueError:
        raise StreamAddressError("a stream's address is nats://HOST:PORT,HOST:PORT") from None
    if parts.scheme not in SCHEMES:
        raise StreamAddressError(f"a stream's address begins with nats:// or tls://, not {parts.scheme!r}")
    if parts.path.strip("/") or parts.fragment:
        raise StreamAddressError("a stream's address has no path: nats://HOST:PORT,HOST:PORT?partitions=16")
    credentials, _, hosts = parts.netloc.rpartition("@")
    user, _, password = credentials.partition(":")
    servers = tuple(f"{parts.scheme}://{_checked_host(host)}" for host in hosts.split(","))
    partitions, replicas = PARTITIONS, REPLICAS
    for name, value in parse_qsl(parts.query, keep_blank_values=True):
        if name == "partitions":
            partitions = _number(name, value, PARTITIONS_MAX)
        elif name == "replicas":
            replicas = _number(name, value, REPLICAS_MAX)
        else:
            raise StreamAddressError(f"{name!r} is no option of a stream: partitions, replicas")
    return StreamAddress(servers, unquote(user), unquote(password), partitions, replicas)


def _checked_host(text: str) -> str:
    try:
        parts = urlsplit(f"//{text}")
        port = parts.port  # raises ValueError for one that there is not
    except ValueError as error:
        raise StreamAddressError(f"{text!r} is no HOST:PORT: {error}") from None
    if not parts.hostname or parts.path or port == 0:
        raise StreamAddressError(f"{text!r} is no HOST:PORT")
    return text


def _number(name: str, value: str, most: int) -> int:
    if not (value.isascii() and value.isdigit() and len(value) < 4 and 1 <= int(value) <= most):
        raise StreamAddressError(f"{name} is a number from 1 to {most}, not {value!r}")
    return int(value)
