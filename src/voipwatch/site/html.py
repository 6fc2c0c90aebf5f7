"""Contexts to HTML: Jinja2 with autoescape on and no undefined name forgiven."""

from collections.abc import Mapping
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from voipwatch.site.words import Words


@cache
def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("voipwatch.site"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters["json_ld"] = json_ld
    return made


def json_ld(document: str) -> Markup:
    """A JSON document inside of `<script>`: no character in it can end the element or begin a comment."""
    safe = document.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
    return Markup(safe)  # noqa: S704 -- nothing is left in it that HTML reads


def to_html(template: str, page: object, t: Words) -> bytes:
    """A page of the site.

    Args:
        template: name of the file.
        page: its context, a struct of `site.pages`.
        t: the language.

    Raises:
        jinja2.UndefinedError, KeyError: our fault.
    """
    return _environment().get_template(template).render(page=page, t=t).encode()


def bare_html(template: str, values: Mapping[str, object]) -> bytes:
    """A page of no language: the chooser, 404."""
    return _environment().get_template(template).render(values).encode()
