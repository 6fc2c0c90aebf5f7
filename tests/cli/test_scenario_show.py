"""Texts of an outcome; whole commands are in test_scenario."""

import io
import json

from tests.lab.scenarios.stories import SCENARIO, right_incident
from voipwatch.cli.context import Context
from voipwatch.cli.language import texts
from voipwatch.cli.scenario_run import Outcome
from voipwatch.cli.scenario_show import Found, scenario_json, show_edges, show_series, show_story
from voipwatch.lab.scenarios.score import Change, score
from voipwatch.lab.scenarios.story import judge_story
from voipwatch.lab.scenarios.truth import planted

SIZE = SCENARIO.sizes["full"]
RUN = {"size": "full", "seed": 1, "took_s": 2.04}


def found(*incidents: object) -> Found:
    changes = [
        Change(truth.series, kind, at_s - 3_600, at_s, at_s)
        for truth in planted(SCENARIO)
        for spell in truth.spells
        if not spell.gated
        for kind, at_s in (("onset", spell.since_s), ("end", spell.until_s))
    ]
    told = [right_incident()] if not incidents else []
    return Found(score(SCENARIO, changes), judge_story(SCENARIO, SIZE, told), SIZE.interval_h)


def shown(lang: str, what: Found) -> str:
    out = io.StringIO()
    context = Context(texts(lang), stdout=out, width=160)
    show_story(context, SCENARIO, what.story, [right_incident()])
    show_series(context, SCENARIO, what.series)
    show_edges(context, what.series)
    return out.getvalue()


def test_the_chronology_stands_beside_what_was_said_of_the_real_block() -> None:
    text = shown("en", found())
    (line,) = [each for each in text.splitlines() if "2016-11-04 ANRT" in each]
    assert "end" in line
    assert "2016-11-04 10:00 .. 2016-11-04 11:00" in line
    assert "right" in line
    assert "2016-12 VoIPDown" in text, "what contradicts stands there too"
    assert "1548 of 1548 pairs" in text


def test_dates_intervals_and_silences_are_explained() -> None:
    for lang, words in (
        ("en", ("~ about", "half day", "which is no end")),
        ("fr", ("~ environ", "demi-journée", "pas une fin")),
        ("ar", ("~ تقريبًا", "نصف يوم", "وليس ذلك نهاية")),
    ):
        text = " ".join(shown(lang, found()).split())
        assert all(word in text for word in words), lang
    text = shown("en", found())
    assert "2016-01-01 – 2016-01-06 press" in text
    assert "/2016-01-06" not in text


def test_the_chronology_has_room_in_80_columns() -> None:
    """No date is cut in two, and each phase has its word."""
    out = io.StringIO()
    context = Context(texts("en"), stdout=out, width=80)
    show_story(context, SCENARIO, found().story, [right_incident()])
    lines = out.getvalue().splitlines()
    rows = lines[lines.index(next(line for line in lines if "Planted" in line)) :]
    rows = rows[: rows.index(next(line for line in rows if line.startswith("Times are")))]
    assert max(map(len, rows)) <= 80
    assert sum("right" in row for row in rows) == 5
    assert all(len(word) == 10 for row in rows for word in row.split() if word.startswith("2016-01-0"))


def test_a_phase_that_nobody_told_has_a_dash_and_a_word() -> None:
    text = shown("fr", found(None))
    assert text.count("MANQUÉ") == 5
    assert "Non pas un incident mais 0" in text


def test_for_machines() -> None:
    document = json.loads(scenario_json(SCENARIO, found(), Outcome(incidents=[right_incident()]), RUN))
    assert (document["right"], document["synthetic"], document["took_s"]) == (True, True, 2.0)
    assert document["story"]["phases"][1]["blocked_hours"] == list(range(6, 22))
    assert document["story"]["order"] == {"pairs": 1548, "untold": 0, "reversed": 0, "ends_wrong": 0}
    assert document["press"][0]["claims"][0] == "morocco-2016/start-31-december"
