"""What files of campaigns share: each check names its field."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voipwatch.civic.campaignfile import (
    CampaignError,
    CampaignText,
    Controller,
    convert,
    in_language,
    read_controller,
    read_country,
    read_id,
    read_table,
    read_texts,
    require_line,
    require_paragraphs,
)

WHO = {"name": "A", "address": "B", "contact": "C"}


def test_a_table_has_known_fields_alone() -> None:
    assert read_table('a = "x"\nb = 1', {"a", "b"}, of="petition") == {"a": "x", "b": 1}
    with pytest.raises(CampaignError, match="c: is no field of a boycott"):
        read_table("c = 1", {"a"}, of="boycott")
    for broken in ("a: 1", "[" * 100_000):
        with pytest.raises(CampaignError, match="file"):
            read_table(broken, {"a"}, of="boycott")


@pytest.mark.parametrize("name", ["a", "a-b", "0", "x" * 64])
def test_ids(name: str) -> None:
    assert read_id({"id": name}) == name


@pytest.mark.parametrize("name", ["", "A", "-a", "a-", "x" * 65, "a/b", "../a", "a\n", 3, None])
def test_what_is_no_id(name: object) -> None:
    with pytest.raises(CampaignError, match="id:"):
        read_id({"id": name})


def test_a_country_is_two_capital_letters_or_none() -> None:
    assert (read_country({}), read_country({"country": "MA"})) == ("", "MA")
    for wrong in ("ma", "MAR", "M1", "MA\n", 3):
        with pytest.raises(CampaignError, match="country"):
            read_country({"country": wrong})


def test_who_is_responsible() -> None:
    assert read_controller({"controller": WHO}) == Controller("A", "B", "C")
    assert read_controller({"controller": WHO | {"declaration": "N"}}).declaration == "N"
    for wrong, field in (
        ({"name": "A"}, "controller"),
        (WHO | {"phone": "1"}, "controller"),
        (WHO | {"contact": " "}, "controller.contact"),
        (WHO | {"declaration": "a\nb"}, "controller.declaration"),
    ):
        with pytest.raises(CampaignError) as refused:
            read_controller({"controller": wrong})
        assert refused.value.field == field


def test_texts_and_which_one_a_reader_gets() -> None:
    table = {"text": {"ar": {"title": "ع", "body": "ن"}, "fr": {"title": "t", "body": "b"}}}
    texts = read_texts(table, CampaignText)
    assert in_language(texts, "ar") == ("ar", CampaignText("ع", "ن"))
    assert in_language(texts, "en") == ("fr", CampaignText("t", "b"))
    one = {"title": "t", "body": "b"}
    for wrong, field in (
        (None, "text"), ({}, "text"), ({"de": one}, "text"), ({"fr": 3}, "text"),
        ({"fr": one | {"x": "y"}}, "text.fr"), ({"fr": {"title": "t"}}, "text.fr"),
        ({"fr": one | {"title": ""}}, "text.fr.title"), ({"fr": one | {"body": " "}}, "text.fr.body"),
    ):  # fmt: skip
        with pytest.raises(CampaignError) as refused:
            read_texts({"text": wrong}, CampaignText)
        assert refused.value.field == field


def test_converting_names_the_field() -> None:
    assert convert(3, int, field="n") == 3
    with pytest.raises(CampaignError, match="n: Expected"):
        convert("3", int, field="n")


@given(st.text(max_size=250))
def test_a_line_has_no_break_and_no_control(text: str) -> None:
    try:
        require_line("x", text)
    except CampaignError:
        return
    assert 0 < len(text) <= 200
    assert text.splitlines() == [text]


@pytest.mark.parametrize("text", ["", " \n", "a\x00", "a\r", "x" * 20_001])
def test_what_is_no_text(text: str) -> None:
    with pytest.raises(CampaignError):
        require_paragraphs("x", text)
    require_paragraphs("x", "a\n\n\tb")
