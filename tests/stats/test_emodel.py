"""The E-model against the recommendation's own reference values and a table of reference points."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voipwatch.stats import CODECS, e_model, mos_from_rating
from voipwatch.stats.emodel import effective_impairment, rating


def test_g107_defaults() -> None:
    """ITU-T G.107: with all defaults R = 93.2, and annex B makes of it MOS 4.41."""
    assert round(rating(0.0), 1) == 93.2
    assert round(mos_from_rating(rating(0.0)), 2) == 4.41


@pytest.mark.parametrize(
    ("loss_percent", "mos"), [(0, 4.33), (1, 4.23), (3, 4.00), (5, 3.77), (10, 3.23), (20, 2.44), (40, 1.66)]
)
def test_reference_points_at_150_ms(loss_percent: float, mos: float) -> None:
    score = e_model(150.0, loss_percent / 100.0, n=1000)
    assert score is not None
    assert round(score.mos, 2) == mos
    assert (score.n, score.delay_ms, score.loss_ratio, score.burst_ratio) == (
        1000,
        150.0,
        loss_percent / 100,
        1.0,
    )


@pytest.mark.parametrize(("r", "mos"), [(50, 2.58), (60, 3.10), (70, 3.60), (80, 4.03), (90, 4.34)])
def test_annex_b_table(r: float, mos: float) -> None:
    """ITU-T G.107 table B.1: lower limits of the user satisfaction classes; it has 4.024 as 4.03."""
    assert mos_from_rating(r) == pytest.approx(mos, abs=0.007)


def test_mos_is_clamped() -> None:
    """The cubic gives 0.98 at R = 4; a score below 1 does not exist."""
    assert 1 + 0.035 * 4 + 4 * (4 - 60) * (100 - 4) * 7e-6 < 1.0
    assert [mos_from_rating(r) for r in (-20.0, 0.0, 4.0, 100.0, 120.0)] == [1.0, 1.0, 1.0, 4.5, 4.5]


def test_effective_impairment_hand_worked() -> None:
    """G.729A at 2 % random loss: 11 + 84 * 2 / (2 + 19) = 19; twice as bursty: 11 + 84 * 2 / (1 + 19) =
    19.4.
    """
    codec = CODECS["g729a"]
    assert effective_impairment(0.02, burst_ratio=1.0, codec=codec) == pytest.approx(19.0)
    assert effective_impairment(0.02, burst_ratio=2.0, codec=codec) == pytest.approx(19.4)


def test_g113_rows() -> None:
    rows = {name: (codec.ie, codec.bpl) for name, codec in CODECS.items() if not codec.approximate}
    assert rows["g711-plc"] == (0.0, 25.1)
    assert rows["g711"] == (0.0, 4.3)
    assert rows["g729a"] == (11.0, 19.0)
    assert {name for name, codec in CODECS.items() if codec.approximate} == {"opus", "amr-wb"}
    assert all("approximation" in CODECS[name].source for name in ("opus", "amr-wb"))


def test_absolute_delay_hand_worked() -> None:
    """Echo apart, 200 ms (X = 1): Idd = 25 (2^(1/6) - 3 (1 + 3^-6)^(1/6) + 2) = 3.04.

    Read off as the difference between two delays, with the echo terms computed here by clause 7.4 alone.
    """
    idd = 25 * (2 ** (1 / 6) - 3 * (1 + (1 / 3) ** 6) ** (1 / 6) + 2)
    assert idd == pytest.approx(3.04, abs=0.01)
    no, ro = -61.18, 94.77  # the recommendation's own intermediate values at the defaults

    def echo(t: float) -> float:
        terv = 65 - 40 * math.log10((1 + t / 10) / (1 + t / 150)) + 6 * math.exp(-0.3 * t * t)
        gap = (-1.5 * (no - 2) - (80 + 2.5 * (terv - 14))) / 2
        talker = (gap + math.sqrt(gap**2 + 100) - 1) * (1 - math.exp(-t))
        rle = (ro - 10.5 * 117 * (2 * t + 1) ** -0.25) / 2
        listener = rle + math.sqrt(rle**2 + 169)
        return float(talker + listener)

    assert rating(90.0) - rating(200.0) == pytest.approx(echo(200.0) - echo(90.0) + idd, abs=0.02)


@pytest.mark.parametrize(
    ("delay_ms", "loss_ratio", "burst_ratio"),
    [(None, 0.1, 1.0), (50.0, None, 1.0), (50.0, 0.1, None), (None, None, None)],
)
def test_unmeasured_gives_no_score(
    delay_ms: float | None, loss_ratio: float | None, burst_ratio: float | None
) -> None:
    assert e_model(delay_ms, loss_ratio, n=10, burst_ratio=burst_ratio) is None


def test_without_loss_the_burst_ratio_may_be_unmeasured() -> None:
    assert e_model(50.0, 0.0, n=10, burst_ratio=None) == e_model(50.0, 0.0, n=10)


@given(st.floats(0, 2000), st.floats(0, 1), st.sampled_from(sorted(CODECS)))
def test_worse_lines_never_score_better(delay_ms: float, loss_ratio: float, codec: str) -> None:
    score = e_model(delay_ms, loss_ratio, n=1, codec=codec)
    later = e_model(delay_ms + 50.0, loss_ratio, n=1, codec=codec)
    lossier = e_model(delay_ms, min(1.0, loss_ratio + 0.05), n=1, codec=codec)
    burstier = e_model(delay_ms, loss_ratio, n=1, codec=codec, burst_ratio=2.0)
    assert score is not None
    assert later is not None
    assert lossier is not None
    assert burstier is not None
    assert 1.0 <= score.mos <= 4.5
    assert later.r <= score.r
    assert max(lossier.r, burstier.r) <= score.r + 1e-9


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"delay_ms": -1.0}, "delay_ms must not be negative"),
        ({"delay_ms": math.nan}, "delay_ms must be finite"),
        ({"loss_ratio": 1.5}, "loss_ratio must lie"),
        ({"burst_ratio": 0.0}, "burst_ratio must be above 0"),
        ({"codec": "g722"}, "codec must be one of"),
        ({"n": 0}, "n must be at least 1"),
    ],
)
def test_domains(arguments: dict[str, float], message: str) -> None:
    given_: dict[str, object] = {"delay_ms": 50.0, "loss_ratio": 0.1, "n": 10, **arguments}
    with pytest.raises(ValueError, match=message):
        e_model(**given_)  # type: ignore[arg-type]  # a table of bad arguments
