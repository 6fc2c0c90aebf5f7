"""A leg's course, with puppets for flows: what it wishes for, what it decides, when it is over."""

from collections import deque
from dataclasses import dataclass

import pytest

from tests.experiment.questions.support import ARMS, MEDIA_PACKETS, Puppet, Stagehand, plan
from tests.experiment.support import START_S
from voipwatch.experiment.leg_plan import FIRST_BLOCKS, FIRST_BLOCKS_MIN, REPEAT_BLOCKS
from voipwatch.experiment.near_flow import Phase
from voipwatch.experiment.question import FlowWish
from voipwatch.experiment.questions.leg import HELD_LOSS_SHARE, SILENT_S, Leg, LegPhase
from voipwatch.model.flows import HELD_REPLICATES, LONG_REPLICATES, MEDIA_SEQ, ForeignSip, Receipt
from voipwatch.model.ruleset import BLOCKS, REPEAT_AFTER_S
from voipwatch.model.vocabulary import Arm, Media, Stage


@dataclass
class LegHand(Stagehand[Leg]):
    """A leg and the flows that were started for it."""

    @property
    def leg(self) -> Leg:
        return self.asked

    def all_answer(self, question: str) -> None:
        for flow in self.flows:
            if flow.record.question == question:
                flow.answer(True, True)

    def all_play(self, question: str) -> None:
        """Media begins and ends well on every flow of a question."""
        for flow in self.flows:
            if flow.record.question == question and flow.phase is Phase.ROUNDS:
                flow.play(self.now)
                flow.end()


def stage(media: Media = Media.VOICE, *, budget_bytes: int = 10_000_000, **more: object) -> LegHand:
    return LegHand(Leg(plan(media, **more), budget_bytes))  # type: ignore[arg-type]  # options of `plan`


def over(hand: LegHand) -> bool:
    return hand.leg.done


def names(wishes: deque[FlowWish]) -> list[tuple[str, int]]:
    return [(str(w.kind.arm), w.replicate) for w in wishes]


def outcomes(leg: Leg) -> list[tuple[str, str, str, str]]:
    return [(d.question, d.arm, d.stage, d.outcome) for d in leg.decisions]


# -- the first blocks --------------------------------------------------------------------------


def test_four_matched_blocks_of_four_arms_those_that_decide_first() -> None:
    leg = Leg(plan(), 10_000_000)
    wishes = list(leg.wishes)
    assert sorted(names(leg.wishes)) == sorted((str(a), n) for a in ARMS for n in range(FIRST_BLOCKS))
    assert {w.question for w in wishes} == {"setup"}
    assert all(w.block == w.replicate for w in wishes)
    ranks = [w.rank for w in wishes]
    assert ranks == sorted(ranks)
    first = wishes[: 2 * FIRST_BLOCKS_MIN]
    assert {w.kind.arm for w in first} == {Arm.A, Arm.C}
    assert {w.replicate for w in first} == set(range(FIRST_BLOCKS_MIN))
    assert [w.kind.arm for w in first[:4]] == [Arm.A, Arm.C, Arm.C, Arm.A], "in the plan's order of arms"


def test_a_single_request_needs_a_fourth_flow_to_decide() -> None:
    deciding = [w for w in Leg(plan(copies=1), 10_000_000).wishes if w.rank == 0]
    assert sum(w.kind.arm is Arm.A for w in deciding) == FIRST_BLOCKS_MIN + 1
    assert sum(w.kind.arm is Arm.C for w in deciding) == FIRST_BLOCKS_MIN


@pytest.mark.parametrize(
    ("budget_bytes", "blocks"), [(0, 0), (23_999, 0), (24_000, 3), (31_999, 3), (32_000, 4)]
)
def test_half_of_the_budget_pays_for_the_first_blocks_or_nothing_is_sent(
    budget_bytes: int, blocks: int
) -> None:
    leg = Leg(plan(), budget_bytes)
    assert len(leg.wishes) == 4 * blocks
    assert leg.done == (blocks == 0)
    assert outcomes(leg) == ([] if blocks else [("setup", "all", "voice", "budget")])


