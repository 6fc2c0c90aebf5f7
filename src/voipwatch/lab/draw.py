"""Parameters that a world draws anew for each seed, within ranges that its table states.

A draw depends on the world's id, the seed and the field's path, and on nothing else: it is the same on every
machine, and whatever other fields are drawn.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from voipwatch.lab.policy.dice import Dice, derive


class Draw(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one field is drawn from: `low` to `high`, or one of `choices`. Whole limits give whole numbers."""

    low: int | float | None = None
    high: int | float | None = None
    choices: tuple[Any, ...] = ()

    def __post_init__(self) -> None:
        if self.choices:
            if self.low is not None or self.high is not None:
                raise ValueError("a draw has limits or choices, not both")
        elif self.low is None or self.high is None or self.low > self.high:
            raise ValueError("a draw has choices, or a low limit and a high one that is no less")

    @property
    def ends(self) -> tuple[Any, ...]:
        """Every choice, or both limits: what a field must accept."""
        return self.choices or (self.low, self.high)

    def at(self, share: float) -> Any:  # noqa: ANN401 -- whatever a table holds
        """The value at a share of the way, 0 <= share < 1; both limits can be had."""
        if self.choices:
            return self.choices[int(share * len(self.choices))]
        assert self.low is not None
        assert self.high is not None
        if isinstance(self.low, int) and isinstance(self.high, int):
            return self.low + int(share * (self.high - self.low + 1))
        return round(self.low + share * (self.high - self.low), 6)


def draw_values(world: str, seed: int, draws: Mapping[str, Draw]) -> dict[str, Any]:
    """A value for each path."""
    root = derive(derive(b"draw", world), str(seed))
    return {path: draw.at(Dice(derive(root, path)).uniform()) for path, draw in draws.items()}


def put(tree: Any, path: str, value: Any) -> Any:  # noqa: ANN401 -- tables hold anything
    """A copy of a tree of dicts and lists with the value at a dotted path; numbers are places in lists.

    Raises:
        KeyError, IndexError, TypeError, ValueError: the path leads nowhere; a dict's last step may be new.
    """
    first, _, rest = path.partition(".")
    if isinstance(tree, list | tuple):
        copy = list(tree)
        place = int(first)
        copy[place] = put(copy[place], rest, value) if rest else value
        return copy
    found = dict(tree)
    found[first] = put(found[first], rest, value) if rest else value
    return found
