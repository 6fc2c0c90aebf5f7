"""The page of followers: what others counted of operators' pages, and what can be said of it.

Nothing here was measured by us: each number stands with its source, as a value or an interval, and each
sentence says no more than the numbers do (`civic.watched`).
"""

import re
from dataclasses import dataclass
from typing import Final, NamedTuple

from markupsafe import Markup

from voipwatch.civic.buyback import Jump
from voipwatch.civic.effect import Effect, Plan, State
from voipwatch.civic.losses import Loss
from voipwatch.civic.observations import COUNTS, Observation, Quantity, encode_csv
from voipwatch.civic.press import Before, Figure, packaged_press
from voipwatch.civic.watched import (
    TOGETHER,
    CountsTold,
    PageTold,
    Watch,
    told_of,
    watch_of_press,
    without,
)
from voipwatch.site.charts.counts import Box, Scene, counts_chart
from voipwatch.site.counter.document import is_web
from voipwatch.site.pages.head import Subject
from voipwatch.site.pages.observed import (
    day_at,
    days_between,
    event_day,
    interval,
    number,
    range_signed,
    share,
    signed,
    when,
)
from voipwatch.site.pages.shell import Shell, shell
from voipwatch.site.pages.site import Site
from voipwatch.site.words import Name, Words

PATH: Final = "reputation/"
FILE: Final = "reputation/observations.csv"
"""All observations that the page is made from, in the site."""
SHIPPED: Final = "morocco-2016"
ROWS_SHOWN: Final = 200
"""Of a page, the newest; the file has all. The same as on a terminal."""
CAPTURE_DIGITS: Final = 12
SERVICES: Final = {
    "facebook": "Facebook", "youtube": "YouTube", "x": "X", "twitter": "Twitter", "mastodon": "Mastodon",
}  # fmt: skip
"""As they write their names; another is told as it stands in the observation."""
_ADDRESS: Final = re.compile(r"<(https?://[^<>\s]+)>\Z")


class SourceView(NamedTuple):
    """One source."""

    text: str
    url: str
    lang: str
    """BCP 47 of what the source is written in; empty where nobody recorded it."""


class RowView(NamedTuple):
    """One observation."""

    when: Markup
    what: Markup
    number: Markup
    printed: str
    """As it was printed, the source's own spelling."""
    precision: Markup
    since: Markup
    """Since the baseline, where there is one."""
    method: str
    capture: str
    marks: tuple[int, ...]
    note: str
    """In English; of the file of figures."""


class ChartView(NamedTuple):
    """A drawing and its caption."""

    drawing: Markup
    caption: Markup


class PageView(NamedTuple):
    """One page."""

    anchor: str
    heading: Markup
    sentences: tuple[Markup, ...]
    charts: tuple[ChartView, ...]
    label: Markup
    """Of its table."""
    rows: tuple[RowView, ...]
    left_out: Markup
    """How many rows are in the file alone; empty: none."""


class RecordView(NamedTuple):
    """Pages that were watched for one event."""

    anchor: str
    heading: Markup
    lead: Markup
    donors: Markup
    pages: tuple[PageView, ...]


@dataclass(frozen=True)
class Reputation:
    """Context of reputation.html."""

    shell: Shell
    records: tuple[RecordView, ...]
    sources: tuple[SourceView, ...]
    file: str
    real: Markup
    """On an emulated site: that these numbers are not of the emulation."""


def reputation(site: Site, t: Words) -> Reputation:
    """The page: what comes with the package and, where there is one, the watch that was given."""
    frame = shell(
        site, t, Subject("reputation", PATH), title=t.plain("reputation.title"),
        description=t.plain("reputation.description"),
    )  # fmt: skip
    press = packaged_press(SHIPPED)
    shipped, telling = watch_of_press(press), _Telling(t)
    records = []
    own = None if site.watch is None else without(site.watch, shipped)
    if own is not None and own.observations:
        records.append(telling.record("own", t("reputation.own"), t("reputation.own-lead"), own))
    heading = t("reputation.shipped", country=t.country(press.country))
    records.append(telling.record("shipped", heading, t("reputation.shipped-lead"), shipped))
    return Reputation(
        shell=frame,
        records=tuple(records),
        sources=tuple(telling.sources),
        file=frame.here.file_at(FILE),
        real=t("reputation.real") if site.bundle.manifest.synthetic else Markup(""),
    )


def observations_file(site: Site) -> bytes:
    """`FILE`: all that the page is made from, as `voipwatch reputation` reads it."""
    rows = packaged_press(SHIPPED).observations
    given = () if site.watch is None else site.watch.observations
    return encode_csv(dict.fromkeys((*rows, *given))).encode()


