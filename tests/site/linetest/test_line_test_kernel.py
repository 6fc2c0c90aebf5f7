"""The line test as a person runs it: Chromium on a line behind an operator's router, in network namespaces.

One rule of each class. The whole table, three times each, a hundred clean lines, and how long each test took
on calm cores (10 s are asked) are `make linetest`: how fast busy cores are is no property of the code.
"""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.site.linetest.driving import launch, press
from tests.site.linetest.line_net import SERVER, LineNet
from tests.site.linetest.rules import QUICK, RULES
from tests.support.environment import require
from voipwatch.lab.support import kernel_support
from voipwatch.site.linetest.turn import is_installed

CUT_OFF = f"ip daddr {SERVER} drop; ip saddr {SERVER} drop"

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
        net.move()
        yield chromium
        chromium.close()


@pytest.mark.parametrize("name", QUICK)
def test_each_rule_gives_its_class(on_the_line: Browser, net: LineNet, name: str) -> None:
    rule, expected = RULES[name]
    page = on_the_line.new_page()
    net.rules("")
    page.goto(net.page)
    net.rules(rule)
    said = press(page)
    assert said["class"] == expected, said
    net.rules("")
    page.close()


def test_a_visitor_whom_the_site_is_cut_off_from_is_told_that_nothing_can_be_said(
    on_the_line: Browser, net: LineNet
) -> None:
    """The page came, then a block of all that goes to the server: line, server or block look alike."""
    page = on_the_line.new_page()
    net.rules("")
    page.goto(net.page)
    page.wait_for_selector("#line-test[data-state=ready]")
    net.rules(CUT_OFF)
    said = press(page)
    assert (said["class"], said["reason"]) == ("insufficient", "page")
    net.rules("")
    page.close()


def test_a_line_that_dies_during_the_test_accuses_nobody_of_cutting_the_call(
    on_the_line: Browser, net: LineNet
) -> None:
    page = on_the_line.new_page()
    page.goto(net.page)
    page.wait_for_selector("#line-test[data-state=ready]")
    with page.expect_response("**/linetest/calls"):
        page.click("#line-test-start")
    net.rules(CUT_OFF)
    page.locator(".line-test-result").wait_for(timeout=60_000)
    assert page.get_attribute(".line-test-result", "data-class") == "insufficient"
    assert page.get_attribute(".line-test-result", "data-reason") == "control"
    net.rules("")
    page.close()
