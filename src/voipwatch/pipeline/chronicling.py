"""From the store to the log: changepoints and regimes become incidents, each revision once.

What is written is a function of the store and of the log before, and carries the store's time: killed
anywhere and run again, the log ends the same.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import msgspec

from voipwatch.chronicle.blame import (
    BlameFacts,
    CanaryLoss,
    CanaryWord,
    attribute,
    canary_losses,
)
from voipwatch.chronicle.coarsen import Voice
from voipwatch.chronicle.grouping import TOGETHER_S
from voipwatch.chronicle.instants import DAY_S, HOUR_S, hour_after
from voipwatch.chronicle.revising import Facts, revise
from voipwatch.chronicle.spells import Spell
from voipwatch.chronicle.telling import LAST_S, step_of
from voipwatch.model.acts import KeyRole
from voipwatch.model.bundle import PROBES_PER_ROW, SeriesId
from voipwatch.model.cells import VOTE_MICRO
from voipwatch.model.incidents import Finding, Intermittence, SeriesName
from voipwatch.model.instants import iso, seconds
from voipwatch.model.series import Regime
from voipwatch.model.submission import PrefixKind
from voipwatch.model.vocabulary import LINE, Access, Verdict
from voipwatch.pipeline.chronicle_folder import ChronicleFolder, Item, chronicle_folder
from voipwatch.pipeline.detecting import Found, regimes_of, surplus_of
from voipwatch.store.blame import canary_votes, changepoint_scopes, voters, witnesses
from voipwatch.store.series import SeriesKey
from voipwatch.store.store import Store

WITNESS_S: Final = 3 * DAY_S
"""Votes of so long after an onset say which releases and reflectors see it, and by what it is done: enough
for twelve probes at four runs a day, and then it stands still."""
CANARY_SOUGHT_S: Final = 60 * DAY_S
"""So far back it is asked when a canary was last heard."""
_HIT: Final = frozenset({Verdict.BLOCKED.value, Verdict.THROTTLED.value})


def findings_of(store: Store, *, instance: str, country: str = "") -> list[Finding]:
    """Changepoints of the store, as the chronicle reads them; of all countries where none is named."""
    rows = store.changepoints(country=country, instance=instance).to_pylist()
    return [_finding(row["changepoint_id"], msgspec.json.decode(row["payload"], type=Found)) for row in rows]


def _finding(name: str, found: Found) -> Finding:
    change = found.change
    return Finding(
        changepoint=name,
        country=found.country,
        series=_series(found.series),
        kind=change.kind.value,
        earliest_s=change.earliest_s,
        latest_s=change.latest_s,
        detected_s=change.detected_s,
        level_before=change.level_before,
        level_after=change.level_after,
        probes=found.panel,
        probes_both_sides=change.probes_both_sides,
        joined=found.joined,
        left=found.left,
        arl_days=found.arl_days,
        arl_votes=found.arl_votes,
        instance=found.instance,
        earliest_step_s=found.earliest_step_s,
        latest_step_s=found.latest_step_s,
        probes_low=found.probes_low,
    )


def schedules_of(store: Store, *, instance: str, country: str) -> list[Intermittence]:
    """Regimes of the country's series, with the votes of their time by hour of the day."""
    found = []
    for text, regime in regimes_of(store, instance, country):
        series = _series(text)
        key = SeriesKey(country, series.operator, series.access, series.app, instance=instance)
        hits, votes = _by_hour_of_day(store, key, regime)
        found.append(
            Intermittence(
                country=country,
                series=series,
                earliest_s=regime.earliest_s,
                declared_s=regime.declared_s,
                hour_hits=hits,
                hour_votes=votes,
                ended_s=regime.ended_s,
                ended_step_s=LAST_S if regime.ended_s is None else _step_at(store, key, regime.ended_s),
                duty_cycle=regime.duty_cycle,
                instance=instance,
            )
        )
    return found


