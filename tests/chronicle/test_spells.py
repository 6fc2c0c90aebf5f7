"""Changepoints of a series become its story."""

import msgspec

from tests.chronicle.build import DAY, HOUR, at, finding, series
from voipwatch.chronicle.spells import SCHEDULE_END_S, Spell, is_relapse, spells_of
from voipwatch.model.incidents import Finding, IncidentKind, Intermittence
from voipwatch.model.vocabulary import LINE

START = at("2016-01-02")


def schedule(*, ended_s: float | None = None) -> Intermittence:
    return Intermittence(
        country="MA",
        series=series(),
        earliest_s=START - 12 * HOUR,
        declared_s=START + 5 * DAY,
        ended_s=ended_s,
    )


def test_an_onset_and_its_end_are_one_spell() -> None:
    onset, end = finding("onset", series(), START), finding("end", series(), START + 9 * DAY)
    (spell,) = spells_of([end, onset, onset])
    assert (spell.since_s, spell.latest_s) == (START - 12 * HOUR, START)
    assert spell.ends == (START + 9 * DAY - 12 * HOUR, START + 9 * DAY)
    assert spell.evidence == (onset.changepoint,)
    assert spell.end_evidence == (end.changepoint,)
    assert spell.stands_at(START + 9 * DAY)
    assert not spell.stands_at(START + 10 * DAY)


def test_an_end_of_nothing_is_no_spell() -> None:
    assert spells_of([finding("end", series(), START), finding("silence", series(), START)]) == []


def test_a_second_onset_without_an_end_is_more_evidence_of_the_first() -> None:
    (spell,) = spells_of([finding("onset", series(), START), finding("onset", series(), START + DAY)])
    assert len(spell.evidence) == 2
    assert spell.latest_s == START


def test_silence_is_inside_and_never_an_end() -> None:
    silence = finding("silence", series(), START + 3 * DAY)
    (spell,) = spells_of([finding("onset", series(), START), silence])
    assert spell.ends is None
    assert spell.silences == (silence,)
    assert spell.stands_at(START + 10 * DAY)
    assert not spell.stands_at(START + 11 * DAY), "nobody has measured it for a week"


def test_beats_of_a_schedule_are_one_spell_with_its_hours() -> None:
    changes = [
        finding(kind, series(), START + day * DAY)
        for kind, day in [("onset", 0), ("end", 1), ("onset", 3), ("end", 4)]
    ]
    (going_on,) = spells_of(changes, [schedule()])
    assert going_on.schedule is not None
    assert going_on.ends is None
    assert (going_on.earliest_s, going_on.latest_s) == (START - 12 * HOUR, START)
    assert len(going_on.evidence) == 4
    (over,) = spells_of(changes, [schedule(ended_s=START + 40 * DAY)])
    assert over.ends == (START + 39.5 * DAY, START + 40.5 * DAY)


def test_what_outgrew_its_schedule_is_a_spell_of_its_own() -> None:
    changes = [finding("onset", series(), START), finding("onset", series(), START + 50 * DAY)]
    regular, plain = spells_of(changes, [schedule(ended_s=START + 49 * DAY)])
    # Two onsets without an end between them: the second belongs to what came after the schedule.
    assert regular.schedule is not None
    assert plain.schedule is None
    assert is_relapse(regular, plain)


def test_a_schedule_whose_evidence_was_withdrawn_is_told_no_more() -> None:
    assert spells_of([], [schedule()]) == []


def test_a_relapse_is_of_the_same_series_and_soon() -> None:
    def two(pause_days: float) -> bool:
        changes = [
            finding("onset", series(), START),
            finding("end", series(), START + DAY),
            finding("onset", series(), START + (1 + pause_days) * DAY, width_s=0),
        ]
        before, after = spells_of(changes)
        return is_relapse(before, after) and not is_relapse(after, before)

    assert two(14)
    assert not two(14.1)
    ((a,), (b,)) = (
        spells_of([finding("onset", series(operator), START + day * DAY)])
        for operator, day in [("AS1", 0), ("AS2", 1)]
    )
    assert not is_relapse(a, b)


def test_the_line_itself_is_another_kind() -> None:
    (spell,) = spells_of([finding("onset", series(app="line"), START)])
    assert spell.kind is IncidentKind.DOWN


def beats_of(app: str, days: range, *, width_s: float = 3 * HOUR) -> list[Finding]:
    """Blocked from 6 to 22 on these days after the start."""
    return [
        finding(kind, series(app=app), START + day * DAY + hour * HOUR, width_s=width_s)
        for day in days
        for kind, hour in (("onset", 6), ("end", 22))
    ]


