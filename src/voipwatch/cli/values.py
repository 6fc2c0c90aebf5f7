"""What a person types, understood: hosts, pins, sizes, app lists. Each raises `Misuse` and nothing else."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from voipwatch.cli.errors import Misuse
from voipwatch.cli.language import Size
from voipwatch.model.vocabulary import APP_IDS, PRIVATE, Access

CONTROL_PORT: Final = 8443
"""Of the control channel when the user names none: the usual unprivileged port of HTTPS."""
BY_DEFAULT: Final = ("whatsapp", "sip", "webrtc")
"""Measured where no app is named: one of each kind, and not so many that the line is conspicuous."""
BUDGET_MIN_BYTES: Final = 50_000
"""Less does not carry the warm-up and one set-up of both arms."""
BUDGET_MAX_BYTES: Final = 1_000_000_000
"""More is a mistyped unit: a minute of video both ways is about 40 MB."""
REFLECTORS_MAX: Final = 8

_UNITS: Final = {
    "": 1, "b": 1, "o": 1,
    "k": 1_000, "kb": 1_000, "ko": 1_000, "kib": 1 << 10, "kio": 1 << 10,
    "m": 1_000_000, "mb": 1_000_000, "mo": 1_000_000, "mib": 1 << 20, "mio": 1 << 20,
    "g": 1_000_000_000, "gb": 1_000_000_000, "go": 1_000_000_000, "gib": 1 << 30, "gio": 1 << 30,
}  # fmt: skip
"""Decimal and binary (IEC 80000-13) units; the octets of French-speaking users too."""
_SIZE: Final = re.compile(r"(?P<number>[0-9]{1,12}(?:[.,][0-9]{1,6})?)\s*(?P<unit>[a-z]{0,3})", re.ASCII)
_LABEL: Final = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a reflector's control channel is, and how its certificate is to be judged."""

    host: str
    """Name (ASCII) or address literal, without brackets."""
    port: int
    pin: str | None = None
    """SHA-256 of the certificate, 64 lower-case hex digits."""
    insecure: bool = False
    """Do not judge the certificate at all."""


def parse_size(text: str) -> int:
    """Bytes of `2MB`, `500kB`, `1MiB`, `1,5 Mo` or a plain number."""
    match = _SIZE.fullmatch(text.strip().lower())
    unit = _UNITS.get(match["unit"]) if match else None
    if match is None or unit is None:
        raise Misuse("error.size", value=shown(text))
    size = int(Decimal(match["number"].replace(",", ".")) * unit)
    if not BUDGET_MIN_BYTES <= size <= BUDGET_MAX_BYTES:
        raise Misuse(
            "error.size_range",
            value=shown(text),
            low=Size(BUDGET_MIN_BYTES),
            high=Size(BUDGET_MAX_BYTES),
        )
    return size


def shown(text: str, *, longest: int = 60) -> str:
    """User input as it may stand in a message: printable, and not longer than a line."""
    clean = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    return clean if len(clean) <= longest else clean[: longest - 1] + "…"


def shown_path(path: object) -> str:
    """A path as it may stand in a message; of a long one the end, which tells it from its neighbours."""
    clean = shown(str(path), longest=4096)
    return clean if len(clean) <= 160 else "…" + clean[-159:]


def parse_endpoint(text: str) -> tuple[str, int]:
    """(host, port) of `HOST`, `HOST:P`, `[IPv6]`, `[IPv6]:P` or a bare IPv6 address."""
    host, port_text = text.strip(), ""
    if host.startswith("["):
        host, bracket, rest = host[1:].partition("]")
        if not bracket or (rest and not rest.startswith(":")):
            raise Misuse("error.host", value=shown(text))
        port_text = rest[1:]
        if rest and not port_text:
            raise Misuse("error.port", value=shown(text))
        host = _ipv6(host, text)
    elif host.count(":") > 1:
        host = _ipv6(host, text)
    else:
        host, colon, port_text = host.partition(":")
        if colon and not port_text:
            raise Misuse("error.port", value=shown(text))
        host = _name(host, text)
    if not port_text:
        return host, CONTROL_PORT
    if not re.fullmatch(r"[0-9]{1,5}", port_text, re.ASCII) or not 1 <= int(port_text) <= 65535:
        raise Misuse("error.port", value=shown(text))
    return host, int(port_text)


class Place(NamedTuple):
    """Of an https address."""

    host: str
    port: int
    path: str
    """With a slash before it and none after; empty: the root."""


def parse_https(text: str) -> Place | None:
    """An https address with a host, perhaps a port and a path, and nothing else; None for any other text.

    Raises Misuse for a host that is none.
    """
    try:
        parts = urlsplit(text.strip())
        port = parts.port
    except ValueError:
        return None
    plain = not (parts.username or parts.password or parts.query or parts.fragment)
    path = parts.path.rstrip("/")
    if parts.scheme != "https" or not parts.hostname or not plain or not re.fullmatch(r"[!-~]*", path):
        return None
    host, _ = parse_endpoint(f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname)
    return Place(host, port or 443, path)


def _ipv6(host: str, text: str) -> str:
    try:
        IPv6Address(host)
    except ValueError:
        raise Misuse("error.host", value=shown(text)) from None
    return host


