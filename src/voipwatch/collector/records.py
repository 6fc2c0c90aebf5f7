"""Records of the spool <-> bytes: two letters that say which, then MessagePack.

The letter is the kind, the digit its version. What is erased keeps its place and its length, so that places
in a segment stay true and a loader that has read it already notices nothing.
"""

from typing import Final

import msgspec

from voipwatch.model.submission import Deletion, Intake

INTAKE: Final = b"I1"
DELETION: Final = b"D1"
ERASED: Final = b"E1"


class Erased(msgspec.Struct, frozen=True):
    """Where a report was that somebody deleted; nothing of it is left."""

    length: int
    """Bytes of the payload it had, tag included."""


Record = Intake | Deletion | Erased


class RecordError(ValueError):
    """A payload that is no record of a known kind and version."""


_ENCODER: Final = msgspec.msgpack.Encoder()
_INTAKE: Final = msgspec.msgpack.Decoder(Intake)
_DELETION: Final = msgspec.msgpack.Decoder(Deletion)


def encode_record(record: Record) -> bytes:
    """The payload of one frame (`wire.spool`)."""
    if isinstance(record, Intake):
        return INTAKE + _ENCODER.encode(record)
    if isinstance(record, Deletion):
        return DELETION + _ENCODER.encode(record)
    return ERASED.ljust(record.length, b"\0")


def decode_record(payload: bytes) -> Record:
    """Raises RecordError, and nothing else, whatever the bytes; a record of a later version says so."""
    tag, body = payload[:2], memoryview(payload)[2:]
    try:
        if tag == INTAKE:
            return _INTAKE.decode(body)
        if tag == DELETION:
            return _DELETION.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RecordError(f"damaged record {tag.decode()}: {error}") from error
    if tag == ERASED:
        return Erased(len(payload))
    raise RecordError(f"unknown record kind or version {tag!r}")
