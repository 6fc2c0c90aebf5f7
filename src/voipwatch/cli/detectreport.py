"""What `voipwatch detect` says: JSON for machines, a table and sentences for people."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from rich.text import Text

from voipwatch.cli.context import Context
from voipwatch.cli.errors import CLEAR, INTERFERENCE, UNDECIDED
from voipwatch.cli.language import Texts
from voipwatch.cli.seriesfile import Key
from voipwatch.cli.seriesplot import Bins
from voipwatch.cli.show import table
from voipwatch.cli.values import shown
from voipwatch.inference.detection import Detector
from voipwatch.inference.detection.settings import DAY_S
from voipwatch.inference.detection.state import Phase
from voipwatch.model.instants import iso_exact
from voipwatch.model.series import ChangeKind, Changepoint, Regime

SCHEMA: Final = "voipwatch.detect/1"
STYLES: Final = {ChangeKind.ONSET: "bold red", ChangeKind.END: "green", ChangeKind.SILENCE: "yellow"}
YEAR_DAYS: Final = 365.25
NARROWEST_RHO: Final = 1.0
"""An over-dispersion bound that says nothing."""


@dataclass(frozen=True, slots=True)
class SeriesResult:
    """One series, judged."""

    key: Key
    detector: Detector
    bins: Bins | None = None
    """For the drawing; None where none was asked for."""
    probes: bool = False
    """Its rows name their probes."""

    @property
    def changes(self) -> list[Changepoint]:
        """Its changepoints, in the order of their detection."""
        return self.detector.state.changepoints

    @property
    def insufficient(self) -> bool:
        """No onset could have been told: no quiet past, or too few votes of it."""
        state = self.detector.state
        return state.no_quiet_past or state.baseline.share is None or starts_blocked(self.detector)


def starts_blocked(detector: Detector) -> bool:
    """Whether a series has too short a past to say so for certain, and most of it is blocked."""
    state = detector.state
    return state.phase is Phase.LEARNING and not state.changepoints and 2 * state.blocked > state.votes > 0


def exit_status(results: list[SeriesResult]) -> int:
    """1 where an onset is found, else 2 where a series is insufficient, else 0."""
    if any(change.kind is ChangeKind.ONSET for each in results for change in each.changes):
        return INTERFERENCE
    return UNDECIDED if any(each.insufficient for each in results) else CLEAR


def detect_json(by: tuple[str, ...], results: list[SeriesResult], *, daily: bool) -> bytes:
    """The document `voipwatch.detect/1`."""
    document = {"schema": SCHEMA, "series": [_series_json(by, each, daily=daily) for each in results]}
    return msgspec.json.format(msgspec.json.encode(document), indent=2)


def _series_json(by: tuple[str, ...], result: SeriesResult, *, daily: bool) -> dict[str, Any]:
    detector = result.detector
    state, baseline = detector.state, detector.state.baseline
    run_length_votes = detector.run_length_votes
    no_quiet_past = state.no_quiet_past or starts_blocked(detector)
    vote = "one probe's word" if result.probes else "one unit of the total" if daily else "one row"
    notes = ["no quiet past"] if no_quiet_past else []
    if result.insufficient and not no_quiet_past:
        notes.append("not enough quiet votes")
    return {
        "key": dict(zip(by, result.key, strict=True)),
        "arl_votes": None if run_length_votes is None else round(run_length_votes),
        "arl_days": detector.run_length_days,
        "p0": None if baseline.share is None else _rounded(baseline.border),
        "vote": f"{vote}; {'a day' if daily else 'an hour'} is one block",
        "changepoints": [_change_json(change) for change in result.changes],
        "regimes": [_regime_json(each) for each in detector.regimes],
        "level": None if baseline.share is None else _rounded(baseline.share),
        "overdispersion": None if baseline.rho >= NARROWEST_RHO else _rounded(baseline.rho),
        "quiet_past": not no_quiet_past and baseline.share is not None,
        "standing": state.interference is not None,
        "votes": state.votes,
        "rows": state.rows,
        "first": None if state.first_s is None else iso_exact(state.first_s),
        "last": None if state.newest_s is None else iso_exact(state.newest_s),
        "notes": notes,
    }


def _change_json(change: Changepoint) -> dict[str, Any]:
    return {
        "kind": change.kind.value,
        "earliest": None if change.earliest_s is None else iso_exact(change.earliest_s),
        "latest": iso_exact(change.latest_s),
        "detected_at": iso_exact(change.detected_s),
        "level_before": None if change.level_before is None else _rounded(change.level_before),
        "level_after": None if change.level_after is None else _rounded(change.level_after),
    }


def _regime_json(each: Regime) -> dict[str, Any]:
    return {
        "kind": "intermittent",
        "earliest": None if each.earliest_s is None else iso_exact(each.earliest_s),
        "declared_at": iso_exact(each.declared_s),
        "ended": None if each.ended_s is None else iso_exact(each.ended_s),
        "cycles": each.cycles,
        "duty_cycle": _rounded(each.duty_cycle),
        "hours": list(each.blocked_hours),
    }


def _rounded(value: float) -> float:
    return round(value, 6)


def _when(time_s: float, *, daily: bool) -> str:
    return datetime.fromtimestamp(time_s, UTC).strftime("%Y-%m-%d" if daily else "%Y-%m-%d %H:%M")


# --- for people -------------------------------------------------------------------------------------------


def show(context: Context, by: tuple[str, ...], results: list[SeriesResult], *, daily: bool) -> None:
    """The table of changes, then what there is to say of each series."""
    texts = context.texts
    rows: list[list[Text | str]] = [
        [name(texts, by, each), *cells]
        for each in results
        for cells in [_cells(texts, change, daily=daily) for change in each.changes]
        or [_no_change(texts, each)]
    ]
    headings = [texts(f"column.{key}") for key in ("series", "change", "between", "detected", "level")]
    context.out.print(table(texts, headings, rows))
    for each in results:
        _sentences(context, by, each, daily=daily)
    context.tell(
        "detect.promise",
        years=round(results[0].detector.settings.run_length_days / YEAR_DAYS),
        series=len(results),
    )


def name(texts: Texts, by: tuple[str, ...], result: SeriesResult) -> str:
    """A series' key, or words where the file is one series."""
    told = ["–" if each is None else shown(each) for each in result.key]
    return ", ".join(told) if by else texts("detect.whole")


