"""Nobody is named while an innocent explanation fits."""

import msgspec
import pytest

from tests.chronicle.build import DAY, HOUR, at
from voipwatch.chronicle.blame import (
    BlameFacts,
    CanaryLoss,
    CanaryWord,
    attribute,
    canary_losses,
    only_some,
)
from voipwatch.model.incidents import AttributionReason, AttributionState
from voipwatch.model.vocabulary import Verdict

NOW = at("2016-01-10")


def word(
    app: str = "viber", hours_ago: float = 5, verdict: Verdict = Verdict.OK, operator: str = "AS900"
) -> CanaryWord:
    return CanaryWord(app, operator, "ab" * 32, verdict, NOW - hours_ago * HOUR)


GOOD = BlameFacts(
    operators=frozenset({"AS1"}),
    apps=frozenset({"viber", "imo"}),
    at_s=NOW,
    words=(word("viber"), word("imo", 23)),
    releases={"0.1": (40, 2), "0.2": (11, 1)},
    reflectors={"ab": (30, 2), "cd": (20, 1)},
)


def reasons(facts: BlameFacts) -> tuple[str, tuple[str, ...], str | None]:
    found = attribute(facts)
    return found.state.value, tuple(each.value for each in found.reasons), found.canary_silent_since


def test_an_operator_is_named_where_a_canary_reached_every_app_and_nothing_else_fits() -> None:
    assert reasons(GOOD) == ("attributed", ("canary-reached",), None)


@pytest.mark.parametrize(
    ("changed", "reason", "since"),
    [
        ({"words": ()}, "canary-silent", None),
        ({"words": (word("viber"),)}, "canary-silent", None),
        ({"words": (word("viber"), word("imo", 30))}, "canary-silent", "2016-01-08T18:00:00Z"),
        ({"words": (word("viber", 60), word("imo", 30))}, "canary-silent", "2016-01-07T12:00:00Z"),
        ({"words": (word("viber"), word("imo", -1))}, "canary-silent", None),
        ({"words": (word("viber"), word("imo", operator="AS1"))}, "canary-silent", None),
        ({"words": (word("viber"), word("imo", 3, Verdict.INSUFFICIENT))}, "canary-silent", None),
        ({"words": (word("viber"), word("imo", 3, Verdict.BLOCKED))}, "canary-same", None),
        ({"words": (word("viber"), word("imo", 3, Verdict.DOWN))}, "canary-same", None),
        ({"onsets_elsewhere": {"imo": frozenset({"FR"})}}, "elsewhere-same", None),
        ({"releases": {"0.1": (0, 40), "0.2": (40, 0)}}, "client-version", None),
        ({"reflectors": {"ab": (0, 40), "cd": (40, 0)}}, "reflector", None),
    ],
)
def test_each_innocent_explanation_alone_is_enough(
    changed: dict[str, object], reason: str, since: str | None
) -> None:
    assert reasons(msgspec.structs.replace(GOOD, **changed)) == ("unattributed", (reason,), since)


def test_a_canary_that_got_through_once_acquits_its_other_tries() -> None:
    mixed = (word("viber"), word("imo", 3), word("imo", 2, Verdict.BLOCKED))
    assert reasons(msgspec.structs.replace(GOOD, words=mixed))[0] == "attributed"


def test_an_app_that_fails_elsewhere_and_is_not_in_the_incident_says_nothing() -> None:
    elsewhere = {"skype": frozenset({"FR"}), "imo": frozenset[str]()}
    assert reasons(msgspec.structs.replace(GOOD, onsets_elsewhere=elsewhere))[0] == "attributed"


def test_all_reasons_are_told_and_that_no_app_gets_through_is_told_beside() -> None:
    bad = msgspec.structs.replace(
        GOOD, words=(), reflectors={"ab": (0, 40), "cd": (40, 0)}, other_apps_ok=False
    )
    assert reasons(bad)[1] == ("canary-silent", "reflector", "other-apps-same")
    alone = attribute(msgspec.structs.replace(GOOD, other_apps_ok=False))
    assert alone.state is AttributionState.ATTRIBUTED
    assert alone.reasons == (AttributionReason.CANARY_REACHED, AttributionReason.OTHER_APPS_SAME)


def test_any_app_of_a_canary_vouches_for_a_line() -> None:
    line = msgspec.structs.replace(GOOD, apps=frozenset({"line"}), words=(word("viber"),))
    assert reasons(line)[0] == "attributed"


def test_few_votes_of_a_release_say_nothing_of_it() -> None:
    assert not only_some({"0.1": (40, 0), "0.2": (0, 2)})
    assert only_some({"0.1": (40, 0), "0.2": (0, 3)})
    assert not only_some({"0.1": (40, 0), "0.2": (3, 3)}), "neither"
    assert not only_some({})


def test_a_canary_that_fell_silent_is_a_finding() -> None:
    words = [word("viber", 30), word("imo", 26), word("imo", 1, Verdict.INSUFFICIENT)]
    assert canary_losses(words, NOW) == [CanaryLoss("ab" * 32, NOW - 26 * HOUR)]
    assert canary_losses([*words, word("viber", 23.9)], NOW) == []
    assert canary_losses([], NOW + DAY) == []
