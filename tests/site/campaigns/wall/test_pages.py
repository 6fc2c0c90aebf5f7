"""Pages of the wall: whole documents, names as their owners write them, the curve without anybody's."""

import pytest

from tests.site.campaigns.instance import DAY_S, NOW
from tests.site.campaigns.test_pages import Tags
from voipwatch.civic.campaignfile import Controller
from voipwatch.civic.wall import CurvePoint, Enrolment, State, WallPage
from voipwatch.site.campaigns.wall.keeping import Enrolled
from voipwatch.site.campaigns.wall.pages import enrol_page, enrolled_page, leave_page, wall_page
from voipwatch.site.words import LANGUAGES, words

WHO = Controller("A <b>B</b>", "1, rue X", "x@example.org", "A-1/2026")
CURVE = [CurvePoint("2026-11-01", 0), CurvePoint("2026-11-02", 12), CurvePoint("2026-11-03", 12)]


def shown(site: str = "one.example", *, page: str = "") -> Enrolment:
    return Enrolment(
        mark="m" * 22,
        page=page or f"https://{site}/",
        site=site,
        state=State.SHOWN,
        since_s=NOW - 30 * DAY_S,
        seen_s=NOW,
        due_s=NOW,
    )


@pytest.mark.parametrize("lang", LANGUAGES)
def test_whole_documents_without_script_or_style_inside(lang: str) -> None:
    t = words(lang)
    told = Enrolled(WallPage("https://one.example/?a=%22%3C", "one.example"), "m" * 22, "c" * 43)
    for page in (
        wall_page([shown(), shown("xn--4gbrim.xn--mgbc0a9azcg")], CURVE, t, controller=WHO),
        wall_page([], [], t, controller=WHO),
        enrol_page(t, controller=WHO, fault="host", typed='"><script>x</script>'),
        enrolled_page(told, t),
        leave_page(t),
        leave_page(t, done=True),
    ):
        tags = Tags(page)
        assert not [tag for tag, _ in tags.seen if tag in {"script", "style", "iframe"}]
        assert not [names for _, names in tags.seen if any(n == "style" or n.startswith("on") for n in names)]
        assert b"<b>B</b>" not in page


@pytest.mark.parametrize("lang", LANGUAGES)
def test_who_enrols_twice_is_told_which_code_counts(lang: str) -> None:
    t = words(lang)
    told = Enrolled(WallPage("https://one.example/", "one.example"), "m" * 22, "c" * 43)
    page = enrolled_page(told, t).decode()
    assert page.index(t("wall.enrolled.code")) < page.index(t("wall.enrolled.again")) < page.index("c" * 43)


def test_links_lead_on_without_a_recommendation_or_a_referrer() -> None:
    page = wall_page([shown()], [], words("en"), controller=WHO)
    links = [
        names for tag, names in Tags(page).seen if tag == "a" and "one.example" in str(names.get("href"))
    ]
    assert [(each["href"], each["rel"]) for each in links] == [
        ("https://one.example/", "nofollow noopener noreferrer ugc")
    ]


def test_a_name_stands_as_its_owner_writes_it() -> None:
    page = wall_page([shown("xn--4gbrim.xn--mgbc0a9azcg")], [], words("ar"), controller=WHO).decode()
    assert "<bdi>موقع.المغرب</bdi>" in page
    assert 'href="https://xn--4gbrim.xn--mgbc0a9azcg/"' in page


def test_since_when() -> None:
    t = words("en")
    page = wall_page([shown()], [], t, controller=WHO).decode()
    assert t.plain("wall.since", day="7 October 2026") in page


def test_who_shares_a_host_stands_there_with_the_page_that_was_declared() -> None:
    pages = [shown(page=f"https://one.example/{path}") for path in ("", "~a/", "%3Cb%3Ex", "b" * 400)]
    page = wall_page(pages, [], words("en"), controller=WHO).decode()
    for name in ("one.example", "one.example/~a/", "one.example/%3Cb%3Ex"):
        assert f"<bdi>{name}</bdi>" in page
    assert f"one.example/{'b' * 67}…</bdi>" in page
    assert 'href="https://one.example/~a/"' in page


def test_two_pages_of_a_site_count_once() -> None:
    t = words("fr")
    page = wall_page([shown(), shown(), shown("two.example")], [], t, controller=WHO).decode()
    assert t.plain("wall.number", n=2) in page


def test_the_table_says_what_the_drawing_shows() -> None:
    page = wall_page([], CURVE, words("en"), controller=WHO).decode()
    assert '<tr><th scope="row">2–3 November 2026</th><td>12</td></tr>' in page
    assert '<tr><th scope="row">1 November 2026</th><td>fewer than 10</td></tr>' in page
    assert page.index("2–3 November") < page.index('"row">1 November')
    assert 'role="img"' in page
