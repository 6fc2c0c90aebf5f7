"""Kinds of addresses, told instead of the address."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voipwatch.reflector.core.observed import kind_of_address


@pytest.mark.parametrize(
    ("ip", "kind"),
    [
        ("127.0.0.1", "loopback"),
        ("::1", "loopback"),
        ("10.1.2.3", "private"),
        ("fd00::1", "private"),
        ("169.254.1.1", "link-local"),
        ("fe80::1", "link-local"),
        ("100.64.0.1", "cgnat"),
        ("100.128.0.1", "public"),
        ("8.8.8.8", "public"),
        ("2606:4700::1", "public"),
        ("?", "unknown"),
    ],
)
def test_kinds_of_addresses(ip: str, kind: str) -> None:
    assert kind_of_address(ip) == kind


@given(text=st.text(max_size=40))
def test_any_text_has_a_kind(text: str) -> None:
    assert kind_of_address(text) in {"loopback", "private", "link-local", "cgnat", "public", "unknown"}
