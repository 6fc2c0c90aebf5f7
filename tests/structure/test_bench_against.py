"""The bench beside an echo, irtt and coturn: what is a ceiling, what is late, and how the page says it."""

import struct
from itertools import islice
from pathlib import Path

from scripts.bench_against import most_calls
from scripts.benchmarks import callers, farend
from scripts.benchmarks.againstpage import Found, carries, render
from scripts.benchmarks.besides import Dropped, Said, Turn
from scripts.benchmarks.callers import Calls
from scripts.benchmarks.figures import Distribution, Machine
from scripts.benchmarks.others import Ceiling
from voipwatch.apps import load_profiles, neutral_ports
from voipwatch.inference.track import Count
from voipwatch.model.flows import MEDIA_SEQ
from voipwatch.reflector.core import ReflectorCore
from voipwatch.wire.token import TokenKeys, encode_down

MACHINE = Machine("2026-11-23 01:00", "a CPU", 2, "Linux 6", "3.11.7", 0.1)


def run(calls: int, *, logged: int = 1000, answered: int = 1000, p99: float = 1.0) -> Calls:
    return Calls(
        calls, 1.0, 1000, logged, answered, 1000, Distribution(1, p99, p99, p99, p99), 0.5, 0, 0, 0.1
    )


def test_a_ceiling_is_the_last_step_before_one_that_failed_twice() -> None:
    asked: list[int] = []

    def tried(calls: int) -> Calls:
        asked.append(calls)
        bad = calls >= 40 or (calls == 20 and asked.count(20) == 1)  # a stolen moment
        return run(calls, logged=900 if bad else 1000)

    assert most_calls(tried, (10, 20, 30, 40, 50)) == 30
    assert asked == [10, 20, 20, 30, 40, 40]


def test_one_in_a_hundred_lost_either_way_is_not_carried() -> None:
    assert carries(run(8, logged=991, answered=991))
    assert not carries(run(8, logged=990))
    assert not carries(run(8, answered=990))


def test_the_page_says_what_is_missed() -> None:
    echo, irtt, coturn = Ceiling(4000.0, 2.0), Ceiling(900.0, 3.0), Ceiling(50.0, 20.0)
    one = run(8)
    half = Said((20.0,), Count(100, 2), Count(98, 1))
    dropped = Dropped(Count(100, 2), Count(98, 1))
    found = Found(
        MACHINE,
        0.2,
        1,
        [echo],
        [irtt],
        [coturn],
        [one],
        [one],
        8,
        [run(1000, p99=6.0)],
        [one],
        15.0,
        0.3,
        2.5,
        [Turn(half, dropped, half, dropped)],
        [run(4, logged=500, answered=500)],
        [run(1000, p99=4.5)],
    )
    told = render(found, "a command", "Over a path.")
    rows = {line.split(" | ")[0]: line for line in told.splitlines() if line.startswith("| ")}
    assert rows["| reflector: each way a second, logged and keyed"].endswith(
        "| 1,000 | 0.250 | 0.25 of the echo | yes |"
    )
    assert rows["| reflector `--compiled`: the same"].endswith("| 500 | 0.125 | 0.25 of the echo | **no** |")
    assert "| the same, `--compiled` | 4.50 | – | 5 | yes |" in told.splitlines()
    assert rows["| reflector `--compiled` against irtt's server"].endswith(
        "| 0.56 of it | – | as much | **no** |"
    )
    assert rows["| reflector against irtt's server"].endswith("| 1.11 of it | – | as much | yes |")
    assert rows["| 1,000 paced calls: 99 % under, ms late"].endswith("| 6.00 | – | 5 | **no** |")
    assert rows["| a dead port told, s: a check, decided, and certain by its repeat"].endswith(
        "| 0.30, 2.50 | – | – | – |"
    )
    assert rows["| the same as shares of irtt's"].endswith("| 0.02, 0.17 | – | – | – |")
    assert "`a command`, 2026-11-23 01:00 UTC" in told
    assert "Over a path. One turn," in told
    assert rows["| round trip, ms: median"].endswith("| 1, 1 | 20.00 | 20.00 | ratio 1.000 | – |")
    slower = found._replace(most=[run(8, answered=999)])
    assert "| 0.25 of the echo | **no** |" in render(slower, "a command", "")


def test_lateness_is_by_the_packets_own_number() -> None:
    call = farend.CallGiven(7, bytes(32), 3, "127.0.0.1", 1, bytes(4))
    given = farend.Given(bytes(16), [call])
    keys = TokenKeys(7, bytes(32), bytes(16))

    def came(number: int, at_ms: float) -> tuple[int, int, bytes]:
        return 0, int(at_ms * 1e6), encode_down(keys, 3, MEDIA_SEQ + number, nonce=b"nnnn", room=52)

    late = callers.lateness_ms(given, [came(0, 5), came(1, 24), came(3, 66), (0, 0, bytes(52))])
    assert late == [1.0, 0.0, 2.0]  # the second was earliest; the third was lost; the last one is nobody's


def test_what_the_callers_play_is_heard_and_answered_by_the_reflectors_core() -> None:
    scripts = farend.LongScripts(30)
    ports = [16384]
    core = ReflectorCore(
        farend._IDENTITY,
        load_profiles(),
        udp_ports=ports,
        neutral_ports=neutral_ports,
        tcp_ports=(),
        version="test",
        scripts=scripts,
    )
    given = farend.give_calls(core, scripts, 8, 0.0)
    assert len(given.calls) == 8
    assert len({call.number for call in given.calls}) == 2
    said = [list(islice(callers.uplink(call, given.salt, scripts), 30)) for call in given.calls]
    answered = 0
    for turn in range(30):
        now = turn * farend.GAP_US / 1e6
        batch = [((c.source, 1000 + n), c.port, said[n][turn]) for n, c in enumerate(given.calls)]
        core.receive_datagrams(batch, now)
        answered += len(core.datagrams_to_send(now + 1e-6))
    assert (core.counters.garbage, core.counters.refused) == (0, 0)
    assert answered == 8 * 30


def test_a_file_of_calls_has_the_layout_that_the_program_reads(tmp_path: Path) -> None:
    scripts = farend.LongScripts(2)
    call = farend.CallGiven(7, bytes(32), scripts.voice()[0] * 32, "127.70.0.1", 16384, b"nnnn")
    path = tmp_path / "calls"
    callers.write_calls(farend.Given(bytes(16), [call]), scripts, 2, path)
    data = path.read_bytes()
    assert struct.unpack_from("=IIII", data) == (1, 2, 172, farend.GAP_US)
    assert data[16:24] == bytes((127, 70, 0, 1)) + struct.pack("=I", 16384)
    assert len(data) == 24 + 2 * 172
