"""Status matrices: operator × access × app, each cell with its state and the row behind it."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from markupsafe import Markup

from voipwatch.site import links
from voipwatch.site.bundle import State
from voipwatch.site.links import Here
from voipwatch.site.names import BAD, STATES, access_rank, app_rank
from voipwatch.site.pages import telling
from voipwatch.site.pages.site import Site, is_line, key_of
from voipwatch.site.words import Name, Words


class Cell(NamedTuple):
    """What is known last of one series."""

    state: str
    """One of `names.STATES`: the class that gives colour and shape."""
    text: Markup
    href: str
    """Of the row that says so; of the series where no row decides."""


class Heading(NamedTuple):
    """Of a row or a column."""

    text: Name
    href: str


class Line(NamedTuple):
    """One row of a matrix."""

    operator: Heading | None
    """Where its block of rows begins."""
    span: int
    """Rows of that block."""
    heading: str
    cells: tuple[Cell | None, ...]
    """None: nobody ever measured it."""


class Matrix(NamedTuple):
    """A table of states."""

    columns: tuple[Heading, ...]
    lines: tuple[Line, ...]
    by_operator: bool


class Count(NamedTuple):
    """Series of one state."""

    state: str
    text: Markup
    n: int


def state_now(state: State) -> str:
    """Of `names.STATES`."""
    return state.state if state.measured else "unmeasured"


def cell(site: Site, t: Words, here: Here, state: State) -> Cell:
    """One series in a matrix."""
    now = state_now(state)
    row = state.row
    if row is None:
        return Cell(now, telling.state(t, "never" if now == "unmeasured" else now), series_href(here, state))
    path, anchor = site.row_at(state, row.start, row.level)
    text = telling.state(t, now)
    if now == "unmeasured" and state.measured_until is not None:
        text = t("state.unmeasured-since", date=t.day(state.measured_until))
    return Cell(now if now in STATES else "insufficient", text, here.page(path, anchor=anchor))


def series_href(here: Here, state: State) -> str:
    """To the page of a series."""
    return here.page(links.series(*key_of(state)))


def country_matrix(site: Site, t: Words, here: Here, country: str) -> Matrix:
    """Operators and accesses by apps."""
    states = {key_of(state): state for state in site.of(country)}
    apps = site.apps(country)
    lines: list[Line] = []
    for operator in site.operators(country):
        accesses = sorted({key[2] for key in states if key[1] == operator}, key=access_rank)
        for number, access in enumerate(accesses):
            heading = Heading(Name(operator), here.page(links.operator(country, operator)))
            cells = _cells(site, t, here, [states.get((country, operator, access, app)) for app in apps])
            lines.append(Line(None if number else heading, len(accesses), telling.access(t, access), cells))
    return Matrix(_app_headings(t, here, country, apps), tuple(lines), by_operator=True)


def operator_matrix(site: Site, t: Words, here: Here, country: str, operator: str) -> Matrix:
    """Accesses by apps of one operator."""
    states = {key_of(state): state for state in site.of(country, operator=operator)}
    apps = sorted({key[3] for key in states}, key=app_rank)
    lines = []
    for access in sorted({key[2] for key in states}, key=access_rank):
        cells = _cells(site, t, here, [states.get((country, operator, access, app)) for app in apps])
        lines.append(Line(None, 1, telling.access(t, access), cells))
    return Matrix(_app_headings(t, here, country, apps), tuple(lines), by_operator=False)


def app_matrix(site: Site, t: Words, here: Here, country: str, app: str) -> Matrix:
    """Operators by accesses of one app."""
    states = {key_of(state): state for state in site.of(country, app=app)}
    accesses = sorted({key[2] for key in states}, key=access_rank)
    lines = []
    for operator in sorted({key[1] for key in states}):
        heading = Heading(Name(operator), here.page(links.operator(country, operator)))
        cells = _cells(site, t, here, [states.get((country, operator, each, app)) for each in accesses])
        lines.append(Line(heading, 1, "", cells))
    columns = tuple(Heading(Name(telling.access(t, each)), "") for each in accesses)
    return Matrix(columns, tuple(lines), by_operator=True)


def _cells(site: Site, t: Words, here: Here, states: Sequence[State | None]) -> tuple[Cell | None, ...]:
    return tuple(None if state is None else cell(site, t, here, state) for state in states)


def _app_headings(t: Words, here: Here, country: str, apps: Iterable[str]) -> tuple[Heading, ...]:
    return tuple(Heading(telling.app(t, app), here.page(links.app(country, app))) for app in apps)


def counts(t: Words, states: Iterable[State]) -> tuple[Count, ...]:
    """How many series are in which state; worst first, those that are there."""
    found: dict[str, int] = {}
    for state in states:
        now = state_now(state)
        found[now] = found.get(now, 0) + 1
    return tuple(Count(state, telling.state(t, state), found[state]) for state in STATES if state in found)


def bad_now(states: Iterable[State]) -> tuple[State, ...]:
    """Series of apps that something stops, as far as they are measured."""
    return tuple(state for state in states if not is_line(state) and state.measured and state.state in BAD)
