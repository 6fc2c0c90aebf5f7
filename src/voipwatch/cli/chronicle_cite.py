"""`voipwatch chronicle cite`: one revision of an incident, with the bundle that it was read in."""

from pathlib import Path
from typing import Annotated, Final

import msgspec
from cyclopts import Parameter

from voipwatch.chronicle import manifests
from voipwatch.chronicle.cite import Citation, cite_bibtex, cite_ris, cite_text, permanent_url
from voipwatch.chronicle.titles import title_of, told
from voipwatch.cli.chronicle import Quiet
from voipwatch.cli.errors import CLEAR, Misuse
from voipwatch.cli.values import shown, shown_path
from voipwatch.model.bundle import MANIFEST_FILE, Manifest
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
    if not url.startswith(("http://", "https://")):
        raise Misuse("chronicle.no_url", value=shown(url))
    try:
        content = (bundle / MANIFEST_FILE).read_bytes()
        manifest = manifests.read_manifest(content)
    except (OSError, ValueError) as error:
        raise Misuse("bundle.none", path=shown_path(bundle), reason=shown(str(error), longest=200)) from error
    incident = _incident(bundle, manifest, id, revision)
    signed = (
        _incident(bundle, manifest, id, incident.reviewed_revision) if incident.reviewed_revision else None
    )
    citation = Citation(
        id=incident.id,
        revision=incident.revision,
        title=told(title_of(incident, signed), context.texts.lang),
        as_of=incident.as_of,
        digest=manifests.digest_of(content),
        url=permanent_url(url, incident.id, incident.revision),
        synthetic=incident.synthetic,
    )
    text = FORMS[form](citation)
    context.out.file.write(text if text.endswith("\n") else f"{text}\n")
    return CLEAR


def _incident(bundle: Path, manifest: Manifest, name: str, revision: int | None) -> Incident:
    """Of a file that is the manifest's own. Raises Misuse."""
    digests = {entry.path: entry.sha256 for entry in manifest.files}
    number = sum(path.startswith(f"incidents/{name}/r") for path in digests) if revision is None else revision
    path = f"incidents/{name}/r{number}.json"
    if path not in digests:
        known = sum(each.startswith(f"incidents/{name}/r") for each in digests)
        if not known:
            raise Misuse("chronicle.no_incident", id=shown(name))
        raise Misuse("chronicle.no_revision", id=shown(name), count=known)
    try:
        content = (bundle / path).read_bytes()
        if manifests.digest_of(content) != digests[path]:
            raise Misuse("chronicle.not_the_bundles", path=shown_path(bundle / path))
        return msgspec.json.decode(content, type=_Page).incident
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Misuse("bundle.none", path=shown_path(bundle), reason=shown(str(error), longest=200)) from error
