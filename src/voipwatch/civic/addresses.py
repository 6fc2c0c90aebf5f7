"""An e-mail address as somebody typed it: parsed strictly, told apart from look-alikes, made canonical.

What is taken is a mailbox that any server can be asked to deliver to: a dot-string in ASCII before the at
sign (RFC 5321, section 4.1.2; RFC 5322, section 3.2.3 for its characters) and a host name after it, IDNA
2008 with the mapping of UTS #46. No comments, no quoted parts, no address literals, no display name: each
of them is where header injection hides, and nobody signs with one. Nor letters outside of ASCII before the
at sign (RFC 6531): the relay and the receiver's server would both have to offer SMTPUTF8, which is found out
only after the answer to the form was given; and which spellings of such a part are one mailbox no provider
documents. They are refused with words of their own. Lengths are those of RFC 5321, section
4.5.3.1.

The canonical form is for counting a person once, never for writing to: mail goes to what was typed. Mails are
counted under a coarser key (`mailbox_key`), because an error there costs a stranger his peace.
"""

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any, Final

import idna
import msgspec

from voipwatch.civic.registrable import registrable_domain

LOCAL_OCTETS_MAX: Final = 64
"""RFC 5321, section 4.5.3.1.1."""
DOMAIN_OCTETS_MAX: Final = 253
"""RFC 5321, section 4.5.3.1.2 has 255 octets with the length bytes of the wire: 253 characters of text."""
ADDRESS_OCTETS_MAX: Final = 254
"""RFC 5321, section 4.5.3.1.3: a path of 256 octets with its angle brackets (RFC 3696, erratum 1690)."""
TYPED_CHARACTERS_MAX: Final = 320
"""More is no address in any form; nothing is parsed then."""

_ATOM: Final = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LOCAL: Final = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
_LATIN_LOOKALIKES: Final = frozenset("асԁеһіјӏорԛѕԝхуьпгѵѡ")
"""Cyrillic letters that a reader takes for Latin ones; after the list of Chromium's display policy for IDN.
"""
_TOGETHER: Final = (
    frozenset({"CJK", "HIRAGANA", "KATAKANA", "LATIN"}),
    frozenset({"CJK", "BOPOMOFO", "LATIN"}),
    frozenset({"CJK", "HANGUL", "LATIN"}),
)
"""UTS #39, section 5.2, "highly restrictive": scripts that one label may mix."""
_CYRILLIC_ENDINGS: Final = frozenset({"рф", "бел", "укр", "срб", "мкд", "бг", "мон", "қаз", "ею"})
"""Top domains in Cyrillic: below them a Cyrillic label pretends nothing."""


class AddressFault(StrEnum):
    """Why a text is no address that may sign."""

    EMPTY = "empty"
    LONG = "long"
    NO_AT = "no-at"
    LOCAL = "local"
    """What is before the at sign."""
    LETTERS = "letters"
    """The same, of letters outside of ASCII (RFC 6531): it names a mailbox, and we do not write to it."""
    DOMAIN = "domain"
    """What is after it."""
    LOOKALIKE = "lookalike"
    """A domain that mixes scripts, or is written in letters that look like others."""
    DISPOSABLE = "disposable"
    """A mailbox that anybody can read."""


class AddressError(ValueError):
    """A text is no address that may sign."""

    def __init__(self, fault: AddressFault) -> None:
        super().__init__(fault.value)
        self.fault = fault


class Address(msgspec.Struct, frozen=True):
    """A mailbox."""

    local: str
    """As it was typed; ASCII."""
    domain: str
    """Lower case, A-labels."""

    @property
    def mailbox(self) -> str:
        """As it goes onto the wire."""
        return f"{self.local}@{self.domain}"


class Provider(msgspec.Struct, frozen=True):
    """What a provider documents about the spellings of its addresses."""

    same_as: str
    plus: bool
    dots: bool
    source: str


class MailDomains(msgspec.Struct, frozen=True):
    """What is known of mail domains."""

    providers: Mapping[str, Provider]
    disposable: frozenset[str]
    large: frozenset[str] = frozenset()
    """Domains where anybody may open a mailbox and no one owner has them all."""

    def with_disposable(self, domains: Iterable[str]) -> "MailDomains":
        """The same and an instance's own list. Raises AddressError for a line that is no domain."""
        return msgspec.structs.replace(
            self, disposable=self.disposable | {host_name(each) for each in domains}
        )


