"""The sweep: what it sends and when, whom it believes, when it ends."""

from collections import Counter, deque
from dataclasses import dataclass, field
from itertools import pairwise

import pytest

from tests.experiment.support import (
    NEAR_IP,
    START_S,
    bytes_of,
    from_far,
    offered,
    reflector,
    small_profiles,
)
from voipwatch.apps import answers, kind_table
from voipwatch.experiment.events import CloseSocket, Event, OpenSocket, Outgoing
from voipwatch.experiment.pacing import Pacer
from voipwatch.experiment.questions.locate import (
    AFTER_FIRST_S,
    CLOSER_GAP_S,
    CLOSER_ROUNDS,
    CLOSER_ROUNDS_MAX,
    FLOW_NUMBERS,
    REFUSED_GAP_S,
    REFUSED_ROUNDS,
    ROUND_GAP_S,
    ROUNDS,
    SOCKETS_FROM,
    SWEEP_MAX_S,
    Locate,
)
from voipwatch.experiment.session import Session
from voipwatch.model.ruleset import MAPPINGS_ALIVE_MAX, NEW_FLOWS_PER_S_MAX
from voipwatch.model.sweeps import HOP, HOPS_MAX, REFLECTOR, REFUSED, SILENT, HopAnswer, Sweep
from voipwatch.model.vocabulary import Arm, Media
from voipwatch.wire.token import TokenKeys

COOKIE = bytes.fromhex("2112a442")
KINDS = {
    arm: next(
        k for k in kind_table(small_profiles()) if (k.app, k.arm, k.media) == ("whatsapp", arm, Media.NONE)
    )
    for arm in (Arm.A, Arm.C)
}
RTT_S = 0.03


@dataclass
class Way:
    """A reflector behind `hops` routers, a box that drops the cookie behind the `box`-th."""

    hops: int = 6
    box: int = 3
    silent: tuple[int, ...] = ()
    refuses: bool = False
    lose_every: int = 0
    """Of the hops' and the reflector's answers every so manieth is lost; 0: none."""
    deaf: bool = False
    """Nothing gets to the reflector."""
    budget_bytes: int = 1 << 30
    known: bool = False
    """That the dead arm is refused."""
    pacer: Pacer = field(default_factory=Pacer)
    events: deque[Event] = field(default_factory=deque)
    sent: list[tuple[float, Outgoing]] = field(default_factory=list)
    opened: list[tuple[float, int]] = field(default_factory=list)
    open: set[int] = field(default_factory=set)
    alive_max: int = 0

    def __post_init__(self) -> None:
        profiles = small_profiles()
        self.far = reflector(profiles)
        offer = offered(self.far)
        assert offer.offer is not None
        session = Session(0, profiles, kind_table(profiles), offer, offer.offer.neutral_ports[0])
        self.session = session
        self.answers = 0
        self.locate = Locate(
            session,
            KINDS,
            pacer=self.pacer,
            draw=lambda text: int.from_bytes(bytes_of(text, 8)),
            events=self.events,
            budget_bytes=self.budget_bytes,
            refused=self.known,
        )
        self._coming: list[tuple[float, int, HopAnswer | bytes]] = []

    def first(self) -> Outgoing:
        """The first datagram: the socket is opened, and then used."""
        self.locate.start(START_S)
        assert self.locate.datagrams_to_send(START_S) == []
        (sent,) = self.locate.datagrams_to_send(START_S)
        return sent

    def run(self) -> Sweep:
        now = START_S
        self.locate.start(now)
        for _ in range(20_000):
            for at, socket, what in [each for each in self._coming if each[0] <= now]:
                self._coming.remove((at, socket, what))
                if isinstance(what, HopAnswer):
                    self.locate.hop_answered(socket, what, now)
                else:
                    self.locate.receive(socket, what, now)
            out = self.locate.datagrams_to_send(now)
            for each in out:
                assert each.socket in self.open, "a shell opens what it is told of before this call"
                self.sent.append((now, each))
                self._carry(each, now)
            while self.events:
                event = self.events.popleft()
                if isinstance(event, OpenSocket):
                    assert event.traced
                    self.opened.append((now, event.socket))
                    self.open.add(event.socket)
                elif isinstance(event, CloseSocket):
                    self.open.remove(event.socket)
            if out:
                continue
            self.alive_max = max(self.alive_max, len(self.open))
            due = self.locate.get_timer()
            if due is None:
                assert not self.open, "every socket was given back"
                return self.locate.record(START_S)
            now = max(now, min([due, *(at for at, _, _ in self._coming)]))
        raise AssertionError("time stands still")

    def _carry(self, each: Outgoing, now: float) -> None:
        ttl = 64 if each.ttl is None else each.ttl
        dead = each.data[4:8] == COOKIE
        if dead and ttl > self.box:
            if self.refuses:
                said = HopAnswer(expired=False, address=f"hop {self.box}")
                self._coming.append((now + RTT_S, each.socket, said))
        elif ttl <= self.hops:
            self.answers += 1
            lost = self.lose_every and self.answers % self.lose_every == 0
            if ttl not in self.silent and not lost:
                said = HopAnswer(expired=True, address=f"hop {ttl}", kind="private")
                self._coming.append((now + RTT_S, each.socket, said))
        elif not self.deaf:
            source = (NEAR_IP, each.socket - SOCKETS_FROM + 40_000)
            self.far.receive_datagrams([(source, each.port, each.data)], now)
            for address, _, data in self.far.datagrams_to_send(now):
                self._coming.append((now + RTT_S, address[1] - 40_000 + SOCKETS_FROM, data))


