"""A series: its months and rows."""

from voipwatch.site.pages.series import month, series
from voipwatch.site.pages.site import Site
from voipwatch.site.words import words

EN = words("en")


def test_a_series(site: Site) -> None:
    page = series(site, EN, site.of("MA", app="whatsapp")[0])
    [view] = page.months
    assert (view.days, view.rows, view.deciding, view.blocked, view.percent) == (12, 12, 240, 80, "33%")
    assert view.href == "#2016-01-04-day"
    assert page.rows.count("<tr ") == 12
    assert page.now.href == "./#2016-01-15-day"
    assert page.file_href == "../../../../../../../bundle/series/MA/AS36925/4g/whatsapp.json"


def test_a_month_is_as_of_its_newest_row(site: Site) -> None:
    state = site.of("MA", app="whatsapp")[0]
    rows = site.rows(state)
    page = month(site, EN, state, site.history(state).months[0]._replace(hours=rows[:2]))
    assert page.shell.valid_until == ""
    assert page.shell.as_of == EN.moment(rows[1].as_of)
