import asyncio
import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.site.asked import Answered, asked, write_site
from voipwatch.model.instants import seconds
from voipwatch.site.app import READY_MAX, SiteApp, not_found_page, takes_gzip
from voipwatch.site.memory import Memory, read_memory
from voipwatch.site.outdated import HIDDEN, MANIFEST, SHOWN
from voipwatch.site.words import LANGUAGES

PAGE = b"<!DOCTYPE html><p>page</p>" + b" " * 2000
FILES = {
    "index.html": PAGE,
    "en/index.html": PAGE,
    "fr/incidents/MA-2016-01-a/index.html": PAGE,
    "api/v1/index.json": b"{}",
    "cards/en/x.png": b"\x89PNG",
    "assets/style-1.css": b"p{}",
    "bundle/series/MA/Operator%20A/4g.json": b"[]",
}


def app_of(folder: Path, **more: Any) -> SiteApp:
    site = write_site(folder, FILES)
    return SiteApp(read_memory(site), site, **more)


def ask(app: SiteApp, path: str, method: str = "GET", query: str = "", **headers: str) -> Answered:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return asyncio.run(asked(app, path, method, named, query))


def test_a_page_plain_packed_and_known(tmp_path: Path) -> None:
    app = app_of(tmp_path)
    plain = ask(app, "/en/")
    assert (plain.status, plain.body) == (200, PAGE)
    assert plain.headers["vary"] == "accept-encoding"
    packed = ask(app, "/en/", accept_encoding="br, gzip;q=0.5")
    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(packed.body) == PAGE
    assert packed.headers["etag"] != plain.headers["etag"]
    for tag in (packed.headers["etag"], f'"x", W/{packed.headers["etag"]}', "*"):
        known = ask(app, "/en/", accept_encoding="gzip", if_none_match=tag)
        assert (known.status, known.body) == (304, b"")
        assert known.headers["etag"] == packed.headers["etag"]
    assert ask(app, "/en/", if_none_match=packed.headers["etag"]).status == 200
    head = ask(app, "/en/", "HEAD")
    assert (head.status, head.body, head.headers["content-length"]) == (200, b"", str(len(PAGE)))


@pytest.mark.parametrize(
    ("value", "taken"),
    [
        (b"gzip", True),
        (b"GZIP ; q=1", True),
        (b"gzip;q=0", False),
        (b"br", False),
        (b"", False),
        (b"x-gzip", True),
    ],
)
def test_who_takes_gzip(value: bytes, taken: bool) -> None:
    assert takes_gzip(value) is taken


def test_names_of_the_bundle_are_taken_as_they_are(tmp_path: Path) -> None:
    # What a server hands over is decoded once: %2520 in the address.
    assert ask(app_of(tmp_path), "/bundle/series/MA/Operator%20A/4g.json").status == 200
    assert ask(app_of(tmp_path), "/bundle/series/MA/Operator A/4g.json").status == 404


def test_a_folder_without_its_slash_is_led_there_on_no_host(tmp_path: Path) -> None:
    app = app_of(tmp_path)
    found = ask(app, "/fr/incidents/MA-2016-01-a", host="evil.example")
    assert (found.status, found.headers["location"]) == (308, "./MA-2016-01-a/")
    assert ask(app, "//evil.example/en").status == 404


@pytest.mark.parametrize("lang", LANGUAGES)
def test_what_is_not_there_is_said_in_the_language(tmp_path: Path, lang: str) -> None:
    found = ask(app_of(tmp_path), f"/{lang}/none/")
    assert (found.status, found.body) == (404, not_found_page(lang))
    assert f'lang="{lang}'.encode() in found.body
    assert found.headers["content-security-policy"].startswith("default-src 'none'")
    assert found.headers["cache-control"] == "no-cache"


def test_a_sites_own_page_of_what_is_not_there(tmp_path: Path) -> None:
    site = write_site(tmp_path, FILES | {"fr/404.html": b"perdu"})
    app = SiteApp(read_memory(site), site)
    assert (ask(app, "/fr/none").status, ask(app, "/fr/none").body) == (404, b"perdu")


