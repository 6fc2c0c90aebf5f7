"""What every question of a check offers to the agenda that asks it and to the starter of its flows."""

from collections import deque
from dataclasses import dataclass
from typing import Protocol

from voipwatch.experiment.near_flow import NearFlow
from voipwatch.model.flows import FlowKind
from voipwatch.model.measurement import Decision
from voipwatch.model.vocabulary import Arm


@dataclass(frozen=True, slots=True)
class FlowWish:
    """A flow that a question wants started as soon as pacing allows."""

    kind: FlowKind
    replicate: int
    question: str
    """warmup, setup, repeat, media, held or trigger: goes into the flow's record."""
    block: int
    rank: int = 2
    """Lower starts earlier, over all questions: 0 decides about a set-up, 1 about a port, 2 all else."""
    port: int | None = None
    """The reflector's port where the question chose it; None: the script's own."""


class Question(Protocol):
    """One question about one app at one reflector. Pure: told of flows and time, never asks the world."""

    app: str
    reflector: int
    wishes: deque[FlowWish]
    """What to start next, in order; `FlowStarter` takes from the left."""

    @property
    def decisions(self) -> list[Decision]:
        """What was decided so far."""
        ...

    @property
    def done(self) -> bool:
        """No more wishes will come and nothing is awaited."""
        ...

    def started(self, flow: NearFlow, now: float, /) -> None:
        """A wish came true."""
        ...

    def update(self, now: float, /) -> None:
        """Looks at the flows; may add wishes, abort flows, decide."""
        ...

    def get_timer(self) -> float | None:
        """When `update` must be called though nothing happened on a flow."""
        ...


CONTROL_OF: dict[Arm, Arm] = {Arm.A: Arm.C, Arm.A_NEUTRAL: Arm.C_NEUTRAL, Arm.C: Arm.C_NEUTRAL}
"""The arm that must live for another to be called dead. C' has none: its death is the line's."""
