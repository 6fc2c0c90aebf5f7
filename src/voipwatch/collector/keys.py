"""The collector's own keys: the one that signs receipts, and the one that makes enrolment tokens.

Both are in one file of the data folder, 0600, written whole or not at all. A damaged file stops the
collector: with another key every enrolled probe would fall silent, and receipts could not be checked.
"""

import hmac
import os
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Final

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from voipwatch.model.submission import Receipt
from voipwatch.wire.receipt import sign_document, sign_documents

KEYS_FILE: Final = "collector-keys.json"
KEYS_SCHEMA: Final = "voipwatch.collector-keys/1"
_ENROLMENT: Final = b"voipwatch.enrolment/1\0"


class KeysError(Exception):
    """The key file is there and cannot be used."""


class KeyFile(msgspec.Struct, frozen=True):
    """The keys as they are kept."""

    signing: bytes
    enrolment: bytes
    schema: str = KEYS_SCHEMA


class Enrolments:
    """Tokens over a pseudonym and its month: who shows one was enrolled here, and nothing is stored of it."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def token(self, pseudonym: str, month: str) -> str:
        """64 hex digits (HMAC-SHA-256, RFC 2104)."""
        message = _ENROLMENT + f"{pseudonym}\0{month}".encode()
        return hmac.new(self._key, message, sha256).hexdigest()

    def holds(self, pseudonym: str, month: str, token: str) -> bool:
        """Whether the token is this collector's for that pseudonym and month."""
        return hmac.compare_digest(self.token(pseudonym, month).encode(), token.encode())


class Signer:
    """Signs receipts and the word to stop."""

    def __init__(self, key: bytes) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(key)
        self.public = self._key.public_key().public_bytes_raw().hex()

    def receipts(self, unsigned: Sequence[Receipt]) -> list[Receipt]:
        """The same, signed together: for one sender's eyes, as each tells which others there were."""
        signatures = sign_documents([msgspec.structs.asdict(receipt) for receipt in unsigned], self._key)
        return [
            msgspec.structs.replace(receipt, signature=signature)
            for receipt, signature in zip(unsigned, signatures, strict=True)
        ]

    def sign(self, document: dict[str, object]) -> str:
        """Hex; over a document with a `schema`, its `signature` left out."""
        return sign_document(document, self._key)


def kept_keys(folder: Path, random: Callable[[int], bytes]) -> KeyFile:
    """The keys of a data folder, made where there are none. Raises KeysError, OSError."""
    path = folder / KEYS_FILE
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        keys = KeyFile(random(32), random(32))
        write_private(path, msgspec.json.encode(keys))
        return keys
    try:
        keys = msgspec.json.decode(content, type=KeyFile)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise KeysError(f"{path.name} is damaged: {error}") from error
    if keys.schema != KEYS_SCHEMA or len(keys.signing) != 32 or len(keys.enrolment) != 32:
        raise KeysError(f"{path.name} is damaged or of another version")
    return keys


def write_private(path: Path, content: bytes) -> None:
    """Replace a file whole, readable by its owner only, and wait until it is on disk. Raises OSError."""
    temporary = path.with_name(f".{path.name}.new")
    temporary.unlink(missing_ok=True)
    handle = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
