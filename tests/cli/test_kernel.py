import io
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Self

import pytest

from tests.support.environment import require
from voipwatch.cli import kernel
from voipwatch.cli.kernel import KernelCheckError, kernel_problem, report_from_kernel
from voipwatch.cli.machinery import judge
from voipwatch.cli.reportfile import decode_report
from voipwatch.lab.hops import HopChain
from voipwatch.lab.netns import FAR, NEAR, KernelNet, KernelNetError
from voipwatch.lab.support import Support
from voipwatch.lab.worlds import load_worlds
from voipwatch.model.vocabulary import Verdict

pytestmark = pytest.mark.xdist_group("cli-real-time")
"""One after the other: what keeps time should not wait for its sisters."""


@pytest.mark.kernel
@pytest.mark.slow
def test_a_world_over_the_kernel_by_the_programs_that_a_person_would_type() -> None:
    require(kernel_problem() is None, f"kernel networks: {kernel_problem()}")
    world = load_worlds().get("stun-cookie")
    report = report_from_kernel(world, ("webrtc",), seed=1, budget_bytes=600_000, lang="fr")
    row = report.check.results[0]
    assert (row.verdict, row.mechanism) == (Verdict.BLOCKED, "stun.drop")
    assert row.explanation == judge(report.measurement, lang="fr").results[0].explanation
    measurement = report.measurement
    assert measurement.reflectors[0].control == "ok"
    assert measurement.reflectors[0].name.startswith("addr-")


class FakeNet:
    """Stands in for the namespaces: `says` is the reflector's first line, `status` the check's end."""

    far_address, near_address = FAR[0], NEAR[0]
    says = "voipwatch reflector ready control=203.0.113.2:8443 pin=" + "ab" * 32
    status = 0
    report = b""
    late = False
    fails: KernelNetError | None = None

    def __init__(self, *_: object) -> None:
        self.commands: list[list[str]] = []
        self.environment: dict[str, str] = {}

    def __enter__(self) -> Self:
        if self.fails is not None:
            raise self.fails
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def popen_far(self, command: list[str], **_: Any) -> SimpleNamespace:
        return SimpleNamespace(stdout=io.StringIO(self.says + "\n"))

    def run_near(self, command: list[str], *, timeout: float, **_: Any) -> "subprocess.CompletedProcess[str]":
        if self.late:
            raise subprocess.TimeoutExpired(command, timeout)
        if self.report:
            Path(command[command.index("--out") + 1]).write_bytes(self.report)
        return subprocess.CompletedProcess(command, self.status, None, "voipwatch: why not")


def measured_with(monkeypatch: pytest.MonkeyPatch, **changes: object) -> object:
    monkeypatch.setattr(kernel, "KernelNet", type("Net", (FakeNet,), changes))
    return report_from_kernel(load_worlds().get("clean"), ("webrtc",), seed=1, budget_bytes=300_000)


def test_the_report_of_the_check_is_what_comes_back(
    monkeypatch: pytest.MonkeyPatch, report_bytes: bytes
) -> None:
    report = measured_with(monkeypatch, status=1, report=report_bytes)
    assert report == decode_report(report_bytes, name="report.json")[0]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"says": "voipwatch: the reflector cannot start"}, "cannot start"),
        ({"status": 70}, "ended with 70: voipwatch: why not"),
        ({"status": 0}, "ended with 0"),
        ({"late": True}, "too long"),
        ({"fails": KernelNetError("operator: not permitted")}, "not permitted"),
    ],
)
def test_what_goes_wrong_is_said(
    monkeypatch: pytest.MonkeyPatch, changes: dict[str, object], words: str
) -> None:
    with pytest.raises(KernelCheckError, match=words):
        measured_with(monkeypatch, **changes)


def test_why_the_kernel_cannot_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    none = Support(available=False, how="none", reasons=("not installed: nft", "userns: no"))
    monkeypatch.setattr(kernel, "kernel_support", lambda: none)
    assert kernel_problem() == "not installed: nft; userns: no"
    monkeypatch.setattr(kernel, "kernel_support", lambda: Support(available=True, how="root", reasons=()))
    assert kernel_problem() is None


def test_over_a_chain_of_routers_it_is_asked_where(
    monkeypatch: pytest.MonkeyPatch, report_bytes: bytes
) -> None:
    made: list[FakeNet] = []

    class Chain(FakeNet):
        def __init__(self, *given: object) -> None:
            super().__init__(*given)
            self.given = given
            made.append(self)

        def run_near(self, command: list[str], *, timeout: float, **_: Any) -> Any:
            self.commands.append(command)
            return super().run_near(command, timeout=timeout)

    monkeypatch.setattr(kernel, "HopNet", type("Net", (Chain,), {"status": 1, "report": report_bytes}))
    chain, clean = HopChain(4, 2), load_worlds().get("clean")
    report_from_kernel(clean, ("webrtc",), seed=1, budget_bytes=300_000, hops=chain)
    (net,) = made
    assert getattr(net, "given", None) == (clean, chain, 1)
    assert "--locate" in net.commands[0]


def test_the_fake_has_the_shape_of_the_real_one() -> None:
    for name in ("popen_far", "run_near", "far_address", "__enter__", "__exit__"):
        assert hasattr(KernelNet, name)
