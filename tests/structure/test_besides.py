"""A check beside irtt over one path: what is read of each, what the kernel counted, how the page says it."""

import shutil

import msgspec
import pytest

from scripts.benchmarks import besides, pathnet
from scripts.benchmarks.besides import BesideError, Dropped, Said, Turn
from tests.support.environment import require
from voipwatch.inference.track import Count
from voipwatch.lab.drive import run_simulated
from voipwatch.lab.line import LineCondition, LinkCondition
from voipwatch.lab.netns import KernelNet
from voipwatch.lab.support import kernel_support


def irtt_file(*, sent: int = 4, there: int = 3, back: int = 2, json_format: int = 1) -> bytes:
    """As irtt 0.9.0 writes one, cut to one packet of each fate and to some of what is not read."""
    trips = [
        {"seqno": 0, "lost": "false", "delay": {"receive": 37188, "rtt": 20_100_938, "send": 63731}},
        {"seqno": 1, "lost": "true_up", "delay": {}, "ipdv": {}},
        {"seqno": 2, "lost": "true_down", "delay": {"send": 10_000_000}},
        {"seqno": 3, "lost": "false", "delay": {"rtt": 21_500_000}},
    ]
    counts = {"packets_sent": sent, "packets_received": back, "server_packets_received": there}
    version = {"irtt": "0.9.0", "protocol": 1, "json_format": json_format}
    told = {"version": version, "stats": {**counts, "late_packets": 0}, "round_trips": trips}
    return msgspec.json.encode(told)


def test_of_irtts_file_the_round_trips_and_the_losses_each_way_are_read() -> None:
    assert besides.read_irtt(irtt_file()) == Said((20.100938, 21.5), Count(4, 1), Count(3, 1))


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"{}", "irtt's file"),
        (b"[", "irtt's file"),
        (irtt_file(json_format=2), "format 2, not 1"),
        (irtt_file(there=5), "4 sent, 5 at its server and 2 back"),
        (irtt_file(back=4), "4 sent, 3 at its server and 4 back"),
    ],
)
def test_what_is_no_such_file_is_refused(data: bytes, says: str) -> None:
    with pytest.raises(BesideError, match=says):
        besides.read_irtt(data)


def test_a_checks_round_trip_is_its_way_up_and_its_way_down() -> None:
    line = LineCondition(up=LinkCondition(delay_ms=7.0), down=LinkCondition(delay_ms=30.0))
    world = msgspec.structs.replace(pathnet.path_world(), line=line)
    said = besides.read_check(run_simulated(world, apps=["sip"], seed=3))
    assert said.up.known == said.down.known == len(said.rtts_ms) > 1000
    assert said.up.lost == said.down.lost == 0
    assert all(abs(ms - 37.0) < 0.01 for ms in said.rtts_ms)


def test_a_check_without_its_reflectors_log_says_no_round_trip() -> None:
    measurement = run_simulated(pathnet.path_world(), apps=["sip"], seed=3, control_blocked=True)
    with pytest.raises(BesideError, match="no log"):
        besides.read_check(measurement)


def counters(**packets: int) -> bytes:
    listed = [{"counter": {"name": name, "packets": count, "bytes": 0}} for name, count in packets.items()]
    return msgspec.json.encode({"nftables": [{"metainfo": {"version": "1.0.6"}}, *listed]})


def test_what_the_kernel_counted_is_taken_between_two_readings() -> None:
    before = besides.read_counters(counters(up_seen=10, up_dropped=1, down_seen=9, down_dropped=0))
    after = besides.read_counters(counters(up_seen=110, up_dropped=4, down_seen=106, down_dropped=2))
    assert besides.since(before, after) == Dropped(Count(100, 3), Count(97, 2))
    with pytest.raises(BesideError, match="down_seen"):
        besides.read_counters(counters(up_seen=10, up_dropped=1))


def test_several_clients_are_one() -> None:
    one, other = Said((1.0,), Count(2, 1), Count(1, 0)), Said((2.0, 3.0), Count(3, 0), Count(3, 1))
    assert besides.together([one, other]) == Said((1.0, 2.0, 3.0), Count(5, 1), Count(4, 1))


def turn(check_ms: float, *, lost: int = 20) -> Turn:
    """A check that says `lost` of a thousand up, where twenty were dropped; irtt says as it was."""
    up, down = Count(1000, 20), Count(1000, 10)
    check = Said((check_ms, check_ms, check_ms + 5), up._replace(lost=lost), down)
    irtt = Said((20.0, 20.0, 25.0), up, down)
    return Turn(check, Dropped(up, down), irtt, Dropped(up, down))


def test_the_page_says_ratios_differences_n_and_intervals() -> None:
    told = besides.render([turn(20.0), turn(22.0), turn(21.0, lost=26)], "Over a path.")
    rows = {line.split(" | ")[0]: line for line in told.splitlines() if line.startswith("| ")}
    assert rows["| round trip, ms: median"].endswith(
        "| 9, 9 | 21.00 | 20.00 | ratio 1.050 | 1.000 to 1.100 |"
    )
    assert rows["| round trip, ms: 99 %"].endswith("| 9, 9 | 26.00 | 25.00 | ratio 1.040 | 1.000 to 1.080 |")
    assert rows["| lost up, %"].endswith("| 3,000, 3,000 | 2.20 | 2.00 | +0.20 points | −0.53 to +0.94 |")
    assert rows["| lost down, %"].endswith("| 1.00 | 1.00 | 0.00 points | −0.52 to +0.52 |")
    beyond = "| packets said lost {}, less those that nftables dropped"
    assert rows[beyond.format("up")].endswith("| 60, 60 dropped | +6 | 0 | – | – |")
    assert rows[beyond.format("down")].endswith("| 30, 30 dropped | 0 | 0 | – | – |")
    assert "Over a path. 3 turns." in told
    assert "75.0 % confidence" in told


def test_one_turn_has_no_interval_of_its_ratio() -> None:
    [row] = [line for line in besides.render([turn(20.0)], "").splitlines() if "median |" in line]
    assert row.endswith("| ratio 1.000 | – |")


@pytest.mark.kernel
@pytest.mark.xdist_group("kernel")
def test_the_kernel_counts_voice_of_each_direction_by_its_size() -> None:
    support = kernel_support()
    require(support.available, f"no kernel network: {'; '.join(support.reasons)}")
    require(shutil.which("irtt") is not None, "irtt is not installed")
    with KernelNet(pathnet.path_world()) as net:
        net.script("operator", "nft -f -", pathnet.table_of_drops())
        said, dropped = pathnet.irtt_run(net, 1)
    assert 0 < said.up.known == dropped.up.known
    assert dropped.down.known == dropped.up.known - dropped.up.lost
    # irtt learns of the way up from replies: of a client's last packet, whose reply is lost, it says "up"
    assert said.up.lost >= dropped.up.lost
    assert said.up.lost + said.down.lost == dropped.up.lost + dropped.down.lost
    assert min(said.rtts_ms) >= 2 * pathnet.DELAY_MS