def by_hop(sweep: Sweep, arm: Arm) -> dict[int, Counter[str]]:
    hops: dict[int, Counter[str]] = {}
    for probe in sweep.probes:
        if probe.arm is arm:
            hops.setdefault(probe.ttl, Counter())[probe.answer] += 1
    return hops


def test_the_dead_arm_is_answered_up_to_the_box_and_its_control_to_the_end() -> None:
    way = Way(hops=6, box=3)
    sweep = way.run()
    assert sweep.state == "done"
    dead, control = by_hop(sweep, Arm.A), by_hop(sweep, Arm.C)
    for hop in range(1, 7):
        assert set(dead[hop]) == {HOP if hop <= 3 else SILENT}
        assert set(control[hop]) == {HOP}
    assert set(control[7]) == {REFLECTOR}
    assert set(dead[7]) == {SILENT}
    assert dead[2][HOP] == ROUNDS
    for hop in (3, 4, 5):
        assert sum(dead[hop].values()) == sum(control[hop].values()) == ROUNDS + CLOSER_ROUNDS, hop
    assert max(control) <= 9, "it does not ask far beyond the reflector"
    assert {p.address for p in sweep.probes if p.ttl == 2} == {"hop 2"}
    assert all(p.ms == pytest.approx(1e3 * RTT_S) for p in sweep.probes if p.answer)
    assert all(p.first is (p.arm is Arm.C) for p in sweep.probes), (
        "whole requests of the control are answered"
    )


def test_every_limited_request_follows_a_whole_one_of_the_same_five_tuple() -> None:
    way = Way()
    way.run()
    by_socket: dict[int, list[tuple[float, Outgoing]]] = {}
    for at, each in way.sent:
        by_socket.setdefault(each.socket, []).append((at, each))
    for (first_at, first), (limited_at, limited) in by_socket.values():
        assert first.ttl is None
        assert limited.ttl is not None
        assert limited_at - first_at == pytest.approx(AFTER_FIRST_S)
        assert len(first.data) == len(limited.data)
        assert first.data != limited.data
        assert first.port == limited.port


