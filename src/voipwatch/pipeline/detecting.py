"""Feeds the panel's votes to the detector in the order of arrival; keeps what it remembers in the store.

Votes are consumed piece by piece (`pipeline.pieces`), each once. The memory of one country is one value in
the store, with the number of the last piece in it: killed at any moment, the next run goes on from there, and
ends with the same memory and the same changepoints as a run that nobody disturbed. Time is told by arrivals
alone, less the lag that 95 of 100 votes stay below (`inference.lag`), so that a probe that is late is not
taken for silent, nor a collector that was switched off for a country that was.
"""

from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Any, Final, TypeVar

import msgspec

from voipwatch.chronicle.coarsen import Voice, count_probes
from voipwatch.chronicle.instants import DAY_S
from voipwatch.chronicle.telling import step_of
from voipwatch.inference.detection import Detector, Settings
from voipwatch.inference.detection.panel import Panel, PanelState
from voipwatch.inference.lag import lag_of, lag_of_many
from voipwatch.model.bundle import SeriesId
from voipwatch.model.cells import CALL_STAGE, PREFIX_WEIGHT_CARRIER, PREFIX_WEIGHT_FIXED
from voipwatch.model.series import Changepoint, Regime, SeriesRow
from voipwatch.model.submission import PrefixKind
from voipwatch.model.vocabulary import LINE, Access, Verdict
from voipwatch.model.votes import Vote
from voipwatch.pipeline.pieces import Piece
from voipwatch.store.pieces import votes_of
from voipwatch.store.store import Store

T = TypeVar("T")

INDEX: Final = "detecting"
"""Name of the memory that all countries share; those of each are `detecting:INSTANCE:COUNTRY`."""
HOUR_S: Final = 3600
SERIES_MIN: Final = 64
"""Series of a country that the promise is shared by, at least: an operator has a dozen apps on each of two or
three accesses. Doubled when there are more, so that the share changes seldom."""
LAGS_KEPT: Final = 2000
LAG_MAX_S: Final = 14 * 86_400.0
"""A queue that was offline longer tells nothing of the others."""
HOME: Final = "="
"""At the end of a prefix that is a household's: whoever is behind it counts once."""
VOICES_KEPT_H: Final = 8 * 24
"""Hours for which it is known who spoke from behind a prefix (its hash is another one every day), and so how
finely a bound may be told: a decision may come days after the change, and what is forgotten by then can only
be told to four weeks."""

_HIT: Final = frozenset({Verdict.BLOCKED, Verdict.THROTTLED})
_NO_HIT: Final = frozenset({Verdict.OK})
_WEIGHT: Final[Mapping[PrefixKind, int]] = {
    PrefixKind.CARRIER: int(PREFIX_WEIGHT_CARRIER),
    PrefixKind.FIXED: int(PREFIX_WEIGHT_FIXED),
    PrefixKind.UNKNOWN: int(PREFIX_WEIGHT_FIXED),
}


class CountryMemory(msgspec.Struct):
    """All that is remembered of one country, or of one emulated world."""

    number: int = 0
    """Of the last piece in it when it was kept; those that changed nothing here since are in it too."""
    panel: PanelState = msgspec.field(default_factory=PanelState)
    voices: dict[str, dict[str, list[str]]] = {}
    """Hour -> series and prefix -> pseudonyms that spoke; a prefix that is no carrier's ends in `HOME`."""
    told: dict[str, int] = {}
    """Series and kind -> changepoints so far."""
    surplus: int = 0
    """Votes beyond their prefix's cap: dated by nothing, evidence of nothing."""


class Memory(msgspec.Struct):
    """What all countries share."""

    number: int = 0
    countries: list[str] = []
    clock_s: float = 0.0
    """Latest arrival."""
    told_s: float = 0.0
    """Hour up to which every detector was told the time."""
    lags_s: list[float] = []
    """Of the latest votes, a ring: a report has as many as it has apps, and one of its line."""
    lag_at: int = 0

    @property
    def lag_s(self) -> float:
        """Of all lines at once, as `inference.lag` defines it."""
        return lag_of_many(self.lags_s)


