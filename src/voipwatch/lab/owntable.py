"""Worlds of one's own: a file in the schema of `table/*.toml`, and what is wrong with it, by line and key.

The packaged lines are there by name; the file may add others. Its worlds stand alone, without the packaged
ones.
"""

import re
from difflib import get_close_matches
from functools import cache
from typing import Final

import msgspec

from voipwatch.lab.draw import Draw
from voipwatch.lab.line import LineCondition, LinkCondition
from voipwatch.lab.policy.catalogue import COMBINATORS, NDPI, POLICIES
from voipwatch.lab.worlds import (
    ROW_FIELDS,
    TABLE_FIELDS,
    Expected,
    Worlds,
    WorldsError,
    load_worlds,
    read_tables,
)
from voipwatch.model.mechanisms import MECHANISMS
from voipwatch.model.vocabulary import APP_IDS, Direction, Stage, Verdict

GROUP: Final = "own"
_PLACE: Final = re.compile(r"at `\$\.worlds\[(\d+)\]")
_FIELD: Final = re.compile(r"unknown field `([^`]+)`")
_VALUE: Final = re.compile(r"(?:Invalid (?:enum )?value|is called) '?([^\s',]+)'?")


@cache
def own_worlds(text: str) -> Worlds:
    """The worlds of a file's text, with the packaged lines.

    Raises:
        WorldsError: it is no such table, or holds no world: with the line, the key and what is allowed there,
            as far as they can be told.
    """
    try:
        found = read_tables({GROUP: text}, lines=load_worlds().lines)
    except WorldsError as error:
        raise WorldsError(_located(str(error).removeprefix(f"{GROUP}: "), text)) from error
    if not found.worlds:
        raise WorldsError("there is no world in it: a world begins with [[worlds]]")
    return found


def _located(message: str, text: str) -> str:
    """The message with its line before it, and behind it what may stand there."""
    start = _start(message, text)
    wrong = _FIELD.search(message) or _VALUE.search(message)
    line = None if start is None else _line_of(text.splitlines(), start, wrong[1] if wrong else "")
    allowed = _allowed(message)
    told = message if line is None else f"line {line}: {message}"
    if not allowed:
        return told
    near = get_close_matches(wrong[1], allowed, n=1) if wrong else []
    meant = f"; did you mean {near[0]}?" if near else ""
    return f"{told}{meant or ';'} Allowed: {', '.join(allowed)}"


def _start(message: str, text: str) -> int | None:
    """The index of the line at which the world that is meant begins; 0 for the file's head."""
    heads = [n for n, line in enumerate(text.splitlines()) if re.match(r"\s*\[\[worlds\]\]", line)]
    if (place := _PLACE.search(message)) is not None:
        return heads[int(place[1])] if int(place[1]) < len(heads) else None
    name = message.partition(":")[0]
    for n, line in enumerate(text.splitlines()):
        if re.match(rf"""\s*id\s*=\s*["']{re.escape(name)}["']""", line):
            return n
    return 0 if _FIELD.search(message) else None


def _line_of(lines: list[str], start: int, wrong: str) -> int:
    """The first line from there on that holds the wrong word; else where its world begins. From 1."""
    if wrong:
        word = re.compile(rf"(?<![\w-]){re.escape(wrong)}(?![\w-])")
        for n in range(start, len(lines)):
            if word.search(lines[n].partition("#")[0]):
                return n + 1
    return start + 1


def _allowed(message: str) -> list[str]:
    """What may stand where something is wrong; nothing where that cannot be told by a list."""
    if "no app is called" in message:
        return list(APP_IDS)
    if "no mechanism is called" in message:
        return list(MECHANISMS)
    if "no line condition is called" in message:
        return list(load_worlds().lines)
    if "policy '" in message or "policy None" in message:
        return _of_policy(message)
    if _FIELD.search(message):
        return _fields_at(message)
    for part, kind in (("verdicts", Verdict), ("stages", Stage), ("directions", Direction)):
        if f".{part}[" in message:
            return [str(value.value) for value in kind]
    return []


def _of_policy(message: str) -> list[str]:
    """A rule's own fields, or the rules' names."""
    name = message.partition("policy '")[2].partition("'")[0]
    if name in POLICIES and _FIELD.search(message):
        return _names(POLICIES[name])
    return sorted({*POLICIES, *COMBINATORS, *NDPI}) if name not in {*POLICIES, *COMBINATORS, *NDPI} else []


def _fields_at(message: str) -> list[str]:
    place = message.partition(" at `$")[2]
    if ".expected[" in place or place.startswith(".each") or ".each`" in place:
        return _names(Expected)
    if ".draw[" in place:
        return _names(Draw)
    if re.match(r"\.worlds\[\d+\]`", place):
        return list(ROW_FIELDS)
    if re.match(r"\.(up|down|both)`", place):
        return _names(LinkCondition)
    if not place:  # a line condition, which is read by itself; or the head of the file
        return list(dict.fromkeys([*TABLE_FIELDS, "both", *_names(LineCondition), *_names(LinkCondition)]))
    return []


def _names(kind: type[msgspec.Struct]) -> list[str]:
    return list(kind.__struct_fields__)
