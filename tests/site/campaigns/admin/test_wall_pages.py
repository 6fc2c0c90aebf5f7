"""The wall on the protected page: by site, in three languages, nothing of who left."""

import pytest

from tests.site.campaigns.instance import NOW
from voipwatch.civic.roles import Role
from voipwatch.civic.wall import Enrolment, State
from voipwatch.site.campaigns.admin.wall_pages import SITES_A_PAGE, wall
from voipwatch.site.campaigns.keepers import Visitor
from voipwatch.site.words import LANGUAGES, words

WHO = Visitor("amina", Role.MODERATOR, "A" * 43)


def page_of(site: str, state: State = State.SHOWN, path: str = "") -> Enrolment:
    seen_s = 0 if state is State.WAITING else NOW
    return Enrolment(
        mark=f"mark-{site}-{path}", page=f"https://{site}/{path}", site=site, state=state, since_s=NOW,
        seen_s=seen_s, due_s=NOW,
    )  # fmt: skip


@pytest.mark.parametrize("lang", LANGUAGES)
def test_sites_with_their_pages_and_a_button_each(lang: str) -> None:
    t = words(lang)
    enrolled = [
        page_of("one.example"),
        page_of("one.example", State.WAITING, "blog"),
        page_of("three.example", State.LEAVING),
        page_of("two.example", State.WAITING),
    ]
    page = wall(t, WHO, enrolled, 0, off=False, said="wall-remove").decode()
    assert page.count('name="site"') == page.count("<button aria-describedby") == 3
    assert page.count('value="one.example"') == 1
    assert "https://one.example/blog" in page
    assert "mark-" not in page
    told = t.plain("admin.wall.standing", standing=t.number(1), waiting=t.number(2))
    assert told in page
    assert t.plain("admin.said.wall-remove") in page
    assert t.plain("admin.wall.off") not in page
    assert '<a href="https://' not in page, "no request leaves for a site by a click"


def test_an_empty_wall_and_one_that_was_switched_off() -> None:
    t = words("en")
    page = wall(t, WHO, [], 0, off=True, said="").decode()
    assert t.plain("admin.wall.none") in page
    assert t.plain("admin.wall.off") in page


def test_sites_come_by_the_hundred() -> None:
    t = words("en")
    enrolled = [page_of(f"s{number:03}.example") for number in range(SITES_A_PAGE + 1)]
    first, second = (wall(t, WHO, enrolled, page, off=False, said="").decode() for page in (0, 1))
    assert ("s099.example" in first, "s100.example" in first) == (True, False)
    assert ("s099.example" in second, "s100.example" in second) == (False, True)
    assert "wall?page=1" in first
    assert "wall?page=0" in second
