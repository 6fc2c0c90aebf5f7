"""Compiled code against Python's own: the same datagrams in, the same bytes out, the same log and counts."""

from dataclasses import asdict, dataclass, field
from itertools import islice
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scripts.benchmarks import callers, farend
from tests.reflector.compiled import hot
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
    FakeScripts,
    Near,
    log_of,
    make_core,
    media_seq,
    script,
    tickets,
)
from voipwatch.apps import load_profiles, neutral_ports
from voipwatch.reflector.core import ReflectorCore, limits
from voipwatch.reflector.core.fast import hot_of
from voipwatch.wire.token import NO_NONCE

ELSEWHERE = ("2001:db8::7", 40_000)
SOURCES = (HOME, (HOME[0], 40_001), AWAY, ELSEWHERE)
PORTS = {WARM: NEUTRAL[0], BIG: BIG_PORT}


class LongFakes(FakeScripts):
    """The small world with media long enough for gaps that the window does not span."""

    def __init__(self) -> None:
        super().__init__()
        for kind, size in ((WARM, 160), (VIDEO, 1000)):
            old = self.scripts[kind]
            self.scripts[kind] = script(old.kind, old.port, [], 40.0, size)


@dataclass
class Spy:
    """Compiled code that counts what it handed back."""

    make: Any
    handed: list[str] = field(default_factory=list)

    def __call__(self, types: Any, parts: dict[str, Any], bounds: Any) -> Any:
        def told(name: str) -> Any:
            def call(*args: Any) -> None:
                self.handed.append(name)
                parts[name](*args)

            return call

        return self.make(types, {**parts, "receive": told("receive"), "send": told("send")}, bounds)


class Pair:
    """Two cores of one identity, one of them with compiled code."""

    def __init__(self, scripts: Any = LongFakes) -> None:
        self.spy = Spy(hot().Hot)
        self.plain, self.fast = make_core(scripts()), make_core(scripts())
        self.fast.hasten(self.spy)
        self.nears = [
            [Near(core, ticket) for ticket in (*tickets(core, 2).tickets, *tickets(core, 1, AWAY).tickets)]
            for core in (self.plain, self.fast)
        ]
        self.sent: list[tuple[Any, int, bytes]] = []

    def receive(self, batch: list[tuple[Any, int, bytes]], now: float) -> None:
        for core in (self.plain, self.fast):
            core.receive_datagrams(batch, now)

    def take(self, now: float, most: int | None = None) -> list[tuple[Any, int, bytes]]:
        plain, fast = (core.datagrams_to_send(now, most) for core in (self.plain, self.fast))
        assert fast == plain
        self.sent = plain
        return plain

    def agree(self, now: float) -> None:
        assert asdict(self.fast.counters) == asdict(self.plain.counters)
        assert self.fast.get_timer() == self.plain.get_timer()
        for plain, fast in zip(*self.nears, strict=True):
            if plain.ticket.number in self.plain._sessions.live:
                assert log_of(fast, now) == log_of(plain, now)
        states = [
            (
                [(key, asdict(budget)) for key, budget in core._prefixes._budgets.items()],
                {
                    number: (
                        list(session.telling),
                        [(ip, asdict(account)) for ip, account in session.accounts.items()],
                        {
                            n: (f.window, f.source, f.heard, f.media_next, f.news, f.last_heard_at)
                            for n, f in session.flows.items()
                        },
                        session.last_heard_at,
                        session.bytes_used,
                        session.packets,
                        session.held,
                        len(session.paused),
                    )
                    for number, session in core._sessions.live.items()
                },
                {
                    near: [session.keys.number for session in some]
                    for near, some in core._strangers._near.items()
                },
            )
            for core in (self.plain, self.fast)
        ]
        assert states[0] == states[1]


STEP = st.fixed_dictionaries(
    {
        "near": st.integers(0, 2),
        "kind": st.sampled_from([WARM, WARM, CALL, BIG, TXID, SILENT, VIDEO, VIDEO]),
        "replicate": st.integers(0, 1),
        "set_up": st.integers(0, 3).map(lambda n: n == 0),
        "skip": st.sampled_from([0] * 12 + [1, 1, 2, 63, 64, 65, -1, -2, -70]),
        "size": st.sampled_from([17, 60, 160, 160, 1000]),
        "source": st.sampled_from([0] * 12 + [1, 2, 3]),
        "nonce": st.sampled_from(["own"] * 8 + ["none", "wrong"]),
        "harm": st.sampled_from([""] * 16 + ["flip", "cut", "again", "port", "noise", "empty", "first"]),
        "at": st.integers(0, 2000),
        "raw": st.binary(max_size=80),
        "pass_ms": st.sampled_from([0, 1, *[20] * 12, 40, 450, 550, 2500, 95_000]),
        "flush": st.booleans(),
        "most": st.sampled_from([None, None, 1, 3]),
        "unsent": st.integers(0, 9).map(lambda n: n == 0),
    }
)


