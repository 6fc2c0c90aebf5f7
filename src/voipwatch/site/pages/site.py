"""What all pages are made from: a bundle, indexed once."""

from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from hashlib import sha256
from typing import NamedTuple

from voipwatch.civic.watched import Watch
from voipwatch.site import links
from voipwatch.site.assetfiles import assets
from voipwatch.site.bundle import Bundle, IncidentPage, Judged, Row, State, anchor_of
from voipwatch.site.history import Day, Month, days_of, months_of
from voipwatch.site.names import LINE, access_rank, app_rank
from voipwatch.site.pages.head import Head, Subject
from voipwatch.site.words import Words

HOURS_ON_PAGE = 100
"""A month with more rows of single hours than this has a page of its own; a closed month never grows, so that
the address of a row is final six hours after its month."""
SeriesKey = tuple[str, str, str, str]
"""Country, operator, access, app."""


class History(NamedTuple):
    """A series without its rows: what other pages need of it."""

    days: tuple[Day, ...]
    months: tuple[Month, ...]
    """Without rows of hours, where those are on the series' own page."""
    rows: int


HeadOf = Callable[["Site", Words, Subject], Head]


@dataclass(frozen=True)
class Site:
    """One bundle and how it is shown."""

    bundle: Bundle
    base: str = ""
    """Where the site will be, `https://example.org`: for addresses that must be whole. Empty: not known."""
    extras: frozenset[str] = frozenset()
    """Pages that other parts bring: embed, line-test."""
    head: "HeadOf | None" = None
    """What others add to the head of a page."""
    watch: Watch | None = None
    """Followers of pages, where whoever keeps the site collected some."""
    _histories: dict[SeriesKey, History] = field(default_factory=dict)
    _last_rows: dict[SeriesKey, tuple[Row, ...]] = field(default_factory=dict)

    @cached_property
    def states(self) -> Mapping[SeriesKey, State]:
        """By series, in the order of tables: country, operator, access, app, the line itself last."""
        ordered = sorted(
            self.bundle.states,
            key=lambda each: (each.country, each.operator, access_rank(each.access), app_rank(each.app)),
        )
        return {key_of(each): each for each in ordered}

    @cached_property
    def countries(self) -> tuple[str, ...]:
        """That have a series or an incident."""
        found = {each.country for each in self.bundle.states}
        return tuple(sorted(found | {page.incident.country for page in self.bundle.incidents}))

    def operators(self, country: str) -> tuple[str, ...]:
        """Measured there, by name."""
        return tuple(sorted({key[1] for key in self.states if key[0] == country}))

    def apps(self, country: str) -> tuple[str, ...]:
        """Measured there, by name, the line itself last."""
        return tuple(sorted({key[3] for key in self.states if key[0] == country}, key=app_rank))

    def of(self, country: str, *, operator: str = "", app: str = "") -> tuple[State, ...]:
        """Series of a country, of one operator or one app."""
        return tuple(
            state
            for key, state in self.states.items()
            if key[0] == country and operator in {"", key[1]} and app in {"", key[3]}
        )

    @cached_property
    def incidents(self) -> tuple[IncidentPage, ...]:
        """The newest first; tombstones too."""
        return tuple(
            sorted(
                self.bundle.incidents,
                key=lambda page: (began_of(page), page.incident.id),
                reverse=True,
            )
        )

    def incidents_of(self, country: str) -> tuple[IncidentPage, ...]:
        """Of a country, the newest first."""
        return tuple(page for page in self.incidents if page.incident.country == country)

    def claims_of(self, country: str) -> tuple[Judged, ...]:
        """What sources said of a country, in the order of the bundle."""
        return tuple(each for each in self.bundle.claims if each.claim.scope.country == country)

    def rows(self, state: State) -> tuple[Row, ...]:
        """All rows of a series; its history is kept, and the rows of the series that was asked for last."""
        key = key_of(state)
        if key not in self._last_rows:
            self._last_rows.clear()
            self._last_rows[key] = self.bundle.rows(state)
        rows = self._last_rows[key]
        if key not in self._histories:
            months = tuple(
                month if len(month.hours) > HOURS_ON_PAGE else month._replace(hours=())
                for month in months_of(rows)
            )
            self._histories[key] = History(days_of(rows), months, len(rows))
        return rows

    def history(self, state: State) -> History:
        """Its days and months."""
        key = key_of(state)
        if key not in self._histories:
            self.rows(state)
        return self._histories[key]

    def row_at(self, state: State, start: str, level: str) -> tuple[str, str]:
        """Page below `/LANG/` and anchor of a published row."""
        path = links.series(*key_of(state))
        anchor = anchor_of(start, level)
        if level == "hour" and any(
            month.name == start[:7] and month.hours for month in self.history(state).months
        ):
            path = links.month(path, start[:7])
        return path, anchor

    @cached_property
    def changes(self) -> Mapping[str, Mapping[str, str]]:
        """The table of changepoints by id."""
        return {each["id"]: each for each in self.bundle.changes}

    def row_near(self, key: SeriesKey, day: str) -> tuple[str, str] | None:
        """Page and anchor of the first row of the last day up to `day`; None where there is none."""
        state = self.states.get(key)
        if state is None:
            return None
        days = self.history(state).days
        place = bisect_right(days, date.fromisoformat(day), key=lambda each: each.day)
        if not place:
            return None
        anchor = days[place - 1].anchor
        start, _, level = anchor.rpartition("-")
        return self.row_at(state, f"{start}:00:00Z" if level == "hour" else start, level)

    @cached_property
    def css(self) -> str:
        """Path of the stylesheet."""
        return assets()["site.css"][0]

    def digest_of(self, *paths: str) -> str:
        """Of files of the bundle, by their digests."""
        return sha256("".join(f"{path}\0{self.bundle.sha256(path)}\0" for path in paths).encode()).hexdigest()


def key_of(state: State) -> SeriesKey:
    """Of a series."""
    return (state.country, state.operator, state.access, state.app)


def began_of(page: IncidentPage) -> str:
    """When its first phase had begun, for order; empty where it has none."""
    phases = page.incident.phases
    return phases[0].latest if phases else ""


def is_line(state: State) -> bool:
    """Whether it is the line itself and no app."""
    return state.app == LINE