@pytest.mark.parametrize(("met", "again"), [(1, False), (2, True)])
def test_strangers_sip_in_two_answered_calls_asks_for_a_repeat(met: int, again: bool) -> None:
    hand = stage(Media.NONE)
    hand.start()
    hand.all_answer("setup")
    for flow in [f for f in hand.flows if f.record.kind.arm is Arm.A][:met]:
        flow.record.foreign = [ForeignSip("BYE", 1, after_final=True)]
    for flow in hand.flows:
        flow.end()
    hand.leg.update(hand.now)
    assert over(hand) is not again
    if not again:
        return
    due = hand.leg.get_timer()
    assert due is not None
    assert due - hand.now <= REPEAT_AFTER_S
    hand.now = due
    hand.leg.update(due)
    assert {w.question for w in hand.leg.wishes} == {"repeat"}
    assert len(hand.leg.wishes) == len(ARMS) * REPEAT_BLOCKS
    hand.start()
    hand.all_answer("repeat")
    for flow in hand.flows:
        flow.end()
    hand.leg.update(hand.now)
    assert over(hand), "once is enough"


# -- a dead set-up -----------------------------------------------------------------------------


def dead_setup(index: int = 0) -> LegHand:
    """A's requests of round `index` stay unanswered, everything else is answered."""
    hand = stage()
    hand.start()
    for arm in ARMS:
        for flow in hand.of(arm, "setup"):
            if index:
                flow.answer(True, True)
            flow.answer(*[arm not in (Arm.A, Arm.A_NEUTRAL)] * 2, index=index)
    hand.update(0.4)
    return hand


@pytest.mark.parametrize(("index", "name"), [(0, "setup"), (1, "handshake")])
def test_a_dead_arm_is_decided_stopped_and_repeated_on_fresh_flows(index: int, name: str) -> None:
    hand = dead_setup(index)
    leg = hand.leg
    assert outcomes(leg)[0] == ("setup", "A", name, "dead")
    decision = leg.decisions[0]
    assert decision.at_s == pytest.approx(0.4)
    assert 4 <= decision.packets <= 11
    assert decision.flows >= 3
    assert all(f.aborted for f in hand.of(Arm.A, "setup"))
    assert not any(f.aborted for f in hand.of(Arm.C, "setup"))
    assert not leg.done
    hand.all_play("setup")
    hand.update(0.1)
    assert leg.get_timer() == START_S + REPEAT_AFTER_S
    hand.update(REPEAT_AFTER_S - 0.51)
    assert not leg.wishes
    hand.update(0.02)
    assert leg.phase is LegPhase.REPEAT
    assert {w.question for w in leg.wishes} == {"repeat"}
    assert {w.replicate for w in leg.wishes} == set(range(FIRST_BLOCKS, FIRST_BLOCKS + REPEAT_BLOCKS))
    assert leg.get_timer() is None


def repeated(hand: LegHand, *, dead: bool) -> None:
    for flow in hand.of(Arm.C, "setup") + hand.of(Arm.C_NEUTRAL, "setup"):
        flow.end()
    hand.update(0.1)
    hand.update(REPEAT_AFTER_S)
    hand.start()
    for arm in ARMS:
        for flow in hand.of(arm, "repeat"):
            flow.answer(*[not dead or arm not in (Arm.A, Arm.A_NEUTRAL)] * 2)
    hand.update(0.4)
    for flow in hand.flows:
        flow.end()
    hand.update(0.4)


def test_an_arm_that_is_dead_again_ends_the_leg() -> None:
    hand = dead_setup()
    repeated(hand, dead=True)
    assert over(hand)
    assert ("repeat", "A", "setup", "dead") in outcomes(hand.leg)
    assert outcomes(hand.leg)[-1][3] == "dead"
    assert not hand.leg.wishes


def test_an_arm_that_lives_in_the_repeat_leaves_the_question_open() -> None:
    hand = dead_setup()
    repeated(hand, dead=False)
    assert over(hand)
    assert not [o for o in outcomes(hand.leg) if o[0] == "repeat"]
    assert outcomes(hand.leg)[-1][3] == "exhausted"


def test_flows_that_were_not_begun_when_their_arm_died_are_not_begun_any_more() -> None:
    hand = stage()
    wishes = list(hand.leg.wishes)
    hand.leg.wishes = deque(wishes[:8])
    hand.start()
    hand.leg.wishes = deque(wishes[8:])
    for flow in hand.flows:
        flow.answer(*[flow.record.kind.arm is not Arm.A] * 3)
    hand.leg.line_heard(200, 216)
    hand.update(0.4)
    assert ("setup", "A", "setup", "dead") in outcomes(hand.leg)
    assert Arm.A not in {w.kind.arm for w in hand.leg.wishes}
    assert hand.leg.wishes
    for flow in hand.flows:
        flow.end()
    hand.update(10)
    hand.update(10)
    assert hand.leg.phase is LegPhase.FIRST, "the controls of the first blocks are still to come"


