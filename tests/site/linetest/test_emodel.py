"""linetest-emodel.js against voipwatch.stats.emodel on a grid, and against hand-worked edges."""

from itertools import product

import pytest
from playwright.sync_api import Browser

from tests.site.linetest.driving import module_page
from voipwatch.stats.emodel import e_model

DELAYS_MS = (0.0, 0.5, 10.0, 50.0, 99.9, 100.0, 100.1, 150.0, 177.3, 250.0, 400.0, 800.0, 3_000.0)
LOSSES = (0.0, 0.001, 0.01, 0.03, 0.1, 0.2, 0.5, 0.9, 1.0)


def test_the_same_numbers_as_in_python(browser: Browser) -> None:
    grid = list(product(DELAYS_MS, LOSSES))
    page = module_page(browser)
    told = page.evaluate(
        """async grid => {
          const m = await import('/linetest/linetest-emodel.js');
          return grid.map(([delay, loss]) => [m.rating(delay, loss), m.mos(delay, loss)]);
        }""",
        grid,
    )
    for (delay_ms, loss), (r, mos) in zip(grid, told, strict=True):
        ours = e_model(delay_ms, loss, n=1, codec="opus")
        assert ours is not None
        assert r == pytest.approx(ours.r, abs=1e-9), (delay_ms, loss)
        assert mos == pytest.approx(ours.mos, abs=1e-9), (delay_ms, loss)
    page.close()


def test_what_was_not_measured_has_no_score(browser: Browser) -> None:
    page = module_page(browser)
    told = page.evaluate(
        """async () => {
          const m = await import('/linetest/linetest-emodel.js');
          return [m.mos(null, 0), m.mos(10, null), m.mosOfRating(-5), m.mosOfRating(120), m.mosOfRating(3)];
        }"""
    )
    assert told == [None, None, 1, 4.5, 1]
    page.close()
