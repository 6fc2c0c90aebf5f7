"""The collector's API over TLS: what counts as an answer, and all that does not."""

import gzip
from collections.abc import Iterator

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.collector import Books, RunningCollector, running_collector
from tests.support.probe import Direct, report_of
from voipwatch.model.submission import Receipt, Stop
from voipwatch.model.vocabulary import Failure
from voipwatch.probe.collectors import (
    FOR_GOOD,
    Outcome,
    Submitted,
    delete,
    enrol,
    printable,
    receipt_holds,
    submit,
)
from voipwatch.probe.control import Channel, Exchange, Trust
from voipwatch.probe.path import Path

NAME, MONTH = "ab" * 16, "2026-11"


def body_of(number: int = 1, key: str = "cd" * 32) -> bytes:
    return msgspec.json.encode(
        {"schema": "voipwatch.submission/1", "probe": {"deletion_hash": key}, "report": report_of(number)}
    )


@pytest.fixture(scope="module")
def collector() -> Iterator[RunningCollector]:
    with running_collector() as running:
        yield running


@pytest.fixture
def books() -> Books:
    return Books()


def channel(collector: RunningCollector, pin: str | None) -> Channel:
    return Channel(Path("127.0.0.1"), "127.0.0.1", collector.port, Trust(pin=pin))


# --- over TLS -------------------------------------------------------------------------------------------


def test_enrol_submit_again_and_delete(collector: RunningCollector) -> None:
    ways = channel(collector, collector.pin)
    enrolled = enrol(ways, "", pseudonym=NAME, month=MONTH)
    assert (len(enrolled.token), enrolled.reason) == (64, "")
    assert enrolled.cost_bytes > 1_000
    key = bytes(32)
    body = body_of(
        1, "66687aadf862bd776c8fc18b8e9f8e20089714856ee233b3902a591d0d5f2925"
    )  # SHA-256 of 32 zeros
    first = submit(ways, "", body, key=collector.books.public)
    again = submit(ways, "", body, key=collector.books.public)
    assert (first.outcome, again.outcome) == (Outcome.HAS_IT, Outcome.HAS_IT)
    assert first.receipt is not None
    assert first.receipt == again.receipt
    assert list(collector.books.kept) == [first.receipt.report_id]
    wrong = delete(ways, "", first.receipt.report_id, (b"\1" + key[1:]).hex())
    assert (wrong.done, wrong.reason) == (False, "HTTP 403")
    assert delete(ways, "", first.receipt.report_id, key.hex()).done
    assert collector.books.deleted == [first.receipt.report_id]


def test_a_wrong_pin_or_none_sends_nothing(collector: RunningCollector) -> None:
    before = len(collector.books.requests)
    for pin, failure in (("ab" * 32, Failure.PIN_MISMATCH), (None, Failure.TLS_FAILED)):
        told = submit(channel(collector, pin), "", body_of(), key=None)
        assert (told.outcome, told.reason) == (Outcome.LATER, failure.value)
    assert len(collector.books.requests) == before


def test_the_body_is_gzip_and_its_path_has_the_base(books: Books) -> None:
    seen = []

    class Looks(Direct):
        def request(
            self, method: str, target: str, *, headers: tuple[tuple[str, str], ...] = (), body: bytes = b""
        ) -> Exchange:
            seen.append((method, target, headers, gzip.decompress(body)))
            return super().request(method, target, headers=headers, body=body)

    submit(Looks(books), "/watch", body_of(), key=None)
    assert seen == [("POST", "/watch/api/v1/reports", (("content-encoding", "gzip"),), body_of())]


# --- answers ---------------------------------------------------------------------------------------------


def told_by(books: Books, status: int, document: object, *, key: str | None = None) -> Submitted:
    text = document if isinstance(document, bytes) else msgspec.json.encode(document)
    books.interfere = lambda _: (status, {"retry-after": "77"}, text)
    return submit(Direct(books), "", body_of(), key=key)


def row(books: Books, **changes: object) -> dict[str, object]:
    receipt = msgspec.structs.replace(books.receipt(body_of(), "12" * 16), **changes)
    return {"results": [{"status": "accepted", "receipt": receipt}]}


def test_a_receipt_counts_when_its_key_signed_it_for_this_body(books: Books) -> None:
    assert told_by(books, 201, row(books), key=books.public).outcome is Outcome.HAS_IT
    assert told_by(books, 201, row(books), key=None).outcome is Outcome.HAS_IT, "the first key that is seen"
    other = Books()
    assert told_by(books, 201, row(other), key=books.public).reason == "receipt"


@pytest.mark.parametrize(
    "changes",
    [
        {"signature": "00" * 64},
        {"signature": "zz"},
        {"signature": ""},
        {"body_sha256": "00" * 32},
        {"collector": "xx"},
        {"report_id": "34" * 16},
        {"received_at": "2026-11-05T13:00:00Z"},
        {"schema": "voipwatch.receipt/2"},
    ],
)
def test_a_receipt_with_anything_changed_is_none(books: Books, changes: dict[str, object]) -> None:
    told = told_by(books, 201, row(books, **changes))
    assert (told.outcome, told.receipt, told.reason) == (Outcome.LATER, None, "receipt")


def test_a_receipt_for_another_report_is_none_unless_it_came_before(books: Books) -> None:
    earlier = books.receipt(body_of(1) + b" ", "12" * 16)
    for status, outcome in (("accepted", Outcome.LATER), ("duplicate", Outcome.HAS_IT)):
        told = told_by(books, 200, {"results": [{"status": status, "receipt": earlier}]})
        assert told.outcome is outcome


def test_an_id_that_is_no_name_of_a_file_is_no_receipt(books: Books) -> None:
    for name in ("../../secret", "", "g" * 32, "12" * 17):
        assert not receipt_holds(books.receipt(b"x", name), books.public)


