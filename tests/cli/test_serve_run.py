"""What one run of `serve` says of itself, without its processes; whole: tests/integration."""

import asyncio
from pathlib import Path

import msgspec
import pytest

from tests.cli.doubles import run_line
from voipwatch.cli.serve_run import Plan, Serving
from voipwatch.cli.serve_supervisor import Child


class Order(msgspec.Struct, frozen=True):
    name: str = ""


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[Serving]:
    """Runs that would have been."""
    seen: list[Serving] = []

    async def run(self: Serving) -> int:
        seen.append(self)
        return 0

    monkeypatch.setattr(Serving, "run", run)
    return seen


def planned(runs: list[Serving], tmp_path: Path, *options: str) -> tuple[Serving, Plan]:
    ran = run_line("serve", "--data", str(tmp_path / "data"), *options)
    assert ran.status == 0, ran.err
    return runs[-1], runs[-1]._plan


def test_a_machine_has_its_roles_and_partitions(runs: list[Serving], tmp_path: Path) -> None:
    _, plan = planned(
        runs, tmp_path, "--role", "loader", "--role", "detector", "--partitions", "0-2,5",
        "--store", "http://u:p@h/d", "--stream", "nats://a?partitions=8", "--drain", "7",
        "--health-port", "0",
    )  # fmt: skip
    assert (plan.share.roles, plan.share.partitions) == (("loader", "detector"), (0, 1, 2, 5))
    assert (plan.drain_s, plan.health_port) == (7, 0)


def test_a_register_goes_to_the_collector_and_wants_one(runs: list[Serving], tmp_path: Path) -> None:
    url = "postgresql://u:secret@h/d"
    serving, plan = planned(
        runs, tmp_path, "--role", "collector", "--stream", "nats://a", "--register", url
    )  # fmt: skip
    assert plan.register == url
    assert serving._collecting((), "", "").register == url
    ran = run_line(
        "serve", "--data", str(tmp_path / "data"), "--role", "loader", "--store", "http://u:p@h/d",
        "--stream", "nats://a", "--register", url,
    )  # fmt: skip
    assert ran.status != 0
    assert "--role collector" in ran.err
    ran = run_line("serve", "--data", str(tmp_path / "data"), "--register", "mysql://u:secret@h/d")
    assert ran.status != 0
    assert "postgresql://USER" in ran.err
    assert "secret" not in ran.err


def test_workers_go_to_the_reflector_and_want_one(runs: list[Serving], tmp_path: Path) -> None:
    _, plan = planned(runs, tmp_path, "--role", "reflector", "--workers", "3")
    assert plan.workers == 3
    for options, word in (
        (("--role", "collector", "--stream", "nats://a", "--workers", "2"), "--role reflector"),
        (("--workers", "0"), "--workers"),
        (("--workers", "65"), "--workers"),
    ):
        ran = run_line("serve", "--data", str(tmp_path / "data"), *options)
        assert (ran.status, word in ran.err) == (64, True), options


class Up(Child):
    """Ready, without a process."""

    up = True

    @property
    def is_up(self) -> bool:
        return self.up


def test_it_is_ready_when_all_its_parts_are_and_it_is_not_being_stopped(
    runs: list[Serving], tmp_path: Path
) -> None:
    serving, plan = planned(runs, tmp_path)
    for role in plan.share.roles:
        serving.children[role] = Up(role, Order())
    assert not serving._state().ready, "it is starting"
    serving._started = True
    assert serving._state().parts["keeper"] == "starting", "it has said nothing of its store"
    status = tmp_path / "data" / "status.json"
    status.write_text('{"store":"unreachable"}')
    assert (serving._state().ready, serving._state().parts["keeper"]) == (False, "unreachable")
    status.write_text('{"store":"ok"}')
    assert serving._state().ready
    collector = serving.children["collector"]
    assert isinstance(collector, Up)
    collector.up = False
    assert (serving._state().ready, serving._state().parts["collector"]) == (False, "starting")
    collector.up = True
    collector.trouble = "register unreachable"
    assert (serving._state().ready, serving._state().parts["collector"]) == (False, "register unreachable")
    collector.trouble = ""
    assert serving._state().ready

    async def drained() -> bool:
        asking = asyncio.create_task(asyncio.Event().wait())
        await serving._drain(asking)
        asking.cancel()
        return serving._state().ready

    assert not asyncio.run(drained())
    assert serving._state().draining
