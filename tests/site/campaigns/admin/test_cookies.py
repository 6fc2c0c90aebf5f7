"""The one cookie."""

from http.cookies import SimpleCookie

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voipwatch.site.campaigns.admin.cookies import (
    COOKIE_BYTES_MAX,
    clear_cookie,
    cookie_name,
    session_of,
    set_cookie,
)

SAFE, PLAIN = "https://voip.example", "http://127.0.0.1:8000"
TOKEN = "A-_9" * 10 + "abc"


def test_with_https_no_other_host_can_plant_it() -> None:
    name, value = set_cookie(TOKEN, SAFE)
    assert (name, value.decode()) == (
        b"set-cookie",
        f"__Host-voipwatch-keeper={TOKEN}; Path=/; Secure; HttpOnly; SameSite=Strict",
    )


def test_without_https_it_is_for_campaigns_alone() -> None:
    value = set_cookie(TOKEN, PLAIN)[1].decode()
    assert value == f"voipwatch-keeper={TOKEN}; Path=/campaigns/; HttpOnly; SameSite=Strict"


@pytest.mark.parametrize("url", [SAFE, PLAIN])
def test_what_is_set_is_read_back_and_cleared_by_the_same_name_and_path(url: str) -> None:
    jar = SimpleCookie(set_cookie(TOKEN, url)[1].decode())
    morsel = jar[cookie_name(url)]
    assert session_of(f"a=b; {morsel.key}={morsel.value}".encode(), url) == TOKEN
    gone = SimpleCookie(clear_cookie(url)[1].decode())[cookie_name(url)]
    assert (gone.value, gone["max-age"], gone["path"]) == ("", "0", morsel["path"])


@pytest.mark.parametrize(
    "header",
    [
        "",
        "voipwatch-keeper",
        f"voipwatch-keeper={TOKEN[:-1]}",
        f"voipwatch-keeper={TOKEN}x",
        f'voipwatch-keeper="{TOKEN}"',
        f"Voipwatch-keeper={TOKEN}",
        f"__Host-voipwatch-keeper={TOKEN}",
        f"voipwatch-keeper={TOKEN}; voipwatch-keeper={'B' * 43}",
        f"voipwatch-keeper={'é' * 43}",
        f"voipwatch-keeper={TOKEN}; {'x' * COOKIE_BYTES_MAX}",
    ],
)
def test_what_is_no_session(header: str) -> None:
    assert session_of(header.encode("latin-1"), PLAIN) == ""


def test_the_same_one_twice_is_one() -> None:
    assert session_of(f"voipwatch-keeper={TOKEN};voipwatch-keeper={TOKEN}".encode(), PLAIN) == TOKEN


@given(st.binary(max_size=300), st.sampled_from([SAFE, PLAIN]))
def test_whatever_a_browser_sends(header: bytes, url: str) -> None:
    for each in (header, cookie_name(url).encode() + b"=" + header):
        found = session_of(each, url)
        assert found == "" or (len(found) == 43 and found.encode() in each)


@pytest.mark.parametrize("token", ["", "a\r\nset-cookie: x=y", TOKEN + ";", "é" * 43])
def test_nothing_but_a_token_is_put_into_a_header(token: str) -> None:
    with pytest.raises(ValueError, match="no session"):
        set_cookie(token, SAFE)
