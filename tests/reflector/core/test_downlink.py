"""What leaves the reflector: media on schedule, and no more than an unproved address may get."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.reflector.core.support import (
    AWAY,
    BIG,
    BIG_PORT,
    CALL,
    HOME,
    NEUTRAL,
    PORT,
    SILENT,
    TXID,
    VIDEO,
    WARM,
    Address,
    FakeScripts,
    Near,
    log_of,
    make_core,
    media_seq,
    new_near,
    run_until,
    script,
)
from voipwatch.wire.token import NO_NONCE, encode_up


def keep_alive(
    near: Near, kind: int, start: float, end: float, *, step: float = 0.5
) -> list[tuple[float, int]]:
    """Run to `end` while something of the session arrives every `step`; (time, seq) of what left."""
    left = []
    now, n = start, 10
    while now < end:
        left += [
            (at, near.open(kind, each).seq) for at, each in run_until(near.core, now, min(now + step, end))
        ]
        now += step
        n += 1
        left += [(now, near.open(kind, each).seq) for each in near.send(kind, media_seq(n), now)]
    return left


def test_media_without_rounds_starts_with_the_first_uplink_packet_on_schedule() -> None:
    near = new_near()
    first = near.send(WARM, media_seq(0), 1.0)
    left = [(1.0, near.open(WARM, first[0]).seq), *keep_alive(near, WARM, 1.0, 4.0)]
    assert [seq for _, seq in left] == [media_seq(n) for n in range(100)]
    for n, (at, _) in enumerate(left):
        assert at == pytest.approx(1.0 + 0.02 * n, abs=1e-6)


def test_media_after_rounds_starts_when_the_last_round_was_answered() -> None:
    near = new_near()
    near.send(CALL, 0, 1.0, size=60)
    near.send(CALL, media_seq(0), 1.1)  # early media starts nothing
    assert run_until(near.core, 1.1, 1.4) == []
    near.send(CALL, 64, 1.5, size=80)
    left = run_until(near.core, 1.5, 1.56)
    seqs = [near.open(CALL, each).seq for _, each in left]
    assert seqs == [64, 65, media_seq(0), media_seq(1)]
    assert [at for at, _ in left] == pytest.approx([1.53, 1.53, 1.53, 1.55])


def test_a_last_round_without_replies_starts_the_media_too() -> None:
    near = new_near()
    assert len(near.send(SILENT, 0, 1.0, size=40)) == 1
    assert len(run_until(near.core, 1.0, 1.99)) == 49


def test_of_what_is_due_no_more_leaves_than_asked_for_and_the_timer_is_due_for_the_rest() -> None:
    near = new_near()
    near.send(SILENT, 0, 1.0, size=40)
    core = near.core
    turns: list[list[int]] = []
    while (due := core.get_timer()) is not None and due <= 1.2:
        turns.append([near.open(SILENT, each).seq for each in core.datagrams_to_send(1.2, 4)])
    assert [len(turn) for turn in turns] == [4, 4, 2]
    assert [seq for turn in turns for seq in turn] == [media_seq(n) for n in range(1, 11)]


def test_media_is_started_once() -> None:
    near = new_near()
    near.send(SILENT, 0, 1.0, size=40)
    near.send(SILENT, 4, 1.001, size=40)
    assert len(run_until(near.core, 1.001, 1.1)) == 5


def test_media_stops_two_seconds_after_the_last_packet_of_the_session() -> None:
    scripts = FakeScripts()
    scripts.scripts[WARM] = script(scripts.kinds[WARM], None, [], 10.0)
    near = new_near(make_core(scripts))
    near.send(WARM, media_seq(0), 1.0)
    left = run_until(near.core, 1.0, 20.0)
    assert left[-1][0] == pytest.approx(3.0, abs=0.021)
    # heard again, by any flow: it goes on where its schedule is now, and what fell into the gap is not sent
    again = near.send(CALL, 0, 6.0, size=60) + [each for _, each in run_until(near.core, 6.0, 6.1)]
    seqs = [near.open(WARM, each).seq for each in again if each[1] in NEUTRAL]
    assert seqs == [media_seq(n) for n in range(250, 256)]


def test_a_machine_that_slept_sends_no_old_media() -> None:
    near = new_near()
    near.send(VIDEO, media_seq(0), 1.0)
    late = near.core.datagrams_to_send(1.9)
    seqs = [near.open(VIDEO, each).seq for each in late]
    assert seqs == [media_seq(n) for n in range(20, 46)]  # 0.4 s to 0.9 s: at most half a second late


def test_a_larger_reply_waits_until_the_address_echoed_the_nonce() -> None:
    near = new_near(proved=False)
    assert near.send(BIG, 0, 1.0, size=40) == []
    [small] = near.send(CALL, 0, 1.1, size=60)  # affordable: carries the nonce
    near.open(CALL, small)
    released = near.send(CALL, 4, 1.2, size=60)
    assert sorted(len(data) for _, _, data in released)[-2:] == [160, 200]  # and its media goes on
    assert 60 in {len(data) for _, _, data in released}


def test_a_waiting_reply_is_given_up_after_three_seconds() -> None:
    near = new_near(proved=False)
    near.send(BIG, 0, 1.0, size=40)
    assert near.core.get_timer() is not None
    assert [each for _, each in run_until(near.core, 1.0, 5.0) if len(each[2]) == 200] == []
    [flow] = log_of(near, 5.0).flows
    assert flow.unproved >= 1
    assert flow.down.seq == []


def test_an_address_that_got_its_ticket_over_tcp_is_proved() -> None:
    near = new_near(proved=True)
    assert len(near.send(BIG, 0, 1.0, size=40)[0][2]) == 200


def test_a_tcp_answer_proves_its_address() -> None:
    near = new_near(proved=False)
    hello = encode_up(near.keys, 0xFFFF, 1) + bytes(16)
    assert near.core.tcp_answer(HOME, 443, hello, 0.5) is not None
    assert len(near.send(BIG, 0, 1.0, size=40)[0][2]) == 200


def test_at_most_four_unproved_flows_are_answered_but_all_are_logged() -> None:
    near = new_near(proved=False)
    answered = [len(near.send(CALL, 0, 1.0 + n, replicate=n, size=60, nonce=NO_NONCE)) for n in range(6)]
    assert answered == [1, 1, 1, 1, 0, 0]
    log = log_of(near, 9.0)
    assert [flow.up.seq for flow in log.flows] == [[0]] * 6
    assert [flow.unproved for flow in log.flows] == [0, 0, 0, 0, 1, 1]


def test_a_nonce_of_one_address_proves_no_other() -> None:
    near = new_near(proved=False)
    [reply] = near.send(CALL, 0, 1.0, size=60)
    near.open(CALL, reply)
    assert near.send(BIG, 0, 1.1, size=40, source=AWAY) == []
    assert near.core.counters.garbage == 1  # made with another address's nonce: not even a token


def test_a_rebind_moves_the_downlink_and_is_logged() -> None:
    near = new_near()
    near.send(WARM, media_seq(0), 1.0)
    moved = ("192.0.2.10", 50_505)  # the same NAT address: proved already
    near.send(WARM, media_seq(5), 1.1, source=moved)
    left = run_until(near.core, 1.1, 1.2)
    assert {to for _, (to, _, _) in left} == {moved}
    assert log_of(near, 2.0).flows[0].sources == 2


def test_a_late_packet_from_the_old_address_does_not_move_the_flow_back() -> None:
    near = new_near()
    near.send(WARM, media_seq(0), 1.0)
    moved = ("192.0.2.10", 50_505)
    near.send(WARM, media_seq(5), 1.1, source=moved)
    near.send(WARM, media_seq(4), 1.11)
    assert {to for _, (to, _, _) in run_until(near.core, 1.11, 1.2)} == {moved}


def test_a_replayed_packet_from_elsewhere_moves_nothing() -> None:
    near = new_near()
    near.send(WARM, media_seq(0), 1.0)
    near.send(WARM, media_seq(0), 1.05, source=AWAY)
    left = run_until(near.core, 1.05, 1.2)
    assert {to for _, (to, _, _) in left} == {HOME}
    assert log_of(near, 2.0).flows[0].sources == 1


SENDERS = st.sampled_from(
    [HOME, AWAY, ("192.0.2.10", 1), ("203.0.113.7", 9), ("2001:db8::1", 5), ("2001:db8::2", 5)]
)
STEP = st.tuples(
    SENDERS,
    st.sampled_from([WARM, CALL, BIG, TXID, SILENT, VIDEO]),
    st.integers(0, 7),
    st.sampled_from([0, 4, 8, 64, 68, 128, media_seq(0), media_seq(1), media_seq(2), media_seq(30)]),
    st.integers(20, 300),
    st.floats(0.0, 0.7),
)


@settings(max_examples=150)
@given(steps=st.lists(STEP, max_size=40))
def test_an_unproved_address_never_gets_more_than_it_sent(
    steps: list[tuple[Address, int, int, int, int, float]],
) -> None:
    """Spoofed sources, valid packets, no echo: payload, datagrams and IP bytes out stay under those in."""
    near = new_near(proved=False)
    got: Counter[str] = Counter()
    gave: Counter[str] = Counter()
    number_in: Counter[str] = Counter()
    number_out: Counter[str] = Counter()

    def count(sent: list[tuple[Address, int, bytes]]) -> None:
        for to, _, data in sent:
            gave[to[0]] += len(data)
            number_out[to[0]] += 1
        for ip in gave:
            assert gave[ip] <= got[ip]
            assert number_out[ip] <= number_in[ip]

    now = 0.0
    for source, kind, replicate, seq, size, wait in steps:
        count([each for _, each in run_until(near.core, now, now + wait)])
        now += wait
        port = {WARM: NEUTRAL[0], BIG: BIG_PORT}.get(kind, PORT)
        data = near.packet(kind, seq, replicate=replicate, size=size, nonce=NO_NONCE)
        got[source[0]] += len(data)
        number_in[source[0]] += 1
        near.core.receive_datagrams([(source, port, data)], now)
        count(near.core.datagrams_to_send(now))
    count([each for _, each in run_until(near.core, now, now + 10)])
    totals = near.core.counters
    assert totals.bytes_out == sum(gave.values())
    assert totals.datagrams_out == sum(number_out.values())
