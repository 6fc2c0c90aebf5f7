"""YouTube's channels, by a server that speaks as the Data API documents."""

from typing import Any

import pytest

from tests.support.services import KEY, LIES, Reply, service
from voipwatch.civic.observations import Precision
from voipwatch.site.campaigns.adapters.answers import Fetched, Unfetched, Why
from voipwatch.site.campaigns.adapters.asking import ask
from voipwatch.site.campaigns.adapters.keys import Key
from voipwatch.site.campaigns.adapters.youtube import NAME, fetch

NOW_S = 1_456_660_800.0  # noon UTC, 4 in the morning in Los Angeles
ID = "UC" + "a" * 22


def channel(count: object, **statistics: object) -> dict[str, Any]:
    told = {"subscriberCount": count, "hiddenSubscriberCount": False} | statistics
    return {"kind": "youtube#channelListResponse", "items": [{"id": ID, "statistics": told}]}


def fetched(reply: Reply, name: str = ID) -> Fetched | Unfetched:
    with service(lambda path, headers: reply) as served:
        found = fetch(name, Key(KEY), ask=ask, now_s=NOW_S, home=served.home)
    assert KEY not in repr(found)
    return found


def why(reply: Reply, name: str = ID) -> Why:
    found = fetched(reply, name)
    assert isinstance(found, Unfetched)
    return found.why


def error(status: int, reason: str) -> Reply:
    return Reply({"error": {"code": status, "message": KEY, "errors": [{"reason": reason}, 7]}}, status)


@pytest.mark.parametrize(
    ("count", "low", "high", "precision"),
    [
        ("12300", 12_300, 12_399, Precision.TRUNCATED),
        ("2440000", 2_440_000, 2_449_999, Precision.TRUNCATED),
        ("987", 987, 987, Precision.EXACT),
        ("0", 0, 0, Precision.EXACT),
    ],
)
def test_a_count_is_an_interval(count: str, low: int, high: int, precision: Precision) -> None:
    found = fetched(Reply(channel(count)))
    assert isinstance(found, Fetched)
    (each,) = found.observations
    assert (each.low, each.high, each.precision, each.page) == (low, high, precision, f"youtube:{ID}")


def test_by_id_and_by_handle_with_the_key_in_a_header() -> None:
    with service(lambda path, headers: Reply(channel("5"))) as served:
        fetch(ID, Key(KEY), ask=ask, now_s=NOW_S, home=served.home)
        fetch("@maroc.telecom", Key(KEY), ask=ask, now_s=NOW_S, home=served.home)
    assert [path for path, _ in served.asked] == [
        f"/youtube/v3/channels?part=statistics&id={ID}",
        "/youtube/v3/channels?part=statistics&forHandle=%40maroc.telecom",
    ]
    assert all(headers["x-goog-api-key"] == KEY for _, headers in served.asked)


@pytest.mark.parametrize("count", [12300, "12345", "-1", "1e6", "", None, "99900000000", "１２"])
def test_counts_that_are_lies(count: object) -> None:
    assert why(Reply(channel(count))) is Why.NOT_AS_DOCUMENTED


def test_hidden_gone_and_another_channel() -> None:
    assert why(Reply(channel("5", hiddenSubscriberCount=True))) is Why.HIDDEN
    assert why(Reply({"kind": "youtube#channelListResponse"})) is Why.NOT_FOUND
    assert why(Reply(channel("5")), name="UC" + "b" * 22) is Why.NOT_AS_DOCUMENTED
    two = channel("5")
    two["items"] *= 2
    assert why(Reply(two)) is Why.NOT_AS_DOCUMENTED


@pytest.mark.parametrize("body", LIES)
def test_bodies_that_are_lies(body: bytes) -> None:
    assert why(Reply(body)) in {Why.NOT_JSON, Why.NOT_AS_DOCUMENTED}


def test_a_day_s_quota_comes_back_at_midnight_pacific_time() -> None:
    found = fetched(error(403, "quotaExceeded"))
    assert isinstance(found, Unfetched)
    assert (found.why, found.retry_after_s) == (Why.RATE_LIMITED, 20 * 3600)


@pytest.mark.parametrize(
    ("status", "reason", "wanted"),
    [
        (403, "rateLimitExceeded", Why.RATE_LIMITED),
        (400, "keyInvalid", Why.KEY_REFUSED),
        (403, "channelForbidden", Why.FORBIDDEN),
        (404, "channelNotFound", Why.NOT_FOUND),
        (500, "backendError", Why.SERVER_ERROR),
    ],
)
def test_errors(status: int, reason: str, wanted: Why) -> None:
    assert why(error(status, reason)) is wanted
    assert why(Reply(b"<html>", status)) is not Why.KEY_REFUSED


def test_a_key_refused_by_the_newer_form() -> None:
    body = {"error": {"code": 400, "details": [{"reason": "API_KEY_INVALID"}], "errors": "x"}}
    assert why(Reply(body, 400)) is Why.KEY_REFUSED


def test_names() -> None:
    for name in (ID, "@maroc-telecom"):
        assert NAME.fullmatch(name)
    for name in ("UCshort", "maroc", "@a", "@a b c", "../x"):
        assert not NAME.fullmatch(name)
