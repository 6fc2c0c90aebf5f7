"""The reflector's core in virtual time: what it answers, what it logs, what it refuses."""

from collections import Counter
from zlib import crc32

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.reflector.support import (
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
    WALL_S,
    WARM,
    Address,
    FakeScripts,
    Near,
    make_core,
    media_seq,
    new_near,
    receipts,
    run_until,
    script,
    tickets,
)
from voipwatch.model.flows import REPLICATES
from voipwatch.reflector.core import limits, prefixes
from voipwatch.reflector.core import tickets as ticket_module
from voipwatch.reflector.core.receipts import TELL_TIMES
from voipwatch.wire.farlog import FarLog, decode_farlog, verify_farlog
from voipwatch.wire.token import CONTROL_FLOW, NO_NONCE, TokenKeys, encode_up


def log_of(near: Near, now: float) -> FarLog:
    auth = encode_up(near.keys, CONTROL_FLOW, 1)
    signed = near.core.session_log(near.ticket.number, auth, now)
    assert signed is not None
    assert verify_farlog(signed.payload, signed.signature, near.core.offer.key.hex())
    return decode_farlog(signed.payload)


# --- set-up ---------------------------------------------------------------------------------------


def test_a_request_gets_its_rounds_replies_under_its_number() -> None:
    near = new_near()
    sent = near.send(CALL, 0, 1.0, size=60)
    assert [(to, port, len(data)) for to, port, data in sent] == [(HOME, PORT, 60)]
    assert near.open(CALL, sent[0]).seq == 0


def test_replies_of_a_round_are_numbered_and_wait_the_scripts_delay() -> None:
    near = new_near()
    assert near.send(CALL, 64 + 2 * 4, 1.0, size=80) == []  # round 1, third try
    assert near.core.get_timer() == pytest.approx(1.03)
    sent = near.core.datagrams_to_send(1.03)
    assert [len(data) for _, _, data in sent[:2]] == [70, 71]
    assert [near.open(CALL, each).seq for each in sent[:2]] == [72, 73]


def test_each_try_is_answered_and_a_duplicate_is_not() -> None:
    near = new_near()
    assert len(near.send(CALL, 0, 1.0, size=60)) == 1
    assert len(near.send(CALL, 4, 1.1, size=60)) == 1
    assert near.send(CALL, 0, 1.2, size=60) == []
    assert near.core.counters.duplicates == 1
    flow = log_of(near, 2.0).flows[0]
    assert flow.up.seq == [0, 4]
    assert flow.duplicates == 1


def test_a_place_without_a_number_is_found_among_the_likely_ones() -> None:
    near = new_near()
    for seq in (0, 4, 64, 128 + 15 * 4):
        sent = near.send(TXID, seq, 1.0 + seq)
        assert len(sent) == 1, seq
    assert log_of(near, 2.0).flows[0].up.seq == [0, 4, 64, 188]
    assert near.send(TXID, 192, 999.0) == []  # a fourth round, which the script has not
    assert near.core.counters.garbage == 1


def test_sequence_numbers_that_no_script_has_are_refused() -> None:
    near = new_near()
    for seq in (media_seq(50), 0xFFFFFFFF):
        assert near.send(CALL, seq, 1.0) == []
    assert near.core.counters.refused == 2
    near.send(CALL, 3, 1.0)  # a reply's number
    near.send(CALL, 128, 1.0)  # a round too many
    assert near.core.datagrams_to_send(9.0) == []


def test_a_reply_that_cannot_be_made_is_none() -> None:
    near = new_near()
    data = near.packet(TXID, 0) + b"rewritten"
    near.core.receive_datagrams([(HOME, PORT, data)], 1.0)
    assert near.core.datagrams_to_send(1.0) == []
    assert near.core.counters.unbuilt == 1


# --- ports ----------------------------------------------------------------------------------------


def test_a_flow_is_served_on_its_scripts_port_alone() -> None:
    near = new_near()
    assert near.send(CALL, 0, 1.0, port=BIG_PORT) == []
    assert near.send(CALL, 0, 1.0, port=NEUTRAL[0]) == []
    assert near.core.counters.refused == 2
    assert len(near.send(CALL, 0, 1.0)) == 1


@pytest.mark.parametrize("port", NEUTRAL)
def test_a_neutral_flow_is_served_on_any_neutral_port(port: int) -> None:
    near = new_near()
    assert len(near.send(WARM, media_seq(0), 1.0, port=port)) == 1
    assert near.send(WARM, media_seq(1), 1.0, port=PORT) == []


def test_a_flow_stays_on_the_port_it_began_on() -> None:
    near = new_near()
    near.send(WARM, media_seq(0), 1.0, port=NEUTRAL[0])
    near.send(WARM, media_seq(1), 1.0, port=NEUTRAL[1])
    assert near.core.counters.refused == 1


