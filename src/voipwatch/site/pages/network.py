"""An operator, and an app, in a country: matrix now, and a strip of days for each series."""

from dataclasses import dataclass
from typing import NamedTuple

from markupsafe import Markup

from voipwatch.site import links
from voipwatch.site.bundle import State
from voipwatch.site.charts.strip import strips
from voipwatch.site.links import Here
from voipwatch.site.names import STATES
from voipwatch.site.pages import telling
from voipwatch.site.pages.head import Subject
from voipwatch.site.pages.matrix import Count, Matrix, app_matrix, counts, operator_matrix, series_href
from voipwatch.site.pages.shell import Shell, shell
from voipwatch.site.pages.site import Site, is_line
from voipwatch.site.words import Name, Words


class SeriesLine(NamedTuple):
    """A series in the table beside the strips: days by state."""

    name: Markup
    href: str
    days: tuple[int, ...]
    """In the order of `Network.states`."""


@dataclass(frozen=True)
class Network:
    """Context of network.html: an operator or an app."""

    shell: Shell
    kind: str
    """operator, app."""
    name: Name
    country: str
    country_href: str
    counts: tuple[Count, ...]
    matrix: Matrix
    strips: Markup
    states: tuple[Markup, ...]
    series: tuple[SeriesLine, ...]
    is_line: bool


def operator(site: Site, t: Words, country: str, name: str) -> Network:
    """The page of one operator of a country."""
    path = links.operator(country, name)
    states = site.of(country, operator=name)
    title = t.plain("operator.title", operator=Name(name), country=t.country(country))
    frame = shell(site, t, Subject("operator", path, country=country), title=title)

    def label(state: State) -> tuple[str, ...]:
        return (telling.app(t, state.app), telling.access(t, state.access))

    shown = sorted(states, key=is_line)
    return Network(
        shell=frame,
        kind="operator",
        name=Name(name),
        country=t.country(country),
        country_href=frame.here.page(links.country(country)),
        counts=counts(t, [state for state in states if not is_line(state)]),
        matrix=operator_matrix(site, t, frame.here, country, name),
        strips=_strips(site, t, [(state, label(state)) for state in shown], title),
        states=_state_names(t),
        series=tuple(_line(site, t, frame.here, state, label(state)) for state in shown),
        is_line=False,
    )


def app(site: Site, t: Words, country: str, name: str) -> Network:
    """The page of one app in a country."""
    path = links.app(country, name)
    states = site.of(country, app=name)
    called = telling.app(t, name)
    title = t.plain("network.of-app", app=called, country=t.country(country))
    frame = shell(site, t, Subject("app", path, country=country), title=title)

    def label(state: State) -> tuple[str, ...]:
        return (state.operator, telling.access(t, state.access))

    return Network(
        shell=frame,
        kind="app",
        name=called,
        country=t.country(country),
        country_href=frame.here.page(links.country(country)),
        counts=counts(t, states),
        matrix=app_matrix(site, t, frame.here, country, name),
        strips=_strips(site, t, [(state, label(state)) for state in states], title),
        states=_state_names(t),
        series=tuple(_line(site, t, frame.here, state, label(state)) for state in states),
        is_line=name == "line",
    )


_SHOWN = tuple(state for state in STATES if state not in {"silent", "unmeasured"})


def _state_names(t: Words) -> tuple[Markup, ...]:
    return tuple(telling.state(t, state) for state in _SHOWN)


def _line(site: Site, t: Words, here: Here, state: State, label: tuple[str, ...]) -> SeriesLine:
    days = site.history(state).days
    return SeriesLine(
        Markup(" · ").join(t.name(part) for part in label),
        series_href(here, state),
        tuple(sum(day.state == each for day in days) for each in _SHOWN),
    )


def _strips(site: Site, t: Words, series: list[tuple[State, tuple[str, ...]]], title: str) -> Markup:
    return strips(t, [(" · ".join(label), site.history(state).days) for state, label in series], title=title)
