"""The page's texts, files and template; what it looks like and does is in test_line_test_page.py."""

import re
from pathlib import Path

import pytest

from tests.site.linetest.line_site import write_line_test_site
from tests.support.environment import REPOSITORY
from voipwatch.site.linetest.page import LANGUAGES, files, line_test_context, texts

ASSETS = REPOSITORY / "src/voipwatch/site/linetest/assets"
PLACE = re.compile(r"\{(\w+)\}")
CLASSES = ("ok", "udp-or-stun", "tls-only", "dtls", "rtp", "one-way", "poor", "late-cut", "sni-or-name")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_language_has_every_text_with_its_places(lang: str) -> None:
    english, told = texts("en"), texts(lang)
    assert told.keys() == english.keys()
    assert {key: sorted(PLACE.findall(text)) for key, text in told.items()} == {
        key: sorted(PLACE.findall(text)) for key, text in english.items()
    }
    assert all(text.strip() for text in told.values())


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_sentence_calls_anybody_a_throttler_or_names_an_operator(lang: str) -> None:
    said = " ".join(text for key, text in texts(lang).items() if key.startswith(("class.", "pair.")))
    for word in (
        "throttl",
        "brid",
        "ralent",
        "Maroc",
        "Inwi",
        "Orange",
        "Méditel",
        "إبطاء",
        "خنق",
        "اتصالات",
    ):
        assert word.lower() not in said.lower()
    assert len({texts(lang)[f"class.{name}"] for name in CLASSES}) == len(CLASSES)


def test_every_text_that_the_scripts_ask_for_is_there() -> None:
    script = (ASSETS / "linetest.js").read_text("utf-8")
    told = texts("en")
    asked = set(re.findall(r'(?:text|fill)\("([\w.-]+)"', script))
    assert asked
    assert asked <= told.keys()
    classify = (ASSETS / "linetest-classify.js").read_text("utf-8")
    assert {f"class.{name}" for name in re.findall(r'say\("([\w-]+)"', classify)} <= told.keys()
    reasons = set(re.findall(r'say\("insufficient", (?:refused.length > 0 \? )?"([\w-]+)"', classify))
    reasons |= set(re.findall(r'lacking\((?:arms\["turn-tcp"\] \? )?"([\w-]+)"', classify)) | {"no-relay"}
    assert {"relay-refused", "nothing-through", "unproved"} <= reasons
    assert {f"reason.{name}" for name in reasons} <= told.keys()
    measure = (ASSETS / "linetest-measure.js").read_text("utf-8")
    assert {f"reason.{name}" for name in re.findall(r'failure = "([\w-]+)"', measure)} <= told.keys()


def test_an_unknown_language_is_an_error() -> None:
    with pytest.raises(KeyError):
        line_test_context("xx")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_line_test_site(tmp_path_factory.mktemp("line-site"))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_template_has_nothing_inline_and_says_what_it_needs(site: Path, lang: str) -> None:
    page = (site / lang / "line-test/index.html").read_text("utf-8")
    assert not re.search(r"\son\w+=|\sstyle=|<style|javascript:", page)
    assert re.findall(r"<script[^>]*>([^<]*)</script>", page) == [""]
    assert texts(lang)["noscript"].replace("’", "’") in page
    assert texts(lang)["check.title"] in page.replace("&#39;", "'")
    assert (' dir="rtl"' in page.partition("<body")[0]) == (lang == "ar")


def test_files_are_complete_and_name_no_other_host() -> None:
    served = files()
    assert {f"texts-{lang}.json" for lang in LANGUAGES} <= served.keys()
    assert {path.name for path in ASSETS.iterdir()} <= served.keys()
    for name, file in served.items():
        text = file.content.decode()
        assert "http://" not in text, name
        assert "https://" not in text, name
        if name.endswith(".js"):
            assert not re.search(
                r"innerHTML|outerHTML|insertAdjacent|document\.write|\beval\b|new Function", text
            )
            imported = re.findall(r'from "\./([\w.-]+)"', text)
            assert set(imported) <= served.keys()
    assert [name for name, file in served.items() if file.everywhere] == ["linetest-worker.js"]
