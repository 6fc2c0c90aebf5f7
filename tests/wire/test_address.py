import pytest

from voipwatch.wire.address import TransportAddress


def test_packed() -> None:
    assert TransportAddress("192.0.2.1", 1).packed == bytes((192, 0, 2, 1))
    assert TransportAddress("2001:db8::1", 1).packed == bytes.fromhex("20010db8" + "00" * 11 + "01")


def test_a_name_has_no_packed_form() -> None:
    with pytest.raises(ValueError, match="example"):
        assert TransportAddress("name.example", 1).packed