def silent_port(*, heard: int) -> LegHand:
    hand = stage()
    hand.leg.line_heard(heard, 216)
    hand.start()
    for arm in (Arm.A, Arm.C):
        for flow in hand.of(arm, "setup"):
            flow.answer(False, False)
    hand.update(0.4)
    return hand


def test_the_warm_up_speaks_for_the_neutral_control_until_that_has_spoken() -> None:
    """A dead port: A and C die together, and C' has not been asked yet."""
    assert ("setup", "C", "setup", "dead") in outcomes(silent_port(heard=216).leg)
    hand = silent_port(heard=0)
    assert outcomes(hand.leg) == []
    for flow in hand.of(Arm.C_NEUTRAL, "setup"):
        flow.answer(True, True)
    hand.update(0.1)
    assert ("setup", "C", "setup", "dead") in outcomes(hand.leg), "now C' itself has spoken"


def test_nothing_at_all_gets_through() -> None:
    hand = stage(Media.NONE)
    hand.start()
    for flow in hand.flows:
        flow.answer(False, False)
        flow.end()
    hand.update(0.4)
    assert ("setup", "C'", "setup", "dead") in outcomes(hand.leg), "the line itself"
    assert not [o for o in outcomes(hand.leg) if o[1] == "A" and o[3] == "dead" and o[2] == "setup"]


# -- when another leg of the app is dead -------------------------------------------------------


def test_a_curtailed_leg_plays_no_more_than_its_first_blocks() -> None:
    hand = stage()
    hand.start()
    hand.all_answer("setup")
    hand.update(0.4)
    hand.leg.curtail(hand.now)
    assert not any(f.aborted for f in hand.flows), "the first blocks are played out"
    hand.all_play("setup")
    hand.update(1.0)
    assert over(hand)
    assert not hand.leg.wishes
    assert outcomes(hand.leg)[-1][3] == "done"


