"""One look: robots.txt first, then the page, then the site's own file; and what each failure means."""

from collections.abc import Callable
from functools import partial
from itertools import count

import msgspec
import pytest

from tests.site.campaigns.wall.sites import (
    HTML,
    MARK,
    META,
    PICTURE,
    PUBLIC_ADDRESS,
    TEXT,
    WATCH,
    Net,
    net_of,
)
from tests.support.services import Reply, Served, service
from voipwatch.civic.wall import Sight, parse_page
from voipwatch.site.campaigns.wall.fetching import Why
from voipwatch.site.campaigns.wall.looking import PRODUCT, agent_of, look_at

PAGE = parse_page("http://one.example/blog/")
NO_FILE = Reply(b"no", 404, TEXT)
WHOLE = Reply((META + PICTURE).encode(), headers=HTML)
FILE = "/.well-known/voipwatch-supporter"


def site(places: dict[str, Reply]) -> Callable[[str, dict[str, str]], Reply]:
    """404 for other places."""
    return lambda path, _: places.get(path, NO_FILE)


def sight(places: dict[str, Reply]) -> tuple[Sight, list[str]]:
    """What it is for `MARK`, and the paths that were asked."""
    with service(site(places)) as served:
        found = look_at(PAGE, observatory=WATCH, doors=net_of(served).doors).sight_for(MARK)
    return found, paths(served)


def paths(served: Served) -> list[str]:
    return [path for path, _ in served.asked]


def test_mark_and_counter_are_seen_with_two_requests_under_our_name() -> None:
    with service(site({"/blog/": WHOLE})) as served:
        found = look_at(PAGE, observatory=WATCH, doors=net_of(served).doors)
    assert found.sight_for(MARK) is Sight.CARRIES
    assert found.sight_for("x" * 22) is Sight.NO_MARK
    assert paths(served) == ["/robots.txt", "/blog/"]
    assert {headers["user-agent"] for _, headers in served.asked} == {
        "voipwatch-wall/1 (+https://watch.example/campaigns/en/wall/)"
    }


def test_our_name_is_ascii_whatever_the_sites_address_is() -> None:
    assert agent_of("https://één.example/é").isascii()
    assert agent_of(WATCH).startswith(f"{PRODUCT}/")


@pytest.mark.parametrize(
    ("places", "wanted"),
    [
        ({"/blog/": Reply(PICTURE.encode(), headers=HTML)}, Sight.NO_MARK),
        ({"/blog/": Reply(META.encode(), headers=HTML)}, Sight.NO_COUNTER),
        ({"/blog/": Reply(b"", 404, HTML)}, Sight.GONE),
        ({"/blog/": Reply(b"", 410, HTML)}, Sight.GONE),
        ({"/blog/": Reply(b"", 401, HTML)}, Sight.REFUSED),
        ({"/blog/": Reply(b"", 403, HTML)}, Sight.REFUSED),
        ({"/blog/": Reply(b"", 451, HTML)}, Sight.REFUSED),
        ({"/blog/": Reply(b"", 402, HTML)}, Sight.UNREACHED),
        ({"/blog/": Reply(b"", 429, HTML)}, Sight.UNREACHED),
        ({"/blog/": Reply(b"", 500, HTML)}, Sight.UNREACHED),
        ({"/blog/": Reply(b"", 503, HTML)}, Sight.UNREACHED),
        ({"/blog/": Reply(WHOLE.body, 200, TEXT)}, Sight.UNREACHED),
        ({"/blog/": Reply(b"", 302, {"Location": "http://login.example/"})}, Sight.ELSEWHERE),
        ({"/blog/": Reply(b"", 301, {"Location": "//sub.one.example/"})}, Sight.ELSEWHERE),
        ({"/blog/": Reply(b"", 302, {"Location": "http://one.example:8080/"})}, Sight.ELSEWHERE),
        ({"/blog/": Reply(b"", 302, {"Location": "ftp://one.example/"})}, Sight.ELSEWHERE),
        ({"/blog/": Reply(b"", 302, {"Location": "/blog/"})}, Sight.UNREACHED),
        ({"/blog/": Reply(b"br", 200, {**HTML, "Content-Encoding": "br"})}, Sight.UNREACHED),
        ({"/blog/": Reply(WHOLE.body, 200, {"Content-Type": "application/xhtml+xml"})}, Sight.CARRIES),
    ],
)
def test_what_a_page_may_answer(places: dict[str, Reply], wanted: Sight) -> None:
    assert sight(places)[0] is wanted


def test_a_site_that_is_down_dropped_nothing() -> None:
    with service(site({})) as served:
        net = net_of(served)
    assert look_at(PAGE, observatory=WATCH, doors=net.doors).sight_for(MARK) is Sight.UNREACHED
    gone = Net(1, {})
    assert look_at(PAGE, observatory=WATCH, doors=gone.doors).sight_for(MARK) is Sight.UNREACHED


def test_the_mark_may_stand_in_the_sites_own_file() -> None:
    page = Reply(PICTURE.encode(), headers=HTML)
    found, asked = sight({"/blog/": page, FILE: Reply(MARK.encode(), headers=TEXT)})
    assert found is Sight.CARRIES
    assert asked == ["/robots.txt", "/blog/", FILE]
    # A site that answers every address with some page has no such file.
    assert sight({"/blog/": page, FILE: Reply(MARK.encode(), headers=HTML)})[0] is Sight.NO_MARK
    assert sight({"/blog/": page, FILE: Reply(b"", 503)})[0] is Sight.UNREACHED
    assert sight({"/blog/": page, FILE: Reply(b"", 429)})[0] is Sight.UNREACHED
    assert (
        sight({"/blog/": page, FILE: Reply(b"", 302, {"Location": "http://x.example/"})})[0]
        is Sight.UNREACHED
    )


