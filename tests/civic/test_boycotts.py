"""Boycotts: what a file may say, which stage they are in, what their keeper may do."""

from datetime import datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voipwatch.civic.boycotts import (
    OBSERVED_MAX,
    Boycott,
    is_erased,
    read_boycott,
    require_ahead,
    stage_of,
    with_closing,
    with_observable,
)
from voipwatch.civic.campaignfile import CampaignError
from voipwatch.civic.pledges import Stage
from voipwatch.civic.turnout import Found, Observable

FILE = """
id = "silence"
country = "MA"
zone = "Africa/Casablanca"
begins = 2016-01-16T00:00:00
[controller]
name = "Association of the line"
address = "1, rue de la Ligne, Rabat"
contact = "data@example.org"
[text.fr]
title = "Deux jours sans eux"
without = "leurs appels"
body = '''
Les appels passent mal.

Nous ne les payons plus.
'''
"""
BEGINS, DAY = 1_452_902_400, 86_400
ENDS = BEGINS + 2 * DAY
SEEN = Observable(what="Calls of a panel", found=Found.NONE, source="us")


def boycott() -> Boycott:
    return read_boycott(FILE)


def test_a_file_is_read_and_lasts_two_days_where_it_names_no_length() -> None:
    found = boycott()
    assert (found.window.begins_s, found.window.ends_s, found.country) == (BEGINS, ENDS, "MA")
    assert found.text("ar") == found.text("fr") == ("fr", found.texts["fr"])
    assert found.texts["fr"].without == "leurs appels"
    assert not found.clocks_change
    longer = read_boycott(FILE.replace("00:00:00", "00:00:00\nhours = 72"))
    assert longer.window.ends - longer.window.begins == timedelta(hours=72)


@pytest.mark.parametrize(
    ("begins", "hours"),
    [("2016-03-26T12:00:00", 47), ("2016-06-04T00:00:00", 49), ("2016-01-16T00:00:00", 48)],
)
def test_a_clock_change_inside_is_known(begins: str, hours: int) -> None:
    found = read_boycott(FILE.replace("2016-01-16T00:00:00", begins))
    assert found.clocks_change == (hours != 48)
    assert found.window.length_s == hours * 3600


@pytest.mark.parametrize(
    ("of", "to", "field"),
    [
        ("id = ", "id: ", "file"),
        ('"silence"', '"Silence"', "id"),
        ('"MA"', '"Morocco"', "country"),
        ('country = "MA"', "", "country"),
        ("Africa/Casablanca", "Africa/Rabat", "zone"),
        ('"Africa/Casablanca"', "1", "zone"),
        ("2016-01-16T00:00:00", "2016-01-16", "begins"),
        ("2016-01-16T00:00:00", "2016-01-16T00:00:00Z", "begins"),
        ("2016-01-16T00:00:00", "2016-01-16T00:00:30", "begins"),
        ("2016-01-16T00:00:00", "2016-03-27T02:30:00", "begins"),
        ("2016-01-16T00:00:00", "9999-12-31T00:00:00", "begins"),
        ("2016-01-16T00:00:00", "2016-01-16T00:00:00\nhours = 0", "hours"),
        ("2016-01-16T00:00:00", "2016-01-16T00:00:00\nhours = 745", "hours"),
        ("2016-01-16T00:00:00", "2016-01-16T00:00:00\nhours = true", "hours"),
        ("2016-01-16T00:00:00", "2016-01-16T00:00:00\nhours = 4.5", "hours"),
        ('without = "leurs appels"', "", "text.fr"),
        ('"leurs appels"', '""', "text.fr.without"),
        ('"leurs appels"', '"a\\nb"', "text.fr.without"),
        ("[text.fr]", "[text.de]", "text"),
        ('contact = "data@example.org"', "", "controller"),
        ('id = "sil', 'pledges = 3\nid = "sil', "pledges"),
    ],
)
def test_a_file_that_is_no_boycott_names_the_field(of: str, to: str, field: str) -> None:
    assert of in FILE
    with pytest.raises(CampaignError) as refused:
        read_boycott(FILE.replace(of, to, 1))
    assert refused.value.field == field


