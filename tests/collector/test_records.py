import contextlib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.collector.records import an_intake
from voipwatch.collector.records import Erased, RecordError, decode_record, encode_record
from voipwatch.model.submission import Deletion


def test_each_kind_comes_back_as_it_was() -> None:
    for record in (an_intake(7), Deletion("ab" * 16, 5.0), Erased(40)):
        assert decode_record(encode_record(record)) == record


def test_what_is_erased_has_its_length_and_nothing_else() -> None:
    payload = encode_record(an_intake(7))
    erased = encode_record(Erased(len(payload)))
    assert len(erased) == len(payload)
    assert set(erased[2:]) == {0}


def test_a_later_version_says_so() -> None:
    with pytest.raises(RecordError, match="unknown record kind or version b'I2'"):
        decode_record(b"I2" + encode_record(an_intake(1))[2:])


def test_every_truncation_is_an_error() -> None:
    payload = encode_record(an_intake(1))
    for length in range(len(payload)):
        with pytest.raises(RecordError):
            decode_record(payload[:length])


@given(st.binary(max_size=300))
@example(b"I1" + b"\x91" * 5000)
@example(b"D1\xa1\xff")
def test_any_bytes_are_a_record_or_a_record_error(data: bytes) -> None:
    with contextlib.suppress(RecordError):
        decode_record(data)
