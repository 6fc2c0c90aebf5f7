"""A published bundle, read whole: signature and every digest hold, or it is no bundle.

The site shows nothing that it has not checked against the signed manifest. Whose key it is, the chain of the
log and what can be recomputed are `voipwatch verify`'s to say.
"""

import csv
import io
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Generic, TypeVar
from urllib.parse import quote

import msgspec

from voipwatch.chronicle.manifests import digest_of, read_manifest, signed_by
from voipwatch.model.acts import Dispute, Hold, Notice, Reply, Review
from voipwatch.model.bundle import COUNTING_FILE, MANIFEST_FILE, SIGNATURE_FILE, Counting, Manifest
from voipwatch.model.claims import Claim, ClaimCheck
from voipwatch.model.incidents import Incident

TABLES: Final = "tables"
Body = TypeVar("Body")
_Form = TypeVar("_Form")


class BadBundleError(Exception):
    """There is no bundle, or it is not what was signed.

    Args:
        path: of the file that is missing, changed, or of a form that is not understood; relative.
        why: missing, changed, signature, form.
    """

    def __init__(self, path: str, why: str) -> None:
        super().__init__(f"{path}: {why}")
        self.path = path
        self.why = why


class Row(msgspec.Struct, frozen=True):
    """One published row of a series; figures as `model.bundle.PublicRow`."""

    start: str
    as_of: str
    level: str
    state: str
    votes: int
    ok: int | None
    blocked: int | None
    throttled: int | None
    down: int | None
    insufficient: int | None
    probes: int
    hours: int

    @property
    def anchor(self) -> str:
        """Of the row on its series' page: `2016-01-05-day`, `2016-01-05T14-hour`."""
        return anchor_of(self.start, self.level)


def anchor_of(start: str, level: str) -> str:
    """Of a row, by its start (ISO 8601) and level."""
    return f"{start[:13] if level == 'hour' else start[:10]}-{level}"


class State(msgspec.Struct, frozen=True):
    """What is known last of a series: an entry of states.json."""

    country: str
    operator: str
    access: str
    app: str
    synthetic: bool
    state: str
    measured: bool
    """A row decided within the last 168 h."""
    measured_until: str | None
    row: Row | None
    """The newest that decides."""
    newest_row: Row


class Said(msgspec.Struct, Generic[Body], frozen=True):
    """An act of the chronicle's log."""

    at: str
    line: int
    kind: str
    body: Body
    operators_count: int = 0
    """Of a notice: how many were told, named or not."""


class IncidentPage(msgspec.Struct, frozen=True, kw_only=True):
    """incidents/ID.json: the newest revision and all that was said of it."""

    incident: Incident
    revised_at: tuple[str, ...]
    reviews: tuple[Said[Review], ...] = ()
    notices: tuple[Said[Notice], ...] = ()
    replies: tuple[Said[Reply], ...] = ()
    disputes: tuple[Said[Dispute], ...] = ()
    holds: tuple[Said[Hold], ...] = ()


class Judged(msgspec.Struct, frozen=True):
    """A claim beside the published rows: an entry of claims.json."""

    claim: Claim
    check: ClaimCheck
    notes: tuple[dict[str, Any], ...] = ()
    """What happened to its source."""


class _States(msgspec.Struct):
    series: list[State]


class _Series(msgspec.Struct):
    rows: dict[str, list[Any]]


class _Revision(msgspec.Struct):
    incident: Incident


class _Index(msgspec.Struct):
    incidents: list[dict[str, Any]]


class _Claims(msgspec.Struct):
    claims: list[Judged]