def _name(host: str, text: str) -> str:
    try:
        ascii_name = host.encode("idna").decode("ascii").rstrip(".") if host else ""
    except UnicodeError:
        raise Misuse("error.host", value=shown(text)) from None
    if not ascii_name or len(ascii_name) > 253 or not all(map(_LABEL.fullmatch, ascii_name.split("."))):
        raise Misuse("error.host", value=shown(text))
    return ascii_name


_INSTANCE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)


def parse_instance(text: str | None) -> str:
    """The name of an instance of emulated reports; empty for None. Raises Misuse."""
    if text is None:
        return ""
    if not _INSTANCE.fullmatch(text):
        raise Misuse("error.instance", value=shown(text))
    return text


def parse_stream_url(text: str | None) -> str:
    """The URL of a stream, looked through; empty for None. Raises Misuse, without its password."""
    if text is None:
        return ""
    from voipwatch.collector.streaming.address import (  # noqa: PLC0415 -- two commands alone need it
        StreamAddressError,
        parse_stream,
    )

    try:
        parse_stream(text)
    except StreamAddressError as error:
        raise Misuse("error.stream", reason=shown(str(error), longest=200)) from None
    return text


def parse_address(text: str) -> str:
    """An IP address to listen on, with or without brackets. Raises Misuse."""
    try:
        return str(ip_address(text.strip().removeprefix("[").removesuffix("]")))
    except ValueError:
        raise Misuse("error.bind", value=shown(text)) from None


def parse_network(text: str) -> IPv4Network | IPv6Network:
    """A prefix of addresses, or one address. Raises Misuse."""
    try:
        return ip_network(text.strip(), strict=False)
    except ValueError:
        raise Misuse("error.proxy", value=shown(text)) from None


def made_folder(text: str, *, private: bool = False) -> Path:
    """A server's data folder, made where it is not there; `private`: closed to others even where it is.

    Raises Misuse.
    """
    folder = Path(text)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if private:
            folder.chmod(0o700)
    except (OSError, ValueError) as error:  # ValueError: a null byte
        reason = getattr(error, "strerror", None) or str(error)
        raise Misuse("error.data_folder", path=shown_path(text), reason=shown(reason)) from error
    return folder


def parse_pin(text: str) -> str:
    """A SHA-256 in hex, with or without the colons of `openssl x509 -fingerprint`."""
    digits = text.strip().lower().removeprefix("sha256:").replace(":", "")
    if not re.fullmatch(r"[0-9a-f]{64}", digits, re.ASCII):
        raise Misuse("error.pin", value=shown(text))
    return digits


def parse_endpoints(
    reflectors: Sequence[str], pins: Sequence[str], *, insecure: bool
) -> tuple[Endpoint, ...]:
    """The reflectors with their pins: none, one for all, or one each, in the order typed.

    A reflector named twice is taken once.
    """
    if not reflectors:
        raise Misuse("error.no_reflector")
    if len(reflectors) > REFLECTORS_MAX:
        raise Misuse("error.many_reflectors", most=REFLECTORS_MAX)
    if pins and insecure:
        raise Misuse("error.pin_and_insecure")
    if len(pins) not in {0, 1, len(reflectors)}:
        raise Misuse("error.pin_count", pins=len(pins), reflectors=len(reflectors))
    understood: list[str | None] = [parse_pin(pin) for pin in pins] or [None]
    if len(understood) == 1:
        understood *= len(reflectors)
    found: dict[tuple[str, int], Endpoint] = {}
    for text, pin in zip(reflectors, understood, strict=True):
        host, port = parse_endpoint(text)
        found.setdefault((host.lower(), port), Endpoint(host, port, pin, insecure))
    return tuple(found.values())


def parse_apps(text: str | None, *, every: bool, profiled: Sequence[str]) -> tuple[str, ...]:
    """App ids of `whatsapp,sip`, duplicates folded; with `--all` every one with a profile; else a few."""
    if text is None:
        few = [app for app in profiled if app in (*BY_DEFAULT, PRIVATE)]
        return tuple(profiled if every else few)
    if every:
        raise Misuse("error.app_and_all")
    asked = [part.strip().lower() for part in text.split(",")]
    if PRIVATE in asked and PRIVATE not in profiled:
        raise Misuse("error.private_without_profile")
    unknown = [part for part in asked if part not in (*APP_IDS, PRIVATE)]
    if unknown:
        raise Misuse("error.app", value=shown(", ".join(unknown)) or '""', known=", ".join(APP_IDS))
    # a private profile that was named is replayed, whatever other apps are asked for
    return tuple(dict.fromkeys([*asked, *(app for app in profiled if app == PRIVATE)]))


def parse_access(text: str) -> Access:
    """One of the declared access types."""
    try:
        return Access(text.strip().lower())
    except ValueError:
        raise Misuse("error.access", value=shown(text), known=", ".join(Access)) from None


def parse_count(value: int, *, option: str, low: int, high: int) -> int:
    """`value`, if it lies in the option's range."""
    if not low <= value <= high:
        raise Misuse("error.count", option=option, value=shown(str(value), longest=24), low=low, high=high)
    return value
