"""A test that cannot run is skipped on somebody's machine and fails in CI."""

import pytest

from tests.support import environment


def test_a_true_condition_lets_the_test_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    for in_ci in (False, True):
        monkeypatch.setattr(environment, "IN_CI", in_ci)
        environment.require(condition=True, reason="never said")


def test_a_missing_thing_skips_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "IN_CI", False)
    with pytest.raises(pytest.skip.Exception, match="no kernel queue"):
        environment.require(condition=False, reason="no kernel queue")


def test_a_missing_thing_fails_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "IN_CI", True)
    with pytest.raises(pytest.fail.Exception, match="no kernel queue"):
        environment.require(condition=False, reason="no kernel queue")