def of_app(app: str, *, ended_s: float) -> Intermittence:
    return msgspec.structs.replace(schedule(ended_s=ended_s), series=series(app=app))


def test_a_beat_outside_of_its_own_regime_is_one_of_its_lines() -> None:
    """Two of three apps know that it went on; the third saw no beat for long, and then one more."""
    whole = [*beats_of("viber", range(0, 6, 3)), *beats_of("imo", range(0, 6, 3))]
    early, late = beats_of("whatsapp", range(0, 6, 3)), beats_of("whatsapp", range(15, 16))
    last_s = START + 18 * DAY + 22 * HOUR
    regimes = [of_app("viber", ended_s=last_s), of_app("imo", ended_s=last_s)]
    own = of_app("whatsapp", ended_s=START + 3 * DAY + 22 * HOUR)
    spells = spells_of([*whole, *early, *late], [*regimes, own])
    assert len(spells) == 3
    (mine,) = [spell for spell in spells if spell.series.app == "whatsapp"]
    assert {each.changepoint for each in late} <= set(mine.evidence)
    # Its last beat was three days before the others' last: it may have been seen one time less.
    assert mine.ends == (START + 15 * DAY + 19 * HOUR, last_s + SCHEDULE_END_S)
    # One that never declared a regime is of the line's too; its hours are the others' to tell.
    (mine,) = [spell for spell in spells_of([*whole, *late], regimes) if spell.series.app == "whatsapp"]
    assert mine.schedule is not None
    assert mine.schedule.hour_votes == ()


def test_a_regime_that_seems_over_long_before_its_lines_may_have_ended_with_them() -> None:
    """Whose votes missed the last beats is not told to work again before the others."""
    names = ["viber", "imo", "whatsapp"]
    beats = [each for app in names for each in beats_of(app, range(0, 6, 3))]
    early_s = START + 3 * DAY + 22 * HOUR

    def end_of_the_third(*others_s: float | None) -> tuple[float, float] | None:
        regimes = [
            msgspec.structs.replace(of_app(app, ended_s=early_s), ended_s=ended_s)
            for app, ended_s in zip(names, (*others_s, early_s), strict=True)
        ]
        (mine,) = [each for each in spells_of(beats, regimes) if each.series.app == "whatsapp"]
        return mine.ends

    seen = early_s - SCHEDULE_END_S
    last_s = START + 12 * DAY
    whole = (seen, last_s + DAY + SCHEDULE_END_S)
    assert end_of_the_third(last_s, last_s + DAY) == whole, "at some time up to theirs"
    own = (seen, early_s + SCHEDULE_END_S)
    assert end_of_the_third(last_s, None) == own, "an app that works while others do not is told to work"
    assert end_of_the_third(early_s + 14.5 * DAY, early_s + 14.5 * DAY) == own, "longer than a relapse"
    assert end_of_the_third(last_s, early_s) == own, "half of the others is not most"
    assert end_of_the_third(early_s + 2 * DAY, early_s + DAY) == own, "within two days: together"


def test_two_regimes_of_one_app_are_one_while_those_of_the_line_stand() -> None:
    """Its votes missed the beats between; without the line's word for it they stay two."""
    names = ["viber", "imo", "whatsapp"]
    first = [each for app in names for each in beats_of(app, range(0, 6, 3))]
    again = beats_of("whatsapp", range(18, 24, 3))
    last_s = START + 25 * DAY

    def whatsapps(*others_s: float | None) -> list[Spell]:
        regimes = [
            msgspec.structs.replace(of_app(app, ended_s=0), ended_s=at_s)
            for app, at_s in zip(names[:2], others_s, strict=True)
        ]
        voted = msgspec.structs.replace(
            of_app("whatsapp", ended_s=START + 4 * DAY), hour_hits=(1.0,) * 24, hour_votes=(2.0,) * 24
        )
        two = msgspec.structs.replace(
            voted, earliest_s=START + 17 * DAY, declared_s=START + 23 * DAY, ended_s=last_s
        )
        spells = spells_of([*first, *again], [*regimes, voted, two])
        return [each for each in spells if each.series.app == "whatsapp"]

    (mine,) = whatsapps(last_s, None)
    assert {each.changepoint for each in again} <= set(mine.evidence)
    assert mine.schedule is not None
    assert mine.schedule.hour_hits == (2.0,) * 24, "both name its hours"
    assert mine.ends == (last_s - SCHEDULE_END_S, last_s + SCHEDULE_END_S)
    assert len(whatsapps(last_s, START + 10 * DAY)) == 2, "half of the others is not most"


