"""Keyed hashes and tokens of a petition, all of them from its one secret, the pepper; those of the wall of
supporters from the instance's own.

An address is kept as HMAC-SHA-256 (RFC 2104) under the pepper: who has the rows and not the pepper cannot try
addresses; who has both can, which makes it a pseudonym and not anonymous. No token is kept at all: each
carries what it speaks of and a tag over that, so a guess is refused before any row is asked for, and
whoever reads the rows can make none. Tags are compared in constant time (`hmac.compare_digest`). With the
pepper gone, hashes and links mean nothing any more.
"""

import base64
import hashlib
import hmac
from enum import StrEnum
from typing import Final

PEPPER_BYTES: Final = 32
SELECTOR_BYTES: Final = 16
"""128 random bits name a request that waits."""
TAG_BYTES: Final = 16
"""128 bits of HMAC-SHA-256 (RFC 2104, section 5: at least half of the output)."""
STEM_CHARACTERS: Final = 12
"""Of a supporter's mark: 72 bits that tell the code it belongs to."""
TOKEN_LIFE_S: Final = 7 * 86_400
"""Of a request that nobody confirmed, and with it of its link."""
_PREFIX: Final = b"voipwatch petition "


class TokenUse(StrEnum):
    """What a token may do; one for another use is none."""

    CONFIRM = "confirm"
    """Speaks of a request's selector."""
    REVOKE = "revoke"
    """Speaks of an address's hash: every mail to one mailbox has the same, and it does the same."""
    BOUNCE = "bounce"
    """In the envelope's sender; speaks of a selector."""
    LEAVE = "leave"
    """Of the wall: speaks of the selector that a site's mark was made of."""


_BODY_BYTES: Final = {
    TokenUse.CONFIRM: SELECTOR_BYTES,
    TokenUse.REVOKE: hashlib.sha256().digest_size,
    TokenUse.BOUNCE: SELECTOR_BYTES,
    TokenUse.LEAVE: SELECTOR_BYTES,
}


def address_hash(pepper: bytes, petition: str, canonical: str) -> bytes:
    """The pseudonym of an address in one petition; 32 bytes."""
    return _mac(pepper, f"address {petition}", canonical.encode())


def daily_key(secret: bytes, day: str, canonical: str) -> bytes:
    """Under which mails to an address are counted on a day; `secret` is the instance's, not a petition's."""
    return _mac(secret, f"mails {day}", canonical.encode())[:TAG_BYTES]


def mark_stem(secret: bytes, selector: bytes) -> str:
    """With what a mark begins: of the code that leaves, whose selector it is made of; 12 characters.

    One way: whoever reads it on the site cannot make the code.
    """
    return _text(_mac(secret, "wall mark", selector)[:9])


def supporter_mark(secret: bytes, selector: bytes, seed: str) -> str:
    """What a site shows in public to prove that its owner enrolled it: base64url, 22 characters.

    Whoever enrols a page while it waits has a mark of his own, and all of them are good as long as the page's
    seed is kept: so nobody's takes another one's place.
    """
    stem = mark_stem(secret, selector)
    return stem + _mark_end(secret, seed, stem)


def is_mark_of(secret: bytes, seed: str, mark: str) -> bool:
    """Whether a mark was given out for the page whose seed that is."""
    stem, end = mark[:STEM_CHARACTERS], mark[STEM_CHARACTERS:]
    return hmac.compare_digest(end.encode(), _mark_end(secret, seed, stem).encode())


def seed_key(secret: bytes, seed: str) -> bytes:
    """Second half of the selectors of a page that waits, by which a code finds it; 8 bytes."""
    return _mac(secret, "wall seed", seed.encode())[: SELECTOR_BYTES // 2]


def withdrawn_key(secret: bytes, stem: str) -> str:
    """Under which it is kept that a mark was taken back before it was seen; says nothing of its site."""
    return _text(_mac(secret, "wall withdrawn", stem.encode())[:TAG_BYTES])


def look_spread(secret: bytes, mark: str, day: str) -> float:
    """A share from 0 to below 1 for each site and day: when it is looked at."""
    return int.from_bytes(_mac(secret, f"wall look {day}", mark.encode())[:6], "big") / (1 << 48)


def token(pepper: bytes, petition: str, use: TokenUse, body: bytes) -> str:
    """A token for a link: base64url without padding.

    Raises ValueError where `body` is not what tokens of that use speak of.
    """
    return base64.urlsafe_b64encode(_sealed(pepper, petition, use, body)).rstrip(b"=").decode()


def read_token(pepper: bytes, petition: str, use: TokenUse, text: str) -> bytes | None:
    """What a token speaks of; None for what is no token of this petition and use."""
    wanted = _BODY_BYTES[use] + TAG_BYTES
    if not text.isascii() or len(text) != (wanted * 8 + 5) // 6:
        return None
    try:
        sealed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError:
        return None
    return _opened(pepper, petition, use, sealed)


def envelope_token(pepper: bytes, petition: str, selector: bytes) -> str:
    """The same for an address's local part, where case is lost on the way: base32 in lower case, 52
    characters.
    """
    return (
        base64.b32encode(_sealed(pepper, petition, TokenUse.BOUNCE, selector)).rstrip(b"=").decode().lower()
    )


def read_envelope_token(pepper: bytes, petition: str, text: str) -> bytes | None:
    """Its selector; None for what is none."""
    wanted = SELECTOR_BYTES + TAG_BYTES
    if not text.isascii() or len(text) != (wanted * 8 + 4) // 5:
        return None
    try:
        sealed = base64.b32decode(text.upper() + "=" * (-len(text) % 8))
    except ValueError:
        return None
    return _opened(pepper, petition, TokenUse.BOUNCE, sealed)


def _sealed(pepper: bytes, petition: str, use: TokenUse, body: bytes) -> bytes:
    if len(body) != _BODY_BYTES[use]:
        raise ValueError(f"a {use} token speaks of {_BODY_BYTES[use]} bytes")
    return body + _mac(pepper, f"token {use} {petition}", body)[:TAG_BYTES]


def _opened(pepper: bytes, petition: str, use: TokenUse, sealed: bytes) -> bytes | None:
    body, tag = sealed[:-TAG_BYTES], sealed[-TAG_BYTES:]
    wanted = _mac(pepper, f"token {use} {petition}", body)[:TAG_BYTES]
    return body if hmac.compare_digest(tag, wanted) else None


def _mark_end(secret: bytes, seed: str, stem: str) -> str:
    """60 bits: who could guess it must still put it onto the site, and who can do that is given one."""
    return _text(_mac(secret, f"wall page {seed}", stem.encode())[:9])[:10]


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _mac(pepper: bytes, purpose: str, content: bytes) -> bytes:
    if len(pepper) != PEPPER_BYTES:
        raise ValueError(f"a pepper has {PEPPER_BYTES} bytes")
    return hmac.digest(pepper, _PREFIX + purpose.encode() + b"\0" + content, "sha256")
