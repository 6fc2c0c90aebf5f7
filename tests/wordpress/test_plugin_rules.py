"""The plugin keeps the rules of WordPress's directory, and each rule sees a plugin that breaks it."""

import shutil
import subprocess
from base64 import b64encode
from hashlib import blake2b

import pytest

from tests.support.environment import REPOSITORY, require
from tests.wordpress.plugin_rules import (
    MAIN,
    RULES,
    Files,
    Rule,
    address_rules,
    consent_rules,
    escaping_rules,
    file_rules,
    forbidden_code,
    header_rules,
    is_escaped,
    readme_rules,
    script_rules,
    split_arguments,
    trademark_rules,
    translation_rules,
    without_comments,
)  # fmt: skip
from tests.wordpress.sites import PLUGIN

ELEMENT = REPOSITORY / "src/voipwatch/site/assets/element.js"
README, SETTINGS, RENDER = "readme.txt", "includes/settings.php", "includes/render.php"
PAGE, FETCH, SCRIPT = "includes/settings-page.php", "includes/fetch.php", "assets/counter.js"


@pytest.fixture
def files() -> Files:
    return {
        path.relative_to(PLUGIN).as_posix(): path.read_bytes() for path in PLUGIN.rglob("*") if path.is_file()
    }


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_plugin_keeps_the_rule(files: Files, rule: Rule) -> None:
    assert rule(files) == []


# (rule, file, what stands there, what would stand there); an empty first text adds at the end.
BROKEN: list[tuple[Rule, str, str, str]] = [
    (readme_rules, README, "Stable tag: 0.1.0", "Stable tag: 0.2.0"),
    (readme_rules, README, "Stable tag: 0.1.0", "Stable tag: trunk"),
    (readme_rules, README, "Stable tag: 0.1.0\n", ""),
    (readme_rules, README, "=== VoipWatch Counter ===", "=== Plugin Name ==="),
    (readme_rules, README, "voip, block", "voip, block, sixth"),
    (readme_rules, README, "Tested up to: 6.7", "Tested up to: 6.7-alpha"),
    (readme_rules, README, "Requires PHP: 7.4", "Requires PHP: 8.0"),
    (readme_rules, README, "License: GPL-2.0-or-later", "License: Apache-2.0"),
    (
        readme_rules,
        README,
        "Block, shortcode and widget; nothing",
        "Block, shortcode and classic widget; nothing",
    ),
    (readme_rules, README, "", "== Upgrade Notice ==\n" + "x" * 301),
    (header_rules, MAIN, "Text Domain:       voipwatch-counter", "Text Domain:       voipwatch"),
    (header_rules, MAIN, "const VERSION = '0.1.0'", "const VERSION = '0.1.1'"),
    (header_rules, MAIN, "Domain Path:       /languages", "Domain Path:       /lang"),
    (header_rules, MAIN, " * Author:            The VoipWatch contributors\n", ""),
    (translation_rules, PAGE, "__( 'Consent', 'voipwatch-counter' )", "__( 'Consent', 'voipwatch' )"),
    (translation_rules, PAGE, "__( 'Consent', 'voipwatch-counter' )", "__( 'Consent' )"),
    (translation_rules, PAGE, "__( 'Consent', 'voipwatch-counter' )", "__( $consent, 'voipwatch-counter' )"),
    (translation_rules, PAGE, "/* translators: %s: an HTTP status code, as in 404. */", ""),
    (translation_rules, "block/editor.js", "__( 'Language', 'voipwatch-counter' )", "__( 'Language' )"),
    (escaping_rules, PAGE, "esc_html( get_admin_page_title() )", "get_admin_page_title()"),
    (escaping_rules, PAGE, "esc_attr( $placeholder )", "$placeholder"),
    (escaping_rules, "block/render.php", "echo wp_kses(", "echo do_blocks("),
    (forbidden_code, FETCH, "wp_safe_remote_get", "wp_remote_get"),
    (forbidden_code, FETCH, "", "\n$wpdb->query( 'x' );"),
    (forbidden_code, FETCH, "", "\nfile_get_contents( $x );"),
    (forbidden_code, FETCH, "", "\nset_transient( 'x', 1 );"),
    (forbidden_code, FETCH, "", "\n$_GET['x'];"),
    (forbidden_code, FETCH, "", "\nwp_safe_remote_get( $another );"),
    (forbidden_code, "uninstall.php", "defined( 'WP_UNINSTALL_PLUGIN' ) || exit;", ""),
    (forbidden_code, RENDER, "namespace VoipWatch\\Counter;", ""),
    (address_rules, FETCH, "", "\n// local" + "host"),
    (address_rules, FETCH, "", "\n'https://cdn.example/x.js';"),
    (address_rules, RENDER, "", "\n'<script src=x>';"),
    (trademark_rules, MAIN, "Plugin Name:       VoipWatch", "Plugin Name:       WhatsApp"),
    (script_rules, MAIN, "'strategy'  => 'defer',", ""),
    (script_rules, MAIN, "", "\nwp_enqueue_script( 'voipwatch-counter' );"),
    (script_rules, SCRIPT, "", "\nimport('https://x.example/y.js');"),
    (consent_rules, SETTINGS, "'fetch'       => false", "'fetch'       => true"),
    (consent_rules, SETTINGS, "'link'        => false", "'link'        => true"),
]


