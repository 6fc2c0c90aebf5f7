"""How an incident is cited: text, RIS, BibTeX; of one revision, with the bundle that it was read in.

Sources: RIS as Reference Manager's file format (2001) has it; BibTeX's `@misc`; ISO 690 for what a citation
of a record that changes must name (version, date, place).
"""

import re
from typing import Final

import msgspec

from voipwatch.model.bundle import PUBLISHER


class CitationWords(msgspec.Struct, frozen=True):
    """The words of a citation in one language; `locale/LANG.toml`, `citation`."""

    incident: str = "Incident"
    revision: str = "revision"
    as_of: str = "as of"
    bundle: str = "Bundle"
    emulated: str = "emulated"


WORDS: Final = CitationWords.__struct_fields__


class Citation(msgspec.Struct, frozen=True):
    """What a citation names."""

    id: str
    revision: int
    title: str
    """As the bundle shows it: of an unreviewed incident it names no operator."""
    as_of: str
    """ISO 8601 with Z."""
    digest: str
    """SHA-256 of the bundle's manifest, hex."""
    url: str
    """Permanent, of this revision."""
    publisher: str = PUBLISHER
    """Who runs the observatory."""
    status: str = ""
    """How far people have come with it, as a title's mark says it: found by the machine, disputed."""
    words: CitationWords = CitationWords()
    lang: str = "en"
    """BCP 47, of title and words."""
    synthetic: bool = False


def permanent_url(base: str, incident: str, revision: int) -> str:
    """Where a revision stays: `BASE/incidents/ID/rN.json`."""
    return f"{base.rstrip('/')}/incidents/{incident}/r{revision}.json"


def cite_text(citation: Citation) -> str:
    """One line for a footnote; an emulated incident says so first."""
    words = citation.words
    status = f", {citation.status}" if citation.status else ""
    return (
        f"{_emulated(citation)}{citation.publisher}: {citation.title}. {words.incident} {citation.id}, "
        f"{_edition(citation)}{status}. "
        f"{words.bundle} sha256:{citation.digest}. {citation.url}"
    )


def cite_ris(citation: Citation) -> str:
    """A RIS record of type DATA; lines end with CR LF, as the format asks."""
    lines = [
        ("TY", "DATA"),
        ("ID", f"{citation.id}-r{citation.revision}"),
        ("TI", _marked(citation)),
        ("AU", citation.publisher),
        ("PB", citation.publisher),
        ("PY", citation.as_of[:4]),
        ("DA", citation.as_of[:10].replace("-", "/")),
        ("ET", _edition(citation)),
        ("LA", citation.lang),
        ("UR", citation.url),
        ("N1", "; ".join(_notes(citation))),
        ("ER", ""),
    ]
    return "".join(f"{tag}  - {_one_line(value)}\r\n" for tag, value in lines)


def cite_bibtex(citation: Citation) -> str:
    """A BibTeX `@misc` entry."""
    notes = ", ".join((f"{citation.words.as_of} {citation.as_of}", *_notes(citation)))
    fields = {
        "title": f"{{{_escaped(_marked(citation))}}}",
        "author": f"{{{_escaped(citation.publisher)}}}",
        "year": citation.as_of[:4],
        "version": _escaped(f"{citation.words.revision} {citation.revision}"),
        "note": _escaped(notes),
        "language": citation.lang,
        "url": citation.url,
    }
    body = "".join(f"  {name} = {{{_one_line(value)}}},\n" for name, value in fields.items())
    return f"@misc{{voipwatch-{citation.id.lower()}-r{citation.revision},\n{body}}}\n"


def _edition(citation: Citation) -> str:
    words = citation.words
    return f"{words.revision} {citation.revision}, {words.as_of} {citation.as_of}"


def _notes(citation: Citation) -> list[str]:
    status = [citation.status] if citation.status else []
    return [*status, f"{citation.words.bundle} sha256:{citation.digest}"]


def _emulated(citation: Citation) -> str:
    return f"[{citation.words.emulated}] " if citation.synthetic else ""


_TEX: Final = re.compile(r"[\\{}$&#^_~%]")
_TEX_WORDS: Final = {"\\": r"\textbackslash{}", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}"}


def _marked(citation: Citation) -> str:
    return f"{_emulated(citation)}{citation.title}"


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _escaped(text: str) -> str:
    return _TEX.sub(lambda match: _TEX_WORDS.get(match[0], f"\\{match[0]}"), text)
