"""The archive: frozen, the same bytes each time, nothing of today in it."""

import io
import json
from zipfile import ZipFile

import pytest

from tests.support.counters import BASE, at, every_state, hostile
from voipwatch.site.counter.document import counter_document
from voipwatch.site.counter.module import current_module
from voipwatch.site.counter.selfhost import archive
from voipwatch.site.words import LANGUAGES

FOLDER = "voipwatch-counter/"


def unpacked(body: bytes) -> dict[str, bytes]:
    with ZipFile(io.BytesIO(body)) as folder:
        assert folder.testzip() is None
        return {name.removeprefix(FOLDER): folder.read(name) for name in folder.namelist()}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_what_is_in_it(lang: str) -> None:
    document = counter_document(every_state()["active"], None, base=BASE)
    body = archive(document, lang, base=BASE, module=current_module())
    assert body == archive(document, lang, base=BASE, module=current_module())
    found = unpacked(body)
    module = current_module()
    assert set(found) == {
        module.name, "counter.json", "example.html", "README.en.txt", "README.fr.txt", "README.ar.txt",
    }  # fmt: skip
    assert found[module.name] == module.body
    shown = json.loads(found["counter.json"])
    assert (shown["live"], shown["day"], shown["next_change_at"]) == (False, None, None)
    assert shown["texts"][lang]["headline"] is None
    assert shown["page"][lang].startswith("https://voip.example/")
    example = found["example.html"].decode()
    assert document.texts[lang].dated in example
    assert f'src="{module.name}" integrity="{module.integrity}"' in example
    for name in LANGUAGES:
        text = found[f"README.{name}.txt"].decode()
        assert document.texts[name].dated in text
        assert document.texts[name].unread in text
        assert bool(document.texts[name].unread) is (name != "en")
        assert f"{BASE}/counter/{name}/MA-2016-01-a.zip" in text
        assert module.name in text


def test_without_an_address_nothing_leads_anywhere() -> None:
    document = counter_document(every_state()["active"], None)
    found = unpacked(archive(document, "en", base="", module=current_module()))
    assert json.loads(found["counter.json"])["page"] == {}
    assert b"<a " not in found["example.html"]
    assert b"fetch this archive again.\n" in found["README.en.txt"]


def test_what_speaks_of_today_is_refused() -> None:
    document = counter_document(every_state()["active"], at("2016-03-01T12:00"), base=BASE)
    with pytest.raises(ValueError, match="true for ever"):
        archive(document, "en", base=BASE, module=current_module())


def test_hostile_text_is_escaped_and_emulation_is_said() -> None:
    document = counter_document(hostile(), None, base=BASE)
    found = unpacked(archive(document, "en", base=BASE, module=current_module()))
    assert b"<script>alert" not in found["example.html"]
    assert b"Emulated (" in found["README.en.txt"]
