"""The closed vocabularies: public names that may be added to and never change."""

import re
from enum import StrEnum

import pytest

from tests.support.environment import REPOSITORY
from voipwatch.model import vocabulary
from voipwatch.model.vocabulary import (
    APP_IDS,
    CONTROL_ARMS,
    LINE,
    Access,
    Arm,
    Conclusion,
    Direction,
    Failure,
    Family,
    Media,
    Stage,
    Verdict,
)

ENUMS = [Verdict, Conclusion, Stage, Arm, Family, Media, Direction, Access, Failure]


def test_the_app_ids_in_the_order_of_tables() -> None:
    assert " ".join(APP_IDS) == (
        "whatsapp viber skype teams messenger facetime imo signal telegram zoom meet discord sip webrtc"
    )
    assert LINE not in APP_IDS


@pytest.mark.parametrize(
    ("vocabulary_", "names"),
    [
        (Verdict, "ok blocked throttled down insufficient"),
        (Stage, "resolve reach setup handshake voice video direct"),
        (Arm, "A C A' C' D W"),
        (Media, "none voice video"),
        (Direction, "up down both"),
        (Access, "3g 4g 5g wifi adsl fibre cable satellite ethernet unknown"),
    ],
)
def test_names_that_reports_quote(vocabulary_: type[StrEnum], names: str) -> None:
    """Written out here, so that renaming one is a decision and not a slip."""
    assert " ".join(member.value for member in vocabulary_) == names


def test_every_vocabulary_is_listed_here() -> None:
    found = {v for v in vars(vocabulary).values() if isinstance(v, type) and issubclass(v, StrEnum)}
    assert found - {StrEnum} == set(ENUMS)


@pytest.mark.parametrize("vocabulary_", ENUMS)
def test_values_are_plain_words_that_json_and_a_shell_bear(vocabulary_: type[StrEnum]) -> None:
    for member in vocabulary_:
        assert re.fullmatch(r"[A-Za-z0-9_-]*'?", member.value)
        assert str(member) == member.value


def test_controls_are_controls() -> None:
    assert {Arm.C, Arm.C_NEUTRAL, Arm.W} == CONTROL_ARMS


def test_every_failure_is_in_the_handbook() -> None:
    """Somebody who reads a failure's name in a report must find what it means."""
    pages = "\n".join(path.read_text("utf-8") for path in (REPOSITORY / "docs").rglob("*.md"))
    missing = [failure.value for failure in Failure if f"`{failure.value}`" not in pages]
    assert missing == []