class _Telling:
    """One language's words, and the sources in the order in which they were first cited."""

    def __init__(self, t: Words) -> None:
        self.t = t
        self.sources: list[SourceView] = []
        press = packaged_press(SHIPPED)
        self._figures: dict[Observation, Figure] = {each.observation: each for each in press.figures}
        self._by_id = {each.id: each for each in press.figures}
        self._before: dict[Observation, Before] = {each.observation: each for each in press.before}

    def record(self, name: str, heading: Markup, lead: Markup, watch: Watch) -> RecordView:
        """Of one watch."""
        plan = Plan()
        donors = Markup("")
        if watch.event:
            names = self.t.list(sorted(watch.donors)) if watch.donors else self.t("reputation.donors-none")
            donors = self.t("reputation.donors", pages=names, event=event_day(self.t, watch.event))
        pages = tuple(
            self.page(f"{name}-{number}", told_of(watch, page, plan=plan), watch, plan)
            for number, page in enumerate(watch.pages, 1)
        )
        return RecordView(name, heading, lead, donors, pages)

    # --- one page -----------------------------------------------------------------------------------------

    def page(self, anchor: str, told: PageTold, watch: Watch, plan: Plan) -> PageView:
        """Sentences, drawings, table."""
        t = self.t
        sentences: list[Markup] = []
        for each in told.series:
            sentences += self.sentences(each, watch, printed=bool(told.printed), plan=plan)
        every = [each for one in told.series for each in one.counts] + list(told.printed)
        losses = {loss.observation: loss for one in told.series for loss in one.losses}
        every.sort(key=lambda each: (each.span_s[1], each.middle_s))
        name = page_name(t, told.page)
        more = len(every) - ROWS_SHOWN
        return PageView(
            anchor=anchor,
            heading=name,
            sentences=tuple(sentences),
            charts=self.charts(anchor, name, told, watch),
            label=t("reputation.table", page=name),
            rows=tuple(self.row(each, losses.get(each)) for each in every[-ROWS_SHOWN:]),
            left_out=t("reputation.left-out", count=more) if more > 0 else Markup(""),
        )

    def sentences(self, told: CountsTold, watch: Watch, *, printed: bool, plan: Plan) -> list[Markup]:
        """What can be said of a series: loss, gaps, jumps, disagreements, effect."""
        t, found = self.t, []
        if not watch.event:
            found.append(t("reputation.no-event"))
        elif told.baseline is None:
            found.append(t("reputation.no-baseline", event=event_day(self.t, watch.event)))
        elif not told.losses:
            found.append(
                t(
                    "reputation.no-later",
                    base=number(self.t, told.baseline.observation),
                    at=when(self.t, told.baseline.observation),
                )
            )
        else:
            found.append(self.loss(told, told.losses[-1], watch))
        if printed:
            found.append(t("reputation.printed"))
        found += [
            t("reputation.gap", since=day_at(self.t, gap.since_s), until=day_at(self.t, gap.until_s))
            for gap in told.gaps
        ]
        for jump in told.jumps:
            found += self.jump(jump)
        for first, second in told.disagreements:
            found.append(
                t(
                    "reputation.disagree",
                    at=when(self.t, first),
                    first=number(self.t, first),
                    second=number(self.t, second),
                )
            )
        if told.effect is not None:
            found += self.effect(told.effect, watch, plan)
        return found

    def loss(self, told: CountsTold, last: Loss, watch: Watch) -> Markup:
        """Since the baseline: fewer, more, or neither for sure."""
        assert told.baseline is not None
        base = told.baseline.observation
        key = "lost" if last.sure else "gained" if last.high < 0 else "unsure"
        low, high = (-last.high, -last.low) if key == "gained" else (last.low, last.high)
        ratios = last.low_ratio, last.high_ratio
        if key == "gained" and last.low_ratio is not None and last.high_ratio is not None:
            ratios = -last.high_ratio, -last.low_ratio
        values = {
            "event": event_day(self.t, watch.event),
            "base": number(self.t, base), "based": when(self.t, base),
            "at": when(self.t, last.observation), "count": interval(self.t, low, high),
            "fewer": interval(self.t, max(0.0, high), max(0.0, high)),
            "more": interval(self.t, max(0.0, -low), max(0.0, -low)),
            "percent": share(self.t, *ratios),
        }  # fmt: skip
        return self.t(f"reputation.{key}", **values)

    def jump(self, jump: Jump) -> list[Markup]:
        """What was flagged, and that a flag accuses nobody."""
        low, high = sorted((abs(jump.gain_low), abs(jump.gain_high)))
        found = [
            self.t(
                "reputation.jump-up" if jump.up else "reputation.jump-down",
                count=interval(self.t, low, high),
                since=when(self.t, jump.earlier), until=when(self.t, jump.later),
                usual=signed(self.t, jump.usual_per_day), steps=jump.steps,
            )
        ]  # fmt: skip
        if jump.regained_low is not None and jump.regained_high is not None:
            ends = (100 * jump.regained_low, 100 * jump.regained_high)
            found.append(self.t("reputation.regained", percent=interval(self.t, *ends, places=0)))
        return found

    def effect(self, found: Effect, watch: Watch, plan: Plan) -> list[Markup]:
        """What the event did, or why that cannot be said; always how many donors, and how small p may be."""
        t, event = self.t, event_day(self.t, watch.event)
        told = [t(f"reputation.effect.{found.state.value}", event=event)]
        told += [
            t(
                f"reputation.why.{why.value}", donors=found.donors, least=found.donors_least,
                dates=found.placebo_dates, dates_least=found.placebo_least,
            )
            for why in found.why
        ]  # fmt: skip
        if found.state is not State.UNIDENTIFIED and found.estimate_ratio is not None:
            none = t("reputation.effect.no-bound")
            low, high = (
                none if each is None else signed(self.t, 100 * each, places=1)
                for each in (found.low_ratio, found.high_ratio)
            )
            estimate = signed(self.t, 100 * found.estimate_ratio, places=1)
            told.append(
                t("reputation.effect.estimate", estimate=estimate, low=low, high=high, days=plan.after_steps)
            )
        p = found.p_value
        told.append(
            t(
                "reputation.effect.p" if p is not None else "reputation.effect.no-p",
                p="" if p is None else t.decimal(p, 3),
                donors=found.donors,
                left_out=found.donors_incomplete,
                smallest=t.decimal(1.0 / (found.donors + 1), 3),
                least=found.donors_least,
                level=t.decimal(found.level, 3),
            )
        )
        return told

    # --- drawings -------------------------------------------------------------------------------------------

    def charts(self, anchor: str, name: Markup, told: PageTold, watch: Watch) -> tuple[ChartView, ...]:
        """One for each quantity of which there are two numbers or more."""
        found = []
        for kind in Quantity:
            series = next((each for each in told.series if each.quantity is kind), None)
            if kind in COUNTS:
                rows = () if series is None else series.counts
            else:
                rows = tuple(each for each in told.printed if each.quantity is kind)
            if len(rows) < 2:
                continue
            flagged = set() if series is None else {jump.later for jump in series.jumps}
            scene = Scene(
                () if series is None else [(gap.since_s, gap.until_s) for gap in series.gaps], watch.event_s
            )
            span_s = min(each.span_s[0] for each in rows), max(each.span_s[1] for each in rows)
            told_of_it = {
                "what": self.t.plain(f"reputation.quantity.{kind.value}"),
                "page": name,
                "days": days_between(self.t, *span_s),
            }
            drawing = counts_chart(
                self.t,
                [Box(*each.span_s, each.low, each.high, flagged=each in flagged) for each in rows],
                scene,
                name=f"{anchor}-{kind.value}",
                title=self.t.plain("reputation.chart", **told_of_it),
                desc=self.t.plain(
                    "reputation.chart-desc", n=len(rows), gaps=len(scene.gaps), jumps=len(flagged)
                ),
            )
            found.append(ChartView(drawing, self.t("reputation.chart", **told_of_it)))
        return tuple(found)

    # --- a row ----------------------------------------------------------------------------------------------

    def row(self, each: Observation, loss: Loss | None) -> RowView:
        """One observation."""
        figure, before = self._figures.get(each), self._before.get(each)
        note = figure.note if figure else before.base.arithmetic if before else ""
        return RowView(
            when=when(self.t, each),
            what=self.t(f"reputation.quantity.{each.quantity.value}"),
            number=number(self.t, each),
            printed=figure.printed if figure else "",
            precision=self.t(f"reputation.precision.{each.precision.value}"),
            since=Markup("") if loss is None else range_signed(self.t, -loss.high, -loss.low),
            method=each.method,
            capture=each.capture[:CAPTURE_DIGITS],
            marks=self.marks(each, figure, before),
            note=note,
        )

    def marks(self, each: Observation, figure: Figure | None, before: Before | None) -> tuple[int, ...]:
        """Numbers of its sources."""
        figures = [figure] if figure else [self._by_id[before.lost]] if before else []
        views = [
            SourceView(f"{one.source.publisher}: {one.source.title}", one.source.url, one.source.lang)
            for one in figures
        ] or [source_view(each.source)]
        for view in views:
            if view not in self.sources:
                self.sources.append(view)
        return tuple(self.sources.index(view) + 1 for view in views)


def page_name(t: Words, page: str) -> Markup:
    """`maroc-telecom (facebook)`; several that were counted together as a list."""
    service, _, names = page.partition(":")
    every = [name.rpartition(":")[2] for name in names.split(TOGETHER)]
    return t(
        "reputation.page" if len(every) == 1 else "reputation.pages",
        names=t.list(every),
        service=Name(SERVICES.get(service, service)),
    )


def source_view(text: str) -> SourceView:
    """Of what an observation says of its source: an address alone, or one at its end."""
    found = _ADDRESS.search(text)
    url = found.group(1) if found else text
    return SourceView(text[: found.start()].strip() if found else text, url if is_web(url) else "", "")