def test_the_api_answers_problems(tmp_path: Path) -> None:
    app = app_of(tmp_path)
    missing = ask(app, "/api/v1/none.json")
    refused = ask(app, "/api/v1/index.json", "POST")
    for found, status in ((missing, 404), (refused, 405)):
        assert found.status == status
        assert found.headers["content-type"] == "application/problem+json"
        assert found.headers["access-control-allow-origin"] == "*"
        assert msgspec.json.decode(found.body)["status"] == status
    assert refused.headers["allow"] == "GET, HEAD, OPTIONS"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "TRACE", "CONNECT", "BREW", "x" * 500])
def test_no_other_method(tmp_path: Path, method: str) -> None:
    found = ask(app_of(tmp_path), "/en/", method)
    assert (found.status, found.headers["allow"]) == (405, "GET, HEAD, OPTIONS")


def test_another_origin_may_ask_first(tmp_path: Path) -> None:
    app = app_of(tmp_path)
    found = ask(app, "/api/v1/index.json", "OPTIONS", origin="https://a.example")
    assert found.status == 204
    assert "if-none-match" in found.headers["access-control-allow-headers"]
    assert "access-control-allow-origin" not in ask(app, "/en/", "OPTIONS").headers


PARTS = ["..", ".", "", "en", "etc", "passwd", "%2e%2e", "\\", "\x00", "C:"]
ODD = st.one_of(
    st.text(max_size=60),
    st.lists(st.sampled_from(PARTS), max_size=8).map("/".join),
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(path=ODD, value=st.text(st.characters(max_codepoint=255), max_size=40), query=st.text(max_size=20))
def test_no_path_and_no_header_leads_out_or_breaks_it(
    tmp_path: Path, path: str, value: str, query: str
) -> None:
    app = app_of(tmp_path)
    found = asyncio.run(
        asked(
            app,
            f"/{path}",
            headers={"accept-encoding": value, "if-none-match": value, "range": value, "if-range": value},
            query=query,
        )
    )
    assert found.status in {200, 304, 308, 404}
    assert found.status != 200 or gzip_or_plain(found) in FILES.values()


def gzip_or_plain(found: Answered) -> bytes:
    return gzip.decompress(found.body) if found.headers.get("content-encoding") else found.body


def test_other_traffic_than_http_is_left_alone(tmp_path: Path) -> None:
    async def nobody(*_: Any) -> Any:
        raise AssertionError("not asked")

    asyncio.run(app_of(tmp_path)({"type": "websocket"}, nobody, nobody))


# --- another state of the folder ----------------------------------------------------------------------------


class Ticks:
    """Seconds that a test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def reload_of(app: SiteApp) -> "asyncio.Task[None] | None":
    return app._loading


async def settled(app: SiteApp) -> None:
    task = reload_of(app)
    if task is not None:
        await task


def test_a_changed_site_is_served_after_the_next_look(tmp_path: Path) -> None:
    ticks, told = Ticks(), list[Memory]()
    app = app_of(tmp_path, ticks=ticks, told=told.append)

    async def run() -> None:
        write_site(tmp_path, {"en/index.html": b"new"}, b"{ }")
        assert (await asked(app, "/en/")).body == PAGE  # within the second nobody looks
        ticks.now += 1.0
        assert (await asked(app, "/en/")).body == PAGE  # whoever made us look is not kept waiting
        await settled(app)
        assert (await asked(app, "/en/")).body == b"new"
        assert len(told) == 1
        ticks.now += 1.0
        await asked(app, "/en/")
        await settled(app)
        assert len(told) == 1

    asyncio.run(run())


def test_half_a_site_and_none_change_nothing(tmp_path: Path) -> None:
    ticks = Ticks()
    site = tmp_path / "site"
    app = app_of(site, ticks=ticks)

    async def run() -> None:
        (site / ".site.json").unlink()
        (site / "en/index.html").write_bytes(b"half")
        for _ in range(3):
            ticks.now += 1.0
            assert (await asked(app, "/en/")).body == PAGE
            await settled(app)
        site.rename(tmp_path / "gone")
        ticks.now += 1.0
        assert (await asked(app, "/en/")).body == PAGE
        await settled(app)

    asyncio.run(run())


def test_a_site_that_cannot_be_read_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = Ticks()
    app = app_of(tmp_path, ticks=ticks)

    def broken(*_: Any) -> Memory:
        raise OSError("input/output error")

    async def run() -> None:
        write_site(tmp_path, {"en/index.html": b"new"}, b"{ }")
        with monkeypatch.context() as patched:
            patched.setattr("voipwatch.site.app.read_memory", broken)
            ticks.now += 1.0
            await asked(app, "/en/")
            await settled(app)
        assert (await asked(app, "/en/")).body == PAGE
        ticks.now += 1.0
        await asked(app, "/en/")
        await settled(app)
        assert (await asked(app, "/en/")).body == b"new"

    asyncio.run(run())


# --- live parts ---------------------------------------------------------------------------------------------


class Said(NamedTuple):
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


class Counters:
    """Answers of the second, kept as the counter keeps them."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, float, str, str, str]] = []
        self.kept = Said(200, (("content-type", "application/json"),), b'{"day":304}')

    def answer(
        self, path: str, now_s: float, *, query: str = "", accept_encoding: str = "", if_none_match: str = ""
    ) -> Said | None:
        self.asked.append((path, now_s, query, accept_encoding, if_none_match))
        if path == "/counter/none.json":
            return Said(404, (("content-type", "application/json"),), b"{}")
        if if_none_match == "same":
            return Said(304, (("etag", "same"),), b"")
        return self.kept if path.startswith("/counter/") else None


def live_app(folder: Path, clock: Callable[[], float] = lambda: 5.0) -> tuple[SiteApp, Counters]:
    counters = Counters()
    return app_of(folder, live=lambda _memory: counters, clock=clock), counters


def test_the_counter_answers_before_the_files(tmp_path: Path) -> None:
    app, counters = live_app(tmp_path)
    found = ask(
        app, "/counter/MA.json", query="a=b", accept_encoding="gzip", if_none_match="t", user_agent="me"
    )
    assert (found.status, found.body) == (200, b'{"day":304}')
    assert counters.asked == [("/counter/MA.json", 5.0, "a=b", "gzip", "t")]
    assert ask(app, "/counter/none.json").status == 404
    known = ask(app, "/counter/MA.json", if_none_match="same")
    assert (known.status, "content-length" in known.headers) == (304, False)
    assert ask(app, "/en/").body == PAGE
    head = ask(app, "/counter/MA.json", "HEAD")
    assert (head.body, head.headers["content-length"]) == (b"", "11")


def test_the_same_answer_is_the_same_message_and_another_one_is_not(tmp_path: Path) -> None:
    app, counters = live_app(tmp_path)
    first = app._messages("/counter/MA.json", counters.kept, False)
    assert app._messages("/counter/MA.json", counters.kept, False)[0] is first[0]
    counters.kept = Said(200, counters.kept.headers, b'{"day":305}')
    assert ask(app, "/counter/MA.json").body == b'{"day":305}'
    for number in range(READY_MAX + 5):
        app._messages(f"/counter/{number}", counters.kept, False)
    assert len(app._ready) <= READY_MAX


def test_what_is_mounted_has_its_paths_alone(tmp_path: Path) -> None:
    async def mounted(scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 201, "headers": []})
        await send({"type": "http.response.body", "body": scope["path"].encode()})

    app = app_of(tmp_path, mounts={"/linetest/": mounted})
    assert ask(app, "/linetest/calls", "POST")[::2] == (201, b"/linetest/calls")
    assert ask(app, "/linetest").status == 404


