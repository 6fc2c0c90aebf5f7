"""`voipwatch chronicle cite`: one revision of an incident, with the bundle that it was read in."""

from pathlib import Path
from typing import Annotated, Final

import msgspec
from cyclopts import Parameter

from voipwatch.chronicle.cite import (
    WORDS,
    Citation,
    CitationWords,
    cite_bibtex,
    cite_ris,
    cite_text,
    permanent_url,
)
from voipwatch.chronicle.titles import Sentence, status_of, title_of, told
from voipwatch.cli.bundle_reading import PublishedBundle
from voipwatch.cli.chronicle import Quiet
from voipwatch.cli.chronicle_input import web_address
from voipwatch.cli.errors import CLEAR, Misuse
from voipwatch.cli.values import shown, shown_path
from voipwatch.model.incidents import Incident

FORMS: Final = {"text": cite_text, "ris": cite_ris, "bibtex": cite_bibtex}


class _Page(msgspec.Struct, frozen=True):
    incident: Incident


def cite(
    id: str,  # noqa: A002 -- the name of the argument on the help page
    /,
    *,
    context: Quiet,
    bundle: Annotated[Path, Parameter(metavar="DIR")],
    url: Annotated[str, Parameter(metavar="URL")],
    revision: Annotated[int | None, Parameter(metavar="N")] = None,
    form: Annotated[str, Parameter(metavar="FORM")] = "text",
) -> int:
    """Print a citation: id, revision, as of, bundle digest, permanent address."""
    if form not in FORMS:
        raise Misuse("chronicle.no_form", value=shown(form), known=", ".join(FORMS))
    web_address(url)
    found = PublishedBundle(bundle)
    incident = _incident(found, id, revision)
    signed = _incident(found, id, incident.reviewed_revision) if incident.reviewed_revision else None
    lang = context.texts.lang
    citation = Citation(
        id=incident.id,
        revision=incident.revision,
        title=told(title_of(incident, signed), lang),
        as_of=incident.as_of,
        digest=found.digest,
        url=permanent_url(url, incident.id, incident.revision),
        publisher=found.manifest.publisher,
        status=told(status_of(incident), lang),
        words=CitationWords(**{name: told(Sentence(f"citation.{name}"), lang) for name in WORDS}),
        lang=lang,
        synthetic=incident.synthetic,
    )
    text = FORMS[form](citation)
    context.out.file.write(text if text.endswith("\n") else f"{text}\n")
    return CLEAR


def _incident(bundle: PublishedBundle, name: str, revision: int | None) -> Incident:
    """Of a file that is the manifest's own. Raises Misuse."""
    known = bundle.revisions(name)
    if not known:
        have = ", ".join(bundle.incidents()) or "-"
        raise Misuse("chronicle.not_in_bundle", id=shown(name), known=shown(have, longest=400))
    path = f"incidents/{name}/r{known if revision is None else revision}.json"
    if not bundle.has(path):
        raise Misuse("chronicle.no_revision", id=shown(name), count=known)
    try:
        return msgspec.json.decode(bundle.file(path), type=_Page).incident
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        reason = shown(str(error), longest=200)
        raise Misuse("bundle.none", path=shown_path(bundle.folder), reason=reason) from error
