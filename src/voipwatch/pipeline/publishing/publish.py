"""Puts a bundle together: everything that `voipwatch publish` does once it knows what was asked.

The same store, log, memory, `as_of` and key give the same bytes: every table has a total order, one writer is
one thread, sums are of whole numbers, and no clock is read.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from voipwatch.chronicle import manifests
from voipwatch.model.bundle import (
    CLOSING_LAG_S,
    COUNTING_FILE,
    DAY_S,
    MANIFEST_FILE,
    PUBLISHER,
    SIGNATURE_FILE,
    Closed,
    Manifest,
    PublicChange,
    PublicRow,
)
from voipwatch.model.instants import iso, seconds
from voipwatch.pipeline.publishing import chronology, documents, folder, rowdetector, signing
from voipwatch.pipeline.publishing.alone import alone
from voipwatch.pipeline.publishing.changes import published_changes
from voipwatch.pipeline.publishing.chronology import Chronology
from voipwatch.pipeline.publishing.claims import CLAIMS_FILE, claims_document, contradicted_in
from voipwatch.pipeline.publishing.columns import CELLS, CHANGEPOINTS, INCIDENTS, dictionary
from voipwatch.pipeline.publishing.counting import Choices, counting_document, counting_of
from voipwatch.pipeline.publishing.memory import Memory
from voipwatch.pipeline.publishing.releasing import release
from voipwatch.pipeline.publishing.tables import (
    arrow_table,
    cells_columns,
    changes_columns,
    csv_bytes,
    incidents_columns,
    parquet_bytes,
    sqlite_file,
)
from voipwatch.pipeline.publishing.world import World, document
from voipwatch.store.store import Store

STAGES: Final = ("votes", "rows", "files", "disk")
Step = Callable[[str, int, int], None]
"""Called with a stage, how much of it is done, and all of it."""


class RefusedError(Exception):
    """This bundle must not be made; `reason` is a word, `detail` what it is about."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


class Request(NamedTuple):
    """What was asked for."""

    out: Path
    memory: Path
    """Folder of what is out."""
    as_of: int
    """Unix seconds."""
    key: Ed25519PrivateKey
    log: tuple[bytes, ...] = ()
    """Lines of the chronicle's log, without line feeds."""
    instance: str = ""
    final: str = ""
    """Why the observatory closes with this bundle; empty while it does not."""
    now: int | None = None
    """Unix seconds at which an embargo is on or off; None: `as_of`."""
    publisher: str = PUBLISHER
    contact: str = ""
    choices: Choices = Choices()
    """What an editor has decided of counters."""


class Published(NamedTuple):
    """What was done."""

    digest: str
    """Of the bundle, hex."""
    folder: Path
    files: int
    bytes: int
    rows: int
    """In the table of cells."""
    fresh: int
    """Of them, new with this bundle."""
    changed: bool
    """False where the bundle that was there says the same."""
    as_of: int = 0
    """Unix seconds; of a closed observatory that of its closing, whatever was asked for."""
    final: str = ""
    """Why the observatory is closed; empty while it is not."""
    uncounted: tuple[str, ...] = ()
    """Incidents and countries of which a choice cannot stand as of the bundle: counters go by the rule."""


def publish(
    store: Store,
    request: Request,
    *,
    log: Callable[[], tuple[bytes, ...]] | None = None,
    step: Step = lambda *_: None,
    disk: folder.Step = lambda _: None,
) -> Published:
    """Make the bundle and put it at `request.out`, alone.

    Args:
        store: whose votes and changepoints are told.
        request: what was asked for.
        log: gives the log's lines once nobody else publishes, in place of `request.log`: what is put under
            embargo there is under embargo for whoever comes next.
        step: progress.
        disk: told before each step on disk; the tests stop the process there.

    Raises:
        BusyError: somebody else publishes there.
        RefusedError: final, older than what is out, a bundle of another world.
        NotABundleError: something else is at `out`.
        MemoryDamagedError, MixedWorldsError, StoreError, OSError: nothing changed at `out`.
        LogError: the chronicle's log does not hold.
    """
    with alone(request.memory, request.out):
        asked = request if log is None else request._replace(log=log())
        return _publish(store, asked, step=step, disk=disk)


