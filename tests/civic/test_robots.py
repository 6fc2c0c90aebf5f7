"""robots.txt by RFC 9309, its own examples first."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voipwatch.civic.robots import BYTES_MAX, may_look

US = "voipwatch-wall"
SIMPLE = b"""
User-Agent: *
Disallow: *.gif$
Disallow: /example/
Allow: /publications/

User-Agent: foobot
Disallow:/
Allow:/example/page.html
Allow:/example/allowed.gif

User-Agent: barbot
User-Agent: bazbot
Disallow: /example/page.html

User-Agent: quxbot
"""
"""RFC 9309, section 5.1."""
LONGEST = b"""
User-Agent: foobot
Allow: /example/page/
Disallow: /example/page/disallowed.gif
"""
"""RFC 9309, section 5.2."""
MERGED = b"""
user-agent: ExampleBot
disallow: /foo
disallow: /bar

user-agent: *
disallow: /x

user-agent: ExampleBot
disallow: /baz
"""
"""RFC 9309, section 2.2.1: groups of one crawler are one group."""


def may(robots: bytes, path: str, agent: str = US) -> bool:
    return may_look(robots, f"https://one.example{path}", agent)


@pytest.mark.parametrize(
    ("agent", "path", "allowed"),
    [
        ("anybot", "/a.gif", False),
        ("anybot", "/a.gif?x", True),
        ("anybot", "/example/x", False),
        ("anybot", "/publications/", True),
        ("foobot", "/", False),
        ("foobot", "/example/page.html", True),
        ("foobot", "/example/allowed.gif", True),
        ("barbot", "/example/page.html", False),
        ("bazbot", "/example/page.html", False),
        ("bazbot", "/a.gif", True),
        ("quxbot", "/example/", True),
    ],
)
def test_the_standards_simple_example(agent: str, path: str, allowed: bool) -> None:
    assert may(SIMPLE, path, agent) is allowed


def test_the_longest_rule_wins() -> None:
    assert may(LONGEST, "/example/page/x", "foobot")
    assert not may(LONGEST, "/example/page/disallowed.gif", "foobot")


def test_groups_of_one_crawler_are_one_and_case_does_not_matter() -> None:
    for path in ("/foo", "/bar", "/baz"):
        assert not may(MERGED, path, "examplebot")
    assert may(MERGED, "/x", "examplebot")


@pytest.mark.parametrize(
    ("rule", "path", "allowed"),
    [
        (b"Disallow: /a*b", "/a/x/b", False),
        (b"Disallow: /a$", "/a", False),
        (b"Disallow: /a$", "/ab", True),
        (b"Disallow: /fish*.php", "/fishheads/catfish.php?p=1", False),
        (b"Disallow: /caf%C3%A9", "/caf%c3%a9", False),
        ("Disallow: /café".encode(), "/caf%C3%A9", False),
        (b"Disallow:", "/a", True),
        (b"Disallow: /\nAllow: /a", "/a", True),
        (b"Disallow: /a\nAllow: /a", "/a", True),  # section 2.2.2: of two as long the one that allows
        (b"Disallow: / # all of it", "/a", False),
    ],
)
def test_patterns(rule: bytes, path: str, allowed: bool) -> None:
    assert may(b"User-agent: *\n" + rule, path) is allowed


def test_our_own_group_comes_before_everybodys() -> None:
    assert not may(b"User-agent: *\nAllow: /\n\nUser-agent: VoipWatch-Wall\nDisallow: /\n", "/")
    assert may(b"User-agent: *\nDisallow: /\n\nUser-agent: voipwatch-wall\nDisallow: /x\n", "/")


def test_a_mark_of_byte_order_and_other_ends_of_lines() -> None:
    assert not may(b"\xef\xbb\xbfUser-agent: *\r\nDisallow: /\r", "/")


def test_robots_txt_itself_may_always_be_asked() -> None:
    assert may(b"User-agent: *\nDisallow: /", "/robots.txt")


def test_rules_within_half_a_megabyte_count() -> None:
    filler = b"# " + b"x" * 1000 + b"\n"
    many = filler * ((BYTES_MAX - 2000) // len(filler))
    assert not may(many + b"User-agent: *\nDisallow: /\n", "/")


@given(st.binary(max_size=200) | st.text("User-agent:*Dislow /$#%\n", max_size=200).map(str.encode))
def test_whatever_stands_there_is_read(robots: bytes) -> None:
    assert may_look(robots, "https://one.example/a?b=%C3%A9", US) in {True, False}
