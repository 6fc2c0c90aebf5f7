"""The page of costs: incidents by each method, the printed figure followed, every input with its source."""

import pytest
from msgspec.structs import replace

from tests.site.bundles import Page
from voipwatch.model.incidents import IncidentStatus
from voipwatch.site.pages.cost import cost, countable
from voipwatch.site.pages.site import Site
from voipwatch.site.words import LANGUAGES, words

EN = words("en")


def test_every_incident_has_its_ranges(site: Site) -> None:
    page = cost(site, EN)
    told = [each for each in site.incidents if countable(each)]
    assert [each.id for each in page.incidents] == [each.incident.id for each in told]
    (first, *_) = page.incidents
    assert first.estimates[0].method.striptags() == "Brookings 2016"
    assert all("to" in one.amount.striptags() for one in first.estimates), "never one number"
    assert any("goes on" in str(note) for note in first.notes)
    assert first.href == f"../incidents/{first.id}/"


def test_the_figure_is_followed(site: Site) -> None:
    (figure,) = cost(site, EN).figures
    lines = [str(line.striptags()) for line in figure.lines]
    assert lines[0].startswith("320,456,034 dollars for 182 days, 1 January 2016 to 30 June 2016")
    assert "320,455,954: 80 dollars less" in lines[1]
    assert "to the dollar" in lines[2]
    assert len(figure.dates) == 7
    assert figure.dates[-1].dates == "2015-12-31/2016-01-05 – 2016-11-03/04"
    assert figure.dates[-1].days == "252 to 310"
    assert "spread-maybe" in figure.chart


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_input_has_a_source_that_is_there(site: Site, lang: str) -> None:
    page = cost(site, words(lang))
    assert len(page.inputs) >= 10
    assert all(each.marks for each in page.inputs)
    marks = [*(each.marks for each in page.inputs), *(each.marks for each in page.figures)]
    marks += [each.marks for each in page.voice]
    cited = {mark for each in marks for mark in each}
    assert cited == set(range(1, len(page.sources) + 1))
    assert page.caveats
    assert page.lacking


def test_an_equation_is_one_piece(site: Site) -> None:
    """In Arabic it would else begin with its result."""
    (figure,) = cost(site, words("ar")).figures
    assert "<bdi>182 × 1.760.747 = 320.455.954</bdi>" in figure.lines[1]


def test_shares_keep_their_digits(site: Site) -> None:
    values = {str(each.name): str(each.value) for each in cost(site, EN).inputs}
    assert values["what free apps add"] == "0.0023 to 0.0029"
    french = {str(each.name): str(each.value) for each in cost(site, words("fr")).inputs}
    assert french["apport des applis gratuites"] == "0,0023 à 0,0029"


def test_what_was_withdrawn_costs_nothing(site: Site) -> None:
    page = site.incidents[0]
    assert countable(page)
    assert not countable(replace(page, incident=replace(page.incident, status=IncidentStatus.WITHDRAWN)))
    assert not countable(replace(page, incident=replace(page.incident, spread=())))


def test_the_page_is_linked_and_whole(pages: dict[str, bytes]) -> None:
    for lang in LANGUAGES:
        page = Page(pages[f"{lang}/cost/index.html"])
        assert "CIPESA 2017" in page.text
        assert any(link.endswith("cost/") for link in Page(pages[f"{lang}/index.html"]).links)
    incident = next(path for path in pages if path.startswith("en/incidents/") and path.count("/") == 3)
    assert any("cost/#incident-" in link for link in Page(pages[incident]).links)
