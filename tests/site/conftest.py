"""A bundle made once, and its site."""

from pathlib import Path

import pytest

from tests.site.bundles import published
from voipwatch.site.bundle import Bundle, read_bundle
from voipwatch.site.pages.site import Site
from voipwatch.site.render import render


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a real bundle: one operator, two apps, one of them blocked; an incident without an end."""
    return published(tmp_path_factory.mktemp("made")).resolve()


@pytest.fixture
def bundle(made: Path) -> Bundle:
    """The same, read."""
    return read_bundle(made)


@pytest.fixture
def site(bundle: Bundle) -> Site:
    """Its pages' ground."""
    return Site(bundle, "https://example.org")


@pytest.fixture(scope="session")
def pages(made: Path) -> dict[str, bytes]:
    """Every file of its site."""
    return dict(render(read_bundle(made)))
