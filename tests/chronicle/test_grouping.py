"""What is explained together, and what is not."""

from collections.abc import Sequence

from tests.chronicle.build import DAY, HOUR, at, finding, series
from voipwatch.chronicle.grouping import bursts, group_spells
from voipwatch.chronicle.spells import spells_of
from voipwatch.model.incidents import Finding

START = at("2016-03-01")


def groups(findings: Sequence[Finding]) -> list[list[str]]:
    return [
        [f"{spell.series.operator} {spell.series.app}" for spell in group]
        for group in group_spells(spells_of(findings))
    ]


def onset(operator: str, app: str, hours: float, *, width_s: float | None = 0) -> Finding:
    return finding("onset", series(operator, app=app), START + hours * HOUR, width_s=width_s)


def test_onsets_within_two_days_are_one_incident() -> None:
    assert groups([onset("AS1", "viber", 0), onset("AS2", "skype", 48)]) == [["AS1 viber", "AS2 skype"]]
    assert groups([onset("AS1", "viber", 0), onset("AS2", "skype", 48.1)]) == [["AS1 viber"], ["AS2 skype"]]


def test_the_gap_is_between_intervals() -> None:
    late = onset("AS2", "skype", 60, width_s=12 * HOUR)
    assert len(groups([onset("AS1", "viber", 0), late])) == 1
    unseen_before = onset("AS2", "skype", 60, width_s=None)
    assert len(groups([onset("AS1", "viber", 0), unseen_before])) == 2


def test_a_hole_in_the_measuring_does_not_tie_everything_in_it_together() -> None:
    wide = onset("AS2", "skype", 30 * 24, width_s=29 * DAY)
    assert len(groups([onset("AS1", "viber", 48), wide])) == 2


def test_a_burst_of_mostly_the_same_apps_extends_what_stands() -> None:
    mobile = [onset("AS1", app, 0) for app in ("viber", "skype", "imo")]
    assert len(groups([*mobile, onset("AS1", "viber", 900)])) == 1
    mostly = [onset("AS9", "viber", 900), onset("AS9", "skype", 901), onset("AS9", "sip", 902)]
    assert len(groups([*mobile, *mostly])) == 1
    half = [onset("AS9", "viber", 900), onset("AS9", "sip", 902)]
    assert len(groups([*mobile, *half])) == 2


def test_what_has_ended_explains_nothing_new() -> None:
    over = [onset("AS1", "viber", 0), finding("end", series("AS1", app="viber"), START + 5 * DAY)]
    assert len(groups([*over, onset("AS2", "viber", 30 * 24)])) == 2
    assert len(groups([*over, onset("AS1", "viber", 15 * 24)])) == 1, (
        "the same series again within a fortnight"
    )


def test_of_two_that_stand_the_one_that_shares_more_is_extended() -> None:
    first = [onset("AS1", "viber", 0), onset("AS1", "sip", 1)]
    second = [onset("AS2", "skype", 300), onset("AS2", "imo", 301), onset("AS2", "zoom", 302)]
    later = [onset("AS3", "skype", 900), onset("AS3", "imo", 900), onset("AS3", "viber", 901)]
    found = groups([*first, *second, *later])
    assert [len(each) for each in found] == [2, 6]


def test_a_line_that_is_down_never_joins_an_app_that_is_blocked() -> None:
    assert groups([onset("AS1", "viber", 0), onset("AS1", "line", 0)]) == [["AS1 line"], ["AS1 viber"]]


def test_bursts_do_not_depend_on_the_order_given() -> None:
    spells = spells_of([onset("AS1", "viber", hours) for hours in (0,)] + [onset("AS2", "imo", 200)])
    assert bursts(spells) == bursts(list(reversed(spells)))
    assert [len(burst) for burst in bursts(spells)] == [1, 1]
