import pytest

from tests.collector.submissions import Maker
from voipwatch.collector.schema import SchemaError, decode_incoming
from voipwatch.model.submission import Submission


def test_a_submission_is_decoded_as_its_struct(maker: Maker) -> None:
    made: Submission = maker.submission(1)
    incoming = decode_incoming(maker.body(1))
    assert incoming.probe == made.probe
    assert incoming.report.measurement.flows == made.report.measurement.flows


@pytest.mark.parametrize(
    ("body", "field", "reason"),
    [
        (b"[]", "", "Expected `object`, got `array`"),
        (b'{"schema":"voipwatch.submission/1","probe":{}}', "report", "missing"),
        (b'{"schema":"voipwatch.submission/1","report":{"schema":1}}', "report.schema", "Expected `str`"),
        (b'{"schema":"x","report":{"schema":"y"}}', "schema", "is understood, not 'x'"),
    ],
)
def test_the_field_and_the_reason_are_named(body: bytes, field: str, reason: str) -> None:
    with pytest.raises(SchemaError) as caught:
        decode_incoming(body)
    assert caught.value.field == field
    assert reason in caught.value.reason


@pytest.mark.parametrize("spoilt", [b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xc0\xaf", b"\xf4\x90\x80\x80"])
def test_what_is_no_utf8_is_named_with_its_place(maker: Maker, spoilt: bytes) -> None:
    """In a field that the decoder skips: a stray byte, half a character, a surrogate, too long, too high."""
    good = maker.body(1)
    begun = good[:-1] + b',"later":"'
    decode_incoming(begun + "\N{SNOWMAN}".encode() + b'"}')
    with pytest.raises(SchemaError) as caught:
        decode_incoming(begun + spoilt + b'"}')
    assert (caught.value.code, caught.value.field) == ("json", "")
    assert f"not UTF-8 from byte {len(begun)} on" in caught.value.reason


def test_long_words_of_a_stranger_are_cut() -> None:
    with pytest.raises(SchemaError) as caught:
        decode_incoming(b'{"schema":"' + b"x" * 10_000 + b'","report":{"schema":"y"}}')
    assert len(caught.value.reason) < 300
