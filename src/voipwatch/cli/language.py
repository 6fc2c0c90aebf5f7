"""The reader's language: which one, and its texts.

Texts live in `locale/LANG.toml`, one file a language with the same keys. Arabic is written from right
to left: every line of it is one isolate (U+2067 ... U+2069, UAX #9), and whatever in it reads from
left to right (options, ids, numbers with units, paths) is an isolate of its own (U+2066, U+2068).
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, Final

LANGUAGES: Final = ("en", "fr", "ar")
RIGHT_TO_LEFT: Final = frozenset({"ar"})
DECIMAL_COMMA: Final = frozenset({"fr", "ar"})
"""Languages that write 1,5: French, and Arabic as Morocco writes it, with Latin digits (CLDR 44, ar-MA)."""
SPACE_BEFORE_UNIT: Final[Mapping[str, str]] = {"fr": "\u202f"}
"""French sets a narrow no-break space before % and units (Lexique des règles typographiques)."""
SIZE_UNITS: Final[Mapping[str, tuple[str, str, str, str]]] = {"fr": ("Go", "Mo", "ko", "o")}
"""Octets in French; elsewhere bytes."""

_LRI, _RLI, _FSI, _PDI = "\u2066", "\u2067", "\u2068", "\u2069"
_LATIN_RUN: Final = re.compile(r"[!-~]*[A-Za-z][!-~]*(?: [!-~]*[A-Za-z][!-~]*)*")
"""Words of printable ASCII with a letter in them, with the spaces between."""


class Size(int):
    """Bytes, to be shown as an amount of data: `2 MB`, and `2 Mo` in French."""


class Texts:
    """All texts of one language. Calling it fills one in."""

    def __init__(self, lang: str, entries: Mapping[str, str]) -> None:
        self.lang = lang
        self.right_to_left = lang in RIGHT_TO_LEFT
        self._entries = entries

    def __call__(self, key: str, **values: object) -> str:
        """The text `key` with its placeholders filled; one isolate where the script needs it.

        Raises KeyError for a key that the language lacks: that is our fault, and tests look for it.
        """
        text = self._entries[key]
        if not self.right_to_left:
            return text.format(**{name: self._shown(value) for name, value in values.items()})
        marked = "".join(
            part if part.startswith("{") else _LATIN_RUN.sub(_left_to_right, part)
            for part in re.split(r"(\{\w+\})", text)
        )
        return self.isolate(
            marked.format(**{name: f"{_FSI}{self._shown(value)}{_PDI}" for name, value in values.items()})
        )

    def _shown(self, value: object) -> str:
        if isinstance(value, Size):
            return self.size(value)
        return self.number(value) if isinstance(value, float) else str(value)

    def number(self, value: float) -> str:
        """One digit after the point, or none where it is a zero: `1.3`, `1,3`, `20`."""
        return self.rating(value).removesuffix(",0").removesuffix(".0")

    def rating(self, value: float) -> str:
        """Always one digit after the point: `4.0`."""
        text = f"{value:.1f}"
        return text.replace(".", ",") if self.lang in DECIMAL_COMMA else text

    def percent(self, share: float | None) -> str:
        """A share from 0 to 1 as `93.8 %`; a dash for none."""
        return "–" if share is None else f"{self.rating(100 * share)}{self._space}%"

    def size(self, size_bytes: int) -> str:
        """A size for people: `2 MB`, `1.3 MB`, `470 kB`, `512 B`."""
        *large, smallest = SIZE_UNITS.get(self.lang, ("GB", "MB", "kB", "B"))
        for unit, bytes_each in zip(large, (1_000_000_000, 1_000_000, 1_000), strict=True):
            if size_bytes >= bytes_each:
                return f"{self.number(size_bytes / bytes_each)}{self._space}{unit}"
        return f"{size_bytes}{self._space}{smallest}"

    @property
    def _space(self) -> str:
        return SPACE_BEFORE_UNIT.get(self.lang, " ")

    def isolate(self, text: str) -> str:
        """`text`, as a paragraph of this language that its surroundings cannot reorder."""
        if not self.right_to_left or not text:
            return text
        return "\n".join(f"{_RLI}{line}{_PDI}" if line else line for line in text.split("\n"))

    def has(self, key: str) -> bool:
        """True when the language has this text."""
        return key in self._entries

    def names(self) -> list[str]:
        """The keys of all texts, sorted."""
        return sorted(self._entries)

    def raw(self, key: str) -> str:
        """The text as it stands in the file, placeholders unfilled."""
        return self._entries[key]


def _left_to_right(run: re.Match[str]) -> str:
    """The run as an isolate; the sentence's own punctuation after it stays outside."""
    words = run[0].rstrip(".,:;")
    return f"{_LRI}{words}{_PDI}{run[0][len(words) :]}"


def _flat(table: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    flat: dict[str, str] = {}
    for key, value in table.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict):
            flat.update(_flat(value, f"{name}."))
        else:
            flat[name] = str(value).strip()
    return flat


@cache
def texts(lang: str) -> Texts:
    """The texts of one of `LANGUAGES`."""
    resource = files("voipwatch.cli").joinpath("locale").joinpath(f"{lang}.toml")
    return Texts(lang, _flat(tomllib.loads(resource.read_text(encoding="utf-8"))))


def take_option(arguments: Sequence[str]) -> tuple[str | None, list[str]]:
    """The value of the last `--lang` (empty when it is missing), and the arguments without it.

    It is taken out before the command line is understood, so that the refusal of a wrong command line
    speaks the language too, and so that it may stand anywhere.
    """
    asked: str | None = None
    rest: list[str] = []
    waiting = iter(arguments)
    for argument in waiting:
        if argument == "--":
            rest += [argument, *waiting]
        elif argument == "--lang":
            asked = next(waiting, "")
        elif argument.startswith("--lang="):
            asked = argument.partition("=")[2]
        else:
            rest.append(argument)
    return asked, rest


def of_environment(environment: Mapping[str, str]) -> str:
    """The locale's language in POSIX's order of variables; English where it is none of ours."""
    # POSIX.1-2017, 8.2: LC_ALL wins over the category, the category over LANG.
    for variable in ("LC_ALL", "LC_MESSAGES", "LANG"):
        value = environment.get(variable, "")
        if value:
            code = re.split(r"[_.@-]", value.lower(), maxsplit=1)[0]
            return code if code in LANGUAGES else "en"
    return "en"
