"""A bundle read as a stranger reads it: signature, chain, every file's digest, and what can be recomputed.

Nothing but the folder is looked at. What cannot be checked from it is said to be open, not to hold.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from voipwatch.chronicle import manifests
from voipwatch.chronicle.coarsen import closes_at, start_of, state_of_row
from voipwatch.chronicle.log import LogError, complete_lines
from voipwatch.chronicle.state import Said
from voipwatch.model.acts import KeyRole
from voipwatch.model.bundle import (
    COUNTING_FILE,
    MANIFEST_FILE,
    PROBES_PER_ROW,
    SIGNATURE_FILE,
    Counting,
    Manifest,
    PublicChange,
    PublicRow,
)
from voipwatch.model.claims import Claim
from voipwatch.model.incidents import Incident
from voipwatch.model.instants import iso, seconds
from voipwatch.pipeline.publishing import chronology, documents, rowdetector
from voipwatch.pipeline.publishing.claims import CLAIMS_FILE, claims_document, contradicted_in
from voipwatch.pipeline.publishing.columns import CELLS, CHANGEPOINTS, INCIDENTS
from voipwatch.pipeline.publishing.counting import Choices, counting_of
from voipwatch.pipeline.publishing.folder import digest_and_size
from voipwatch.pipeline.publishing.tables import (
    Columns,
    arrow_table,
    cells_columns,
    csv_bytes,
    incidents_columns,
    read_cells,
    read_changes,
    same_sqlite,
    table_of,
)
from voipwatch.pipeline.publishing.tampered import changed_line
from voipwatch.pipeline.publishing.world import MixedWorldsError, World

CELLS_FOLDER: Final = "tables/cells/"
AHEAD_S: Final = 3900
"""A bundle tells the hour of its newest report, to its end; and two clocks may differ by five minutes."""
_KINDS: Final = {"onsets": "onset", "ends": "end", "silences": "silence"}


class CheckFinding(msgspec.Struct, frozen=True):
    """One thing that was looked at."""

    id: str
    holds: bool | None
    """None: it cannot be told from the bundle alone."""
    values: dict[str, Any] = {}


class BadBundleError(Exception):
    """There is no bundle there: no manifest at all."""


def check_bundle(folder: Path, *, key: str | None = None, now_s: int | None = None) -> list[CheckFinding]:
    """Everything that was looked at, in the order a reader wants it.

    Args:
        folder: the bundle.
        key: the publisher's public key as the reader knows it, hex; None leaves it open whose key it is.
        now_s: Unix seconds, to say whether the bundle still speaks of now.

    Raises:
        BadBundleError: no manifest. OSError: it cannot be read.
    """
    try:
        content = (folder / MANIFEST_FILE).read_bytes()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise BadBundleError(str(error)) from error
    try:
        manifest = manifests.read_manifest(content)
        as_of = int(seconds(manifest.as_of))
    except ValueError as error:
        return [CheckFinding("manifest", False, {"reason": str(error)})]
    found = [_signature(folder, content, manifest), _whose(manifest, key), *_files(folder, manifest)]
    if now_s is not None and as_of > now_s + AHEAD_S:
        found.append(CheckFinding("time", None, {"as_of": manifest.as_of, "now": iso(now_s)}))
    if now_s is not None and iso(now_s) > manifest.valid_until:
        found.append(CheckFinding("valid", None, {"until": manifest.valid_until}))
    if all(finding.holds for finding in found if finding.id == "file"):
        world = World(manifest.instance, as_of, final=manifest.final is not None)
        try:
            found += _contents(folder, manifest, world)
        except (ValueError, KeyError, MixedWorldsError, FileNotFoundError, msgspec.MsgspecError) as error:
            found.append(CheckFinding("contents", False, {"reason": str(error)}))
    return found


def _signature(folder: Path, content: bytes, manifest: Manifest) -> CheckFinding:
    path = folder / SIGNATURE_FILE
    if not path.is_file():
        return CheckFinding("signature-file", False, {"path": SIGNATURE_FILE})
    held = manifests.signed_by(content, path.read_bytes(), manifest.key)
    return CheckFinding("signature", held, {"signer": manifest.key, "digest": manifests.digest_of(content)})


def _whose(manifest: Manifest, key: str | None) -> CheckFinding:
    return CheckFinding("key", None if key is None else manifest.key == key, {"signer": manifest.key})


def _files(folder: Path, manifest: Manifest) -> Iterator[CheckFinding]:
    """Each file whose bytes are not those of the manifest, by name; one finding where all are."""
    named = {entry.path for entry in manifest.files}
    bad, changed = [], []
    for entry in manifest.files:
        place = folder / entry.path
        inside = place.resolve().is_relative_to(folder.resolve())
        if not inside or not place.is_file():
            bad.append(CheckFinding("file", False, {"path": entry.path, "why": "missing"}))
        elif digest_and_size(place) != (entry.sha256, entry.bytes):
            changed.append(entry.path)
    for path in changed:
        line = changed_line(folder, path, changed)
        where = {"why": "changed"} if line is None else {"why": "changed-line", "number": line}
        bad.append(CheckFinding("file", False, {"path": path} | where))
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()}
    unlisted = sorted(there - named - {MANIFEST_FILE, SIGNATURE_FILE})
    bad += [CheckFinding("file", False, {"path": path, "why": "unlisted"}) for path in unlisted]
    yield from bad or [CheckFinding("files", True, {"count": len(named)})]


def _contents(folder: Path, manifest: Manifest, world: World) -> Iterator[CheckFinding]:
    yield _one_world(folder, manifest, world)
    rows = []
    for path in _cells_files(manifest):
        rows += read_cells((folder / path).read_bytes())
    world.admit({row.series for row in rows})
    yield from _rows(rows, world)
    yield from _made_of_rows(folder, rows, world)
    yield from _changes(folder, rows, world)
    yield from _chronicle(folder, manifest, world)
    yield _tables(folder, manifest, rows)


def _cells_files(manifest: Manifest) -> list[str]:
    return sorted(
        entry.path
        for entry in manifest.files
        if entry.path.startswith(CELLS_FOLDER) and entry.path.endswith(".parquet")
    )


def _one_world(folder: Path, manifest: Manifest, world: World) -> CheckFinding:
    """Every JSON file says of which world it is, and it is the manifest's."""
    if manifest.synthetic != world.synthetic:
        return CheckFinding("world", False, {"path": MANIFEST_FILE})
    for entry in manifest.files:
        if not entry.path.endswith(".json"):
            continue
        told = msgspec.json.decode((folder / entry.path).read_bytes(), type=dict[str, Any])
        if (told.get("synthetic"), told.get("instance")) != (world.synthetic, world.instance):
            return CheckFinding("world", False, {"path": entry.path})
    return CheckFinding("world", True, {"instance": world.instance})


