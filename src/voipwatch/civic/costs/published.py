"""A published figure, checked: does it follow from its own numbers, and what do other dates make of it?

Brookings' figure for Morocco covers 1 January to 30 June 2016 because the study's year ended on 30 June;
the block went on until 4 November. 182 x 1,760,747 is 80 dollars less than the 320,456,034 that were
printed: the dollars a day were rounded down from 1,760,747.44.
"""

from contextlib import suppress

import msgspec

from voipwatch.civic.costs import brookings
from voipwatch.civic.costs.inputs import CostInputs, Published, Window
from voipwatch.civic.costs.spans import Span, span_of_days
from voipwatch.civic.ranges import Range


class FigureCheck(msgspec.Struct, frozen=True):
    """What a figure's own numbers say of it."""

    figure: Published
    days_counted: int
    """From its first to its last day, both included."""
    product_usd: int
    """Printed days times printed dollars a day."""
    difference_usd: int
    """Printed amount less that product."""
    rounding: bool
    """Whether rounding a day's dollars to a dollar explains the difference."""
    recomputed_usd: float | None
    """By the method with the values that its author used; None where they are not all sourced."""

    @property
    def reproduced(self) -> bool:
        """Whether the amount comes out, to the dollar."""
        found = self.recomputed_usd
        return found is not None and abs(found - self.figure.amount_usd) < 1.0


class OtherDates(msgspec.Struct, frozen=True):
    """The same figure at other dates."""

    window: Window
    span: Span
    amount: Range
    """At the published figure's own rate a day, dollars."""
    by_method: Range | None
    """By the method itself, with all its inputs' intervals; None where they are not all sourced."""


def check_figure(figure: Published, inputs: CostInputs) -> FigureCheck:
    """Compare a figure with its own parts and with the method that it names."""
    product = figure.days * figure.day_usd
    difference = figure.amount_usd - product
    recomputed = None
    if figure.method == brookings.METHOD:
        with suppress(KeyError):
            recomputed = brookings.as_published(figure.days, inputs, country=figure.country)
    return FigureCheck(
        figure=figure,
        days_counted=(figure.last - figure.first).days + 1,
        product_usd=product,
        difference_usd=difference,
        # A day's dollars may be cut down or rounded: less than a dollar a day either way.
        rounding=abs(difference) < figure.days,
        recomputed_usd=recomputed,
    )


def at_other_dates(figure: Published, inputs: CostInputs) -> tuple[OtherDates, ...]:
    """The figure over each window of its country, in the file's order."""
    rate = Range.exactly(figure.amount_usd / figure.days)
    found = []
    for window in inputs.windows:
        if window.country != figure.country:
            continue
        span = span_of_window(window)
        by_method = None
        if figure.method == brookings.METHOD:
            with suppress(KeyError):
                by_method = brookings.brookings(span.days, inputs, country=figure.country).amount
        found.append(OtherDates(window, span, span.days.times(rate), by_method))
    return tuple(found)


def span_of_window(window: Window) -> Span:
    """Its days."""
    return span_of_days(
        (window.first_earliest, window.first_latest),
        (window.last_earliest, window.last_latest),
        partly_until=window.partly_until,
    )
