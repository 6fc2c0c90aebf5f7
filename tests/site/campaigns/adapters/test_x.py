"""X's user by name, by a server that speaks as the API documents."""

from typing import Any

import pytest

from tests.support.services import COUNT_LIES, KEY, LIES, Reply, service
from voipwatch.site.campaigns.adapters.answers import Fetched, Unfetched, Why
from voipwatch.site.campaigns.adapters.asking import ask
from voipwatch.site.campaigns.adapters.keys import Key
from voipwatch.site.campaigns.adapters.x import NAME, fetch

NOW_S = 1_456_660_800.0


def user(count: object, username: object = "Inwi") -> dict[str, Any]:
    return {
        "data": {"id": "1", "name": "I", "username": username, "public_metrics": {"followers_count": count}}
    }


def fetched(reply: Reply) -> Fetched | Unfetched:
    with service(lambda path, headers: reply) as served:
        found = fetch("inwi", Key(KEY), ask=ask, now_s=NOW_S, home=served.home)
    assert served.asked[0][0] == "/2/users/by/username/inwi?user.fields=public_metrics"
    assert served.asked[0][1]["authorization"] == f"Bearer {KEY}"
    assert KEY not in repr(found)
    return found


def why(reply: Reply) -> Why:
    found = fetched(reply)
    assert isinstance(found, Unfetched)
    return found.why


def test_a_count() -> None:
    limits = {"x-rate-limit-limit": "300", "x-rate-limit-remaining": "75", "x-rate-limit-reset": "1456661000"}
    found = fetched(Reply(user(41_000), headers=limits))
    assert isinstance(found, Fetched)
    (each,) = found.observations
    assert (each.page, each.low, each.high, each.method) == ("x:inwi", 41_000, 41_000, "api.x")
    assert found.used_percent == 75
    again = fetched(Reply(user(41_000), headers={"x-rate-limit-limit": "0", "x-rate-limit-remaining": "x"}))
    assert isinstance(again, Fetched)
    assert again.used_percent is None


def test_a_limit_tells_when_it_is_over() -> None:
    body = {"title": "Too Many Requests", "detail": "Too Many Requests", "type": "about:blank", "status": 429}
    found = fetched(Reply(body, 429, {"x-rate-limit-reset": "1456661400"}))
    assert found == Unfetched(why=Why.RATE_LIMITED, status=429, retry_after_s=600)
    assert why(Reply(body, 429, {"x-rate-limit-reset": "soon"})) is Why.RATE_LIMITED


@pytest.mark.parametrize(
    ("problem", "wanted"),
    [
        ("https://api.twitter.com/2/problems/resource-not-found", Why.NOT_FOUND),
        ("https://api.twitter.com/2/problems/not-authorized-for-resource", Why.FORBIDDEN),
        ("https://api.twitter.com/2/problems/something", Why.NOT_AS_DOCUMENTED),
        (7, Why.NOT_AS_DOCUMENTED),
    ],
)
def test_a_missing_user_is_an_answer_of_200(problem: object, wanted: Why) -> None:
    assert why(Reply({"errors": [{"type": problem, "title": "Not Found Error", "detail": KEY}]})) is wanted


@pytest.mark.parametrize(
    ("status", "wanted"),
    [(401, Why.KEY_REFUSED), (402, Why.UNPAID), (403, Why.FORBIDDEN), (503, Why.SERVER_ERROR)],
)
def test_errors(status: int, wanted: Why) -> None:
    assert why(Reply({"title": "x"}, status)) is wanted


@pytest.mark.parametrize("value", COUNT_LIES)
def test_counts_that_are_lies(value: object) -> None:
    assert why(Reply(user(value))) is Why.NOT_AS_DOCUMENTED


@pytest.mark.parametrize("body", LIES)
def test_bodies_that_are_lies(body: bytes) -> None:
    assert why(Reply(body)) in {Why.NOT_JSON, Why.NOT_AS_DOCUMENTED}


@pytest.mark.parametrize("username", ["meditel", None, 5])
def test_another_user_than_was_asked_for(username: object) -> None:
    assert why(Reply(user(5, username))) is Why.NOT_AS_DOCUMENTED


def test_names() -> None:
    assert NAME.fullmatch("Maroc_Telecom")
    for name in ("", "a-b", "a/b", "x" * 16):
        assert not NAME.fullmatch(name)
