"""Petitions: what they are at a time, what their file may say."""

import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voipwatch.civic.petitions import (
    Answer,
    Delivery,
    PaperTally,
    Petition,
    PetitionError,
    PetitionState,
    can_be_signed,
    is_erased,
    public_name,
    read_petition,
    state_at,
    with_answer,
    with_closing,
    with_delivery,
    with_erasure,
    with_paper,
)

FILE = """
id = "open-the-calls"
opens = 2026-11-01
closes = 2026-12-01T00:00:00+01:00
[controller]
name = "Association of the line"
address = "1, rue de la Ligne, Rabat"
contact = "data@example.org"
[text.fr]
title = "Rendez-nous les appels"
body = '''
Les appels passent mal.

Nous demandons qu'ils passent.
'''
"""
OPENS, CLOSES = 1_793_491_200, 1_796_079_600
DAY = 86_400


def petition() -> Petition:
    return read_petition(FILE)


def test_a_file_is_read() -> None:
    found = petition()
    assert (found.id, found.opens_at_s, found.closes_at_s) == ("open-the-calls", OPENS, CLOSES)
    assert found.text("ar") == found.text("fr") == ("fr", found.texts["fr"])
    assert found.erased_at_s == CLOSES + 30 * DAY


@pytest.mark.parametrize(
    ("of", "to", "field"),
    [
        ("id = ", "id: ", "file"),
        ('"open-the-calls"', '"Open"', "id"),
        ('"open-the-calls"', '"../x"', "id"),
        ('"open-the-calls"', '"x-"', "id"),
        ('"open-the-calls"', "3", "id"),
        ("2026-11-01", '"soon"', "opens"),
        ("2026-11-01", "2026-11-01T00:00:00", "opens"),
        ("2026-11-01", "2026-12-02", "closes"),
        ("2026-11-01", "2025-11-01", "closes"),
        ('contact = "data@example.org"', "", "controller"),
        ('contact = "data@example.org"', 'contact = ""', "controller.contact"),
        ('"1, rue', '"1,\\nrue', "controller.address"),
        ("[text.fr]", "[text.de]", "text"),
        ('title = "Rendez-nous les appels"', 'title = "a\\u0000"', "text.fr.title"),
        ("Les appels passent mal.", "x" * 20_001, "text.fr.body"),
        ("[text.fr]", "signers = 3\n[text.fr]", "controller"),
        ('id = "open', 'ip = 1\nid = "open', "ip"),
    ],
)
def test_a_file_that_is_no_petition_names_the_field(of: str, to: str, field: str) -> None:
    assert of in FILE
    with pytest.raises(PetitionError) as refused:
        read_petition(FILE.replace(of, to, 1))
    assert refused.value.field == field


@given(st.text(max_size=300))
def test_any_text_is_a_petition_or_refused(text: str) -> None:
    with pytest.raises(PetitionError):
        read_petition(text)


def test_a_country_is_named_or_not() -> None:
    assert petition().country == ""
    assert read_petition('country = "MA"' + FILE).country == "MA"
    with pytest.raises(PetitionError, match="country"):
        read_petition('country = "Morocco"' + FILE)


def test_states_in_their_order() -> None:
    found = petition()
    delivered = with_delivery(found, Delivery(CLOSES + DAY, "The authority", 120))
    answered = with_answer(delivered, Answer(CLOSES + 9 * DAY, "The authority", "No."))
    told = [
        (each, state_at(answered, each), can_be_signed(answered, each))
        for each in (OPENS - 1, OPENS, CLOSES - 1, CLOSES, CLOSES + DAY, CLOSES + 9 * DAY)
    ]
    assert [(state, signed) for _, state, signed in told] == [
        (PetitionState.ANNOUNCED, False),
        (PetitionState.OPEN, True),
        (PetitionState.OPEN, True),
        (PetitionState.CLOSED, False),
        (PetitionState.DELIVERED, False),
        (PetitionState.ANSWERED, False),
    ]
    assert not is_erased(found, CLOSES + 30 * DAY - 1)
    assert is_erased(found, CLOSES + 30 * DAY)


def test_records_that_cannot_be() -> None:
    found = petition()
    with pytest.raises(PetitionError, match="before the petition closes"):
        with_delivery(found, Delivery(CLOSES - 1, "x", 10))
    with pytest.raises(PetitionError, match="no told count"):
        with_delivery(found, Delivery(CLOSES, "x", 123))
    with pytest.raises(PetitionError, match="before any delivery"):
        with_answer(found, Answer(CLOSES + DAY, "x", "y"))
    delivered = with_delivery(found, Delivery(CLOSES, "x", 10))
    with pytest.raises(PetitionError, match="no web address"):
        with_answer(delivered, Answer(CLOSES + DAY, "x", "y", "javascript:alert(1)"))
    with pytest.raises(PetitionError, match="a tally has sheets"):
        with_paper(found, PaperTally(OPENS, 0, 12, "x"))


def test_closing_early_moves_the_erasure_too() -> None:
    closed = with_closing(petition(), OPENS + DAY)
    assert state_at(closed, OPENS + DAY) is PetitionState.CLOSED
    assert closed.erased_at_s == OPENS + 31 * DAY
    assert not closed.is_called_off
    with pytest.raises(PetitionError, match="it is closed"):
        with_closing(petition(), CLOSES)


@pytest.mark.parametrize(
    "ended", [lambda at: with_closing(petition(), at), lambda at: with_erasure(petition(), at)]
)
def test_what_is_ended_before_it_opens_never_opens(ended: Callable[[int], Petition]) -> None:
    for at in (OPENS - DAY, OPENS):
        found = ended(at)
        assert found.is_called_off
        for later in (at, OPENS, OPENS + DAY, CLOSES + DAY):
            assert state_at(found, later) is PetitionState.CLOSED
            assert not can_be_signed(found, later)


def test_what_a_keeper_destroyed_is_erased_from_then_on() -> None:
    found = with_erasure(petition(), OPENS + DAY)
    assert (is_erased(found, OPENS + DAY - 1), is_erased(found, OPENS + DAY)) == (False, True)
    late = with_erasure(petition(), CLOSES + 31 * DAY)
    assert (late.closes_at_s, late.erased_at_s) == (CLOSES, CLOSES + 30 * DAY)


def test_paper_is_apart() -> None:
    found = with_paper(petition(), PaperTally(OPENS, 3, 61, "Two members, at the table"))
    assert sum(each.signatures for each in found.papers) == 61


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("  Amina   B. ", "Amina B."),
        ("\u202eanimA", "animA"),
        ("Amina\r\nBcc: x@example.org", "Amina Bcc: x@example.org"),
        ("<b>Amina</b>", "<b>Amina</b>"),
        ("e\u0301", "\u00e9"),
        ("\u200b", ""),
        ("أمينة", "أمينة"),
    ],
)
def test_public_names(typed: str, shown: str) -> None:
    assert public_name(typed) == shown


@given(st.text(max_size=120))
def test_a_public_name_is_one_line_without_anything_invisible(typed: str) -> None:
    try:
        name = public_name(typed)
    except PetitionError:
        return
    assert all(c == " " or not unicodedata.category(c).startswith(("C", "Z")) for c in name)
    assert name == name.strip()
    assert public_name(name) == name
