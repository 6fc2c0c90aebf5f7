"""The plugin in real WordPress: 6.1.9 as Debian packages it, 6.5.5 and 6.7-alpha from their builds."""

import json
import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from playwright.sync_api import Browser

from tests.wordpress.chromium import (
    HARMLESS,
    LOOKING_IN,
    blocks,
    insert_counter,
    log_in,
    open_editor,
    publish,
    watched_page,
)  # fmt: skip
from tests.wordpress.observatory import TODAY, Observatory, counter, petition
from tests.wordpress.sites import DEBIAN_VERSION, PLUGIN_FILE, VERSIONS, Site
from tests.wordpress.steps import (
    DATED,
    EVERYTHING,
    FAILURES,
    NETWORK,
    SHORTCODE,
    TWO_SITES,
    elements,
    plugin_put_back,
    put_widget,
)  # fmt: skip
from tests.wordpress.visitor import Visitor, form_fields

# The rest is tried in 6.1 and 6.5 only: the newest, a development version, differs in how it loads and edits.
EVERYWHERE = pytest.mark.parametrize("installed", VERSIONS, indirect=True, scope="module")


@EVERYWHERE
def test_block_shortcode_and_widget_show_the_same_in_french_and_arabic(
    site: Site, observatory: Observatory
) -> None:
    observatory.says("MA", counter())
    site.configure(observatory.url, fetch=True)
    put_widget(site, lang="ar")
    page = site.get(site.post_with(EVERYTHING))
    shown = elements(page.text)
    assert len(shown) == 5
    for each, lang in zip(shown, ("fr", "ar", "fr", "ar", "ar"), strict=True):
        assert f'src="{observatory.url}/counter/MA.json" lang="{lang}"' in each
        assert f'dir="{"rtl" if lang == "ar" else "ltr"}"' in each
        assert DATED[lang] in each
        assert "<a " not in each, "no link unless it is asked for"
        assert re.match(r"<[^>]* nolink\b", each), "nor by the script"
    assert "Calls &amp; us" in page.text
    assert (
        len(re.findall(r'<script\b[^>]*\btype="module"[^>]*voipwatch-counter/assets/counter\.js', page.text))
        == 1
    )
    assert site.complaints() == []


def test_the_settings_choose_what_nothing_else_does(site: Site, observatory: Observatory) -> None:
    document = counter("TN")
    document["page"]["en"] = "../en/countries/TN/"
    observatory.says("TN", document)
    path = site.post_with(
        "[voipwatch_counter]\n\n<!-- wp:voipwatch/counter /-->\n\n[voipwatch_counter lang=zgh]"
    )
    site.configure(observatory.url, fetch=True, id="TN", lang="fr", link=True)
    shown = elements(site.get(path).text)
    assert [re.findall(' lang="([a-z]+)"', each)[0] for each in shown] == ["fr", "fr", "en"]
    assert f'<a href="{document["page"]["fr"]}" hreflang="fr">' in shown[0]
    assert f'<a href="{observatory.url}/en/countries/TN/" hreflang="en">' in shown[2]
    assert not re.search(r"<[^>]* nolink", "".join(shown))
    site.configure(observatory.url, fetch=True, id="TN")
    assert [re.findall(' lang="([a-z]+)"', each)[0] for each in elements(site.get(path).text)] == ["en"] * 3
    moroccan = "add_filter( 'locale', fn() => 'ary' ); echo do_shortcode( '[voipwatch_counter]' );"
    assert DATED["ar"] in site.run(moroccan), "WordPress's own name for Moroccan Arabic"


def test_before_consent_nothing_is_asked_and_nothing_is_shown(site: Site, observatory: Observatory) -> None:
    observatory.says("MA", counter())
    put_widget(site, lang="fr")
    path = site.post_with(EVERYTHING)
    before = site.requests_out()
    for settings in ({}, {"observatory": observatory.url}, {"observatory": "", "fetch": True}):
        site.configure(**settings)
        page = site.get(path)
        assert elements(page.text) == []
        assert "assets/counter.js" not in page.text
        assert observatory.url not in page.text
        assert "Only editors" not in page.text
    assert observatory.asked == []
    assert site.requests_out() == before
    # The address alone is no consent; with it the very same page asks.
    site.configure(observatory.url, fetch=True)
    assert len(elements(site.get(path).text)) == 5
    assert [each.path for each in observatory.asked] == ["/counter/MA.json"]