@pytest.mark.parametrize(("rule", "name", "good", "bad"), BROKEN)
def test_the_rule_sees_a_plugin_that_breaks_it(
    files: Files, rule: Rule, name: str, good: str, bad: str
) -> None:
    text = files[name].decode()
    assert good in text, "the example is stale"
    files[name] = (text.replace(good, bad, 1) if good else text + bad).encode()
    assert rule(files) != []


@pytest.mark.parametrize("name", [".gitignore", "vendor.zip", "a b.php", "block/.DS_Store", "x.exe"])
def test_the_rule_of_files_sees_what_does_not_belong(files: Files, name: str) -> None:
    assert file_rules(files | {name: b""}) != []


def test_the_rules_of_files_and_scripts_see_what_is_too_much_or_missing(files: Files) -> None:
    assert file_rules(files | {"x.txt": b"\0"}) == ["x.txt"]
    assert file_rules({name: data for name, data in files.items() if name != "uninstall.php"}) == [
        "uninstall.php"
    ]
    noise = b64encode(b"".join(blake2b(bytes([n])).digest() for n in range(100)))
    assert script_rules(files | {SCRIPT: b"/*" + noise + b"*/"}) != []


def test_how_code_is_taken_apart() -> None:
    assert split_arguments("f( 'a,b', g( 1, 2 ), \"c)\" ) . x", 2)[0] == ["'a,b'", "g( 1, 2 )", '"c)"']
    assert without_comments("a // b\n/* c\n */ 'https://d' # e") == "a \n\n 'https://d' # e"
    assert is_escaped("'<p>' . esc_html( $a . $b ) . '</p>'")
    assert not is_escaped("'<p>' . $a")
    assert not is_escaped("esc_html( $a ) . $b")


def test_every_php_file_is_php() -> None:
    require(shutil.which("php"), "php is not installed: make system")
    for path in sorted(REPOSITORY.glob("wordpress/**/*.php")) + sorted(REPOSITORY.glob("tests/**/*.php")):
        ran = subprocess.run(["php", "-l", path], capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stdout


def test_the_bundled_script_is_the_sites_own(files: Files) -> None:
    require(ELEMENT.exists(), "the site's own element is not written yet")
    assert files[SCRIPT] == ELEMENT.read_bytes()


def test_the_licence_is_the_text_of_the_gpl(files: Files) -> None:
    text = files["LICENSE.txt"].decode()
    assert "GNU GENERAL PUBLIC LICENSE\n                       Version 2, June 1991" in text
    assert len(text.splitlines()) == 339
