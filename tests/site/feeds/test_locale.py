"""Texts of feeds and cards: the same keys and the same places in every language."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.support.environment import REPOSITORY
from voipwatch.site.words import PLURALS

FOLDER = REPOSITORY / "src/voipwatch/site/locale"


def texts(file: Path) -> dict[str, set[str]]:
    """Key without its plural form -> places of all its forms."""
    found: dict[str, set[str]] = {}

    def walk(table: dict[str, Any], prefix: str) -> None:
        for key, value in table.items():
            if isinstance(value, dict):
                walk(value, f"{prefix}{key}.")
                continue
            name = prefix.removesuffix(".") if key in PLURALS else prefix + key
            found.setdefault(name, set()).update(re.findall(r"\{(\w+)\}", value))

    walk(tomllib.loads(file.read_text("utf-8")), "")
    return found


@pytest.mark.parametrize("lang", ["fr", "ar"])
def test_every_key_and_every_place_is_there(lang: str) -> None:
    wanted = texts(FOLDER / "feeds-en.toml")
    assert texts(FOLDER / f"feeds-{lang}.toml") == wanted
    assert wanted
