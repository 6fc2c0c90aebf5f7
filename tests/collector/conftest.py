"""One simulated check, and submissions made of it."""

import pytest

from tests.collector.submissions import Maker, simulated_report


@pytest.fixture(scope="session")
def maker() -> Maker:
    """Submissions of a check in which an app's port was dropped."""
    return Maker(simulated_report())
