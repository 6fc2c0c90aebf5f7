"""Where on the way a dead set-up dies: from a sweep to a place, with its confidence. Pure.

The model (docs/methods/locate.md) has one unknown, k: the last hop that the dead arm's packets live to reach.
Up to hop k both arms are answered alike; beyond it the control is, and the dead arm only where its own way
goes round the box. It is Smith's change-point of two samples (Biometrika 62, 1975, 407-416) with his Beta
priors, so that every term is a ratio of Beta functions.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import exp, lgamma, log
from typing import Any, Final

import msgspec

from voipwatch.inference.explain import numbers, percent, texts
from voipwatch.model.measurement import Line, Measurement
from voipwatch.model.results import Place
from voipwatch.model.sweeps import HOP, HOPS_MAX, REFLECTOR, REFUSED, HopProbe, Sweep

MASS: Final = 0.95
"""What the interval of places holds at least."""
ROUND_A, ROUND_B = 1.0, 9.0
"""Beta prior of the share of a dead arm's ways that go round the box: one in ten. Whole requests teach it."""
REFUSED_ASTRAY: Final = 0.01
"""How likely a limited request is refused by anybody at or behind the hop at which it should die."""
ALIVE_SHARE: Final = 0.2
"""Of the dead arm's tries: where so many reach the reflector, it is dead no longer."""
REFUSALS_MIN: Final = 2
INNER: Final = frozenset({"private", "shared"})


@dataclass(frozen=True, slots=True)
class Count:
    """What was seen of one hop: answers and tries, of the dead arm and of its control."""

    dead: int
    dead_tries: int
    control: int
    control_tries: int
    refused: int = 0
    """Limited requests of the dead arm that were refused, with no whole one before them: they met the box."""

    @property
    def silent(self) -> bool:
        """Nobody got an answer, though somebody asked."""
        return self.dead + self.control == 0


def place_of(measurement: Measurement, app: str, *, lang: str) -> Place | None:
    """Where the app's set-up dies; None where no sweep was made for it.

    Raises:
        ValueError: an unknown language.
    """
    sweep = next((s for s in measurement.sweeps if s.app == app), None)
    return None if sweep is None else locate(sweep, measurement.line, lang=lang)


def locate(sweep: Sweep, line: Line, *, lang: str = "en") -> Place:
    """The place that a sweep shows, with its sentence. `line`: for the operator's name, as declared.

    Probes with a life that no check gives a packet say nothing: a report may hold any number.
    """
    sweep = msgspec.structs.replace(sweep, probes=[p for p in sweep.probes if 1 <= p.ttl <= HOPS_MAX])
    reach = min(
        (p.ttl for p in sweep.probes if p.arm is sweep.control and p.answer == REFLECTOR), default=None
    )
    if reach is None:
        return _said(Place(outcome="control" if sweep.state == "control" else "ended"), sweep, lang)
    counts = count(sweep, reach)
    silent = [hop for hop, seen in counts.items() if seen.silent and hop < reach]
    known = Place(outcome="silent", hops=reach, silent=silent)
    dead = [p for p in sweep.probes if p.arm is sweep.dead]
    alive = sum(1 for p in dead if p.first or p.answer == REFLECTOR)
    if dead and alive >= ALIVE_SHARE * len(dead):
        return _said(_with(known, outcome="through"), sweep, lang)
    if len(silent) >= reach - 1 and reach > 1:
        return _said(_with(known, refused_at=_refused_at(sweep)), sweep, lang)
    mass = posterior(counts, reach, whole=whole_requests(sweep))
    low, high, confidence = interval(mass)
    after = max((hop for hop in range(1, low + 1) if counts[hop].dead), default=0)
    before = min((hop for hop in range(high + 1, reach) if counts[hop].control), default=reach)
    if low == 0 and before == reach and reach > 1:
        return _said(_with(known, outcome="unclear", confidence=confidence), sweep, lang)
    outcome = "hop"
    if before == reach > after + 1 and all(hop in silent for hop in range(after + 1, reach)):
        outcome = "behind"
    found = _with(
        known,
        outcome=outcome,
        after=after,
        before=before,
        confidence=round(confidence, 4),
        refused_at=_refused_at(sweep),
        paths_differ=any(counts[hop].dead > 0 for hop in range(high + 1, reach)),
        side=side_of(sweep, line, after=after, before=before, reach=reach),
    )
    return _said(found, sweep, lang)


def count(sweep: Sweep, reach: int) -> dict[int, Count]:
    """Answers by hop, from 1 to `reach`, which stands for the reflector and for every longer life."""
    tally: dict[tuple[int, bool], list[int]] = {}
    refused = Counter(
        min(p.ttl, reach) for p in sweep.probes if p.arm is sweep.dead and p.answer == REFUSED and not p.whole
    )
    for probe in sweep.probes:
        hop, is_dead = min(probe.ttl, reach), probe.arm is sweep.dead
        seen = tally.setdefault((hop, is_dead), [0, 0])
        # A control that is at the reflector already has passed this hop, on a shorter way.
        seen[0] += probe.answer == REFLECTOR or (probe.answer == HOP and hop < reach)
        seen[1] += 1
    counts = {}
    for hop in range(1, reach + 1):
        (dead, dead_tries), (control, control_tries) = (
            tally.get((hop, arm), [0, 0]) for arm in (True, False)
        )
        counts[hop] = Count(dead, dead_tries, control, control_tries, refused[hop])
    return counts


def whole_requests(sweep: Sweep) -> tuple[int, int]:
    """Of the dead arm's requests with their whole life: how many the reflector answered, of how many."""
    whole = [p.first for p in sweep.probes if p.arm is sweep.dead and p.whole]
    return sum(whole), len(whole)


