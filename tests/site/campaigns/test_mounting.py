"""Campaigns beside the site."""

from pathlib import Path

import pytest

from tests.site.campaigns.calling import call
from tests.site.campaigns.instance import folder_of, opened
from voipwatch.site.campaigns.mounting import campaigns_app
from voipwatch.site.campaigns.settings import SettingsError


def test_the_application_of_a_folder(tmp_path: Path) -> None:
    campaigns = folder_of(tmp_path / "c")
    opened(campaigns).close()
    app = campaigns_app(campaigns.folder)
    assert call(app, "GET", "/campaigns/fr/").status == 200
    assert call(app, "GET", "/campaigns/fr/pledge/").status == 200
    app.desk.close()
    with pytest.raises(SettingsError):
        campaigns_app(tmp_path)


def test_a_wall_is_there_where_somebody_is_responsible_for_it(tmp_path: Path) -> None:
    for wall, status in ((False, 404), (True, 200)):
        campaigns = folder_of(tmp_path / f"c{wall}", wall=wall)
        opened(campaigns).close()
        app = campaigns_app(campaigns.folder)
        assert call(app, "GET", "/campaigns/ar/wall/").status == status
        app.desk.close()
