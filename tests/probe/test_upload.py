"""Sending what waits: tokens, refusals, order, and ways to a collector."""

import os
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from tests.support.collector import Books
from tests.support.probe import HOME, SECRET, START_S, Life, report_of
from voipwatch.model.submission import ProbeWord, RunKind, Submission
from voipwatch.model.vocabulary import Failure
from voipwatch.probe.control import Channel, Exchange, Trust
from voipwatch.probe.path import Path as Way
from voipwatch.probe.pseudonym import pseudonym
from voipwatch.probe.queue import Queue, Queued
from voipwatch.probe.settings import Collector
from voipwatch.probe.state import Enrolment, State, write_state
from voipwatch.probe.upload import SENT_AT_ONCE, SeveralWays, ways_to


@pytest.fixture
def life(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Life:
    monkeypatch.setattr(os, "fsync", lambda _: None)
    made = Life(tmp_path)
    Queue(tmp_path).prepare()
    return made


def wait(life: Life, number: int, month: str = "2026-11") -> None:
    """One more report in the queue."""
    name = pseudonym(SECRET, HOME.name, month)
    word = ProbeWord(RunKind.SCHEDULED, name, month, "cd" * 32, "2026-11-05T12:00:00Z", "")
    Queue(life.folder).put(Queued(Submission(word, report_of(number)), "ef" * 32), life.now_s)


def sent(books: Books) -> list[dict[str, str]]:
    return [msgspec.json.decode(body)["probe"] for body in books.kept.values()]


def test_a_token_is_asked_for_once_and_stands_in_every_report(life: Life) -> None:
    for number in range(3):
        wait(life, number)
    told = life.turn()
    assert (told.sent, told.refused, told.trouble) == (3, 0, "")
    assert len(life.books.enrolled) == 1
    ((token,),) = [{word["enrolment"] for word in sent(life.books)}]
    assert token == next(iter(life.state.enrolments.values())).token
    assert {word["sent_at"] for word in sent(life.books)} == {"2026-11-05T12:00:00Z"}


def test_a_token_that_is_refused_is_replaced_once_and_no_oftener(life: Life) -> None:
    wait(life, 1)
    name = pseudonym(SECRET, HOME.name, "2026-11")
    write_state(life.folder, State(enrolments={name: Enrolment("2026-11", "00" * 32)}))
    life.books.interfere = lambda what: (401, {}, b"") if what.endswith("reports") else None
    told = life.turn()
    assert [what.rpartition("/")[2] for what in life.books.requests] == ["reports", "enrolments", "reports"]
    assert (told.sent, told.trouble) == (0, "HTTP 401")
    assert len(Queue(life.folder).names()) == 1


def test_a_month_that_is_over_and_gets_no_token_is_sent_without_one(life: Life) -> None:
    wait(life, 1, "2026-10")
    life.books.interfere = lambda what: (400, {}, b"") if what.endswith("enrolments") else None
    assert life.turn().sent == 1
    assert [word["enrolment"] for word in sent(life.books)] == [""]


def test_this_month_without_a_token_waits(life: Life) -> None:
    wait(life, 1)
    life.books.interfere = lambda what: (400, {}, b"") if what.endswith("enrolments") else None
    told = life.turn()
    assert (told.sent, told.trouble) == (0, "HTTP 400")
    assert life.books.kept == {}


def test_a_refusal_is_set_aside_and_the_next_goes_on(life: Life) -> None:
    for number in (1, 2):
        wait(life, number)
    answers: Iterator[tuple[int, dict[str, str], bytes]] = iter(
        [(422, {}, b'{"results":[{"status":"refused","field":"report","reason":"unsigned"}]}')]
    )
    life.books.interfere = lambda what: next(answers, None) if what.endswith("reports") else None
    told = life.turn()
    assert (told.sent, told.refused, told.trouble) == (1, 1, "")
    assert Queue(life.folder).names() == []
    assert Queue(life.folder).reasons() == ["report: unsigned"]
    life.live(86_400)
    assert Queue(life.folder).reasons() == ["report: unsigned"], "and never sent again"


def test_only_so_many_in_one_turn(life: Life) -> None:
    for number in range(SENT_AT_ONCE + 5):
        wait(life, number)
    assert life.turn().sent == SENT_AT_ONCE
    assert life.turn().sent == 5


def test_a_receipt_of_another_key_than_the_first_is_none(life: Life) -> None:
    wait(life, 1)
    life.turn()
    key = life.state.collector_key
    assert key == life.books.public
    life.way.books = Books()
    wait(life, 2)
    told = life.turn()
    assert (told.sent, told.trouble) == (0, "receipt")
    assert life.state.collector_key == key
    assert len(Queue(life.folder).names()) == 1


def test_a_pinned_key_counts_from_the_first_receipt_on(life: Life) -> None:
    life.setup = msgspec.structs.replace(life.setup, collector=Collector("collector.example", key="00" * 32))
    wait(life, 1)
    assert life.turn().trouble == "receipt"
    life.setup = msgspec.structs.replace(
        life.setup, collector=Collector("collector.example", key=life.books.public)
    )
    life.now_s += 120
    assert life.turn().sent == 1


def test_with_the_days_data_spent_reports_wait_for_tomorrow(life: Life) -> None:
    wait(life, 1)
    state = State()
    state.spending = state.spending.plus("2026-11-05", life.setup.day_bytes - 1_000)
    write_state(life.folder, state)
    assert life.turn().sent == 0
    assert life.books.requests == []
    life.now_s = START_S + 12 * 3_600
    assert life.turn().sent == 1


def test_uploads_are_counted(life: Life) -> None:
    wait(life, 1)
    life.turn()
    assert life.state.spending.on("2026-11-05") > 6_000


def test_no_way_to_the_collector_is_trouble_and_no_try(life: Life) -> None:
    wait(life, 1)
    life.world = type(life.world)(
        check=life.check, network=lambda: HOME, ways=lambda _: Failure.DNS_NXDOMAIN,
        now_s=lambda: life.now_s, draw=life.draw,
    )  # fmt: skip
    assert life.turn().trouble == "dns_nxdomain"
    assert life.state.backoff.failures == 1


# --- ways --------------------------------------------------------------------------------------------------


def test_a_name_that_does_not_resolve_is_no_way() -> None:
    assert ways_to(Collector("x.example"), resolve=lambda _: Failure.DNS_TIMEOUT) is Failure.DNS_TIMEOUT


def test_every_address_of_the_collector_is_a_way() -> None:
    found = ways_to(Collector("x.example", 8444, pin="ab" * 32), resolve=lambda _: ["127.0.0.1", "127.0.0.2"])
    assert isinstance(found, SeveralWays)
    assert [(each.path.ip, each.port, each.host) for each in found.channels] == [
        ("127.0.0.1", 8444, "x.example"),
        ("127.0.0.2", 8444, "x.example"),
    ]
    assert {each.trust for each in found.channels} == {Trust(pin="ab" * 32)}


def test_the_next_address_is_tried_where_one_is_not_reached_and_not_where_it_answered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = []

    def request(self: Channel, *_: object, **__: object) -> Exchange:
        asked.append(self.path.ip)
        if self.path.ip == "127.0.0.1":
            return Exchange(failure=Failure.CONNECT_TIMEOUT, cost_bytes=100)
        return Exchange(failure=Failure.PIN_MISMATCH, cost_bytes=1_000)

    monkeypatch.setattr(Channel, "request", request)
    ways = SeveralWays([Channel(Way(f"127.0.0.{n}"), "x", 1) for n in (1, 2, 3)])
    exchange = ways.request("GET", "/")
    assert asked == ["127.0.0.1", "127.0.0.2"]
    assert (exchange.failure, exchange.cost_bytes) == (Failure.PIN_MISMATCH, 1_100)
    assert SeveralWays([]).request("GET", "/").failure is Failure.NETWORK_UNREACHABLE