def _by_hour_of_day(
    store: Store, key: SeriesKey, regime: Regime
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """From the cells, that everybody can count again: the detector's memory has one voice an hour."""
    since_s = regime.declared_s if regime.earliest_s is None else regime.earliest_s
    until = store.as_of() if regime.ended_s is None else int(regime.ended_s)
    hits, votes = [0.0] * 24, [0.0] * 24
    for row in store.series(key, since=int(since_s), until=until).to_pylist():
        hour = row["hour"] // HOUR_S % 24
        accusing = row["blocked_micro"] + row["throttled_micro"]
        hits[hour] += accusing / VOTE_MICRO
        votes[hour] += (accusing + row["ok_micro"]) / VOTE_MICRO
    return tuple(hits), tuple(votes)


def _step_at(store: Store, key: SeriesKey, at_s: float) -> int:
    """How finely a time of a series may be told, by who voted in the weeks around it."""
    nobody = SeriesId("", "", Access.UNKNOWN, "")
    voices = [
        Voice(
            nobody,
            row["at"],
            row["pseudonym"],
            "" if row["prefix_kind"] == PrefixKind.CARRIER.value else row["prefix"],
            row["at"],
            Verdict.OK.value,
        )
        for row in voters(store, key, since=int(at_s - LAST_S), until=int(at_s + LAST_S))
    ]
    return step_of(at_s, voices)


def _series(text: str) -> SeriesName:
    operator, access, app = text.split("\0")
    return SeriesName(operator, access, app)


def canary_words(store: Store, *, instance: str, at_s: float) -> tuple[CanaryWord, ...]:
    """What canaries said in the `CANARY_SOUGHT_S` up to a moment, one word a reflector."""
    since = max(0, int(at_s - CANARY_SOUGHT_S))
    return tuple(
        CanaryWord(row["app"], row["operator"], reflector, Verdict(row["verdict"]), float(row["observed"]))
        for row in canary_votes(store, instance=instance, since=since, until=int(at_s) + 1)
        for reflector in (row["reflectors"] or "").split(",")
    )


def canary_losses_of(store: Store, *, instance: str, at_s: float) -> list[CanaryLoss]:
    """Reflectors whose canaries fell silent: a finding of its own, said of us."""
    return canary_losses(canary_words(store, instance=instance, at_s=at_s), at_s)


class Chronicling:
    """The step that a keeper takes after detecting. Methods raise StoreError, LogError, OSError."""

    def __init__(
        self, store: Store, data: Path, *, owns_country: Callable[[str], bool] | None = None
    ) -> None:
        """`owns_country`: whose incidents are written here, where several detectors work; None: all."""
        self._owns = owns_country
        self._store = store
        self._data = data
        self._folders: dict[str, ChronicleFolder] = {}
        self.losses: list[CanaryLoss] = []
        """Canaries of the real instance that were lost, as of the last turn."""

    def folder(self, instance: str = "") -> ChronicleFolder:
        """The chronicle of real incidents, or of an emulation."""
        if instance not in self._folders:
            self._folders[instance] = ChronicleFolder(chronicle_folder(self._data, instance))
        return self._folders[instance]

    def turn(self) -> int:
        """Write what the logs lack; returns how many revisions."""
        as_of_s = self._store.as_of()
        if as_of_s == 0:
            return 0
        self.losses = canary_losses_of(self._store, instance="", at_s=float(as_of_s))
        written = 0
        by_instance: dict[str, list[str]] = {}
        for instance, country in changepoint_scopes(self._store):
            if self._owns is not None and not self._owns(country):
                continue
            by_instance.setdefault(instance, []).append(country)
        for instance, countries in by_instance.items():
            written += self._instance(instance, countries, as_of_s)
        return written

    def _instance(self, instance: str, countries: Sequence[str], as_of_s: int) -> int:
        folder = self.folder(instance)
        state = folder.state()
        if state.closed is not None and not state.reconsidered:
            return 0
        known, withdrawn = dict(state.newest), frozenset(state.withdrawn)
        all_findings = findings_of(self._store, instance=instance)
        if state.closed is not None:  # what was found after the end is nobody's
            as_of_s = int(seconds(state.measured_until))
            all_findings = [each for each in all_findings if each.detected_s <= as_of_s]
        items: list[Item] = []
        for country in countries:
            asking = _Asking(self._store, instance, country, as_of_s, all_findings)
            changes = revise(
                known,
                [each for each in all_findings if each.country == country],
                schedules_of(self._store, instance=instance, country=country),
                country=country,
                as_of=iso(as_of_s),
                instance=instance,
                withdrawn=withdrawn,
                facts_of=asking.facts_of,
            )
            items += [(change.kind, change.incident) for change in changes]
        if items:
            folder.add(items, at=hour_after(self._store.as_of()), role=KeyRole.INSTANCE)
        return len(items)


class _Asking:
    """What the store says of a group of spells beside their changepoints."""

    def __init__(
        self, store: Store, instance: str, country: str, as_of_s: int, findings: Sequence[Finding]
    ) -> None:
        self._store, self._instance, self._country = store, instance, country
        self._as_of_s = as_of_s
        self._elsewhere = [each for each in findings if each.country != country and each.kind == "onset"]
        self._surplus = surplus_of(store, instance, country)
        self._raw_from = store.raw_from()

    def facts_of(self, spells: Sequence[Spell]) -> Facts:
        """Mechanisms, attribution, surplus."""
        since_s = int(min(spell.since_s for spell in spells))
        rows = witnesses(
            self._store,
            country=self._country,
            instance=self._instance,
            since=since_s,
            until=int(max(since_s, spells[0].latest_s) + WITNESS_S),
        )
        names = {spell.series for spell in spells}
        own = [row for row in rows if SeriesName(row["operator"], row["access"], row["app"]) in names]
        seen: dict[str, int] = {}
        seen_by: dict[str, set[str]] = {}
        for row in own:
            if row["mechanism"]:
                seen[row["mechanism"]] = seen.get(row["mechanism"], 0) + row["votes"]
                seen_by.setdefault(row["mechanism"], set()).update(row["probes"])
        seen = {word: votes for word, votes in seen.items() if len(seen_by[word]) >= PROBES_PER_ROW}
        at_s = self._moment_s(spells)
        lines = {(name.operator, name.access) for name in names}
        apps = frozenset(name.app for name in names)
        others = [
            row
            for row in rows
            if (row["operator"], row["access"]) in lines and row["app"] not in apps | {LINE}
        ]
        blame = BlameFacts(
            operators=frozenset(name.operator for name in names),
            apps=apps,
            at_s=at_s,
            words=canary_words(self._store, instance=self._instance, at_s=at_s),
            onsets_elsewhere=self._onsets_elsewhere(spells),
            other_apps_ok=not others or any(row["verdict"] == Verdict.OK.value for row in others),
            releases=_tally(own, "software"),
            reflectors=_tally(own, "reflectors"),
        )
        return Facts(
            mechanisms=tuple(sorted(seen, key=lambda word: (-seen[word], word))),
            attribution=attribute(blame),
            votes_surplus=self._surplus,
            witnessed=since_s >= self._raw_from,
        )

    def _moment_s(self, spells: Sequence[Spell]) -> float:
        """Now, while it stands; else its end: canaries vouch for what they could see."""
        if any(spell.ends is None for spell in spells):
            return float(self._as_of_s)
        return min(float(self._as_of_s), max(spell.ends[0] for spell in spells if spell.ends is not None))

    def _onsets_elsewhere(self, spells: Sequence[Spell]) -> dict[str, frozenset[str]]:
        found: dict[str, set[str]] = {}
        first_s, last_s = min(spell.since_s for spell in spells), spells[0].latest_s
        for each in self._elsewhere:
            since_s = each.latest_s if each.earliest_s is None else each.earliest_s
            if since_s <= last_s + TOGETHER_S and each.latest_s >= first_s - TOGETHER_S:
                found.setdefault(each.series.app, set()).add(each.country)
        return {app: frozenset(countries) for app, countries in found.items()}


def _tally(rows: Sequence[dict[str, object]], field: str) -> dict[str, tuple[int, int]]:
    """Release or reflector -> votes that accuse, votes that do not."""
    found: dict[str, tuple[int, int]] = {}
    for row in rows:
        verdict, votes = str(row["verdict"]), int(str(row["votes"]))
        hit = verdict == Verdict.DOWN.value if row["app"] == LINE else verdict in _HIT
        if not hit and verdict != Verdict.OK.value:
            continue
        for name in str(row[field] or "").split(","):
            hits, misses = found.get(name, (0, 0))
            found[name] = (hits + votes, misses) if hit else (hits, misses + votes)
    return found
