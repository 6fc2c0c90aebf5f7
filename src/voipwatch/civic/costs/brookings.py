"""Brookings' method of 2016 for blocked apps: GDP x share of the year x share of GDP that free apps add,
and what the digital economy multiplies.

    cost = GDP x (days / days of the year) x share x (1 + multiplier)

Source: D. M. West, Internet shutdowns cost countries $2.4 billion last year, Brookings 2016; the formula as
the press printed it (`data/cost-inputs.toml`). That the multiplier is 1.54, the jobs that a job of the
internet adds elsewhere in the United States, and that the year has 365 days is not said there; with both,
and the GDP of 2014 of that time's World Bank tables, the study's figure for Morocco comes out to the
dollar.

The study's other two formulas are not reproduced: that for a country's whole internet needs the share of
its GDP that is the internet's (projections of the Boston Consulting Group for 2016), that for mobile
networks the share of subscriptions besides; for Morocco neither is sourced here.
"""

from typing import Final

from voipwatch.civic.costs.estimate import Covers, Estimate
from voipwatch.civic.costs.inputs import CostInputs, Input
from voipwatch.civic.ranges import Range

METHOD: Final = "brookings-2016"
INPUTS: Final = ("gdp", "apps-share", "multiplier", "year-days")
CAVEATS: Final = ("whole-share", "consumer-surplus", "american-multiplier", "same-every-day")
NOT_REPRODUCED: Final = ("national-internet", "mobile-internet")
"""Formulas of the study that lack a sourced input."""


def app_cost(days: Range, gdp_usd: Range, *, apps_share: Range, multiplier: Range, year_days: Range) -> Range:
    """Dollars that blocked apps cost a country.

    Args:
        days: of the block.
        gdp_usd: of a year.
        apps_share: 0..1, of GDP.
        multiplier: added for 1.
        year_days: 365 to 366.
    """
    return gdp_usd.times(days).over(year_days).times(apps_share).times(multiplier.plus(1.0))


def brookings(days: Range, inputs: CostInputs, *, country: str) -> Estimate:
    """The range for so many days. Raises KeyError where the country has no GDP here."""
    named = _named(inputs, country)
    values = {each.id: each.value for each in named}
    return Estimate(
        method=METHOD,
        covers=Covers.APPS,
        unit="USD",
        amount=_cost(days, values),
        day=_cost(Range.exactly(1.0), values),
        inputs=named,
        caveats=CAVEATS,
    )


def as_published(days: float, inputs: CostInputs, *, country: str) -> float:
    """Dollars with the values that the study used: how its own figure is checked. Raises KeyError."""
    values: dict[str, Range] = {}
    for each in _named(inputs, country):
        if each.published is None:
            raise KeyError(each.id)
        values[each.id] = Range.exactly(each.published)
    return _cost(Range.exactly(days), values).low


def _named(inputs: CostInputs, country: str) -> tuple[Input, ...]:
    return tuple(inputs.get(name, country) for name in INPUTS)


def _cost(days: Range, values: dict[str, Range]) -> Range:
    return app_cost(
        days,
        values["gdp"],
        apps_share=values["apps-share"],
        multiplier=values["multiplier"],
        year_days=values["year-days"],
    )
