"""Fixtures for every test: hypothesis profiles, the shared material, a printed seed."""

import gc
import os
from hashlib import blake2b
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.support import alone
from tests.support.browser import chromium
from tests.support.environment import IN_CI, REPOSITORY, SHARED

__all__ = ["chromium"]  # a fixture for every test

settings.register_profile(
    "fast",
    max_examples=100,
    deadline=None,  # two shared cores: a slow example says nothing about the code
    derandomize=IN_CI,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],  # the same reason
)
settings.register_profile("deep", parent=settings.get_profile("fast"), max_examples=5_000, derandomize=False)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fast"))


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of this repository."""
    return REPOSITORY


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """The captures and tables that lie beside the repository; the test is skipped where they are not."""
    if not SHARED.is_dir():
        pytest.skip(f"no shared material: {SHARED.name}/ is not beside the repository")
    return SHARED


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> bytes:
    """Thirty-two bytes of randomness for one test, printed so that a failure can be repeated.

    They come from the test's own name, so that a run is like the last one; VOIPWATCH_SEED=text draws others.
    """
    text = os.environ.get("VOIPWATCH_SEED", "")
    drawn = blake2b(request.node.nodeid.encode(), key=text.encode()[:64], digest_size=32).digest()
    print(f"seed: VOIPWATCH_SEED={text!r} gives {drawn.hex()}")  # noqa: T201 -- pytest shows it on a failure
    return drawn


def pytest_addoption(parser: pytest.Parser) -> None:
    """What `scripts/unit.sh` gives to its second try."""
    parser.addoption(alone.OPTION, action="store_true", help="the second try of a few real tests")


def pytest_collection_finish(session: pytest.Session) -> None:
    """Ten thousand tests and what they import stay to the end: no search for garbage looks at them again."""
    gc.collect()
    gc.freeze()
    if session.config.getoption(alone.OPTION) and (problem := alone.refuse(session.items)):
        raise pytest.UsageError(problem)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """What passes alone only is a defect still: it is named."""
    if config.getoption(alone.OPTION):
        for nodeid in sorted({report.nodeid for report in terminalreporter.getreports("passed")}):
            terminalreporter.write_line(f"failed among four processes, passed alone: {nodeid}")


def pytest_report_header() -> str:
    """Say what a reader needs to repeat the run."""
    profile = os.environ.get("HYPOTHESIS_PROFILE", "fast")
    text = os.environ.get("VOIPWATCH_SEED", "")
    return f"voipwatch: hypothesis profile {profile}, VOIPWATCH_SEED={text!r}, CI={IN_CI}"
