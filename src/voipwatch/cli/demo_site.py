"""The site at the end of the demo: the year rendered, and shown where somebody sits before a terminal."""

from pathlib import Path
from typing import Any, Final

from voipwatch.cli.context import Context
from voipwatch.cli.site import render_site, tell_site

PORT: Final = 8482
"""As `voipwatch serve --site`; where it is taken, a free one."""


def demo_site(
    context: Context, bundle: Path | None, site: Path | None, *, told: bool
) -> dict[str, Any] | None:
    """The site of the demo's bundle where one is wanted, told where a person reads along; what became of it,
    as JSON has it.
    """
    if bundle is None or site is None:
        return None
    done = render_site(context, bundle, site)
    if told:
        tell_site(context, done, local=True)
    return done


def show_demo_site(context: Context, site: Path | None) -> None:
    """On a terminal serve the site to this machine alone until Ctrl-C, and say where."""
    if site is None or not context.interactive or not context.stdout.isatty():
        return
    from voipwatch.site.serving import free_port, serve_site  # noqa: PLC0415 -- an extra, and seldom needed

    try:
        port = free_port("127.0.0.1", PORT)
    except OSError:
        port = 0
    serve_site(
        site,
        port,
        ready=lambda taken: context.tell("demo.served", url=f"http://127.0.0.1:{taken}/"),
    )
