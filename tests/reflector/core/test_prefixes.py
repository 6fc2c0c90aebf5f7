"""Hourly budgets by source prefix."""

import pytest

from voipwatch.reflector.core import prefixes
from voipwatch.reflector.core.limits import PREFIX_S, PREFIXES_MAX
from voipwatch.reflector.core.prefixes import Prefixes, prefix_of


@pytest.mark.parametrize(
    ("ip", "prefix"),
    [
        ("192.0.2.77", "192.0.2.0/24"),
        ("2001:db8:1:2ff::1", "2001:db8:1:200::/56"),
        ("fe80::1%3", "fe80::/56"),
        ("", ""),
        ("no address", "no address"),
        ("x" * 100, "x" * 64),
    ],
)
def test_the_prefix_that_pays(ip: str, prefix: str) -> None:
    assert prefix_of(ip) == prefix


def test_a_budget_lasts_an_hour() -> None:
    kept = Prefixes()
    assert kept.grant_tickets("192.0.2.1", 300, 10.0) == 256
    assert kept.grant_tickets("192.0.2.200", 1, 11.0) == 0
    assert kept.grant_tickets("192.0.3.1", 1, 11.0) == 1
    assert kept.retry_after_s("192.0.2.9", 11.0) == 3599
    assert kept.grant_tickets("192.0.2.1", 1, 10.0 + PREFIX_S) == 1


def test_their_number_is_bounded() -> None:
    kept = Prefixes()
    for n in range(PREFIXES_MAX + 10):
        kept.of(f"10.{n >> 8}.{n & 255}.1", 1.0)
    assert len(kept) == PREFIXES_MAX
    kept.forget(1.0 + PREFIX_S)
    assert len(kept) == 0


def test_bytes_are_budgeted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prefixes, "PREFIX_BYTES_MAX", 1000)
    budget = Prefixes().of("192.0.2.1", 0.0)
    assert budget.affords_bytes(1000)
    budget.bytes_used = 1
    assert not budget.affords_bytes(1000)