# --- media ----------------------------------------------------------------------------------------


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


# --- the log --------------------------------------------------------------------------------------


def test_the_log_holds_every_packet_both_ways_with_times_since_first_use() -> None:
    near = new_near()
    near.send(CALL, 0, 100.0, size=60)
    near.send(CALL, 64, 100.5, size=80)
    sent = run_until(near.core, 100.5, 100.58)
    log = log_of(near, 101.0)
    [flow] = log.flows
    assert (log.ticket, log.reflector, log.version) == (
        near.ticket.number,
        near.core.offer.key.hex(),
        "1.2.3",
    )
    assert log.started_at == "2016-01-07T12:01:40.000Z"
    assert (flow.flow, flow.port, flow.sources) == (CALL * REPLICATES, PORT, 1)
    assert flow.up.seq == [0, 64]
    assert flow.up.t_us == [0, 500_000]
    assert flow.up.size_bytes == [60, 80]
    assert flow.down.seq == [0, 64, 65, media_seq(0), media_seq(1), media_seq(2)]
    assert flow.down.t_us == [0, 530_000, 530_000, 530_000, 550_000, 570_000]
    assert len(flow.down.seq) == len(sent) + 1


def test_the_log_has_the_checksum_of_set_up_packets_only() -> None:
    near = new_near()
    data = near.packet(CALL, 0, size=60)
    [reply] = near.send(CALL, 0, 1.0, size=60)
    near.send(CALL, media_seq(0), 1.1)
    [flow] = log_of(near, 2.0).flows
    assert flow.up.crc == [crc32(data), 0]
    assert flow.down.crc == [crc32(reply[2])]


def test_what_did_not_leave_the_machine_is_not_in_the_log() -> None:
    near = new_near()
    near.send(CALL, 0, 1.0, size=60)
    near.core.unsent(0)
    [flow] = log_of(near, 2.0).flows
    assert flow.down.seq == []
    assert near.core.counters.unsent == 1


def test_a_log_is_given_to_its_ticket_alone() -> None:
    core = make_core()
    one, two = (Near(core, ticket) for ticket in tickets(core, 2).tickets)
    one.send(CALL, 0, 1.0)
    two.send(CALL, 0, 1.0)
    auth = encode_up(one.keys, CONTROL_FLOW, 1)
    assert core.session_log(one.ticket.number, auth, 2.0) is not None
    assert core.session_log(two.ticket.number, auth, 2.0) is None
    for wrong in (
        b"",
        auth[:-1],
        auth + b"x",
        bytes(16),
        encode_up(one.keys, CONTROL_FLOW, 2),
        encode_up(one.keys, 0, 1),
    ):
        assert core.session_log(one.ticket.number, wrong, 2.0) is None


def test_a_ticket_that_was_never_used_has_no_log() -> None:
    near = new_near()
    assert near.core.session_log(near.ticket.number, encode_up(near.keys, CONTROL_FLOW, 1), 2.0) is None


def test_a_log_may_be_fetched_again_but_not_for_ever() -> None:
    near = new_near()
    near.send(CALL, 0, 1.0)
    auth = encode_up(near.keys, CONTROL_FLOW, 1)
    given = [near.core.session_log(near.ticket.number, auth, 2.0) for _ in range(limits.LOG_FETCHES_MAX + 1)]
    assert all(log is not None for log in given[:-1])
    assert given[-1] is None


def test_a_log_names_no_address() -> None:
    near = new_near()
    near.send(CALL, 0, 1.0)
    near.send(CALL, 4, 1.1, source=AWAY)
    text = msgspec.json.encode(log_of(near, 2.0))
    for address in (HOME, AWAY):
        assert address[0].encode() not in text


# --- receipts -------------------------------------------------------------------------------------


def test_a_downlink_tells_its_own_flow_first_and_then_the_twin() -> None:
    near = new_near()
    near.send(WARM, media_seq(0), 1.0)
    near.send(CALL, media_seq(0), 1.001)
    near.send(CALL, media_seq(2), 1.002)
    near.send(CALL, media_seq(1), 1.003)
    [reply] = near.send(BIG, 0, 1.004, size=40)[-1:]
    token = near.open(BIG, reply)
    told = receipts(token)
    assert [r.flow for r in told] == [BIG * REPLICATES, CALL * REPLICATES]  # BIG is CALL's control arm
    own, twin = told
    assert (own.highest_seq, own.count, own.bitmap) == (0, 1, 0)
    assert (twin.highest_seq, twin.count, twin.bitmap) == (media_seq(2), 3, 0b11)
    assert twin.far_us == pytest.approx(2_000, abs=1)