def test_one_request_until_the_answer_expires_and_it_names_nobody(
    site: Site, observatory: Observatory
) -> None:
    observatory.says("MA", counter())
    site.configure(observatory.url, fetch=True)
    path = site.post_with(EVERYTHING)
    for _ in range(3):
        assert DATED["fr"] in site.get(path).text
    assert len(observatory.asked) == 1
    assert "voipwatch" not in site.get("/?p=1").text, "a page without a counter has nothing of ours"
    sent = observatory.asked[0].headers
    assert sent["User-Agent"] == "voipwatch-counter/0.1.0"
    assert "Cookie" not in sent
    assert site.url not in json.dumps(sent)

    later = counter()
    later["texts"]["fr"]["dated"] = "Bloqués depuis le 5 janvier 2016, au 29 décembre 2016"
    observatory.says("MA", later)
    site.make_due()
    assert DATED["fr"] in site.get(path).text, "what stands is shown; it is asked anew when the page is out"
    assert len(observatory.asked) == 2
    assert later["texts"]["fr"]["dated"] in site.get(path).text
    assert len(observatory.asked) == 2


def test_what_a_page_cache_keeps_is_true_for_ever(site: Site, observatory: Observatory) -> None:
    observatory.says("MA", counter())
    site.configure(observatory.url, fetch=True)
    path = site.post_with(EVERYTHING)
    first, second = (elements(site.get(path).text) for _ in range(2))
    assert first == second
    assert len(first) == 4
    everything = "".join(first) + site.run("echo serialize( get_option( 'voipwatch_counter_data' ) );")
    assert TODAY not in everything
    assert "326" not in re.sub(r"https://\S+", "", "".join(first)), "the day of today is the script's to say"


def test_a_petition_stands_beside_the_counter(site: Site, observatory: Observatory) -> None:
    told = petition()
    observatory.says("MA", counter(petitions=[told]))
    site.configure(observatory.url, fetch=True)
    put_widget(site, lang="ar", petition="calls")
    path = site.post_with(
        '[voipwatch_counter id="MA" lang="fr" petition="calls"]\n\n'
        '<!-- wp:voipwatch/counter {"id":"MA","lang":"en","petition":"calls"} /-->\n\n'
        '[voipwatch_counter id="MA" lang="fr"]\n\n[voipwatch_counter id="MA" lang="fr" petition="other"]\n\n'
        """[voipwatch_counter id="MA" lang="fr" petition='"><b>']"""
    )
    shown = elements(site.get(path).text)
    assert len(shown) == 6
    for each, lang in ((shown[0], "fr"), (shown[1], "en"), (shown[5], "ar")):
        assert f"<p>{told['texts'][lang]}</p>" in each
        assert 'petition="calls"' in each
        assert "<a " not in each, "no link unless it is asked for"
    for each in shown[2:5]:
        assert "8" not in each.partition("<p>")[2].replace("28 d", "")
        assert "only editors" not in each.lower()
    assert 'petition="' not in shown[2] + shown[4]
    site.configure(observatory.url, fetch=True, link=True)
    address = "https://observatory.example/campaigns/fr/calls/"
    assert f'<a href="{address}" hreflang="fr">{told["texts"]["fr"]}</a>' in elements(site.get(path).text)[0]
    observatory.says("MA", counter(petitions=[petition(texts={"fr": "<script>x</script> [test_intruder]"})]))
    site.run("delete_option( 'voipwatch_counter_data' );")
    hostile = elements(site.get(path).text)[0]
    assert "&lt;script&gt;x" in hostile
    assert "A SHORTCODE RAN" not in hostile
    assert "<script" not in hostile
    assert site.complaints() == []


