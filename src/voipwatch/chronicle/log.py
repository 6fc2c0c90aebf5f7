"""The log: one canonical JSON document a line, each with the hash of the line before and a signature.

Signed (Ed25519, RFC 8032) is the schema's name, NUL, and the line without its field `signature`; hashed
(SHA-256) is the line as it stands, without its newline. So a line that was changed is named by its own
signature, and one that was taken out, put in or moved by the hash in the line after it. What was cut off at
the end is seen only by whoever knows the last hash: the bundle's manifest, or anybody who kept it.
"""

import re
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any, Final

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from voipwatch.model import acts
from voipwatch.model.acts import LOG_SCHEMA, EntryKind
from voipwatch.model.incidents import Incident
from voipwatch.model.instants import seconds

BODIES: Final[Mapping[EntryKind, type[msgspec.Struct]]] = {
    EntryKind.KEY: acts.KeyEntry,
    EntryKind.INCIDENT: Incident,
    EntryKind.MERGE: Incident,
    EntryKind.SPLIT: Incident,
    EntryKind.REVIEW: acts.Review,
    EntryKind.NOTICE: acts.Notice,
    EntryKind.REPLY: acts.Reply,
    EntryKind.DISPUTE: acts.Dispute,
    EntryKind.CORRECTION: acts.Correction,
    EntryKind.WITHDRAWAL: acts.Withdrawal,
    EntryKind.HOLD: acts.Hold,
    EntryKind.CLAIM_NOTE: acts.ClaimNote,
    EntryKind.FINAL: acts.Closing,
}
LINE_BYTES_MAX: Final = 4 << 20
_FIELDS: Final = frozenset({"n", "prev", "at", "kind", "body", "key", "signature"})
_HEX: Final = {"key": 64, "signature": 128, "prev": 64}
FIRST_PREV: Final = "0" * 64


class LogError(Exception):
    """A line that does not hold."""

    def __init__(self, line: int, field: str, reason: str) -> None:
        super().__init__(f"line {line}: {field}: {reason}")
        self.line = line
        """From 1."""
        self.field = field
        self.reason = reason


class Entry(msgspec.Struct, frozen=True):
    """One line, read."""

    n: int
    prev: str
    """SHA-256 of the line before, hex; `FIRST_PREV` in the first."""
    at: str
    """UTC, ISO 8601 with Z: the store's `as_of` for what the machine says, the clock for people."""
    kind: EntryKind
    body: Any
    """A struct of `BODIES`."""
    key: str
    """Ed25519 public key, hex."""
    signature: str
    digest: str
    """SHA-256 of the line, hex."""


def canonical(document: object) -> bytes:
    """JSON with sorted keys and without white space: the only form that is hashed or signed."""
    return msgspec.json.encode(document, order="sorted")


def digest_of(document: object) -> str:
    """SHA-256 of the canonical form, hex: what an embargo announces."""
    return sha256(canonical(document)).hexdigest()


def public_key_of(signer: Ed25519PrivateKey) -> str:
    """Hex."""
    return signer.public_key().public_bytes_raw().hex()


def append(
    last: Entry | None, kind: EntryKind, body: msgspec.Struct, *, at: str, signer: Ed25519PrivateKey
) -> bytes:
    """The line that follows `last` (None: the first), without its newline.

    Whether the line may be said at all is asked by `state.replay`.
    """
    document = {
        "n": 1 if last is None else last.n + 1,
        "prev": FIRST_PREV if last is None else last.digest,
        "at": at,
        "kind": kind.value,
        "body": msgspec.to_builtins(body),
        "key": public_key_of(signer),
    }
    return canonical(document | {"signature": signer.sign(_signed(document)).hex()})


def read_log(lines: Iterable[bytes], *, last: Entry | None = None) -> list[Entry]:
    """All entries, each line's form, signature and place in the chain checked.

    Args:
        lines: without their newlines.
        last: the entry before the first of them, where they are the end of a log.

    Raises:
        LogError: the first line that does not hold, and its field. That the key may sign, and that what is
            said may be said, is the replay's to ask.
    """
    entries: list[Entry] = []
    for number, line in enumerate(lines, start=1 if last is None else last.n + 1):
        entry = read_line(line, number)
        before = FIRST_PREV if last is None else last.digest
        if entry.n != number:
            raise LogError(number, "n", f"{entry.n}, expected {number}")
        if entry.prev != before:
            raise LogError(number, "prev", "is not the hash of the line before")
        entries.append(entry)
        last = entry
    return entries


def read_line(line: bytes, number: int) -> Entry:
    """One line by itself. Raises LogError."""
    if len(line) > LINE_BYTES_MAX:
        raise LogError(number, "line", f"longer than {LINE_BYTES_MAX} bytes")
    try:
        document = msgspec.json.decode(line, type=dict[str, Any])
        same = canonical(document) == line
    except (msgspec.MsgspecError, UnicodeError, RecursionError, ValueError) as error:
        raise LogError(number, "line", f"no JSON object: {error}") from None
    if not same:
        raise LogError(number, "line", "not in the canonical form")
    if missing := sorted(_FIELDS - document.keys()):
        raise LogError(number, missing[0], "missing")
    for field, length in _HEX.items():
        if not isinstance(document[field], str) or not re.fullmatch(f"[0-9a-f]{{{length}}}", document[field]):
            raise LogError(number, field, f"not {length} hex digits")
    _check_signature(document, number)
    return _typed(document, line, number)


def complete_lines(content: bytes) -> tuple[list[bytes], bytes]:
    """The lines of a file, and what follows the last newline: a line whose writing was cut off."""
    *lines, rest = content.split(b"\n")
    return lines, rest


def _typed(document: Mapping[str, Any], line: bytes, number: int) -> Entry:
    try:
        kind = EntryKind(document["kind"])
    except ValueError:
        raise LogError(number, "kind", "unknown") from None
    try:
        body = msgspec.convert(document["body"], BODIES[kind])
    except (msgspec.ValidationError, RecursionError) as error:
        raise LogError(number, "body", str(error)) from None
    at = document["at"]
    try:
        seconds(at)
    except (ValueError, TypeError):
        raise LogError(number, "at", "no instant such as 2016-01-05T09:00:00Z") from None
    if not isinstance(document["n"], int):
        raise LogError(number, "n", "no number")
    return Entry(
        n=document["n"],
        prev=document["prev"],
        at=at,
        kind=kind,
        body=body,
        key=document["key"],
        signature=document["signature"],
        digest=sha256(line).hexdigest(),
    )


def _signed(document: Mapping[str, Any]) -> bytes:
    return LOG_SCHEMA.encode() + b"\0" + canonical(document)


def _check_signature(document: Mapping[str, Any], number: int) -> None:
    rest = {name: value for name, value in document.items() if name != "signature"}
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(document["key"]))
        key.verify(bytes.fromhex(document["signature"]), _signed(rest))
    except (InvalidSignature, ValueError):
        raise LogError(number, "signature", "is not that of this line by this key") from None
