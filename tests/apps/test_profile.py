"""Looking things up in a profile."""

import pytest

from tests.apps.support import SMALL, load


def test_legs_and_messages_are_found_by_name() -> None:
    profile = load(SMALL)
    assert profile.leg("relay") is profile.legs[0]
    assert profile.message("hello").name == "hello"
    with pytest.raises(KeyError):
        profile.leg("peer")
    with pytest.raises(KeyError):
        profile.message("goodbye")


def test_equal_content_is_an_equal_profile() -> None:
    assert load(SMALL) == load(SMALL)
    assert load(SMALL) != load(SMALL.replace("3478", "3479"))
