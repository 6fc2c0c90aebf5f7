"""What was taken out of a capture on its way into a profile: counted by kind, never kept."""

from collections import Counter
from typing import Final

KINDS: Final = (
    "address",
    "username",
    "identifier",
    "secret",
    "text",
    "payload",
    "sip",
)
"""address: anybody's, in a header or a message; username: also ICE fragments; identifier: numbers of
sessions, sources, transactions, certificates, and constants that look like one; secret: nonces, tokens,
integrity values; text: readable words that no recogniser needs; payload: what was said, and encrypted bytes;
sip: users, hosts, tags, Call-IDs and other header values."""

KNOWN_WORDS: Final = (
    "telegram", "signal", "whatsapp", "facebook", "messenger", "viber", "google", "hangout", "teams",
    "microsoft", "skype", "zoom", "discord", "libwebrtc", "facetime", "kakao", "jitsi",
)  # fmt: skip
"""Apps' and makers' names: a REALM or SOFTWARE that says one is a recogniser's fact and names no person."""


MARKS: Final = (bytes.fromhex("1337cafe"), bytes.fromhex("1337f00d"), b"TS3INIT1")
"""Published first bytes of protocols, which would look like an identifier (Discord, TeamSpeak)."""


class Scrub:
    """Counts of what was scrubbed."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def took(self, kind: str, count: int = 1) -> None:
        """Note that so many values of a kind were taken out."""
        if kind not in KINDS:
            raise ValueError(f"{kind} is no kind of scrubbed things")
        self.counts[kind] += count


def is_product(text: str) -> bool:
    """Whether a text names an app and nothing else: a known word, short, no long number, no address."""
    folded = text.casefold()
    return (
        len(text) <= 40
        and text.isascii()
        and text.isprintable()
        and any(word in folded for word in KNOWN_WORDS)
        and "@" not in text
        and max((len(run) for run in _digit_runs(text)), default=0) <= 4
        and text.count(".") <= 3
    )


def _digit_runs(text: str) -> list[str]:
    return "".join(c if c.isdigit() else " " for c in text).split()


def stretches(data: bytes) -> list[tuple[bytes, bool]]:
    """Constant bytes cut into pieces, and whether each could name somebody.

    A piece could, if three bytes or more stand together that are no small numbers (under 16) or 255, with at
    most one such between them, and are no repetition. What a protocol counts and flags is small.
    """
    pieces: list[tuple[bytes, bool]] = []
    for mark in MARKS:
        if data.startswith(mark):
            pieces, data = [(mark, False)], data[len(mark) :]
    at = 0
    while at < len(data):
        end = at
        if _is_small(data[at]):
            while end < len(data) and _is_small(data[end]):
                end += 1
            pieces.append((data[at:end], False))
        else:
            while end < len(data) and not (_is_small(data[end]) and all(map(_is_small, data[end : end + 2]))):
                end += 1
            piece = data[at:end]
            pieces.append((piece, len(piece) >= 3 and len(set(piece)) > 2))
        at = end
    return pieces


def _is_small(byte: int) -> bool:
    return byte < 16 or byte == 255


def is_text(data: bytes) -> bool:
    """Four printable characters or more, and nothing else but zeros at the end."""
    body = data.rstrip(b"\0")
    return len(body) >= 4 and all(32 <= byte < 127 for byte in body)