def test_a_second_regime_long_after_the_first_is_another() -> None:
    """Half a year in which calls got through is not told as a pause, whatever other apps do."""
    names = ["viber", "imo", "whatsapp"]
    first = [each for app in names for each in beats_of(app, range(0, 6, 3))]
    again = beats_of("whatsapp", range(180, 186, 3))
    regimes = [msgspec.structs.replace(of_app(app, ended_s=0), ended_s=None) for app in names[:2]]
    one = of_app("whatsapp", ended_s=START + 4 * DAY)
    two = msgspec.structs.replace(
        one, earliest_s=START + 179 * DAY, declared_s=START + 185 * DAY, ended_s=START + 190 * DAY
    )
    spells = spells_of([*first, *again], [*regimes, one, two])
    assert len([each for each in spells if each.series.app == "whatsapp"]) == 2


def test_what_outlasts_the_lines_regime_or_has_no_regular_company_stands_alone() -> None:
    whole = [*beats_of("viber", range(0, 6, 3)), *beats_of("imo", range(0, 6, 3))]
    last_s = START + 18 * DAY + 22 * HOUR
    regimes = [of_app("viber", ended_s=last_s), of_app("imo", ended_s=last_s)]
    standing = [finding("onset", series(app="whatsapp"), START + 15 * DAY)]
    after = [*standing, finding("end", series(app="whatsapp"), START + 30 * DAY)]
    for changes in (standing, after):
        (mine,) = [s for s in spells_of([*whole, *changes], regimes) if s.series.app == "whatsapp"]
        assert mine.schedule is None
    late = beats_of("whatsapp", range(15, 16))
    lonely = spells_of([*whole, *late], regimes[:1])
    assert [s.schedule is None for s in lonely if s.series.app == "whatsapp"] == [True]


def test_two_beats_whose_pause_nobody_saw_are_beats() -> None:
    """Seen as one spell of four days, its bounds wide: it may lie inside the line's regime."""
    whole = [*beats_of("viber", range(0, 6, 3)), *beats_of("imo", range(0, 6, 3))]
    last_s = START + 18 * DAY + 22 * HOUR
    regimes = [of_app("viber", ended_s=last_s), of_app("imo", ended_s=last_s)]

    def seen(days: float) -> Spell:
        onset = finding("onset", series(app="whatsapp"), START + 14 * DAY, width_s=4 * DAY)
        end = finding("end", series(app="whatsapp"), START + (16 + days) * DAY, width_s=2 * DAY)
        (mine,) = [s for s in spells_of([*whole, onset, end], regimes) if s.series.app == "whatsapp"]
        return mine

    assert seen(4).schedule is not None
    assert seen(6.1).schedule is None, "certainly longer than two beats"


def test_what_lasts_what_is_the_lines_own_and_what_no_regime_covers_is_no_beat() -> None:
    whole = [*beats_of("viber", range(0, 6, 3)), *beats_of("imo", range(0, 6, 3))]
    last_s = START + 90 * DAY
    regimes = [of_app("viber", ended_s=last_s), of_app("imo", ended_s=last_s)]
    long = [
        finding("onset", series(app="whatsapp"), START + 20 * DAY),
        finding("end", series(app="whatsapp"), START + 80 * DAY),
    ]
    down = [
        finding("onset", series(app=LINE), START + 10 * DAY),
        finding("end", series(app=LINE), START + 11 * DAY),
    ]
    for changes in (long, down):
        (mine,) = [s for s in spells_of([*whole, *changes], regimes) if s.series == changes[0].series]
        assert mine.schedule is None
        assert mine.ends is not None


def test_a_block_between_two_regimes_of_the_only_app_is_a_block() -> None:
    """From 1 to 25 March; the regimes are of January and June."""
    first, second = beats_of("viber", range(0, 6, 3)), beats_of("viber", range(150, 156, 3))
    block = [
        finding("onset", series(app="viber"), START + 60 * DAY),
        finding("end", series(app="viber"), START + 62 * DAY),
    ]
    early = of_app("viber", ended_s=START + 4 * DAY)
    late = msgspec.structs.replace(
        of_app("viber", ended_s=START + 160 * DAY),
        earliest_s=START + 150 * DAY,
        declared_s=START + 155 * DAY,
    )
    spells = spells_of([*first, *block, *second], [early, late])
    assert [spell.schedule is None for spell in spells] == [False, True, False]
    assert spells[0].ends is not None
    assert spells[0].ends[1] < START + 6 * DAY
