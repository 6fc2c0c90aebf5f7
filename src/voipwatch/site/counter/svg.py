"""`/counter/LANG/ID.svg`: the counter as a picture, for places that take nothing but an `<img>`.

Its text is text: the browser shapes it (Arabic letters join), with fonts that the reader has. It has its own
ground, so that it reads alike on light and dark pages, and no `<style>`, so that no policy can take one away.
Lines are broken by a table of widths, because a picture cannot measure; they are guessed wide rather than
cut.
"""

from typing import Final
from unicodedata import category, east_asian_width
from xml.sax.saxutils import escape, quoteattr

from voipwatch.civic.daycount import CountState
from voipwatch.site.counter.document import CounterDocument
from voipwatch.site.counter.petitions import PetitionFigure

WIDTH_PX: Final = 360
_PADDING_PX: Final = 14
_BAND_PX: Final = 6
GROUND: Final = "#16202c"
INK: Final = "#ffffff"
QUIET: Final = "#c3ccd6"
"""On `GROUND`: 10.2 : 1 (WCAG 2.2 asks for 4.5)."""
WARNING: Final = "#ffd166"
BANDS: Final = {
    CountState.ACTIVE: "#e5484d",
    CountState.PARTIAL: "#f0883e",
    CountState.INTERMITTENT: "#f0883e",
    CountState.UNESTABLISHED: "#f0883e",
    CountState.AGAIN: "#f0883e",
    CountState.PASSING: "#8b98a5",
    CountState.DISPUTED: "#b58cff",
    CountState.ENDED: "#6ea8fe",
    CountState.NONE: "#6ea8fe",
    CountState.UNMEASURED: "#8b98a5",
    CountState.WITHDRAWN: "#8b98a5",
}
"""Colour of the edge; it repeats what the text says, and says nothing alone. No state is green: nothing that
we measure says that calls work.
"""
_FONT: Final = "system-ui, 'Segoe UI', 'Noto Sans', 'Noto Sans Arabic', sans-serif"
_NARROW: Final = frozenset("iljtfrI.,:;'’|!()[]{}- ")


def badge(document: CounterDocument, lang: str, petition: PetitionFigure | None = None) -> bytes:
    """The picture, UTF-8.

    Args:
        document: of a server or of a mirror: where it has no headline, the dated text stands there.
        lang: one of its languages. Raises KeyError for another.
        petition: a second figure.
    """
    texts = document.texts[lang]
    parts = [(texts.headline or texts.dated, 17, 700, INK)]
    if texts.headline:
        parts += [(text, 12, 400, QUIET) for text in (texts.start, texts.counted) if text]
    if texts.emulated:
        parts.insert(0, (texts.emulated, 12, 700, WARNING))
    parts.append((texts.source, 12, 400, QUIET))
    if petition is not None:
        parts.append((petition.texts[lang], 14, 700, INK))
    rtl = texts.dir == "rtl"
    x_px = WIDTH_PX - _PADDING_PX - _BAND_PX if rtl else _PADDING_PX + _BAND_PX
    lines, y_px = [], float(_PADDING_PX)
    for text, size_px, weight, colour in parts:
        for line in wrapped(text, (WIDTH_PX - 2 * _PADDING_PX - _BAND_PX) / size_px):
            y_px += size_px * 1.45
            lines.append(
                f'<text x="{x_px}" y="{y_px - size_px * 0.35:.1f}" font-size="{size_px}"'
                f' font-weight="{weight}" fill="{colour}">{escape(line)}</text>'
            )
        y_px += 4
    height_px = round(y_px + _PADDING_PX - 4)
    spoken = [text for text, *_ in parts] + ([texts.unread] if texts.unread else [])
    alt = " ".join(f"{text}." for text in spoken)
    band_x_px = WIDTH_PX - _BAND_PX if rtl else 0
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH_PX}" height="{height_px}"'
        f' viewBox="0 0 {WIDTH_PX} {height_px}" role="img" lang="{lang}" xml:lang="{lang}"'
        f' direction="{texts.dir}" aria-labelledby="t d" font-family={quoteattr(_FONT)}>'
        f'<title id="t">{escape(texts.label)}</title><desc id="d">{escape(alt)}</desc>'
        f'<rect width="{WIDTH_PX}" height="{height_px}" fill="{GROUND}"/>'
        f'<rect x="{band_x_px}" width="{_BAND_PX}" height="{height_px}" fill="{BANDS[document.state]}"/>'
        f"<g direction={quoteattr(texts.dir)}>{''.join(lines)}</g></svg>\n"
    ).encode()


def wrapped(text: str, width_em: float) -> list[str]:
    """Lines of whole words, each at most so wide; a word that is wider alone is cut into pieces."""
    lines: list[str] = []
    line = ""
    for word in _pieces(text, width_em):
        joined = f"{line} {word}" if line else word
        if line and width_of(joined) > width_em:
            lines.append(line)
            line = word
        else:
            line = joined
    return [*lines, line] if line else lines


def _pieces(text: str, width_em: float) -> list[str]:
    found = []
    for word in text.split(" "):
        piece = ""
        for char in word:
            if piece and width_of(piece + char) > width_em:
                found.append(piece)
                piece = ""
            piece += char
        if piece:
            found.append(piece)
    return found


def width_of(text: str) -> float:
    """A guess in em, wide rather than narrow: that of bold sans-serif letters."""
    return sum(_width(char) for char in text)


def _width(char: str) -> float:
    if category(char) in {"Mn", "Cf", "Me"}:
        return 0.0
    if char in _NARROW:
        return 0.36
    if east_asian_width(char) in "WF":
        return 1.05
    return 0.75 if char.isupper() or char in "mwMW@%…—" else 0.62
