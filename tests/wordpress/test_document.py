"""The plugin's reader of voipwatch.counter/1, in PHP and without WordPress: what it takes and what not."""

import json
import shutil
import subprocess
from base64 import b64encode
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.environment import require
from tests.wordpress.observatory import counter, petition
from tests.wordpress.sites import PLUGIN

NOW = 1_482_883_200  # 2016-12-28T00:00:00Z
Read = Callable[[bytes], Any]


@pytest.fixture(scope="module")
def read() -> Iterator[Read]:
    """Asks one PHP process, which lives as long as this file's tests."""
    require(shutil.which("php"), "php is not installed: make system")
    command: list[str | Path] = [
        "php",
        Path(__file__).parent / "document.php",
        PLUGIN / "includes/document.php",
    ]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as php:
        assert php.stdin
        assert php.stdout
        to, back = php.stdin, php.stdout

        def ask(body: bytes) -> Any:
            to.write(json.dumps({"body": b64encode(body).decode(), "id": "MA", "now": NOW}) + "\n")
            to.flush()
            answer = json.loads(back.readline())
            assert answer is None or "warning" not in answer, answer
            return answer

        yield ask
        to.close()


def document(**other: Any) -> dict[str, Any]:
    """A sound document of 28 December 2016."""
    at = {
        "as_of": "2016-12-28T00:00:00Z",
        "valid_until": "2016-12-30T00:00:00.250Z",
        "next_change_at": "2016-12-29T00:00:00+00:00",
    }
    return counter() | at | other


def written(value: Any) -> bytes:
    return json.dumps(value).encode()


def test_what_is_kept_is_what_is_shown(read: Read) -> None:
    sent = document()
    kept = read(written(sent))
    assert kept == {
        "as_of": NOW,
        "valid_until": NOW + 2 * 86400,
        "next_change_at": NOW + 86400,
        "page": sent["page"],
        "texts": {
            lang: {name: text[name] for name in ("dated", "source", "emulated", "dir")}
            for lang, text in sent["texts"].items()
        },
        "petitions": [],
    }
    assert "TODAY" not in json.dumps(kept)


def test_of_a_petition_its_sentences_and_pages_are_kept(read: Read) -> None:
    sent = petition(url={"fr": "../campaigns/fr/calls/", "ar": "javascript:alert(1)"})
    kept = read(written(document(petitions=[sent, petition("other")])))
    assert kept["petitions"]["calls"] == {
        "page": {"fr": "../campaigns/fr/calls/"},
        "texts": sent["texts"],
    }
    assert list(kept["petitions"]) == ["calls", "other"]
    assert read(written(document(petitions=[])))["petitions"] == []
    assert read(written(document(petitions=None)))["petitions"] == [], "an older observatory"


def test_a_mirror_that_knows_of_no_change_is_read(read: Read) -> None:
    sent = document(next_change_at=None, valid_until=None, day=None, live=False)
    for text in sent["texts"].values():
        text["headline"] = None
    kept = read(written(sent))
    assert (kept["valid_until"], kept["next_change_at"]) == (None, None)


PAGES = {
    "https://observatory.example/fr/incidents/MA-2016-01-a/?x=1&y=%20#z": True,
    "../fr/countries/MA/": True,
    "../../elsewhere": False,
    "..//elsewhere.example/": False,
    "//elsewhere.example/": False,
    "fr/": False,
    "http://observatory.example/": False,
    "javascript:alert(1)": False,
    "https://observatory.example/'onclick='alert(1)": False,
    'https://observatory.example/"': False,
    "https://observatory.example/[gallery]": False,
    "https://observatory.example/é": False,
}


@pytest.mark.parametrize(("url", "good"), PAGES.items())
def test_only_an_address_that_we_would_link_to_is_kept(read: Read, url: str, good: bool) -> None:
    assert read(written(document(page={"fr": url})))["page"] == ({"fr": url} if good else [])


def with_text(**other: Any) -> dict[str, Any]:
    sent = document()
    sent["texts"]["fr"] |= other
    return sent


