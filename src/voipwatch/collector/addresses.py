"""Is an IP address spelled in a report? A probe's redactor left none; this is the second pair of eyes.

The whole document is looked at as one text (`wire.spelled`), its escapes undone: between two strings of JSON
stands a quotation mark, which is no part of any address. It is taken apart to see whether what a typed
decoder skipped is JSON at all, and looked at string by string only to say which field it was.
"""

import gc
from collections.abc import Iterator, Mapping
from typing import Final

import msgspec
import numpy as np

from voipwatch.wire.spelled import hints_at_address, names_address, spells_address

NAMED_BYTES_MAX: Final = 1 << 20
"""Of a document in which the field is looked for: ten times a scheduled check's. Going through 8 MB of empty
strings takes five seconds, and somebody could ask for it again and again."""

_NO_PART: Final = ord("|")
"""Stands for what can be no part of an address."""
_BACKSLASH: Final = ord("\\")
_DIGITS: Final = np.full(256, -1, np.int16)
_DIGITS[list(b"0123456789abcdef")] = _DIGITS[list(b"0123456789ABCDEF")] = range(16)


def finds_address(body: bytes) -> str | None:
    """The field of a JSON document in which an address is spelled, empty for the top; None without one.

    Of a document above `NAMED_BYTES_MAX` the field is not looked for: empty.

    Raises msgspec.DecodeError, UnicodeDecodeError, RecursionError where it is taken apart and is no JSON, or
    nested too deeply: that a typed decoder took it says nothing of the fields that it skipped.
    """
    text = _unescaped(body) if b"\\" in body else body
    hinted = hints_at_address(text)
    if not hinted and not (b"\\" in body and b"\\u" in body):
        return None
    document = _taken_apart(body)
    if not hinted or not spells_address(text):
        return None
    if len(body) > NAMED_BYTES_MAX:
        return ""
    # What the whole names and no string does stands across what only looks like the end of one: refused too.
    return next((where for where, string in _strings(document, "") if names_address(string)), "")


def log_names_address(plain: bytes) -> bool:
    """Whether an inflated reflector's log, spells an address in any string.

    Raises the same, where it is no MessagePack in what a typed decoder skipped.
    """
    if not hints_at_address(plain):
        return False
    return any(names_address(text) for _, text in _strings(msgspec.msgpack.decode(plain), ""))


def _unescaped(body: bytes) -> bytes:
    """JSON (RFC 8259, section 7) with what its escapes say; `_NO_PART` for what is part of no address."""
    # An escaped backslash first: whichever is left then begins another escape.
    text = np.frombuffer(body.replace(b"\\\\", b"||") + b"|||||", np.uint8).copy()
    at = (text[:-5] == _BACKSLASH).nonzero()[0]
    long = text[at + 1] == ord("u")
    kept = np.ones(len(text), np.bool_)
    kept[at[~long] + 1] = False  # its backslash stays: that is no part of an address either
    at = at[long]
    digits = _DIGITS[text[at[:, None] + np.arange(2, 6)]]
    # What is no escape at all is no JSON: it stays as it is, and taking it apart says so.
    sound = (digits >= 0).all(axis=1)
    at, digits = at[sound], digits[sound]
    codes = digits @ np.array([0, 0, 16, 1], np.int16)
    plain = (digits[:, :2] == 0).all(axis=1) & (codes < 0x80)
    text[at] = np.where(plain, codes, _NO_PART)
    kept[(at[:, None] + np.arange(1, 6)).ravel()] = False
    return text[kept].tobytes()


def _taken_apart(body: bytes) -> object:
    """The document. Millions of small lists are looked through for cycles again and again, and have none."""
    collects = gc.isenabled()
    gc.disable()
    try:
        return msgspec.json.decode(body)
    finally:
        if collects:
            gc.enable()


def _strings(value: object, where: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield where, value
    elif isinstance(value, bytes):
        yield where, value.decode("latin-1")
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _strings(key, where)
            yield from _strings(item, f"{where}.{key}".removeprefix("."))
    elif isinstance(value, list) and not set(map(type, value)) <= {int, float}:
        for index, item in enumerate(value):
            yield from _strings(item, f"{where}[{index}]")
