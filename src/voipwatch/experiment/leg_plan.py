"""What is known of one leg before anything of it is sent: its arms, its costs, how many blocks."""

from collections.abc import Callable
from dataclasses import dataclass

from voipwatch.model.flows import FlowKind
from voipwatch.model.vocabulary import Arm, Media, Stage

FIRST_BLOCKS = 4
FIRST_BLOCKS_MIN = 3
"""The dead-arm test wants misses from three five-tuples."""
REPEAT_BLOCKS = 4


@dataclass(frozen=True)
class LegPlan:
    """What a leg's questions need to know; the shapes come from the profile, the limits from the check."""

    app: str
    reflector: int
    kinds: dict[Arm, FlowKind]
    """The arms that can run: A and C are missing when the reflector does not serve the port."""
    stages: tuple[Stage, ...]
    """Of the set-up rounds."""
    copies: int
    """How many times the first request is sent back to back."""
    blocks: int
    """Matched blocks wanted for the permutation test; used when the leg has media."""
    long: bool
    secondary: bool
    """Another dialect, or a leg after another: its first flows wait for those that decide an app."""
    brief: bool
    """Only the first blocks, and their repeat if an arm is dead: enough to see a block, not a throttle."""
    flow_bytes: Callable[[FlowKind, int], int]
    """Planned IP bytes of a flow (kind, replicate), both ways."""
    shuffled: Callable[[int, list[Arm]], list[Arm]]
    """A seeded order of the arms of a block."""
    relay: str = ""
    """Of a direct leg: the id of the relay leg that must live before it is asked; else empty."""

    @property
    def media(self) -> Media:
        """What the leg carries after its set-up."""
        return next(iter(self.kinds.values())).media

    @property
    def leg(self) -> str:
        """The leg's id."""
        return next(iter(self.kinds.values())).leg

    @property
    def dialect(self) -> str:
        """The dialect that it speaks."""
        return next(iter(self.kinds.values())).dialect

    @property
    def light(self) -> bool:
        """Costs little: what it needs is set aside before the other legs share the app's budget."""
        return self.brief or self.media is Media.NONE

    def block_bytes(self, replicate: int) -> int:
        """Planned IP bytes of one block."""
        return sum(self.flow_bytes(kind, replicate) for kind in self.kinds.values())

    def first_bytes(self, blocks: int = FIRST_BLOCKS) -> int:
        """Planned IP bytes of the first blocks."""
        return sum(self.block_bytes(replicate) for replicate in range(blocks))
