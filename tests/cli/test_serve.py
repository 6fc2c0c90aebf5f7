"""`voipwatch serve` on the command line: what is understood, refused, printed. Whole: tests/integration."""

from pathlib import Path

import pytest

from tests.cli.doubles import run_line
from voipwatch.cli.serve_run import Plan, Serving


@pytest.fixture
def plans(monkeypatch: pytest.MonkeyPatch) -> list[Plan]:
    """Plans of the runs that would have been."""
    seen: list[Plan] = []

    async def run(self: Serving) -> int:
        seen.append(self._plan)
        return 0

    monkeypatch.setattr(Serving, "run", run)
    return seen


def test_defaults_and_options(plans: list[Plan], tmp_path: Path) -> None:
    assert run_line("serve", "--data", str(tmp_path / "a")).status == 0
    assert plans[0].bind == ("127.0.0.1",)
    assert plans[0].store == f"chdb://{tmp_path}/a/store"
    assert (plans[0].control_port, plans[0].collector_port, plans[0].metrics_port) == (8443, 8480, 8481)
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o700
    ran = run_line(
        "serve", "--data", str(tmp_path / "b"), "--bind", "0.0.0.0", "--bind", "[::]", "--trust", "ab" * 32,
        "--store", "https://u:p@h:1/d", "--collector-port", "0", "--every", "5", "--without-geo",
    )  # fmt: skip
    assert ran.status == 0
    assert (plans[1].bind, plans[1].trusted) == (("0.0.0.0", "::"), ("ab" * 32,))
    assert (plans[1].store, plans[1].collector_port, plans[1].every_s) == ("https://u:p@h:1/d", 0, 5)
    assert (plans[1].geo, plans[1].canary) == (False, True)


@pytest.mark.parametrize(
    "line",
    [
        [], ["--data", "D", "--bind", "nowhere"], ["--data", "D", "--trust", "xyz"],
        ["--data", "D", "--certificate", "only"], ["--data", "D", "--every", "0"],
        ["--data", "D", "--prefixes", "missing"], ["--data", "D", "--collector-port", "70000"],
        ["--data", "D", "--store", "chdb:///elsewhere"],
    ],
)  # fmt: skip
def test_misuse_is_one_line_and_64(
    plans: list[Plan], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    ran = run_line("serve", *line)
    assert (ran.status, plans) == (64, [])
    assert ran.err.count("\n") == 1


@pytest.mark.parametrize(
    "store",
    [
        "/plain/folder",
        "folder",
        "",
        "chdb:/x",
        "file:///x",
        "ftp://host/x",
        "chdb://host/x",
        "C:\\\\x",
        "http://",
        "https:///x",
        "http://[::1",
    ],
)
def test_a_store_of_its_own_is_no_folder(plans: list[Plan], tmp_path: Path, store: str) -> None:
    ran = run_line("serve", "--data", str(tmp_path / "data"), "--store", store)
    assert (ran.status, plans) == (64, [])
    assert "--store takes the address of a database server" in ran.err
    assert "--data" in ran.err
    assert not (tmp_path / "data").exists()
