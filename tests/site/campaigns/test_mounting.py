"""Campaigns beside the site."""

from pathlib import Path

import pytest

from tests.site.campaigns.calling import call
from tests.site.campaigns.instance import NOW, folder_of, opened
from voipwatch.site.campaigns.mounting import campaigns_app, counter_in
from voipwatch.site.campaigns.office import Office
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


def test_a_count_stands_beside_the_counter_of_its_country_else_the_first(tmp_path: Path) -> None:
    site = tmp_path / "site"
    assert counter_in(None, "MA") == counter_in(site, "MA") == ""
    (site / "counter").mkdir(parents=True)
    for name in ("LAB-MA-2016-01-a", "MA", "DZ", "index"):
        (site / "counter" / f"{name}.json").write_text("{}", "utf-8")
    assert [counter_in(site, country) for country in ("MA", "FR", "")] == ["MA", "DZ", "DZ"]


def test_the_page_of_a_mounted_petition_offers_codes(tmp_path: Path) -> None:
    campaigns = folder_of(tmp_path / "c")
    desk = opened(campaigns)
    Office(desk, "tests").turn(NOW)
    desk.close()
    (tmp_path / "site" / "counter").mkdir(parents=True)
    (tmp_path / "site" / "counter" / "MA.json").write_text("{}", "utf-8")
    for site, offered in ((None, False), (tmp_path / "site", True)):
        app = campaigns_app(campaigns.folder, site)
        page = call(app, "GET", "/campaigns/fr/calls/").text
        assert ("/counter/fr/MA/petition/calls.svg" in page) == offered
        app.desk.close()


@pytest.mark.parametrize("lang", ["en", "fr", "ar"])
def test_pages_lead_to_the_site_beside_in_their_language(tmp_path: Path, lang: str) -> None:
    campaigns = folder_of(tmp_path / "c", wall=True)
    opened(campaigns).close()
    app = campaigns_app(campaigns.folder)
    for path in ("", "calls/", "pledge/", "wall/", "nothing/"):
        assert f'<a href="/{lang}/">' in call(app, "GET", f"/campaigns/{lang}/{path}").text
    app.desk.close()