@pytest.mark.parametrize("status", sorted(FOR_GOOD | {200}))
def test_a_refusal_is_for_good_with_field_and_reason(books: Books, status: int) -> None:
    refused = {
        "status": "refused",
        "code": "value",
        "field": "probe.month",
        "reason": "YYYY-MM\x1b[31m is needed",
    }
    told = told_by(books, status, {"results": [refused]})
    assert told.outcome is Outcome.REFUSED
    assert told.reason == "probe.month: YYYY-MM\N{REPLACEMENT CHARACTER}[31m is needed"
    whole = told_by(books, status, {"results": [], "error": refused})
    assert whole.outcome is Outcome.REFUSED


def test_a_refusal_without_words_is_for_good_by_its_status(books: Books) -> None:
    told = told_by(books, 413, b"<html>too large</html>")
    assert (told.outcome, told.reason) == (Outcome.REFUSED, "HTTP 413")


def test_a_token_that_is_not_theirs_asks_for_another_and_a_wrong_clock_for_patience(books: Books) -> None:
    refused = {"status": "refused", "code": "enrolment", "field": "probe.enrolment", "reason": "not ours"}
    assert told_by(books, 400, {"results": [refused]}).outcome is Outcome.NOT_ENROLLED
    assert told_by(books, 401, b"").outcome is Outcome.NOT_ENROLLED
    told = told_by(books, 400, {"results": [{**refused, "code": "clock", "field": "probe.sent_at"}]})
    assert (told.outcome, told.reason) == (Outcome.LATER, "clock")
    field = "report.measurement.reflectors[0].log"
    told = told_by(books, 400, {"results": [{**refused, "code": "clock", "field": field}]})
    assert told.outcome is Outcome.REFUSED, "a reflector's clock is none that we can set right"


@pytest.mark.parametrize("status", [301, 302, 307, 404, 407, 408, 429, 500, 502, 503])
def test_what_says_nothing_of_the_report_is_tried_again(books: Books, status: int) -> None:
    told = told_by(books, status, row(books))
    assert (told.outcome, told.retry_after_s) == (Outcome.LATER, 77)


@pytest.mark.parametrize(
    "text", [b"", b"{", b"[]", b"\xff", b"[" * 100_000, b'{"results":[{"status":1}]}', b'{"results":[]}']
)
def test_nonsense_is_no_answer(books: Books, text: bytes) -> None:
    told = told_by(books, 200, text)
    assert (told.outcome, told.reason) == (Outcome.LATER, "bad_answer")


@given(st.binary(max_size=300), st.integers(100, 599))
def test_no_answer_whatever_makes_a_receipt_out_of_nothing(text: bytes, status: int) -> None:
    told = told_by(Books(), status, text)
    assert told.receipt is None
    assert told.outcome is not Outcome.HAS_IT


# --- stop --------------------------------------------------------------------------------------------------


def test_a_stop_is_taken_from_the_collectors_key_alone(books: Books) -> None:
    books.stop = {"reason": "maintenance", "until": "2026-12-01T00:00:00Z"}
    stop = books.signed_stop()
    assert stop is not None
    answer = {**row(books), "stop": stop}
    told = told_by(books, 201, answer, key=books.public)
    assert told.stop is not None
    assert (told.stop.reason, told.stop.until) == ("maintenance", "2026-12-01T00:00:00Z")
    busy = told_by(books, 503, {"results": [], "stop": stop}, key=books.public)
    assert isinstance(busy.stop, Stop), "it is said with every answer"
    for forged in ({**stop, "until": "9999-12-31T00:00:00Z"}, {**stop, "signature": ""}):
        assert told_by(books, 201, {**answer, "stop": forged}, key=books.public).stop is None
    other = Books(stop=books.stop)
    assert told_by(books, 201, {**answer, "stop": other.signed_stop()}, key=books.public).stop is None


# --- enrolment ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"pseudonym": NAME, "month": "2026-12", "token": "ab"},
        {"pseudonym": "cd" * 16, "month": MONTH, "token": "ab"},
        {"pseudonym": NAME, "month": MONTH, "token": "../x"},
        {"pseudonym": NAME, "month": MONTH, "token": ""},
    ],
)
def test_a_token_for_somebody_else_is_none(books: Books, document: object) -> None:
    books.interfere = lambda _: (200, {}, msgspec.json.encode(document))
    told = enrol(Direct(books), "", pseudonym=NAME, month=MONTH)
    assert (told.token, told.reason) == ("", "bad_answer")


def test_why_there_is_no_token(books: Books) -> None:
    for status, for_good in ((400, True), (429, False), (503, False), (404, False)):
        books.interfere = lambda _, status=status: (status, {"retry-after": "9"}, b"")  # type: ignore[misc]  # bound now
        told = enrol(Direct(books), "", pseudonym=NAME, month=MONTH)
        assert (told.token, told.reason, told.for_good, told.retry_after_s) == (
            "",
            f"HTTP {status}",
            for_good,
            9,
        )
    told = enrol(Direct(books, cut=Failure.CONNECT_TIMEOUT), "", pseudonym=NAME, month=MONTH)
    assert (told.token, told.reason, told.for_good) == ("", "connect_timeout", False)


def test_the_collectors_own_bytes_are_signed_as_the_contract_says(books: Books) -> None:
    receipt = books.receipt(b"body", "12" * 16)
    assert receipt_holds(receipt, books.public)
    assert receipt_holds(msgspec.json.decode(msgspec.json.encode(receipt), type=Receipt), None)


def test_words_of_strangers_are_cut_and_printable() -> None:
    assert printable("a\nb") == "a\N{REPLACEMENT CHARACTER}b"
    assert len(printable("x" * 9_999)) == 300
