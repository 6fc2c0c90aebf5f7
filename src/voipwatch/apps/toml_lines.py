"""Where each key of a TOML document stands: `legs[0].rounds[1].stage` -> line number.

The standard library's parser gives values without their lines, and a person who wrote a profile wants the
line. This scanner runs after that parser has accepted the text, so it may assume that it is well formed.
"""

import re
from collections.abc import Mapping
from contextlib import suppress

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_SCALAR_END = re.compile(r"[,\]}#\n]")


def key_lines(text: str) -> dict[str, int]:
    """The line (from 1) of every key and array element; what it cannot follow is left out. Cannot fail."""
    scanner = _Scanner(text.replace("\r\n", "\n"))
    with suppress(IndexError, ValueError, RecursionError):  # what it cannot follow: coarser lines, no error
        scanner.run()
    return scanner.lines


def line_of(lines: Mapping[str, int], path: str) -> int | None:
    """The line of `path`, or of the nearest thing around it; None if nothing of it is known."""
    while path:
        if path in lines:
            return lines[path]
        cut = max(path.rfind("."), path.rfind("["))
        path = path[:cut] if cut > 0 else ""
    return None


class _Scanner:
    """One pass over the text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.lines: dict[str, int] = {}
        self._counts: dict[str, int] = {}

    def run(self) -> None:
        """Read headers and keys up to the end."""
        table = ""
        while self._skip_blank():
            if self.text[self.at] == "[":
                table = self._header()
            else:
                self._pair(table)

    def _note(self, path: str) -> None:
        self.lines.setdefault(path, self.text.count("\n", 0, self.at) + 1)

    def _skip_blank(self) -> bool:
        """Pass white space and comments; False at the end of the text."""
        text, size = self.text, len(self.text)
        while self.at < size:
            if text[self.at] in " \t\n\r":
                self.at += 1
            elif text[self.at] == "#":
                end = text.find("\n", self.at)
                self.at = size if end < 0 else end
            else:
                return True
        return False

    def _header(self) -> str:
        is_array = self.text.startswith("[[", self.at)
        start = self.at
        self.at += 2 if is_array else 1
        names = self._key()
        here, self.at = self.at, start
        path = ""
        for position, name in enumerate(names):
            path = f"{path}.{name}" if path else name
            if is_array and position == len(names) - 1:
                count = self._counts.get(path, 0)
                self._counts[path] = count + 1
                self._note(path)
                path = f"{path}[{count}]"
            elif path in self._counts:
                path = f"{path}[{self._counts[path] - 1}]"
            self._note(path)
        self.at = self.text.index("]", here) + (2 if is_array else 1)
        return path

    def _key(self) -> list[str]:
        """A dotted key, up to what ends it."""
        names: list[str] = []
        while True:
            self._skip_blank()
            if self.text[self.at] in "\"'":
                end = self._string_end()
                names.append(self.text[self.at + 1 : end - 1])
                self.at = end
            else:
                found = _BARE.match(self.text, self.at)
                if found is None:
                    raise IndexError(self.at)
                names.append(found[0])
                self.at = found.end()
            while self.text[self.at] in " \t":
                self.at += 1
            if self.text[self.at] != ".":
                return names
            self.at += 1

    def _pair(self, table: str) -> None:
        start = self.at
        names = self._key()
        here, self.at = self.at, start
        path = table
        for name in names:
            path = f"{path}.{name}" if path else name
            self._note(path)
        self.at = self.text.index("=", here) + 1
        self._value(path)

    def _value(self, path: str) -> None:
        self._skip_blank()
        first = self.text[self.at]
        if first in "\"'":
            self.at = self._string_end()
        elif first == "[":
            self._array(path)
        elif first == "{":
            self._inline(path)
        else:
            found = _SCALAR_END.search(self.text, self.at)
            if found and found.start() == self.at:
                raise IndexError(self.at)  # no value: what is not TOML must not be read for ever
            self.at = found.start() if found else len(self.text)

    def _array(self, path: str) -> None:
        self.at += 1
        index = 0
        while self._skip_blank() and self.text[self.at] != "]":
            if self.text[self.at] == ",":
                self.at += 1
                continue
            self._note(f"{path}[{index}]")
            self._value(f"{path}[{index}]")
            index += 1
        self.at += 1

    def _inline(self, path: str) -> None:
        self.at += 1
        while self._skip_blank() and self.text[self.at] != "}":
            if self.text[self.at] == ",":
                self.at += 1
                continue
            self._pair(path)
        self.at += 1

    def _string_end(self) -> int:
        """The offset after the string that starts here."""
        text, at = self.text, self.at
        quote = text[at]
        if text.startswith(quote * 3, at):
            end = at + 3
            while not text.startswith(quote * 3, end):
                end += 2 if quote == '"' and text[end] == "\\" else 1
            end += 3
            while end < len(text) and text[end] == quote:  # up to two quotes may end the string's own text
                end += 1
            return end
        end = at + 1
        while text[end] != quote:
            end += 2 if quote == '"' and text[end] == "\\" else 1
        return end + 1
