"""How many flows must say the same before a label rests on it: one may have met an accident of its line."""

from typing import Final

CONCORDANT: Final = 2
"""Flows at least. Two that lost the same thing at random, at 10 % loss, are one pair in a hundred."""
AGREEING_SHARE_MIN: Final = 0.75
"""Of the flows that can tell, where nothing between explains that one differs."""
FORGED_SHARE_MIN: Final = 0.5
"""Of the flows, where what is counted was sent from on the way: it may be lost on the line too."""


def agree(met: int, of: int, *, share_min: float = AGREEING_SHARE_MIN) -> bool:
    """Whether `met` of `of` flows, both at least 0, are enough: two, and `share_min` (0 to 1) of them."""
    return met >= CONCORDANT and met >= share_min * of
