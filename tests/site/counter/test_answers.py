"""What a server answers: headers that every embed needs, kept as long as it is true, nothing written."""

import gzip
import json
import os
import time
from pathlib import Path

import pytest

from tests.support.counters import BASE, at, every_state, hostile, standing, subject
from voipwatch.site.counter.answers import COMMON, Answer, CounterAnswers
from voipwatch.site.counter.frame import POLICY
from voipwatch.site.counter.module import current_module
from voipwatch.site.words import LANGUAGES

NOON = at("2016-03-01T12:00")
MIDNIGHT = at("2016-03-02T00:00")
OVER = at("2016-03-03T06:00")


@pytest.fixture
def server() -> CounterAnswers:
    return CounterAnswers([every_state()["active"], every_state()["none"]], base=BASE)


def got(server: CounterAnswers, path: str, now_s: float = NOON, **more: str) -> Answer:
    answer = server.answer(path, now_s, **more)
    assert answer is not None
    return answer


def headers(answer: Answer) -> dict[str, str]:
    found = dict(answer.headers)
    assert len(found) == len(answer.headers)
    return found


@pytest.mark.parametrize(
    ("path", "kind", "age_s"),
    [
        ("/counter/MA-2016-01-a.json", "application/json; charset=utf-8", 3600),
        ("/counter/ar/MA.svg", "image/svg+xml; charset=utf-8", 3600),
        ("/counter/fr/MA/", "text/html; charset=utf-8", 3600),
        ("/counter/fr/MA.zip", "application/zip", 3600),
        (f"/{current_module().name}", "text/javascript; charset=utf-8", None),
        (f"/oembed?url={BASE}/fr/countries/MA/", "application/json; charset=utf-8", 3600),
    ],
)
def test_every_answer_may_be_used_by_every_page(
    server: CounterAnswers, path: str, kind: str, age_s: int | None
) -> None:
    place, _, query = path.partition("?")
    answer = got(server, place, query=query)
    assert answer.status == 200
    found = headers(answer)
    assert found["content-type"] == kind
    assert found["access-control-allow-origin"] == "*"
    assert found["cross-origin-resource-policy"] == "cross-origin"
    assert found["x-content-type-options"] == "nosniff"
    assert found["referrer-policy"] == "no-referrer"
    assert not {"set-cookie", "access-control-allow-credentials", "p3p", "timing-allow-origin"} & set(found)
    age = "public, max-age=31536000, immutable" if age_s is None else f"public, max-age={age_s}"
    assert found["cache-control"] == age


def test_the_frames_policy_is_its_own(server: CounterAnswers) -> None:
    assert headers(got(server, "/counter/fr/MA/"))["content-security-policy"] == POLICY
    assert headers(got(server, "/counter/fr/MA.svg"))["content-security-policy"].startswith(
        "default-src 'none'"
    )
    assert headers(got(server, "/counter/fr/MA/"))["content-language"] == "fr"


def test_an_answer_lives_until_midnight_and_no_longer(server: CounterAnswers) -> None:
    path = "/counter/MA-2016-01-a.json"
    before = got(server, path, MIDNIGHT - 60)
    assert headers(before)["cache-control"] == "public, max-age=60"
    assert headers(got(server, path, MIDNIGHT - 0.5))["cache-control"] == "public, max-age=0"
    after = got(server, path, MIDNIGHT)
    assert headers(after)["cache-control"] == "public, max-age=3600"
    assert headers(after)["etag"] != headers(before)["etag"]
    days = [json.loads(each.body)["day"] for each in (before, after)]
    assert days == [{"low": 58, "high": 59}, {"low": 59, "high": 60}]
    assert got(server, path, MIDNIGHT - 60) == before  # a clock that is set back


def test_past_its_time_it_speaks_of_no_day_and_is_soon_asked_again(server: CounterAnswers) -> None:
    path = "/counter/MA-2016-01-a.json"
    assert headers(got(server, path, OVER - 10))["cache-control"] == "public, max-age=10"
    late = got(server, path, OVER)
    assert headers(late)["cache-control"] == "public, max-age=300"
    raw = json.loads(late.body)
    assert (raw["live"], raw["day"], raw["last_known"]["low"]) == (False, None, 58)
    assert raw["texts"]["fr"]["headline"] is None
    assert got(server, path, OVER + 1000).body == late.body
    assert headers(got(server, path, OVER + 1000))["cache-control"] == "public, max-age=300"


def test_a_clock_that_is_behind_is_no_today(server: CounterAnswers) -> None:
    path = "/counter/fr/MA-2016-01-a.svg"
    early = got(server, path, at("2016-02-01T00:00"))
    assert b"depuis une date entre" in early.body
    assert headers(early)["cache-control"] == "public, max-age=300"
    assert b"depuis 58" in got(server, path, NOON).body