def test_hostile_words_are_words(site: Site, observatory: Observatory) -> None:
    hostile = "</p></voipwatch-counter><script>alert(1)</script><img src=x onerror=alert(2)>"
    hostile += "\"' onload=alert(3) [test_intruder]"
    document = counter(synthetic=True)
    document["texts"]["fr"] |= {"dated": hostile, "source": hostile, "emulated": hostile}
    document["texts"]["en"]["emulated"] = document["texts"]["ar"]["emulated"] = "emulated"
    document["page"]["fr"] = "https://observatory.example/?a=1&b=onclick=alert(4)"
    observatory.says("MA", document)
    site.configure(observatory.url, fetch=True, link=True)
    put_widget(site, lang="fr")
    shown = elements(site.get(site.post_with(EVERYTHING)).text)
    assert len(shown) == 5
    for each in (shown[0], shown[2], shown[4]):
        assert len(re.findall("&lt;script&gt;alert", each)) == 3
        assert set(re.findall(r"<(\w[\w-]*)", each)) == {"voipwatch-counter", "p", "strong", "small", "a"}
        assert "A SHORTCODE RAN" not in each
        assert set(re.findall(r'\s([a-z]+)="[^"<>]*"', each)) == {"src", "lang", "dir", "href", "hreflang"}


def test_every_failure_keeps_the_last_good_answer(site: Site, observatory: Observatory) -> None:
    observatory.says("MA", counter())
    observatory.says("TN", counter("TN"))
    site.configure(observatory.url, fetch=True)
    path = site.post_with(SHORTCODE % "fr")
    good = elements(site.get(path).text)
    for number, (name, (body, how)) in enumerate(FAILURES.items(), 1):
        observatory.says("MA", body, **how)
        site.make_due()
        asked = len(observatory.asked)
        assert elements(site.get(path).text) == good, name
        assert elements(site.get(path).text) == good, name
        assert len(observatory.asked) == asked + 1, f"{name}: asked once, then waited"
        entry = site.ask("get_option( 'voipwatch_counter_data' )['MA']")
        assert (entry["failures"], bool(entry["failure"])) == (number, True), name
        assert entry["document"]["texts"]["fr"]["dated"] == DATED["fr"]
    observatory.says("MA", counter())
    site.make_due()
    site.get(path)
    assert site.ask("get_option( 'voipwatch_counter_data' )['MA']['failures']") == 0


def test_an_observatory_that_never_answered_leaves_the_page_to_the_script(
    site: Site, observatory: Observatory
) -> None:
    site.configure(observatory.url, fetch=True)
    path = site.post_with(SHORTCODE % "fr")
    for _ in range(2):
        (shown,) = elements(site.get(path).text)
        assert f'src="{observatory.url}/counter/MA.json" lang="fr"' in shown
        assert "<p>" not in shown
    assert len(observatory.asked) == 1, "the failure is remembered"


def test_past_its_date_a_counter_stays_dated_and_is_asked_for_by_the_hour(
    site: Site, observatory: Observatory
) -> None:
    observatory.says("MA", counter(age_h=900, live=False, day=None, next_change_at=None))
    observatory.says("TN", counter("TN", valid_until=None, next_change_at=None))
    site.configure(observatory.url, fetch=True)
    page = site.get(site.post_with(SHORTCODE % "fr" + "\n\n[voipwatch_counter id=TN]"))
    assert [DATED["fr"] in elements(page.text)[0], DATED["en"] in elements(page.text)[1]] == [True, True]
    past, silent = (site.ask(f"get_option( 'voipwatch_counter_data' )['{name}']") for name in ("MA", "TN"))
    assert 3600 <= past["ask_at"] - past["fetched_at"] <= 4200
    assert 86400 <= silent["ask_at"] - silent["fetched_at"] <= 87000, "a correction comes within a day"


def test_ten_readers_at_once_make_one_request(site: Site, observatory: Observatory) -> None:
    observatory.says("MA", counter(), delay_s=0.5)
    site.configure(observatory.url, fetch=True)
    path = site.post_with(SHORTCODE % "fr")
    with ThreadPoolExecutor(10) as readers:
        list(readers.map(lambda _: site.get(path), range(10)))
    assert len(observatory.asked) == 1
    assert DATED["fr"] in site.get(path).text
    assert site.ask("get_option( 'voipwatch_counter_lock', 'none' )") == "none"