def parse_address(text: str) -> Address:
    """The mailbox that a text names; spaces around it are forgiven, as keyboards of phones add one.

    Raises:
        AddressError: it names none, or one whose domain deceives the eye.
    """
    if len(text) > TYPED_CHARACTERS_MAX:
        raise AddressError(AddressFault.LONG)
    typed = text.strip(" ")
    if not typed:
        raise AddressError(AddressFault.EMPTY)
    local, at, domain = typed.rpartition("@")
    if not at:
        raise AddressError(AddressFault.NO_AT)
    if not _LOCAL.fullmatch(local):
        raise AddressError(AddressFault.LETTERS if _is_international(local) else AddressFault.LOCAL)
    if len(local) > LOCAL_OCTETS_MAX:
        raise AddressError(AddressFault.LONG)
    found = Address(local, host_name(domain))
    if len(found.mailbox) > ADDRESS_OCTETS_MAX:
        raise AddressError(AddressFault.LONG)
    return found


def _is_international(local: str) -> bool:
    """Whether it would be a local part, had it no letters outside of ASCII."""
    plain = "".join("x" if not c.isascii() and unicodedata.category(c)[0] in "LMN" else c for c in local)
    return _LOCAL.fullmatch(plain) is not None


def host_name(text: str) -> str:
    """A host name of two labels or more as A-labels in lower case.

    Raises AddressError: no such name (also an address literal), or one that deceives the eye.
    """
    if not text or any(unicodedata.category(c).startswith(("C", "Z")) for c in text):
        raise AddressError(AddressFault.DOMAIN)
    try:
        name = idna.encode(text, uts46=True, std3_rules=True).decode("ascii").lower()
        labels = [idna.decode(label) for label in name.split(".")]
    except (idna.IDNAError, UnicodeError):
        raise AddressError(AddressFault.DOMAIN) from None
    if len(labels) < 2 or len(name) > DOMAIN_OCTETS_MAX or name.rpartition(".")[2].isdigit():
        raise AddressError(AddressFault.DOMAIN)
    if any(_deceives(label, labels[-1]) for label in labels):
        raise AddressError(AddressFault.LOOKALIKE)
    return name


def canonical(address: Address, known: MailDomains) -> str:
    """One text for all spellings that reach one mailbox, as far as its provider documents them.

    The local part is taken without its case: RFC 5321, section 2.4 lets a server tell cases apart, none that
    people have does.
    """
    local = address.local.lower()
    provider = known.providers.get(address.domain)
    if provider is None:
        return f"{local}@{address.domain}"
    if provider.plus:
        local = local.partition("+")[0] or local
    if provider.dots:
        local = local.replace(".", "")
    return f"{local}@{provider.same_as}"


def mailbox_key(address: Address, known: MailDomains) -> str:
    """One text for all spellings that may reach one mailbox, at any provider: for counting mails, not people.

    Coarser than `canonical`: whatever follows a plus and every dot is left out at every domain, documented or
    not, so `a+b@` and `a@`, `a.b@` and `ab@` have one key also where they are two people's.
    """
    provider = known.providers.get(address.domain)
    domain = address.domain if provider is None else provider.same_as
    return f"{address.local.lower().partition('+')[0].replace('.', '')}@{domain}"


def domain_key(address: Address, known: MailDomains) -> str:
    """Under which mails to a domain are counted, with whatever is below it; empty for a large provider's."""
    if address.domain in known.large or address.domain in known.providers:
        return ""
    # No mailbox's key has a space. Below: who owns a domain has every name under it.
    return f"domain {registrable_domain(address.domain)}"


def require_lasting(address: Address, known: MailDomains) -> None:
    """Raises AddressError for a mailbox that is made to be thrown away, also below such a domain."""
    labels = address.domain.split(".")
    if any(".".join(labels[start:]) in known.disposable for start in range(len(labels) - 1)):
        raise AddressError(AddressFault.DISPOSABLE)


@cache
def shipped_domains() -> MailDomains:
    """Of `data/mail_domains.toml`."""
    text = files("voipwatch.civic").joinpath("data").joinpath("mail_domains.toml").read_text("utf-8")
    table: dict[str, Any] = tomllib.loads(text)
    providers = {
        domain: Provider(
            each.get("same_as", domain), each.get("plus", False), each.get("dots", False), each["source"]
        )
        for each in table["provider"]
        for domain in each["domains"]
    }
    return MailDomains(
        providers, frozenset(table["disposable"]["domains"]), frozenset(table["large"]["domains"])
    )


def _deceives(label: str, ending: str) -> bool:
    """Whether a label mixes scripts, or is all of Cyrillic letters that look Latin."""
    scripts = {_script(c) for c in label} - {""}
    if len(scripts) > 1 and not any(scripts <= allowed for allowed in _TOGETHER):
        return True
    letters = {c for c in label if c.isalpha()}
    return scripts == {"CYRILLIC"} and letters <= _LATIN_LOOKALIKES and ending not in _CYRILLIC_ENDINGS


def _script(character: str) -> str:
    """The script of a letter, by the first word of its name: Python has no table of UAX #24. Digits, hyphens
    and marks belong to every script.
    """
    if not character.isalpha():
        return ""
    return unicodedata.name(character, "?").split(" ")[0].split("-")[0]
