"""The site of a bundle: rendered into a folder, told in one line or as JSON."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from voipwatch.cli.context import Context
from voipwatch.cli.errors import Misuse, Trouble
from voipwatch.cli.language import Size
from voipwatch.cli.values import shown, shown_path
from voipwatch.cli.working import shown_work

if TYPE_CHECKING:
    from voipwatch.civic.watched import Watch

SCHEMA: Final = "voipwatch.site-written/1"
BAR: Final = 1000


def render_site(
    context: Context,
    bundle: Path,
    site: Path,
    *,
    url: str = "",
    watch: "Watch | None" = None,
    campaigns: bool = False,
) -> dict[str, Any]:
    """Bring the site up to date with a bundle; what became of it, as JSON has it.

    Args:
        context: of the command; progress is shown on its standard error.
        bundle: folder of the bundle, or the link to it.
        site: where the link to the site is, or will be.
        url: where the site will be, for addresses that must be whole; empty: not known.
        watch: followers of pages beside those that come with the package.
        campaigns: whether its pages lead to campaigns, which are served beside it.

    Raises:
        Misuse: there is no whole bundle, or something else is at `site`; nothing was written.
        Trouble: an extra lacks, or the disk does.
    """
    started = time.monotonic()
    base = checked_url(url)
    try:
        from voipwatch.site.bundle import BadBundleError, read_bundle  # noqa: PLC0415 -- Jinja is an extra
        from voipwatch.site.folder import NotASiteError, SiteBusyError, write_site  # noqa: PLC0415 -- the same
        from voipwatch.site.parts import PARTS  # noqa: PLC0415 -- the same
    except ModuleNotFoundError as error:
        raise Trouble("site.no_extra", name=error.name or "jinja2") from None
    try:
        with shown_work(context, "site.reading", BAR):
            found = read_bundle(bundle)
        with shown_work(context, "site.working", BAR) as step:
            done = write_site(
                site.absolute(),
                found,
                base=base,
                parts=PARTS._replace(watch=watch, campaigns=campaigns),
                progress=lambda made, of: step(BAR * made // max(of, 1)),
            )
    except BadBundleError as error:
        raise Misuse(
            f"site.bundle.{error.why}", path=shown_path(bundle), file=shown(error.path, longest=200)
        ) from error
    except NotASiteError as error:
        raise Misuse("site.not_a_site", path=shown(str(error), longest=300)) from error
    except SiteBusyError as error:
        raise Trouble("site.busy", path=shown(str(error), longest=300)) from error
    except OSError as error:
        raise Trouble("site.disk", detail=shown(str(error), longest=300)) from error
    return {
        "schema": SCHEMA, "folder": str(site.absolute()), "digest": found.digest,
        "as_of": found.manifest.as_of, "synthetic": found.manifest.synthetic,
        "instance": found.manifest.instance, "url": base,
        "files": done.files, "pages": done.pages, "made": done.made, "written": done.written,
        "removed": done.removed, "bytes": done.bytes, "changed": done.changed,
        "seconds": round(time.monotonic() - started, 2),
    }  # fmt: skip


def checked_url(url: str) -> str:
    """An address under which a site may lie, or nothing. Raises Misuse for anything else."""
    if not url:
        return ""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.netloc or parts.query or parts.fragment:
        raise Misuse("site.bad_url", value=shown(url))
    return url.rstrip("/")


def tell_site(context: Context, done: dict[str, Any], *, local: bool = False) -> None:
    """What became of it, for a person; and what it lacks without an address, unless it stays here."""
    context.tell(
        "site.done" if done["changed"] else "site.same",
        path=shown_path(Path(done["folder"])), pages=done["pages"], files=done["files"],
        size=Size(done["bytes"]), written=done["written"], removed=done["removed"],
        seconds=f"{done['seconds']:.1f}",
    )  # fmt: skip
    if not local and not done["url"]:
        from voipwatch.site.pages.embed import NOWHERE  # noqa: PLC0415 -- Jinja is an extra

        context.tell("site.no_url", style="yellow", host=NOWHERE)
