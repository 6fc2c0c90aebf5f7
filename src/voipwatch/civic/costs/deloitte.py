"""Deloitte's method of 2016, for Facebook: what a day without any internet costs, by how connected a
country is.

Two readings are published. Dollars: 23.6, 6.6 and 0.6 million a day and 10 million people at high, medium
and low connectivity. Shares: 1.9, 1 and 0.4 % of a day's GDP. The dollars are averages over other
countries, richer ones among them, so that the two differ; a class's range holds both.

How the study puts a country into a class is not at hand: each class is told, none is chosen. It costs all
of the internet: a block of calls alone costs less, how much less the published part does not say.
"""

from typing import Final

from voipwatch.civic.costs.estimate import Covers, Estimate
from voipwatch.civic.costs.inputs import CostInputs
from voipwatch.civic.ranges import Range, hull

METHOD: Final = "deloitte-2016"
CLASSES: Final = ("high", "medium", "low")
CAVEATS: Final = ("everything", "class-unknown", "other-countries", "same-every-day")
NOT_REPRODUCED: Final = ("connectivity-classes", "single-apps")
PEOPLE_PER_UNIT: Final = 10_000_000.0


def day_cost(
    per_ten_million_usd: Range, people: Range, *, share: Range, gdp_usd: Range, year_days: Range
) -> Range:
    """Dollars of one day by both readings: a range that holds both."""
    by_people = people.over(Range.exactly(PEOPLE_PER_UNIT)).times(per_ten_million_usd)
    by_share = gdp_usd.over(year_days).times(share)
    return hull([by_people, by_share])


def deloitte(days: Range, inputs: CostInputs, *, country: str) -> tuple[Estimate, ...]:
    """An estimate a class. Raises KeyError where the country has no GDP or population here."""
    people, gdp, year = (inputs.get(name, country) for name in ("population", "gdp", "year-days"))
    found = []
    for name in CLASSES:
        dollars, share = inputs.get(f"day-cost-{name}"), inputs.get(f"day-share-{name}")
        day = day_cost(
            dollars.value, people.value, share=share.value, gdp_usd=gdp.value, year_days=year.value
        )
        found.append(
            Estimate(
                method=f"{METHOD}-{name}",
                covers=Covers.EVERYTHING,
                unit="USD",
                amount=day.times(days),
                day=day,
                inputs=(dollars, share, people, gdp, year),
                caveats=CAVEATS,
            )
        )
    return tuple(found)
