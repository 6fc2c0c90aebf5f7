from pathlib import Path

import pytest
from PIL import features

from voipwatch.site.cards import fonts as module
from voipwatch.site.cards.fonts import FAMILY, NoFontsError, find_fonts


def test_both_weights_are_found_and_set_arabic(tmp_path: Path) -> None:
    fonts = find_fonts()
    for bold in (False, True):
        font = fonts.at(40, bold=bold)
        joined = font.getlength("مكالمات", direction="rtl")
        apart = sum(font.getlength(letter, direction="rtl") for letter in "مكالمات")
        assert joined < apart  # letters are joined: raqm shapes
        assert fonts.at(40, bold=bold) is font


def test_a_place_without_both_weights_is_none(tmp_path: Path) -> None:
    (tmp_path / FAMILY[0]).write_bytes(b"")
    with pytest.raises(NoFontsError) as caught:
        find_fonts((tmp_path, tmp_path / "none"))
    assert caught.value.missing == FAMILY[0]


def test_without_raqm_there_are_no_cards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(features, "check", lambda name: name != "raqm")
    with pytest.raises(NoFontsError) as caught:
        module.find_fonts()
    assert caught.value.missing == "raqm"
