"""The fonts that cards are set in: those of the system, found in a short list of places.

Nothing is downloaded and nothing is shipped: Debian's fonts-dejavu-core has Latin, Arabic and Tifinagh in one
family, which one line of text needs where an Arabic sentence holds a Latin name. Without it, or without raqm
(bidirectional text and joined letters), there are no cards.
"""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Final

import msgspec
from PIL import ImageFont, features

FOLDERS: Final = (
    Path("/usr/share/fonts/truetype/dejavu"),  # Debian, Ubuntu
    Path("/usr/share/fonts/dejavu-sans-fonts"),  # Fedora
    Path("/usr/share/fonts/TTF"),  # Arch
    Path("/usr/share/fonts/dejavu"),
    Path("/usr/local/share/fonts/dejavu"),  # FreeBSD
)
FAMILY: Final = ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf")


class NoFontsError(Exception):
    """Cards cannot be made here; `missing` is `raqm` or the name of a font's file."""

    def __init__(self, missing: str) -> None:
        super().__init__(missing)
        self.missing = missing


class Fonts(msgspec.Struct, frozen=True):
    """Two weights of one family."""

    regular: str
    bold: str

    def at(self, size_px: int, *, bold: bool = False) -> ImageFont.FreeTypeFont:
        """One of them, ready to set text in both directions."""
        return _loaded(self.bold if bold else self.regular, size_px)


def find_fonts(folders: Sequence[Path] = FOLDERS) -> Fonts:
    """The system's. Raises NoFontsError."""
    if not features.check("raqm"):
        raise NoFontsError("raqm")
    for folder in folders:
        files = [folder / name for name in FAMILY]
        if all(file.is_file() for file in files):
            return Fonts(*map(str, files))
    raise NoFontsError(FAMILY[0])


@lru_cache(maxsize=64)
def _loaded(file: str, size_px: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(file, size_px, layout_engine=ImageFont.Layout.RAQM)
