"""Mastodon's account lookup, by a server that speaks as its documentation says."""

import pytest

from tests.support.services import COUNT_LIES, KEY, LIES, Reply, service
from voipwatch.site.campaigns.adapters.answers import Answer, Fetched, Unfetched, Why
from voipwatch.site.campaigns.adapters.asking import ask
from voipwatch.site.campaigns.adapters.keys import Key
from voipwatch.site.campaigns.adapters.mastodon import NAME, fetch

NOW_S = 1_456_660_800.0


def account(count: object, acct: object = "trwnh") -> Reply:
    return Reply({"id": "14715", "username": "trwnh", "acct": acct, "followers_count": count})


def fetched(reply: Reply, key: Key | None = None) -> Fetched | Unfetched:
    with service(lambda path, headers: reply) as served:
        found = fetch("trwnh@mastodon.example", key, ask=ask, now_s=NOW_S, home=served.home)
    ((path, headers),) = served.asked
    assert path == "/api/v1/accounts/lookup?acct=trwnh"
    assert ("authorization" in headers) == (key is not None)
    return found


def why(reply: Reply) -> Why:
    found = fetched(reply)
    assert isinstance(found, Unfetched)
    return found.why


def test_a_count_without_and_with_a_key() -> None:
    for key in (None, Key(KEY)):
        found = fetched(account(821), key)
        assert isinstance(found, Fetched)
        (each,) = found.observations
        assert (each.page, each.low, each.method) == ("mastodon:trwnh@mastodon.example", 821, "api.mastodon")


def test_the_account_s_own_server_is_asked() -> None:
    urls = []

    def note(url: str, headers: object) -> Answer:
        urls.append(url)
        return Answer(status=404, headers={}, body=b"{}")

    fetch("a.b@social.example.org", None, ask=note, now_s=NOW_S)
    assert urls == ["https://social.example.org/api/v1/accounts/lookup?acct=a.b"]


def test_a_limit_tells_when_it_is_over() -> None:
    found = fetched(
        Reply({"error": "Too many requests"}, 429, {"X-RateLimit-Reset": "2016-02-28T12:05:00.000Z"})
    )
    assert found == Unfetched(why=Why.RATE_LIMITED, status=429, retry_after_s=300)


def test_hidden_gone_and_closed() -> None:
    assert why(account(-1)) is Why.HIDDEN
    assert why(Reply({"error": "Record not found"}, 404)) is Why.NOT_FOUND
    assert why(Reply({"error": "This method requires an authenticated user"}, 401)) is Why.KEY_REFUSED


@pytest.mark.parametrize("value", COUNT_LIES)
def test_counts_that_are_lies(value: object) -> None:
    assert why(account(value)) is Why.NOT_AS_DOCUMENTED


@pytest.mark.parametrize("body", LIES)
def test_bodies_that_are_lies(body: bytes) -> None:
    assert why(Reply(body)) in {Why.NOT_JSON, Why.NOT_AS_DOCUMENTED}


@pytest.mark.parametrize("acct", ["else", "trwnh@elsewhere.example", None])
def test_another_account_than_was_asked_for(acct: object) -> None:
    assert why(account(5, acct)) is Why.NOT_AS_DOCUMENTED


def test_names() -> None:
    assert NAME.fullmatch("maroc_telecom@mastodon.example")
    for name in ("a", "@a@b.c", "a@b", "a@b.c/..", "a@127.0.0.1", "a@b.c:80", "a@[::1]", "a@b..c"):
        assert not NAME.fullmatch(name), name
