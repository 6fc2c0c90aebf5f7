"""Text set into a box: broken at spaces, smaller where it does not fit, with an ellipsis at the last."""

from collections.abc import Callable, Sequence
from typing import Final

import msgspec
from PIL import ImageFont

ELLIPSIS: Final = "…"
LEADING: Final = 1.35
"""Line height; Arabic letters reach further down than Latin ones."""
CHARACTERS_MAX: Final = 1000
"""No box holds more."""
Font = Callable[[int], ImageFont.FreeTypeFont]


class SetText(msgspec.Struct, frozen=True):
    """Lines that fit, and the size that they fit at."""

    lines: tuple[str, ...]
    size_px: int

    @property
    def line_px(self) -> int:
        """From one baseline to the next."""
        return round(self.size_px * LEADING)

    @property
    def height_px(self) -> int:
        """Of all of it."""
        return self.line_px * len(self.lines)


def set_text(
    text: str, font: Font, *, width_px: int, height_px: int, sizes_px: Sequence[int], direction: str
) -> SetText:
    """The text at the largest of the sizes (falling) at which it fits; cut short where it fits at none."""
    found = SetText((), sizes_px[-1])
    text = text[:CHARACTERS_MAX]
    for size_px in sizes_px:
        found = SetText(tuple(broken(text, font(size_px), width_px, direction)), size_px)
        if found.height_px <= height_px:
            return found
    most = max(1, height_px // found.line_px)
    kept = list(found.lines[:most])
    kept[-1] = _shortened(kept[-1], font(found.size_px), width_px, direction)
    return SetText(tuple(kept), found.size_px)


def broken(text: str, font: ImageFont.FreeTypeFont, width_px: int, direction: str) -> list[str]:
    """Lines no wider than that; a word that is wider is broken between letters."""
    lines: list[str] = []
    current = ""
    for word in text.split(" "):
        longer = f"{current} {word}".strip()
        if width_of(longer, font, direction) <= width_px:
            current = longer
            continue
        if current:
            lines.append(current)
        *whole, current = _pieces(word, font, width_px, direction)
        lines += whole
    return [*lines, current] if current else lines


def width_of(text: str, font: ImageFont.FreeTypeFont, direction: str) -> float:
    """In pixels, as it will be set."""
    return font.getlength(text, direction=direction)


def _pieces(word: str, font: ImageFont.FreeTypeFont, width_px: int, direction: str) -> list[str]:
    found = []
    while len(word) > 1 and width_of(word, font, direction) > width_px:
        fits = _fitting(word, font, width_px, direction)
        found.append(word[:fits])
        word = word[fits:]
    return [*found, word]


def _fitting(word: str, font: ImageFont.FreeTypeFont, width_px: int, direction: str) -> int:
    """How many letters fit, at least one."""
    low, high = 1, len(word)
    while high - low > 1:
        middle = (low + high) // 2
        if width_of(word[:middle], font, direction) <= width_px:
            low = middle
        else:
            high = middle
    return low


def _shortened(line: str, font: ImageFont.FreeTypeFont, width_px: int, direction: str) -> str:
    while line and width_of(line + ELLIPSIS, font, direction) > width_px:
        line = line[:-1]
    return line.rstrip() + ELLIPSIS
