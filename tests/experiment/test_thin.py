"""Thin lines: planted rates come out of the warm-up, other bad lines are not thin, and who fits is asked."""

from collections.abc import Sequence

import msgspec
import pytest

from voipwatch.experiment.thin import ARRIVALS_MIN, Arrival, fits, signed32, thin_rate
from voipwatch.inference import judge
from voipwatch.lab.drive import run_simulated
from voipwatch.lab.line import LinkCondition
from voipwatch.lab.worlds import World, load_worlds
from voipwatch.model.measurement import Measurement
from voipwatch.model.vocabulary import Verdict

STEADY = 188 / 0.02
"""IP bytes a second of one family of the warm-up."""
OFFERED_KBIT_S = 2 * STEADY * 8 / 1000


def played(
    kbit_s: float, *, families: int = 2, lost: Sequence[int] = (), queue_s: float = 1.0
) -> list[list[Arrival]]:
    """The warm-up's arrivals after a serialising link; `lost`: numbers of steady packets lost beyond it."""
    planned = [(n * 20_000, 188, n) for n in range(100)] + [(1_980_000, 1028, 100 + n) for n in range(8)]
    flows: list[list[Arrival]] = [[] for _ in range(families)]
    free_us = 0.0
    for at_us, size, n in planned:
        for flow in flows:
            start = max(float(at_us), free_us)
            if start - at_us > queue_s * 1e6:
                continue
            free_us = start + size * 8e3 / kbit_s
            if n not in lost:
                flow.append(Arrival(round(free_us), round(free_us) - at_us, size))
    return flows


@pytest.mark.parametrize("kbit_s", [48.0, 64.0, 96.0, 128.0])
def test_a_planted_thin_rate_is_found_and_never_overrated(kbit_s: float) -> None:
    rate = thin_rate(played(kbit_s), STEADY)
    assert rate is not None
    assert 0.85 * kbit_s <= rate * 8 / 1000 <= kbit_s * 1.001


@pytest.mark.parametrize("kbit_s", [OFFERED_KBIT_S, 192.0, 256.0, 512.0, 10_000.0])
def test_a_line_that_carries_the_warm_up_is_not_thin(kbit_s: float) -> None:
    assert thin_rate(played(kbit_s), STEADY) is None


def test_losses_without_a_queue_are_a_bad_line_and_not_a_thin_one() -> None:
    lost = [n for n in range(108) if n % 3 or n >= 100]
    assert thin_rate(played(10_000.0, lost=lost), STEADY) is None
    assert thin_rate(played(64.0, queue_s=0.05), STEADY) is None, "a policer, or a queue too short to be seen"


def test_one_family_alone_is_told_of_by_its_own_rate() -> None:
    assert thin_rate(played(10_000.0, families=1), STEADY) is None
    rate = thin_rate(played(48.0, families=1), STEADY)
    assert rate is not None
    assert rate * 8 / 1000 == pytest.approx(48.0, rel=0.15)


def test_too_few_packets_tell_nothing() -> None:
    flows = [arrivals[:: len(arrivals) // 9] for arrivals in played(64.0)]
    assert all(len(arrivals) < ARRIVALS_MIN for arrivals in flows)
    assert thin_rate(flows, STEADY) is None
    assert thin_rate([[], []], STEADY) is None


def test_a_voice_fits_with_its_control_or_not_at_all() -> None:
    assert fits(1e9, None), "the line is not thin"
    assert fits(4_000.0, 8_000.0)
    assert not fits(4_001.0, 8_000.0)


def test_a_clock_that_wraps_goes_on() -> None:
    assert signed32((5 - (2**32 - 5)) % 2**32) == 10
    assert signed32(-7) == -7


def on(world: str, kbit_s: float) -> World:
    """A world of the table on a line of this rate both ways."""
    link = LinkCondition(delay_ms=20.0, rate_kbit_s=kbit_s)
    found = load_worlds().get(world)
    return msgspec.structs.replace(
        found, line=msgspec.structs.replace(found.line, up=link, down=link), draw={}
    )


def left_out(measurement: Measurement) -> set[str]:
    return {d.app for d in measurement.decisions if d.outcome == "thin"}


APPS = ("whatsapp", "webrtc", "sip")


@pytest.mark.parametrize(
    ("kbit_s", "out", "said"),
    [
        (48.0, {"whatsapp", "webrtc", "sip"}, Verdict.INSUFFICIENT),
        (64.0, {"webrtc", "sip"}, Verdict.OK),
        (96.0, {"sip"}, Verdict.OK),
        (128.0, {"sip"}, Verdict.OK),
    ],
)
def test_on_planted_lines_who_fits_is_measured_and_the_rest_costs_nothing(
    kbit_s: float, out: set[str], said: Verdict
) -> None:
    measurement = run_simulated(on("clean", kbit_s), apps=APPS, seed=1)
    assert left_out(measurement) == out
    rows = {row.app: row for row in judge(measurement).results}
    assert rows["whatsapp"].verdict is said
    for app in out:
        assert (rows[app].verdict, rows[app].cost.bytes) == (Verdict.INSUFFICIENT, 0)
        assert "line-too-thin" in rows[app].notes


def test_a_throttle_is_seen_on_a_thin_line() -> None:
    measurement = run_simulated(on("loss-heavy", 64.0), apps=APPS, seed=1)
    rows = {row.app: row.verdict for row in judge(measurement).results}
    assert rows["whatsapp"] is Verdict.THROTTLED


def test_a_shaper_for_apps_alone_is_no_thin_line() -> None:
    shaper = {"policy": "shape", "bytes_per_s": 8_000, "queue_s": 1.0, "shared": True}
    world = msgspec.structs.replace(on("shape-shared", 10_000.0), policy=shaper)
    measurement = run_simulated(world, apps=APPS, seed=1)
    assert not left_out(measurement)
    rows = {row.app: row.verdict for row in judge(measurement).results}
    assert rows["sip"] is Verdict.THROTTLED
    assert Verdict.OK not in rows.values()
