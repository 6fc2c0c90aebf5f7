"""The simulated network against what its worlds plant."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.lab.payloads import control, rtp, stun
from voipwatch.lab.simbench import benchmark
from voipwatch.lab.simnet import Arrival, IcmpToNear, SimNet, ToFar, ToNear
from voipwatch.lab.worlds import load_worlds
from voipwatch.model.vocabulary import Failure

WORLDS = {world.id: world for world in load_worlds().worlds}


class Echo:
    """Both ends: sends on a schedule, the far end answers everything with the same bytes."""

    def __init__(self, world: str, seed: int = 1, line: str | None = None) -> None:
        self.net = SimNet(WORLDS[world], seed=seed, line=line)
        self.log: list[tuple[float, Arrival]] = []

    def run_until(self, now: float) -> None:
        while (at := self.net.next_time()) is not None and at <= now:
            for arrival in self.net.pop(at):
                self.log.append((at, arrival))
                if isinstance(arrival, ToFar):
                    self.net.down(at, arrival.source, arrival.dport, arrival.data)

    def send(self, now: float, data: bytes, *, sock: int = 1, port: int = 3478) -> None:
        self.run_until(now)
        self.net.up(now, sock, port, data)

    def stream(
        self, data: bytes, *, count: int, sock: int = 1, port: int = 3478, start: float = 0.0
    ) -> tuple[int, int]:
        """Sends every 20 ms; gives how many reached the far and the near end."""
        before = len(self.log)
        for n in range(count):
            self.send(start + n * 0.02, data, sock=sock, port=port)
        self.run_until(start + count * 0.02 + 10.0)
        new = [arrival for _, arrival in self.log[before:]]
        return sum(isinstance(a, ToFar) for a in new), sum(isinstance(a, ToNear) for a in new)


def test_a_clean_line_takes_forty_milliseconds_there_and_back() -> None:
    echo = Echo("clean")
    echo.send(1.0, b"hello", sock=7, port=5060)
    echo.run_until(2.0)
    (up_at, up), (down_at, down) = echo.log
    assert (up_at, down_at) == pytest.approx((1.02, 1.04))
    assert isinstance(up, ToFar)
    assert (up.dport, up.data) == (5060, b"hello")
    assert down == ToNear(7, 5060, b"hello")
    assert echo.net.next_time() is None


def test_each_socket_has_its_own_port_and_keeps_it() -> None:
    echo = Echo("clean")
    for n in range(60):
        echo.send(n * 0.1, b"x", sock=n % 20)
    echo.run_until(10.0)
    sources = [a.source for _, a in echo.log if isinstance(a, ToFar)]
    assert len(set(sources)) == 20
    assert sources[:20] == sources[20:40]


@pytest.mark.parametrize("world", WORLDS)
def test_the_same_seed_gives_the_same_transcript(world: str) -> None:
    def transcript(seed: int) -> list[tuple[float, Arrival]]:
        echo = Echo(world, seed)
        for n in range(120):
            payload = (rtp(120, 120, n), stun(1), control(4, 120), rtp(8, 172, n))[n % 4]
            echo.send(n * 0.03, payload, sock=n % 6, port=(3478, 5060, 10000)[n % 3])
        echo.run_until(20.0)
        return echo.log

    assert transcript(1) == transcript(1)


def test_a_datagram_to_a_port_that_nobody_opened_arrives_nowhere() -> None:
    echo = Echo("clean")
    echo.net.down(0.0, ("192.0.2.2", 50_000), 3478, b"stray")
    echo.net.down(0.0, ("198.51.100.64", 50_000), 3478, b"not this line")
    assert echo.net.pop(1.0) == []


def test_another_seed_gives_another_draw() -> None:
    assert Echo("burst-30", 1).stream(b"x", count=500) != Echo("burst-30", 2).stream(b"x", count=500)


GUILTY = {
    "port-drop": (stun(3), 3478),
    "stun-cookie": (stun(1), 10000),
    "turn-only": (stun(3), 3478),
    "whatsapp-types": (stun(0x0801), 3478),
    "srtp-dynamic-pt": (rtp(111, 80), 10000),
    "sip-text": (b"INVITE sip:a@b SIP/2.0\r\n\r\n", 5060),
}


@pytest.mark.parametrize("world", GUILTY)
def test_a_guilty_world_stops_its_payload_and_lets_the_controls_live(world: str) -> None:
    payload, port = GUILTY[world]
    assert Echo(world).stream(payload, count=20, port=port) == (0, 0)
    neutral = 41_000 if world == "port-drop" else port
    for first in (0x04, 0x7F):
        assert Echo(world).stream(control(first, len(payload) or 1), count=20, port=neutral) == (20, 20)


def test_a_refusal_reaches_the_socket_that_asked() -> None:
    echo = Echo("port-reject")
    echo.send(0.0, b"anything", sock=3, port=5060)
    echo.run_until(1.0)
    ((at, arrival),) = echo.log
    assert at == pytest.approx(0.04)
    assert arrival == IcmpToNear(3, Failure.PORT_UNREACHABLE)


def test_one_way_media_reaches_the_far_end_only() -> None:
    assert Echo("one-way-media").stream(rtp(8, 172), count=50) == (50, 0)


def test_a_cut_flow_dies_both_ways_after_forty_packets() -> None:
    echo = Echo("cut-after-n")
    assert echo.stream(rtp(111, 80), count=100) == (40, 40)
    source = next(a.source for _, a in echo.log if isinstance(a, ToFar))
    echo.net.down(12.1, source, 3478, rtp(111, 80))
    assert echo.net.next_time() is None
    assert Echo("cut-after-n").stream(control(4, 80), count=100) == (100, 100)


def test_match_then_kill_lets_one_packet_up_and_none_down() -> None:
    assert Echo("match-then-kill").stream(stun(3), count=20) == (1, 0)


def test_media_loss_is_as_planted_each_way() -> None:
    far, near = Echo("media-loss-80").stream(rtp(111, 80), count=3_000)
    assert far == pytest.approx(600, abs=88)
    assert near == pytest.approx(far * 0.2, abs=40)
    assert Echo("media-loss-80").stream(stun(1), count=50) == (50, 50)


def test_another_line_can_be_put_under_a_world() -> None:
    far, near = Echo("stun-cookie", line="lossy5").stream(control(4, 80), count=4_000)
    assert far == pytest.approx(3_800, abs=130)
    assert near == pytest.approx(far * 0.95, abs=130)
    assert Echo("stun-cookie", line="lossy5").stream(stun(1), count=50) == (0, 0)


def test_a_cafe_passes_tcp_only() -> None:
    echo = Echo("cafe-firewall")
    assert echo.stream(control(0x50, 80), count=20) == (0, 0)
    trial = echo.net.tcp(20.0, 443, b"hello", lambda *_: b"answer")
    assert (trial.data, trial.failure) == (b"answer", None)


def test_a_portal_answers_in_the_reflectors_place() -> None:
    echo = Echo("captive-portal")
    assert echo.stream(control(0x50, 80), count=20) == (0, 0)
    asked: list[object] = []
    trial = echo.net.tcp(20.0, 443, b"\x16\x03\x01", lambda *a: asked.append(a))
    assert trial.failure is None
    assert trial.data.startswith(b"\x15\x03\x03")
    assert echo.net.tcp(20.0, 5222, b"plain", lambda *a: asked.append(a)).data.startswith(b"HTTP/1.1 302")
    assert not asked
    assert not echo.net.control_alive(0.0)


def test_a_dead_reflector_is_silent_both_ways_and_for_tcp() -> None:
    echo = Echo("reflector-dies")
    assert echo.net.control_alive(2.9)
    far, near = echo.stream(control(4, 80), count=200)
    # Arrivals from 0.02 s, every 0.02 s, until 3 s.
    assert far == near == 149
    trial = echo.net.tcp(3.1, 443, b"hello", lambda *_: b"answer")
    assert (trial.ready_at, trial.failure) == (None, Failure.CONNECT_TIMEOUT)
    assert not echo.net.control_alive(3.0)


def test_a_rebound_flow_comes_from_elsewhere_and_downlink_to_the_old_address_is_lost() -> None:
    echo = Echo("nat-rebind")
    far, near = echo.stream(control(4, 80), count=400)
    assert far == 400
    assert near == 400, "the far end answers each packet to where it came from"
    assert len({a.source for _, a in echo.log if isinstance(a, ToFar)}) == 2
    old = next(a.source for _, a in echo.log if isinstance(a, ToFar))
    echo.net.down(19.0, old, 3478, b"to the old address")
    assert echo.net.next_time() is None


def test_the_sixty_fifth_flow_costs_a_carriers_subscriber_the_first() -> None:
    echo = Echo("carrier-nat-64")
    for n in range(65):
        echo.send(n * 0.05, b"x", sock=n)
    echo.run_until(4.0)
    sources = [a.source for _, a in echo.log if isinstance(a, ToFar)]
    echo.net.down(4.0, sources[0], 3478, b"late")
    assert echo.net.next_time() is None
    echo.net.down(4.0, sources[1], 3478, b"late")
    assert echo.net.next_time() is not None


def test_reordering_keeps_everything_and_duplicates_some() -> None:
    echo = Echo("reorder-clock-step")
    far = echo.stream(b"x", count=1_000)[0]
    assert far == pytest.approx(1_020, abs=18)
    assert (echo.net.wall_offset_s(3.9), echo.net.wall_offset_s(4.0)) == (0.0, -3600.0)


def test_intermittence_follows_the_worlds_own_time() -> None:
    assert Echo("wifi-intermittence-on").stream(stun(1), count=10) == (0, 0)
    assert Echo("wifi-intermittence-off").stream(stun(1), count=10, start=3_600.0) == (10, 10)


def test_sip_is_rewritten_and_arrives() -> None:
    echo = Echo("sip-alg")
    echo.send(0.0, b"OPTIONS sip:b SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1\r\n\r\n", port=5060)
    echo.run_until(0.03)
    (arrival,) = [a for _, a in echo.log]
    assert isinstance(arrival, ToFar)
    assert b"UDP 198.51.100.10;branch=z9hG4bK1" in arrival.data


def test_tcp_is_refused_lost_or_closed_as_the_world_has_it() -> None:
    net = SimNet(WORLDS["clean"], seed=1)
    trial = net.tcp(5.0, 443, b"hello", lambda source, port, hello: bytes(reversed(hello)))
    assert trial.connected_ms == pytest.approx(40.0)
    assert (trial.data, trial.failure) == (b"olleh", None)
    assert trial.ready_at == pytest.approx(5.08)
    assert net.tcp(5.0, 443, b"hello", lambda *_: None).failure is Failure.CONNECTION_CLOSED


def test_a_lost_segment_is_sent_again() -> None:
    times = [SimNet(WORLDS["burst-30"], seed=n).tcp(5.0, 443, b"hello", lambda *_: b"ok") for n in range(60)]
    assert sum(t.data == b"ok" for t in times) >= 55
    assert any(t.connected_ms is not None and t.connected_ms > 1_000 for t in times)


@given(
    st.lists(st.tuples(st.integers(0, 5), st.binary(max_size=200), st.floats(0, 0.5)), max_size=25),
    st.sampled_from(sorted(WORLDS)),
)
def test_every_arrival_was_sent_and_time_never_goes_back(
    sends: list[tuple[int, bytes, float]], world: str
) -> None:
    echo = Echo(world)
    now = 0.0
    for sock, data, gap_s in sends:
        now += gap_s
        echo.send(now, data, sock=sock)
    echo.run_until(now + 30.0)
    assert [at for at, _ in echo.log] == sorted(at for at, _ in echo.log)
    assert len(echo.log) <= 4 * len(sends), "no world answers more than twice each way"
    near = [a for _, a in echo.log if isinstance(a, ToNear)]
    assert all(a.sock in {s for s, _, _ in sends} for a in near)


def test_the_benchmark_counts_what_it_sends() -> None:
    speed = benchmark("clean", 2_000)
    assert speed.datagrams == pytest.approx(2_000, abs=2)
    assert speed.arrived > 1_900