def test_one_deadline_holds_for_robots_page_and_file_together() -> None:
    places = {"/blog/": Reply(PICTURE.encode(), headers=HTML), FILE: Reply(MARK.encode(), headers=TEXT)}
    found, asked = [], []
    for step_s in (0.1, 1.3):  # by which the clock moves each time that it is read
        ticks = count(0.0, step_s)
        with service(site(places)) as served:
            doors = net_of(served).doors
            looked = look_at(PAGE, observatory=WATCH, doors=doors, clock=partial(next, ticks))
        found.append(looked.sight_for(MARK))
        asked = paths(served)
    assert found == [Sight.CARRIES, Sight.UNREACHED]
    assert asked == ["/robots.txt", "/blog/"]


def test_a_page_without_a_counter_has_dropped_it_whatever_its_site_says_of_the_file() -> None:
    """A site whose file leads elsewhere, hangs or fails is no reason to show its page for a week more."""
    for page in ("<p>", META):
        for file in (Reply(b"", 302, {"Location": "http://login.example/"}), Reply(b"", 503), NO_FILE):
            found, asked = sight({"/blog/": Reply(page.encode(), headers=HTML), FILE: file})
            assert (found, asked) == (Sight.NO_COUNTER, ["/robots.txt", "/blog/"])


def robots(text: str, status: int = 200) -> Reply:
    return Reply(text.encode(), status, TEXT)


@pytest.mark.parametrize(
    ("answer", "wanted", "asked"),
    [
        (robots("User-agent: *\nDisallow: /blog"), Sight.FORBIDDEN, 1),
        (robots("User-agent: voipwatch-wall\nDisallow: /"), Sight.FORBIDDEN, 1),
        (robots("User-agent: *\nDisallow: /\n\nUser-agent: voipwatch-wall\nAllow: /"), Sight.CARRIES, 2),
        (robots("User-agent: *\nDisallow: /blog/x"), Sight.CARRIES, 2),
        (robots("", 404), Sight.CARRIES, 2),
        (robots("User-agent: *\nDisallow: /", 403), Sight.CARRIES, 2),  # RFC 9309, section 2.3.1.3
        (robots("", 503), Sight.UNREACHED, 1),  # section 2.3.1.4
        (robots("", 429), Sight.UNREACHED, 1),
        (Reply(b"", 302, {"Location": "http://other.example/robots.txt"}), Sight.UNREACHED, 1),
    ],
)
def test_robots_txt_is_obeyed(answer: Reply, wanted: Sight, asked: int) -> None:
    found, places = sight({"/robots.txt": answer, "/blog/": WHOLE})
    assert (found, len(places)) == (wanted, asked)


def test_why_a_page_was_not_reached_is_told_to_keepers() -> None:
    def unknown(name: str, left_s: float) -> list[str]:
        raise OSError("NXDOMAIN")

    with service(site({"/blog/": WHOLE})) as served:
        doors = net_of(served).doors
        lost = msgspec.structs.replace(doors, resolve=unknown)
        private = msgspec.structs.replace(doors, resolve=lambda name, left_s: ["10.0.0.1"])
        found = [look_at(PAGE, observatory=WATCH, doors=each) for each in (lost, private, doors)]
    assert [each.why for each in found] == [Why.NAME, Why.PRIVATE, None]
    assert [each.sight_for(MARK) for each in found] == [Sight.UNREACHED, Sight.UNREACHED, Sight.CARRIES]


def test_a_file_that_robots_forbids_is_not_asked() -> None:
    forbid = robots("User-agent: *\nDisallow: /.well-known/")
    page = Reply(PICTURE.encode(), headers=HTML)
    found, asked = sight({"/robots.txt": forbid, "/blog/": page, FILE: Reply(MARK.encode(), headers=TEXT)})
    assert (found, asked) == (Sight.NO_MARK, ["/robots.txt", "/blog/"])


def test_each_place_of_a_redirect_has_its_own_robots_txt() -> None:
    def answer(path: str, headers: dict[str, str]) -> Reply:
        if headers["host"] == "one.example":
            return (
                NO_FILE
                if path == "/robots.txt"
                else Reply(b"", 301, {"Location": f"http://www.one.example{path}"})
            )
        return robots("User-agent: *\nDisallow: /blog/") if path == "/robots.txt" else WHOLE

    with service(answer) as served:
        found = look_at(PAGE, observatory=WATCH, doors=net_of(served).doors).sight_for(MARK)
    assert found is Sight.FORBIDDEN
    assert [(headers["host"], path) for path, headers in served.asked] == [
        ("one.example", "/robots.txt"), ("one.example", "/blog/"), ("www.one.example", "/robots.txt"),
    ]  # fmt: skip


def test_a_counter_beyond_what_is_read_of_a_page_is_not_taken_for_dropped() -> None:
    long = META + "x" * 1_200_000 + PICTURE
    assert sight({"/blog/": Reply(long.encode(), headers=HTML)})[0] is Sight.UNREACHED
    early = META + PICTURE + "x" * 1_200_000
    assert sight({"/blog/": Reply(early.encode(), headers=HTML)})[0] is Sight.CARRIES


def test_a_private_address_is_asked_for_nothing() -> None:
    with service(site({"/blog/": WHOLE})) as served:
        net = net_of(served, {"one.example": ["169.254.169.254"]})
        assert look_at(PAGE, observatory=WATCH, doors=net.doors).sight_for(MARK) is Sight.UNREACHED
        assert served.asked == []
        public = net_of(served, {"one.example": [PUBLIC_ADDRESS]})
        assert look_at(PAGE, observatory=WATCH, doors=public.doors).sight_for(MARK) is Sight.CARRIES