def test_news_of_a_flow_with_a_dead_downlink_reaches_the_near_end_by_others() -> None:
    near = new_near()
    near.send(CALL, media_seq(7), 1.0)
    left = near.send(WARM, media_seq(0), 1.0) + [each for _, each in run_until(near.core, 1.0, 1.5)]
    told = Counter(receipt.flow for each in left for receipt in receipts(near.open(WARM, each)))
    assert told == {WARM * REPLICATES: len(left), CALL * REPLICATES: TELL_TIMES}


# --- proof ----------------------------------------------------------------------------------------


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


# --- refusal --------------------------------------------------------------------------------------

ADDRESSES = st.tuples(st.text(max_size=8) | st.sampled_from([HOME[0], "::1"]), st.integers(0, 65535))
PORTS = st.sampled_from([PORT, BIG_PORT, *NEUTRAL]) | st.integers(0, 65535)


@given(batch=st.lists(st.tuples(ADDRESSES, PORTS, st.binary(max_size=200)), max_size=8))
def test_any_bytes_get_no_answer_and_leave_no_state(batch: list[tuple[Address, int, bytes]]) -> None:
    core = make_core()
    tickets(core, 8)
    core.receive_datagrams(batch, 1.0)
    assert core.datagrams_to_send(9.0) == []
    assert core.get_timer() is None
    assert core.counters.garbage == len(batch)
    assert core.counters.sessions == 0


@given(bit=st.integers(0, 8 * 60 - 1))
def test_a_damaged_packet_is_answered_only_if_its_token_is_whole(bit: int) -> None:
    near = new_near()
    data = bytearray(near.packet(CALL, 0, size=60))
    data[bit // 8] ^= 1 << (bit % 8)
    near.core.receive_datagrams([(HOME, PORT, bytes(data))], 1.0)
    answered = len(near.core.datagrams_to_send(1.0))
    # the first byte decides where the token is looked for
    assert answered == (1 if 8 <= bit < 8 * 44 else 0) or bit < 8


def test_truncated_at_every_byte_it_is_garbage_to_its_session() -> None:
    near = new_near()
    near.send(CALL, 0, 1.0, size=60)
    whole = near.packet(CALL, 4, size=60)
    for cut in range(len(whole)):
        near.core.receive_datagrams([(HOME, PORT, whole[:cut])], 1.1)
    assert near.core.datagrams_to_send(1.1) == []
    assert near.core.counters.garbage == len(whole)
    assert log_of(near, 2.0).garbage == len(whole)


def test_garbage_from_a_stranger_counts_for_no_session() -> None:
    near = new_near()
    near.send(CALL, 0, 1.0, size=60)
    near.core.receive_datagrams([(AWAY, PORT, b"\x80" + bytes(50))], 1.1)
    assert log_of(near, 2.0).garbage == 0


def test_a_flow_of_no_kind_is_refused() -> None:
    near = new_near()
    token = encode_up(near.keys, 6 * REPLICATES, 0)
    near.core.receive_datagrams([(HOME, PORT, bytes(40) + token)], 1.0)
    assert near.core.counters.garbage + near.core.counters.refused == 1
    assert near.core.counters.sessions == 0


def test_another_reflectors_ticket_is_garbage() -> None:
    near = new_near()
    stranger = TokenKeys(near.ticket.number, bytes(32), near.core.offer.salt)
    near.core.receive_datagrams([(HOME, PORT, bytes(40) + encode_up(stranger, 32, 0))], 1.0)
    assert near.core.datagrams_to_send(1.0) == []
    assert near.core.counters.garbage == 1


# --- limits ---------------------------------------------------------------------------------------


def test_a_session_ends_after_its_hour_and_is_forgotten_later() -> None:
    near = new_near()
    near.send(CALL, 0, 1.0, size=60)
    assert near.send(CALL, 4, 1.0 + limits.SESSION_S + 1, size=60) == []
    assert log_of(near, limits.SESSION_S + 2).flows[0].up.seq == [0]
    near.core.handle_timer(1.0 + limits.LOG_S + limits.HOUSEKEEPING_S)
    assert near.core.session_log(near.ticket.number, encode_up(near.keys, CONTROL_FLOW, 1), 1e5) is None
    assert near.core.get_timer() is None
    assert near.send(CALL, 8, 1.0 + limits.LOG_S + 100, size=60) == []
    assert near.core.counters.garbage == 1  # not even the number is known any more


def test_an_expired_ticket_is_refused() -> None:
    near = new_near()
    assert near.send(CALL, 0, limits.TICKET_S + 1.0) == []
    assert near.core.counters.refused == 1


def test_a_tickets_bytes_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "TICKET_BYTES_MAX", 200)
    near = new_near()
    sizes = [len(near.send(CALL, 4 * n, 1.0 + n, size=60)) for n in range(4)]
    assert sizes == [1, 0, 0, 0]  # 60 + 60, then 60 more in but no room for the answer, then nothing
    assert near.core.counters.refused >= 2


