"""One fake observatory and one Chromium, each WordPress once: for the one file that asks for them.

Not for the session: while Playwright runs, its thread has an event loop, and no other test could start one.
"""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.wordpress.chromium import run_chromium
from tests.wordpress.observatory import Observatory, run_observatory
from tests.wordpress.sites import PLUGIN_FILE, VERSIONS, Site, require_wordpress, run_site


@pytest.fixture(scope="module")
def observatory_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Observatory]:
    with run_observatory(tmp_path_factory.mktemp("observatory")) as running:
        yield running


@pytest.fixture
def observatory(observatory_server: Observatory) -> Observatory:
    """The fake observatory, which knows nothing yet and was asked nothing."""
    observatory_server.answers.clear()
    observatory_server.asked.clear()
    return observatory_server


@pytest.fixture(scope="module", params=VERSIONS[:2])
def installed(request: pytest.FixtureRequest, observatory_server: Observatory) -> Iterator[Site]:
    """A WordPress of each version, with the plugin activated; a test may ask for others."""
    require_wordpress(request.param)
    port = int(observatory_server.url.rsplit(":", 1)[1])
    with run_site(request.param, certificate=observatory_server.certificate, port=port) as site:
        assert site.run(f"var_dump( activate_plugin( '{PLUGIN_FILE}' ) );").strip() == "NULL"
        yield site


@pytest.fixture
def site(installed: Site) -> Site:
    """A WordPress whose plugin is as after its activation."""
    installed.run(
        "delete_option( 'widget_voipwatch_counter' ); update_option( 'sidebars_widgets',"
        " array( 'wp_inactive_widgets' => array(), 'array_version' => 3 ) );"
    )
    installed.configure()
    return installed


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with run_chromium() as running:
        yield running