def test_a_leg_that_is_curtailed_in_mid_media_stops_at_once() -> None:
    hand = in_media()
    waiting = len(hand.leg.wishes)
    started = hand.start()[: waiting // 2]
    hand.leg.wishes.extend(FlowWish(f.record.kind, 20, "media", 20) for f in started[:4])
    for flow in started:
        flow.play(hand.now)
    hand.leg.curtail(hand.now)
    assert not hand.leg.wishes
    assert all(f.aborted for f in started)
    hand.update(0.1)
    assert over(hand)


def test_a_leg_on_hold_spends_no_more_until_it_is_let_go() -> None:
    hand = stage()
    hand.start()
    hand.all_answer("setup")
    hand.all_play("setup")
    hand.leg.on_hold = True
    hand.update(1.0)
    hand.update(5.0)
    assert not hand.leg.wishes
    assert not over(hand)
    hand.leg.on_hold = False
    hand.update(0.1)
    assert {w.question for w in hand.leg.wishes} == {"held", "media"}


def test_a_leg_is_confirmed_dead_by_its_repeat_alone() -> None:
    for again in (True, False):
        hand = dead_setup()
        assert not hand.leg.confirmed
        repeated(hand, dead=again)
        assert hand.leg.confirmed == again


# -- a leg without media -----------------------------------------------------------------------


@pytest.mark.parametrize(("answered", "outcome"), [(True, "done"), (False, "exhausted")])
def test_a_set_up_alone_is_over_with_its_first_blocks(answered: bool, outcome: str) -> None:
    hand = stage(Media.NONE)
    hand.start()
    for flow in hand.flows:
        flow.answer(answered)
    hand.update(0.4)
    assert not over(hand), "the flows still run"
    for flow in hand.flows:
        flow.end()
    hand.update(0.1)
    assert over(hand)
    assert outcomes(hand.leg)[-1][3] == outcome
    hand.update(1.0)
    assert len([o for o in outcomes(hand.leg) if o[3] == outcome]) == 1


# -- media -------------------------------------------------------------------------------------


def in_media(**more: object) -> LegHand:
    hand = stage(**more)  # type: ignore[arg-type]  # options of `stage`
    hand.start()
    hand.all_answer("setup")
    hand.all_play("setup")
    hand.update(2.0)
    return hand


def test_when_all_live_more_blocks_and_a_held_pair_follow() -> None:
    hand = in_media()
    assert hand.leg.phase is LegPhase.MEDIA
    wishes = list(hand.leg.wishes)
    held = [w for w in wishes if w.question == "held"]
    assert {w.kind.arm for w in held} == {Arm.A, Arm.C}
    assert {w.replicate for w in held} == {HELD_REPLICATES[0]}
    blocks = [w.block for w in wishes if w.question == "media"]
    assert sorted(set(blocks)) == list(range(FIRST_BLOCKS, BLOCKS))
    assert len(blocks) == 4 * (BLOCKS - FIRST_BLOCKS)
    hand.start()
    hand.all_play("media")
    hand.update(1.0)
    assert not over(hand), "the held pair still runs"
    for flow in hand.flows:
        flow.end()
    hand.update(9.0)
    assert over(hand)
    assert outcomes(hand.leg) == [("setup", "A", "voice", "done")]


def test_a_long_check_holds_its_pair_for_a_minute() -> None:
    hand = in_media(long=True)
    assert {w.replicate for w in hand.leg.wishes if w.question == "held"} == {LONG_REPLICATES[0]}


def test_without_its_port_no_pair_is_held() -> None:
    hand = in_media(arms=(Arm.A_NEUTRAL, Arm.C_NEUTRAL))
    assert not [w for w in hand.leg.wishes if w.question == "held"]
    assert {w.kind.arm for w in hand.leg.wishes} == {Arm.A_NEUTRAL, Arm.C_NEUTRAL}


@pytest.mark.parametrize(
    ("budget_bytes", "held", "blocks"),
    [(16_000 + 40_000, 2, 0), (16_000 + 39_999, 0, 8), (16_000 + 48_000, 2, 2), (16_000 + 72_000, 2, 8)],
)
def test_what_the_budget_does_not_pay_for_is_left_out_and_said(
    budget_bytes: int, held: int, blocks: int
) -> None:
    hand = in_media(budget_bytes=budget_bytes)
    assert sum(w.question == "held" for w in hand.leg.wishes) == held
    assert len({w.block for w in hand.leg.wishes if w.question == "media"}) == blocks
    said = {d.question for d in hand.leg.decisions if d.outcome == "budget"}
    assert said == {q for q, missing in (("held", held == 0), ("media", blocks < 8)) if missing}


def holding() -> tuple[LegHand, Puppet, Puppet]:
    hand = in_media()
    hand.start()
    hand.all_play("media")
    (treatment,), (control,) = hand.of(Arm.A, "held"), hand.of(Arm.C, "held")
    for flow in (treatment, control):
        flow.play(hand.now)
    hand.update(1.0)
    assert not hand.leg.wishes
    return hand, treatment, control


def wait(hand: LegHand, seconds: float, *alive: Puppet) -> None:
    """Time goes by; these flows hear downlink media, and receipts of all that they send."""
    for _ in range(round(seconds / 0.25)):
        for flow in alive:
            flow.last_received_at = hand.now
            flow.sent += 12
            flow.record.receipts = [Receipt(MEDIA_SEQ + flow.sent - 1, flow.sent, 1, 2**64 - 1)]
        hand.update(0.25)


def test_a_held_flow_that_falls_silent_is_held_once_more() -> None:
    hand, treatment, control = holding()
    wait(hand, 2.0, treatment, control)
    assert not hand.leg.wishes
    wait(hand, SILENT_S + 0.5, control)
    assert names(hand.leg.wishes)
    assert {w.replicate for w in hand.leg.wishes} == {HELD_REPLICATES[1]}
    assert {w.question for w in hand.leg.wishes} == {"held"}
    for flow in hand.start():
        flow.play(hand.now)
    wait(hand, SILENT_S + 3.0, control)
    assert not hand.leg.wishes, "twice is what the rule needs"


def test_a_held_flow_whose_receipts_stand_still_is_held_once_more() -> None:
    hand, treatment, control = holding()
    for _ in range(16):
        treatment.sent += 12
        treatment.last_received_at = hand.now
        wait(hand, 0.25, control)
    assert {w.replicate for w in hand.leg.wishes} == {HELD_REPLICATES[1]}


@pytest.mark.parametrize(("share", "again"), [(HELD_LOSS_SHARE, False), (HELD_LOSS_SHARE + 0.01, True)])
def test_a_held_flow_that_loses_is_held_once_more(share: float, again: bool) -> None:
    hand, treatment, control = holding()
    treatment.lost_share = share
    wait(hand, 0.5, treatment, control)
    assert bool(hand.leg.wishes) == again


def test_a_silent_control_or_a_flow_at_its_end_is_no_reason_to_hold_again() -> None:
    hand, treatment, control = holding()
    control.lost_share = 1.0
    wait(hand, SILENT_S + 1.0, treatment)
    assert not hand.leg.wishes
    treatment.end()
    control.end()
    hand.update(SILENT_S + 1.0)
    assert over(hand)


# -- dead media --------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["down", "up"])
def test_media_that_is_dead_either_way_is_repeated_like_a_set_up(way: str) -> None:
    hand = stage()
    hand.start()
    hand.all_answer("setup")
    for flow in hand.flows:
        flow.play(hand.now)
        if flow.record.kind.arm in (Arm.A, Arm.A_NEUTRAL):
            if way == "down":
                flow.got = MEDIA_PACKETS // 10
            else:
                flow.record.receipts = [Receipt(MEDIA_SEQ + 4, 7, 1, 0b1111)]
    hand.update(1.0)
    assert outcomes(hand.leg) == []
    for flow in hand.flows:
        flow.end()
    hand.update(1.0)
    assert ("setup", "A", "voice", "dead") in outcomes(hand.leg)
    assert hand.leg.dead[Arm.A] is Stage.VOICE
    hand.update(REPEAT_AFTER_S)
    assert {w.question for w in hand.leg.wishes} == {"repeat"}


def silent_twice(hand: LegHand, *, came_late: int) -> None:
    """A's media is dead in the first blocks and in the repeat; of so many first flows it came meanwhile."""
    hand.start()
    for question in ("setup", "repeat"):
        hand.all_answer(question)
        for flow in hand.flows:
            if flow.record.question == question:
                flow.play(hand.now)
                if flow.record.kind.arm in (Arm.A, Arm.A_NEUTRAL):
                    flow.got, flow.record.receipts = 0, []
                flow.end()
        hand.update(1.0)
        if question == "setup":
            hand.update(REPEAT_AFTER_S)
            hand.start()
            for flow in hand.of(Arm.A, "setup")[:came_late]:
                flow.got = MEDIA_PACKETS
                flow.record.receipts = [Receipt(MEDIA_SEQ + flow.sent - 1, flow.sent, 1, 2**64 - 1)]


def test_media_that_came_after_its_flow_had_ended_is_late_and_more_blocks_tell() -> None:
    hand = stage()
    silent_twice(hand, came_late=FIRST_BLOCKS)
    assert ("repeat", "A", "voice", "dead") in outcomes(hand.leg)
    assert hand.leg.phase is LegPhase.MEDIA
    assert {w.replicate for w in hand.leg.wishes if w.question == "media"} == set(
        range(FIRST_BLOCKS + REPEAT_BLOCKS, BLOCKS)
    )


@pytest.mark.parametrize("came_late", [0, FIRST_BLOCKS - 1])
def test_media_of_which_a_flow_never_came_is_dead(came_late: int) -> None:
    hand = stage()
    silent_twice(hand, came_late=came_late)
    assert over(hand)
    assert hand.leg.confirmed


def test_media_that_half_gets_through_is_not_dead() -> None:
    hand = stage()
    hand.start()
    hand.all_answer("setup")
    for flow in hand.flows:
        flow.play(hand.now)
        flow.got = MEDIA_PACKETS // 5 if flow.record.kind.arm is Arm.A else MEDIA_PACKETS
        flow.end()
    hand.update(1.0)
    assert outcomes(hand.leg) == []
    assert hand.leg.phase is LegPhase.MEDIA


def test_media_that_is_dead_for_all_is_nobodys() -> None:
    hand = stage()
    hand.start()
    hand.all_answer("setup")
    for flow in hand.flows:
        flow.play(hand.now)
        flow.got = 0
        flow.end()
    hand.update(1.0)
    assert not [o for o in outcomes(hand.leg) if o[3] == "dead"]


def test_one_dead_flow_among_living_ones_is_not_dead_media() -> None:
    hand = stage()
    hand.start()
    hand.all_answer("setup")
    for flow in hand.flows:
        flow.play(hand.now)
        flow.end()
    for flow in hand.of(Arm.A, "setup")[:3]:
        flow.got = 0
    hand.update(1.0)
    assert outcomes(hand.leg) == []


def test_a_secondary_leg_waits_for_what_decides() -> None:
    assert {w.rank for w in Leg(plan(secondary=True), 10_000_000).wishes} == {2}
    assert {w.rank for w in Leg(plan(), 10_000_000).wishes} == {0, 1, 2}


def test_a_brief_leg_ends_with_its_first_blocks() -> None:
    hand = stage(brief=True)
    hand.start()
    hand.all_answer("setup")
    hand.update(0.2)
    hand.all_play("setup")
    hand.update(2.0)
    assert over(hand)
    assert {f.record.question for f in hand.flows} == {"setup"}
    dead = stage(brief=True)
    dead.start()
    for flow in dead.flows:
        flow.answer(*[flow.record.kind.arm not in (Arm.A, Arm.A_NEUTRAL)] * 2)
    dead.update(0.4)
    repeated(dead, dead=True)
    assert dead.leg.confirmed, "but a block is seen and repeated"