def test_a_prefix_has_an_hourly_budget_of_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prefixes, "PREFIX_BYTES_MAX", 100)
    near = new_near()
    assert len(near.send(CALL, 0, 1.0, size=60)) == 1
    assert near.send(CALL, 4, 2.0, size=60) == []
    assert len(near.send(CALL, 8, 0.5 + limits.PREFIX_S, size=60)) == 1


def test_flows_and_packets_of_a_session_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "FLOWS_MAX", 2)
    monkeypatch.setattr(limits, "SESSION_PACKETS_MAX", 5)
    near = new_near()
    for n in range(4):
        near.send(CALL, 0, 1.0, replicate=n, size=60)
    log = log_of(near, 2.0)
    assert len(log.flows) == 2
    near.send(CALL, 4, 1.0, size=60)
    near.send(CALL, 8, 1.0, size=60)
    assert sum(len(f.up.seq) + len(f.down.seq) for f in log_of(near, 2.0).flows) == 5


def test_source_addresses_of_a_session_are_bounded() -> None:
    near = new_near()
    for n in range(40):
        near.send(WARM, media_seq(n), 1.0, source=(f"198.51.100.{n}", 1000))
    [session] = near.core._sessions.values()
    assert len(session.accounts) <= limits.SOURCES_MAX
    assert log_of(near, 2.0).flows[0].sources == limits.SOURCES_MAX
    assert len(near.core._bound) <= limits.SOURCES_MAX


def test_tickets_are_bounded_by_prefix_and_hour() -> None:
    core = make_core()
    got = 0
    for n in range(60):
        batch = core.issue_tickets(8, (f"192.0.2.{n}", 1), float(n), WALL_S + n, bytes([n]) * 16)
        got += len(batch.tickets)
    assert got == limits.PREFIX_TICKETS_MAX
    assert 1 <= core.retry_after_s(("192.0.2.1", 1), 60.0) <= 3600
    assert len(core.issue_tickets(8, ("192.0.3.1", 1), 60.0, WALL_S, bytes(16)).tickets) == 8
    later = limits.PREFIX_S + 1
    assert len(core.issue_tickets(8, ("192.0.2.1", 1), later, WALL_S, b"x" * 16).tickets) == 8


def test_live_tickets_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ticket_module, "TICKETS_LIVE_MAX", 10)
    core = make_core()
    assert len(tickets(core, 8).tickets) == 8
    assert len(tickets(core, 8, source=AWAY).tickets) == 2
    assert tickets(core, 8, source=("203.0.113.1", 1)).tickets == []


def test_an_offer_says_what_is_served() -> None:
    offer = tickets(make_core(), 3).offer
    assert (offer.protocol, offer.version, offer.profiles_digest) == (1, "1.2.3", "fake")
    assert (offer.udp_ports, offer.neutral_ports, offer.tcp_ports) == (
        [PORT, BIG_PORT],
        list(NEUTRAL),
        [443, 5222],
    )


def test_too_little_entropy_is_misuse() -> None:
    with pytest.raises(ValueError, match="entropy"):
        make_core().issue_tickets(1, HOME, 0.0, WALL_S, bytes(15))


# --- restart --------------------------------------------------------------------------------------


def test_unused_tickets_outlive_a_restart_and_used_ones_do_not() -> None:
    core = make_core()
    one, two = (Near(core, ticket) for ticket in tickets(core, 2).tickets)
    one.send(CALL, 0, 1.0, size=60)
    state = core.export_state()
    assert HOME[0].encode() not in state
    again = make_core()
    assert again.import_state(state, 50.0, WALL_S + 100) == 1
    one.core = two.core = again
    assert one.send(CALL, 4, 51.0, size=60) == []
    assert len(two.send(CALL, 0, 51.0, size=60)) == 1
    assert log_of(two, 52.0).started_at == "2016-01-07T12:01:41.000Z"


def test_expired_tickets_do_not_come_back() -> None:
    core = make_core()
    tickets(core, 2)
    assert make_core().import_state(core.export_state(), 0.0, WALL_S + limits.TICKET_S) == 0


@given(state=st.binary(max_size=100))
def test_a_damaged_state_is_refused(state: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        make_core().import_state(state, 0.0, WALL_S)


def test_ticket_numbers_are_unique_and_keys_are_too() -> None:
    core = make_core()
    got = [t for n in range(30) for t in tickets(core, 8, source=(f"10.{n}.0.1", 1)).tickets]
    assert len({t.number for t in got}) == len({t.key for t in got}) == 240
