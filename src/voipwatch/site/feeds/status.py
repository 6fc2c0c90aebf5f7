"""Badges in the shape of shields.io's endpoint (schemaVersion 1): one of everything, one a country.

A badge never says that calls get through where nobody measured it: series that no three probes decided within
the last week are counted apart, and where that is all of them the badge is grey and an error, so that nobody
who embeds it can paint it green.
"""

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from voipwatch.site.bundle import Bundle, State
from voipwatch.site.links import part_of
from voipwatch.site.words import Words, words

PLAIN: Final = "en"
"""The language of `status.json`."""
CACHE_S: Final = 3600
STOPPED: Final = frozenset({"blocked"})
TROUBLED: Final = frozenset({"throttled", "intermittent", "down"})
LINE: Final = "line"
"""The app of a line itself: no call's."""


class Badge(msgspec.Struct, frozen=True, rename="camel"):
    """What shields.io reads of an endpoint."""

    schema_version: int
    label: str
    message: str
    color: str
    is_error: bool
    cache_seconds: int = CACHE_S


def status_files(bundle: Bundle, languages: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    """`status.json` and `status/CC.json` in English, `status/LANG/CC.json` in the others."""
    for lang in languages:
        yield from _files_of(bundle, lang)


def _files_of(bundle: Bundle, lang: str) -> Iterator[tuple[str, bytes]]:
    told = words(lang)
    plain = lang == PLAIN
    folder = "status" if plain else f"status/{lang}"
    whole = badge_of(bundle, told, bundle.states, told.plain("feeds.badge.all"))
    yield ("status.json" if plain else f"{folder}/all.json"), _encoded(whole)
    for code in sorted({state.country for state in bundle.states}):
        label = told.plain("feeds.badge.label", country=told.country(code))
        of_country = [state for state in bundle.states if state.country == code]
        yield f"{folder}/{part_of(code)}.json", _encoded(badge_of(bundle, told, of_country, label))


def outdated_files(bundle: Bundle, languages: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    """The same badges for whoever asks after the bundle's `valid_until`: they say nothing of now."""
    for lang in languages:
        told = words(lang)
        message = told.plain("feeds.badge.outdated", day=told.day(bundle.manifest.as_of))
        if bundle.manifest.is_unmeasured:
            message = told.plain("feeds.badge.unmeasured")
        for path, content in _files_of(bundle, lang):
            label = msgspec.json.decode(content, type=Badge).label
            yield path, _encoded(Badge(1, label, message, "lightgrey", is_error=True))


def badge_of(bundle: Bundle, told: Words, states: Iterable[State], label: str) -> Badge:
    """The worst of the series that are measured, how many they are, and how many are not; dated."""
    manifest = bundle.manifest
    if manifest.synthetic:
        label = f"{label} [{told.plain('feeds.emulated')}]"
    calls = [state for state in states if state.app != LINE]
    known = [state for state in calls if state.measured and state.row is not None]
    silent = len(calls) - len(known)
    if not known:
        since = max((state.measured_until or "" for state in calls), default="")
        key = "feeds.badge.unmeasured-since" if since else "feeds.badge.unmeasured"
        message = told.plain(key, day=told.day(since)) if since else told.plain(key)
        return Badge(1, label, message, "lightgrey", is_error=True)
    counts = [
        ("stopped", "red", sum(state.state in STOPPED for state in known)),
        ("troubled", "orange", sum(state.state in TROUBLED for state in known)),
        ("through", "yellowgreen" if silent else "green", sum(state.state == "ok" for state in known)),
    ]
    shown = [each for each in counts if each[2]]
    if not shown:
        return Badge(1, label, told.plain("feeds.badge.unmeasured"), "lightgrey", is_error=True)
    kind, colour, count = shown[0]
    parts = [told.plain(f"feeds.badge.{kind}", n=count, of=len(calls))]
    if silent:
        parts.append(told.plain("feeds.badge.silent", n=silent))
    message = f"{told.plain('feeds.comma')} ".join(parts)
    dated = told.plain("feeds.badge.dated", message=message, day=told.day(manifest.as_of))
    return Badge(1, label, dated, colour, is_error=False)


def _encoded(badge: Badge) -> bytes:
    return msgspec.json.format(msgspec.json.encode(badge), indent=1) + b"\n"