def _rows(rows: list[PublicRow], world: World) -> Iterator[CheckFinding]:
    """States from counts; and the partition: no pool twice, none of fewer than three, none out of its
    place.
    """
    wrong = [row for row in rows if state_of_row(row) is not row.state]
    first = _words(wrong[0]) if wrong else ""
    yield CheckFinding("states", not wrong, {"count": len(rows), "row": first})
    pools = {(row.series, row.level, row.start) for row in rows}
    out = [row for row in rows if not _in_place(row, world)]
    first = _words(out[0]) if out else ""
    yield CheckFinding("partition", len(pools) == len(rows) and not out, {"row": first})


def _in_place(row: PublicRow, world: World) -> bool:
    counts = [row.ok, row.blocked, row.throttled, row.down, row.insufficient]
    shown = [count for count in counts if count is not None]
    return (
        start_of(row.level, row.start) == row.start
        and row.closed_at == closes_at(row.level, row.start) <= world.as_of
        and PROBES_PER_ROW <= row.probes <= row.votes
        and (not shown or (len(shown) == len(counts) and sum(shown) == row.votes))
    )


def _words(row: PublicRow) -> str:
    series = row.series
    return f"{series.country} {series.operator} {series.access} {series.app} {row.level} {iso(row.start)}"


def _made_of_rows(folder: Path, rows: list[PublicRow], world: World) -> Iterator[CheckFinding]:
    series = documents.by_series(rows)
    made = {"states.json": documents.states_document(series, world)} | documents.series_documents(
        series, world
    )
    made[CLAIMS_FILE] = claims_document(rows, world, notes=_claim_notes(folder))
    wrong = [path for path, content in made.items() if (folder / path).read_bytes() != content]
    yield CheckFinding("summaries", not wrong, {"count": len(made), "path": wrong[0] if wrong else ""})


def _claim_notes(folder: Path) -> list[Said]:
    """What the log says of claims' sources; that the log holds is asked elsewhere."""
    lines, _ = complete_lines((folder / chronology.LOG_FILE).read_bytes())
    try:
        return chronology.read_public_log(lines).state.claim_notes
    except LogError:
        return []


def _changes(folder: Path, rows: list[PublicRow], world: World) -> Iterator[CheckFinding]:
    """Those of the rows are found again; those of the votes are said to rest on more than the bundle has."""
    told = read_changes((folder / "tables/changepoints.parquet").read_bytes())
    world.admit({change.series for change in told})
    again = rowdetector.recomputed(rows, as_of=world.as_of)
    of_rows = [change for change in told if change.basis == rowdetector.ROWS]
    counts = {name: sum(change.kind == kind for change in of_rows) for name, kind in _KINDS.items()}
    values = {"count": len(of_rows), "again": len(again)} | counts
    yield CheckFinding("changepoints", of_rows == again, values)
    of_votes = [change for change in told if change.basis != rowdetector.ROWS]
    if of_votes:
        yield CheckFinding("votes", None, _rests_on(of_votes))


