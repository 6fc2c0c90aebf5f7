import pytest

from voipwatch.wire.errors import WireError


def test_text_names_protocol_field_offset_detail_and_section() -> None:
    error = WireError("STUN", "length", 2, section="RFC 8489 section 5", detail="says 8 bytes, 4 there")
    assert str(error) == "STUN: length at byte 2: says 8 bytes, 4 there (RFC 8489 section 5)"


def test_text_without_detail_and_section() -> None:
    assert str(WireError("RTP", "header", 0)) == "RTP: header at byte 0"


def test_section_may_be_given_by_position() -> None:
    assert WireError("SIP", "Via", 7, "RFC 3261").section == "RFC 3261"


def test_it_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="at byte 3"):
        raise WireError("SDP", "line", 3)