def test_a_lock_whose_holder_died_is_taken_over(site: Site, observatory: Observatory) -> None:
    observatory.says("MA", counter())
    site.configure(observatory.url, fetch=True)
    site.run("add_option( 'voipwatch_counter_lock', (string) intdiv( time(), 60 ), '', 'no' );")
    path = site.post_with(SHORTCODE % "fr")
    site.get(path)
    assert observatory.asked == [], "somebody is asking"
    site.run("update_option( 'voipwatch_counter_lock', (string) ( intdiv( time(), 60 ) - 2 ) );")
    assert DATED["fr"] in site.get(path).text


def test_authors_cannot_make_the_site_ask_for_ever_more_counters(
    site: Site, observatory: Observatory
) -> None:
    site.configure(observatory.url, fetch=True)
    path = site.post_with(
        "\n\n".join(f"[voipwatch_counter id=MA-{n}]" for n in range(25)) + "[voipwatch_counter id=../x]"
    )
    site.get(path)
    assert len(observatory.asked) == 20
    site.get(path)
    assert len(observatory.asked) == 20
    assert not [each for each in observatory.asked if "x.json" in each.path]


def test_only_an_administrator_with_the_form_changes_the_settings(
    site: Site, observatory: Observatory
) -> None:
    page = "/wp-admin/options-general.php?page=voipwatch-counter"
    read = "get_option( 'voipwatch_counter_settings' )"
    before = site.ask(read)
    admin = Visitor(site.url)
    assert "wp-login.php" in admin.open(page).url, "nobody without an account"
    admin.log_in("admin")
    fields = form_fields(admin.open(page).text)
    wanted = {
        "voipwatch_counter_settings[observatory]": observatory.url + "/",
        "voipwatch_counter_settings[fetch]": "1",
        "voipwatch_counter_settings[id]": " MA ",
        "voipwatch_counter_settings[lang]": "fr",
    }
    assert admin.open("/wp-admin/options.php", fields | wanted | {"_wpnonce": "0123456789"}).status == 403
    editor = Visitor(site.url)
    editor.log_in("editor")
    assert editor.open(page).status == 403
    assert editor.open("/wp-admin/options.php", fields | wanted).status == 403
    assert site.ask(read) == before

    bad = {"observatory": "http://observatory.example", "id": "../../x", "lang": "<b>"}
    sent = {f"voipwatch_counter_settings[{name}]": value for name, value in bad.items()}
    said = admin.open("/wp-admin/options.php", fields | wanted | sent).text
    assert "must begin with https://" in said
    assert "letters, digits and hyphens" in said
    assert "before you name an observatory" in said
    assert site.ask(read) == before

    admin.open("/wp-admin/options.php", fields | wanted)
    assert site.ask(read) == {
        "observatory": observatory.url,
        "fetch": True,
        "id": "MA",
        "lang": "fr",
        "link": False,
    }
    assert observatory.asked == [], "settings are kept without asking anybody"
    observatory.says("MA", counter())
    site.get(site.post_with("[voipwatch_counter]"))
    assert ">MA<" in admin.open(page).text
    admin.open("/wp-admin/options.php", fields | wanted | {"voipwatch_counter_settings[fetch]": ""})
    assert site.ask("get_option( 'voipwatch_counter_data', 'none' )") == "none", "consent taken back"
    assert site.complaints() == []


def test_the_settings_are_read_in_french_and_arabic(site: Site) -> None:
    for locale, words in {"fr_CA": "Observatoire", "ary": "المرصد", "fr_FR": "Observatoire"}.items():
        said = site.run(
            f"add_filter( 'locale', fn() => '{locale}' ); unload_textdomain( 'voipwatch-counter' );"
            r"VoipWatch\Counter\load_languages(); echo __( 'Observatory', 'voipwatch-counter' );"
        )
        assert said == words


