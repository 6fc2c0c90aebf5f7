"""Addresses of pages of boycotts."""

from voipwatch.site.campaigns.links import SECTIONS
from voipwatch.site.campaigns.pledging import links


def test_all_lie_below_the_section() -> None:
    base = "/campaigns/ar/pledge/"
    assert links.NAME in SECTIONS
    assert links.boycotts_path("ar") == base
    assert links.boycott_path("ar", "b") == f"{base}b/"
    assert links.declare_path("ar", "b") == f"{base}b/declare"
    assert links.reminder_path("ar", "b") == f"{base}b/reminder.ics"
    assert links.own_path("ar", "b", "T") == f"{base}b/mine/T"
    assert links.take_back_path("ar", "b", "T") == f"{base}b/mine/T/revoke"
    assert links.api_path("b") == "/campaigns/api/pledge/b.json"