def datagram(pair: Pair, step: dict[str, Any], counts: dict[Any, int], said: list[Any]) -> Any:
    """One datagram of a near end, whole or harmed on its way, as (source, port, payload)."""
    near = pair.nears[0][step["near"]]
    kind, replicate = step["kind"], step["replicate"]
    key = (step["near"], kind, replicate)
    if kind == TXID or step["set_up"]:
        seq = 32 * (step["at"] % 3)
    else:
        counts[key] = max(0, counts.get(key, -1) + 1 + step["skip"])
        seq = media_seq(counts[key])
    source = SOURCES[step["source"]]
    live = pair.plain._sessions.live.get(near.ticket.number)
    account = None if live is None else live.accounts.get(source[0])
    nonces = {
        "own": account.nonce if account and account.nonce else NO_NONCE,
        "none": NO_NONCE,
        "wrong": b"nope",
    }
    data = near.packet(kind, seq, replicate=replicate, size=step["size"], nonce=nonces[step["nonce"]])
    port = PORTS.get(kind, PORT)
    match step["harm"]:
        case "flip":
            at = step["at"] % len(data)
            data = data[:at] + bytes([data[at] ^ 1 << step["at"] % 8]) + data[at + 1 :]
        case "cut":
            data = data[: step["at"] % len(data)]
        case "port":
            port = NEUTRAL[1]
        case "noise":
            data = step["raw"]
        case "empty":
            data = b""
        case "first":
            data = bytes([step["at"] % 256]) + data[1:]
        case "again" if said:
            return said[step["at"] % len(said)]
        case _:
            pass
    return source, port, data


def play(steps: list[dict[str, Any]]) -> Pair:
    pair, now, counts = Pair(), 1.0, dict[Any, int]()
    said: list[Any] = []
    batch: list[Any] = []
    for step in steps:
        said.append(datagram(pair, step, counts, said))
        batch.append(said[-1])
        if not step["flush"]:
            continue
        pair.receive(batch, now)
        batch = []
        now += step["pass_ms"] / 1e3
        for core in (pair.plain, pair.fast):
            core.handle_timer(now)
        pair.take(now, step["most"])
        if step["unsent"] and pair.sent:
            for core in (pair.plain, pair.fast):
                core.unsent(len(pair.sent) - 1)
    pair.receive(batch, now)
    pair.take(now)
    pair.agree(now)
    return pair


@settings(max_examples=150, deadline=None)
@given(st.lists(STEP, max_size=60))
def test_whatever_arrives_both_say_and_log_the_same(steps: list[dict[str, Any]]) -> None:
    play(steps)


def plain_step(**changed: Any) -> dict[str, Any]:
    return {
        "near": 0, "kind": VIDEO, "replicate": 0, "set_up": False, "skip": 0, "size": 160, "source": 0,
        "nonce": "own", "harm": "", "at": 0, "raw": b"", "pass_ms": 20, "flush": True, "most": None,
        "unsent": False, **changed,
    }  # fmt: skip


def test_common_packets_are_carried_by_compiled_code() -> None:
    pair = play([plain_step() for _ in range(40)])
    assert len(pair.spy.handed) <= 2  # the first packet and what it starts
    assert pair.plain.counters.datagrams_out >= 40


@pytest.mark.parametrize("skip", [1, 62, 63, 64, 70])
def test_the_window_moves_as_pythons(skip: int) -> None:
    play([plain_step(skip=skip if n % 3 == 2 and n < 9 else 0, pass_ms=1) for n in range(12)])


def test_a_twin_is_told_of_before_another() -> None:
    flows = [(CALL, 1), (WARM, 0), (BIG, 1), (CALL, 0), (VIDEO, 0)]
    play(
        [
            plain_step(kind=kind, replicate=replicate, pass_ms=3)
            for _ in range(12)
            for kind, replicate in flows
        ]
    )


@pytest.mark.parametrize("late_s", [0.49, 0.51])
def test_what_is_too_late_is_not_sent(late_s: float) -> None:
    pair = play([plain_step() for _ in range(3)])
    send(pair, 3, 1.06 + late_s)


@pytest.mark.parametrize("room", [0, 999, 1000, 1999, 2000, 2001])
@pytest.mark.parametrize("limit", ["session", "packets", "prefix"])
def test_limits_are_pythons(limit: str, room: int) -> None:
    pair = play([plain_step() for _ in range(3)])
    for core, near in zip((pair.plain, pair.fast), pair.nears, strict=True):
        session = core._sessions.live[near[0].ticket.number]
        if limit == "session":
            session.bytes_used = limits.TICKET_BYTES_MAX - room
        elif limit == "packets":
            session.packets = limits.SESSION_PACKETS_MAX - room // 500
        else:
            [budget] = [each for each in core._prefixes._budgets.values() if each.bytes_used]
            budget.bytes_used = limits.PREFIX_BYTES_MAX - room
    for turn in range(3, 6):
        send(pair, turn, 1.0 + turn * 0.02, size=1000)


@pytest.mark.parametrize("passed_s", [limits.SESSION_S - 1, limits.SESSION_S + 1, limits.PREFIX_S + 2])
def test_an_hour_later_it_is_pythons(passed_s: float) -> None:
    pair = play([plain_step() for _ in range(3)])
    for turn in (3, 4):
        send(pair, turn, 1.0 + passed_s)


