import io

import msgspec
import pytest
from PIL import Image

from voipwatch.site.cards.fonts import find_fonts
from voipwatch.site.cards.picture import (
    BYTES_MAX,
    MARGIN_PX,
    SIZE_PX,
    STAMP,
    CardText,
    draw_card,
)

FONTS = find_fonts()
TEXT = CardText("Morocco: calls are stopped", "not reviewed", "MA-2016-01-a", "", "en", "ltr")


def opened(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content)).convert("RGB")


def ink(image: Image.Image, box: tuple[int, int, int, int]) -> int:
    """Dark pixels."""
    data = image.crop(box).convert("L").histogram()
    return sum(data[:110])


def test_size_form_and_the_same_bytes_twice() -> None:
    content = draw_card(TEXT, FONTS)
    assert content == draw_card(TEXT, FONTS)
    assert opened(content).size == SIZE_PX
    assert content.startswith(b"\x89PNG")
    assert len(content) < BYTES_MAX


def test_arabic_stands_at_the_right() -> None:
    text = msgspec.structs.replace(TEXT, title="المغرب: مكالمات", direction="rtl", lang="ar-MA")
    width, height = SIZE_PX
    halves = [(0, 90, width // 2, height), (width // 2, 90, width, height)]
    left, right = (ink(opened(draw_card(text, FONTS)), half) for half in halves)
    assert right > 3 * left
    left, right = (ink(opened(draw_card(TEXT, FONTS)), half) for half in halves)
    assert left > right


def test_an_emulated_card_bears_its_stamp() -> None:
    stamped = opened(draw_card(msgspec.structs.replace(TEXT, stamp="EMULATED"), FONTS))
    wanted = tuple(int(STAMP[place : place + 2], 16) for place in (1, 3, 5))

    def near(image: Image.Image) -> bool:
        found = image.getpixel((SIZE_PX[0] - 5, 130))
        assert isinstance(found, tuple)
        return all(abs(one - other) < 12 for one, other in zip(found, wanted, strict=True))

    assert near(stamped)
    assert not near(opened(draw_card(TEXT, FONTS)))


@pytest.mark.parametrize("direction", ["ltr", "rtl"])
def test_the_longest_words_stay_within(direction: str) -> None:
    text = CardText("W" * 4000, "mark " * 400, "x" * 40, "S" * 30, "en", direction)
    content = draw_card(text, FONTS)
    image = opened(content)
    assert len(content) < BYTES_MAX
    for box in ((0, 176, MARGIN_PX - 8, 630), (SIZE_PX[0] - MARGIN_PX + 8, 176, SIZE_PX[0], 630)):
        assert ink(image, box) == 0
