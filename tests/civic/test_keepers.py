"""Names, the first factor, waits, sessions' lives."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voipwatch.civic.keepers import (
    FREE_TRIES,
    IDLE_S,
    LONGEST_WAIT_S,
    PASSPHRASE_BYTES,
    SESSION_S,
    AccountError,
    form_token,
    is_form_token,
    passphrase,
    passphrase_hash,
    require_name,
    session_digest,
    session_lives,
    wait_s,
)

NOW = 1_794_000_000


@pytest.mark.parametrize("name", ["a", "amina", "a-2", "x" * 32])
def test_names(name: str) -> None:
    assert require_name(name) == name


@pytest.mark.parametrize(
    "name", ["", "A", "2a", "-a", "a-", "a b", "a.b", "../a", "x" * 33, "a\n", "é", "a/b"]
)
def test_what_is_no_name(name: str) -> None:
    with pytest.raises(AccountError) as refused:
        require_name(name)
    assert refused.value.reason == "name"


def test_a_passphrase_is_read_back_however_it_is_typed() -> None:
    made = passphrase(bytes(range(PASSPHRASE_BYTES)))
    assert made == "aaaq-eaye-auda-ocaj-bifq-ydio"
    salt = bytes(16)
    wanted = passphrase_hash(made, salt)
    for typed in (made.upper(), made.replace("-", ""), f" {made.replace('-', ' ')}\n"):
        assert passphrase_hash(typed, salt) == wanted
    assert passphrase_hash(made, bytes(15) + b"1") != wanted
    assert passphrase_hash(made[:-1], salt) != wanted
    with pytest.raises(ValueError, match="15 bytes"):
        passphrase(b"")


def test_the_hash_is_scrypt_of_the_plain_text() -> None:
    plain = hashlib.scrypt(b"abcd", salt=b"s" * 16, n=16384, r=8, p=1, maxmem=1 << 25, dklen=32)
    assert passphrase_hash("AB-cd", b"s" * 16) == plain


def test_waits_grow_and_end() -> None:
    waits = [wait_s(failures) for failures in range(12)]
    assert waits == [0, 0, 0, 30, 60, 120, 240, 480, 960, 1920, 3600, 3600]
    assert wait_s(10**6) == LONGEST_WAIT_S
    assert waits.count(0) == FREE_TRIES


@pytest.mark.parametrize(
    ("age_s", "idle_s", "lives"),
    [
        (0, 0, True),
        (IDLE_S - 1, IDLE_S - 1, True),
        (IDLE_S, IDLE_S, False),
        (SESSION_S - 1, 0, True),
        (SESSION_S, 0, False),
        (-60, -60, True),
        (-61, -61, False),
    ],
)
def test_how_long_a_session_lives(age_s: int, idle_s: int, lives: bool) -> None:
    assert session_lives(NOW - age_s, NOW - idle_s, NOW) is lives


def test_form_tokens_are_of_one_session_and_say_nothing_of_it() -> None:
    one, other = "A" * 43, "B" * 43
    assert is_form_token(one, form_token(one))
    assert not is_form_token(other, form_token(one))
    assert not is_form_token(one, "")
    assert one not in form_token(one)
    assert session_digest(one) != session_digest(other)


@given(st.text(max_size=40))
def test_whatever_is_sent_is_no_form_token(sent: str) -> None:
    assert not is_form_token("A" * 43, sent)
    assert len(session_digest(sent)) == 32
