"""`voipwatch reputation show | effect`: losses, gaps, jumps, disagreements; effects and why there are
none.
"""

import json
from pathlib import Path

import numpy as np
import pytest

from scripts.benchmarks.noeffect import drawn, random_walk
from tests.cli.doubles import run_line
from tests.support.environment import REPOSITORY
from tests.support.observations import day, seen
from voipwatch.civic.effect import State, Why
from voipwatch.civic.observations import Observation, Precision, Quantity, encode_csv
from voipwatch.cli.language import texts

DAYS = 56 + 10 * 7 + 7


def put(path: Path, rows: list[Observation]) -> str:
    path.write_text(encode_csv(rows))
    return str(path)


@pytest.fixture
def panel(tmp_path: Path) -> str:
    """Twenty pages, of which the first loses 7 % at the event."""
    logs = random_walk(drawn(4), DAYS, 20)
    logs[DAYS - 7 :, 0] += np.log(0.93)
    counts = np.round(np.exp(logs))
    rows = [
        day(n, int(counts[n, unit]), page=f"x:page{unit}", quantity=Quantity.FOLLOWERS)
        for unit in range(20)
        for n in range(DAYS)
    ]
    return put(tmp_path / "panel.csv", rows)


PAGE = ("--page", "facebook:inwi")
INWI = (*PAGE, "--event", "2016-01-01")
EVENT = (np.datetime64("2016-01-01") + DAYS - 7).astype(str)


def test_the_shipped_figures_need_no_file() -> None:
    ran = run_line("reputation", "show", width=200)
    assert ran.status == 0
    assert "137\u202f450\u2013137\u202f550" in ran.out
    assert "5.615\u20135.625" in ran.out
    assert "2443555.6" in ran.out
    assert "5,615" in run_line("reputation", "show", lang="fr", width=200).out


def test_losses_gaps_jumps_and_disagreements(tmp_path: Path) -> None:
    counts = [100_000 + 50 * n + 7 * (n % 3) for n in range(14)]
    rows = [day(n, count) for n, count in enumerate(counts)]
    rows += [day(14, 93_000), day(15, 97_000), day(25, 97_100), day(25, 99_000), day(26, 97_150)]
    path = put(tmp_path / "a.csv", rows)
    ran = run_line(
        "reputation", "show", path, "--baseline", "2016-01-15", "--page", "facebook:inwi", width=160
    )
    assert ran.status == 0
    assert "lost 3\u202f507 from 2016-01-14T12:00:00Z to 2016-01-27T12:00:00Z: 3.48 %." in ran.out
    assert "nobody looked from 2016-01-16T12:00:00Z to 2016-01-26T12:00:00Z" in ran.out
    assert "jump down by 7\u202f657 between" in ran.out
    assert "jump up by 4\u202f000 between" in ran.out
    assert "makes good" in ran.out
    assert "merged pages" in ran.out
    assert "two sources disagree of 2016-01-26T12:00:00Z" in ran.out
    document = json.loads(run_line("reputation", "show", path, "--baseline", "2016-01-15", "--json").out)
    (told,) = document["pages"]
    assert (len(told["gaps"]), len(told["jumps"]), len(told["disagreements"])) == (1, 2, 1)
    assert told["losses"][0]["low"] == 7657
    ran = run_line("reputation", "show", path, "--baseline", "2015-12-31")
    assert "no count before the baseline" in ran.out


def test_a_planted_effect_is_found(panel: str) -> None:
    line = ("reputation", "effect", panel, "--page", "x:page0", "--event", str(EVENT))
    ran = run_line(*line)
    assert ran.status == 0, ran.err
    assert "an effect at" in ran.out
    assert "p = 0.05 by rank among 19 donors, the smallest that can be reached is 0.05" in ran.out
    found = json.loads(run_line(*line, "--json").out)["effect"]
    assert found["state"] == "effect"
    assert found["estimate_ratio"] == pytest.approx(-0.07, abs=0.005)
    french = run_line(*line, lang="fr")
    assert "−6,9" in french.out or "−7,0" in french.out


def test_an_effect_on_a_donor_is_none(panel: str) -> None:
    ran = run_line("reputation", "effect", panel, "--page", "x:page7", "--event", str(EVENT))
    assert ran.status == 0
    assert "not the same as none" in ran.out


