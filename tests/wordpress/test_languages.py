"""The plugin's French and Arabic: whole, and compiled from what people edit."""

import gettext
import importlib.util
import io
import json
import re
import shutil
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests.support.environment import REPOSITORY
from tests.wordpress.sites import PLUGIN

LANGUAGES = PLUGIN / "languages"
LOCALES = ("fr_FR", "ar")


@pytest.fixture(scope="module")
def script() -> ModuleType:
    path = REPOSITORY / "scripts/wordpress_languages.py"
    spec = importlib.util.spec_from_file_location("wordpress_languages", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["wordpress_languages"] = module
    spec.loader.exec_module(module)
    return module


def test_every_file_is_as_the_script_writes_it(script: ModuleType) -> None:
    for path, data in script.built().items():
        assert path.read_bytes() == data, f"{path.name}: python scripts/wordpress_languages.py"
    assert {path for path in LANGUAGES.iterdir() if path.suffix != ".po"} <= set(script.built())


def test_every_text_is_translated(script: ModuleType) -> None:
    assert script.untranslated() == []
    assert len(script.all_found()) > 40


@pytest.mark.parametrize("locale", LOCALES)
def test_the_compiled_file_gives_what_the_edited_one_says(locale: str) -> None:
    """Read by a second reader, Python's own; the .po line by line: a context, a text, its translation."""
    data = (LANGUAGES / f"voipwatch-counter-{locale}.mo").read_bytes()
    compiled = gettext.GNUTranslations(io.BytesIO(data))
    edited = (LANGUAGES / f"voipwatch-counter-{locale}.po").read_text("utf-8")
    entry = r'^(?:msgctxt "(.+)"\n)?msgid "(.+)"\nmsgstr "(.+)"$'
    entries = re.findall(entry, edited, re.MULTILINE)
    assert len(entries) > 25
    for context, text, translation in entries:
        found = compiled.pgettext(context, text) if context else compiled.gettext(text)
        assert found == translation
    table_at, count = int.from_bytes(data[16:20], sys.byteorder), int.from_bytes(data[8:12], sys.byteorder)
    assert int.from_bytes(data[24:28], sys.byteorder) == table_at + 8 * count, "else WordPress 6.1 refuses it"


@pytest.mark.parametrize("locale", LOCALES)
def test_placeholders_and_isolated_words_survive_translation(script: ModuleType, locale: str) -> None:
    for message in script.merged(locale):
        if message.id:
            placeholders = re.findall(r"%(?:\d\$)?s|https://|\bMA\b|#", str(message.string))
            for each in re.findall(r"%(?:\d\$)?s|https://|\bMA\b", str(message.id)):
                assert each in placeholders, message.id


@pytest.mark.parametrize("locale", LOCALES)
def test_the_editors_texts_are_those_of_its_script(locale: str) -> None:
    name = f"voipwatch-counter-{locale}-voipwatch-counter-editor-script.json"
    messages = json.loads((LANGUAGES / name).read_text("utf-8"))["locale_data"]["messages"]
    asked = re.findall(r"__\( '([^']+)'", (PLUGIN / "block/editor.js").read_text("utf-8"))
    assert set(messages) - {""} == set(asked)
    assert all(translation != [text] for text, translation in messages.items() if text)


def test_the_check_sees_a_new_text_and_a_stale_file(
    script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = tmp_path / "plugin"
    shutil.copytree(PLUGIN, copy)
    monkeypatch.setattr(script, "PLUGIN", copy)
    assert script.main(["--check"]) == 0
    with (copy / "includes/render.php").open("a", encoding="utf-8") as file:
        file.write("\n__( 'A new text', 'voipwatch-counter' );\n")
    assert script.main(["--check"]) == 1
    said = capsys.readouterr().err
    assert "fr_FR: A new text" in said
    assert "ar: A new text" in said
    assert "voipwatch-counter.pot" in said
    assert script.main([]) == 0
    assert 'msgid "A new text"' in (copy / "languages/voipwatch-counter-ar.po").read_text("utf-8")
    assert script.main(["--wrong"]) == 64
