"""What network a visitor is of, and the name it goes by."""

import pytest

from voipwatch.site.linetest.callers import NAME_BYTES, caller_name, caller_prefix


@pytest.mark.parametrize(
    ("address", "prefix"),
    [
        ("192.0.2.77", "192.0.2"),
        ("::ffff:192.0.2.77", "192.0.2"),
        ("2001:db8::1", "2001:0db8:0000"),
        ("2001:db8:0:ffff:ffff::2", "2001:0db8:0000"),
        ("2001:db8:1::1", "2001:0db8:0001"),
        ("", ""),
        ("unknown", ""),
    ],
)
def test_a_network_is_one_however_it_is_written(address: str, prefix: str) -> None:
    assert caller_prefix(address) == prefix


def test_a_name_is_of_the_network_and_of_the_key() -> None:
    name = caller_name("192.0.2.77", bytes(16))
    assert len(name) == NAME_BYTES
    assert caller_name("192.0.2.1", bytes(16)) == name
    assert caller_name("192.0.3.77", bytes(16)) != name
    assert caller_name("192.0.2.77", bytes(15) + b"1") != name