def test_it_keeps_within_what_a_translator_and_a_router_bear() -> None:
    way = Way(hops=12, box=9)
    sweep = way.run()
    starts = [at for at, _ in way.opened]
    for at in starts:
        assert sum(at <= other < at + 1.0 for other in starts) <= NEW_FLOWS_PER_S_MAX
    assert way.alive_max <= MAPPINGS_ALIVE_MAX
    rounds: dict[int, list[int]] = {}
    for probe in sweep.probes:
        rounds.setdefault(probe.round, []).append(probe.started_us)
    begun = [min(times) for _, times in sorted(rounds.items())]
    assert all(later - earlier >= 1e6 * ROUND_GAP_S - 1 for earlier, later in pairwise(begun))
    per_round = Counter((p.round, p.arm, p.ttl) for p in sweep.probes)
    assert set(per_round.values()) == {1}
    assert sweep.seconds <= SWEEP_MAX_S


def test_a_router_has_a_token_again_before_it_is_asked_again() -> None:
    assert ROUND_GAP_S > 1.0, "net.ipv4.icmp_ratelimit is a second"
    assert 2 * (ROUNDS + CLOSER_ROUNDS_MAX) - 6 < ROUNDS * ROUND_GAP_S + CLOSER_ROUNDS_MAX * CLOSER_GAP_S


def test_no_more_sockets_live_than_the_pacer_lets() -> None:
    class Narrow(Pacer):
        def mappings_free(self, alive: int) -> bool:
            return alive < 3

    way = Way(hops=3, box=1, pacer=Narrow())
    way.run()
    assert way.alive_max == 3


def test_a_slow_line_is_not_filled() -> None:
    pacer = Pacer()
    pacer.rate_up = 1_000.0
    way = Way(hops=3, box=1, pacer=pacer)
    way.run()
    sent = sum(len(o.data) + 28 for at, o in way.sent)
    assert sent / (way.sent[-1][0] - way.sent[0][0]) < 700.0, "half of the rate, and the last request"


def test_lost_answers_make_it_look_closer_for_longer() -> None:
    sweep = Way(hops=6, box=3, lose_every=2).run()
    assert sweep.state == "done"
    assert {p.round for p in sweep.probes} > set(range(ROUNDS + CLOSER_ROUNDS))
    assert max(p.round for p in sweep.probes) < ROUNDS + CLOSER_ROUNDS_MAX
    assert sweep.seconds <= SWEEP_MAX_S


def test_the_order_is_the_ways_first_and_then_the_seeds() -> None:
    sweep = Way(hops=9, box=5).run()
    orders = {
        number: [p.ttl for p in sorted(sweep.probes, key=lambda p: p.started_us) if p.round == number]
        for number in (0, 1, 2)
    }
    assert orders[0] == sorted(orders[0])
    assert orders[1] != sorted(orders[1])
    assert orders[1] != orders[2]
    pairs = [tuple(p.arm for p in sweep.probes if (p.round, p.ttl) == (0, hop)) for hop in range(1, 9)]
    assert set(pairs) == {(Arm.A, Arm.C), (Arm.C, Arm.A)}, "neither arm always goes first"


def test_silent_hops_are_asked_again_only_where_somebody_answers() -> None:
    sweep = Way(hops=7, box=3, silent=(4, 5)).run()
    dead = by_hop(sweep, Arm.A)
    assert {hop for hop in dead if sum(dead[hop].values()) > ROUNDS} == {3, 6, 7}


def test_a_control_that_nobody_answers_ends_it_after_the_first_round() -> None:
    sweep = Way(hops=40, box=3, deaf=True).run()
    assert sweep.state == "control"
    assert {p.round for p in sweep.probes} == {0}
    assert max(p.ttl for p in sweep.probes) == HOPS_MAX


def test_the_longest_way_is_done_in_time_and_has_flow_numbers_enough() -> None:
    sweep = Way(hops=HOPS_MAX - 1, box=20).run()
    assert sweep.state == "done"
    assert sweep.seconds <= SWEEP_MAX_S


def test_a_budget_that_is_spent_ends_it() -> None:
    way = Way(budget_bytes=3_000)
    sweep = way.run()
    assert sweep.state == "budget"
    assert 3_000 <= way.locate.spent_bytes < 5_000


