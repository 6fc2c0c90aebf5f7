"""The one redactor: no record leaves this machine before it went through here.

Addresses, in any spelling and anywhere in a string, and the host names that the user typed become
equality tokens: the same address gives the same token within a report, another token in the next
one, because the key is drawn for the report and forgotten with it.

What is taken for an address (`wire.spelled`) is taken generously. Values of the closed vocabularies
are never touched, so that a redacted measurement is judged exactly as the original.
"""

import re
import zlib
from collections.abc import Iterable, Mapping
from enum import Enum
from hashlib import blake2b
from ipaddress import IPv4Address, ip_address
from typing import Final, TypeVar, cast

import msgspec

from voipwatch.model.measurement import SignedLog
from voipwatch.model.vocabulary import (
    APP_IDS,
    PRIVATE,
    Access,
    Arm,
    Conclusion,
    Direction,
    Failure,
    Family,
    Media,
    Stage,
    Verdict,
)
from voipwatch.wire.farlog import SIZE_MAX
from voipwatch.wire.spelled import DASHED_IPV4, IPV4, IPV6, canonical, ipv6_in, names_address

T = TypeVar("T")

_CLOSED: Final = frozenset(
    {"line", PRIVATE, *APP_IDS}
    | {
        str(value)
        for kind in (Access, Arm, Conclusion, Direction, Failure, Family, Media, Stage, Verdict)
        for value in kind
    }
)
"""Words that a host may be called and a record needs."""


class AddressInLogError(Exception):
    """A signed log holds an address: it cannot be redacted without breaking its signature."""


class Redactor:
    """Redacts one report. `key`: 16 or more fresh random bytes; `names`: hosts as the user typed them."""

    def __init__(self, key: bytes, names: Iterable[str] = ()) -> None:
        self._key = key
        self._names = sorted({name.lower() for name in names if name and not _is_address(name)}, key=len)[
            ::-1
        ]

    def text(self, text: str) -> str:
        """`text` with every address and every typed host name replaced."""
        text = IPV6.sub(self._ipv6_run, text)
        text = IPV4.sub(self._ipv4, text)
        text = DASHED_IPV4.sub(lambda run: self._ipv4(run, separator="-"), text)
        for name in self._names:
            if name not in _CLOSED:
                bounded = rf"(?<![\w.-]){re.escape(name)}(?![\w-])"
                text = re.sub(bounded, self._token("host", name), text, flags=re.IGNORECASE)
        return text

    def host(self, text: str) -> str:
        """A field that holds a host and nothing else: a typed name goes, whatever it is called."""
        return self._token("host", text.lower()) if text.lower() in self._names else self.text(text)

    def record(self, record: T) -> T:
        """A copy of a record with every string in it redacted, at any depth.

        Raises AddressInLogError for a signed log with an address in it.
        """
        return cast("T", self._value(record))

    def _value(self, value: object) -> object:
        if isinstance(value, SignedLog):
            refuse_addresses(value.payload)
            return value
        if isinstance(value, msgspec.Struct):
            fields = {name: self._field(name, getattr(value, name)) for name in value.__struct_fields__}
            return type(value)(**fields)
        if isinstance(value, Enum) or value is None or isinstance(value, bool | int | float | bytes):
            return value
        if isinstance(value, str):
            return value if value in _CLOSED else self.text(value)
        if isinstance(value, Mapping):
            return {self._value(key): self._value(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return type(value)(map(self._value, value))
        raise TypeError(f"no rule for a {type(value).__name__} in a record")

    def _field(self, name: str, value: object) -> object:
        return self.host(value) if name == "name" and isinstance(value, str) else self._value(value)

    def _token(self, kind: str, name: str) -> str:
        return f"{kind}-{blake2b(name.encode(), key=self._key[:64], digest_size=4).hexdigest()}"

    def _ipv4(self, run: re.Match[str], *, separator: str = ".") -> str:
        octets = [int(part) for part in run[0].split(separator)]
        if max(octets) > 255:
            return run[0]
        return self._token("addr", str(IPv4Address(bytes(octets))))

    def _ipv6_run(self, run: re.Match[str]) -> str:
        """A run with an address in it goes as a whole: where it begins and ends cannot be told for sure."""
        found = ipv6_in(run[0])
        if found is None:
            return run[0]
        before, plain, after = found
        return f"{before}{self._token('addr', canonical(plain))}{after}"


def refuse_addresses(payload: bytes) -> None:
    """Raise AddressInLogError when any string of a reflector's log, known field or not, names an address.

    Also for what is no log at all: nobody can say what is in it.
    """
    try:
        inflater = zlib.decompressobj()
        plain = msgspec.msgpack.decode(inflater.decompress(payload, SIZE_MAX))
    except (zlib.error, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise AddressInLogError from error
    if any(names_address(text) for text in _strings(plain)):
        raise AddressInLogError


def _strings(value: object) -> Iterable[str]:
    """Every string in untyped MessagePack, keys and byte strings too."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, bytes):
        yield value.decode("latin-1")
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _strings(key)
            yield from _strings(item)
    elif isinstance(value, list | tuple) and not all(isinstance(item, int) for item in value):
        for item in value:
            yield from _strings(item)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