class Bundle:
    """One bundle. What was asked for once is kept."""

    def __init__(self, folder: Path, manifest: Manifest, digest: str) -> None:
        self.folder = folder
        self.manifest = manifest
        self.digest = digest
        """SHA-256 of manifest.json, hex: how the bundle is cited."""
        self._digests = {entry.path: entry.sha256 for entry in manifest.files}

    @property
    def paths(self) -> tuple[str, ...]:
        """Every file but the manifest and its signature, sorted."""
        return tuple(self._digests)

    def sha256(self, path: str) -> str:
        """Of one of its files, hex. Raises KeyError for any other."""
        return self._digests[path]

    def read(self, path: str) -> bytes:
        """The bytes of one of its files. Raises BadBundleError where it is not what was signed."""
        wanted = self._digests.get(path)
        if wanted is None:
            raise BadBundleError(path, "missing")
        try:
            content = (self.folder / path).read_bytes()
        except FileNotFoundError as error:
            raise BadBundleError(path, "missing") from error
        if digest_of(content) != wanted:
            raise BadBundleError(path, "changed")
        return content

    @cached_property
    def states(self) -> tuple[State, ...]:
        """Of every series that has a row, in order."""
        return tuple(self._decoded("states.json", _States).series)

    def rows(self, state: State) -> tuple[Row, ...]:
        """All published rows of a series, in order of time; not kept: a year has thousands."""
        columns = self._decoded(series_path(state), _Series).rows
        try:
            return tuple(msgspec.convert(values, Row) for values in _in_rows(columns))
        except (msgspec.ValidationError, ValueError) as error:
            raise BadBundleError(series_path(state), "form") from error

    @cached_property
    def incidents(self) -> tuple[IncidentPage, ...]:
        """In the order in which their ids were allotted, tombstones too."""
        index = self._decoded("incidents/index.json", _Index).incidents
        return tuple(self._decoded(f"incidents/{each['id']}.json", IncidentPage) for each in index)

    def revision(self, incident: str, number: int) -> Incident:
        """One revision as it was. Raises BadBundleError where there is none."""
        return self._decoded(f"incidents/{incident}/r{number}.json", _Revision).incident

    def signed_revision(self, incident: Incident) -> Incident | None:
        """What a person signed last: beside names only what it says is told (`chronicle.titles`)."""
        number = incident.reviewed_revision
        return self.revision(incident.id, number) if number else None

    @cached_property
    def claims(self) -> tuple[Judged, ...]:
        """What sources said, each beside the rows; none where the bundle has no claims."""
        if "claims.json" not in self._digests:
            return ()
        return tuple(self._decoded("claims.json", _Claims).claims)

    @cached_property
    def counting(self) -> Counting:
        """What an editor has decided of counters; nothing in bundles that were made before there was such."""
        if COUNTING_FILE not in self._digests:
            return Counting()
        return self._decoded(COUNTING_FILE, Counting)

    @cached_property
    def corrections(self) -> tuple[dict[str, Any], ...]:
        """In order: at, line, kind (correction, withdrawal), body."""
        return tuple(self.document("corrections.json")["corrections"])

    @cached_property
    def changes(self) -> tuple[dict[str, str], ...]:
        """The table of changepoints, its columns as text (docs/bundle.md)."""
        text = self.read(f"{TABLES}/changepoints.csv").decode()
        return tuple(csv.DictReader(io.StringIO(text)))

    def document(self, path: str) -> dict[str, Any]:
        """Any of its JSON files as it stands."""
        return self._decoded(path, dict[str, Any])

    def _decoded(self, path: str, form: type[_Form]) -> _Form:
        content = self.read(path)
        try:
            return msgspec.json.decode(content, type=form)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise BadBundleError(path, "form") from error


def read_bundle(folder: Path) -> Bundle:
    """The bundle in `folder`, every file of it checked.

    Raises:
        BadBundleError: what is missing, changed or not signed.
        OSError: it cannot be read.
    """
    try:
        content = (folder / MANIFEST_FILE).read_bytes()
        signature = (folder / SIGNATURE_FILE).read_bytes()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise BadBundleError(Path(error.filename or MANIFEST_FILE).name, "missing") from error
    try:
        manifest = read_manifest(content)
    except ValueError as error:
        raise BadBundleError(MANIFEST_FILE, "form") from error
    if not signed_by(content, signature, manifest.key):
        raise BadBundleError(SIGNATURE_FILE, "signature")
    # Resolved once: a publish that replaces the link meanwhile does not mix two bundles.
    bundle = Bundle(folder.resolve(), manifest, digest_of(content))
    for path in bundle.paths:
        if path.startswith("/") or ".." in Path(path).parts:
            raise BadBundleError(path, "form")
        bundle.read(path)
    return bundle


def series_path(state: State) -> str:
    """Where a series lies in the bundle; names are escaped as `publish` does."""
    return (
        "series/"
        + "/".join(map(path_part, (state.country, state.operator, state.access, state.app)))
        + ".json"
    )


def path_part(name: str) -> str:
    """A name as part of a path: percent-encoded, and never one that leads out of its folder."""
    text = quote(name, safe="")
    return f"%2E{text[1:]}" if text.startswith(".") else text


def _in_rows(columns: dict[str, list[Any]]) -> Iterator[dict[str, Any]]:
    names = list(columns)
    for values in zip(*columns.values(), strict=True):
        yield dict(zip(names, values, strict=True))
