"""What sources said, set against the published rows alone, so that anybody repeats it: claims.json, and the
command line.

A row of an hour or a day stands for a cell; rows of weeks and late rows have no day of their own and are left
out.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

from voipwatch.chronicle.claims import CellRow, check_claim
from voipwatch.chronicle.claims_file import all_packaged_claims
from voipwatch.chronicle.edtf import decode_edtf
from voipwatch.model.bundle import DAY_S, Level, PublicRow
from voipwatch.model.cells import CALL_STAGE, CellKey
from voipwatch.model.claims import CLAIMS_SCHEMA, Claim, ClaimCheck
from voipwatch.pipeline.publishing.world import World, document, iso

CLAIMS_FILE: Final = "claims.json"
MARGIN_S: Final = 60 * DAY_S
"""Rows so far around a claim's time are looked at: its changes are looked for in three weeks."""


def claims_document(rows: Sequence[PublicRow], world: World, claims: Sequence[Claim] | None = None) -> bytes:
    """Every claim, with what the rows say to it. `claims`: None for those of the package."""
    found = all_packaged_claims() if claims is None else claims
    checks = checked_claims(found, rows, as_of=world.as_of)
    told = [{"claim": claim, "check": checks[claim.id]} for claim in found]
    return document(world.head(CLAIMS_SCHEMA), {"claims": told})


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
