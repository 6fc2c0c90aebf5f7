"""How many flows must agree, and what each reader of it makes of one flow that differs."""

import pytest

from tests.inference.build import Check, Packet, Shape, World, drops
from voipwatch.inference import judge
from voipwatch.inference.agreement import FORGED_SHARE_MIN, agree
from voipwatch.model.flows import MEDIA_SEQ


@pytest.mark.parametrize(
    ("met", "of", "enough"),
    [(0, 0, False), (1, 1, False), (2, 2, True), (2, 3, False), (3, 4, True), (5, 7, False), (6, 8, True)],
)
def test_two_flows_and_three_in_four(met: int, of: int, enough: bool) -> None:
    assert agree(met, of) is enough


@pytest.mark.parametrize(("met", "of", "enough"), [(1, 1, False), (1, 2, False), (2, 4, True), (2, 5, False)])
def test_half_of_what_was_forged_may_be_lost(met: int, of: int, enough: bool) -> None:
    assert agree(met, of, share_min=FORGED_SHARE_MIN) is enough


def test_killed_in_three_of_four_flows_is_killed_and_in_fewer_dropped() -> None:
    met: set[int] = set()

    def world(dropped_whole: set[int]) -> World:
        def lost(p: Packet) -> bool:
            dies = p.treatment and p.media
            met.update({p.flow} if dies else ())
            return dies and not (p.up and p.seq == MEDIA_SEQ and p.flow not in dropped_whole)

        return drops(lost)

    def label(dropped_whole: set[int]) -> str | None:
        (found,) = judge(Check(world(dropped_whole), (Shape(media_s=0.6, spacing_s=0.04),)).run()).results
        return found.mechanism

    assert label(set()) == "flow.kill"
    flows = sorted(met)
    quarter = len(flows) // 4
    assert label(set(flows[:quarter])) == "flow.kill"
    assert label(set(flows[: quarter + 1])) == "rtp.drop"
