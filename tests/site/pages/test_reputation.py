"""The page of followers: every number with its source, and no sentence that says more than the numbers."""

import csv
import io
import re

import msgspec
import pytest

from tests.site.bundles import Page
from tests.support.followers import DONORS, EVENT, PAGE, reading, troubled, walks
from voipwatch.civic.observations import Precision, Quantity, observation, parse_csv
from voipwatch.civic.press import packaged_press
from voipwatch.civic.watched import Watch, watch_of
from voipwatch.site.html import to_html
from voipwatch.site.pages.reputation import (
    FILE,
    ROWS_SHOWN,
    PageView,
    observations_file,
    page_name,
    reputation,
    source_view,
)
from voipwatch.site.pages.site import Site
from voipwatch.site.words import LANGUAGES, words

EN = words("en")


def with_watch(site: Site, watch: Watch) -> Site:
    return Site(site.bundle, site.base, watch=watch)


def own(site: Site, watch: Watch, lang: str = "en") -> PageView:
    record, _ = reputation(with_watch(site, watch), words(lang)).records
    (page,) = record.pages
    return page


def told(page: PageView) -> str:
    return "\n".join(str(each.striptags()) for each in page.sentences)


def test_every_shipped_figure_is_there_with_its_source(site: Site) -> None:
    page = reputation(site, EN)
    (record,) = page.records
    rows = [row for each in record.pages for row in each.rows]
    assert len(rows) == 16
    assert all(row.marks for row in rows)
    assert {mark for row in rows for mark in row.marks} == set(range(1, len(page.sources) + 1))
    assert {row.printed for row in rows if row.printed} == {
        figure.printed for figure in packaged_press("morocco-2016").figures
    }
    (base,) = [row for row in rows if row.method == "press.derived"]
    assert base.number.striptags() == "2,443,555 to 2,449,689"
    assert "137450 / 5.625 %" in base.note
    assert page.sources[base.marks[0] - 1].text.startswith("labass")


def test_nothing_is_said_of_an_effect_that_cannot_be_known(site: Site) -> None:
    (record,) = reputation(site, EN).records
    for page in record.pages[:3]:
        said = told(page)
        assert "Effect of 27 February 2016: unidentified" in said
        assert "too few donor pages, 0 where 19 are needed" in said
        assert "no p below 1 can be reached" in said
        assert not re.search(r"\bfewer, that is\b|p = ", said)
    assert "no loss can be computed" in told(record.pages[1])
    assert "Effect" not in told(record.pages[3]), "three pages together"
    assert "none" in record.donors


def test_a_planted_loss_is_told_with_all_that_it_rests_on(site: Site) -> None:
    page = own(site, watch_of(walks(), event=EVENT, donors=DONORS))
    said = told(page)
    assert re.search(r"Since the baseline, the last count before 20 July 2026 \([\d,]+, 19 July 2026", said)
    assert re.search(r"fewer, that is (7|8)\.\d\d to (7|8)\.\d\d %|fewer, that is (7|8)\.\d+ %", said)
    assert "the page moved as none of the donor pages did" in said
    assert "Donor pages: 25" in said
    assert "no p below 0.038 can be reached" in said
    assert re.search(
        r"over 7 days: \u2212[78](\.\d)? %; effects from \u2212\d+(\.\d)? to \u2212\d+(\.\d)? %", said
    )
    assert page.rows[-1].since.striptags().startswith("\u2212")
    assert not page.rows[0].since


def test_no_effect_is_not_called_none(site: Site) -> None:
    said = told(own(site, watch_of(walks(lost=0.0), event=EVENT, donors=DONORS)))
    assert "That is not the same as none" in said
    assert re.search(r"p = 0\.\d+|p = 1", said)


def test_gaps_and_jumps_are_told_and_drawn(site: Site) -> None:
    page = own(site, watch_of(troubled()))
    said = told(page)
    assert "No event was named" in said
    assert "Nobody looked from 9 February 2026 to 3 March 2026" in said
    assert said.count("Flagged:") == 2
    assert "makes good" in said
    (chart,) = page.charts
    assert chart.drawing.count('class="gap"') == 1
    assert chart.drawing.count('class="flag"') == 2


