"""Bundles for tests of the site: made by publishing itself, and signed again after a change."""

import json
import shutil
from collections.abc import Mapping, Sequence
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import msgspec

from tests.chronicle.writing import LATER, MACHINE, NOON, Writing
from tests.pipeline.publishing.support import (
    DAY,
    MONDAY,
    Said,
    changepoint,
    request,
    store_of,
    votes,
)
from voipwatch.chronicle.log import public_key_of
from voipwatch.chronicle.manifests import digest_of, read_manifest
from voipwatch.model.acts import EntryKind
from voipwatch.model.bundle import MANIFEST_FILE, SIGNATURE_FILE, FileEntry
from voipwatch.model.incidents import (
    Attribution,
    AttributionReason,
    AttributionState,
    Incident,
    IncidentStatus,
    Phase,
    PhaseKind,
    Quality,
    SeriesName,
    Spread,
)
from voipwatch.model.instants import iso
from voipwatch.pipeline.publishing.counting import Choices
from voipwatch.pipeline.publishing.publish import publish
from voipwatch.pipeline.publishing.signing import sign
from voipwatch.site.bundle import Bundle
from voipwatch.site.render import plan

BLOCKED_FROM = 8
SERIES = SeriesName("AS36925", "4g", "whatsapp")
NAME = "MA-2016-01-a"
HOSTILE = "<script>alert('x')</script>\"'><img src=x onerror=alert(1)>&\u202e"


def incident(**more: Any) -> Incident:
    """Detected, attributed, without an end."""
    at = iso(MONDAY + BLOCKED_FROM * DAY)
    before = iso(MONDAY + (BLOCKED_FROM - 1) * DAY)
    fields: dict[str, Any] = {
        "id": NAME,
        "revision": 1,
        "country": "MA",
        "status": IncidentStatus.DETECTED,
        "as_of": at,
        "phases": (Phase(PhaseKind.ONSET, before, at, (SERIES,), ("c1",)),),
        "spread": (Spread(SERIES, before, at, 1),),
        "quality": Quality(5, 5, 4, 0, 0, 0, 7305.0, None),
        "attribution": Attribution(AttributionState.ATTRIBUTED, (AttributionReason.CANARY_REACHED,)),
    }
    return Incident(**fields | more)


def log(*items: tuple[EntryKind, msgspec.Struct]) -> tuple[bytes, ...]:
    """Signed lines of a chronicle: what the machine finds, and what the editor says two days later."""
    writing = Writing()
    for kind, body in items:
        if kind is EntryKind.INCIDENT:
            writing.add(kind, body, signer=MACHINE)
        else:
            writing.add(kind, body, when=NOON if kind is EntryKind.NOTICE else LATER)
    return tuple(writing.lines)


def published(
    folder: Path,
    said: Sequence[Said] | None = None,
    *,
    days: float = 14,
    lines: Sequence[bytes] | None = None,
    instance: str = "",
    choices: Choices | None = None,
) -> Path:
    """A bundle made by `publish`: two apps of one operator, one blocked from a day on, one open incident."""
    if said is None:
        said = votes(12, blocked_from=BLOCKED_FROM, instance=instance)
    if lines is None:
        name = f"LAB-{NAME}" if instance else NAME
        lines = log((EntryKind.INCIDENT, incident(id=name, instance=instance)))
    changes = [changepoint(BLOCKED_FROM, instance=instance)]
    asked = request(folder, days, log=tuple(lines), key=MACHINE, instance=instance)
    publish(store_of(said, changes), asked._replace(choices=choices or Choices()))
    return folder / "bundle"


def altered(source: Path, target: Path, files: Mapping[str, bytes | None], **fields: Any) -> Path:
    """A copy with other files (None: without it), signed again; `fields` are of the manifest."""
    shutil.copytree(source, target)
    for path, content in files.items():
        place = target / path
        if content is None:
            place.unlink()
        else:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
    manifest = read_manifest((target / MANIFEST_FILE).read_bytes())
    found = sorted(
        place.relative_to(target).as_posix()
        for place in target.rglob("*")
        if place.is_file() and place.name not in {MANIFEST_FILE, SIGNATURE_FILE}
    )
    entries = []
    for path in found:
        content = (target / path).read_bytes()
        entries.append(FileEntry(path, digest_of(content), len(content)))
    made = msgspec.structs.replace(manifest, files=tuple(entries), key=public_key_of(MACHINE), **fields)
    content = msgspec.json.format(msgspec.json.encode(made), indent=1) + b"\n"
    (target / MANIFEST_FILE).write_bytes(content)
    (target / SIGNATURE_FILE).write_bytes(sign(content, MACHINE))
    return target


def with_claims(source: Path, target: Path, *entries: dict[str, Any]) -> Path:
    """A copy whose claims are these."""
    head = json.loads((source / "states.json").read_bytes())
    document = {key: head[key] for key in ("as_of", "valid_until", "synthetic", "instance")}
    document |= {"schema": "voipwatch.claims/1", "claims": list(entries)}
    return altered(source, target, {"claims.json": json.dumps(document).encode()})


def claim(name: str = "test/one", **more: Any) -> dict[str, Any]:
    """An entry of claims.json: supported, of one row."""
    text = more.pop("text", "Calls are blocked.")
    check = {
        "claim": name, "state": "supported", "why": "agrees", "cells_for": 3, "cells_against": 0,
        "units_for": 3, "units": 3, "share": 1.0, "share_low": 0.53, "share_high": 1.0, "days": 2,
        "series": 1,
        "rows": [{"country": "MA", "operator": "AS36925", "access": "4g", "app": "whatsapp",
                  "start": iso(MONDAY + 9 * DAY), "level": "day"}],
        "as_of": "2016-01-18T00:00:00Z",
    } | more.pop("check", {})  # fmt: skip
    source = {"publisher": "Paper", "title": "A text", "url": "", "date": "", "lang": "fr"} | more.pop(
        "source", {}
    )
    body = {
        "id": name, "type": "press", "says": "blocked", "date": "2016-01-13", "as_published": "le 13 janvier",
        "text": text, "scope": {"country": "MA"}, "source": source, "contradicts": [], "flag": None,
        "translations": [],
    } | more  # fmt: skip
    return {"claim": body, "check": check, "notes": []}


class Page(HTMLParser):
    """What a parser finds in a page."""

    def __init__(self, content: bytes) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.title = ""
        self._in: list[str] = []
        self.feed(content.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._in.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag in self._in:
            while self._in.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        self.texts.append(data)
        if self._in and self._in[-1] == "title" and "svg" not in self._in:
            self.title += data

    @property
    def text(self) -> str:
        return "".join(self.texts)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]

    @property
    def ids(self) -> list[str]:
        return [attributes["id"] or "" for _, attributes in self.tags if "id" in attributes]

    @property
    def links(self) -> list[str]:
        found = [attributes.get(name) for _, attributes in self.tags for name in ("href", "src")]
        return [link for link in found if link]


def some(bundle: Bundle, *wanted: str) -> dict[str, bytes]:
    """Those files of the site whose path begins with one of `wanted`: all of a big one takes seconds."""
    return {each.path: each.make() for each in plan(bundle) if each.path.startswith(wanted)}
