"""One app at one reflector: when it wishes, how long its flows play, when it gives up."""

from dataclasses import dataclass, field
from typing import cast

from tests.experiment.support import small_profiles
from voipwatch.apps import kind_table
from voipwatch.experiment.near_flow import NearFlow, Outcome, Phase
from voipwatch.experiment.questions.together import ALL_S, FLOW_S, Together
from voipwatch.model.flows import LONG_REPLICATES, TOGETHER
from voipwatch.model.vocabulary import Arm, Media

KINDS = tuple(
    next(k for k in kind_table(small_profiles()) if (k.app, k.arm, k.media) == ("whatsapp", arm, Media.VOICE))
    for arm in (Arm.A, Arm.C)
)


@dataclass
class Played:
    """As much of a flow as the question looks at."""

    media_started_at: float | None = None
    phase: Phase = Phase.ROUNDS
    outcomes: list[Outcome] = field(default_factory=list)
    aborted_at: float | None = None

    def abort(self, now: float) -> None:
        self.phase, self.aborted_at = Phase.ENDED, now


def question(start_at: float = 10.0) -> Together:
    return Together(1, KINDS, replicate=LONG_REPLICATES[0], start_at=start_at, end_at=start_at + ALL_S)


def begun() -> tuple[Together, list[Played]]:
    asked = question()
    asked.update(10.0)
    flows = [Played(), Played()]
    for flow in flows:
        asked.wishes.popleft()
        asked.started(cast("NearFlow", flow), 10.0)
    return asked, flows


def test_it_wishes_for_nothing_before_its_time_and_for_both_arms_then() -> None:
    asked = question()
    asked.update(9.9)
    assert not asked.wishes
    assert asked.get_timer() == 10.0
    assert not asked.done
    asked.update(10.0)
    assert [(w.kind, w.replicate, w.question) for w in asked.wishes] == [
        (kind, LONG_REPLICATES[0], TOGETHER) for kind in KINDS
    ]
    assert asked.decisions == []


def test_each_flow_is_stopped_when_its_media_has_played_long_enough() -> None:
    asked, flows = begun()
    assert asked.get_timer() == 10.0 + ALL_S
    flows[0].media_started_at, flows[1].media_started_at = 10.2, 11.0
    assert asked.get_timer() == 10.2 + FLOW_S
    asked.update(10.2 + FLOW_S)
    assert [flow.aborted_at for flow in flows] == [10.2 + FLOW_S, None]
    asked.update(11.0 + FLOW_S)
    assert asked.done
    assert asked.get_timer() is None


def test_what_never_gets_to_its_media_is_stopped_in_the_end() -> None:
    asked, flows = begun()
    asked.update(10.0 + ALL_S)
    assert [flow.aborted_at for flow in flows] == [10.0 + ALL_S] * 2
    assert asked.done
    late = question()
    late.update(10.0 + ALL_S)
    assert late.done
    assert not late.wishes


def test_it_takes_its_flows_news_away() -> None:
    asked, flows = begun()
    flows[0].outcomes.append(Outcome(0, hit=True))
    asked.update(10.1)
    assert not flows[0].outcomes
