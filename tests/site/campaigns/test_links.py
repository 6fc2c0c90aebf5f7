"""Addresses of pages."""

from voipwatch.site.campaigns.links import confirm_path, log_path, petition_path, revoke_path, wall_path


def test_paths() -> None:
    assert petition_path("fr", "calls") == "/campaigns/fr/calls/"
    assert confirm_path("fr", "calls", "T") == "/campaigns/fr/calls/confirm/T"
    assert revoke_path("ar", "calls") == "/campaigns/ar/calls/revoke"
    assert revoke_path("ar", "calls", "T") == "/campaigns/ar/calls/revoke/T"
    assert log_path("calls") == "/campaigns/api/calls/counts.json"
    assert wall_path("fr") == "/campaigns/fr/wall/"
    assert wall_path("ar", "enrol") == "/campaigns/ar/wall/enrol"
