"""The figures of 2016 as observations, and the form of their file."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.environment import SHARED
from voipwatch.civic.observations import (
    COUNTS,
    ObservationError,
    Precision,
    Quantity,
    encode_csv,
    parse_csv,
)
from voipwatch.civic.press import PACKAGED, packaged_press, parse_press

FILE = """
name = "n"
country = "MA"
baseline = "2016-02-26"
[source.a]
publisher = "A"
title = "T"
[[figure]]
id = "f"
source = "a"
page = "facebook:p"
quantity = "likes-lost"
printed = "-10"
value = 10
step = 1
precision = "rounded"
at = "2016-02-28"
as_published = "Sunday"
"""


def figure(name: str) -> tuple[float, float]:
    (found,) = (each.observation for each in packaged_press("morocco-2016").figures if each.id == name)
    return found.low, found.high


def test_every_figure_of_2016_is_there_with_what_it_leaves_open() -> None:
    press = packaged_press("morocco-2016")
    assert len(press.figures) == 15
    assert figure("first-hours-maroc-telecom") == (26_500, 27_500)
    assert figure("first-hours-inwi") == (19_000, 21_000)
    assert figure("one-day-meditel") == (94_282, 94_282)
    assert figure("sunday-percent-inwi") == (5.565, 5.575)
    assert figure("seven-percent-meditel") == (6, 8)
    assert figure("peak-pace") == (0, 100)
    assert figure("half-a-million") == (400_000, 600_000)
    assert all("address not recorded" in each.observation.source for each in press.figures)


def test_the_base_of_the_one_page_of_which_loss_and_share_were_printed() -> None:
    (before,) = packaged_press("morocco-2016").before
    assert before.page == "facebook:maroc-telecom"
    assert (before.base.low, before.base.high) == (2_443_555, 2_449_689)
    assert before.observation.quantity in COUNTS
    assert before.observation.precision is Precision.DERIVED
    assert before.base.arithmetic in before.observation.source


def test_losses_of_a_page_only_grow() -> None:
    """Sources that were read at different times agree that far: what is lost later is more."""
    press = packaged_press("morocco-2016")
    (before,) = press.before
    lost = [
        each.observation
        for each in press.figures
        if each.observation.page == before.page and each.observation.quantity is Quantity.LIKES_LOST
    ]
    assert [each.low for each in lost] == sorted(each.low for each in lost)
    (seven,) = (each.observation for each in press.figures if each.id == "seven-percent-maroc-telecom")
    assert lost[-1].high <= before.base.high * seven.high / 100


def test_the_numbers_are_those_of_the_collected_facts() -> None:
    facts = SHARED / "web/facts.md"
    if not facts.is_file():
        pytest.skip("the collected facts are not beside the repository")
    line = next(each for each in facts.read_text("utf-8").split("\n- ") if each.startswith("#OpeUnlike"))
    line = line.partition("\n\n")[0]
    known = set(re.findall(r"\d[\d,.]*\d|\d", line))
    for each in packaged_press("morocco-2016").figures:
        digits = re.search(r"\d[\d,.]*\d|\d", each.printed)
        assert digits is not None
        assert digits.group() in known, each.id


@pytest.mark.parametrize("name", PACKAGED)
def test_packaged_files_go_through_csv(name: str) -> None:
    rows = list(packaged_press(name).observations)
    assert parse_csv(encode_csv(rows)) == rows


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ('name = "n"', "name = ", "file"),
        ("step = 1", 'step = "1"', "file"),
        ("step = 1", "step = 1\ncolour = 1", "file"),
        ('source = "a"', 'source = "b"', "f.source"),
        ("step = 1", "step = 0", "f.step"),
        ("value = 10", "value = -10", "f.value"),
        ('at = "2016-02-28"', 'at = "Sunday"', "f.at"),
        ('page = "facebook:p"', 'page = "p"', "f.page"),
        (FILE, FILE + FILE[FILE.index("[[figure]]") :], "f"),
        (FILE, FILE + '[[base]]\nlost = "f"\npercent = "g"\n', "base"),
        (FILE, FILE + '[[base]]\nlost = "f"\npercent = "f"\n', "base of f"),
    ],
)
def test_a_file_that_does_not_hold(old: str, new: str, field: str) -> None:
    with pytest.raises(ObservationError) as caught:
        parse_press(FILE.replace(old, new))
    assert caught.value.field == field


def test_a_file_that_holds() -> None:
    (each,) = parse_press(FILE).observations
    assert (each.low, each.high, each.source) == (10, 10, "A: T (address not recorded)")


@given(st.text())
def test_no_text_raises_anything_else(text: str) -> None:
    with pytest.raises(ObservationError):
        parse_press(text)
