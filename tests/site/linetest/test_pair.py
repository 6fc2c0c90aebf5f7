"""linetest-pair.js in Chromium: every pair of classes, and what the sentence of each language may say."""

from collections.abc import Iterator
from itertools import product

import pytest
from playwright.sync_api import Browser

from tests.site.linetest.driving import module_page
from voipwatch.model.browser import LineClass
from voipwatch.site.linetest.page import LANGUAGES, texts

STOPPED = {"udp-or-stun", "tls-only", "dtls", "rtp", "one-way", "late-cut"}
SAYS_NOTHING = {"insufficient", "unsupported"}
CLASSES = [one.value for one in LineClass]
PAIRS = list(product(CLASSES, CLASSES))
SENTENCES = {
    "same", "vpn-better", "vpn-worse", "poor-line", "poor-vpn", "name-line", "name-vpn", "different",
    "nothing",
}  # fmt: skip


@pytest.fixture(scope="module")
def pairs(browser: Browser) -> Iterator[dict[tuple[str, str], str]]:
    page = module_page(browser)
    page.evaluate("async () => { window.m = await import('/linetest/linetest-pair.js'); }")
    said = page.evaluate(
        """(pairs) => pairs.map(([line, vpn]) =>
        window.m.comparePair({ class: line, reason: "" }, { class: vpn, reason: "" }))""",
        PAIRS,
    )
    yield dict(zip(PAIRS, said, strict=True))
    page.close()


def test_sound_missing_in_different_directions_is_not_the_same(browser: Browser) -> None:
    page = module_page(browser)
    said = page.evaluate(
        """async () => (await import("/linetest/linetest-pair.js")).comparePair(
        { class: "one-way", reason: "up" }, { class: "one-way", reason: "down" })"""
    )
    page.close()
    assert said == "different"


@pytest.mark.parametrize(("line", "vpn"), PAIRS)
def test_each_pair_says_what_both_results_bear_out(
    pairs: dict[tuple[str, str], str], line: str, vpn: str
) -> None:
    key = pairs[line, vpn]
    if SAYS_NOTHING & {line, vpn}:
        assert key == "nothing"
    elif line == vpn:
        assert key == "same"
    elif "ok" not in {line, vpn}:
        assert key == "different"
    else:
        other, ok_is_vpn = (line, True) if vpn == "ok" else (vpn, False)
        side = "line" if ok_is_vpn else "vpn"
        stopped = "vpn-better" if ok_is_vpn else "vpn-worse"
        assert key == {"poor": f"poor-{side}", "sni-or-name": f"name-{side}"}.get(other, stopped)
        assert (key == stopped) == (other in STOPPED)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_sentence_is_one_of_its_own(pairs: dict[tuple[str, str], str], lang: str) -> None:
    told = {key: texts(lang)[f"pair.{key}"] for key in set(pairs.values())}
    assert told.keys() == SENTENCES
    assert {f"pair.{key}" for key in SENTENCES} == {key for key in texts(lang) if key.startswith("pair.")}
    assert len(set(told.values())) == len(told)
