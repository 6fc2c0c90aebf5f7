import binascii

from voipwatch.wire.stun import StunAttribute, decode_stun
from voipwatch.wire.stun_build import build_stun
from voipwatch.wire.stun_fingerprint import compute_fingerprint, verify_fingerprint

ID = bytes(range(12))


def test_it_is_the_crc_of_the_message_with_the_length_that_counts_it() -> None:
    bare = bytes.fromhex("000100002112a442") + ID
    covered = bytes.fromhex("000100082112a442") + ID
    expected = (binascii.crc32(covered) ^ 0x5354554E).to_bytes(4, "big")
    assert compute_fingerprint(bare) == expected
    assert build_stun(1, ID, fingerprint=True) == covered + bytes.fromhex("80280004") + expected


def test_a_changed_bit_is_seen() -> None:
    built = build_stun(1, ID, [StunAttribute(6, b"abcd")], fingerprint=True)
    assert verify_fingerprint(decode_stun(built)) is True
    changed = bytearray(built)
    changed[24] ^= 0x01
    assert verify_fingerprint(decode_stun(bytes(changed))) is False


def test_without_the_attribute_there_is_no_answer() -> None:
    assert verify_fingerprint(decode_stun(build_stun(1, ID))) is None
