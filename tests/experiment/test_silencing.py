"""Whether calls fell silent: what the near end sees, and when it asks for mutants of media."""

from types import SimpleNamespace
from typing import cast

from voipwatch.experiment.near_flow import NearFlow, Phase
from voipwatch.experiment.silencing import fall_silent, went_on
from voipwatch.model.flows import MEDIA_SEQ
from voipwatch.model.vocabulary import Arm


def flow(arm: Arm = Arm.A, *, down: int = 30, up: int = 30, question: str = "setup") -> NearFlow:
    """A call of thirty packets each way, of which the first so many came."""
    record = SimpleNamespace(
        kind=SimpleNamespace(arm=arm),
        question=question,
        aborted=False,
        received=SimpleNamespace(seq=[MEDIA_SEQ + n for n in range(down)]),
        receipts=[SimpleNamespace(highest_seq=MEDIA_SEQ + up - 1)] if up else [],
    )
    script = SimpleNamespace(down=[None] * 30)
    return cast(
        NearFlow,
        SimpleNamespace(
            record=record, script=script, phase=Phase.ENDED, media_started_at=1.0, media_sent=lambda: 30
        ),
    )


def test_a_call_goes_on_when_late_packets_come_both_ways() -> None:
    assert went_on(flow())
    assert went_on(flow(up=15)), "receipts are old when they come"
    assert not went_on(flow(down=6))
    assert not went_on(flow(up=6))
    assert not went_on(flow(down=0, up=0))


def test_most_calls_must_fall_silent_beside_controls_that_go_on() -> None:
    silent, living = [flow(down=5)] * 2, [flow(Arm.C)] * 2
    assert fall_silent([*silent, *living])
    assert not fall_silent([silent[0], *living])
    assert not fall_silent([*silent, flow(), flow(), *living])
    assert not fall_silent([*silent, flow(Arm.C, down=5), flow(Arm.C, down=5)])
    assert not fall_silent([*silent])


def test_held_calls_and_such_as_were_stopped_say_nothing() -> None:
    stopped = flow(down=5)
    stopped.record.aborted = True
    living = [flow(Arm.C)] * 2
    assert not fall_silent([flow(down=5, question="held")] * 2 + living)
    assert not fall_silent([stopped, stopped, *living])
