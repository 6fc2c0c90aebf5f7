from collections.abc import Callable

import msgspec
import pytest

from voipwatch.cli.consistency import check_record
from voipwatch.cli.reportfile import decode_report
from voipwatch.model.flows import Receipt
from voipwatch.model.measurement import Measurement
from voipwatch.model.vocabulary import Arm, Family


@pytest.fixture
def measurement(report_bytes: bytes) -> Measurement:
    return decode_report(report_bytes, name="report")[0].measurement


def found(measurement: Measurement) -> dict[str, bool | None]:
    return {finding.id: finding.holds for finding in check_record(measurement)}


def test_a_probes_record_holds(measurement: Measurement) -> None:
    assert found(measurement) == {
        "numbers": True,
        "kinds": True,
        "times": True,
        "trials": True,
        "receipts": True,
        "dates": True,
    }


@pytest.mark.parametrize("profiles", ["ours", "others"])
def test_two_flows_of_one_number(measurement: Measurement, profiles: str) -> None:
    """A copied record would count a packet loss, or a call that got through, twice."""
    if profiles == "others":
        measurement.reflectors[0].profiles_digest = "00" * 32
    measurement.flows.append(measurement.flows[3])
    assert found(measurement)["numbers"] is False
    measurement.flows[-1] = msgspec.structs.replace(measurement.flows[3], reflector=1)
    assert found(measurement)["numbers"] is True, "each reflector numbers its own session"


def other_arm(measurement: Measurement) -> None:
    kind = measurement.flows[-1].kind
    measurement.flows[-1].kind = type(kind)(
        kind.app, kind.dialect, kind.leg, Arm.C_NEUTRAL if kind.arm is not Arm.C_NEUTRAL else Arm.C
    )


def other_family(measurement: Measurement) -> None:
    flow = next(flow for flow in measurement.flows if flow.family is Family.U)
    flow.family = Family.Q


def other_port(measurement: Measurement) -> None:
    measurement.flows[-1].remote_port = 53


def other_number(measurement: Measurement) -> None:
    measurement.flows[-1].flow = 65_535


def more_attested_than_received(measurement: Measurement) -> None:
    measurement.flows[0].attested = len(measurement.flows[0].received.seq) + 1


def other_profile(measurement: Measurement) -> None:
    measurement.profile_digests["webrtc"] = "00" * 32


def other_question(measurement: Measurement) -> None:
    measurement.flows[-1].question = "anything"


def longer_media(measurement: Measurement) -> None:
    measurement.flows[-1].media_s += 1.0


def no_digest(measurement: Measurement) -> None:
    measurement.profile_digests.clear()


@pytest.mark.parametrize(
    "change",
    [
        other_question,
        longer_media,
        no_digest,
        other_arm,
        other_family,
        other_port,
        other_number,
        more_attested_than_received,
        other_profile,
    ],
)
def test_a_flow_that_is_not_of_its_kind(
    measurement: Measurement, change: Callable[[Measurement], None]
) -> None:
    change(measurement)
    assert found(measurement)["kinds"] is False


def test_other_profiles_leave_the_kinds_open(measurement: Measurement) -> None:
    measurement.reflectors[0].profiles_digest = "00" * 32
    assert found(measurement)["kinds"] is None
    assert found(measurement)["trials"] is None


def test_a_trial_that_nobody_asks_for(measurement: Measurement) -> None:
    measurement.tcp[0] = msgspec.structs.replace(measurement.tcp[0], arm="X")
    assert found(measurement)["trials"] is False


def backwards(measurement: Measurement) -> None:
    measurement.flows[0].sent.t_us[-1] = 0


def before_its_start(measurement: Measurement) -> None:
    measurement.flows[-1].started_us = measurement.flows[-1].sent.t_us[0] + 1


def negative(measurement: Measurement) -> None:
    measurement.flows[0].started_us = -2
    measurement.flows[0].sent.t_us[0] = -1


def shorter(measurement: Measurement) -> None:
    measurement.ended_at = measurement.started_at


def longer(measurement: Measurement) -> None:
    measurement.started_at = "2015-01-07T12:00:00Z"


def no_date(measurement: Measurement) -> None:
    measurement.ended_at = "later"


def no_zone(measurement: Measurement) -> None:
    measurement.ended_at = measurement.ended_at.removesuffix("Z")


@pytest.mark.parametrize("change", [backwards, before_its_start, negative, shorter, longer, no_date, no_zone])
def test_impossible_times(measurement: Measurement, change: Callable[[Measurement], None]) -> None:
    change(measurement)
    assert found(measurement)["times"] is False


@pytest.mark.parametrize(
    "receipt",
    [
        Receipt(5, 10**6, 0, 0),
        Receipt(999_999, 1, 0, 0),
        Receipt(1024, 0, 0, 0),
        Receipt(1025, 1, 0, 1 << 40),
    ],
)
def test_receipts_that_the_log_does_not_know(measurement: Measurement, receipt: Receipt) -> None:
    measurement.flows[0].receipts = [receipt]
    assert found(measurement)["receipts"] is False


def test_dates_a_day_apart_are_said_and_accuse_nobody(measurement: Measurement) -> None:
    for name in ("started_at", "ended_at"):
        setattr(measurement, name, getattr(measurement, name).replace("2016-01-07", "2016-01-09"))
    assert found(measurement)["dates"] is None
    assert found(measurement)["times"] is True


def test_without_a_log_only_the_probes_own_record_is_looked_at(measurement: Measurement) -> None:
    measurement.reflectors[0].log = None
    assert set(found(measurement)) == {"numbers", "kinds", "times", "trials"}
