"""Chromium on the line, driven from outside its namespace."""

from typing import Final

from playwright.sync_api import Browser, Playwright

from tests.site.linetest.line_net import LineNet

ARGUMENTS: Final = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def launch(playwright: Playwright, net: LineNet) -> Browser:
    return playwright.chromium.launch(
        executable_path=net.chromium, headless=True, args=[*ARGUMENTS, *net.arguments], timeout=60_000
    )
