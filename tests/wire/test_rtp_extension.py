from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wire.checks import refusal
from voipwatch.wire.errors import WireError
from voipwatch.wire.rtp import RtpExtension
from voipwatch.wire.rtp_extension import (
    ExtensionElement,
    decode_extension_elements,
    encode_extension_elements,
)


def test_one_byte_elements_of_rfc_8285_section_4_2() -> None:
    # Elements of 1, 2 and 4 bytes, with padding between the last two, as in the RFC's figure.
    extension = RtpExtension(0xBEDE, bytes.fromhex("10aa 21bbcc 00 00 33dddddddd 000000"))
    assert decode_extension_elements(extension) == (
        ExtensionElement(1, b"\xaa"),
        ExtensionElement(2, b"\xbb\xcc"),
        ExtensionElement(3, b"\xdd\xdd\xdd\xdd"),
    )


def test_two_byte_elements_may_be_empty() -> None:
    extension = RtpExtension(0x1005, bytes.fromhex("0100 0201bb 00 0304dddddddd"))
    assert decode_extension_elements(extension) == (
        ExtensionElement(1, b""),
        ExtensionElement(2, b"\xbb"),
        ExtensionElement(3, b"\xdd\xdd\xdd\xdd"),
    )


def test_id_15_ends_a_one_byte_list() -> None:
    assert decode_extension_elements(RtpExtension(0xBEDE, bytes.fromhex("10aa f0bb"))) == (
        ExtensionElement(1, b"\xaa"),
    )


def test_another_profile_holds_no_elements() -> None:
    assert decode_extension_elements(RtpExtension(0xDEBE, bytes.fromhex("10aa0000"))) == ()


@pytest.mark.parametrize(
    ("profile", "data"), [(0xBEDE, "1faa0000"), (0x1000, "0105aabb"), (0x1000, "aabbcc01")]
)
def test_an_element_that_is_cut_raises(profile: int, data: str) -> None:
    with pytest.raises(WireError):
        decode_extension_elements(RtpExtension(profile, bytes.fromhex(data)))


@given(
    st.lists(st.builds(ExtensionElement, st.integers(1, 14), st.binary(min_size=1, max_size=16)), max_size=5)
)
def test_elements_come_back_in_both_forms(elements: list[ExtensionElement]) -> None:
    for two_byte in (False, True):
        extension = encode_extension_elements(elements, two_byte=two_byte)
        assert len(extension.data) % 4 == 0
        assert decode_extension_elements(extension) == tuple(elements)


@pytest.mark.parametrize(
    "element", [ExtensionElement(15, b"a"), ExtensionElement(1, b""), ExtensionElement(0, b"a")]
)
def test_what_a_one_byte_header_cannot_say_raises(element: ExtensionElement) -> None:
    with pytest.raises(ValueError, match="one-byte"):
        encode_extension_elements([element])


@given(st.sampled_from((0xBEDE, 0x1000, 0x100F, 0xDEBE)), st.binary(max_size=40))
def test_whatever_the_bytes_only_wire_errors_come_out(profile: int, data: bytes) -> None:
    error = refusal(partial(decode_extension_elements, RtpExtension(profile, data)))
    assert error is None or 0 <= error.offset <= len(data)
