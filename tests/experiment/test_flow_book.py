"""The flow book: who is due, who has news, and to whom it belongs."""

from typing import cast

from tests.experiment.support import START_S
from tests.experiment.test_near_flow import near_flow
from voipwatch.experiment.flow_book import FlowBook
from voipwatch.experiment.near_flow import NearFlow, Outcome, Phase
from voipwatch.experiment.question import Question


class Asker:
    """Stands for a question: only its identity counts here."""


def booked(count: int) -> tuple[FlowBook, list[NearFlow], list[Asker]]:
    book, flows, askers = FlowBook(), [], []
    for socket in range(count):
        flow, asker = near_flow(replicate=socket), Asker()
        flow.socket = socket
        flow.start(START_S + socket)
        book.add(flow, cast(Question, asker))
        flows.append(flow)
        askers.append(asker)
    return book, flows, askers


def test_flows_are_found_by_socket_and_by_name() -> None:
    book, flows, _ = booked(2)
    assert [book.at(n) for n in (-1, 0, 1, 2)] == [None, flows[0], flows[1], None]
    assert book.named(0, flows[1].flow) is flows[1]
    assert book.named(1, flows[1].flow) is None


def test_each_flow_is_due_once_at_its_own_time() -> None:
    book, flows, _ = booked(2)
    assert book.next_due() == START_S
    for _ in range(3):
        book.schedule(flows[0])  # told again and again, it is due no more often
    due = [(flow.socket, len(datagrams)) for flow, datagrams in book.emit(START_S)]
    assert due[0] == (0, 1)
    assert {socket for socket, _ in due} == {0}, "the second starts a second later"
    assert [flow.socket for flow, _ in book.emit(START_S)] == []


def test_news_are_unanswered_requests_and_ends_and_name_their_asker() -> None:
    book, flows, askers = booked(2)
    list(book.emit(START_S))
    assert book.news == set()
    now = START_S
    while flows[0].phase is not Phase.ENDED:  # nobody answers: every try becomes a miss, then the flow ends
        now = cast(float, book.next_due())
        list(book.emit(now))
        assert now < START_S + 30
    assert 0 in book.news
    assert id(askers[0]) in book.concerned()
    book.news.clear()
    assert book.concerned() == set()
    assert flows[0] not in book.alive()


def test_a_datagram_moves_the_flow_it_came_for() -> None:
    book, flows, _ = booked(1)
    book.receive(flows[0], b"not ours at all, thirty bytes..", START_S)
    assert flows[0].record.forged == 1
    assert book.news == set()


def test_outcomes_that_nobody_took_are_no_news_again() -> None:
    """A held flow's outcomes are left lying: each of its packets woke every question once."""
    book, flows, _ = booked(1)
    list(book.emit(START_S))
    flows[0].outcomes.append(Outcome(0, hit=True))
    book.receive(flows[0], b"not ours at all, thirty bytes..", START_S)
    assert book.news == set()


def test_what_is_due_may_be_taken_one_flow_at_a_time() -> None:
    book, _, _ = booked(3)
    first = next(iter(book.emit(START_S + 5)))[0]
    rest = [flow.socket for flow, _ in book.emit(START_S + 5)]
    assert first.socket == 0
    assert {1, 2} <= set(rest), "what was not taken is still due"
    assert book.next_due() is not None
