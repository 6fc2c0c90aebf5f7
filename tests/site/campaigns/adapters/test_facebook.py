"""Facebook's Page node, by a server that speaks as the Graph API documents."""

import json
from hashlib import sha256
from typing import Any

import pytest

from tests.support.services import COUNT_LIES, KEY, LIES, Reply, service
from voipwatch.civic.observations import Precision, Quantity
from voipwatch.site.campaigns.adapters.answers import Fetched, Unfetched, Why
from voipwatch.site.campaigns.adapters.asking import ask
from voipwatch.site.campaigns.adapters.facebook import HOUR_S, NAME, VERSION, fetch
from voipwatch.site.campaigns.adapters.keys import Key

NOW_S = 1_456_660_800.0
PAGE: dict[str, Any] = {"id": "1234567890", "followers_count": 2_447_000, "fan_count": 2_400_000}


def fetched(reply: Reply, name: str = "maroctelecom") -> Fetched | Unfetched:
    with service(lambda path, headers: reply) as served:
        found = fetch(name, Key(KEY), ask=ask, now_s=NOW_S, home=served.home)
    assert KEY not in repr(found)
    return found


def error(code: object, status: int = 400, **headers: str) -> Reply:
    body = {"error": {"message": f"Malformed access token {KEY}", "type": "OAuthException", "code": code}}
    return Reply(body, status, {name.replace("_", "-"): value for name, value in headers.items()})


def test_both_counts_with_the_capture_and_the_key_in_a_header() -> None:
    with service(
        lambda path, headers: Reply(PAGE, headers={"X-App-Usage": '{"call_count":28,"total_time":25}'})
    ) as s:
        found = fetch("MarocTelecom", Key(KEY), ask=ask, now_s=NOW_S, home=s.home)
    assert isinstance(found, Fetched)
    assert [(each.quantity, each.low) for each in found.observations] == [
        (Quantity.FOLLOWERS, 2_447_000), (Quantity.LIKES, 2_400_000),
    ]  # fmt: skip
    first = found.observations[0]
    assert (first.page, first.at, first.precision) == (
        "facebook:maroctelecom", "2016-02-28T12:00:00Z", Precision.EXACT,
    )  # fmt: skip
    assert first.capture == sha256(json.dumps(PAGE).encode()).hexdigest()
    assert found.used_percent == 28
    ((path, headers),) = s.asked
    assert path == f"/{VERSION}/MarocTelecom?fields=id,followers_count,fan_count"
    assert headers["authorization"] == f"Bearer {KEY}"
    assert KEY not in path
    assert KEY not in first.source


def test_a_page_that_tells_one_count_and_one_that_tells_none() -> None:
    found = fetched(Reply({"id": "1", "followers_count": 5}))
    assert isinstance(found, Fetched)
    assert len(found.observations) == 1
    assert fetched(Reply({"id": "1"})) == Unfetched(why=Why.HIDDEN, status=200)


@pytest.mark.parametrize(
    ("code", "why"),
    [
        (190, Why.KEY_REFUSED), (102, Why.KEY_REFUSED), (10, Why.FORBIDDEN), (200, Why.FORBIDDEN),
        (100, Why.NOT_FOUND), (803, Why.NOT_FOUND), (1, Why.SERVER_ERROR), (2, Why.SERVER_ERROR),
        (9999, Why.NOT_AS_DOCUMENTED),
    ],
)  # fmt: skip
def test_errors_by_their_code(code: int, why: Why) -> None:
    assert fetched(error(code)) == Unfetched(why=why, status=400, code=str(code))


@pytest.mark.parametrize("code", [4, 17, 32, 613])
def test_limits(code: int) -> None:
    told = fetched(error(code))
    assert told == Unfetched(why=Why.RATE_LIMITED, status=400, code=str(code), retry_after_s=HOUR_S)
    usage = '{"1":[{"type":"pages","call_count":100,"estimated_time_to_regain_access":19},{"x":1}],"2":7}'
    told = fetched(error(code, X_Business_Use_Case_Usage=usage))
    assert isinstance(told, Unfetched)
    assert told.retry_after_s == 19 * 60
    told = fetched(error(code, 429, Retry_After="30"))
    assert isinstance(told, Unfetched)
    assert (told.why, told.retry_after_s) == (Why.RATE_LIMITED, 30)


def test_an_error_with_status_200_is_one() -> None:
    reply = error(190)
    reply.status = 200
    told = fetched(reply)
    assert isinstance(told, Unfetched)
    assert told.why is Why.KEY_REFUSED


@pytest.mark.parametrize("code", ["190", None, True, -4, [], 10**9])
def test_an_error_whose_code_is_none_is_told_by_its_status(code: object) -> None:
    assert fetched(error(code, 403)) == Unfetched(why=Why.FORBIDDEN, status=403)


@pytest.mark.parametrize("value", COUNT_LIES)
def test_counts_that_are_lies(value: object) -> None:
    assert fetched(Reply(PAGE | {"followers_count": value})) == Unfetched(
        why=Why.NOT_AS_DOCUMENTED, status=200
    )


@pytest.mark.parametrize("body", LIES)
def test_bodies_that_are_lies(body: bytes) -> None:
    told = fetched(Reply(body))
    assert isinstance(told, Unfetched)
    assert told.why in {Why.NOT_JSON, Why.NOT_AS_DOCUMENTED, Why.HIDDEN}


def test_another_page_than_was_asked_for() -> None:
    assert isinstance(fetched(Reply(PAGE), name="1234567890"), Fetched)
    assert fetched(Reply(PAGE), name="999") == Unfetched(why=Why.NOT_AS_DOCUMENTED, status=200)


@pytest.mark.parametrize("usage", ["", "{", "[]", '{"call_count":"x"}', '{"call_count":true}', "[" * 9999])
def test_usage_that_is_none(usage: str) -> None:
    found = fetched(Reply(PAGE, headers={"X-App-Usage": usage}))
    assert isinstance(found, Fetched)
    assert found.used_percent is None


def test_names() -> None:
    assert NAME.fullmatch("maroc.telecom")
    for name in ("", "a/b", "a?b", "../x", "a b", "x" * 90):
        assert not NAME.fullmatch(name)
