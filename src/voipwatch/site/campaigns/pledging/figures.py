"""A campaign's figures as JSON: three ladders apart, and of turnout what may be said of it at the time."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from voipwatch.civic.boycotts import is_erased, stage_of
from voipwatch.civic.publiccounts import STEP, CountLine
from voipwatch.model.instants import iso
from voipwatch.site.campaigns.pledging.desk import ToldBoycott
from voipwatch.store.civic.pledging import PledgeState

SCHEMA: Final = "voipwatch.pledge/1"


def figures(
    told: ToldBoycott, logs: Mapping[PledgeState, Sequence[CountLine]], now_s: float
) -> dict[str, Any]:
    """The document; its times are RFC 3339, UTC, but for `begins` and `ends`, local times of `zone`."""
    boycott, window = told.boycott, told.boycott.window
    found = told.turnout(now_s)
    return {
        "schema": SCHEMA,
        "id": boycott.id,
        "stage": stage_of(boycott, now_s),
        "called_off": boycott.is_called_off,
        "erased": is_erased(boycott, now_s),
        "country": boycott.country,
        "statutory_effect": False,
        "window": {
            "zone": window.zone,
            "begins": window.begins.isoformat(),
            "ends": window.ends.isoformat(),
            "begins_at": iso(window.begins_s),
            "ends_at": iso(window.ends_s),
            "length_s": window.length_s,
            "clocks_change": boycott.clocks_change,
        },
        "step": STEP,
        # Pledges, not people: one person may have pledged often.
        "declared": _count(told, PledgeState.DECLARED),
        "reported": {each.value: _count(told, each) for each in (PledgeState.KEPT, PledgeState.BROKEN)},
        "observed": [
            {"noted_at": iso(each.at_s), "observable": each.observable} for each in boycott.observed
        ],
        "turnout": None
        if found is None
        else {
            "of": "pledges",
            "bounds": found.bounds,
            "if_alike": found.if_alike,
            "if_alike_assumes": "those who are silent are like those who reported",
            "confidence": found.confidence,
        },
        "logs": logs,
    }


def _count(told: ToldBoycott, series: PledgeState) -> dict[str, Any] | None:
    line = told.lines[series]
    return None if line is None else {"count": line.count, "at": line.at}
