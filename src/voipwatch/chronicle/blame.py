"""Whether an incident may be said of an operator's network: pure rules over given facts.

An operator is named only when another network reached the same reflector with the same shapes within a day,
and none of the innocent explanations fits: the app itself (elsewhere too), our own release, one reflector.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from voipwatch.chronicle.instants import DAY_S, hour_after
from voipwatch.model.incidents import Attribution, AttributionReason, AttributionState
from voipwatch.model.vocabulary import Verdict

CANARY_S: Final = DAY_S
"""A canary that was not heard for so long vouches for nothing."""
TALLY_MIN: Final = 3
"""Votes of a release or reflector below which its share says nothing: the floor of a cell."""
ACCUSING: Final = 2 / 3
"""Share of blocked votes that accuses, the majority of a cell; the rest of it acquits."""

Tally = Mapping[str, tuple[int, int]]
"""Release or reflector -> votes that accuse, votes that do not."""


class CanaryWord(msgspec.Struct, frozen=True):
    """What a canary's scheduled check said of one app."""

    app: str
    operator: str
    """The canary's own network."""
    reflector: str
    """Public key, hex."""
    verdict: Verdict
    observed_s: float


class BlameFacts(msgspec.Struct, frozen=True):
    """All that is asked before an operator is named."""

    operators: frozenset[str]
    """Of the incident."""
    apps: frozenset[str]
    """Of the incident; `line` for a line that is down."""
    at_s: float
    """The moment it is said of: now, or its end."""
    words: tuple[CanaryWord, ...] = ()
    onsets_elsewhere: Mapping[str, frozenset[str]] = {}
    """App -> other countries where it had an onset at the same time."""
    other_apps_ok: bool = True
    """Some app of the same lines gets through."""
    releases: Tally = {}
    reflectors: Tally = {}


def attribute(facts: BlameFacts) -> Attribution:
    """The answer with all its reasons; `attributed` only where none speaks against it."""
    against: list[AttributionReason] = []
    canary, silent_since_s = canary_says(facts)
    if canary is not AttributionReason.CANARY_REACHED:
        against.append(canary)
    if any(facts.onsets_elsewhere.get(app) for app in facts.apps):
        against.append(AttributionReason.ELSEWHERE_SAME)
    if only_some(facts.releases):
        against.append(AttributionReason.CLIENT_VERSION)
    if only_some(facts.reflectors):
        against.append(AttributionReason.REFLECTOR)
    # Said, and not held against it: a network that stops every app stops every app.
    beside = () if facts.other_apps_ok else (AttributionReason.OTHER_APPS_SAME,)
    if against:
        since = None if silent_since_s is None else hour_after(silent_since_s)
        return Attribution(AttributionState.UNATTRIBUTED, (*against, *beside), since)
    return Attribution(AttributionState.ATTRIBUTED, (AttributionReason.CANARY_REACHED, *beside))


def canary_says(facts: BlameFacts) -> tuple[AttributionReason, float | None]:
    """What canaries on other networks say of the incident's apps, and since when they are silent.

    Every app must have been reached within a day: another app's shape vouches for nothing. Of the apps that
    nobody speaks of, the one silent longest gives the time (Unix seconds; None: no canary ever spoke of it,
    or none is silent).
    """
    own = [word for word in facts.words if word.operator not in facts.operators]
    said = {app: [word for word in own if app in {word.app, "line"}] for app in facts.apps}
    fresh = {
        app: [word for word in words if 0 <= facts.at_s - word.observed_s <= CANARY_S]
        for app, words in said.items()
    }
    reached = {app for app, words in fresh.items() if any(word.verdict is Verdict.OK for word in words)}
    failing = {
        app
        for app, words in fresh.items()
        if app not in reached and any(word.verdict is not Verdict.INSUFFICIENT for word in words)
    }
    if failing:
        return AttributionReason.CANARY_SAME, None
    silent = facts.apps - reached
    if not silent:
        return AttributionReason.CANARY_REACHED, None
    lasts = [last_heard_s(said[app], facts.at_s) for app in silent]
    known = [last_s for last_s in lasts if last_s is not None]
    return AttributionReason.CANARY_SILENT, min(known) if len(known) == len(lasts) else None


def last_heard_s(words: Iterable[CanaryWord], at_s: float) -> float | None:
    """When a canary last said something that vouches or accuses; None where it never did."""
    heard = [
        word.observed_s
        for word in words
        if word.observed_s <= at_s and word.verdict is not Verdict.INSUFFICIENT
    ]
    return max(heard, default=None)


def only_some(tally: Tally) -> bool:
    """Whether some releases (or reflectors) accuse and others, asked as well, do not."""
    asked = {name: votes for name, votes in tally.items() if sum(votes) >= TALLY_MIN}
    accusing = [name for name, (hits, misses) in asked.items() if hits >= ACCUSING * (hits + misses)]
    acquitting = [name for name, (hits, misses) in asked.items() if misses >= ACCUSING * (hits + misses)]
    return bool(accusing and acquitting)


class CanaryLoss(msgspec.Struct, frozen=True):
    """A reflector whose canaries fell silent: a finding of its own, said of us."""

    reflector: str
    since_s: float
    """When they were last heard."""


def canary_losses(words: Sequence[CanaryWord], at_s: float) -> list[CanaryLoss]:
    """Reflectors that had a canary, and have heard of none for a day."""
    reflectors = sorted({word.reflector for word in words})
    found = []
    for reflector in reflectors:
        last_s = last_heard_s([word for word in words if word.reflector == reflector], at_s)
        if last_s is not None and at_s - last_s > CANARY_S:
            found.append(CanaryLoss(reflector, last_s))
    return found
