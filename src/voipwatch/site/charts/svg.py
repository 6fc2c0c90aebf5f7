"""Elements of a drawing as text, every value escaped; colours come from the page's stylesheet by class.

No `style` and no script: a strict content policy shows these drawings as they are. In every language the time
axis runs from left to right (`direction`), and the words beside the drawing say so.
"""

from collections.abc import Mapping

from markupsafe import Markup, escape

_SHORT: Mapping[str, str] = {"cls": "class", "anchor": "text-anchor"}


def element(name: str, *children: Markup | str, **attributes: object) -> Markup:
    """`<name attributes>children</name>`; `cls` is `class`, `_` in a name is `-`. `name` is ours."""
    text = "".join(
        f' {_SHORT.get(key) or key.replace("_", "-")}="{escape(number(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    inside = "".join(escape(child) for child in children)
    # Every value and every child was escaped above.
    return Markup(f"<{name}{text}>{inside}</{name}>" if children else f"<{name}{text}/>")  # noqa: S704 -- above


def number(value: object) -> str:
    """A coordinate to a tenth; other values as they stand."""
    if isinstance(value, float):
        return f"{value:.1f}".removesuffix(".0")
    return str(value)


def drawing(*children: Markup, name: str, title: str, desc: str, size: tuple[float, float]) -> Markup:
    """An `<svg>` that is one picture to a screen reader.

    Args:
        children: what is drawn.
        name: unique in its page: ids begin with it.
        title: what it is.
        desc: what it shows, in a sentence or two.
        size: width and height in its own units, which are pixels at full size.
    """
    width, height = size
    return element(
        "svg",
        element("title", title, id=f"{name}-title"),
        element("desc", desc, id=f"{name}-desc"),
        element("defs", hatch(f"{name}-hatch")),
        *children,
        cls="chart",
        viewBox=f"0 0 {number(width)} {number(height)}",
        width=width,
        height=height,
        direction="ltr",
        role="img",
        aria_labelledby=f"{name}-title {name}-desc",
    )


def hatch(name: str) -> Markup:
    """The pattern of what nobody measured."""
    line = element("path", d="M0 6L6 0", cls="hatch-line")
    return element("pattern", line, id=name, width=6, height=6, patternUnits="userSpaceOnUse")


def rect(x: float, y: float, width: float, height: float, **attributes: object) -> Markup:
    """A rectangle."""
    return element("rect", x=x, y=y, width=width, height=height, **attributes)


def text(x: float, y: float, content: str, **attributes: object) -> Markup:
    """A line of text, its baseline at `y`."""
    return element("text", content, x=x, y=y, **attributes)
