"""Reading a profile's tables: every wrong thing is collected with its file, line and field.

A getter that finds something wrong notes the problem and returns a harmless value, so that one reading of a
file shows all that is wrong with it.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, Final

import msgspec

from voipwatch.apps.toml_lines import line_of

PROBLEMS_MAX: Final = 100
"""After that many, more help nobody."""
NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")
"""Names of messages, legs, dialects: lower case, digits, hyphens."""
_HEX = re.compile(r"(?:[0-9A-Fa-f]{2})*")


class Problem(msgspec.Struct, frozen=True):
    """One thing that is wrong with a profile."""

    file: str
    line: int | None
    """From 1; None where no line is to blame."""
    field: str
    """Dotted path, as legs[0].rounds[1].stage; empty for the file as a whole."""
    message: str

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{place}: {self.field}: {self.message}" if self.field else f"{place}: {self.message}"


class ProfileError(ValueError):
    """A profile that cannot be used; `problems` holds everything that was found wrong with it."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class Findings:
    """The problems of one file, as they are found."""

    def __init__(self, file: str, lines: Mapping[str, int] | Callable[[], Mapping[str, int]]) -> None:
        """`lines`: of each key, or what finds them, which is asked once there is a problem to tell of."""
        self.file = file
        self.problems: list[Problem] = []
        self._given = lines

    @cached_property
    def _lines(self) -> Mapping[str, int]:
        return self._given() if callable(self._given) else self._given

    def add(self, path: str, message: str) -> None:
        """Note that `path` is wrong."""
        if len(self.problems) < PROBLEMS_MAX:
            self.problems.append(Problem(self.file, line_of(self._lines, path), path, message))