def _publish(store: Store, request: Request, *, step: Step, disk: folder.Step) -> Published:
    content = folder.current_manifest(request.out)
    request = _issued_again(request, content)
    world = World(request.instance, request.as_of, final=bool(request.final))
    before = None if content is None else _before(content, world, request)
    memory = _memory(request, before)
    told = chronology.read(request.log, world, now_s=request.now)
    if told.final is not None and told.final.reason != request.final:
        raise RefusedError("final", told.final.reason)
    public = request.key.public_key().public_bytes_raw().hex()
    if told.keys and public not in told.keys:
        raise RefusedError("key", public)
    released = release(store, memory, as_of=request.as_of, step=lambda done, all_: step("votes", done, all_))
    step("rows", 0, 1)
    memory.add(released.rows, world=world)
    by_rows = _row_changes(memory, as_of=request.as_of)
    changes = published_changes(
        store,
        by_rows,
        released,
        instance=request.instance,
        as_of=request.as_of,
        below=memory.kept.withheld_below,
        hidden=told.hidden,
    )
    memory.kept.until = request.as_of
    memory.kept.revisions = {incident.id: incident.revision for incident in told.incidents}
    memory.keep()
    rows = memory.all_rows()
    with tempfile.TemporaryDirectory(dir=memory.folder) as scratch:
        step("files", 0, 1)
        files = _files(
            memory, rows, changes, told, world=world, publisher=request.publisher, scratch=Path(scratch)
        )
        claims = files[CLAIMS_FILE]
        assert isinstance(claims, bytes)
        counting, left = counting_of(
            request.choices,
            told.incidents,
            as_of=request.as_of,
            contradicted=contradicted_in(claims),
        )
        files[COUNTING_FILE] = counting_document(counting, world)
        done = _put(
            request, world, files, before=content, told=(len(rows), len(released.rows)), step=step, disk=disk
        )
        return done._replace(uncounted=left)


def _issued_again(request: Request, content: bytes | None) -> Request:
    """Of a closed observatory: its last bundle with what was said since, and with the same measurements.

    What it owes after the end are replies and corrections (docs/editorial.md); the log takes nothing else.
    """
    try:
        before = None if content is None else manifests.read_manifest(content)
    except ValueError:
        return request  # said where the bundle before is looked at
    if before is None or before.final is None or request.final or before.instance != request.instance:
        return request
    return request._replace(as_of=int(seconds(before.as_of)), final=before.final.reason)


def _before(content: bytes, world: World, request: Request) -> Manifest:
    try:
        manifest = manifests.read_manifest(content)
    except ValueError as error:
        raise RefusedError("damaged", str(error)) from error
    if manifest.instance != world.instance:
        raise RefusedError("world", manifest.instance or "-")
    if manifest.final is not None and (
        manifest.final.reason != request.final or manifest.as_of != iso(world.as_of)
    ):
        raise RefusedError("final", manifest.final.reason)
    if manifest.as_of > iso(world.as_of):
        raise RefusedError("older", manifest.as_of)
    return manifest


def _memory(request: Request, before: Manifest | None) -> Memory:
    memory = Memory(request.memory, request.instance)
    if memory.kept.until > request.as_of:
        raise RefusedError("older", iso(memory.kept.until))
    if memory.empty and before is not None:
        prefix, suffix = "tables/cells/", ".parquet"
        months = {
            entry.path[len(prefix) : -len(suffix)]: (request.out / entry.path).read_bytes()
            for entry in before.files
            if entry.path.startswith(prefix) and entry.path.endswith(suffix)
        }
        memory.adopt(months, int(seconds(before.as_of)))
    return memory


