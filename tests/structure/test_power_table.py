"""Checks drawn packet by packet: what they are judged as, what is told of them, the curve and its picture."""

from itertools import pairwise
from xml.etree import ElementTree as ET

import pytest

from scripts import nulls_table, power_table
from scripts.benchmarks import nulls, power
from scripts.benchmarks.drawn import Guilt, LineLaw, Size, draw_session, drawn, judged
from scripts.benchmarks.page import PAGE, replace_between
from scripts.power_table import longer
from voipwatch.inference.pairs import blocks_of, paired
from voipwatch.inference.throttle import media_flows
from voipwatch.model.vocabulary import PRIVATE, Media, Verdict
from voipwatch.reflector.core.private import read_private

SMALL = Size(media_s=0.6, spacings_s=(0.03,), held_s=4.0)


def said(law: LineLaw, guilt: Guilt, size: Size = SMALL, seed: int = 1) -> str:
    return judged(draw_session(drawn(seed), law, guilt, size)).finding.rule


def test_a_drawn_check_is_judged_as_one_that_was_measured() -> None:
    assert said(LineLaw(), Guilt()) == "ok.clean"
    assert said(LineLaw(), Guilt(loss=0.6)) == "throttled.media"
    assert said(LineLaw(), Guilt(loss=1.0)) == "blocked.media"
    assert said(LineLaw(), Guilt(cut_at_s=2.0)) == "blocked.cut"
    assert said(LineLaw(loss=0.6, burst_s=0.3), Guilt()).startswith("insufficient")


def test_bursts_lose_what_the_law_says_and_hit_the_flows_of_a_line_together() -> None:
    size = Size(blocks=28, media_s=4.0, spacings_s=(0.02,))
    lost, apart = 0.0, {True: 0.0, False: 0.0}
    for own in (False, True):
        for seed in range(3):
            session = draw_session(drawn(seed), LineLaw(loss=0.2, burst_s=0.2, own=own), Guilt(), size)
            pairs = paired(blocks_of(media_flows(session, "drawn", Media.VOICE)))
            for pair in pairs:
                ratios = [f.media(up=True).counted.ratio or 0.0 for f in (pair.treatment, pair.control)]
                lost += sum(ratios) / 2
                apart[own] += abs(ratios[0] - ratios[1])
    assert lost / (2 * 3 * 28) == pytest.approx(0.2, abs=0.04)
    assert apart[True] > 2 * apart[False]


def test_the_same_seed_is_the_same_check() -> None:
    assert nulls.drawn_check(7) == nulls.drawn_check(7)


def test_the_bound_by_hand_and_what_counts_as_an_accusation() -> None:
    """None of n: 1 - 0.05 ** (1 / n), the rule of three."""
    assert nulls.bound(0, 600) == pytest.approx(1 - 0.05 ** (1 / 600))
    assert nulls.bound(0, 599) < 0.005 < nulls.bound(0, 597)
    assert nulls.Told("x", 1, ("ok", "throttled"), ("ok.clean", "throttled.media")).accused
    assert not nulls.Told("x", 1, ("ok", "insufficient", "down"), ("", "", "")).accused


def test_drawn_innocent_checks_accuse_nobody() -> None:
    """A look in every run; `make nulls` bounds 0.005 itself."""
    told = nulls.run(nulls.drawn_check, nulls.drawn_jobs(30, seed=9), processes=1, say=lambda _: None)
    assert sum(t.accused for t in told) <= 1
    assert len({t.line for t in told}) == 5


def test_the_tables_say_rate_bound_and_rules() -> None:
    ok, bad = nulls.Told("a", 1, ("ok",), ("ok.clean",)), nulls.Told("b", 2, ("blocked",), ("blocked.cut",))
    text = nulls.render([ok] * 600, [ok, bad], [], command="c", machine="m")
    assert "| a | 600 | 0 | 0.00498 | 100 % | – |" in text
    assert "| b | 1 | 1 | 1.00000 **over 0.005** | 0 % | blocked.cut 1x |" in text


def test_jobs_are_shared_among_the_lines() -> None:
    jobs = nulls.whole_jobs(25)
    assert {line for line, _ in jobs} == set(nulls.LINES)
    assert len(jobs) == len(set(jobs)) == 30


def test_more_data_find_more() -> None:
    found = [power.point(power.SIP, 12, s, checks=4).found for s in (0.5, 5.0)]
    assert found[0] <= found[1]
    costs = [power.SIP.ip_bytes(s) for s in (0.5, 1.0, 10.0)]
    assert all(b > a for a, b in pairwise(costs))
    assert power.SIP.ip_bytes(1.0) == pytest.approx(8000 + 40 * (50 + 33) / 2)


def test_the_page_says_what_is_enough_and_where_nothing_is() -> None:
    few = power.Point("a", 12, 1.0, 12.0, 1.0, 10, 100)
    many = power.Point("a", 28, 5.0, 140.0, 9.0, 96, 100)
    text = power.render([few, many], [], [], command="c", machine="m")
    assert "**140 s of media and 9.0 MB** (28 blocks of 5 s)" in text
    assert "not within one check" in power.render([few], [], [], command="c", machine="m")


def test_the_picture_is_whole_and_holds_every_point() -> None:
    points = [power.Point(v, 12, 1.0, 12.0, mb, 50, 100) for v in ("a", "b") for mb in (0.5, 5.0)]
    root = ET.fromstring(power.picture(points))
    assert len(root.findall("{http://www.w3.org/2000/svg}circle")) == 4


@pytest.mark.parametrize("app", ["sip", "whatsapp"])
def test_a_packaged_profile_with_longer_media_is_one_that_a_reflector_takes(app: str) -> None:
    profile = read_private(longer(app, 10.0))
    assert profile.id == PRIVATE
    assert {m.short_s for leg in profile.legs for m in leg.media} == {10.0}


def test_the_page_has_its_markers() -> None:
    for name in ("nulls", "power", "published"):
        assert "x y z" in replace_between(PAGE.read_text("utf-8"), name, "x y z")


def test_the_scripts_print_without_writing(capsys: pytest.CaptureFixture[str]) -> None:
    assert nulls_table.main(["--checks", "0", "--drawn", "20"]) == 0
    assert "Checks of one app drawn" in capsys.readouterr().out
    assert power_table.BUDGET_BYTES > 20_000_000
    assert Verdict.BLOCKED in nulls.ACCUSES
