"""One simulated check, and submissions made of it; an empty database for a register."""

import pytest

from tests.collector.submissions import Maker, simulated_report
from tests.support.registers import register_server, register_url

__all__ = ["maker", "register_server", "register_url"]


@pytest.fixture(scope="session")
def maker() -> Maker:
    """Submissions of a check in which an app's port was dropped."""
    return Maker(simulated_report())
