"""All files of the site from one bundle: no clock, no dice, no network; the same bundle gives the same bytes.

`plan` names each file with a digest of all it is made from and makes none of them: who has the file of that
digest already need not make it (`site.folder`). `render` makes them all.
"""

from collections.abc import Callable, Iterator
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Final, NamedTuple

from voipwatch.civic.observations import encode_csv
from voipwatch.civic.watched import Watch
from voipwatch.model.bundle import MANIFEST_FILE, SIGNATURE_FILE
from voipwatch.site import links
from voipwatch.site.assetfiles import assets, code_digest, root_files
from voipwatch.site.bundle import Bundle, IncidentPage, State, series_path
from voipwatch.site.html import bare_html, to_html
from voipwatch.site.links import Here
from voipwatch.site.pages.claims import claim_page, claims
from voipwatch.site.pages.cost import cost
from voipwatch.site.pages.country import country
from voipwatch.site.pages.embed import Counter, embed
from voipwatch.site.pages.home import home
from voipwatch.site.pages.incident import incident, revision
from voipwatch.site.pages.missing import FILE, missing
from voipwatch.site.pages.network import app, operator
from voipwatch.site.pages.papers import api, corrections, data, method
from voipwatch.site.pages.reputation import FILE as OBSERVATIONS
from voipwatch.site.pages.reputation import PATH as REPUTATION
from voipwatch.site.pages.reputation import observations_file, reputation
from voipwatch.site.pages.series import month, series
from voipwatch.site.pages.shell import LANGUAGE_NAMES, TAMAZIGHT
from voipwatch.site.pages.site import HeadOf, Site, key_of
from voipwatch.site.pages.tamazight import READ_IN, tamazight
from voipwatch.site.pages.timeline import timeline
from voipwatch.site.words import LANGUAGES, Words, words

BUNDLE: Final = "bundle/"
"""Where the bundle itself lies in the site."""
FilesOf = Callable[[Site], Iterator[tuple[str, bytes]]]


class Parts(NamedTuple):
    """What others add to the site."""

    head: HeadOf | None = None
    """Feeds, cards and structured data in the head of a page."""
    files: tuple[FilesOf, ...] = ()
    """Files beside the pages: feeds, counters. Made anew for each bundle."""
    plans: "tuple[Callable[[Site], Iterator[Planned]], ...]" = ()
    """Files that are made only where they are not there yet: cards."""
    lasting: Callable[[Path], Iterator[tuple[str, bytes]]] | None = None
    """Files of the site before that stay, though nothing makes them any more: modules that embeds pin."""
    counters: Callable[[Site, Words], tuple[Counter, ...]] | None = None
    """For the page from which they are embedded; without it there is no such page."""
    line_test: Callable[[Site, Words], bytes] | None = None
    """The page of the line test; without it there is none."""
    campaigns: bool = False
    """Whether the site is served with campaigns, and leads to them."""
    watch: Watch | None = None
    """Followers of pages beside those that come with the package."""
    routes: tuple[tuple[str, bool, str], ...] = ()
    """For the page for programs: path below the root, whether it is a file, key of its meaning."""


NO_PARTS: Final = Parts()


class Planned(NamedTuple):
    """One file that will be there."""

    path: str
    key: str
    """Digest of all that it is made from; hex."""
    make: Callable[[], bytes]


def plan(bundle: Bundle, *, base: str = "", parts: Parts = NO_PARTS) -> Iterator[Planned]:
    """Every file of the site but the bundle's own, in a fixed order.

    Args:
        bundle: read and checked.
        base: where the site will be, `https://example.org`; empty: not known, and no address is whole.
        parts: of feeds, counters and the line test.
    """
    extras = {"embed": parts.counters, "line-test": parts.line_test}
    site = Site(
        bundle,
        base,
        frozenset(
            [name for name, part in extras.items() if part is not None] + ["campaigns"] * parts.campaigns
        ),
        parts.head,
        parts.watch,
    )
    maker = _Maker(site, parts)
    for path, content in (*assets().values(), *root_files().items()):
        yield Planned(path, sha256(content).hexdigest(), partial(bytes, content))
    yield maker.planned("index.html", partial(_chooser, site, "chooser.html"))
    yield maker.planned("404.html", partial(_chooser, site, "404.html"))
    for state in site.states.values():
        # All languages of a series together: its rows are read once.
        for lang in LANGUAGES:
            yield from maker.series(words(lang), state)
    for lang in LANGUAGES:
        yield from maker.language(words(lang))
    yield maker.planned(
        Here(TAMAZIGHT, links.home()).file,
        lambda: to_html("tamazight.html", tamazight(site), words(READ_IN)),
    )
    observations = observations_file(site)
    yield Planned(OBSERVATIONS, sha256(observations).hexdigest(), partial(bytes, observations))
    for number, files in enumerate(parts.files):
        for path, content in files(site):
            key = sha256(content).hexdigest()
            yield Planned(path, f"{key}-{number}", partial(bytes, content))
    for plans in parts.plans:
        yield from plans(site)


def render(bundle: Bundle, *, base: str = "", parts: Parts = NO_PARTS) -> Iterator[tuple[str, bytes]]:
    """Path and bytes of every file of the site but the bundle's own; arguments as `plan` has them."""
    for each in plan(bundle, base=base, parts=parts):
        yield each.path, each.make()


def bundle_files(bundle: Bundle) -> Iterator[tuple[str, str]]:
    """Path in the site and path in the bundle of each of its files."""
    for path in (MANIFEST_FILE, SIGNATURE_FILE, *bundle.paths):
        yield BUNDLE + path, path


