import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.collector.records import an_intake
from tests.wire.checks import hostile
from voipwatch.collector.records import Erased, Record, RecordError, decode_record, encode_record
from voipwatch.model.submission import Deletion, Intake


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


def record_or_error(data: bytes) -> Record | RecordError:
    try:
        return decode_record(data)
    except RecordError as error:
        return error


@given(
    st.binary(max_size=300) | hostile([encode_record(an_intake(1)), encode_record(Deletion("ab" * 16, 5.0))])
)
@example(b"I1" + b"\x91" * 5000)
@example(b"D1\xa1\xff")
@example(b"E1")
def test_any_bytes_are_a_record_or_a_record_error(data: bytes) -> None:
    tag = data[:2]
    record = record_or_error(data)
    if isinstance(record, RecordError):
        said = "damaged record" if tag in {b"I1", b"D1"} else f"unknown record kind or version {tag!r}"
        assert str(record).startswith(said)
    elif isinstance(record, Erased):
        assert (tag, record) == (b"E1", Erased(len(data)))
    else:
        assert isinstance(record, Intake if tag == b"I1" else Deletion)
        again = encode_record(record)
        assert encode_record(decode_record(again)) == again