@EVERYWHERE
def test_a_writer_inserts_the_block_and_a_reader_sees_todays_number(
    site: Site, observatory: Observatory, browser: Browser
) -> None:
    observatory.says("MA", counter())
    site.configure(observatory.url, fetch=True, id="MA", lang="fr")
    with watched_page(browser) as writer:
        log_in(writer.page, site)
        canvas = open_editor(writer.page, site)
        insert_counter(writer.page, canvas)
        canvas.locator("voipwatch-counter", has_text=DATED["fr"]).wait_for()
        assert blocks(writer.page) == [
            {"name": "voipwatch/counter", "attributes": {"id": "", "lang": "", "petition": ""}}
        ]
        address = publish(writer.page)
        assert [error for error in writer.errors if not HARMLESS.search(error)] == []
    assert observatory.by_browser() == [], "the editor shows what PHP renders"

    with watched_page(browser) as reader:
        reader.page.add_init_script(LOOKING_IN)
        reader.page.goto(address)
        reader.page.wait_for_function("word => window.inside?.textContent.includes(word)", arg=TODAY)
        assert reader.page.locator("voipwatch-counter").get_attribute("lang") == "fr"
        links = "[...window.inside.querySelectorAll('a[href]')].filter(each => !each.hidden).length"
        assert reader.page.evaluate(links) == 0, "no link unless it is asked for"
        assert reader.errors == []
        foreign = [each for each in reader.asked if not each.startswith((site.url, "data:", "blob:"))]
        assert foreign == [f"{observatory.url}/counter/MA.json"]
    (asked,) = observatory.by_browser()
    assert "Referer" not in asked.headers
    assert "Cookie" not in asked.headers

    with watched_page(browser, java_script_enabled=False) as reader:
        reader.page.goto(address)
        assert DATED["fr"] in reader.page.locator("voipwatch-counter").inner_text()


@EVERYWHERE
def test_deleting_the_plugin_leaves_nothing(site: Site, observatory: Observatory) -> None:
    observatory.says("MA", counter())
    site.configure(observatory.url, fetch=True)
    put_widget(site, lang="fr")
    site.get(site.post_with(EVERYTHING))
    site.run("add_option( 'voipwatch_counter_lock', '1', '', 'no' );")
    rows = (
        "$GLOBALS['wpdb']->get_results( \"SELECT option_name, option_value FROM {$GLOBALS['wpdb']->options}"
        " WHERE LOWER( CONCAT( option_name, '=', option_value ) ) LIKE '%voipwatch%'\", ARRAY_N )"
    )
    named = {name for name, _ in site.ask(rows)}
    assert {"voipwatch_counter_settings", "voipwatch_counter_data", "voipwatch_counter_lock"} < named
    assert {"widget_voipwatch_counter", "sidebars_widgets"} < named
    with plugin_put_back(site):
        site.run(f"deactivate_plugins( '{PLUGIN_FILE}' );")
        deleted = (
            "require_once ABSPATH . 'wp-admin/includes/file.php';"
            f"var_dump( delete_plugins( array( '{PLUGIN_FILE}' ) ) );"
        )
        assert site.run(deleted).strip() == "bool(true)"
        assert not (site.folder / "wp-content/plugins/voipwatch-counter").exists()
        assert site.ask(rows) == []
        assert site.ask("get_option( 'sidebars_widgets' )['test-sidebar']") == ["search-9"], "others stay"
        assert "voipwatch" not in site.run("echo serialize( _get_cron_array() );")
    assert site.complaints() == []


@pytest.mark.parametrize("installed", [DEBIAN_VERSION], indirect=True, scope="module")
def test_deleting_the_plugin_leaves_nothing_on_any_site_of_a_network(site: Site) -> None:
    assert site.run_apart(NETWORK, VOIPWATCH_NETWORK="to be made", VOIPWATCH_INSTALLING="1") == ""

    def in_network(code: str) -> str:
        return site.run_apart(code, VOIPWATCH_NETWORK="made")

    options = "get_option( 'voipwatch_counter_settings' ), get_option( 'voipwatch_counter_data' )"
    count = (
        "foreach ( get_sites( array( 'fields' => 'ids' ) ) as $each ) { switch_to_blog( $each );"
        f" echo count( array_filter( array( {options} ), 'is_array' ) ), ' '; restore_current_blog(); }}"
    )
    in_network(TWO_SITES)
    assert in_network(count) == "2 2 "
    in_network(f"uninstall_plugin( '{PLUGIN_FILE}' );")
    assert in_network(count) == "0 0 "
