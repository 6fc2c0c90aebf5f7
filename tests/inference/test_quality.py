"""Quality of the treatment's voice: delay, jitter, loss, MOS; None where nobody measured."""

import pytest

from tests.inference.build import SIP, Check, Shape, clean, drops, jitters, loses
from voipwatch.inference.join import join_session
from voipwatch.inference.quality import quality_of
from voipwatch.model.measurement import Measurement
from voipwatch.model.results import Quality
from voipwatch.stats import e_model


def quality(measurement: Measurement) -> Quality:
    return quality_of(join_session(measurement, 0), measurement.apps[0])


def test_the_clocks_offset_cancels_in_the_round_trip() -> None:
    """30 ms each way, the far clock seven seconds ahead."""
    found = quality(Check(clean).run())
    assert found.rtt_ms == 60.0
    assert (found.jitter_up_ms, found.jitter_down_ms) == (0.0, 0.0)
    assert (found.loss_up_ratio, found.loss_down_ratio) == (0.0, 0.0)
    assert found.mos_up == found.mos_down
    assert found.mos_up == pytest.approx(4.38, abs=0.05)


def test_loss_lowers_the_score_of_its_direction_only() -> None:
    found = quality(Check(loses(0.2, 1, lambda p: p.media and p.up)).run())
    assert found.loss_up_ratio == pytest.approx(0.2, abs=0.04)
    assert found.mos_up is not None
    assert found.mos_down is not None
    assert found.mos_up < 3.6 < found.mos_down


def test_half_the_round_trip_goes_into_the_score() -> None:
    """180 ms each way, and 25 ms of codec; no jitter, no loss."""
    found = quality(Check(lambda _: 150.0).run())
    expected = e_model(180.0 + 25.0, 0.0, n=1, codec="opus")
    assert expected is not None
    assert found.rtt_ms == 360.0
    assert found.mos_up == pytest.approx(expected.mos, abs=0.01)


def test_sip_is_scored_as_g711_and_the_others_as_opus() -> None:
    world = loses(0.1, 1, lambda p: p.media)
    sip = quality(Check(world, (SIP,)).run())
    app = quality(Check(loses(0.1, 1, lambda p: p.media), (Shape(copies=1),)).run())
    assert sip.mos_up is not None
    assert app.mos_up is not None
    assert sip.mos_up > app.mos_up


def test_jitter_is_measured_with_the_log_and_unknown_without() -> None:
    with_log, without = (quality(Check(jitters(6.0, 1), logged=logged).run()) for logged in (True, False))
    assert with_log.jitter_up_ms is not None
    assert with_log.jitter_up_ms > 2.0
    assert (without.jitter_up_ms, without.jitter_down_ms) == (None, None)
    assert without.rtt_ms is not None


def test_nothing_measured_is_none_and_not_zero() -> None:
    assert quality(Check(drops(lambda p: p.treatment)).run()) == Quality()
