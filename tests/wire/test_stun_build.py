import pytest

from voipwatch.wire.stun import StunAttribute, decode_stun
from voipwatch.wire.stun_build import build_stun
from voipwatch.wire.stun_fingerprint import verify_fingerprint
from voipwatch.wire.stun_integrity import verify_integrity, verify_integrity_sha256

ID = bytes(range(12))


def test_a_binding_request_by_hand() -> None:
    assert build_stun(0x0001, ID) == bytes.fromhex("000100002112a442") + ID


def test_attributes_are_padded_with_zeros() -> None:
    built = build_stun(1, ID, [StunAttribute(6, b"abcde"), StunAttribute(0x24, b"wxyz")])
    assert built[20:] == bytes.fromhex("00060005 6162636465 000000 00240004 7778797a")
    assert built[2:4] == b"\0\x14"


def test_padding_that_an_attribute_brings_is_kept() -> None:
    assert build_stun(1, ID, [StunAttribute(6, b"abc", b" ")])[-4:] == b"abc "


def test_whatsapps_allocate() -> None:
    built = build_stun(3, ID, [StunAttribute(0x4000, bytes(102))], aligned=False)
    assert len(built) == 126
    assert built[:4] == bytes.fromhex("0003006a")
    assert decode_stun(built).length_field == 106


def test_a_classic_message_and_a_foreign_cookie() -> None:
    assert build_stun(1, bytes(16)) == bytes.fromhex("00010000") + bytes(16)
    assert decode_stun(build_stun(1, b"\x21\x12\xa4\x43" + ID)).is_classic


def test_integrities_and_fingerprint_come_last_and_in_order() -> None:
    built = build_stun(
        1, ID, [StunAttribute(6, b"a")], integrity_key=b"k", integrity_sha256_key=b"l", fingerprint=True
    )
    message = decode_stun(built)
    assert [item.type for item in message.attributes] == [0x0006, 0x0008, 0x001C, 0x8028]
    assert verify_integrity(message, b"k")
    assert verify_integrity_sha256(message, b"l")
    assert verify_fingerprint(message)
    assert message.length_field == len(built) - 20


@pytest.mark.parametrize("transaction_id", [b"", bytes(11), bytes(13), bytes(17)])
def test_a_transaction_id_of_another_length_raises(transaction_id: bytes) -> None:
    with pytest.raises(ValueError, match="12 or 16"):
        build_stun(1, transaction_id)


def test_too_much_raises() -> None:
    with pytest.raises(ValueError, match="16"):
        build_stun(1, ID, [StunAttribute(6, bytes(0x10000))])
    with pytest.raises(ValueError, match="16"):
        build_stun(1, ID, [StunAttribute(6, bytes(0xFFF0)), StunAttribute(6, bytes(40))])
