"""Which counters there are, and which incident a country's shows."""

import json
from datetime import date

import msgspec
import pytest

from tests.support.counters import at, standing
from tests.support.incidents import HOSTILE, incident, measured, row
from voipwatch.civic.daycount import Bracket, DayZero, Measuring
from voipwatch.model.claims import Claim, ClaimSays, ClaimType, Scope, Source
from voipwatch.model.incidents import Incident, IncidentKind, IncidentStatus, SeriesName
from voipwatch.site.counter.subjects import (
    CounterSubject,
    newest,
    shown_of,
    states_of,
    subjects_of,
    zero_of,
)

AS_OF, VALID_UNTIL = "2016-03-01T06:00:00Z", "2016-03-03T06:00:00Z"


def subjects(*incidents: Incident, states: tuple[str, ...] = ()) -> dict[str, CounterSubject]:
    series = {country: {SeriesName("A", "4g", "imo"): Measuring(True)} for country in states}
    found = subjects_of(incidents, series, as_of=AS_OF, valid_until=VALID_UNTIL, instance="lab")
    assert [each.id for each in found] == sorted(each.id for each in found)
    return {each.id: each for each in found}


def over(name: str, day: int) -> Incident:
    return incident(
        row(f"2016-02-{day:02d}T00", f"2016-02-{day:02d}T12", ("2016-02-20T00", "2016-02-21T00")), name=name
    )


def test_every_incident_and_every_country_has_one() -> None:
    found = subjects(standing(), states=("MA", "TN"))
    assert list(found) == ["MA", "MA-2016-01-a", "TN"]
    assert found["TN"].incident is None
    assert found["TN"].measuring == {SeriesName("A", "4g", "imo"): Measuring(True)}
    assert (found["MA"].as_of, found["MA"].valid_until, found["MA"].instance) == (AS_OF, VALID_UNTIL, "lab")
    assert not found["MA"].reviewed
    assert subjects(standing(status=IncidentStatus.REVIEWED))["MA"].reviewed


def test_a_country_shows_what_stands_before_what_is_newer_and_over() -> None:
    found = subjects(standing(), over("MA-2016-02-a", 3), over("MA-2016-02-b", 9))
    assert found["MA"].incident == found["MA-2016-01-a"].incident
    found = subjects(over("MA-2016-02-a", 3), over("MA-2016-02-b", 9))
    assert found["MA"].incident == found["MA-2016-02-b"].incident


def test_of_several_that_stand_a_country_counts_from_the_oldest_that_is_seen_to() -> None:
    old, new = standing(), incident(row("2016-02-02T12", "2016-02-04T00", app="viber"), name="MA-2016-02-a")
    lines = incident(
        row("2015-02-02T12", "2015-02-04T00", app="line"), name="MA-2015-02-a", kind=IncidentKind.DOWN
    )
    gone = standing("MA-2014-02-a", status=IncidentStatus.WITHDRAWN)
    everything = measured(old) | measured(new) | measured(lines)
    through = {each.series: Measuring(True, None, True) for each in old.spread}
    assert shown_of([new, lines, old, gone], everything) == old
    assert shown_of([new, old], everything | through) == new
    assert shown_of([new, old], through) == old, "one that is measured says more than one that is not"
    assert shown_of([lines, new], measured(lines)) == lines
    assert shown_of([new, old], {}) == old


def test_calls_that_no_incident_explains_are_not_counted_by_another_one() -> None:
    stopped = {SeriesName("B", "4g", "skype"): Measuring(True, None, False)}
    through = {each.series: Measuring(True, None, True) for each in standing().spread}
    assert shown_of([standing()], through | stopped) is None
    assert shown_of([standing()], stopped) is None
    assert shown_of([over("MA-2016-02-a", 3)], stopped) is None
    assert shown_of([over("MA-2016-02-a", 3)], through) == over("MA-2016-02-a", 3)


