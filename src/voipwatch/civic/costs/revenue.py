"""What operators earned by mobile voice in a year: minutes x what a minute earned (ARPM), both the
regulator's.

It checks the plea of lost revenue, and is no cost of a block: prices, bundles and competition change it
too, and what calls by apps took of it cannot be told from it. Whether an ARPM "at the end of" a year is of
the year or of its last quarter the reports do not say.
"""

import msgspec

from voipwatch.civic.costs.inputs import CostInputs, Input
from voipwatch.civic.ranges import Range


class VoiceRevenue(msgspec.Struct, frozen=True):
    """Of one year."""

    year: int
    amount: Range
    """In the unit of the price: MAD, before tax."""
    inputs: tuple[Input, ...]


def voice_revenue(year: int, inputs: CostInputs, *, country: str) -> VoiceRevenue:
    """Minutes times price. Raises KeyError where one of them is not sourced."""
    minutes = inputs.get(f"voice-minutes-{year}", country)
    price = inputs.get(f"voice-price-{year}", country)
    return VoiceRevenue(year, minutes.value.times(price.value), (minutes, price))


def voice_years(inputs: CostInputs, *, country: str) -> tuple[VoiceRevenue, ...]:
    """Every year of which both are sourced, in order."""
    years = sorted(
        int(name.removeprefix("voice-minutes-"))
        for where, name in inputs.inputs
        if where == country and name.startswith("voice-minutes-")
    )
    return tuple(
        voice_revenue(year, inputs, country=country)
        for year in years
        if inputs.find(f"voice-price-{year}", country) is not None
    )
