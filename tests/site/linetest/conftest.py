"""Chromium for a test file.

Not for a session: Playwright's synchronous interface keeps an event loop in the main thread for as long as it
lives, in which no other test could call `asyncio.run`.
"""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.site.linetest.driving import launch


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = launch(playwright)
        yield chromium
        chromium.close()
