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

_LRI, _RLI, _FSI, _PDI = "\u2066", "\u2067", "\u2068", "\u2069"
_LATIN_RUN: Final = re.compile(r"[!-~]*[A-Za-z][!-~]*(?: [!-~]*[A-Za-z][!-~]*)*")
"""Words of printable ASCII with a letter in them, with the spaces between."""


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
            return text.format(**{name: str(value) for name, value in values.items()})
        marked = "".join(
            part if part.startswith("{") else _LATIN_RUN.sub(_left_to_right, part)
            for part in re.split(r"(\{\w+\})", text)
        )
        return self.isolate(marked.format(**{name: f"{_FSI}{value}{_PDI}" for name, value in values.items()}))

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
