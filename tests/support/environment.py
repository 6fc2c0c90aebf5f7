"""Where the tests run: the repository, the shared material beside it, and what a missing thing means."""

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
SHARED = REPOSITORY.parent / "shared"
IN_CI = os.environ.get("CI", "").lower() == "true"


def require(condition: object, reason: str) -> None:
    """Go on if `condition` is true; else skip the test with `reason`, or fail it where CI=true.

    A test that should run in CI and cannot is a failure: a silent skip there would look like a pass.
    """
    if condition:
        return
    if IN_CI:
        pytest.fail(f"cannot run in CI: {reason}", pytrace=False)
    pytest.skip(reason)