def _no_change(texts: Texts, result: SeriesResult) -> list[Text | str]:
    key = "insufficient" if result.insufficient else "none"
    level = result.detector.state.baseline.share
    return [
        Text(texts(f"detect.kind.{key}"), style="cyan" if result.insufficient else ""),
        "",
        "",
        texts.percent(level),
    ]


def _cells(texts: Texts, change: Changepoint, *, daily: bool) -> list[Text | str]:
    earliest = "…" if change.earliest_s is None else _when(change.earliest_s, daily=daily)
    levels = f"{texts.percent(change.level_before)} → {texts.percent(change.level_after)}"
    return [
        Text(texts(f"detect.kind.{change.kind.value}"), style=STYLES[change.kind]),
        f"{earliest} – {_when(change.latest_s, daily=daily)}",
        _when(change.detected_s, daily=daily),
        levels,
    ]


def _sentences(context: Context, by: tuple[str, ...], result: SeriesResult, *, daily: bool) -> None:
    texts, detector = context.texts, result.detector
    state, baseline = detector.state, detector.state.baseline
    first = _when(state.first_s or 0.0, daily=daily)
    last = _when(state.newest_s or 0.0, daily=daily)
    series = name(texts, by, result)
    context.tell(
        "detect.votes",
        style="bold",
        series=series,
        votes=state.votes,
        rows=state.rows,
        first=first,
        last=last,
    )
    if state.no_quiet_past or starts_blocked(detector):
        context.tell("detect.no_quiet_past", style="bold yellow")
    if baseline.share is None:
        context.tell("detect.insufficient")
    else:
        context.tell(
            "detect.level", level=texts.percent(baseline.share), border=texts.percent(baseline.border)
        )
        known = baseline.rho < NARROWEST_RHO
        key = "detect.overdispersion" if known else "detect.overdispersion_unknown"
        context.tell(key, rho=f"{baseline.rho:.2f}")
    for change in result.changes:
        _sentence(context, change, daily=daily)
    for each in detector.regimes:
        context.tell(
            "detect.regime" if each.blocked_hours else "detect.regime_unhoured",
            earliest="…" if each.earliest_s is None else _when(each.earliest_s, daily=daily),
            cycles=each.cycles,
            duty=texts.percent(each.duty_cycle),
            hours=", ".join(str(hour) for hour in each.blocked_hours),
        )
    if state.interference is not None:
        context.tell("detect.standing", style="bold red", level=texts.percent(state.interference.level))
    votes = detector.run_length_votes
    context.tell(
        "detect.run_length",
        days=f"{detector.run_length_days:.0f}",
        votes="–" if votes is None else f"{votes:.0f}",
    )


def _sentence(context: Context, change: Changepoint, *, daily: bool) -> None:
    texts = context.texts
    unbounded = change.earliest_s is None and change.kind is ChangeKind.ONSET
    key = "detect.onset_unbounded" if unbounded else f"detect.{change.kind.value}"
    context.tell(
        key,
        earliest="…" if change.earliest_s is None else _when(change.earliest_s, daily=daily),
        latest=_when(change.latest_s, daily=daily),
        detected=_when(change.detected_s, daily=daily),
        days=round((change.detected_s - (change.earliest_s or change.latest_s)) / DAY_S, 1),
        before=texts.percent(change.level_before),
        after=texts.percent(change.level_after),
    )