def test_media_pauses_after_two_seconds_of_silence_and_goes_on() -> None:
    pair = play([plain_step() for _ in range(3)])
    for turn in range(120):
        pair.take(1.06 + turn * 0.02)
    assert pair.plain._sessions.live[pair.nears[0][0].ticket.number].paused
    send(pair, 3, 4.0)
    send(pair, 4, 4.02)


def test_a_budget_whose_hour_ends_in_a_call_is_pythons() -> None:
    pair = play([plain_step(kind=WARM)])
    for turn in range(20):  # the ticket was given at 0, its session began at 1
        send(pair, turn, limits.PREFIX_S - 0.19 + turn * 0.02)
    [budget] = [each for each in pair.plain._prefixes._budgets.values() if each.bytes_used]
    assert budget.since >= limits.PREFIX_S


def test_no_bit_of_a_token_can_be_changed_and_no_byte_left_out() -> None:
    pair = play([plain_step() for _ in range(3)])
    near = pair.nears[0][0]
    nonce = pair.plain._sessions.live[near.ticket.number].accounts[HOME[0]].nonce
    data = near.packet(VIDEO, media_seq(3), nonce=nonce)
    place = (int.from_bytes(data[-16:], "big") ^ 1 << bit for bit in range(128))
    batch = [(HOME, PORT, data[:-16] + each.to_bytes(16, "big")) for each in place]
    batch += [(HOME, PORT, data[:size]) for size in range(len(data))]
    pair.receive(batch, 1.06)
    pair.take(1.06)
    pair.agree(1.06)
    assert pair.plain.counters.garbage == len(batch)


@pytest.mark.parametrize("changed", [{"source": 1}, {"source": 2, "nonce": "none"}, {"harm": "port"}])
def test_another_place_or_port_is_pythons(changed: dict[str, Any]) -> None:
    play([*(plain_step() for _ in range(3)), *(plain_step(**changed) for _ in range(4)), plain_step()])


def test_flows_of_an_unproved_address_beyond_the_few_are_pythons() -> None:
    steps = [
        plain_step(kind=WARM, replicate=n, source=2, nonce="none", size=400)
        for _ in range(4)
        for n in range(6)
    ]
    assert play(steps).plain.counters.unproved


def send(pair: Pair, turn: int, now: float, size: int = 160) -> None:
    """One more packet of the flow that `plain_step` plays."""
    near = pair.nears[0][0]
    nonce = pair.plain._sessions.live[near.ticket.number].accounts[HOME[0]].nonce
    pair.receive([(HOME, PORT, near.packet(VIDEO, media_seq(turn), size=size, nonce=nonce))], now)
    pair.take(now)
    pair.agree(now)


def call_core(scripts: farend.LongScripts) -> ReflectorCore:
    return ReflectorCore(
        farend._IDENTITY,
        load_profiles(),
        udp_ports=[16384],
        neutral_ports=neutral_ports,
        tcp_ports=(),
        version="test",
        scripts=scripts,
    )


def test_calls_of_the_packaged_profiles_are_the_same_rtp_and_controls() -> None:
    scripts = farend.LongScripts(30)
    plain, fast = call_core(scripts), call_core(scripts)
    spy = Spy(hot().Hot)
    fast.hasten(spy)
    given, same = (farend.give_calls(core, scripts, 80, 0.0) for core in (plain, fast))
    assert given == same
    said = [list(islice(callers.uplink(call, given.salt, scripts), 30)) for call in given.calls]
    for turn in range(30):
        now = turn * farend.GAP_US / 1e6
        some = given.calls if turn < 29 else given.calls[:6]  # a neighbour that spoke last is counted for
        batch = [((c.source, 1000 + n), c.port, said[n][turn]) for n, c in enumerate(some)]
        left = []
        for core in (plain, fast):
            core.receive_datagrams(batch, now)
            left.append(core.datagrams_to_send(now + 1e-6))
        assert left[0] == left[1]
        assert len(left[0]) == 80
    assert asdict(plain.counters) == asdict(fast.counters)
    near = [[session.keys.number for session in core._strangers._near["127.70.0"]] for core in (plain, fast)]
    assert near[0] == near[1]
    assert len(spy.handed) == 80 + 20  # each call's first packet; a ticket's first media, whose nonce is new


def test_without_it_python_does_everything_again() -> None:
    pair = Pair()
    pair.fast.hasten(None)
    batch = [(HOME, PORT, pair.nears[0][0].packet(VIDEO, media_seq(0)))]
    pair.receive(batch, 1.0)
    assert pair.take(1.0)
    assert pair.spy.handed == []


def test_parts_that_do_not_fit_are_refused() -> None:
    make = hot().Hot
    with pytest.raises(TypeError, match="no part"):
        hot_of(make, {})
    with pytest.raises(TypeError, match="no type"):
        make({}, {}, {})
    types = dict.fromkeys(("Counters", "Session"), object)
    with pytest.raises(TypeError):
        make(types, {}, {})