def posterior(counts: Mapping[int, Count], reach: int, *, whole: tuple[int, int] = (0, 0)) -> list[float]:
    """The probability of each k from 0 to `reach`, all alike likely before; they add up to 1.

    `whole`: as `whole_requests` gives them: who goes round the box is answered by the reflector too.
    """
    a, b = ROUND_A + whole[0], ROUND_B + whole[1] - whole[0]
    logs = [
        sum(_alike(seen) if hop <= k else _apart(seen, a, b) for hop, seen in counts.items())
        for k in range(reach + 1)
    ]
    most = max(logs)
    weights = [exp(value - most) for value in logs]
    total = sum(weights)
    return [weight / total for weight in weights]


def interval(mass: Sequence[float], least: float = MASS) -> tuple[int, int, float]:
    """The shortest run of places about the likeliest that holds `least`: first, last, what it holds."""
    low = high = max(range(len(mass)), key=lambda k: mass[k])
    held = mass[low]
    while held < least and (low > 0 or high + 1 < len(mass)):
        below = mass[low - 1] if low > 0 else -1.0
        above = mass[high + 1] if high + 1 < len(mass) else -1.0
        if below >= above:
            low, held = low - 1, held + below
        else:
            high, held = high + 1, held + above
    return low, high, min(1.0, held)


def _alike(seen: Count) -> float:
    """Both arms answered with one share, any share alike likely: log B(s + 1, n - s + 1)."""
    answered = seen.dead + seen.control
    alike = _log_beta(answered + 1, seen.dead_tries + seen.control_tries - answered + 1)
    return alike + seen.refused * log(REFUSED_ASTRAY)


def _apart(seen: Count, a: float, b: float) -> float:
    """The control answered with any share, the dead arm only round the box: a share that is Beta(a, b)."""
    control = _log_beta(seen.control + 1, seen.control_tries - seen.control + 1)
    dead = _log_beta(seen.dead + a, seen.dead_tries - seen.dead + b)
    return control + dead - _log_beta(a, b)


def _log_beta(a: float, b: float) -> float:
    return lgamma(a) + lgamma(b) - lgamma(a + b)


def _refused_at(sweep: Sweep) -> int | None:
    """The hop whose address refuses the dead arm; 0: somebody at none of the hops; None: nobody does."""
    refusers = Counter(p.address for p in sweep.probes if p.arm is sweep.dead and p.answer == REFUSED)
    if sum(refusers.values()) < REFUSALS_MIN:
        return None
    address = refusers.most_common(1)[0][0]
    hops = Counter(p.ttl for p in sweep.probes if p.answer == HOP and p.address == address and address)
    return hops.most_common(1)[0][0] if hops else 0


# --- inside or outside ------------------------------------------------------------------------------------


def side_of(sweep: Sweep, line: Line, *, after: int, before: int, reach: int) -> str:
    """`inside` the operator's network, `outside` it, or `unknown`; never guessed.

    Inside where the hop beyond the box is the operator's: by the user's table, or by an address that no one
    has on the open internet, as long as no hop between the first and it is on that. Outside where the last
    hop that answers the dead arm is by the table another's.
    """
    ours, theirs = _network(sweep, before, line), _network(sweep, after, line)
    if before < reach:
        if ours is True:
            return "inside"
        kinds = [_kind(sweep, hop) for hop in range(2, before)]  # the first is at home or the operator's
        if ours is None and _kind(sweep, before) in INNER and "public" not in kinds:
            return "inside"
    return "outside" if after > 0 and theirs is False else "unknown"


def _network(sweep: Sweep, hop: int, line: Line) -> bool | None:
    """Whether the hop is in the operator's networks by the table; None: not in the table."""
    name = _most(p.network for p in _hop_probes(sweep, hop))
    if not name:
        return None
    declared = line.operator_declared
    return declared is None or name.casefold() == declared.casefold()


def _kind(sweep: Sweep, hop: int) -> str:
    return _most(p.kind for p in _hop_probes(sweep, hop))


def _hop_probes(sweep: Sweep, hop: int) -> list[HopProbe]:
    return [p for p in sweep.probes if p.ttl == hop and p.answer == HOP]


def _most(words: Iterable[str]) -> str:
    return max(Counter(words).items(), key=lambda item: (item[1], item[0]), default=("", 0))[0]


# --- in words ----------------------------------------------------------------------------------------------


def _with(place: Place, **changes: Any) -> Place:  # noqa: ANN401 -- fields of a Place
    return msgspec.structs.replace(place, **changes)


def _said(place: Place, sweep: Sweep, lang: str) -> Place:
    """The place with its sentences."""
    book = texts(lang)["places"]
    after, before = place.after or 0, place.before or 0
    words = numbers(
        lang,
        after=after,
        before=before,
        hops=place.hops or 0,
        refused=place.refused_at or 0,
    ) | {"percent": percent(lang, place.confidence or 0.0)}
    key = place.outcome
    if key == "hop":
        key = "first" if after == 0 else "hop" if before == after + 1 else "gap"
    parts = [book[key].format_map(words)]
    if place.refused_at is not None:
        parts.append(book["refused" if place.refused_at else "refused_elsewhere"].format_map(words))
    if place.outcome in {"hop", "behind"}:
        parts.append(book[f"side_{place.side}"])
    if place.outcome == "hop" and place.silent:
        listed = texts(lang)["parts"]["separator"].join(numbers(lang, hop=hop)["hop"] for hop in place.silent)
        parts.append(book["silent_hops"].format(list=listed))
    if place.paths_differ:
        parts.append(book["differ"])
    return _with(
        place, state=sweep.state, seconds=sweep.seconds, tries=len(sweep.probes), explanation=" ".join(parts)
    )
