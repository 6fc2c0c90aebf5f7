import msgspec
import pytest

from voipwatch.collector.requests import check_enrolment, read_deletion
from voipwatch.collector.schema import SchemaError

NOW = 1_795_305_600.0  # 2026-11-22
END = 1_796_083_200.0 - 60  # 2026-11-30 23:59


def request(**fields: object) -> bytes:
    return msgspec.json.encode(
        {"schema": "voipwatch.enrolment/1", "pseudonym": "ab" * 16, "month": "2026-11"} | fields
    )


def test_this_month_is_enrolled_and_at_its_turn_the_next() -> None:
    assert check_enrolment(request(), NOW).pseudonym == "ab" * 16
    assert check_enrolment(request(month="2026-12"), END).month == "2026-12"
    assert check_enrolment(request(month="2026-11"), END + 120).month == "2026-11"


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"month": "2026-12"}, "month"),
        ({"month": "2026-10"}, "month"),
        ({"month": 11}, "month"),
        ({"pseudonym": "ab"}, "pseudonym"),
        ({"pseudonym": "AB" * 16}, "pseudonym"),
        ({"schema": "voipwatch.enrolment/2"}, "schema"),
    ],
)
def test_what_is_wrong_is_named(fields: dict[str, object], field: str) -> None:
    with pytest.raises(SchemaError) as caught:
        check_enrolment(request(**fields), NOW)
    assert caught.value.field == field


def test_a_deletion_key_is_read() -> None:
    assert read_deletion("ab" * 16, b'{"deletion_key":"' + b"cd" * 32 + b'"}') == b"\xcd" * 32


@pytest.mark.parametrize(
    ("name", "body", "field"),
    [
        ("x", b'{"deletion_key":"' + b"cd" * 32 + b'"}', "report_id"),
        ("ab" * 16, b"", ""),
        ("ab" * 16, b"{}", "deletion_key"),
        ("ab" * 16, b'{"deletion_key":"abc"}', "deletion_key"),
        ("ab" * 16, b'{"deletion_key":' + b"[" * 5000, "deletion_key"),
    ],
)
def test_what_is_no_deletion_is_refused(name: str, body: bytes, field: str) -> None:
    with pytest.raises(SchemaError) as caught:
        read_deletion(name, body)
    assert caught.value.field == field
