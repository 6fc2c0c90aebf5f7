from pathlib import Path

import pytest

from tests.cli.doubles import run_line
from tests.site.asked import write_site
from tests.site.campaigns.instance import folder_of
from voipwatch.cli.errors import Misuse
from voipwatch.cli.serve_roles import SiteRole
from voipwatch.cli.serve_run import Plan, Serving
from voipwatch.cli.serve_site import SITE_PORT, site_role


@pytest.fixture
def site(tmp_path: Path) -> Path:
    return write_site(tmp_path / "site", {"index.html": b"x"})


def test_what_the_server_is_to_do(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plans: list[Plan] = []

    async def run(self: Serving) -> int:
        plans.append(self._plan)
        return 0

    monkeypatch.setattr(Serving, "run", run)
    data = str(site.parent / "data")
    assert run_line("serve", "--data", data).status == 0
    assert run_line("serve", "--data", data, "--site", str(site)).status == 0
    url = "https://voip.example/"
    ran = run_line("serve", "--data", data, "--site", str(site), "--site-port", "0", "--site-url", url)
    assert ran.status == 0
    assert [plan.site for plan in plans] == [
        None,
        SiteRole(site=str(site), bind="127.0.0.1", port=SITE_PORT),
        SiteRole(site=str(site), bind="127.0.0.1", port=0, base_url="https://voip.example"),
    ]


def test_a_certificate_is_the_sites_too(site: Path) -> None:
    role = site_role(str(site), 443, None, bind="::", certificate="/c.pem", key="/k.pem")
    assert (role.certificate, role.certificate_key, role.bind) == ("/c.pem", "/k.pem", "::")


def test_the_line_test_and_its_relay_are_the_sites(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plans: list[Plan] = []

    async def run(self: Serving) -> int:
        plans.append(self._plan)
        return 0

    monkeypatch.setattr(Serving, "run", run)
    data = site.parent / "data"
    whole = ("--site", str(site), "--line-test", "192.0.2.7", "--turn", "--turn-tls-port", "5349")
    proxied = ("--proxy", "127.0.0.1", "--proxy", "10.1.2.3/8")
    assert run_line("serve", "--data", str(data), *whole, *proxied).status == 0
    role = plans[0].site
    assert role is not None
    assert (role.line_test, role.turn, role.turn_tls_port) == ("192.0.2.7", True, 5349)
    assert role.proxies == plans[0].proxies == ("127.0.0.1/32", "10.0.0.0/8")
    assert role.reports == str(data / "browser-reports")
    assert role.networks == str(data / "collector")
    assert run_line("serve", "--data", str(data), *whole, "--without-geo").status == 0
    assert plans[1].site is not None
    assert plans[1].site.networks == ""
    for wrong, word in (
        (("--line-test", "192.0.2.7"), "--site"),
        (("--site", str(site), "--turn"), "--line-test"),
        (("--site", str(site), "--line-test", "nowhere"), "nowhere"),
        (("--proxy", "nobody"), "nobody"),
    ):
        ran = run_line("serve", "--data", str(data), *wrong)
        assert ran.status == 64
        assert word in ran.err


def test_no_site_and_half_a_site_say_what_to_do(tmp_path: Path) -> None:
    missing = run_line("serve", "--data", str(tmp_path / "d"), "--site", str(tmp_path / "none"))
    (tmp_path / "half").mkdir()
    half = run_line("serve", "--data", str(tmp_path / "d"), "--site", str(tmp_path / "half"))
    for ran, word in ((missing, "there is no site"), (half, "not whole")):
        assert ran.status == 64
        assert ran.err.count("\n") == 1
        assert word in ran.err
        assert "voipwatch publish" in ran.err


@pytest.mark.parametrize(
    "url",
    [
        "voip.example", "ftp://a.example", "https://", "https://[::1", "https://u:p@a.example", "https://a/?q",
        "https://a:x",
    ],
)  # fmt: skip
def test_an_address_that_is_none_is_refused(site: Path, url: str) -> None:
    with pytest.raises(Misuse):
        site_role(str(site), 0, url, bind="127.0.0.1", certificate=None, key=None)


def test_a_port_beyond_all_is_refused(site: Path) -> None:
    with pytest.raises(Misuse):
        site_role(str(site), 70_000, None, bind="127.0.0.1", certificate=None, key=None)


def test_campaigns_are_the_sites(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plans: list[Plan] = []

    async def run(self: Serving) -> int:
        plans.append(self._plan)
        return 0

    monkeypatch.setattr(Serving, "run", run)
    folder = folder_of(site.parent / "campaigns").folder
    data = ("--data", str(site.parent / "data"))
    assert run_line("serve", *data, "--site", str(site), "--campaigns", str(folder)).status == 0
    assert plans[0].site is not None
    assert plans[0].site.campaigns == str(folder)
    alone = run_line("serve", *data, "--campaigns", str(folder))
    assert (alone.status, "--site" in alone.err) == (64, True)
    empty = run_line("serve", *data, "--site", str(site), "--campaigns", str(site))
    assert (empty.status, "campaigns.toml" in empty.err) == (64, True)
    assert len(plans) == 1