def _rests_on(changes: list[PublicChange]) -> dict[str, Any]:
    known = [change.withheld_below for change in changes if change.withheld_below is not None]
    return {
        "count": len(changes),
        "shown": sum(bool(change.shown_by) for change in changes),
        "withheld": sum(known),
        "unknown": len(changes) - len(known),
    }


def _chronicle(folder: Path, manifest: Manifest, world: World) -> Iterator[CheckFinding]:
    content = (folder / chronology.LOG_FILE).read_bytes()
    lines, rest = complete_lines(content)
    try:
        # What follows the last line feed is no line: it is read as one, and named.
        log = chronology.read_public_log([*lines, rest] if rest else lines)
    except LogError as error:
        yield CheckFinding("log", False, {"line": error.line, "field": error.field, "reason": error.reason})
        return
    yield CheckFinding("log", True, {"count": log.lines, "withheld": log.withheld})
    ring = log.state.keyring
    if ring.keys:
        standing = ring.standing(KeyRole.INSTANCE)
        yield CheckFinding("log-key", manifest.key in standing, {"signer": manifest.key})
        if any(not each.confirmed for each in ring.keys.values()):
            yield CheckFinding("key-lost", None, {"signer": manifest.key})
    if log.state.instance is not None:
        world.admit_instances([log.state.instance])
    made = chronology.story_files(log.state.stories, world)
    made["corrections.json"] = chronology.corrections(log.state, (), world)
    named = {entry.path for entry in manifest.files if entry.path.startswith("incidents/")}
    wrong = [
        path
        for path, text in made.items()
        if path not in named | {"corrections.json"} or (folder / path).read_bytes() != text
    ]
    extra = sorted(named - made.keys())
    yield CheckFinding(
        "incidents",
        not wrong and not extra,
        {"count": len(log.state.stories), "path": (wrong + extra + [""])[0]},
    )
    table = arrow_table(
        INCIDENTS, incidents_columns([story.newest for story in log.state.stories.values()], world)
    )
    yield CheckFinding(
        "incidents-table", table_of((folder / "tables/incidents.parquet").read_bytes()).equals(table), {}
    )
    yield from _counting(folder, manifest, [story.newest for story in log.state.stories.values()], world)


def _counting(
    folder: Path, manifest: Manifest, incidents: list[Incident], world: World
) -> Iterator[CheckFinding]:
    """What an editor chose of counters can stand by the bundle's own claims and incidents."""
    if all(entry.path != COUNTING_FILE for entry in manifest.files):
        return
    told = msgspec.json.decode((folder / COUNTING_FILE).read_bytes(), type=Counting)
    if not told.zeros and not told.zones:
        return
    content = (folder / CLAIMS_FILE).read_bytes()
    claims = msgspec.json.decode(content, type=_Claims).claims
    choices = Choices(
        {each.incident: each.claim for each in told.zeros},
        {each.country: each.zone for each in told.zones},
    )
    again, _ = counting_of(
        choices,
        incidents,
        as_of=world.as_of,
        claims=[each.claim for each in claims],
        contradicted=contradicted_in(content),
    )
    counts = {"zeros": len(told.zeros), "zones": len(told.zones)}
    yield CheckFinding("counting", again == told, counts)


class _Claimed(msgspec.Struct):
    claim: Claim


class _Claims(msgspec.Struct):
    claims: list[_Claimed]


def _tables(folder: Path, manifest: Manifest, rows: list[PublicRow]) -> CheckFinding:
    """The same rows in every format."""
    for entry in manifest.files:
        if entry.path.startswith("tables/") and entry.path.endswith(".parquet"):
            beside = f"{entry.path.removesuffix('.parquet')}.csv"
            if csv_bytes(table_of((folder / entry.path).read_bytes())) != (folder / beside).read_bytes():
                return CheckFinding("formats", False, {"path": beside})
    whole = "voipwatch.sqlite"
    parts: list[tuple[Any, Columns | Mapping[str, Any]]] = [
        (CELLS, cells_columns(sorted(rows), World(manifest.instance, 0))),
        *(
            (table, table_of((folder / f"tables/{table.name}.parquet").read_bytes()).to_pydict())
            for table in (CHANGEPOINTS, INCIDENTS)
        ),
    ]
    return CheckFinding("formats", same_sqlite(folder / whole, parts), {"path": whole})
