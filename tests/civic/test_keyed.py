"""Hashes and tokens from a pepper."""

import base64
import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voipwatch.civic.keyed import (
    SELECTOR_BYTES,
    STEM_CHARACTERS,
    TokenUse,
    address_hash,
    daily_key,
    envelope_token,
    is_mark_of,
    look_spread,
    mark_stem,
    read_envelope_token,
    read_token,
    supporter_mark,
    token,
    withdrawn_key,
)

PEPPER, OTHER = bytes(range(32)), bytes(32)
SELECTOR = bytes(range(16))
bodies = {TokenUse.CONFIRM: 16, TokenUse.REVOKE: 32, TokenUse.BOUNCE: 16, TokenUse.LEAVE: 16}


def test_the_hash_is_hmac_sha256_over_what_the_document_says() -> None:
    wanted = hmac.new(PEPPER, b"voipwatch petition address p\0a@example.org", hashlib.sha256).digest()
    assert address_hash(PEPPER, "p", "a@example.org") == wanted


def test_another_petition_pepper_or_address_is_another_pseudonym() -> None:
    found = {
        address_hash(pepper, petition, address)
        for pepper in (PEPPER, OTHER)
        for petition in ("p", "q")
        for address in ("a@example.org", "b@example.org")
    }
    assert len(found) == 8


def test_the_daily_key_changes_by_day() -> None:
    assert daily_key(PEPPER, "2026-11-22", "a@b.org") != daily_key(PEPPER, "2026-11-23", "a@b.org")
    assert len(daily_key(PEPPER, "2026-11-22", "a@b.org")) == 16


@given(st.sampled_from(list(TokenUse)), st.binary(min_size=32, max_size=32))
def test_a_token_says_what_was_put_in_and_to_its_own_use_alone(use: TokenUse, drawn: bytes) -> None:
    body = drawn[: bodies[use]]
    text = token(PEPPER, "p", use, body)
    assert read_token(PEPPER, "p", use, text) == body
    assert read_token(OTHER, "p", use, text) is None
    assert read_token(PEPPER, "q", use, text) is None
    for other in set(TokenUse) - {use}:
        assert read_token(PEPPER, "p", other, text) is None


@given(st.integers(0, 42), st.sampled_from("Aa0-_"))
def test_a_changed_token_is_none(place: int, put: str) -> None:
    text = token(PEPPER, "p", TokenUse.CONFIRM, SELECTOR)
    assert len(text) == 43
    changed = text[:place] + put + text[place + 1 :]
    # The last character has two bits that no byte takes.
    if changed[:42] != text[:42]:
        assert read_token(PEPPER, "p", TokenUse.CONFIRM, changed) is None


@given(st.text(max_size=70) | st.text("abcdefghijklmnop-_", min_size=43, max_size=43))
def test_whatever_stands_in_a_link_is_a_token_or_none(text: str) -> None:
    for use in TokenUse:
        assert read_token(PEPPER, "p", use, text) is None
    assert read_envelope_token(PEPPER, "p", text) is None


def test_a_token_in_an_address_survives_the_loss_of_case() -> None:
    text = envelope_token(PEPPER, "p", SELECTOR)
    assert len(text) == 52
    assert text.isalnum()
    assert text.islower()
    assert read_envelope_token(PEPPER, "p", text.upper()) == SELECTOR
    assert read_envelope_token(OTHER, "p", text) is None
    assert read_envelope_token(PEPPER, "p", "1" * 52) is None


def test_wrong_sizes_are_our_fault() -> None:
    with pytest.raises(ValueError, match="speaks of 16 bytes"):
        token(PEPPER, "p", TokenUse.CONFIRM, bytes(SELECTOR_BYTES + 1))
    with pytest.raises(ValueError, match="a pepper has 32 bytes"):
        address_hash(b"short", "p", "a@b.org")


def test_a_mark_begins_with_hmac_sha256_of_the_selector_and_is_no_part_of_the_code() -> None:
    wanted = hmac.new(PEPPER, b"voipwatch petition wall mark\0" + SELECTOR, hashlib.sha256).digest()[:9]
    mark = supporter_mark(PEPPER, SELECTOR, "seed")
    assert base64.urlsafe_b64decode(mark[:STEM_CHARACTERS]) == wanted
    assert mark_stem(PEPPER, SELECTOR) == mark[:STEM_CHARACTERS]
    code = token(PEPPER, "wall", TokenUse.LEAVE, SELECTOR)
    assert read_token(PEPPER, "wall", TokenUse.LEAVE, code) == SELECTOR
    assert wanted not in base64.urlsafe_b64decode(code + "=" * (-len(code) % 4))


def test_a_mark_is_good_for_one_seed_whoever_it_was_given_to() -> None:
    marks = [supporter_mark(PEPPER, bytes([number]) * 16, "seed") for number in range(20)]
    assert len(set(marks)) == 20
    for mark in marks:
        assert is_mark_of(PEPPER, "seed", mark)
        assert not is_mark_of(PEPPER, "Seed", mark)
        assert not is_mark_of(bytes(32), "seed", mark)
        assert not is_mark_of(PEPPER, "seed", mark[:-1] + ("A" if mark[-1] != "A" else "B"))
        assert not is_mark_of(PEPPER, "seed", mark[::-1])
    assert not is_mark_of(PEPPER, "seed", "")
    assert withdrawn_key(PEPPER, "a" * 12) != withdrawn_key(PEPPER, "b" * 12)
    assert marks[0][:STEM_CHARACTERS] not in withdrawn_key(PEPPER, marks[0][:STEM_CHARACTERS])


@given(st.text(max_size=30), st.sampled_from(["2026-11-22", "2026-11-23"]))
def test_a_spread_is_a_share(mark: str, day: str) -> None:
    assert 0 <= look_spread(PEPPER, mark, day) < 1
    assert look_spread(PEPPER, mark, day) != look_spread(OTHER, mark, day)