def test_a_withdrawn_incident_is_nobodys_newest_and_keeps_its_own_counter() -> None:
    gone = standing(status=IncidentStatus.WITHDRAWN)
    assert newest([gone]) is None
    found = subjects(gone)
    assert found["MA"].incident is None
    assert found["MA-2016-01-a"].incident == gone


def test_a_merged_incident_shows_what_it_was_merged_into() -> None:
    gone = msgspec.structs.replace(standing(status=IncidentStatus.WITHDRAWN), merged_into="MA-2016-02-a")
    survivor = over("MA-2016-02-a", 3)
    found = subjects(gone, survivor)
    assert found["MA-2016-01-a"].incident == survivor
    assert found["MA-2016-01-a"].id == "MA-2016-01-a"


def test_zeros_and_zones_are_taken_over() -> None:
    zero = DayZero(bracket=Bracket(None, date(2016, 1, 5)), source="A newspaper")
    found = subjects_of(
        [standing()],
        {},
        as_of=AS_OF,
        valid_until=None,
        zeros={"MA-2016-01-a": zero},
        zones={"MA": "Africa/El_Aaiun"},
    )
    assert {(each.zero, each.zone) for each in found} == {(zero, "Africa/El_Aaiun")}


@pytest.mark.parametrize("name", [HOSTILE, "../../etc/passwd", "a/b", "", ".", "a b", "é"])
def test_what_can_be_no_address_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="part of an address"):
        subjects(incident(name=name, country="MA"))
    with pytest.raises(ValueError, match="part of an address"):
        subjects(states=(name,))


def test_states_as_a_bundle_has_them() -> None:
    names = {"operator": "A", "access": "4g", "app": "imo", "state": "ok", "extra": 1}
    raw = {
        "series": [
            {"country": "MA", "measured": True, "measured_until": "2016-03-01T00:00:00Z", **names},
            {"country": "TN", "measured": False, "measured_until": None, **names},
        ]
    }
    series = SeriesName("A", "4g", "imo")
    assert states_of(json.dumps(raw).encode()) == {
        "MA": {series: Measuring(True, at("2016-03-01T00:00"), True)},
        "TN": {series: Measuring(False)},
    }
    for state, told in (
        ("blocked", Measuring(True, None, False)),
        ("throttled", Measuring(True, None, False)),
        ("insufficient", Measuring(False)),
    ):
        one = {"country": "MA", "measured": True, "measured_until": None, **names, "state": state}
        assert states_of(json.dumps({"series": [one]}).encode()) == {"MA": {series: told}}
    for bad in (b"", b"{}", b'{"series":[{}]}', b"[]"):
        with pytest.raises(msgspec.DecodeError):
            states_of(bad)


@pytest.mark.parametrize(
    ("text", "bracket"),
    [
        ("2016-01-05", Bracket(date(2016, 1, 5), date(2016, 1, 5))),
        ("2015-12-31/2016-01-05", Bracket(date(2015, 12, 31), date(2016, 1, 5))),
        ("../2016-01-05", Bracket(None, date(2016, 1, 5))),
        ("2016-01", Bracket(date(2016, 1, 1), date(2016, 1, 31))),
        ("2016-02-30", None),
        ("2016-01-05/..", None),
    ],
)
def test_day_zero_as_a_claim_dates_it(text: str, bracket: Bracket | None) -> None:
    claim = Claim(
        id="x/y",
        type=ClaimType.PRESS,
        says=ClaimSays.ONSET,
        date=text,
        as_published="",
        text="",
        scope=Scope("MA"),
        source=Source("", "A newspaper", "https://press.example/"),
    )
    zero = zero_of(claim)
    assert (zero and zero.bracket) == bracket
    if zero:
        assert zero == DayZero(
            bracket=zero.bracket,
            source="A newspaper",
            claim="x/y",
            title="A newspaper",
            url="https://press.example/",
        )