class Found(msgspec.Struct, frozen=True):
    """A changepoint of a series of the store."""

    instance: str
    country: str
    series: str
    """operator, access and app, NUL between."""
    change: Changepoint
    arl_days: float
    arl_votes: float | None
    panel: int
    """Probes that voted in the series on the day of the decision."""
    joined: int
    """Of them, those not seen the day before."""
    left: int
    """Seen the day before, and not that day."""
    number: int = 0
    """Of its series and kind, from 1; 0 of those of before they were counted."""
    earliest_step_s: int = int(DAY_S)
    """To which of `chronicle.telling.STEPS_S` the lower bound may be told."""
    latest_step_s: int = int(DAY_S)
    """The same of the upper bound."""
    detected_step_s: int = int(DAY_S)
    """The same of the deciding vote."""
    probes_low: int | None = None
    """Distinct probes that voted in `VOICES_KEPT_H` before the decision, counted low."""


def hit_of(vote: Vote) -> bool | None:
    """What a vote says to the detector: interference, none, or nothing (None).

    Of an app, `down` and `insufficient` say nothing: the line's own series (`LINE`) has the first.
    """
    if vote.app == LINE:
        return {Verdict.DOWN: True, Verdict.OK: False}.get(vote.verdict)
    if vote.verdict in _HIT:
        return True
    return False if vote.verdict in _NO_HIT else None


def series_of(vote: Vote) -> str:
    """The name of a vote's series inside its country."""
    return f"{vote.operator}\0{vote.access.value}\0{vote.app}"


