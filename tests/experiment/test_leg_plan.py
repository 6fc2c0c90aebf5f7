"""What a leg costs before it is played."""

from tests.experiment.questions.support import FLOW_BYTES, plan
from voipwatch.experiment.leg_plan import FIRST_BLOCKS
from voipwatch.model.vocabulary import Arm, Media


def test_a_block_is_one_flow_of_each_arm() -> None:
    assert plan().block_bytes(0) == 4 * FLOW_BYTES
    assert plan(arms=(Arm.A_NEUTRAL, Arm.C_NEUTRAL)).block_bytes(0) == 2 * FLOW_BYTES
    assert plan().first_bytes() == FIRST_BLOCKS * plan().block_bytes(0)


def test_a_plan_is_light_that_plays_its_first_blocks_or_its_set_up_alone() -> None:
    assert [plan().light, plan(brief=True).light, plan(Media.NONE).light] == [False, True, True]
    assert plan(Media.VIDEO).media is Media.VIDEO
