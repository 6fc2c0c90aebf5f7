"""Is an IP address spelled in a report? A probe's redactor left none; this is the second pair of eyes.

One quick look at the whole document first (`wire.spelled.hints_at_address`); only what hints at an address is
taken apart and looked at string by string.
"""

from collections.abc import Iterator, Mapping

import msgspec

from voipwatch.wire.spelled import hints_at_address, names_address


def finds_address(body: bytes) -> str | None:
    """The field of a JSON document in which an address is spelled, empty for the top; None without one.

    Raises msgspec.DecodeError, UnicodeDecodeError, RecursionError where it is taken apart and is no JSON, or
    nested too deeply: that a typed decoder took it says nothing of the fields that it skipped.
    """
    if not (b"\\" in body and b"\\u" in body) and not hints_at_address(body):
        return None
    return next(
        (where for where, text in _strings(msgspec.json.decode(body), "") if names_address(text)), None
    )


def log_names_address(plain: bytes) -> bool:
    """Whether an inflated reflector's log, spells an address in any string.

    Raises the same, where it is no MessagePack in what a typed decoder skipped.
    """
    if not hints_at_address(plain):
        return False
    return any(names_address(text) for _, text in _strings(msgspec.msgpack.decode(plain), ""))


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