class Hands:
    """A clock that is set."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_pages_say_that_they_are_out_of_date_once_they_are(tmp_path: Path) -> None:
    page = b"<html>" + HIDDEN + b">past</aside>" + b" " * 999
    manifest = b'{"valid_until": "2016-03-03T06:00:00Z"}'
    site = write_site(tmp_path, {"fr/index.html": page, MANIFEST[1:]: manifest})
    clock, ticks = Hands(), Hands()
    clock.now = seconds("2016-03-03T06:00:00Z")
    app = SiteApp(read_memory(site), site, clock=clock, ticks=ticks)

    async def later() -> bytes:
        ticks.now += 2
        await asked(app, "/fr/")
        if app._loading is not None:
            await app._loading
        return (await asked(app, "/fr/")).body

    assert asyncio.run(later()) == page
    clock.now += 1
    assert asyncio.run(later()) == page.replace(HIDDEN, SHOWN)
    again = SiteApp(read_memory(site), site, clock=clock, ticks=ticks)
    assert ask(again, "/fr/").body == page.replace(HIDDEN, SHOWN)
    # A new bundle is of today again.
    write_site(tmp_path, {MANIFEST[1:]: b'{"valid_until": "2016-03-09T06:00:00Z"}'}, b"{ }")
    assert asyncio.run(later()) == page
