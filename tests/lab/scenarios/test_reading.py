from importlib.resources import files

import pytest

from voipwatch.chronicle.claims_file import all_packaged_claims
from voipwatch.lab.scenarios.reading import NAMES, load_scenario, read_scenario
from voipwatch.lab.scenarios.table import ScenarioError
from voipwatch.model.instants import iso
from voipwatch.model.vocabulary import Access

TEXT = (files("voipwatch.lab.scenarios") / "morocco-2016.toml").read_text(encoding="utf-8")


def test_the_packaged_scenario_is_what_was_asked_for() -> None:
    scenario = load_scenario("morocco-2016")
    assert [operator.name for operator in scenario.operators] == ["Operator A", "Operator B", "Operator C"]
    assert [operator.asn for operator in scenario.operators] == [64496, 64497, 64498]
    assert {line.id for line in scenario.accesses} == {Access.G3, Access.G4, Access.ADSL, Access.WIFI}
    assert scenario.apps == ("whatsapp", "viber", "skype", "messenger", "facetime", "imo")
    assert (iso(scenario.since.timestamp()), iso(scenario.until.timestamp())) == (
        "2015-12-01T00:00:00Z",
        "2017-01-01T00:00:00Z",
    )
    assert {noise.kind.value for noise in scenario.noise} == {
        "bad-line", "outage", "release", "late", "crowd", "exodus",
    }  # fmt: skip
    assert scenario.sizes["full"].probes == 12
    assert scenario.sizes["demo"].probes >= 4
    assert scenario.instance


def test_every_operator_interferes_in_its_own_way() -> None:
    scenario = load_scenario("morocco-2016")
    assert len({operator.world for operator in scenario.operators}) == len(scenario.operators)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("asn = 64496", "asn = 36903", "operators[0].asn: 36903 is not for documentation"),
        ('mobile = "192.0.2.0/24"', 'mobile = "41.140.0.0/24"', "41.140.0.0/24 is not for documentation"),
        ('mobile = "192.0.2.0/24"', 'mobile = "192.0.2.0/25"', "mobile: a /24 of IPv4 is needed"),
        ('mobile = "192.0.2.0/24"', 'mobile = "192.0.2"', "operators[0].mobile:"),
        ('fixed = "2001:db8:a000::/36"', 'fixed = "2001:4860::/36"', "2001:4860::/36 is not for"),
        ('world = "every-call"', 'world = "no-call"', "operators[0].world: no world is called 'no-call'"),
        ('line = "3g-2016"', 'line = "9g"', "accesses[0].line: no line condition is called '9g'"),
        ('operators = ["A"]', 'operators = ["Z"]', "blocks[0].operators: no operator is called 'Z'"),
        ("hours = [6, 22]", "hours = [22, 6]", "blocks[4].hours: two hours of one day"),
        ("every_days = 3", "every_days = 0", "blocks[4].every_days: at least 1"),
        ("until = 2016-01-08T22:00:00Z", "until = 2016-01-20T22:00:00Z", "blocks[4]: it overlaps with"),
        ("since = 2016-01-06T10:00:00Z", "since = 2016-02-06T10:00:00Z", "blocks[3].until: it ends before"),
        ("since = 2016-01-06T10:00:00Z", "since = 2016-01-06T10:00:00", "blocks[3].since: a time with"),
        ("since = 2016-01-06T10:00:00Z", "since = 2014-01-06T10:00:00Z", "outside the scenario's own time"),
        ('phase = "end"', 'phase = "beginning"', "press[3].phase: no block has the phase 'beginning'"),
        ("asn = 64499", "asn = 64496", "canary: it must be on another network"),
        ("asn = 64499", "asn = 36903", "canary.asn: 36903 is not for documentation"),
        ('access = "ethernet"', 'access = "adsl"', "canary.access: it must be on no access of the"),
        ("runs_a_day = 12.0", "runs_a_day = 0.0", "canary.runs_a_day: over 0, at most 24"),
        ('apps = ["whatsapp", "imo"]', 'apps = ["whatsapp"]', "sizes.demo.apps: an even number"),
        ('apps = ["whatsapp", "imo"]', 'apps = ["whatsapp", "signal"]', "sizes.demo.apps: an even number"),
        ("share = 0.6", "share = 1.6", "noise[0].share: over 0, at most 1"),
        ('software = "0.1.1-canary"', 'software = ""', "noise[5].software: noise of kind release needs it"),
        ("draws = 25", "draws = 0", "sizes.full.draws: 1 to 999"),
        ("runs_a_day = 0.012", "runs_a_day = 99", "sizes.demo.runs_a_day: 0 to 24"),
        ('"facetime", "imo"]', '"facetime"]', "apps: an even number of known apps"),
        ('country = "MA"', 'county = "MA"', "county"),
        ("budget_bytes", "= ", ""),
    ],
)  # fmt: skip
def test_what_means_nothing_is_told_with_its_place(old: str, new: str, said: str) -> None:
    assert old in TEXT
    with pytest.raises(ScenarioError) as told:
        read_scenario(TEXT.replace(old, new, 1))
    assert said in str(told.value)


def test_a_name_that_is_none_says_which_there_are() -> None:
    with pytest.raises(ScenarioError, match="there is morocco-2016"):
        load_scenario("tunisia-2010")
    assert NAMES == ("morocco-2016",)


def test_what_was_said_of_each_phase_is_in_the_packaged_chronology() -> None:
    said = {press.phase: press.claims for press in load_scenario("morocco-2016").press}
    assert list(said) == ["mobile", "intermittence", "everywhere", "end"]
    known = {claim.id for claim in all_packaged_claims()}
    assert [name for names in said.values() for name in names if name not in known] == []
