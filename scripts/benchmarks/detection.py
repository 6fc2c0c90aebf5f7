"""How soon changes are found and how seldom they are found in nothing: the tables of `detection_table.py`."""

import csv
import statistics
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from scripts.benchmarks.country import Country, render_country
from scripts.benchmarks.replays import HOUR_S, START_S, World, panel, quiet_worlds, votes
from voipwatch.inference.detection import Detector, Settings, daily, receive_cells
from voipwatch.model.series import ChangeKind, Changepoint, SeriesRow
from voipwatch.stats.cusum import hourly_cusum

ONSET = "2026-01-18 05:46:13"
LAST_BLOCKED = "2026-01-23 21:32:35"
FIRST_OPEN = "2026-01-23 19:01:21"
SCORES = ("dns_blocked", "tcp_blocked", "tls_blocked")
COUNTS = (("dns", "http", "tls"), ("dns",), ("http",), ("tls",))
"""Columns of the daily files, summed."""
SHORT_DAYS = 60.0
"""A promise short enough that a simulation can see it kept or broken."""


def moment(text: str) -> float:
    """A naive time of the files as Unix time."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def shown(time_s: float | None) -> str:
    """A Unix time for a table."""
    return "…" if time_s is None else datetime.fromtimestamp(time_s, UTC).strftime("%Y-%m-%d %H:%M")


def read_csv(path: Path) -> list[dict[str, str]]:
    """Rows of a file whose comments begin with #."""
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(line for line in file if not line.startswith("#")))


@dataclass(frozen=True)
class Uganda:
    """What was found in the one real series with a dated block."""

    changes: list[Changepoint]
    onset_h: float
    end_h: float
    cusum_onset_h: float
    cusum_end_h: float


def uganda(folder: Path) -> Uganda:
    """Run the detector, and the field's CUSUM on the column that saw the block."""
    rows = read_csv(folder / "uganda-twitter-mtn.csv")
    times = [moment(row["ts"]) for row in rows]
    detector = Detector()
    for time_s, row in zip(times, rows, strict=True):
        detector.receive(SeriesRow(time_s, int(max(float(row[name]) for name in SCORES) > 0.5)))
    detector.finish()
    changes = [each for each in detector.state.changepoints if each.kind is not ChangeKind.SILENCE]
    onset = next(each for each in changes if each.kind is ChangeKind.ONSET)
    end = next(each for each in changes if each.kind is ChangeKind.END)
    field = hourly_cusum(times, [float(row["tcp_blocked"]) for row in rows])
    up, down = (next(each for each in field if each.blocked is blocked) for blocked in (True, False))
    return Uganda(
        changes,
        (onset.detected_s - moment(ONSET)) / HOUR_S,
        (end.detected_s - moment(LAST_BLOCKED)) / HOUR_S,
        (up.hour_s - moment(ONSET)) / HOUR_S,
        (down.hour_s - moment(LAST_BLOCKED)) / HOUR_S,
    )


def daily_changes(folder: Path, country: str, columns: tuple[str, ...]) -> list[Changepoint]:
    """Changes of one of the daily files."""
    detector = Detector(daily())
    for row in read_csv(folder / f"ooni-web-daily-{country}.csv"):
        blocked = sum(int(row[name]) for name in columns)
        detector.receive(SeriesRow(moment(row["date"]), blocked, int(row["total"])))
    detector.finish()
    return detector.state.changepoints


@dataclass(frozen=True)
class Delay:
    """Delays of one simulated block, hours; None where it was not found within `days`."""

    name: str
    days: int
    ours_h: list[float | None]
    field_h: list[float | None]
    early: int
    """Onsets that were found before the block began."""

    def told(self, delays: list[float | None]) -> str:
        """Median, 95 % and largest delay, and the share found."""
        found = sorted(each for each in delays if each is not None)
        share = len(found) / len(delays)
        if not found:
            return "– | – | – | 0 %"
        p95 = found[min(len(found) - 1, int(0.95 * len(found)))]
        return f"{statistics.median(found):.1f} | {p95:.1f} | {found[-1]:.1f} | {100 * share:.0f} %"


