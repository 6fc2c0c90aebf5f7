"""Boycotts on the protected page: numbers as published, forms of what may be done now."""

import msgspec
import pytest

from tests.site.campaigns.instance import NOW
from tests.site.campaigns.pledging.campaign import BEGINS, ENDS, REPORTS_END, boycott
from voipwatch.civic.boycotts import Noted
from voipwatch.civic.publiccounts import CountLine
from voipwatch.civic.roles import Act, Role
from voipwatch.civic.turnout import Found, Observable
from voipwatch.site.campaigns.admin import boycott_pages
from voipwatch.site.campaigns.keepers import Visitor
from voipwatch.site.campaigns.pledging.desk import ToldBoycott
from voipwatch.site.words import LANGUAGES, words
from voipwatch.store.civic.pledging import PledgeState

HOSTILE = '<script>alert(1)</script>"'


def told(declared: int = 130, changes: dict[str, object] | None = None) -> ToldBoycott:
    line = CountLine(1, "0" * 64, "2026-11-06T00:00:00Z", declared, "0" * 64)
    lines = {series: line if series is PledgeState.DECLARED else None for series in PledgeState}
    return ToldBoycott(boycott(**(changes or {})), lines)


def visitor(role: Role = Role.KEEPER) -> Visitor:
    return Visitor("amina", role, "A" * 43)


@pytest.mark.parametrize(
    ("now_s", "changes", "keeper"),
    [
        (NOW, {}, {"close-boycott"}),
        (BEGINS, {}, {"observe", "close-boycott"}),
        (ENDS + 1, {}, {"observe", "close-boycott"}),
        (REPORTS_END, {}, {"observe"}),
        (ENDS + 1, {"closed_at_s": NOW}, set()),
    ],
)
def test_what_can_be_done_now_has_a_form(now_s: int, changes: dict[str, object], keeper: set[str]) -> None:
    for role in Role:
        page = boycott_pages.boycott(words("en"), visitor(role), told(changes=changes), now_s, "").decode()
        found = {act.value for act in Act if f'id="act-{act.value}"' in page}
        assert found == (keeper if role is Role.KEEPER else set())


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_page_is_whole_and_escaped(lang: str) -> None:
    t = words(lang)
    noted = Noted(BEGINS, Observable(what=HOSTILE, found=Found.NOT_MEASURED))
    texts = {"en": msgspec.structs.replace(boycott().texts["en"], title=HOSTILE)}
    page = boycott_pages.boycott(
        t, visitor(), told(changes={"observed": (noted,), "texts": texts}), ENDS, "observe"
    ).decode()
    assert "<script" not in page
    assert page.count("<h1") == 1
    assert t.plain("admin.said.observe") in page
    assert t.number(130) in page


def test_numbers_are_those_that_were_told() -> None:
    shown = boycott_pages.shown_boycott(words("en"), told(), NOW)
    assert shown.declared.startswith("130 or a few more")
    assert shown.kept == shown.broken == "no count told yet"
    assert boycott_pages.shown_boycott(words("en"), told(0), NOW).declared.startswith("fewer than 10")
