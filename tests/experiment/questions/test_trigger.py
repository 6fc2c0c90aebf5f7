"""The trigger question: each mutant twice and twice again two seconds later, and then it is over."""

from types import SimpleNamespace
from typing import cast

from tests.experiment.support import START_S, small_profiles
from voipwatch.apps import kind_table
from voipwatch.apps.mutants import STUN_ALL, STUN_SINGLE
from voipwatch.experiment.near_flow import NearFlow, Phase
from voipwatch.experiment.questions.trigger import FLOWS_EACH, HELD_ROUNDS, Trigger
from voipwatch.model.flows import HELD_REPLICATES, FlowKind
from voipwatch.model.ruleset import REPEAT_AFTER_S
from voipwatch.model.vocabulary import Arm

MUTANTS = [k for k in kind_table(small_profiles()) if k.arm is Arm.D]


def flow(phase: Phase) -> NearFlow:
    record = SimpleNamespace(kind=MUTANTS[0], aborted=False)
    return cast(NearFlow, SimpleNamespace(phase=phase, record=record, failed_round=None))


def take(trigger: Trigger, phase: Phase = Phase.ENDED) -> list[tuple[str, int]]:
    """Starts every wish; gives (app, replicate)."""
    taken = []
    while trigger.wishes:
        wish = trigger.wishes.popleft()
        assert (wish.question, wish.block, wish.kind.arm) == ("trigger", wish.replicate, Arm.D)
        trigger.started(flow(phase), START_S)
        taken.append((wish.kind.app, wish.replicate))
    return taken


def test_two_rounds_of_fresh_flows_two_seconds_apart() -> None:
    trigger = Trigger("whatsapp", 0, mutants=MUTANTS, now=START_S)
    assert trigger.get_timer() is None, "its wishes are not yet begun"
    assert take(trigger) == [(k.app, n) for n in range(FLOWS_EACH) for k in MUTANTS]
    assert trigger.get_timer() == START_S + REPEAT_AFTER_S
    trigger.update(START_S + REPEAT_AFTER_S - 0.001)
    assert not trigger.wishes
    assert not trigger.done, "the repeat is still to come"
    trigger.update(START_S + REPEAT_AFTER_S)
    assert take(trigger) == [(k.app, n) for n in range(FLOWS_EACH, 2 * FLOWS_EACH) for k in MUTANTS]
    assert trigger.get_timer() is None
    assert trigger.done


def test_it_is_not_over_before_its_last_flow_is() -> None:
    trigger = Trigger("whatsapp", 0, mutants=MUTANTS, now=START_S)
    take(trigger)
    trigger.update(START_S + REPEAT_AFTER_S)
    take(trigger, Phase.ROUNDS)
    assert not trigger.done
    for each in trigger._flows:
        each.phase = Phase.ENDED
    assert trigger.done


def test_wishes_that_are_still_waiting_put_the_repeat_off() -> None:
    trigger = Trigger("whatsapp", 0, mutants=MUTANTS, now=START_S)
    waiting = len(trigger.wishes)
    trigger.update(START_S + 10)
    assert len(trigger.wishes) == waiting
    take(trigger)
    trigger.update(START_S + 10)
    assert len(trigger.wishes) == waiting


def test_without_mutants_it_asks_nothing() -> None:
    trigger = Trigger("sip", 0, mutants=[], now=START_S)
    assert not trigger.wishes
    trigger.update(START_S + REPEAT_AFTER_S)
    assert trigger.done
    assert trigger.decisions == []


def test_a_call_that_was_cut_late_has_mutants_that_are_held_as_long() -> None:
    trigger = Trigger("webrtc", 0, mutants=MUTANTS[:1], now=START_S, rounds=HELD_ROUNDS)
    assert take(trigger) == [(MUTANTS[0].app, HELD_REPLICATES[0])]
    trigger.update(START_S + REPEAT_AFTER_S)
    assert take(trigger) == [(MUTANTS[0].app, HELD_REPLICATES[1])]
    assert trigger.done


def stun(name: str) -> FlowKind:
    return FlowKind("webrtc", "d", "server", Arm.D, name)


def run(trigger: Trigger, lives: bool, now: float) -> list[str]:
    """Starts every wish, ends its flow; gives the mutants."""
    names = []
    while trigger.wishes:
        kind = trigger.wishes.popleft().kind
        names.append(kind.mutant)
        record = SimpleNamespace(kind=kind, aborted=False)
        ended = SimpleNamespace(phase=Phase.ENDED, failed_round=None if lives else 0, record=record)
        trigger.started(cast(NearFlow, ended), now)
    return names


HALVED = [stun(name) for name in ("stun-binding", STUN_ALL, *STUN_SINGLE)]


def test_single_properties_are_asked_when_the_mutant_of_all_lives() -> None:
    trigger = Trigger("webrtc", 0, mutants=HALVED, now=START_S)
    assert set(run(trigger, True, START_S)) == {"stun-binding", STUN_ALL}
    over = trigger.done
    assert not over, "the single ones are still to come"
    trigger.update(START_S + 1)
    asked = run(trigger, True, START_S + 1)
    assert set(asked) == set(STUN_SINGLE)
    trigger.update(START_S + REPEAT_AFTER_S)
    asked += run(trigger, True, START_S + REPEAT_AFTER_S)
    assert trigger.get_timer() == START_S + 1 + REPEAT_AFTER_S
    trigger.update(START_S + 1 + REPEAT_AFTER_S)
    asked += run(trigger, True, START_S + 1 + REPEAT_AFTER_S)
    assert trigger.done
    assert len(asked) + 2 * FLOWS_EACH == 2 * FLOWS_EACH * len(HALVED), "four flows a mutant, and no more"


def test_where_the_mutant_of_all_dies_no_single_one_is_asked() -> None:
    trigger = Trigger("webrtc", 0, mutants=HALVED, now=START_S)
    run(trigger, False, START_S)
    trigger.update(START_S + REPEAT_AFTER_S)
    assert set(run(trigger, False, START_S)) == {"stun-binding", STUN_ALL}
    trigger.update(START_S + 10)
    assert not trigger.wishes
    assert trigger.done