def test_a_gain_and_a_loss_that_is_not_sure(site: Site) -> None:
    def coarse(step: int, low: int, high: int) -> object:
        return msgspec.structs.replace(
            reading(PAGE, step, low), low=float(low), high=float(high), precision=Precision.TRUNCATED
        )

    rows = [coarse(0, 1000, 1099), coarse(1, 1050, 1149)]
    said = told(own(site, watch_of(rows, event="2026-01-02")))  # type: ignore[arg-type]  # made above
    assert "anything from 49 fewer to 149 more" in said
    said = told(own(site, watch_of([rows[0], coarse(1, 1200, 1299)], event="2026-01-02")))  # type: ignore[list-item]  # the same
    assert "101 to 299 more, that is 9.19 to 29.9 %" in said
    assert "fewer" not in said


def test_two_that_disagree_both_stand(site: Site) -> None:
    page = own(site, watch_of([*troubled(), reading(PAGE, 5, 90_000, source="https://other.example/")]))
    assert "Two sources disagree" in told(page)
    assert "Both stand" in told(page)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_strangers_text_is_text_and_no_link_but_to_the_web(site: Site, lang: str) -> None:
    rows = [
        observation(
            page="facebook:x&y", quantity=Quantity.LIKES, low=1, high=1, precision=Precision.EXACT,
            at="2026-01-01", source=source, method="hand",
        )
        for source in ("<script>alert(1)</script>", "javascript:alert(1)", "https://a.example/?<b>\"")
    ]  # fmt: skip
    t = words(lang)
    html = to_html("reputation.html", reputation(with_watch(site, watch_of(rows)), t), t).decode()
    assert "<script" not in html
    assert "<b>" not in html
    assert "x&amp;y" in html
    assert 'href="javascript' not in html


def test_of_a_long_series_the_newest_rows_and_all_in_the_file(site: Site) -> None:
    rows = walks(donors=0)
    watched = with_watch(site, watch_of(rows))
    page = own(site, watch_of(rows))
    assert len(page.rows) == ROWS_SHOWN
    assert page.left_out.striptags() == f"Older rows, in the file alone: {len(rows) - ROWS_SHOWN}."
    kept = parse_csv(observations_file(watched).decode())
    assert kept == [*packaged_press("morocco-2016").observations, *rows]
    assert not own(site, watch_of(rows[:3])).left_out


def test_what_the_campaign_has_is_told_once(site: Site) -> None:
    shipped = packaged_press("morocco-2016").observations
    assert len(reputation(with_watch(site, watch_of(shipped)), EN).records) == 1
    rows = list(csv.reader(io.StringIO(observations_file(with_watch(site, watch_of(shipped))).decode())))
    assert len(rows) == 1 + 16


def test_names_and_sources() -> None:
    assert page_name(EN, "x:voipwatch").striptags() == "voipwatch (X)"
    assert page_name(EN, "facebook:a+b").striptags() == "a and b together (Facebook)"
    assert page_name(EN, "peertube:c").striptags() == "c (peertube)"
    assert source_view("A: B <https://a.example/x>")[:2] == ("A: B", "https://a.example/x")
    assert source_view("https://a.example/x")[:2] == ("https://a.example/x", "https://a.example/x")
    assert source_view("A: B")[:2] == ("A: B", "")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_page_is_linked_and_whole(pages: dict[str, bytes], lang: str) -> None:
    page = Page(pages[f"{lang}/reputation/index.html"])
    for number in ("~-20,000", "-123,380", "up to 100 likes/min"):
        assert number in page.text
    assert any(link.endswith("reputation/") for link in Page(pages[f"{lang}/index.html"]).links)
    assert any(link.endswith(FILE) for link in page.links)
    assert parse_csv(pages[FILE].decode())
    assert "<script" not in pages[f"{lang}/reputation/index.html"].decode()
    assert "voipwatch" in page.text