def test_only_what_changed_is_sent_again(server: CounterAnswers) -> None:
    path = "/counter/MA.json"
    first = got(server, path)
    tag = headers(first)["etag"]
    for given in (tag, f'"x", W/{tag}', "*"):
        again = got(server, path, if_none_match=given)
        assert (again.status, again.body) == (304, b"")
        assert headers(again)["etag"] == tag
        assert headers(again)["access-control-allow-origin"] == "*"
    for given in ("", '"x"', tag[:-2] + '"', "x" * 100_000):
        assert got(server, path, if_none_match=given).status == 200


def test_packed_answers_are_others_under_the_same_address(server: CounterAnswers) -> None:
    path = f"/{current_module().name}"
    plain, packed = got(server, path), got(server, path, accept_encoding="br, gzip;q=1.0")
    assert plain.body == current_module().body == gzip.decompress(packed.body)
    assert headers(packed)["content-encoding"] == "gzip"
    assert headers(plain)["vary"] == headers(packed)["vary"] == "accept-encoding"
    assert headers(plain)["etag"] != headers(packed)["etag"]
    assert got(server, path, accept_encoding="gzip;q=0").body == plain.body
    tag = headers(packed)["etag"]
    assert got(server, path, accept_encoding="gzip", if_none_match=tag).status == 304
    assert got(server, path, if_none_match=tag).status == 200


@pytest.mark.parametrize(
    "path",
    [
        "/counter/XX.json",
        "/counter/de/MA.svg",
        "/counter/en/MA",
        "/counter/",
        "/counter/en/../MA.json",
        "/counter/" + "x" * 10_000,
        "/counter/\ud800",
    ],
)
def test_what_is_no_counter_leaves_nothing_behind(server: CounterAnswers, path: str) -> None:
    answer = got(server, path)
    assert answer.status == 404
    assert headers(answer)["access-control-allow-origin"] == "*"
    assert "x" * 100 not in answer.body.decode()
    assert not server._kept


@pytest.mark.parametrize(
    "path", ["/", "/en/", "/count", "/oembed/", "counter/MA.json", "/counter-0000000000000000.js"]
)
def test_what_is_somebody_elses_is_left_to_them(server: CounterAnswers, path: str) -> None:
    assert server.answer(path, NOON) is None


def test_oembed_needs_an_address(server: CounterAnswers) -> None:
    assert got(server, "/oembed", query="url=https://evil.example/").status == 404
    assert got(server, "/oembed", query="").status == 400
    assert got(server, "/oembed", query=f"url={BASE}/counter/fr/MA/&format=xml").status == 501
    nameless = CounterAnswers([every_state()["none"]])
    assert got(nameless, "/oembed", query=f"url={BASE}/counter/fr/MA/").status == 404
    html = json.loads(got(server, "/oembed", query=f"url={BASE}/counter/fr/MA/").body)["html"]
    assert html.startswith(f'<iframe src="{BASE}/counter/fr/MA/"')


def test_emulated_and_hostile() -> None:
    server = CounterAnswers([hostile()], base=BASE)
    for path in ("/counter/MA-2016-01-a.json", "/counter/en/MA-2016-01-a/", "/counter/en/MA-2016-01-a.zip"):
        answer = got(server, path)
        assert headers(answer)["x-robots-tag"] == "noindex"
        for name, value in answer.headers:
            assert "\n" not in name + value
    assert set(COMMON) <= set(got(server, "/counter/en/MA-2016-01-a/").headers)


def test_documents_for_whoever_builds_pages(server: CounterAnswers) -> None:
    assert server.document("MA", NOON).live
    assert not server.document("MA", None).live
    with pytest.raises(KeyError):
        server.document("XX", NOON)


def test_serving_writes_nothing(
    server: CounterAnswers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Neither to a file, nor to a log, nor to the terminal; the function is not even told who asks."""
    monkeypatch.chdir(tmp_path)
    opened: list[str] = []
    real_open = os.open

    def watched(path: str, flags: int, *more: int, **named: int) -> int:
        if flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            opened.append(str(path))
        return real_open(path, flags, *more, **named)

    monkeypatch.setattr(os, "open", watched)
    for path in ("/counter/MA.json", "/counter/fr/MA/", "/counter/ar/MA.svg", "/counter/XX.json", "/oembed"):
        got(server, path, query=f"url={BASE}/counter/fr/MA/", if_none_match='"secret-of-a-reader"')
    assert opened == []
    assert list(tmp_path.iterdir()) == []
    assert capfd.readouterr() == ("", "")


def test_ten_thousand_a_second_is_a_small_part_of_a_core() -> None:
    """Asked of the whole server on two cores: this part of it must not be what it spends them on."""
    cases = [subject(standing(name=f"MA-2016-01-{letter}")) for letter in "abcdefgh"]
    server = CounterAnswers(cases, base=BASE)
    paths = [f"/counter/{each.id}.json" for each in cases]
    paths += [f"/counter/{lang}/{each.id}.svg" for each in cases for lang in LANGUAGES]
    for path in paths:
        got(server, path)
    count = 20_000
    start_s = time.process_time()
    for number in range(count):
        server.answer(paths[number % len(paths)], NOON + number / 10_000, accept_encoding="gzip, br")
    spent_s = time.process_time() - start_s
    assert count / spent_s > 50_000