class _Maker:
    """Makes pages, each with the digest of what it is made from."""

    def __init__(self, site: Site, parts: Parts) -> None:
        self.site = site
        self.parts = parts
        manifest = site.bundle.manifest
        world = f"{manifest.synthetic} {manifest.instance} {manifest.final}"
        watch = parts.watch
        given = (
            ""
            if watch is None
            else f"{watch.event}\0{sorted(watch.donors)}\0{encode_csv(watch.observations)}"
        )
        self.watched = f"{site.bundle.digest}\0{given}"
        self.common = f"{code_digest()}\0{site.base}\0{sorted(site.extras)}\0{world}\0"

    def planned(self, path: str, make: Callable[[], bytes], *, of: str = "") -> Planned:
        """A file made from the whole bundle, or from `of` alone."""
        inputs = f"{self.common}{of or self.site.bundle.digest}"
        return Planned(path, sha256(inputs.encode()).hexdigest(), make)

    def page(
        self, t: Words, path: str, template: str, make: Callable[[], object], *, of: str = ""
    ) -> Planned:
        """A page of a language; `make` gives its context."""
        return self.planned(Here(t.lang, path).file, lambda: to_html(template, make(), t), of=of)

    def language(self, t: Words) -> Iterator[Planned]:
        """Every page of one language but those of series."""
        yield self.page(t, "", "home.html", partial(home, self.site, t))
        for code in self.site.countries:
            yield from self.country(t, code)
        for told in self.site.bundle.incidents:
            yield from self.incident(t, told)
        yield from self.papers(t)

    def country(self, t: Words, code: str) -> Iterator[Planned]:
        """A country, its operators and its apps."""
        site = self.site
        yield self.page(t, links.country(code), "country.html", partial(country, site, t, code))
        for name in site.operators(code):
            path = links.operator(code, name)
            yield self.page(t, path, "network.html", partial(operator, site, t, code, name))
        for name in site.apps(code):
            yield self.page(t, links.app(code, name), "network.html", partial(app, site, t, code, name))

    def series(self, t: Words, state: State) -> Iterator[Planned]:
        """A series and its months of hours, which are final: made again only where a row was added."""
        path = links.series(*key_of(state))
        yield self.page(t, path, "series.html", partial(series, self.site, t, state))
        for each in self.site.history(state).months:
            if each.hours:
                inside = f"{series_path(state)}\0{each.digest}"
                make = partial(month, self.site, t, state, each)
                yield self.page(t, links.month(path, each.name), "month.html", make, of=inside)

    def incident(self, t: Words, told: IncidentPage) -> Iterator[Planned]:
        """An incident and each of its revisions."""
        site, name = self.site, told.incident.id
        yield self.page(t, links.incident(name), "incident.html", partial(incident, site, t, told))
        for number in range(1, told.incident.revision + 1):
            make = partial(revision, site, t, told, number)
            yield self.page(t, links.revision(name, number), "incident.html", make)

    def papers(self, t: Words) -> Iterator[Planned]:
        """Pages of which there is one in a language, and those of claims."""
        site = self.site
        yield self.planned(f"{t.lang}/{FILE}", lambda: to_html("missing.html", missing(site, t), t))
        yield self.page(t, "timeline/", "timeline.html", partial(timeline, site, t))
        yield self.page(t, "claims/", "claims.html", partial(claims, site, t))
        for judged in site.bundle.claims:
            path = links.claim(judged.claim.id)
            yield self.page(t, path, "claim.html", partial(claim_page, site, t, judged))
        yield self.page(t, "corrections/", "corrections.html", partial(corrections, site, t))
        yield self.page(t, "cost/", "cost.html", partial(cost, site, t))
        yield self.page(t, REPUTATION, "reputation.html", partial(reputation, site, t), of=self.watched)
        yield self.page(t, "method/", "method.html", partial(method, site, t))
        yield self.page(t, "data/", "data.html", partial(data, site, t))
        yield self.page(t, "api/", "api.html", partial(api, site, t, self.parts.routes))
        counters, line_test = self.parts.counters, self.parts.line_test
        if counters is not None:
            yield self.page(t, "embed/", "embed.html", lambda: embed(site, t, counters(site, t)))
        if line_test is not None:
            yield self.planned(Here(t.lang, "line-test/").file, partial(line_test, site, t))


def _chooser(site: Site, template: str) -> bytes:
    choices = [
        {
            "name": LANGUAGE_NAMES[lang],
            "lang": t.html_lang,
            "direction": t.direction,
            "href": f"{lang}/",
            "question": t("chooser.question"),
            "missing": t("chooser.missing"),
            "emulated": t("banner.emulated", instance=t.name(site.bundle.manifest.instance)),
        }
        for lang in LANGUAGES
        for t in [words(lang)]
    ]
    tamazight_only = {
        "name": LANGUAGE_NAMES[TAMAZIGHT],
        "lang": words(TAMAZIGHT).html_lang,
        "direction": words(TAMAZIGHT).direction,
        "href": f"{TAMAZIGHT}/",
    }
    values = {
        "choices": choices,
        "tamazight": tamazight_only,
        "css": site.css,
        "mark": assets()["mark.svg"][0],
        "synthetic": site.bundle.manifest.synthetic,
        "mark_text": words(LANGUAGES[0]).plain("feeds.emulated"),
    }
    return bare_html(template, values)
