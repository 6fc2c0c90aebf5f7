"""What is typed about incidents: dates that were, addresses, tags of languages, replies as they came."""

import io
from pathlib import Path

import pytest

from voipwatch.cli.chronicle_input import (
    REPLY_BYTES_MAX,
    contact_address,
    language_tag,
    past_day,
    reply_text,
    web_address,
    words,
)
from voipwatch.cli.errors import Misuse

NOW = "2016-01-14T12:00:00Z"


@pytest.mark.parametrize(
    "text", ["2016-01-14", "2016-01", "2016", "2016-01-15", "2015-12-31/2016-01-05", "../2015"]
)
def test_days_that_have_begun_somewhere(text: str) -> None:
    assert past_day("--received", text, now=NOW) == text


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("2016-01-16", "chronicle.future_day"),
        ("2016-02", "chronicle.future_day"),
        ("2017", "chronicle.future_day"),
        ("2016-02/..", "chronicle.future_day"),
        ("../2017", "chronicle.future_day"),
        ("2016-02-30", "chronicle.no_day"),
        ("today", "chronicle.no_day"),
        ("", "chronicle.no_day"),
    ],
)
def test_days_that_are_none_or_to_come(text: str, key: str) -> None:
    with pytest.raises(Misuse) as caught:
        past_day("--received", text, now=NOW)
    assert caught.value.key == key


@pytest.mark.parametrize(
    "text", ["https://x.example", "http://[2001:db8::1]:8080/a?b#c", "https://مثال.example/"]
)
def test_addresses(text: str) -> None:
    assert web_address(text) == contact_address(text) == text


@pytest.mark.parametrize(
    "text",
    ["", "x", "https://", "https:///x", "ftp://x.example", "javascript:alert(1)", "https://x y", "https://x:99999/",
     "https://x\n.example", "//x.example", "http://[", "https://:80/"],
)  # fmt: skip
def test_what_is_no_address(text: str) -> None:
    for reader in (web_address, contact_address):
        with pytest.raises(Misuse) as caught:
            reader(text)
        assert caught.value.key == "chronicle.no_url"


def test_mail_is_a_contact_and_no_address_of_the_web() -> None:
    assert contact_address("replies@observatory.example") == "replies@observatory.example"
    for wrong in ("@x.example", "a@b", "a b@x.example", "a@x.example\nBcc: b@x.example"):
        with pytest.raises(Misuse):
            contact_address(wrong)
    with pytest.raises(Misuse):
        web_address("replies@observatory.example")


# RFC 5646, appendix A, and what people type instead.
@pytest.mark.parametrize(
    "tag", ["fr", "ar", "ar-MA", "zgh", "zh-Hant", "sr-Latn-RS", "es-419", "de-CH-1901", "sl-rozaj-biske",
            "de-DE-u-co-phonebk", "en-US-x-twain", "zh-cmn-Hans-CN", "AR-ma"],
)  # fmt: skip
def test_tags_of_languages(tag: str) -> None:
    assert language_tag(tag) == tag


@pytest.mark.parametrize(
    "tag", ["", "f", "french!", "fr_FR", "fr-", "ar MA", "french", "de-419-DE", "a-DE", "123"]
)
def test_what_is_no_tag(tag: str) -> None:
    with pytest.raises(Misuse):
        language_tag(tag)


@pytest.mark.parametrize("text", ["", " ", "\n\t", "\u00a0"])
def test_nothing_is_not_said(text: str) -> None:
    with pytest.raises(Misuse) as caught:
        words("--reason", text)
    assert caught.value.values == {"option": "--reason"}
    assert words("--reason", f"{text}x") == f"{text}x"


class Bytes(io.TextIOWrapper):
    """Standard input as a process has it."""


def test_standard_input_keeps_its_bytes() -> None:
    stdin = Bytes(io.BytesIO(b"a\r\nb\n"), newline=None)
    assert reply_text(Path("-"), stdin) == "a\r\nb\n"
    with pytest.raises(Misuse):
        reply_text(Path("-"), Bytes(io.BytesIO(b"\xff\xfe")))
    with pytest.raises(Misuse):
        reply_text(Path("-"), io.StringIO("x" * (REPLY_BYTES_MAX + 1)))
    assert len(reply_text(Path("-"), io.StringIO("x" * REPLY_BYTES_MAX))) == REPLY_BYTES_MAX
