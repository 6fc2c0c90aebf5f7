"""Pages that are mostly text or lists: corrections, method, data, API."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from markupsafe import Markup

from voipwatch.model.bundle import MANIFEST_FILE, SIGNATURE_FILE
from voipwatch.site.bundle import Bundle
from voipwatch.site.pages.head import Subject
from voipwatch.site.pages.said import CorrectionView, correction_view
from voipwatch.site.pages.shell import Shell, shell
from voipwatch.site.pages.site import Site
from voipwatch.site.words import Words


class FileView(NamedTuple):
    """One file of the bundle."""

    path: str
    href: str
    size: str
    sha256: str


class Column(NamedTuple):
    """Of a table; the dictionary is the bundle's, in English."""

    name: str
    type: str
    meaning: str


class Route(NamedTuple):
    """An address that programs may ask."""

    path: str
    href: str
    """Empty where it holds a place such as ID."""
    meaning: Markup


@dataclass(frozen=True)
class Corrections:
    """Context of corrections.html."""

    shell: Shell
    corrections: tuple[CorrectionView, ...]


@dataclass(frozen=True)
class Method:
    """Context of method.html."""

    shell: Shell
    sections: tuple[tuple[str, Markup, tuple[Markup, ...]], ...]
    """Anchor, heading, paragraphs."""
    states: tuple[tuple[str, Markup, Markup], ...]
    shares: tuple[tuple[Markup, str], ...]


@dataclass(frozen=True)
class Data:
    """Context of data.html."""

    shell: Shell
    groups: tuple[tuple[Markup, tuple[FileView, ...]], ...]
    digest: str
    key: str
    files: int
    size: str
    tables: tuple[tuple[str, tuple[Column, ...]], ...]
    citation: str
    licence_href: str
    dictionary_href: str


@dataclass(frozen=True)
class Api:
    """Context of api.html."""

    shell: Shell
    routes: tuple[Route, ...]


def corrections(site: Site, t: Words) -> Corrections:
    """The public list, the newest first."""
    frame = shell(site, t, Subject("corrections", "corrections/"), title=t.plain("corrections.title"))
    entries = reversed(site.bundle.corrections)
    return Corrections(frame, tuple(correction_view(t, frame.here, entry) for entry in entries))


METHOD_SECTIONS = ("measure", "verdict", "row", "change", "incident", "name", "claim", "privacy", "limits")
STATES_TOLD = ("ok", "blocked", "throttled", "intermittent", "down", "insufficient", "silent", "unmeasured")


def method(site: Site, t: Words) -> Method:
    """How it is measured, in plain words."""
    frame = shell(
        site, t, Subject("method", "method/"), title=t.plain("method.title"),
        description=t.plain("method.description"),
    )  # fmt: skip
    percent: dict[str, Any] = site.bundle.document("privacy.json")["cells_percent"]
    sections = []
    for name in METHOD_SECTIONS:
        paragraphs = []
        number = 1
        while t.has(f"method.{name}.p{number}"):
            paragraphs.append(t(f"method.{name}.p{number}"))
            number += 1
        sections.append((name, t(f"method.{name}.title"), tuple(paragraphs)))
    return Method(
        frame,
        tuple(sections),
        tuple((each, t(f"state.{each}"), t(f"method.state.{each}")) for each in STATES_TOLD),
        tuple(
            (t(f"method.share.{name}"), t.percent(int(value) / 100))
            for name, value in percent.items()
            if value is not None  # no week is closed for good yet
        ),
    )


def data(site: Site, t: Words) -> Data:
    """The files of the bundle."""
    frame = shell(
        site, t, Subject("data", "data/"), title=t.plain("data.title"),
        description=t.plain("data.description"),
    )  # fmt: skip
    here = frame.here
    manifest = site.bundle.manifest
    groups: dict[str, list[FileView]] = {name: [] for name in ("all", "tables", "series", "incidents", "log")}
    for path in (MANIFEST_FILE, SIGNATURE_FILE):
        groups["all"].append(FileView(path, here.file_at(f"bundle/{path}"), "", ""))
    for entry in manifest.files:
        folder = entry.path.split("/")[0] if "/" in entry.path else "all"
        name = {"tables": "tables", "series": "series", "incidents": "incidents", "chronicle": "log"}
        href = here.file_at(f"bundle/{entry.path}").replace("%", "%25")
        groups[name.get(folder, "all")].append(FileView(entry.path, href, size(t, entry.bytes), entry.sha256))
    dictionary = site.bundle.document("data-dictionary.json").get("tables", {})
    return Data(
        frame,
        tuple((t(f"data.group.{name}"), tuple(files)) for name, files in groups.items() if files),
        digest=site.bundle.digest,
        key=manifest.key,
        files=len(manifest.files) + 2,
        size=size(t, sum(entry.bytes for entry in manifest.files)),
        tables=tuple((name, _columns(columns)) for name, columns in dictionary.items()),
        citation=_citation(site.bundle),
        licence_href=here.file_at("bundle/LICENCE"),
        dictionary_href=here.file_at("bundle/data-dictionary.json"),
    )


def _columns(table: Mapping[str, Any]) -> tuple[Column, ...]:
    return tuple(
        Column(str(each.get("name", "")), str(each.get("type", "")), str(each.get("meaning", "")))
        for each in table.get("columns", ())
    )


def size(t: Words, size_bytes: int) -> str:
    """`1.4 MB`: decimal units."""
    value, unit = float(size_bytes), "B"
    for bigger in ("kB", "MB", "GB"):
        if value < 1000:
            break
        value, unit = value / 1000, bigger
    return f"{t.number(round(value, 1) if value < 100 else round(value))} {unit}"


BUNDLE_ROUTES = (
    ("manifest.json", "manifest"),
    ("states.json", "states"),
    ("series/index.json", "series"),
    ("incidents/index.json", "incidents"),
    ("claims.json", "claims"),
    ("corrections.json", "corrections"),
    ("chronicle/log.jsonl", "log"),
    ("data-dictionary.json", "dictionary"),
    ("voipwatch.sqlite", "sqlite"),
)


def api(site: Site, t: Words, routes: tuple[tuple[str, bool, str], ...] = ()) -> Api:
    """What programs may ask: the bundle's files, and what other parts of the site bring.

    Args:
        site: of the bundle.
        t: the language.
        routes: of other parts: path below the site's root, whether it can be followed, key of its meaning.
    """
    frame = shell(site, t, Subject("api", "api/"), title=t.plain("api.title"))
    here = frame.here
    known = set(site.bundle.paths) | {MANIFEST_FILE}
    found = [
        Route(f"/bundle/{path}", here.file_at(f"bundle/{path}"), t(f"api.bundle.{key}"))
        for path, key in BUNDLE_ROUTES
        if path in known
    ]
    found += [Route(f"/{path}", here.file_at(path) if follow else "", t(key)) for path, follow, key in routes]
    return Api(frame, tuple(found))


def _citation(bundle: Bundle) -> str:
    """`CITATION.cff`; empty where there is none, and where nothing was measured that could be cited."""
    if bundle.manifest.is_unmeasured or "CITATION.cff" not in bundle.paths:
        return ""
    return bundle.read("CITATION.cff").decode()
