"""`civic cost`: by dates and by an incident, ranges with inputs, and the published figure followed."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.chronicle.writing import MACHINE, Writing, found_incident
from tests.cli.doubles import Ran, run_line
from tests.pipeline.publishing.support import request, store_of, votes
from voipwatch.pipeline.publishing.publish import publish

STUDY = ("--country", "MA", "--from", "2016-01-01", "--until", "2016-06-30")
ID = "MA-2016-01-a"


def run(*more: str, lang: str = "en") -> Ran:
    return run_line("civic", "cost", *more, lang=lang, width=200)


def document(*more: str) -> Any:
    ran = run(*more, "--json")
    assert (ran.status, ran.err) == (0, "")
    return json.loads(ran.out)


def test_the_published_figure_is_followed_to_the_dollar() -> None:
    ran = run(*STUDY)
    assert (ran.status, ran.err) == (0, "")
    assert "MA: 182 days blocked" in ran.out
    assert "182 × 1,760,747 = 320,455,954: 80 USD less" in ran.out
    assert "gives this figure to the dollar" in ran.out
    assert "118.5 to 404.1 million USD" in ran.out
    assert "Not reproduced, CIPESA 2017" in ran.out
    assert "https://leseco.ma/" in ran.out, "every input has its source"


def test_the_document_has_ranges_inputs_and_sources() -> None:
    found = document(*STUDY)
    assert found["schema"] == "voipwatch.civic-cost/1"
    assert found["synthetic"] is False
    brookings = found["estimates"][0]
    assert brookings["amount"]["low"] < 320_456_034 < brookings["amount"]["high"]
    assert all(each["sources"] for each in brookings["inputs"])
    assert found["figures"][0]["product_usd"] == 320_455_954
    assert len(found["other_dates"]) == 7


def test_disputed_dates_and_mobile_only_days() -> None:
    found = document(
        "--country", "ma", "--from", "2015-12-31/2016-01-05", "--until", "2016-11-03/2016-11-04",
        "--everywhere-from", "2016-02-26",
    )  # fmt: skip
    assert found["span"]["everywhere"] == {"low": 252, "high": 253}
    assert found["span"]["anywhere"] == {"low": 304, "high": 310}


def test_a_country_without_inputs_says_so_and_takes_ones_own() -> None:
    there = ("--country", "FR", "--from", "2016-01-01", "--until", "2016-01-10")
    bare = run(*there)
    assert bare.status == 0
    assert "no GDP of this country is sourced" in bare.out
    assert "million" not in bare.out
    own = document(*there, "--gdp", "1e12-2e12")
    (brookings,) = own["estimates"]
    assert brookings["amount"]["low"] == pytest.approx(1e12 * 10 / 366 * 0.0023)
    assert brookings["inputs"][0]["sources"] == []
    assert "your own" in run(*there, "--gdp", "1e12").out


@pytest.mark.parametrize("lang", ["fr", "ar"])
def test_it_speaks_the_other_languages(lang: str) -> None:
    ran = run(*STUDY, lang=lang)
    assert (ran.status, ran.err) == (0, "")
    assert "320" in ran.out
    assert "million USD" not in ran.out


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cost")
    log = Writing()
    log.detect(found_incident())
    publish(store_of(votes(9)), request(folder, 9, log=tuple(log.lines), key=MACHINE))
    return folder / "bundle"


def test_dates_and_scope_of_an_incident(bundle: Path) -> None:
    found = document("--incident", ID, "--bundle", str(bundle))
    assert found["country"] == "MA"
    span = found["span"]
    assert span["everywhere"]["low"] <= span["anywhere"]["low"]
    assert run("--incident", ID, "--bundle", str(bundle)).status == 0


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ((), "either --from, --until and --country"),
        (("--from", "2016-01-01"), "either --from"),
        (("--from", "2016-01-01", "--until", "2016-02-01"), "either --from"),
        (("--incident", ID), "either --from"),
        ((*STUDY, "--incident", ID), "either --from"),
        (("--country", "MA", "--from", "2016-02-01", "--until", "2016-01-01"), "must come before"),
        (("--country", "MA", "--from", "yesterday", "--until", "2016-01-01"), "a day is written"),
        (("--country", "Morocco", "--from", "2016-01-01", "--until", "2016-01-01"), "is no country"),
        ((*STUDY, "--gdp", "much"), "an amount is a number"),
    ],
)
def test_what_is_wrong_is_said(line: tuple[str, ...], words: str) -> None:
    ran = run(*line)
    assert ran.status == 64
    assert words in ran.err
    assert ran.out == ""


def test_an_incident_that_is_not_there(bundle: Path, tmp_path: Path) -> None:
    ran = run("--incident", "MA-2016-09-z", "--bundle", str(bundle))
    assert ran.status == 64
    assert ID in ran.err
    nowhere = run("--incident", ID, "--bundle", str(tmp_path))
    assert nowhere.status == 64
    assert "no bundle" in nowhere.err
