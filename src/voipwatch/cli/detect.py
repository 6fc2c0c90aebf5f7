"""`voipwatch detect FILE`: onsets, ends and silences in anybody's series of blocked and other votes."""

import math
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Final

from cyclopts import Parameter

from voipwatch.cli.context import Context
from voipwatch.cli.detectreport import SeriesResult, detect_json, exit_status, show
from voipwatch.cli.errors import Misuse
from voipwatch.cli.reportfile import require_writable, write_file
from voipwatch.cli.seriesfile import BLOCKED_NAME, Columns, Key, SeriesFile
from voipwatch.cli.seriesplot import DRAWN_MAX, Bins, draw
from voipwatch.cli.values import shown, shown_path
from voipwatch.cli.working import Step, shown_work
from voipwatch.inference.detection import Panel, Settings, daily
from voipwatch.model.series import SeriesRow

SERIES_MAX: Final = 100_000
"""More series than that are a mistaken --by, such as a column of times."""
ROWS_A_STEP: Final = 5_000
ROWS_KEPT_MAX: Final = 4_000_000
"""At 36 bytes each: 144 MB. A file of more is read a second time."""


class Rows:
    """What was understood of a file's rows, in their order, for as long as they are few enough."""

    def __init__(self) -> None:
        self._keys: dict[Key, int] = {}
        self._probes: dict[str, int] = {}
        self._of_key, self._of_probe = array("i"), array("i")
        self._times_s = array("d")
        self._blocked, self._totals = array("q"), array("q")
        self.whole = True
        """None was left out."""

    def add(self, key: Key, row: SeriesRow) -> None:
        """Keep one more; of too many, none."""
        if not self.whole:
            return
        if len(self._times_s) == ROWS_KEPT_MAX:
            self.whole = False
            for column in (self._of_key, self._of_probe, self._times_s, self._blocked, self._totals):
                del column[:]
            return
        self._of_key.append(self._keys.setdefault(key, len(self._keys)))
        self._of_probe.append(self._probes.setdefault(row.probe, len(self._probes)))
        self._times_s.append(row.time_s)
        self._blocked.append(row.blocked_count)
        self._totals.append(row.total_count)

    def __iter__(self) -> Iterator[tuple[Key, SeriesRow]]:
        keys, probes = list(self._keys), list(self._probes)
        columns = zip(self._of_key, self._times_s, self._blocked, self._totals, self._of_probe, strict=True)
        for key, time_s, blocked, total, probe in columns:
            yield keys[key], SeriesRow(time_s, blocked, total, probes[probe])


@dataclass(slots=True)
class Survey:
    """What a first reading of the file tells: all that must be known before the first row is judged."""

    rows: int = 0
    naive: bool = False
    daily: bool = True
    spans: dict[Key, tuple[float, float]] = field(default_factory=dict)
    """First and last time of each series."""
    kept: Rows = field(default_factory=Rows)


def detect(  # noqa: PLR0913 -- one parameter an option of the command
    file: Annotated[str, Parameter(metavar="FILE")],
    /,
    *,
    context: Annotated[Context, Parameter(parse=False)],
    time: Annotated[str | None, Parameter(metavar="COL")] = None,
    blocked: Annotated[str | None, Parameter(metavar="COL[,COL..]")] = None,
    over: Annotated[str | None, Parameter(metavar="X")] = None,
    total: Annotated[str | None, Parameter(metavar="COL")] = None,
    by: Annotated[str | None, Parameter(metavar="COL[,COL..]")] = None,
    probe: Annotated[str | None, Parameter(metavar="COL")] = None,
    json: bool = False,
    plot: Annotated[str | None, Parameter(metavar="FILE.svg")] = None,
) -> int:
    """Read everything, then judge; 1 where an onset is found, 2 where a series is insufficient, else 0."""
    columns = _columns(time, blocked, over, total, by, probe)
    target = None if plot is None else Path(plot)
    if target is not None:
        require_writable(target, option="--plot")
    series = SeriesFile(Path(file), columns)
    with shown_work(context, "detect.reading", series.size_bytes) as step:
        survey = _survey(series, step)
    with shown_work(context, "detect.judging", series.size_bytes) as step:
        results = _judge(series, survey, step, drawn=target is not None)
    if target is not None:
        write_file(target, draw(context.texts, results, daily=survey.daily).encode())
    if json:
        context.print_json(detect_json(columns.by, results, daily=survey.daily))
    else:
        show(context, columns.by, results, daily=survey.daily)
        if target is not None:
            context.say("detect.plotted", path=shown_path(target))
    if survey.naive:
        context.say("detect.naive")
    return exit_status(results)


def _columns(
    time: str | None,
    blocked: str | None,
    over: str | None,
    total: str | None,
    by: str | None,
    probe: str | None,
) -> Columns:
    limit = None if over is None else _limit(over)
    if limit is not None and total is not None:
        raise Misuse("error.detect_over_total")
    if probe is not None and total is not None:
        raise Misuse("error.detect_probe_total")
    names = _names(blocked, "--blocked") if blocked is not None else (BLOCKED_NAME,)
    return Columns(time, names, limit, total, () if by is None else _names(by, "--by"), probe)


def _names(text: str, option: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(","))
    if "" in names or len(set(names)) < len(names):
        raise Misuse("error.detect_names", option=option, value=shown(text))
    return names


def _limit(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise Misuse("error.detect_over", value=shown(text))
    return value


def _survey(series: SeriesFile, step: Step) -> Survey:
    """Read everything: every row is understood or refused before one is judged."""
    survey = Survey()
    for each in series.rows():
        survey.rows += 1
        survey.naive |= each.naive
        survey.daily &= each.midnight
        first, _ = survey.spans.get(each.key, (each.row.time_s, 0.0))
        survey.spans[each.key] = (first, each.row.time_s)
        survey.kept.add(each.key, each.row)
        if survey.rows % ROWS_A_STEP == 0:
            step(series.read_bytes)
            if len(survey.spans) > SERIES_MAX:
                raise Misuse("error.detect_series", path=shown_path(series.path), most=SERIES_MAX)
    if not survey.rows:
        raise Misuse("error.detect_empty", path=shown_path(series.path))
    # Counts of whole days stand at midnight, all of them; a measurement falls there once in 86,400.
    survey.daily &= survey.rows > len(survey.spans)
    return survey


def _judge(series: SeriesFile, survey: Survey, step: Step, *, drawn: bool) -> list[SeriesResult]:
    """Judge in the order of the file; read it again where its rows are too many to keep."""
    count = len(survey.spans)
    panel = Panel(daily(count) if survey.daily else Settings(series=count))
    names = {key: str(number) for number, key in enumerate(survey.spans)}
    shown_keys = list(survey.spans)[:DRAWN_MAX] if drawn else []
    bins = {key: Bins(*survey.spans[key], daily=survey.daily) for key in shown_keys}
    rows = iter(survey.kept) if survey.kept.whole else ((each.key, each.row) for each in series.rows())
    for number, (key, row) in enumerate(rows, 1):
        panel.receive(names[key], row)
        if key in bins:
            bins[key].add(row)
        if number % ROWS_A_STEP == 0:
            step(round(series.size_bytes * min(1.0, number / survey.rows)))
    results = []
    for key in survey.spans:
        detector = panel.detectors[names[key]]
        detector.finish()
        results.append(SeriesResult(key, detector, bins.get(key), probes=series.columns.probe is not None))
    return results