def _row_changes(memory: Memory, *, as_of: int) -> list[PublicChange]:
    """Feed the row detector what it has not had; from the beginning where the promise is shared anew."""
    kept = memory.kept
    rows = [row for months in memory.rows.values() for row in months]
    count = rowdetector.shared_by(row.series for row in rows)
    if count != kept.series_count:
        kept.series_count, kept.fed_until, kept.detectors = count, 0, {}
    counts = rowdetector.daily_counts(rows, since=kept.fed_until, as_of=as_of)
    rowdetector.advance(kept.detectors, counts, series_count=count)
    kept.fed_until = (as_of - CLOSING_LAG_S) // DAY_S * DAY_S
    return rowdetector.changes(kept.detectors)


def _files(
    memory: Memory,
    rows: list[PublicRow],
    changes: list[PublicChange],
    told: Chronology,
    *,
    world: World,
    publisher: str,
    scratch: Path,
) -> dict[str, folder.Content]:
    series = documents.by_series(rows)
    of_changes = changes_columns(changes, world)
    of_incidents = incidents_columns(told.incidents, world)
    files: dict[str, folder.Content] = {**memory.files()}
    for table, columns in ((CHANGEPOINTS, of_changes), (INCIDENTS, of_incidents)):
        rows_of = arrow_table(table, columns)
        files[f"tables/{table.name}.parquet"] = parquet_bytes(rows_of)
        files[f"tables/{table.name}.csv"] = csv_bytes(rows_of)
    whole = scratch / "voipwatch.sqlite"
    sqlite_file(
        whole, [(CELLS, cells_columns(rows, world)), (CHANGEPOINTS, of_changes), (INCIDENTS, of_incidents)]
    )
    files["voipwatch.sqlite"] = whole
    files |= documents.series_documents(series, world)
    files |= told.files
    withheld = sum(memory.kept.withheld_cells.values())
    return files | {
        "states.json": documents.states_document(series, world),
        CLAIMS_FILE: claims_document(rows, world, notes=told.claim_notes),
        "privacy.json": documents.privacy_document(rows, withheld, world),
        "data-dictionary.json": document(world.head(documents.DICTIONARY_SCHEMA), dictionary()),
        "LICENCE": documents.LICENCE.encode(),
        "CITATION.cff": documents.citation(world, publisher),
    }


def _put(
    request: Request,
    world: World,
    files: dict[str, folder.Content],
    *,
    before: bytes | None,
    told: tuple[int, int],
    step: Step,
    disk: folder.Step,
) -> Published:
    digests = {path: folder.digest_and_size(content) for path, content in files.items()}
    public = request.key.public_key().public_bytes_raw().hex()
    final = Closed(request.final, iso(world.as_of)) if request.final else None
    total = sum(size for _, size in digests.values())

    def done(digest: str, place: Path, *, changed: bool) -> Published:
        counts = (len(files), total, *told)
        return Published(digest, place, *counts, changed=changed, as_of=world.as_of, final=request.final)

    def made(previous: str) -> bytes:
        return signing.manifest_of(
            digests,
            world,
            key=public,
            previous=previous,
            final=final,
            publisher=request.publisher,
            contact=request.contact,
        )

    if before is not None:
        # Asked again for the same: the chain gets no second link that says nothing new.
        old = manifests.read_manifest(before)
        if made(old.previous) == before:
            return done(manifests.digest_of(before), request.out.resolve(), changed=False)
    previous = "" if before is None else manifests.digest_of(before)
    manifest = made(previous)
    digest = manifests.digest_of(manifest)
    whole = files | {MANIFEST_FILE: manifest, SIGNATURE_FILE: signing.sign(manifest, request.key)}
    count = 0

    def one(name: str) -> None:
        nonlocal count
        count += 1
        step("disk", min(count, len(whole)), len(whole))
        disk(name)

    place = folder.write_bundle(request.out, whole, digests=digests, digest=digest, step=one)
    return done(digest, place, changed=True)
