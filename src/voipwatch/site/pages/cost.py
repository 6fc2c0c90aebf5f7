"""What a block costs: this bundle's incidents by every sourced method, and the figure that was printed."""

from dataclasses import dataclass
from datetime import date
from typing import Final, NamedTuple

from markupsafe import Markup

from voipwatch.civic.costs.answer import Answer, NotReproduced, answer
from voipwatch.civic.costs.estimate import Estimate
from voipwatch.civic.costs.inputs import CostInputs, Input, Source, cost_inputs
from voipwatch.civic.costs.published import FigureCheck, OtherDates, span_of_window
from voipwatch.civic.costs.spans import span_of_incident
from voipwatch.civic.ranges import Range
from voipwatch.model.incidents import IncidentStatus
from voipwatch.site import links
from voipwatch.site.bundle import IncidentPage
from voipwatch.site.charts.amounts import AmountLine, amounts_chart
from voipwatch.site.links import Here
from voipwatch.site.pages import telling
from voipwatch.site.pages.head import Subject
from voipwatch.site.pages.shell import Shell, shell
from voipwatch.site.pages.site import Site
from voipwatch.site.words import Name, Words

PATH: Final = "cost/"
MILLION: Final = 1_000_000.0
NAMES: Final = {
    "brookings-2016": "Brookings 2016",
    "deloitte-2016": "Deloitte 2016",
    "cipesa-2017": "CIPESA 2017",
    "netblocks-cost": "NetBlocks COST",
}


class EstimateView(NamedTuple):
    """One method's answer."""

    method: Markup
    covers: Markup
    day: Markup
    amount: Markup


class IncidentCost(NamedTuple):
    """One incident."""

    id: str
    anchor: str
    title: Markup
    href: str
    country: str
    days: Markup
    notes: tuple[Markup, ...]
    estimates: tuple[EstimateView, ...]


class DatesView(NamedTuple):
    """The published figure at other dates."""

    dates: str
    days: Markup
    at_rate: Markup
    by_method: Markup


class FigureView(NamedTuple):
    """A published figure."""

    anchor: str
    heading: Markup
    lines: tuple[Markup, ...]
    marks: tuple[int, ...]
    chart: Markup
    dates: tuple[DatesView, ...]


class InputView(NamedTuple):
    """One input; marks are numbers of sources."""

    name: Markup
    value: Markup
    unit: Markup
    year: str
    marks: tuple[int, ...]


class SourceView(NamedTuple):
    """One source."""

    publisher: str
    title: str
    date: str
    seen: Markup
    url: str


class VoiceView(NamedTuple):
    """What operators earned in a year."""

    text: Markup
    marks: tuple[int, ...]


@dataclass(frozen=True)
class Cost:
    """Context of cost.html."""

    shell: Shell
    incidents: tuple[IncidentCost, ...]
    figures: tuple[FigureView, ...]
    inputs: tuple[InputView, ...]
    sources: tuple[SourceView, ...]
    caveats: tuple[Markup, ...]
    lacking: tuple[tuple[Markup, Markup], ...]
    voice: tuple[VoiceView, ...]


class _Notes:
    """Sources numbered in the order in which they were first cited."""

    def __init__(self) -> None:
        self.sources: list[Source] = []

    def marks(self, sources: tuple[Source, ...]) -> tuple[int, ...]:
        for source in sources:
            if source not in self.sources:
                self.sources.append(source)
        return tuple(dict.fromkeys(self.sources.index(source) + 1 for source in sources))


def cost(site: Site, t: Words) -> Cost:
    """The page of one bundle."""
    subject = Subject("cost", PATH)
    frame = shell(
        site, t, subject, title=t.plain("cost.title"), description=t.plain("cost.description")
    )  # fmt: skip
    inputs = cost_inputs()
    notes = _Notes()
    told = [page for page in site.incidents if countable(page)]
    answers = [(page, _answer(page, inputs)) for page in told]
    general = _of_countries(inputs)
    every = [*(found for _, found in answers), *general]
    used = {
        (each.country, each.id): each for found in every for one in found.estimates for each in one.inputs
    }
    return Cost(
        shell=frame,
        incidents=tuple(_incident(site, t, frame.here, page, found) for page, found in answers),
        figures=tuple(
            _figure(t, check, found.other_dates, notes) for found in general for check in found.figures
        ),
        inputs=tuple(_input(t, each, notes) for each in used.values()),
        voice=tuple(
            VoiceView(
                t("cost.voice-year", year=str(year.year), amount=_money(t, year.amount, "MAD")),
                notes.marks(tuple(source for each in year.inputs for source in each.sources)),
            )
            for found in general
            for year in found.voice
        ),
        sources=tuple(_source(t, each) for each in notes.sources),
        caveats=tuple(
            t(f"cost.caveat.{name}")
            for name in dict.fromkeys(n for found in every for one in found.estimates for n in one.caveats)
        ),
        lacking=tuple(
            _lacking(t, each) for each in dict.fromkeys(n for f in every for n in f.not_reproduced)
        ),
    )


def countable(page: IncidentPage) -> bool:
    """Whether it has days to count: what was withdrawn has none."""
    return bool(page.incident.spread) and page.incident.status is not IncidentStatus.WITHDRAWN


def _answer(page: IncidentPage, inputs: CostInputs) -> Answer:
    return answer(span_of_incident(page.incident), inputs, country=page.incident.country)


