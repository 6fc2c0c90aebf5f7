from collections import Counter
from itertools import pairwise

from voipwatch.lab.scenarios.reading import load_scenario
from voipwatch.lab.scenarios.truth import Series, Spell, planted, true_phases
from voipwatch.model.instants import iso
from voipwatch.model.vocabulary import Access

SCENARIO = load_scenario("morocco-2016")
TRUTHS = {truth.series: truth for truth in planted(SCENARIO)}


def test_every_series_has_its_truth() -> None:
    assert len(TRUTHS) == 3 * 4 * 6
    assert Counter(truth.world for truth in TRUTHS.values()) == {
        "every-call": 24,
        "call-ports": 24,
        "match-then-kill": 24,
    }


def test_mobile_is_one_spell_and_operators_are_more_than_a_day_apart() -> None:
    starts = []
    for operator in ("Operator A", "Operator B", "Operator C"):
        (spell,) = TRUTHS[Series(operator, Access.G3, "imo")].spells
        assert (spell.phase, iso(spell.until_s)) == ("mobile", "2016-11-04T11:00:00Z")
        starts.append(spell.since_s)
    assert [iso(at_s)[:10] for at_s in starts] == ["2016-01-02", "2016-01-04", "2016-01-05"]
    assert all(86_400 < after - before < 2 * 86_400 for before, after in pairwise(starts))


def test_wifi_comes_and_goes_and_is_then_blocked_for_good() -> None:
    truth = TRUTHS[Series("Operator B", Access.WIFI, "viber")]
    first, *middle, last = truth.spells
    assert (iso(first.since_s), iso(first.until_s)) == (
        "2016-01-06T10:00:00Z",
        "2016-01-08T22:00:00Z",
    )
    assert [iso(spell.since_s)[8:10] for spell in middle] == ["11", "14", "17", "20", "23", "26", "29"]
    assert all(spell.gated and spell.until_s - spell.since_s == 16 * 3600 for spell in middle)
    assert (iso(last.since_s), last.gated) == ("2016-02-26T03:00:00Z", False)
    assert truth.hours == tuple(range(6, 22))
    assert truth.blocked(middle[0].since_s)
    assert not truth.blocked(middle[0].until_s)


def test_fixed_lines_know_one_block_only() -> None:
    (spell,) = TRUTHS[Series("Operator C", Access.ADSL, "skype")].spells
    assert spell == Spell(last_spell("wifi").since_s, last_spell("3g").until_s, "everywhere")


def last_spell(access: str) -> Spell:
    return TRUTHS[Series("Operator C", Access(access), "skype")].spells[-1]


def test_spells_that_touch_are_one() -> None:
    import msgspec  # noqa: PLC0415 -- only here

    wifi = SCENARIO.blocks[3]
    ends = msgspec.structs.replace(wifi, until=SCENARIO.blocks[5].since)
    joined = msgspec.structs.replace(SCENARIO, blocks=(ends, SCENARIO.blocks[5]))
    spells = {truth.series: truth.spells for truth in planted(joined)}
    (spell,) = spells[Series("Operator A", Access.WIFI, "imo")]
    assert (iso(spell.since_s), iso(spell.until_s)) == (
        "2016-01-06T10:00:00Z",
        "2016-11-04T11:00:00Z",
    )


def test_the_chronology() -> None:
    phases = true_phases(SCENARIO)
    assert [phase.name for phase in phases] == ["mobile", "intermittence", "everywhere", "end"]
    assert [len(phase.lines) for phase in phases] == [6, 3, 6, 12]
    assert [operator for operator, _, _ in phases[0].lines] == [
        *["Operator A"] * 2,
        *["Operator B"] * 2,
        *["Operator C"] * 2,
    ]
