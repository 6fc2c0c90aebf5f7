"""Roles in processes of their own, with real parts."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.site.asked import write_site
from tests.site.campaigns.instance import folder_of
from tests.store.support import make_vote, rows_of
from tests.support.reflector import loopback_of
from voipwatch.cli.serve_roles import SiteRole, rest_s, run_site_role, site_process
from voipwatch.collector import geo
from voipwatch.collector.geo import NoGeo
from voipwatch.site import serving
from voipwatch.site.linetest.mounting import LineTestOrder
from voipwatch.store import migrate
from voipwatch.store.opening import open_store


def run_role(role: str, order: dict[str, Any], *, lines: int) -> tuple[int, list[dict[str, str]]]:
    """Start it, read so many lines, close its input; its status and all it said."""
    process = subprocess.Popen(
        [sys.executable, "-m", "voipwatch.cli.serve_roles", role],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=dict(os.environ),
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps(order) + "\n")
    process.stdin.flush()
    said = [json.loads(process.stdout.readline()) for _ in range(lines)]
    out, _ = process.communicate(timeout=60)
    return process.returncode, [*said, *(json.loads(line) for line in out.splitlines())]


def keeper(tmp_path: Path) -> dict[str, Any]:
    return {
        "data": str(tmp_path), "store": f"chdb://{tmp_path}/store", "spool": str(tmp_path / "spool"),
        "every_s": 0.1,
    }  # fmt: skip


def test_a_keeper_makes_the_store_and_ends_with_whoever_runs_it(tmp_path: Path) -> None:
    status, said = run_role("keeper", keeper(tmp_path), lines=1)
    assert (status, said) == (0, [{"ready": "store"}])
    assert json.loads((tmp_path / "status.json").read_text("utf-8"))["store"] == "ok"
    with open_store(f"chdb://{tmp_path}/store") as store:
        assert store.status()["tables"]["reports"]["rows"] == 0


def test_a_keeper_upgrades_an_older_store_with_what_is_in_it(tmp_path: Path) -> None:
    known = migrate.scripts()
    now_ms = int(datetime.now(tz=UTC).timestamp() * 1000)  # a keeper forgets what is over 13 months old
    with pytest.MonkeyPatch.context() as before:
        before.setattr(migrate, "scripts", lambda: {1: known[1]})
        with open_store(f"chdb://{tmp_path}/store", create=True) as store:
            votes = [make_vote(n, observed_at_ms=now_ms, received_at_ms=now_ms) for n in range(3)]
            store.insert_segment("s1", rows_of(votes))
    status, said = run_role("keeper", keeper(tmp_path), lines=1)
    assert (status, said) == (0, [{"ready": "store"}])
    with open_store(f"chdb://{tmp_path}/store") as store:
        assert store.status()["version"] == len(known)
        assert store.status()["tables"]["votes"]["rows"] == 3


@pytest.mark.parametrize(
    ("newer", "status", "word"), [(True, 64, "newer voipwatch"), (False, 1, "another process")]
)
def test_a_keeper_says_why_it_cannot(tmp_path: Path, newer: bool, status: int, word: str) -> None:
    store = open_store(f"chdb://{tmp_path}/store", create=True)
    try:
        if newer:
            store._engine.command("INSERT INTO migrations VALUES (99, 'of the future', now())")
            store.close()
        found, said = run_role("keeper", keeper(tmp_path), lines=1)
    finally:
        store.close()
    assert found == status
    assert word in said[-1]["failed"]


def test_a_reflector_role_gets_ready_and_ends(tmp_path: Path) -> None:
    order = {"data": str(tmp_path), "bind": ["127.68.0.1"], "control_port": 0, "canary": False}
    status, said = run_role("reflector", order, lines=1)
    assert status == 0
    assert any("control=127.68.0.1:" in line.get("ready", "") for line in said)


def test_what_the_site_is_told_of_its_line_test(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted: list[serving.SiteOrder] = []

    def run_site(order: serving.SiteOrder, *_: object, **__: object) -> int:
        wanted.append(order)
        return 0

    monkeypatch.setattr(serving, "run_site", run_site)
    plain = SiteRole(site="s", bind="::", port=1)
    tested = SiteRole(
        site="s", bind="::", port=1, base_url="https://voip.example:8443", line_test="192.0.2.7", reports="r",
        turn=True, turn_tls_port=5349, proxies=("192.0.2.1/32",), networks="n",
        certificate="c", certificate_key="k",
    )  # fmt: skip
    assert (run_site_role(plain), run_site_role(tested)) == (0, 0)
    assert wanted[0].line_test is None
    assert wanted[1].line_test == LineTestOrder(
        address="192.0.2.7", reports="r", turn=True, turn_tls_port=5349, turn_name="voip.example",
        certificate="c", certificate_key="k", proxies=("192.0.2.1/32",), networks="n",
    )  # fmt: skip


@pytest.mark.parametrize("networks", ["", "here"])
def test_reports_get_a_country_only_where_there_is_a_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, networks: str
) -> None:
    folders: list[Path] = []

    def packaged(folder: Path) -> NoGeo:
        folders.append(folder)
        return NoGeo()

    site = write_site(tmp_path / "site", {"index.html": b"x"})
    tested = LineTestOrder(address="127.0.0.1", reports=str(tmp_path), networks=networks)
    order = serving.SiteOrder(site=str(site), line_test=tested)
    monkeypatch.setattr(geo, "packaged_geo", packaged)
    monkeypatch.setattr(serving, "order_from_environment", lambda: order)
    monkeypatch.setattr(serving, "app_of", serving.site_app)
    site_process()
    assert folders == ([Path("here")] if networks else [])


def test_campaigns_run_until_nobody_looks_after_them(tmp_path: Path) -> None:
    campaigns = folder_of(tmp_path / "campaigns")
    status, said = run_role("campaigns", {"folder": str(campaigns.folder)}, lines=1)
    assert (status, said) == (0, [{"ready": "campaigns"}])


def test_campaigns_that_cannot_be_say_why_and_that_no_other_try_helps(tmp_path: Path) -> None:
    status, said = run_role("campaigns", {"folder": str(tmp_path)}, lines=1)
    assert status == 64
    assert "campaigns.toml" in said[0]["failed"]
    away = folder_of(tmp_path / "c", database="postgresql+psycopg://u:hunter2@127.0.0.1:1/d")
    status, said = run_role("campaigns", {"folder": str(away.folder)}, lines=1)
    assert status == 1, "a server that is not up yet"
    assert "hunter2" not in str(said)


@pytest.mark.parametrize(("took_s", "rest"), [(0.0, 30.0), (12.5, 17.5), (30.0, 0.0), (95.0, 0.0)])
def test_looks_for_new_reports_begin_so_many_seconds_apart_whatever_a_turn_took(
    took_s: float, rest: float
) -> None:
    assert rest_s(30, took_s) == rest


def test_a_reflector_of_several_workers_starts_and_ends_with_whoever_runs_it(tmp_path: Path) -> None:
    """A thread reads standard input: no signal may reach it instead of who waits for them."""
    order = {
        "data": str(tmp_path), "bind": [loopback_of(__name__)], "control_port": 0, "canary": False,
        "workers": 2,
    }  # fmt: skip
    status, said = run_role("reflector", order, lines=1)
    ready, *rest = [each["ready"] for each in said if "ready" in each]
    assert (status, rest) == (0, [])
    assert ready.endswith(" workers=2")
    ended = [each["say"] for each in said if " ended; sessions=0 " in each.get("say", "")]
    assert sorted(line.partition(": ")[0] for line in ended) == [
        "voipwatch reflector 0",
        "voipwatch reflector 1",
    ]
    assert {path.name for path in tmp_path.glob("tickets*")} == {"tickets-0-of-2.json", "tickets-1-of-2.json"}
