"""What a method answers: a range, what it is a range of, what went in, and what to know before quoting it."""

from enum import StrEnum

import msgspec

from voipwatch.civic.costs.inputs import Input
from voipwatch.civic.ranges import Range


class Covers(StrEnum):
    """What stood still in the world that the method costs."""

    APPS = "apps"
    """Some apps, as far as the method tells apps from each other."""
    EVERYTHING = "everything"
    """All of the internet: of a block of calls it says only that it costs less."""


class Estimate(msgspec.Struct, frozen=True, kw_only=True):
    """One method's answer."""

    method: str
    """`brookings-2016`, `deloitte-2016-medium`."""
    covers: Covers
    unit: str
    """Of the amount: USD."""
    amount: Range
    day: Range
    """Of one day."""
    inputs: tuple[Input, ...]
    caveats: tuple[str, ...]
    """Keys of sentences: `CAVEATS`."""


CAVEATS = (
    "whole-share",
    "consumer-surplus",
    "american-multiplier",
    "same-every-day",
    "everything",
    "class-unknown",
    "other-countries",
)
"""whole-share: the share is of all free services, calls are a part of unknown size. consumer-surplus: it is
what users gain, which no GDP counts. american-multiplier: jobs by a job in the United States. same-every-day:
nobody gets used to it, nobody finds another way. everything: it costs all of the internet, not calls.
class-unknown: how the study classes countries is not at hand. other-countries: averages of other
countries."""
