"""Petitions beside counters, for tests."""

from typing import Any

import msgspec

from voipwatch.site.counter.petitions import CountedPetition

OPEN = CountedPetition(
    "calls",
    {"en": "Let calls through", "fr": "Laissez passer les appels", "ar": "دعوا المكالمات تمر"},
    8120, "2016-03-01T09:00:00Z", False, 1_470_000_000,
)  # fmt: skip


def petition(**changes: Any) -> CountedPetition:
    """Open, with 8,120; fields are exchanged by name."""
    return msgspec.structs.replace(OPEN, **changes)