REFUSED: dict[str, Any] = {
    "no object": [1, 2],
    "a word": "MA",
    "null": None,
    "another schema": document(schema="voipwatch.counter/2"),
    "another counter": document(id="TN"),
    "a counter by number": document(id=0),
    "no state": document(state=None),
    "a state by number": document(state=1),
    "live as a word": document(live="yes"),
    "synthetic as a word": document(synthetic="false"),
    "no date": document(as_of=None),
    "a local date": document(as_of="2016-12-28T00:00:00+01:00"),
    "a date that is none": document(as_of="2016-02-30T00:00:00Z"),
    "a second too many": document(as_of="2016-02-20T00:00:60Z"),
    "a date and a line": document(as_of="2016-12-28T00:00:00Z\n"),
    "dates as numbers": document(valid_until=1482883200),
    "valid before it was made": document(valid_until="2016-12-27T23:59:59Z"),
    "made the day after tomorrow": document(as_of="2016-12-29T00:00:01Z"),
    "a change at no time": document(next_change_at="soon"),
    "no texts": document(texts={}),
    "texts as a list": document(texts=[document()["texts"]["fr"]]),
    "a language that ends an attribute": document(texts={'fr"': document()["texts"]["fr"]}),
    "seventeen languages": document(texts={f"a{chr(97 + n)}": document()["texts"]["fr"] for n in range(17)}),
    "nothing dated": with_text(dated=""),
    "dated null": with_text(dated=None),
    "dated a list": with_text(dated=["x"]),
    "two lines": with_text(dated="a\nb"),
    "a control character": with_text(source="a\u0000b"),
    "a book": with_text(source="x" * 2001),
    "a direction of its own": with_text(dir="up"),
    "emulated and silent": document(synthetic=True),
    "pages as a word": document(page="https://observatory.example/"),
    "a page as a number": document(page={"fr": 1}),
    "petitions as a word": document(petitions="calls"),
    "a petition as a word": document(petitions=["calls"]),
    "a petition without a name": document(petitions=[petition("")]),
    "a petition's name ends an attribute": document(petitions=[petition('a"b')]),
    "two petitions of one name": document(petitions=[petition(), petition()]),
    "a petition without texts": document(petitions=[petition(texts={})]),
    "a petition that says nothing": document(petitions=[petition(texts={"fr": ""})]),
    "a petition in two lines": document(petitions=[petition(texts={"fr": "a\nb"})]),
    "a petition with a number for a text": document(petitions=[petition(texts={"fr": 8120})]),
    "a petition in no language": document(petitions=[petition(texts={"FR": "x"})]),
    "a petition without a page": document(petitions=[petition(url="https://observatory.example/")]),
    "sixty-five petitions": document(petitions=[petition(f"p{n}") for n in range(65)]),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(read: Read, name: str) -> None:
    assert read(written(REFUSED[name])) is None


@pytest.mark.parametrize("left_out", ["schema", "id", "state", "live", "synthetic", "as_of", "page", "texts"])
def test_nothing_that_is_shown_may_be_left_out(read: Read, left_out: str) -> None:
    sent = document()
    del sent[left_out]
    assert read(written(sent)) is None


def test_a_body_is_read_whole_or_not_at_all(read: Read) -> None:
    sent = written(document())
    assert read(sent)
    for cut in range(0, len(sent), 7):
        assert read(sent[:cut]) is None
    assert read(b"\xff" + sent) is None
    assert read(sent.replace(b"Bloqu", b"Bloqu\xff", 1)) is None
    assert read(sent[:-1] + b" " * (65536 - len(sent)) + b"}")
    assert read(sent[:-1] + b" " * (65537 - len(sent)) + b"}") is None
    assert read(b'{"a":' * 5000 + b"1" + b"}" * 5000) is None


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
FIELDS = (
    "state",
    "live",
    "synthetic",
    "as_of",
    "valid_until",
    "next_change_at",
    "page",
    "texts",
    "petitions",
)


@given(values=st.dictionaries(st.sampled_from(FIELDS), json_values, min_size=1))
def test_any_json_in_any_field_is_refused_or_of_the_right_form(read: Read, values: dict[str, Any]) -> None:
    kept = read(written(document(**values)))
    if kept is not None:
        assert kept["as_of"] <= (kept["valid_until"] or kept["as_of"])
        assert set(kept["texts"]) >= {"fr"}


@given(body=st.binary(max_size=200))
def test_any_bytes_are_refused(read: Read, body: bytes) -> None:
    assert read(body) is None
