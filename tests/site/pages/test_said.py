"""What people said stands as they said it, in the order of the log."""

import pytest

from tests.site.made import incident, page
from voipwatch.model.acts import Dispute, Hold, Notice, Reply, ReplySide, Review
from voipwatch.site.bundle import IncidentPage, Said
from voipwatch.site.links import Here
from voipwatch.site.pages.said import correction_view, said_of
from voipwatch.site.words import words

EN = words("en")
NAME = "MA-2016-01-a"
AT = "2016-01-20T00:00:00Z"


def reply(url: str = "") -> Reply:
    return Reply(
        NAME, ReplySide.OPERATOR, "An operator", "2016-01-19", "We did <nothing>.", lang="fr", url=url
    )


def told(**said: object) -> IncidentPage:
    return IncidentPage(**(page([incident()]) | said))


def test_all_of_it_in_the_order_of_the_log() -> None:
    everything = told(
        reviews=(Said(AT, 5, "review", Review(NAME, 1, "the desk", "read twice")),),
        notices=(Said(AT, 2, "notice", Notice(NAME, 1, ("A", "B"), AT, "letter"), 3),),
        replies=(Said(AT, 4, "reply", reply("https://example.org/reply")),),
        disputes=(Said(AT, 6, "dispute", Dispute(NAME, "An operator", "not us")),),
        holds=(Said(AT, 1, "hold", Hold(NAME, 1, AT, "00")),),
    )
    found = said_of(EN, everything)
    assert [each.kind for each in found] == ["Embargo", "Notice", "Reply", "Review", "Dispute"]
    assert found[1].note.startswith("3 operators were told")
    assert found[1].who == "A, B"
    assert (found[2].text, found[2].lang) == ("We did <nothing>.", "fr")
    assert found[2].url == "https://example.org/reply"
    assert found[3].text == "read twice"
    assert "An operator" in found[4].note


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", "//example.org", "x"])
def test_an_address_that_is_none_leads_nowhere(url: str) -> None:
    [said] = said_of(EN, told(replies=(Said(AT, 1, "reply", reply(url)),)))
    assert said.url == ""


def test_a_correction() -> None:
    entry: dict[str, object] = {
        "at": AT, "kind": "withdrawal",
        "body": {"incident": "", "reason": "A probe was wrong.", "changepoints": ["a", "b"]},
    }  # fmt: skip
    view = correction_view(EN, Here("en", "corrections/"), entry)
    assert (view.kind, view.href, view.what, view.evidence) == ("Withdrawal", "", "A probe was wrong.", 2)