def delays(share: float, past_days: int, *, days: int, runs: int, rate: int = 5, base: float = 0.02) -> Delay:
    """Block `share` of an unnamed panel's calls after a quiet past, and wait."""
    ours: list[float | None] = []
    field: list[float | None] = []
    early = 0
    begins = past_days * 24
    name = f"{100 * share:.0f} %, {past_days}"

    def cut(hour: int) -> float:
        return share if hour >= begins else 0.0

    world = World(name, panel(rate, base, awake=1.0), False, blocked=cut)
    begins_s = START_S + begins * HOUR_S
    for run in range(runs):
        rows = list(votes(world, past_days + days, run))
        detector, at = Detector(), None
        for row in rows:
            for change in detector.receive(row):
                if change.kind is ChangeKind.ONSET:
                    early += change.detected_s < begins_s
                    at = change.detected_s if change.detected_s >= begins_s else at
            if at is not None:
                break
        ours.append(None if at is None else (at - begins_s) / HOUR_S)
        changes = hourly_cusum([row.time_s for row in rows], [float(row.blocked_count) for row in rows])
        first = next(
            (each.decided_s for each in changes if each.blocked and each.decided_s >= begins_s), None
        )
        field.append(None if first is None else (first - begins_s) / HOUR_S)
    return Delay(name, days, ours, field, early)


@dataclass(frozen=True)
class Replay:
    """False onsets in a world without interference, under two promises."""

    name: str
    years: float
    onsets: int
    """Under the promise of 20 years."""
    short_years: float
    short_onsets: int
    """Under the promise of `SHORT_DAYS`."""

    @property
    def short_run_days(self) -> float:
        """Measured average run length under the short promise; the whole time where there was no onset."""
        return self.short_years * 365.25 / max(1, self.short_onsets)

    @property
    def kept(self) -> bool:
        """Whether the measurements are at least what is promised."""
        allowed = self.years / 20.0
        return self.short_run_days >= SHORT_DAYS and self.onsets <= max(allowed, 0.0)


def replay(world: World, *, years: int, seed: int = 0) -> Replay:
    """Both promises on the same votes, a year at a time from scratch."""
    counts = [0, 0]
    for year in range(years):
        detectors = (Detector(), Detector(Settings(run_length_days=SHORT_DAYS)))
        for row in votes(world, 365, seed + year):
            for index, detector in enumerate(detectors):
                counts[index] += sum(each.kind is ChangeKind.ONSET for each in detector.receive(row))
    return Replay(world.name, float(years), counts[0], float(years), counts[1])


def replays(years: int) -> list[Replay]:
    """All quiet worlds."""
    return [replay(world, years=years) for world in quiet_worlds()]


@dataclass(frozen=True)
class Tables:
    """All that goes into the page."""

    real: list[str]
    """Lines about the real series; empty where they are not at hand."""
    blocks: list[Delay]
    quiet: list[Replay]
    country: list[Country]


def cells_a_second(series: int = 20, days: int = 365) -> float:
    """Hourly cells of one core, processor time: `series` series of `days` days."""
    world = World("speed", panel(6, 0.02, awake=1.0), False)
    cells: dict[float, tuple[int, int]] = {}
    for row in votes(world, days, 1):
        hour_s = row.time_s // HOUR_S * HOUR_S
        blocked, count = cells.get(hour_s, (0, 0))
        cells[hour_s] = (blocked + row.blocked_count, count + 1)
    times = sorted(cells)
    hits, counts = [cells[each][0] for each in times], [cells[each][1] for each in times]
    began = time.process_time()
    for _ in range(series):
        receive_cells(Detector(), times, hits, counts)
    return series * len(times) / (time.process_time() - began)


def render(tables: Tables, *, command: str, date: str, machine: str) -> str:
    """The section of docs/benchmarks.md."""
    lines = [f"`{command}`, {date} UTC, {machine}.", "", *tables.real, *_delays(tables.blocks), ""]
    return "\n".join([*lines, *_quiet(tables.quiet), "", *render_country(tables.country)]).rstrip()


