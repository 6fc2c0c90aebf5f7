"""What the tests of the live plugin put on pages, and what an observatory may answer instead of a counter."""

import gzip
import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.wordpress.observatory import counter
from tests.wordpress.sites import PLUGIN, PLUGIN_FILE, Site

DATED = {lang: text["dated"] for lang, text in counter()["texts"].items()}
BLOCK = '<!-- wp:voipwatch/counter {"id":"MA","lang":"%s"} /-->'
SHORTCODE = '[voipwatch_counter id="MA" lang="%s"]'
EVERYTHING = "\n\n".join([BLOCK % "fr", BLOCK % "ar", SHORTCODE % "fr", SHORTCODE % "ar"])
ELEMENT = re.compile(r"<voipwatch-counter [^>]*>.*?</voipwatch-counter>", re.DOTALL)


def elements(text: str) -> list[str]:
    """The counters of a page."""
    return ELEMENT.findall(text)


def put_widget(site: Site, *, lang: str, petition: str = "") -> None:
    """Place the widget in the theme's sidebar."""
    site.run(
        "update_option( 'widget_voipwatch_counter', array( 2 => array( 'title' => 'Calls & us', 'id' => 'MA',"
        f" 'lang' => '{lang}', 'petition' => '{petition}' ), '_multiwidget' => 1 ) );"
        "$all = get_option( 'sidebars_widgets' );"
        "$all['test-sidebar'] = array( 'voipwatch_counter-2', 'search-9' );"
        "update_option( 'sidebars_widgets', $all );"
    )


def as_json(**other: Any) -> bytes:
    return json.dumps(counter(**other)).encode()


FAILURES: dict[str, tuple[bytes, dict[str, Any]]] = {
    "status": (as_json(), {"status": 500}),
    "redirect": (b"", {"status": 302, "headers": {"Location": "/counter/TN.json"}}),
    "broken": (as_json()[:-1], {}),
    "not json": (b"<!doctype html>", {}),
    "another counter": (as_json(name="TN"), {}),
    "another schema": (as_json(schema="voipwatch.counter/2"), {}),
    "pages that are none": (as_json(page="javascript:alert(1)"), {}),
    "emulated and silent about it": (as_json(synthetic=True), {}),
    "too large": (as_json(padding="x" * 70_000), {}),
    "a bomb": (gzip.compress(as_json(padding="x" * 30_000_000)), {"headers": {"Content-Encoding": "gzip"}}),
}


@contextmanager
def plugin_put_back(site: Site) -> Iterator[None]:
    """Whatever a test deletes is there again afterwards."""
    folder = site.folder / "wp-content/plugins/voipwatch-counter"
    try:
        yield
    finally:
        shutil.copytree(PLUGIN, folder, dirs_exist_ok=True)
        site.run(f"activate_plugin( '{PLUGIN_FILE}' );")


NETWORK = f"""
require_once ABSPATH . 'wp-admin/includes/network.php';
wp_install( 'Network', 'admin', 'admin@example.org', true, '', 'x' );
foreach ( $GLOBALS['wpdb']->tables( 'ms_global' ) as $name => $table ) $GLOBALS['wpdb']->$name = $table;
install_network();
$made = populate_network( 1, 'network.example', 'admin@example.org', 'Network', '/', false );
echo is_wp_error( $made ) ? $made->get_error_message() : '';
update_option( 'active_plugins', array( '{PLUGIN_FILE}' ) );
"""
TWO_SITES = """
$site   = array( 'domain' => 'network.example', 'path' => '/two/', 'network_id' => 1, 'user_id' => 1 );
$second = wp_insert_site( $site );
foreach ( array( 1, $second ) as $each ) {
	switch_to_blog( $each );
	update_option( 'voipwatch_counter_settings', array( 'fetch' => false ) );
	update_option( 'voipwatch_counter_data', array(), false );
	restore_current_blog();
}
"""
