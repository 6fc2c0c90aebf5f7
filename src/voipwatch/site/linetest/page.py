"""The line test's page: its context in one language, and the files that its script needs."""

import tomllib
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files as resources
from typing import Any, Final

import msgspec

LANGUAGES: Final = ("en", "fr", "ar")
RIGHT_TO_LEFT: Final = frozenset({"ar"})
SCRIPTS: Final = (
    "linetest.js",
    "linetest-calls.js",
    "linetest-classify.js",
    "linetest-emodel.js",
    "linetest-measure.js",
    "linetest-pair.js",
    "linetest-report.js",
    "linetest-worker.js",
)
STYLE: Final = "linetest.css"


@dataclass(frozen=True, slots=True)
class File:
    """One file below the line test's folder."""

    content: bytes
    media_type: str
    everywhere: bool = False
    """A service worker that may control pages outside its own folder (`Service-Worker-Allowed: /`)."""

    @property
    def etag(self) -> str:
        """Strong, RFC 9110 section 8.8.3."""
        return f'"{sha256(self.content).hexdigest()[:20]}"'


@cache
def texts(lang: str) -> dict[str, str]:
    """Every text of the page in a language, `section.key` -> text. Raises KeyError for another language."""
    if lang not in LANGUAGES:
        raise KeyError(lang)
    source = resources("voipwatch.site.linetest") / "locale" / f"{lang}.toml"
    return dict(_flat(tomllib.loads(source.read_text("utf-8")), ""))


def _flat(table: dict[str, Any], prefix: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for key, value in table.items():
        if isinstance(value, dict):
            found += _flat(value, f"{prefix}{key}.")
        else:
            found.append((f"{prefix}{key}", str(value)))
    return found


def files() -> dict[str, File]:
    """Name -> file, all to be served below one folder and under these very names: modules import each other,
    and a service worker keeps its address.
    """
    folder = resources("voipwatch.site.linetest") / "assets"
    found = {
        name: File((folder / name).read_bytes(), "text/javascript; charset=utf-8", name.endswith("worker.js"))
        for name in SCRIPTS
    }
    found[STYLE] = File((folder / STYLE).read_bytes(), "text/css; charset=utf-8")
    for lang in LANGUAGES:
        content = msgspec.json.encode(texts(lang))
        found[f"texts-{lang}.json"] = File(content, "application/json; charset=utf-8")
    return found


@dataclass(frozen=True, slots=True)
class LineTestContext:
    """What `line-test.html` is rendered with."""

    lang: str
    dir: str
    base: str
    """Where the files and the far end are, ending in a slash, relative to the page or absolute."""
    texts: dict[str, str]


def line_test_context(lang: str, base: str = "/linetest/") -> LineTestContext:
    """The context in a language of `LANGUAGES`. Raises KeyError for another."""
    return LineTestContext(lang, "rtl" if lang in RIGHT_TO_LEFT else "ltr", base, texts(lang))