class Detecting:
    """The detectors of a store. One at a time; methods raise StoreError and may then be called again on a new
    object: the store has what was kept.
    """

    def __init__(self, store: Store, settings: Settings | None = None, *, index: str = INDEX) -> None:
        """`settings`: the number of series in it is ours to choose; `index`: name of what countries share."""
        self._store = store
        self._index = index
        self._settings = Settings() if settings is None else settings
        self._memory = _kept(store, index, Memory)
        self._countries: dict[str, CountryMemory] = {}
        self._panels: dict[str, Panel] = {}
        self._kept: dict[str, bytes] = {}
        """Digest of what the store has of each country."""
        self._touched: set[str] = set()
        """Countries that may have changed since."""
        for name in self._memory.countries:
            self._open(name)

    @property
    def lag_s(self) -> float:
        """Of all lines at once, as `inference.lag` defines it: no detector is told of younger silence."""
        return self._memory.lag_s

    @property
    def surplus(self) -> int:
        """Votes beyond their prefix's cap."""
        return sum(country.surplus for country in self._countries.values())

    def consume(self, pieces: Sequence[Piece]) -> list[Found]:
        """Take the votes of pieces that were not taken yet, in their order, and keep what follows.

        `pieces`: those whose votes are in, without a gap (`Ledger.voted`).
        """
        fresh = [piece for piece in pieces if piece.number > self._memory.number]
        found: list[Found] = []
        for piece in fresh:
            found += self._take(piece, votes_of(self._store, piece.votes_name, stage=CALL_STAGE))
            self._memory.number = piece.number
        if fresh:
            self._keep(found)
        return found

    # --- votes ----------------------------------------------------------------------------------------------

    def _take(self, piece: Piece, votes: Iterable[Vote]) -> list[Found]:
        found: list[Found] = []
        for vote in votes:
            found += self._tick(piece, vote)
            name = f"{vote.instance}:{vote.country}"
            country = self._countries.get(name) or self._open(name)
            if country.number < piece.number:
                found += self._vote(name, country, vote)
        return found

    def _vote(self, name: str, country: CountryMemory, vote: Vote) -> list[Found]:
        hit = hit_of(vote)
        if hit is None:
            return []
        self._touched.add(name)
        series = series_of(vote)
        if not _may_speak(country, series, vote):
            country.surplus += 1
            return []
        panel = self._sized(name, country, series)
        row = SeriesRow(vote.observed_at_ms / 1000, int(hit), 1, vote.pseudonym)
        return [self._found(name, series, change) for change in panel.receive(series, row)]

    def _tick(self, piece: Piece, vote: Vote) -> list[Found]:
        """Tell the time: an arrival says that the way from the probes to here is open."""
        memory = self._memory
        arrived_s = vote.received_at_ms / 1000
        lag_s = min(LAG_MAX_S, lag_of(arrived_s, vote.observed_at_ms / 1000))
        if len(memory.lags_s) < LAGS_KEPT:
            memory.lags_s.append(lag_s)
        else:
            memory.lags_s[memory.lag_at % LAGS_KEPT] = lag_s
        memory.lag_at += 1
        memory.clock_s = max(memory.clock_s, arrived_s)
        hour_s = memory.clock_s // HOUR_S * HOUR_S
        if hour_s <= memory.told_s:
            return []
        memory.told_s = hour_s
        now_s = hour_s - memory.lag_s
        found: list[Found] = []
        for name, country in self._countries.items():
            if country.number >= piece.number:
                continue
            self._touched.add(name)
            for series, detector in self._panels[name].detectors.items():
                found += [self._found(name, series, change) for change in detector.advance(now_s)]
            for hour in [hour for hour in country.voices if int(hour) < hour_s - VOICES_KEPT_H * HOUR_S]:
                del country.voices[hour]
        return found

    # --- memory ---------------------------------------------------------------------------------------------

    def _open(self, name: str) -> CountryMemory:
        country = self._countries[name] = _kept(self._store, f"{INDEX}:{name}", CountryMemory)
        self._panels[name] = self._panel(country)
        self._kept[name] = _digest(country)
        return country

    def _panel(self, country: CountryMemory) -> Panel:
        count = SERIES_MIN
        while count < len(country.panel.series):
            count *= 2
        settings = msgspec.structs.replace(self._settings, series=count)
        # Operators and accesses of one app lend each other their quiet past.
        pools = {series: series.rsplit("\0", 1)[1] for series in country.panel.series}
        return Panel(settings, country.panel, pool_of=pools)

    def _sized(self, name: str, country: CountryMemory, series: str) -> Panel:
        panel = self._panels[name]
        if series not in panel.pool_of:
            panel.pool_of[series] = series.rsplit("\0", 1)[1]
            if len(panel.pool_of) > panel.settings.series:
                panel = self._panels[name] = self._panel(country)
                panel.pool_of[series] = series.rsplit("\0", 1)[1]
        return panel

    def _keep(self, found: Sequence[Found]) -> None:
        """Changepoints first, each country, then what they share: what is cut off in between is redone.

        A country in which nothing changed is not written: its votes and hours, taken again, change nothing.
        """
        if found:
            self._store.save_changepoints([record_of(each) for each in found])
        for name in sorted(self._touched):
            country = self._countries[name]
            digest = _digest(country)
            if digest == self._kept[name]:
                continue
            country.number = self._memory.number
            self._store.save_detector(f"{INDEX}:{name}", msgspec.json.encode(country).decode())
            self._kept[name] = digest
        self._touched.clear()
        self._memory.countries = list(self._countries)
        self._store.save_detector(self._index, msgspec.json.encode(self._memory).decode())

    def _found(self, name: str, series: str, change: Changepoint) -> Found:
        instance, _, country = name.rpartition(":")
        detector = self._panels[name].detectors[series]
        memory = self._countries[name]
        size, joined, left = churn_of(memory, series, change.detected_s)
        counted = f"{series}\0{change.kind.value}"
        memory.told[counted] = memory.told.get(counted, 0) + 1
        voices = _voices(memory, series)
        return Found(
            instance,
            country,
            series,
            change,
            detector.run_length_days,
            detector.run_length_votes,
            size,
            joined,
            left,
            number=memory.told[counted],
            earliest_step_s=step_of(
                change.latest_s if change.earliest_s is None else change.earliest_s, voices
            ),
            latest_step_s=step_of(change.latest_s, voices),
            detected_step_s=step_of(change.detected_s, voices),
            probes_low=count_probes([each for each in voices if each.hour < change.detected_s]),
        )


