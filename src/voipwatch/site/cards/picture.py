"""One card: 1200 by 630 pixels, PNG, the same bytes for the same words and fonts.

Two tones and one accent, flat, so that a palette of 64 colours holds it and the file stays small. Shaping and
direction are raqm's (HarfBuzz, FriBidi).
"""

import io
from typing import Final

import msgspec
from PIL import Image, ImageDraw

from voipwatch.site.cards.fonts import Fonts
from voipwatch.site.cards.setting import SetText, set_text

SIZE_PX: Final = (1200, 630)
"""What Open Graph readers show uncut (1.91 to 1)."""
MARGIN_PX: Final = 72
PAPER: Final = "#fbf8f1"
INK: Final = "#14213d"
FAINT: Final = "#4a5568"
ACCENT: Final = "#b3261e"
STAMP: Final = "#8a5a00"
COLOURS: Final = 64
BYTES_MAX: Final = 100_000
TITLE_SIZES_PX: Final = (64, 58, 52, 46, 40, 36, 32)
MARK_SIZES_PX: Final = (28, 25, 22)
TITLE_BOX_PX: Final = 300
MARKS_BOX_PX: Final = 110


class CardText(msgspec.Struct, frozen=True):
    """What a card says."""

    title: str
    marks: str
    foot: str
    """Id, revision, as of."""
    stamp: str
    """Across its head where it is emulated; else empty."""
    lang: str
    """BCP 47."""
    direction: str
    """ltr or rtl."""


def draw_card(text: CardText, fonts: Fonts) -> bytes:
    """PNG; `cards.files` knows by the digest of its words whether it is there already."""
    image = Image.new("RGB", SIZE_PX, PAPER)
    draw = ImageDraw.Draw(image)
    width, height = SIZE_PX
    draw.rectangle((0, 0, width, 14), fill=ACCENT)
    top = 44
    _line(draw, "voipwatch", fonts, 30, top, FAINT, "ltr" if text.direction == "ltr" else "rtl", bold=True)
    top += 62
    if text.stamp:
        draw.rectangle((0, top, width, top + 56), fill=STAMP)
        _line(draw, text.stamp, fonts, 30, top + 9, "#ffffff", text.direction, bold=True)
        top += 70
    inner = width - 2 * MARGIN_PX
    title = set_text(
        text.title,
        lambda size: fonts.at(size, bold=True),
        width_px=inner,
        height_px=TITLE_BOX_PX if not text.stamp else TITLE_BOX_PX - 50,
        sizes_px=TITLE_SIZES_PX,
        direction=text.direction,
    )
    top = _lines(draw, title, fonts, top, INK, text.direction, bold=True)
    marks = set_text(
        text.marks,
        fonts.at,
        width_px=inner,
        height_px=MARKS_BOX_PX,
        sizes_px=MARK_SIZES_PX,
        direction=text.direction,
    )
    _lines(draw, marks, fonts, max(top + 12, height - 92 - marks.height_px), FAINT, text.direction)
    _line(draw, text.foot, fonts, 24, height - 62, FAINT, text.direction)
    return _encoded(image)


def _lines(
    draw: ImageDraw.ImageDraw,
    text: SetText,
    fonts: Fonts,
    top: int,
    colour: str,
    direction: str,
    *,
    bold: bool = False,
) -> int:
    for line in text.lines:
        _line(draw, line, fonts, text.size_px, top, colour, direction, bold=bold)
        top += text.line_px
    return top


def _line(
    draw: ImageDraw.ImageDraw,
    text: str,
    fonts: Fonts,
    size_px: int,
    top: int,
    colour: str,
    direction: str,
    *,
    bold: bool = False,
) -> None:
    font = fonts.at(size_px, bold=bold)
    right = direction == "rtl"
    place = (SIZE_PX[0] - MARGIN_PX if right else MARGIN_PX, top)
    draw.text(place, text, font=font, fill=colour, anchor="ra" if right else "la", direction=direction)


def _encoded(image: Image.Image) -> bytes:
    out = io.BytesIO()
    flat = image.quantize(COLOURS, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    flat.save(out, "PNG", compress_level=9)
    return out.getvalue()