def render_speed(cells_per_s: float, date: str, machine: str) -> str:
    """The section that says how fast it is."""
    command = "python scripts/detection_table.py --speed --write"
    speed = f"{cells_per_s:,.0f} hourly cells a second"
    whole = f"{400 * 8760 / cells_per_s:.0f} s for a year of 400 series"
    return f"`{command}`, {date} UTC, {machine}. In bulk, one core's time: {speed}, {whole}."


def _delays(found: list[Delay]) -> list[str]:
    spread = "median | 95 % | largest | found"
    return [
        "Simulated blocks (synthetic): 5 votes an hour, 2 % of them fail by themselves, one series. Hours",
        "from the block to its detection, and the share found within 30 days; *early* counts onsets before",
        "the block. The CUSUM is OONI's (hourly median, means 0 and 0.7, threshold 3.5).",
        "",
        f"| blocked, after quiet days | runs | ours: {spread} | CUSUM: {spread} | early |",
        "| --- | --: " + 8 * "| --: " + "| --: |",
        *(
            f"| {each.name} | {len(each.ours_h)} | {each.told(each.ours_h)} | {each.told(each.field_h)} "
            f"| {each.early} |"
            for each in found
        ),
    ]


def _quiet(quiet: list[Replay]) -> list[str]:
    short = f"{SHORT_DAYS:.0f} days"
    return [
        "Quiet replays (synthetic): nothing interferes, and whatever is found is false. Promised: one false",
        f"onset in 20 years; and, so that a simulation can see it, one in {short}. Each year begins anew.",
        "",
        f"| world | years | false onsets at 20 years | at {short} | days between those | kept |",
        "| --- | --: | --: | --: | --: | --- |",
        *(
            f"| {each.name} | {each.years:.0f} | {each.onsets} | {each.short_onsets} "
            f"| {'' if each.short_onsets else 'over '}{each.short_run_days:.0f} "
            f"| {'yes' if each.kept else '**no**'} |"
            for each in quiet
        ),
    ]


def _size(change: Changepoint) -> float:
    """Of the change of level, 0..1; silence has none and is left out by being large."""
    if change.level_before is None or change.level_after is None:
        return 1.0
    return abs(change.level_after - change.level_before)


def real_series(folder: Path) -> list[str]:
    """The tables of the real series in `folder`."""
    seen = uganda(folder)
    kinds = [each.kind for each in seen.changes]
    counts = f"{kinds.count(ChangeKind.ONSET)} and {kinds.count(ChangeKind.END)}"
    rows = [
        "Real series. Hours are from the first sustained blocked row, and from the last blocked row.",
        "",
        "| series | what | ours | OONI's CUSUM | asked for | aim |",
        "| --- | --- | --: | --: | --: | --: |",
        f"| twitter.com, MTN Uganda | onset, h | {seen.onset_h:.1f} | {seen.cusum_onset_h:.1f} | 11 | 7 |",
        f"| | end, h | {seen.end_h:.1f} | {seen.cusum_end_h:.1f} | 26 | 25 |",
        f"| | onsets and ends in all | {counts} | | 1 and 1 | |",
    ]
    for country in ("cn", "pk", "tr"):
        changes = {"+".join(names): len(daily_changes(folder, country, names)) for names in COUNTS}
        told = ", ".join(f"{names}: {count}" for names, count in changes.items())
        most = max(changes.values())
        rows.append(f"| OONI web, daily, {country} | changes ({told}) | {most} | | at most 13 | |")
        least = [_size(each) for names in COUNTS for each in daily_changes(folder, country, names)]
        size = f"{100 * min(least):.0f}" if least else "–"
        rows.append(f"| | smallest change, points | {size} | | at least 5 | |")
    rows.append("")
    rows += [
        f"- {each.kind.value}: between {shown(each.earliest_s)} and {shown(each.latest_s)}, detected "
        f"{shown(each.detected_s)} UTC, level {each.level_before:.2f} to {each.level_after:.2f}."
        for each in seen.changes
    ]
    return [*rows, ""]
