"""Bundles made by hand: signed folders of few files, for whoever reads bundles."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from voipwatch.model.incidents import (
    Attribution,
    AttributionReason,
    AttributionState,
    Incident,
    IncidentStatus,
    Phase,
    PhaseKind,
    SeriesName,
    Spread,
)
from voipwatch.site.bundle import Bundle, read_bundle

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = KEY.public_key().public_bytes_raw().hex()
AS_OF = "2016-03-01T06:00:00Z"
VALID_UNTIL = "2016-03-03T06:00:00Z"
COLUMNS = (
    "id,country,operator,access,app,kind,basis,earliest,latest,detected,level_before,level_after,"
    "probes_both_sides"
)
FIRST_LINE = b'{"n":1,"kind":"key"}\n'


def series(operator: str = "AS64500", app: str = "whatsapp") -> SeriesName:
    return SeriesName(operator, "4g", app)


def incident(**changes: Any) -> Incident:
    """A block of one app by one operator, found by the machine."""
    one = series()
    found = Incident(
        id="MA-2016-01-a",
        revision=1,
        country="MA",
        status=IncidentStatus.DETECTED,
        as_of="2016-01-08T00:00:00Z",
        phases=(Phase(PhaseKind.ONSET, "2016-01-04T00:00:00Z", "2016-01-06T00:00:00Z", (one,)),),
        spread=(Spread(one, "2016-01-04T00:00:00Z", "2016-01-06T00:00:00Z", 1),),
        attribution=Attribution(AttributionState.ATTRIBUTED, (AttributionReason.CANARY_REACHED,)),
    )
    return msgspec.structs.replace(found, **changes)


def ended(one: Incident, **changes: Any) -> Incident:
    """The same, over."""
    rows = tuple(
        msgspec.structs.replace(
            row, ended_earliest="2016-02-01T00:00:00Z", ended_latest="2016-02-03T00:00:00Z"
        )
        for row in one.spread
    )
    end = Phase(PhaseKind.END, "2016-02-01T00:00:00Z", "2016-02-03T00:00:00Z", one.phases[0].series)
    return msgspec.structs.replace(one, spread=rows, phases=(*one.phases, end), **changes)


def reviewed(one: Incident, **changes: Any) -> Incident:
    """The next revision, signed, with its operators named."""
    names = tuple(sorted({row.series.operator for row in one.spread}))
    return msgspec.structs.replace(
        one,
        revision=one.revision + 1,
        status=IncidentStatus.REVIEWED,
        reviewed_revision=one.revision,
        named=names,
        **changes,
    )


def page(revisions: Sequence[Incident], **said: Any) -> dict[str, Any]:
    """incidents/ID.json; revision N was signed on day N of January 2016."""
    days = [f"2016-01-{10 + one.revision:02d}T00:00:00Z" for one in revisions]
    return {"incident": revisions[-1], "revised_at": days, **said}


def state(
    operator: str = "AS64500",
    app: str = "whatsapp",
    *,
    state: str = "ok",
    measured: bool = True,
    country: str = "MA",
    rows: bool = True,
) -> dict[str, Any]:
    """An entry of states.json."""
    row = {
        "start": "2016-02-28T00:00:00Z",
        "as_of": "2016-02-29T06:00:00Z",
        "level": "day",
        "state": state,
        "votes": 12,
        "ok": 12,
        "blocked": 0,
        "throttled": 0,
        "down": 0,
        "insufficient": 0,
        "probes": 3,
        "hours": 4,
    }
    return {
        "country": country,
        "operator": operator,
        "access": "4g",
        "app": app,
        "synthetic": False,
        "state": state if measured else "insufficient",
        "measured": measured,
        "measured_until": "2016-02-29T00:00:00Z" if rows else None,
        "row": row if rows else None,
        "newest_row": row,
    }


def write_bundle(
    folder: Path,
    pages: Sequence[Mapping[str, Any]] = (),
    revisions: Sequence[Incident] = (),
    *,
    states: Sequence[Mapping[str, Any]] = (),
    claims: Sequence[Mapping[str, Any]] = (),
    corrections: Sequence[Mapping[str, Any]] = (),
    changes: str = "",
    instance: str = "",
    as_of: str = AS_OF,
    first_line: bytes = FIRST_LINE,
    final: Mapping[str, str] | None = None,
) -> Path:
    """A signed bundle; `revisions` become incidents/ID/rN.json."""
    head = {
        "as_of": as_of,
        "valid_until": VALID_UNTIL,
        "synthetic": bool(instance),
        "instance": instance,
    }
    index = [{"id": one["incident"].id} for one in pages]
    documents: dict[str, Any] = {
        "states.json": {"series": states},
        "incidents/index.json": {"incidents": index},
        "claims.json": {"claims": claims},
        "corrections.json": {"corrections": corrections},
    }
    for one in pages:
        documents[f"incidents/{one['incident'].id}.json"] = one
    for one_revision in revisions:
        path = f"incidents/{one_revision.id}/r{one_revision.revision}.json"
        documents[path] = {"incident": one_revision}
    files = {path: msgspec.json.encode(head | dict(content)) for path, content in documents.items()}
    files["tables/changepoints.csv"] = f"{COLUMNS}\n{changes}".encode()
    files["tables/cells/2016-01.csv"] = b"x\n"
    files["tables/cells/2016-02.csv"] = b"x\n"
    files["chronicle/log.jsonl"] = first_line
    entries = []
    for path, content in sorted(files.items()):
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
        digest = hashlib.sha256(content).hexdigest()
        entries.append({"path": path, "sha256": digest, "bytes": len(content)})
    manifest = msgspec.json.encode(
        head
        | {"files": entries, "previous": "", "key": PUBLIC, "final": final, "schema": "voipwatch.bundle/1"}
    )
    (folder / "manifest.json").write_bytes(manifest)
    (folder / "manifest.sig").write_text(KEY.sign(manifest).hex() + "\n")
    return folder


def bundle_of(
    folder: Path, *revisions: Incident, said: Mapping[str, Any] | None = None, **more: Any
) -> Bundle:
    """A bundle with one incident, told by all of its revisions."""
    pages = [page(revisions, **(said or {}))] if revisions else []
    instance = revisions[-1].instance if revisions else ""
    return read_bundle(write_bundle(folder, pages, revisions, **({"instance": instance} | more)))
