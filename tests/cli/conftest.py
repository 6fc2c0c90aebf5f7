"""One simulated check, kept as a report: what `verify` and the redactor's neighbours are tried on."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.doubles import run_line
from voipwatch.cli.context import CheckRequest
from voipwatch.experiment.events import Progress
from voipwatch.lab.drive import run_simulated
from voipwatch.lab.worlds import load_worlds
from voipwatch.model.measurement import Measurement

BUDGET_BYTES = 700_000
"""An app: enough for its verdict and a held call, and a third of the usual evidence to look through."""


def simulate(request: CheckRequest, on_progress: Callable[[Progress], None]) -> Measurement:
    """A probe in a world where STUN is dropped."""
    world = load_worlds().get("stun-cookie")
    return run_simulated(world, apps=request.apps, seed=5, budget_bytes=BUDGET_BYTES, on_progress=on_progress)


@pytest.fixture(scope="session")
def report_bytes(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A report of two apps, one of them blocked, as `check --out` wrote it."""
    path: Path = tmp_path_factory.mktemp("report") / "report.json"
    ran = run_line(
        "check", "--reflector", "lab.example", "--app", "webrtc,sip", "--yes", "--json", "--out", str(path),
        measure=simulate,
    )  # fmt: skip
    assert ran.status == 1
    return path.read_bytes()


@pytest.fixture
def report_path(report_bytes: bytes, tmp_path: Path) -> Path:
    """The same report in a file of its own."""
    path = tmp_path / "report.json"
    path.write_bytes(report_bytes)
    return path