def _of_countries(inputs: CostInputs) -> list[Answer]:
    """For each published figure its country's answer over the figure's own days."""
    found = []
    for figure in inputs.published:
        windows = [window for window in inputs.windows if window.country == figure.country]
        if windows:
            found.append(answer(span_of_window(windows[0]), inputs, country=figure.country))
    return found


def _incident(site: Site, t: Words, here: Here, page: IncidentPage, found: Answer) -> IncidentCost:
    incident, span = page.incident, found.span
    notes = []
    if span.ongoing:
        notes.append(t("cost.ongoing"))
    if span.silent:
        notes.append(t("cost.silent"))
    if span.days.high is None:
        notes.append(t("cost.unbounded"))
    if not found.estimates:
        notes.append(t("cost.unsourced"))
    days = t(
        "cost.days",
        days=_range(t, span.days),
        everywhere=_range(t, span.everywhere),
        anywhere=_range(t, span.anywhere),
    )
    return IncidentCost(
        id=incident.id,
        anchor=f"incident-{incident.id}",
        title=telling.title(t, incident, site.bundle.signed_revision(incident)),
        href=here.page(links.incident(incident.id)),
        country=t.country(incident.country),
        days=days,
        notes=tuple(notes),
        estimates=tuple(_estimate(t, each) for each in found.estimates),
    )


def _estimate(t: Words, found: Estimate) -> EstimateView:
    return EstimateView(
        _method(t, found.method),
        t(f"cost.covers.{found.covers}"),
        _money(t, found.day, found.unit),
        _money(t, found.amount, found.unit),
    )


def _figure(t: Words, check: FigureCheck, dates: tuple[OtherDates, ...], notes: _Notes) -> FigureView:
    figure = check.figure
    lines = [
        t(
            "cost.figure",
            amount=t.number(figure.amount_usd), days=figure.days,
            first=t.day(figure.first), last=t.day(figure.last),
        ),
        t(
            "cost.rounding" if check.rounding else "cost.mismatch",
            # One piece: from the right it would be read backwards.
            equation=Name(f"{figure.days} × {t.number(figure.day_usd)} = {t.number(check.product_usd)}"),
            difference=check.difference_usd,
        ),
        t("cost.reproduced" if check.reproduced else "cost.unreproduced"),
    ]  # fmt: skip
    rows = [
        AmountLine(_dates(each), _ends(each.by_method), _ends(each.amount) or (0.0, 0.0)) for each in dates
    ]
    highest = max((end for row in rows for end in (*(row.wide or ()), *row.narrow)), default=0.0)
    return FigureView(
        anchor=f"figure-{figure.id}",
        heading=t("cost.published", country=t.country(figure.country)),
        lines=tuple(lines),
        marks=notes.marks(figure.sources),
        chart=amounts_chart(
            t, rows, title=t.plain("cost.chart"),
            desc=t.plain("cost.chart-desc", n=len(rows), high=t.number(round(highest))),
        ),
        dates=tuple(
            DatesView(
                _dates(each),
                _range(t, each.span.days),
                _money(t, each.amount, "USD"),
                Markup("–") if each.by_method is None else _money(t, each.by_method, "USD"),
            )
            for each in dates
        ),
    )  # fmt: skip


def _ends(value: Range | None) -> tuple[float, float] | None:
    """In millions; of what has no upper end, its lower one."""
    if value is None:
        return None
    return value.low / MILLION, (value.low if value.high is None else value.high) / MILLION


def _input(t: Words, each: Input, notes: _Notes) -> InputView:
    unit = each.id.rpartition("-")[0] if each.id.startswith("day-") else each.id
    return InputView(
        t(f"cost.input.{each.id}"),
        _range(t, each.value, places=4),
        t(f"cost.unit.{unit}"),
        each.year.replace("-", "–"),
        notes.marks(each.sources),
    )


def _source(t: Words, source: Source) -> SourceView:
    return SourceView(source.publisher, source.title, source.date, t(f"cost.seen.{source.seen}"), source.url)


def _lacking(t: Words, lack: NotReproduced) -> tuple[Markup, Markup]:
    return _method(t, lack.method), t(f"cost.lacking.{lack.part}")


def _method(t: Words, name: str) -> Markup:
    known = NAMES.get(name)
    if known is not None:
        return t.name(known)
    method, _, connectivity = name.rpartition("-")
    return t(f"cost.class.{connectivity}", method=Name(NAMES[method]))


def _money(t: Words, value: Range, unit: str) -> Markup:
    scaled = Range(value.low / MILLION, None if value.high is None else value.high / MILLION)
    return t("cost.millions", range=_range(t, scaled), unit=Name(unit))


def _range(t: Words, value: Range, *, places: int = 1) -> Markup:
    low = t.decimal(value.low, places)
    if value.high is None:
        return t("cost.at-least", low=low)
    high = t.decimal(value.high, places)
    return Markup("{}").format(low) if low == high else t("cost.range", low=low, high=high)


def _dates(of: OtherDates) -> str:
    found = of.window
    first, last = _day(found.first_earliest, found.first_latest), _day(found.last_earliest, found.last_latest)
    return f"{first} – {last}"


def _day(earliest: date, latest: date) -> str:
    """`2016-11-03/04`: as EDTF has an interval, cut short where both are of one month."""
    if earliest == latest:
        return earliest.isoformat()
    same = (earliest.year, earliest.month) == (latest.year, latest.month)
    return f"{earliest.isoformat()}/{f'{latest.day:02}' if same else latest.isoformat()}"
