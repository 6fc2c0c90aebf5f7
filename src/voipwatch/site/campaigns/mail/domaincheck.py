"""Is a sender's domain set up for mail? SPF (RFC 7208), DKIM (RFC 6376), DMARC (RFC 7489), asked of DNS.

Each check says what was found and what is wrong with it in one word; whether mail arrives is decided by
those who receive it, and none of the three promises it.
"""

import base64
import binascii
import re
from collections.abc import Sequence
from enum import StrEnum
from typing import Final, Protocol

import dns.exception
import dns.resolver
import msgspec

LOOKUPS_MAX: Final = 10
"""RFC 7208, section 4.6.4."""
KEY_BITS_MIN: Final = 1024
"""RFC 8301, section 3.2: verifiers refuse shorter RSA keys."""
TIMEOUT_S: Final = 5.0
_LOOKS_UP: Final = re.compile(r"[+?~-]?(include:|a\b|mx\b|ptr\b|exists:)|redirect=", re.IGNORECASE)


class Fault(StrEnum):
    """What is wrong; `NONE` where nothing is."""

    NONE = "none"
    MISSING = "missing"
    SEVERAL = "several"
    """More than one record: each of the three standards then says that none counts."""
    BROKEN = "broken"
    OPEN = "open"
    """SPF lets everybody send (`+all`, or no `all` at all)."""
    LOOKUPS = "lookups"
    """SPF asks DNS more often than it may."""
    REVOKED = "revoked"
    """DKIM: an empty key."""
    WEAK = "weak"
    """DKIM: a key that verifiers refuse."""
    WATCHING = "watching"
    """DMARC: `p=none` asks nobody to refuse a forgery."""
    UNKNOWN = "unknown"
    """DNS did not answer: nothing is said."""


class Found(msgspec.Struct, frozen=True):
    """One check."""

    check: str
    """`spf`, `dkim`, `dmarc`."""
    name: str
    """That was asked for."""
    fault: Fault
    record: str = ""


class Resolver(Protocol):
    """Answers for texts; raises LookupError where DNS did not answer."""

    def texts(self, name: str) -> list[str]:
        """TXT records of a name, each joined; empty: there are none."""


class DnsResolver:
    """dnspython, by the system's resolvers or one that is named."""

    def __init__(self, server: str | None = None, port: int = 53) -> None:
        self._resolver = dns.resolver.Resolver(configure=server is None)
        if server is not None:
            self._resolver.nameservers = [server]
            self._resolver.port = port
        self._resolver.lifetime = TIMEOUT_S

    def texts(self, name: str) -> list[str]:
        """Of DNS."""
        try:
            answer = self._resolver.resolve(name, "TXT")
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return []
        except (dns.exception.DNSException, OSError, ValueError) as error:
            raise LookupError(type(error).__name__) from error
        return [b"".join(record.strings).decode("utf-8", "replace") for record in answer]


def check_domain(domain: str, resolver: Resolver, selectors: Sequence[str]) -> list[Found]:
    """The three checks, one of DKIM a selector (the name under which whoever signs publishes its key)."""
    found = [_asked("spf", domain, resolver)]
    found += [_asked("dkim", f"{selector}._domainkey.{domain}", resolver) for selector in selectors]
    return [*found, _asked("dmarc", f"_dmarc.{domain}", resolver)]


def _asked(check: str, name: str, resolver: Resolver) -> Found:
    judge, mark = {"spf": (_spf, "v=spf1"), "dkim": (_dkim, ""), "dmarc": (_dmarc, "v=dmarc1")}[check]
    try:
        texts = resolver.texts(name)
    except LookupError:
        return Found(check, name, Fault.UNKNOWN)
    records = [text for text in texts if re.match(rf"\s*{mark}(?:[\s;]|$)", text, re.IGNORECASE) or not mark]
    if len(records) != 1:
        return Found(check, name, Fault.SEVERAL if records else Fault.MISSING)
    return Found(check, name, judge(records[0]), records[0][:500])


def _spf(record: str) -> Fault:
    terms = record.split()[1:]
    if sum(bool(_LOOKS_UP.match(term)) for term in terms) > LOOKUPS_MAX:
        return Fault.LOOKUPS
    if any(re.fullmatch(r"\+?all", term, re.IGNORECASE) for term in terms):
        return Fault.OPEN
    closed = any(re.fullmatch(r"[-~?]all|redirect=\S+", term, re.IGNORECASE) for term in terms)
    return Fault.NONE if closed else Fault.OPEN


def _tags(record: str) -> dict[str, str] | None:
    """Of a tag list (RFC 6376, section 3.2); None where it is none."""
    tags: dict[str, str] = {}
    for part in record.split(";"):
        if not part.strip():
            continue
        name, equals, value = part.partition("=")
        if not equals or name.strip().lower() in tags:
            return None
        tags[name.strip().lower()] = "".join(value.split())
    return tags


def _dkim(record: str) -> Fault:
    tags = _tags(record)
    if tags is None or "p" not in tags or tags.get("v", "DKIM1") != "DKIM1":
        return Fault.BROKEN
    if not tags["p"]:
        return Fault.REVOKED
    try:
        key = base64.b64decode(tags["p"], validate=True)
    except (binascii.Error, ValueError):
        return Fault.BROKEN
    if tags.get("k", "rsa") == "ed25519":  # RFC 8463
        return Fault.NONE if len(key) == 32 else Fault.BROKEN
    # The DER of a public RSA key is its modulus and little more: 1024 bits take 162 bytes.
    return Fault.WEAK if len(key) * 8 < KEY_BITS_MIN else Fault.NONE


def _dmarc(record: str) -> Fault:
    tags = _tags(record)
    if tags is None or tags.get("p", "").lower() not in {"none", "quarantine", "reject"}:
        return Fault.BROKEN
    return Fault.WATCHING if tags["p"].lower() == "none" else Fault.NONE