def test_too_few_donors_are_told(panel: str) -> None:
    line = ("reputation", "effect", panel, "--page", "x:page0", "--event", str(EVENT))
    ran = run_line(*line, "--donors", "x:page1, x:page2")
    assert ran.status == 2
    assert "unidentified" in ran.out
    assert "2 that were read every day, 19 are needed" in ran.out
    assert run_line(*line, "--donors", "x:page1,x:page2,x:page3", "--level", "0.25").status == 0


def test_the_figures_of_2016_identify_nothing(tmp_path: Path) -> None:
    to = str(tmp_path / "c.csv")
    assert run_line("reputation", "import", "--press", "morocco-2016", "--to", to).status == 0
    asked = ("--page", "facebook:maroc-telecom", "--quantity", "likes", "--event", "2016-02-26")
    ran = run_line("reputation", "effect", to, *asked)
    assert ran.status == 2
    assert "unidentified" in ran.out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("show", "NONE"), "cannot be read: No such file"),
        (("show", "EMPTY"), "holds no observation"),
        (("show", "FILE", "--page", "x:nobody"), "There are: facebook:inwi (likes)."),
        (("show", "FILE", "--baseline", "soon"), "--baseline soon"),
        (("effect", "FILE"), "--page, --event is needed"),
        (("effect", "FILE", "--page", "x:a", "--event", "2016-01-01"), "no such page"),
        (("effect", "FILE", *INWI, "--quantity", "lost"), "--quantity"),
        (("effect", "FILE", *INWI), "no followers of this page here. There are: facebook:inwi (likes)."),
        (("effect", "FILE", "--page", "x:a", "--event", "2016-01-01"), "There are: facebook:inwi (likes)."),
        (("effect", "FILE", *PAGE, "--event", "2020-01-01", "--quantity", "likes"),
         "observed: 2016-01-01 to 2016-01-02."),
        (("effect", "FILE", *PAGE, "--event", "x", "--quantity", "likes"), "--event x"),
        (
            ("effect", "FILE", *INWI, "--quantity", "likes",
             "--level", "2"),
            "--level is a probability",
        ),
        (
            ("effect", "FILE", *INWI, "--quantity", "likes",
             "--donors", "x:b"),
            "x:b: no such page",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_is_told_with_what_to_do(
    tmp_path: Path, arguments: tuple[str, ...], told: str
) -> None:
    places = {
        "FILE": put(tmp_path / "a.csv", [day(0, 5), day(1, 6)]),
        "EMPTY": put(tmp_path / "b.csv", []),
        "NONE": str(tmp_path / "none.csv"),
    }
    ran = run_line("reputation", *(places.get(each, each) for each in arguments))
    assert ran.status == 64, ran.err
    assert told in ran.err


def test_of_many_rows_the_last_are_shown(tmp_path: Path) -> None:
    path = put(tmp_path / "a.csv", [day(n / 24, 5 + n) for n in range(260)])
    ran = run_line("reputation", "show", path, width=140)
    assert "The last 200 of 260" in ran.out


def test_an_interval_of_percents_as_each_language_writes_it(tmp_path: Path) -> None:
    rows = [seen(quantity=Quantity.LIKES_LOST_PERCENT, low=6, high=8, precision=Precision.ABOUT)]
    path = put(tmp_path / "a.csv", rows)
    assert "6\u20138" in run_line("reputation", "show", path).out


@pytest.mark.parametrize("lang", ["en", "fr", "ar"])
def test_every_state_and_reason_has_its_words(lang: str) -> None:
    known = texts(lang)
    assert [each for each in State if not known.has(f"reputation.effect.{each.value}")] == []
    assert [each for each in Why if not known.has(f"reputation.effect.why.{each.value}")] == []
    assert [each for each in Quantity if not known.has(f"reputation.quantity.{each.value}")] == []


def test_the_first_example_of_the_page_works_with_its_row(tmp_path: Path) -> None:
    page = (REPOSITORY / "docs" / "reputation.md").read_text("utf-8")
    command, rows = page.split("```\n")[1], page.split("```\n")[3]
    (tmp_path / "counts.csv").write_text(rows, "utf-8")
    words = command.replace("counts.csv", str(tmp_path / "counts.csv")).split()
    ran = run_line(*words[1:], width=200)
    assert ran.status == 0, ran.err
    assert "lost 136\u202f500–137\u202f500" in ran.out
