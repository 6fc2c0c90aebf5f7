"""One-time codes: RFC 4226's and RFC 6238's own vectors, drift and replay."""

from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voipwatch.civic.onetime import STEP_S, code_at, enrolment_uri, matching_counter

RFC_SECRET = b"12345678901234567890"
# RFC 4226, appendix D.
HOTP = ("755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489")
# RFC 6238, appendix B: SHA-1, eight digits, of which the last six are what six digits give (RFC 4226, 5.3).
TOTP = {
    59: "94287082", 1111111109: "07081804", 1111111111: "14050471", 1234567890: "89005924",
    2000000000: "69279037", 20000000000: "65353130",
}  # fmt: skip
NOW = 1_794_000_015


@pytest.mark.parametrize(("counter", "code"), list(enumerate(HOTP)))
def test_vectors_of_rfc_4226(counter: int, code: str) -> None:
    assert code_at(RFC_SECRET, counter) == code


@pytest.mark.parametrize(("at_s", "code"), list(TOTP.items()))
def test_vectors_of_rfc_6238(at_s: int, code: str) -> None:
    assert code_at(RFC_SECRET, at_s // STEP_S) == code[2:]
    assert matching_counter(RFC_SECRET, code[2:], at_s, last=0) == at_s // STEP_S


@pytest.mark.parametrize(("steps", "taken"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_one_step_of_drift(steps: int, taken: bool) -> None:
    counter = NOW // STEP_S + steps
    found = matching_counter(RFC_SECRET, code_at(RFC_SECRET, counter), NOW, last=0)
    assert found == (counter if taken else None)


def test_a_code_is_taken_once_and_an_older_one_never_after_it() -> None:
    now = NOW // STEP_S
    for counter in (now - 1, now):
        assert matching_counter(RFC_SECRET, code_at(RFC_SECRET, counter), NOW, last=now) is None
    assert matching_counter(RFC_SECRET, code_at(RFC_SECRET, now + 1), NOW, last=now) == now + 1


def test_spaces_do_not_matter() -> None:
    code = code_at(RFC_SECRET, NOW // STEP_S)
    assert matching_counter(RFC_SECRET, f" {code[:3]} {code[3:]}\t", NOW, last=0) is not None


@given(st.text(max_size=12))
def test_whatever_is_typed_is_a_code_or_none(typed: str) -> None:
    right = {code_at(RFC_SECRET, NOW // STEP_S + step) for step in (-1, 0, 1)}
    found = matching_counter(RFC_SECRET, typed, NOW, last=0)
    assert (found is not None) == ("".join(typed.split()) in right)


def test_digits_of_other_scripts_are_none() -> None:
    code = code_at(RFC_SECRET, NOW // STEP_S)
    arabic = "".join(chr(0x660 + int(digit)) for digit in code)
    assert matching_counter(RFC_SECRET, arabic, NOW, last=0) is None


def test_what_an_authenticator_reads() -> None:
    parts = urlsplit(enrolment_uri(RFC_SECRET, "amina", "voip.example"))
    assert (parts.scheme, parts.netloc) == ("otpauth", "totp")
    assert "amina" in parts.path
    assert "voip.example" in parts.path
    fields = parse_qs(parts.query)
    assert (fields["secret"], fields["issuer"]) == (["GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"], ["voipwatch"])


def test_a_secret_of_another_length_is_our_fault() -> None:
    with pytest.raises(ValueError, match="20 bytes"):
        code_at(b"short", 1)
