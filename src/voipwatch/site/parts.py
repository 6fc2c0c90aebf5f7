"""What makes up the site beside its pages: feeds, badges, the API, cards, counters, the line test.

Each part is named here once, and knows nothing of the pages.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from voipwatch.site import api
from voipwatch.site.cards.files import card_plans
from voipwatch.site.cards.fonts import NoFontsError, find_fonts
from voipwatch.site.counted import counters_in, home_counter
from voipwatch.site.counter import embed as embedding
from voipwatch.site.counter.document import counter_document
from voipwatch.site.counter.files import counter_files
from voipwatch.site.counter.frame import OEMBED_TYPE
from voipwatch.site.counter.module import current_module, modules_in
from voipwatch.site.counter.oembed import oembed_url
from voipwatch.site.counter.phrases import country_name, say
from voipwatch.site.feeds.files import feed_files
from voipwatch.site.feeds.heads import head_links, incident_json_ld, open_graph, site_json_ld
from voipwatch.site.html import to_html
from voipwatch.site.linetest import page as testing
from voipwatch.site.linetest.page import LineTestContext, line_test_context
from voipwatch.site.links import Here
from voipwatch.site.pages.embed import NOWHERE, Counter, Snippet
from voipwatch.site.pages.head import Head, HeadLink, HeadMeta, Subject
from voipwatch.site.pages.shell import Shell, shell
from voipwatch.site.pages.site import Site
from voipwatch.site.render import Parts, Planned
from voipwatch.site.words import Words

LINE_TEST: Final = "linetest/"
"""Where the line test's scripts and its far end are, below the root."""
ROUTES: Final = (
    ("api/v1/index.json", True, "api.route.index"),
    ("api/v1/openapi.json", True, "api.route.openapi"),
    ("api/v1/countries.json", True, "api.route.countries"),
    ("api/v1/countries/CC/states.json", False, "api.route.states"),
    ("api/v1/incidents.json", True, "api.route.incidents"),
    ("api/v1/incidents/ID.json", False, "api.route.incident"),
    ("api/v1/claims.json", True, "api.route.claims"),
    ("api/v1/changes.json", True, "api.route.changes"),
    ("feeds/LANG.atom", False, "api.route.atom"),
    ("feeds/LANG.json", False, "api.route.jsonfeed"),
    ("feeds/LANG.ics", False, "api.route.ical"),
    ("timeline/LANG.json", False, "api.route.timeline"),
    ("status.json", True, "api.route.status"),
    ("status/CC.json", False, "api.route.status"),
    ("counter/ID.json", False, "api.route.counter"),
)


@dataclass(frozen=True)
class LineTestPage:
    """Context of line-test.html."""

    shell: Shell
    line_test: LineTestContext


def head_of(site: Site, t: Words, subject: Subject) -> Head:
    """Feeds on every page; structured data where it speaks of what the page is about."""
    file = Here(t.lang, subject.path).file
    links = (*(HeadLink(**each) for each in head_links(t, file)), *_oembed(site, t, subject))
    if subject.kind in {"home", "data"}:
        return Head(links, json_ld=site_json_ld(site.bundle, t, file, site.base))
    if subject.kind != "incident":
        return Head(links)
    told = next(each for each in site.bundle.incidents if each.incident.id == subject.incident)
    metas = open_graph(site.bundle, told, t, file, site.base)
    if not _has_fonts():
        metas = [each for each in metas if not each["property"].startswith("og:image")]
    return Head(
        links,
        tuple(HeadMeta(**each) for each in metas),
        incident_json_ld(site.bundle, told, t, file, site.base),
    )


def _oembed(site: Site, t: Words, subject: Subject) -> Iterator[HeadLink]:
    """The counter that a page stands for, for sites that embed what they are given the address of."""
    wanted = {"home": home_counter(site.bundle), "country": subject.country, "incident": subject.incident}
    name = wanted.get(subject.kind)
    if name and site.base:
        country = next((each.incident.country for each in site.incidents if each.incident.id == name), name)
        title = say(t.lang, "label.counter", country=country_name(t.lang, country))
        yield HeadLink("alternate", oembed_url(name, t.lang, site.base), OEMBED_TYPE, title)


def counters(site: Site, t: Words) -> tuple[Counter, ...]:
    """For the page from which they are embedded."""
    base, module = site.base or NOWHERE, current_module()
    found = []
    for subject in counters_in(site.bundle):
        document = counter_document(subject, None, base=site.base)
        codes = embedding.snippets(document, t.lang, base=base, module=module)
        ways = (
            ("picture", codes.picture),
            ("frame", codes.frame),
            ("element", codes.element),
            ("page", codes.page),
            ("archive", codes.archive),
        )
        found.append(
            Counter(
                subject.id,
                f"{t.country(subject.country)} · {subject.id}",
                f"counter/{t.lang}/{subject.id}.svg",
                document.texts[t.lang].alone,
                tuple(
                    Snippet(t.plain(f"embed.way.{name}"), t.plain(f"embed.note.{name}"), code)
                    for name, code in ways
                ),
            )
        )
    return tuple(found)


def line_test(site: Site, t: Words) -> bytes:
    """Its page; without its far end, as on a mirror, it says that it cannot test."""
    context = line_test_context(t.lang, Here(t.lang, "line-test/").file_at(LINE_TEST))
    subject = Subject("line-test", "line-test/")
    frame = shell(site, t, subject, title=context.texts["title"], description=context.texts["intro"])
    return to_html("line-test.html", LineTestPage(frame, context), t)


def _has_fonts() -> bool:
    try:
        find_fonts()
    except NoFontsError:
        return False
    return True


def _feeds(site: Site) -> Iterator[tuple[str, bytes]]:
    yield from feed_files(site.bundle, site.base)


def _api(site: Site) -> Iterator[tuple[str, bytes]]:
    yield from api.api_files(site.bundle, site.base)


def _cards(site: Site) -> Iterator[Planned]:
    """None where the system has not the fonts."""
    try:
        fonts = find_fonts()
    except NoFontsError:
        return
    for path, digest, draw in card_plans(site.bundle, fonts):
        yield Planned(path, digest, draw)


def _counters(site: Site) -> Iterator[tuple[str, bytes]]:
    yield from counter_files(counters_in(site.bundle), base=site.base).items()


def _former_modules(site: Path) -> Iterator[tuple[str, bytes]]:
    for module in modules_in(site):
        yield module.name, module.body


def _line_test_files(_site: Site) -> Iterator[tuple[str, bytes]]:
    for name, file in testing.files().items():
        yield f"{LINE_TEST}{name}", file.content


PARTS: Final = Parts(
    head=head_of,
    files=(_feeds, _api, _counters, _line_test_files),
    plans=(_cards,),
    lasting=_former_modules,
    counters=counters,
    line_test=line_test,
    routes=ROUTES,
)