class Table:
    """One table of the document, and the keys of it that were asked for."""

    def __init__(self, data: Mapping[str, Any], path: str, findings: Findings) -> None:
        self._data = data
        self._known: set[str] = set()
        self.path = path
        self.findings = findings

    def __contains__(self, key: str) -> bool:
        return key in self._data

    def at(self, key: str) -> str:
        """The path of a key of this table."""
        return f"{self.path}.{key}" if self.path else key

    def wrong(self, key: str, message: str) -> None:
        """Note that the value of `key` is wrong."""
        self.findings.add(self.at(key), message)

    def skip(self, key: str) -> None:
        """Take a key as known without reading it: something else is wrong with it already."""
        self._known.add(key)

    def close(self) -> None:
        """Note every key that nobody asked for."""
        for key in self._data:
            if key not in self._known:
                self.wrong(key, f"unknown key; known here: {', '.join(sorted(self._known))}")

    def _get(self, key: str, *, required: bool) -> Any:  # noqa: ANN401 -- TOML holds anything
        self._known.add(key)
        if key not in self._data and required:
            self.wrong(key, "missing")
        return self._data.get(key)

    def text(self, key: str, default: str | None = None, *, pattern: re.Pattern[str] | None = None) -> str:
        """A string of 1 to 4000 characters; required without a default."""
        value = self._get(key, required=default is None)
        if value is None:
            return default or ""
        if not isinstance(value, str):
            self.wrong(key, f"must be text, not {_kind(value)}")
        elif not 0 < len(value) <= 4000:
            self.wrong(key, "must have 1 to 4000 characters")
        elif pattern is not None and not pattern.fullmatch(value):
            self.wrong(key, f"{value[:60]!r} is not of the form {pattern.pattern}")
        else:
            return value
        return default or ""

    def choice(self, key: str, options: Sequence[str], default: str | None = None) -> str:
        """One of `options`."""
        value = self._get(key, required=default is None)
        if value is None:
            return default if default is not None else options[0]
        if not isinstance(value, str) or value not in options:
            self.wrong(key, f"{_shown(value)} is not one of {', '.join(options)}")
            return default if default is not None else options[0]
        return value

    def integer(self, key: str, low: int, high: int, default: int | None = None) -> int:
        """A whole number from `low` to `high`."""
        value = self._get(key, required=default is None)
        if value is None:
            return low if default is None else default
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            self.wrong(key, f"must be a whole number from {low} to {high}, not {_shown(value)}")
            return low
        return value

    def number(self, key: str, low: float, high: float, default: float | None = None) -> float:
        """A number from `low` to `high`."""
        value = self._get(key, required=default is None)
        if value is None:
            return low if default is None else default
        if not _is_number(value, low, high):
            self.wrong(key, f"must be a number from {low} to {high}, not {_shown(value)}")
            return low
        return float(value)

    def boolean(self, key: str, default: bool) -> bool:
        """True or false."""
        value = self._get(key, required=False)
        if value is None:
            return default
        if not isinstance(value, bool):
            self.wrong(key, f"must be true or false, not {_kind(value)}")
            return default
        return value

    def hex(self, key: str, default: str | None = None) -> bytes:
        """Bytes as pairs of hexadecimal digits; spaces between them are fine."""
        value = self._get(key, required=default is None)
        if value is None:
            return bytes.fromhex(default or "")
        if not isinstance(value, str) or not _HEX.fullmatch(value.replace(" ", "")) or len(value) > 2800:
            self.wrong(key, f"must be pairs of hexadecimal digits, not {_shown(value)}")
            return b""
        return bytes.fromhex(value)

    def texts(
        self,
        key: str,
        *,
        required: bool = False,
        options: Sequence[str] = (),
        pattern: re.Pattern[str] | None = None,
    ) -> tuple[str, ...]:
        """A list of at most 64 strings."""
        kept: list[str] = []
        for index, value in enumerate(self._list(key, required=required)):
            path = f"{key}[{index}]"
            if not isinstance(value, str) or not 0 < len(value) <= 400:
                self.wrong(path, f"must be text, not {_shown(value)}")
            elif options and value not in options:
                self.wrong(path, f"{_shown(value)} is not one of {', '.join(options)}")
            elif pattern is not None and not pattern.fullmatch(value):
                self.wrong(path, f"{value[:60]!r} is not of the form {pattern.pattern}")
            else:
                kept.append(value)
        return tuple(kept)

    def numbers(
        self, key: str, low: float, high: float, default: tuple[float, ...] | None = None
    ) -> tuple[float, ...]:
        """A list of at most 64 numbers from `low` to `high`; at least one unless there is a default."""
        if key not in self._data and default is not None:
            self._known.add(key)
            return default
        kept: list[float] = []
        values = self._list(key, required=True)
        for index, value in enumerate(values):
            if _is_number(value, low, high):
                kept.append(value)
            else:
                self.wrong(f"{key}[{index}]", f"must be a number from {low} to {high}, not {_shown(value)}")
        if not kept and not values and key in self._data:
            self.wrong(key, "must not be empty")
        return tuple(kept) or (low,)

    def integers(
        self, key: str, low: int, high: int, default: tuple[int, ...] | None = None
    ) -> tuple[int, ...]:
        """A list of at most 64 whole numbers from `low` to `high`."""
        values = self._data.get(key)
        if isinstance(values, list):
            for index, value in enumerate(values[:64]):
                if isinstance(value, float):
                    self.wrong(f"{key}[{index}]", "must be a whole number")
        return tuple(int(value) for value in self.numbers(key, low, high, default))

    def _list(self, key: str, *, required: bool, most: int = 64) -> list[Any]:
        value = self._get(key, required=required)
        if value is None:
            return []
        if not isinstance(value, list):
            self.wrong(key, f"must be a list, not {_kind(value)}")
            return []
        if len(value) > most:
            self.wrong(key, f"has {len(value)} elements, at most {most} are allowed")
        return value[:most]

    def table(self, key: str) -> "Table | None":
        """A table, or None if it is absent."""
        value = self._get(key, required=False)
        if value is None:
            return None
        if not isinstance(value, dict):
            self.wrong(key, f"must be a table, not {_kind(value)}")
            return None
        return Table(value, self.at(key), self.findings)

    def tables(self, key: str, *, required: bool = False) -> "list[Table]":
        """A list of at most 64 tables."""
        found: list[Table] = []
        for index, value in enumerate(self._list(key, required=required)):
            if isinstance(value, dict):
                found.append(Table(value, f"{self.at(key)}[{index}]", self.findings))
            else:
                self.wrong(f"{key}[{index}]", f"must be a table, not {_kind(value)}")
        return found

    def named_tables(self, key: str) -> "dict[str, Table]":
        """A table of at most 64 tables by name."""
        outer = self.table(key)
        if outer is None:
            return {}
        found: dict[str, Table] = {}
        for name, value in outer._data.items():  # noqa: SLF001 -- our own class
            if not NAME.fullmatch(name):
                outer.wrong(name, "a name is lower case letters, digits and hyphens, at most 40")
            elif not isinstance(value, dict):
                outer.wrong(name, f"must be a table, not {_kind(value)}")
            elif len(found) == 64:
                outer.wrong(name, "at most 64 are allowed")
            else:
                found[name] = Table(value, outer.at(name), self.findings)
        return found


def _is_number(value: object, low: float, high: float) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high


def _kind(value: object) -> str:
    kinds = {
        dict: "a table",
        list: "a list",
        str: "text",
        bool: "true or false",
        int: "a number",
        float: "a number",
    }
    return kinds.get(type(value), "a date or time")


def _shown(value: object) -> str:
    try:
        return repr(value)[:60]
    except ValueError:  # an integer of more digits than Python prints
        return "a number"