@given(st.text(max_size=300))
def test_any_text_is_a_boycott_or_refused(text: str) -> None:
    with pytest.raises(CampaignError):
        read_boycott(text)


@given(st.datetimes(), st.integers(-10, 1000), st.text(max_size=20))
def test_any_window_is_one_or_refused(begins: datetime, hours: int, zone: str) -> None:
    written = begins.replace(microsecond=0).isoformat()
    for name in (msgspec.json.encode(zone).decode(), '"Africa/Casablanca"', '"Pacific/Apia"'):
        text = FILE.replace('"Africa/Casablanca"', name)
        text = text.replace("2016-01-16T00:00:00", f"{written}\nhours = {hours}")
        try:
            found = read_boycott(text)
        except CampaignError:
            continue
        assert found.window.ends - found.window.begins == timedelta(hours=hours)
        assert found.window.begins_s < found.window.ends_s


def test_it_survives_the_database() -> None:
    noted = with_observable(boycott(), SEEN, ENDS)
    assert msgspec.json.decode(msgspec.json.encode(noted), type=Boycott) == noted


def test_stages_in_their_order() -> None:
    times = (BEGINS - 1, BEGINS, ENDS - 1, ENDS, ENDS + 14 * DAY - 1, ENDS + 14 * DAY)
    assert [stage_of(boycott(), each) for each in times] == [
        Stage.PLEDGING, Stage.RUNNING, Stage.RUNNING, Stage.REPORTING, Stage.REPORTING, Stage.CLOSED,
    ]  # fmt: skip
    assert not is_erased(boycott(), ENDS + 44 * DAY - 1)
    assert is_erased(boycott(), ENDS + 44 * DAY)


@pytest.mark.parametrize(
    ("at_s", "called_off"), [(BEGINS - DAY, True), (ENDS - 1, True), (ENDS, False), (ENDS + DAY, False)]
)
def test_closing_calls_off_before_the_end_and_ends_reporting_after(at_s: int, called_off: bool) -> None:
    closed = with_closing(boycott(), at_s)
    assert stage_of(closed, at_s) is Stage.CLOSED
    assert stage_of(closed, at_s - 1) is not Stage.CLOSED
    assert closed.is_called_off == called_off
    assert closed.erased_at_s == at_s + 30 * DAY
    with pytest.raises(CampaignError, match="closed already"):
        with_closing(closed, at_s + 1)
    assert not boycott().is_called_off


def test_nobody_pledges_to_what_began_or_is_years_away() -> None:
    require_ahead(boycott(), BEGINS - 1)
    require_ahead(boycott(), BEGINS - 366 * DAY)
    for now_s in (BEGINS, BEGINS - 366 * DAY - 1):
        with pytest.raises(CampaignError, match="begins"):
            require_ahead(boycott(), now_s)


def test_what_is_observable_is_noted_once_it_can_be() -> None:
    noted = with_observable(boycott(), SEEN, BEGINS)
    assert [each.observable for each in noted.observed] == [SEEN]
    with pytest.raises(CampaignError, match="before the window"):
        with_observable(boycott(), SEEN, BEGINS - 1)
    with pytest.raises(CampaignError, match="called off"):
        with_observable(with_closing(boycott(), BEGINS - 1), SEEN, BEGINS)
    for field, wrong in (("what", "a\nb"), ("unit", "x\u2028y"), ("source", "x" * 201)):
        with pytest.raises(CampaignError) as refused:
            with_observable(boycott(), msgspec.structs.replace(SEEN, **{field: wrong}), BEGINS)
        assert refused.value.field == field
    many = noted
    for _ in range(OBSERVED_MAX - 1):
        many = with_observable(many, SEEN, BEGINS)
    with pytest.raises(CampaignError, match="100 observations"):
        with_observable(many, SEEN, BEGINS)
