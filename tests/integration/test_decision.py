"""How fast and from how little a clear-cut block is decided, on lines up to 200 ms there and back."""

import pytest

from tests.integration.support import APPS, MBYTE, on_round_trip, rows
from voipwatch.lab.drive import run_simulated
from voipwatch.lab.worlds import load_worlds
from voipwatch.model.measurement import Measurement
from voipwatch.model.ruleset import REPEAT_AFTER_S
from voipwatch.model.vocabulary import Arm, Verdict

DECIDED_S_MAX = 1.0
PACKETS_MAX = 11
FLOWS_MIN = 3


@pytest.mark.parametrize("apps", [("whatsapp",), APPS], ids="+".join)
@pytest.mark.parametrize(("rtt_ms", "jitter_ms"), [(20, 0), (100, 10), (200, 0)])
def test_a_clear_cut_block_is_decided_within_a_second_from_eleven_packets(
    apps: tuple[str, ...], rtt_ms: float, jitter_ms: float
) -> None:
    world = on_round_trip(load_worlds().get("stun-cookie"), rtt_ms, jitter_ms)
    measurement = run_simulated(world, apps=apps, seed=3)
    said = rows(measurement)
    for app in set(apps) & {"whatsapp", "webrtc"}:
        mine = [d for d in measurement.decisions if d.app == app]
        first = [
            d for d in mine if (d.question, d.arm, d.stage, d.outcome) == ("setup", "A", "setup", "dead")
        ]
        repeat = [d for d in mine if (d.question, d.arm, d.outcome) == ("repeat", "A", "dead")]
        legs = {f.kind.leg for f in measurement.flows if f.kind.app == app and f.kind.arm is Arm.A}
        assert len(first) == len(repeat) == len(legs), "each leg once: another dialect has a leg of its own"
        assert min(d.at_s for d in first) <= DECIDED_S_MAX, "the app is decided with its first dead leg"
        assert max(d.packets for d in (*first, *repeat)) <= PACKETS_MAX
        assert min(d.flows for d in first) >= FLOWS_MIN
        assert (said[app].verdict, said[app].mechanism) == (Verdict.BLOCKED, "stun.drop")
        assert said[app].cost.bytes <= MBYTE // 2
        for leg in legs:
            check_leg(measurement, app, leg)
        check_packets(measurement, app, first[0].packets, first[0].at_s)
    if "sip" in apps:
        assert said["sip"].verdict is Verdict.OK


def check_packets(measurement: Measurement, app: str, packets: int, at_s: float) -> None:
    """The decision's own figures against the records: packets sent by then."""
    flows = [f for f in measurement.flows if f.kind.app == app and f.kind.arm is Arm.A]
    first = [f for f in flows if f.question == "setup"]
    begin = min(f.started_us for f in measurement.flows if f.kind.app == app)
    asked = [t for f in first for t in f.sent.t_us if t <= begin + at_s * 1e6]
    assert packets <= len(asked)


def check_leg(measurement: Measurement, app: str, leg: str) -> None:
    """The repeat is on other flows, and far enough from the first."""
    flows = [f for f in measurement.flows if (f.kind.app, f.kind.leg, f.kind.arm) == (app, leg, Arm.A)]
    first = [f for f in flows if f.question == "setup"]
    again = [f for f in flows if f.question == "repeat"]
    assert min(f.started_us for f in again) - max(f.started_us for f in first) >= REPEAT_AFTER_S * 1e6
    assert {(f.flow) for f in first}.isdisjoint({f.flow for f in again})
