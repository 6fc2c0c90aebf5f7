"""The line test as a person runs it: Chromium on a line behind an operator's router, in network namespaces.

One rule of each class; the whole table, three times each, and a hundred clean lines are `make linetest`.
"""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.site.linetest.driving import launch, press
from tests.site.linetest.line_net import LineNet
from tests.site.linetest.rules import QUICK, RULES
from tests.support.environment import require
from voipwatch.lab.support import kernel_support
from voipwatch.site.linetest.turn import is_installed

pytestmark = [pytest.mark.kernel, pytest.mark.slow]


@pytest.fixture(scope="module")
def net() -> Iterator[LineNet]:
    require(kernel_support().available, "no network namespaces")
    require(is_installed(), "no coturn: apt-get install coturn")
    with LineNet() as net:
        yield net


@pytest.fixture(scope="module")
def on_the_line(net: LineNet) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = launch(playwright, net.arguments, net.chromium)
        page = chromium.new_page()
        page.goto(net.page)
        press(page)  # the canary: shows that the far end can be reached, without which nobody is accused
        page.close()
        yield chromium
        chromium.close()


@pytest.mark.parametrize("name", QUICK)
def test_each_rule_gives_its_class_within_ten_seconds(on_the_line: Browser, net: LineNet, name: str) -> None:
    rule, expected = RULES[name]
    page = on_the_line.new_page()
    net.rules("")
    page.goto(net.page)
    net.rules(rule)
    said = press(page)
    assert said["class"] == expected, said
    assert float(said["tookMs"]) <= 10_000
    net.rules("")
    page.close()