def regimes_of(store: Store, instance: str, country: str) -> list[tuple[str, Regime]]:
    """Regimes of intermittence of a country's series, by series and time; a series as in `Found.series`."""
    memory = _kept(store, f"{INDEX}:{instance}:{country}", CountryMemory)
    panel = memory.panel.series
    return [(series, each) for series in sorted(panel) for each in Detector(state=panel[series]).regimes]


def surplus_of(store: Store, instance: str, country: str) -> int:
    """Votes of a country beyond their prefix's cap."""
    return _kept(store, f"{INDEX}:{instance}:{country}", CountryMemory).surplus


def _kept(store: Store, name: str, kind: type[T]) -> T:
    payload = store.load_detector(name)
    return kind() if payload is None else msgspec.json.decode(payload, type=kind)


def _digest(country: CountryMemory) -> bytes:
    """Of all that is remembered but the number: equal where nothing happened."""
    return sha256(msgspec.json.encode(msgspec.structs.replace(country, number=0))).digest()


def _may_speak(country: CountryMemory, series: str, vote: Vote) -> bool:
    """Whether a vote is within its prefix's cap in its hour, and its pseudonym's first word there.

    First come, first heard: the detector never looks back, so that who spoke cannot be weighed anew.
    """
    home = "" if vote.prefix_kind is PrefixKind.CARRIER else HOME
    speaking = country.voices.setdefault(str(vote.hour), {}).setdefault(f"{series}\0{vote.prefix}{home}", [])
    if vote.pseudonym in speaking or len(speaking) >= _WEIGHT[vote.prefix_kind]:
        return False
    speaking.append(vote.pseudonym)
    return True


def churn_of(country: CountryMemory, series: str, at_s: float) -> tuple[int, int, int]:
    """Probes that voted in the day until `at_s`, those new since the day before, those gone since then."""
    day, before = (
        _heard(country, series, at_s - 86_400, at_s),
        _heard(country, series, at_s - 2 * 86_400, at_s - 86_400),
    )
    return len(day), len(day - before), len(before - day)


def _heard(country: CountryMemory, series: str, since_s: float, until_s: float) -> set[str]:
    return {
        pseudonym
        for hour, said in country.voices.items()
        if since_s <= int(hour) < until_s
        for voice, pseudonyms in said.items()
        if voice.rpartition("\0")[0] == series
        for pseudonym in pseudonyms
    }


def _voices(country: CountryMemory, series: str) -> list[Voice]:
    """Who voted in a series lately, as privacy counts them."""
    nobody = SeriesId("", "", Access.UNKNOWN, "")
    return [
        Voice(
            nobody, int(hour), pseudonym, prefix if prefix.endswith(HOME) else "", int(hour), Verdict.OK.value
        )
        for hour, said in country.voices.items()
        for name, _, prefix in (voice.rpartition("\0") for voice in said)
        if name == series
        for pseudonym in said[f"{name}\0{prefix}"]
    ]


def record_of(found: Found) -> dict[str, Any]:
    """The row of `changepoints`; its id is made of what it is about, so that a rerun writes the same row.

    Of no time: whoever guesses it would find the second of one vote in a published id.
    """
    operator, access, app = found.series.split("\0")
    change = found.change
    name = f"{found.instance}\0{found.country}\0{found.series}\0{change.kind.value}\0{found.number}"
    return {
        "changepoint_id": sha256(name.encode()).hexdigest()[:32],
        "instance": found.instance,
        "country": found.country,
        "operator": operator,
        "access": access,
        "app": app,
        "stage": CALL_STAGE,
        "kind": change.kind.value,
        "earliest": None if change.earliest_s is None else int(change.earliest_s),
        "latest": int(change.latest_s),
        "detected_at": int(change.detected_s),
        "payload": msgspec.json.encode(found).decode(),
    }
