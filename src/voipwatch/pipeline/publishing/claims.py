"""What sources said, set against the published rows alone, so that anybody repeats it: claims.json, and the
command line.

A row of an hour or a day stands for a cell; rows of weeks and late rows have no day of their own and are left
out.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec

from voipwatch.chronicle.claims import CellRow, check_claim
from voipwatch.chronicle.claims_file import all_packaged_claims, with_note
from voipwatch.chronicle.state import Said
from voipwatch.model.bundle import DAY_S, Level, PublicRow
from voipwatch.model.cells import CALL_STAGE, CellKey
from voipwatch.model.claims import CLAIMS_SCHEMA, Claim, ClaimCheck, ClaimState
from voipwatch.model.edtf import decode_edtf
from voipwatch.model.instants import iso
from voipwatch.pipeline.publishing.world import World, document

CLAIMS_FILE: Final = "claims.json"
MARGIN_S: Final = 60 * DAY_S
"""Rows so far around a claim's time are looked at: its changes are looked for in three weeks."""


def claims_document(
    rows: Sequence[PublicRow],
    world: World,
    claims: Sequence[Claim] | None = None,
    *,
    notes: Sequence[Said] = (),
) -> bytes:
    """Every claim, with what the rows say to it and what became of its source.

    Args:
        rows: all that are out.
        world: of the bundle.
        claims: None for those of the package.
        notes: of the log, on any claim.
    """
    found = noted(all_packaged_claims() if claims is None else claims, notes)
    checks = checked_claims(found, rows, as_of=world.as_of)
    told = [
        world.mark
        | {
            "claim": claim,
            "check": marked_check(checks[claim.id], world),
            "notes": [
                {"at": each.at, "line": each.line, "body": each.what}
                for each in notes
                if each.what.claim == claim.id
            ],
        }
        for claim in found
    ]
    return document(world.head(CLAIMS_SCHEMA), {"claims": told})


class _Checked(msgspec.Struct):
    check: ClaimCheck


class _Document(msgspec.Struct):
    claims: list[_Checked]


def contradicted_in(content: bytes) -> frozenset[str]:
    """Ids of the claims that a bundle's rows contradict, by its claims.json. Raises msgspec.MsgspecError."""
    found = msgspec.json.decode(content, type=_Document).claims
    return frozenset(each.check.claim for each in found if each.check.state is ClaimState.CONTRADICTED)


def marked_check(check: ClaimCheck, world: World) -> dict[str, Any]:
    """The check and each of its rows say of which world they are: the claim is of the real one."""
    rows = [world.mark | msgspec.structs.asdict(row) for row in check.rows]
    return world.mark | msgspec.structs.asdict(check) | {"rows": rows}


def noted(claims: Iterable[Claim], notes: Iterable[Said]) -> list[Claim]:
    """The claims, sources marked as the log's notes say, the later over the earlier."""
    found = {claim.id: claim for claim in claims}
    for each in notes:
        if each.what.claim in found:
            found[each.what.claim] = with_note(found[each.what.claim], each.what)
    return list(found.values())


def checked_claims(
    claims: Iterable[Claim], rows: Iterable[PublicRow], *, as_of: int
) -> dict[str, ClaimCheck]:
    """What published rows say to each claim, by its id: the one way in which claims are judged.

    `as_of`: of the rows, Unix seconds.
    """
    cells: defaultdict[str, list[CellRow]] = defaultdict(list)
    for row in sorted(rows, key=lambda each: (each.start, each)):
        if row.level in {Level.HOUR, Level.DAY}:
            series = row.series
            key = CellKey(series.country, series.operator, series.access, series.app, CALL_STAGE, row.start)
            cells[series.country].append(CellRow(key, row.state, row.level.value))
    told = {}
    for claim in claims:
        span = decode_edtf(claim.date)
        known = cells[claim.scope.country]
        since = (span.since_s or 0.0) - MARGIN_S
        until = float("inf") if span.until_s is None else span.until_s + MARGIN_S
        begin = bisect_left(known, since, key=lambda cell: cell.key.hour)
        end = bisect_left(known, until, key=lambda cell: cell.key.hour)
        told[claim.id] = check_claim(claim, known[begin:end], as_of=iso(as_of))
    return told
