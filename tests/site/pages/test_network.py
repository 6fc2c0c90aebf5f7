"""An operator and an app: strips beside a table of days."""

from voipwatch.site.pages.network import app, operator
from voipwatch.site.pages.site import Site
from voipwatch.site.words import words

EN = words("en")


def test_an_operator(site: Site) -> None:
    page = operator(site, EN, "MA", "AS36925")
    assert page.shell.title == "AS36925 in Morocco: published series"  # no state in a title beside a name
    assert [line.name.striptags() for line in page.series] == ["Viber · 4G", "WhatsApp · 4G"]
    assert [dict(zip(map(str, page.states), line.days, strict=True)) for line in page.series] == [
        {"blocked": 0, "slowed": 0, "line down": 0, "on and off": 0, "passes": 12, "too little data": 0},
        {"blocked": 4, "slowed": 0, "line down": 0, "on and off": 0, "passes": 8, "too little data": 0},
    ]


def test_an_app(site: Site) -> None:
    page = app(site, EN, "MA", "whatsapp")
    assert (page.shell.title, page.is_line) == ("WhatsApp in Morocco", False)
    assert [line.href for line in page.series] == ["../../series/AS36925/4g/whatsapp/"]
