"""What is around every page of the protected part."""

import pytest

from voipwatch.civic.roles import Role, may
from voipwatch.site.campaigns.admin import layout
from voipwatch.site.campaigns.keepers import Visitor
from voipwatch.site.words import LANGUAGES, words


@pytest.mark.parametrize("role", Role)
def test_ways_lead_where_the_role_may_go(role: Role) -> None:
    around = layout.of(words("en"), Visitor("amina", role, "A" * 43))
    keys = [way.key for way in around["ways"]]
    assert keys == [key for key, act, _ in layout.WAYS if may(role, act)]
    assert (around["who"], around["signout"]) == ("amina", "/campaigns/en/admin/signout")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_whatever_was_done_is_said_in_every_language(lang: str) -> None:
    t, who = words(lang), Visitor("amina", Role.KEEPER, "A" * 43)
    said = {act: layout.of(t, who, act)["said"] for act in layout.SAID}
    assert all(said.values())
    assert len(set(said.values())) == len(said)
    assert layout.of(t, who, "<script>")["said"] == ""


def test_counts_are_told_from_ten_on() -> None:
    t = words("en")
    assert [layout.tens(t, count) for count in (0, 10, 1230)] == ["fewer than ten", "10", "1,230"]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_page_leads_to_itself_in_every_language(lang: str) -> None:
    frame = layout.frame(words(lang), "x", "petition", "calls")
    assert [each.href for each in frame.languages] == [
        f"/campaigns/{each}/admin/petition/calls" for each in LANGUAGES
    ]
    assert not frame.indexed
