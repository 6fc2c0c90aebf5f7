"""The signed log: every packet both ways, for its ticket alone, without an address."""

from zlib import crc32

import msgspec

from tests.reflector.core.support import (
    AWAY,
    CALL,
    HOME,
    PORT,
    Near,
    log_of,
    make_core,
    media_seq,
    new_near,
    run_until,
    tickets,
)
from voipwatch.model.flows import REPLICATES
from voipwatch.reflector.core import limits
from voipwatch.wire.token import CONTROL_FLOW, encode_up


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