@pytest.mark.parametrize("known", [False, True])
def test_who_refuses_is_noted_and_spares_its_router_the_rest(known: bool) -> None:
    sweep = Way(hops=6, box=3, refuses=True, known=known).run()
    dead = by_hop(sweep, Arm.A)
    assert all(set(dead[hop]) == {HOP} for hop in (1, 2, 3)), "the refusal of a whole request gives way"
    assert set(dead[4]) == {REFUSED}
    assert {p.address for p in sweep.probes if p.answer == REFUSED} == {"hop 3"}
    assert {p.ttl for p in sweep.probes if p.round} == {3, 4}
    assert [sum(dead[hop].values()) for hop in (2, 3, 4)] == [1, 1 + REFUSED_ROUNDS, 1 + REFUSED_ROUNDS]
    whole = [p.whole for p in sorted(sweep.probes, key=lambda p: p.started_us)]
    assert whole == sorted(whole, reverse=True), "not one more after the box was known"
    assert sum(whole) <= (0 if known else 8)
    if known:
        assert max(dead) == 4, "no further than to the first refusal"
    begun = [min(p.started_us for p in sweep.probes if p.round == n) for n in range(1 + REFUSED_ROUNDS)]
    assert all(later - earlier >= 1e6 * REFUSED_GAP_S for earlier, later in pairwise(begun))
    assert begun[0] == (1e6 * REFUSED_GAP_S if known else 0), "its router has answered our flows just now"
    assert sweep.seconds <= SWEEP_MAX_S


def test_only_the_reflectors_own_answer_is_one() -> None:
    way = Way(hops=4, box=4, deaf=True)
    first = way.first()
    reply = bytearray(first.data)
    reply[0:2] = b"\x01\x03"
    flow = way.session.flow(KINDS[Arm.A if first.data[4:8] == COOKIE else Arm.C], FLOW_NUMBERS[0])
    kind = KINDS[Arm.A if first.data[4:8] == COOKIE else Arm.C]
    (message,) = way.session.script(kind, FLOW_NUMBERS[0]).rounds[0].replies
    others = TokenKeys(way.session.keys.number, bytes(32), bytes(16))
    forged = from_far(way.session, flow, message, 0, message.size, request=first.data, keys=others)
    assert answers(message, first.data, forged), "the right shape with another's token"
    for data in (forged, bytes(reply), first.data, b"", b"\0" * 100):
        way.locate.receive(first.socket, data, START_S + 0.01)
    way.locate.receive(first.socket - 1, b"x", START_S)
    way.locate.receive(first.socket + 1, b"x", START_S)
    assert way.locate.datagrams_to_send(START_S + AFTER_FIRST_S)
    (probe,) = [p for p in way.locate.record(START_S).probes if p.ttl == 1]
    assert (probe.answer, probe.first) == (SILENT, False)


def test_a_datagram_that_had_its_whole_life_has_not_died_of_its_age() -> None:
    way = Way()
    first = way.first()
    way.locate.hop_answered(first.socket, HopAnswer(expired=True, address="early"), START_S)
    (limited,) = [o for o in way.locate.datagrams_to_send(START_S + AFTER_FIRST_S) if o.ttl]
    assert limited.socket == first.socket
    way.locate.hop_answered(first.socket, HopAnswer(expired=True, address="late"), START_S + 0.1)
    assert [p.address for p in way.locate.record(START_S).probes] == ["late"]


def test_an_interruption_keeps_what_there_is() -> None:
    way = Way()
    way.first()
    way.locate.datagrams_to_send(START_S + AFTER_FIRST_S)
    way.locate.stop(START_S + 0.5)
    assert way.locate.done
    assert way.locate.get_timer() is None
    assert way.locate.datagrams_to_send(START_S + 1.0) == []
    assert isinstance(way.events[-1], CloseSocket)
    sweep = way.locate.record(START_S)
    assert (sweep.state, len(sweep.probes), sweep.seconds) == ("interrupted", 1, 0.5)


def test_sockets_are_numbered_from_where_it_is_told() -> None:
    way = Way()
    way.locate.number_sockets(SOCKETS_FROM + 500)
    first = way.first()
    assert first.socket == SOCKETS_FROM + 500
    assert way.locate.next_socket == SOCKETS_FROM + 501
