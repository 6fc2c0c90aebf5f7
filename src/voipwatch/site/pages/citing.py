"""How an incident is cited, shared and fetched: citations, a text to copy, the files behind the page."""

from typing import NamedTuple

from voipwatch.chronicle.cite import Citation, cite_bibtex, cite_ris, cite_text, permanent_url
from voipwatch.model.incidents import Incident
from voipwatch.site.links import Here
from voipwatch.site.pages import telling
from voipwatch.site.pages.site import Site
from voipwatch.site.words import Name, Words, words


class Cite(NamedTuple):
    """How it is cited."""

    text: str
    ris: str
    bibtex: str


def cite(site: Site, told: Incident, signed: Incident | None) -> Cite:
    """In English, as `voipwatch chronicle cite` prints it."""
    citation = Citation(
        id=told.id,
        revision=told.revision,
        title=telling.plain_title(words("en"), told, signed),
        as_of=told.as_of,
        digest=site.bundle.digest,
        url=permanent_url(f"{site.base.rstrip('/')}/bundle", told.id, told.revision),
        synthetic=told.synthetic,
    )
    return Cite(cite_text(citation), cite_ris(citation).replace("\r\n", "\n"), cite_bibtex(citation))


def share_text(site: Site, t: Words, told: Incident, title: str, path: str) -> str:
    """A text to copy: title, marks, as of, address."""
    marks = "; ".join(telling.plain_marks(t, told))
    address = f"{site.base.rstrip('/')}/{t.lang}/{path}" if site.base else ""
    return t.plain(
        "share.text", title=title, marks=marks, as_of=Name(t.moment(told.as_of)), url=Name(address)
    ).strip()


def downloads(site: Site, here: Here, told: Incident) -> tuple[tuple[str, str], ...]:
    """Path and address of the bundle's files about it, as far as the bundle has them."""
    wanted = (
        f"incidents/{told.id}/r{told.revision}.json",
        f"incidents/{told.id}.json",
        "tables/changepoints.csv",
        "tables/changepoints.parquet",
        "tables/incidents.csv",
        "chronicle/log.jsonl",
    )
    known = set(site.bundle.paths)
    return tuple((path, here.file_at(f"bundle/{path}")) for path in wanted if path in known)
