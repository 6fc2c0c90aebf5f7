"""What is known of one block's cost: every method that has its inputs, what the press said, what lacks."""

import msgspec

from voipwatch.civic.costs import brookings, deloitte
from voipwatch.civic.costs.estimate import Estimate
from voipwatch.civic.costs.inputs import CostInputs
from voipwatch.civic.costs.published import FigureCheck, OtherDates, at_other_dates, check_figure
from voipwatch.civic.costs.revenue import VoiceRevenue, voice_years
from voipwatch.civic.costs.spans import Span


class NotReproduced(msgspec.Struct, frozen=True):
    """What a method would need, or say, and cannot here."""

    method: str
    part: str
    """Key of a sentence."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """For one country and span."""

    country: str
    span: Span
    estimates: tuple[Estimate, ...]
    not_reproduced: tuple[NotReproduced, ...]
    figures: tuple[FigureCheck, ...]
    other_dates: tuple[OtherDates, ...]
    voice: tuple[VoiceRevenue, ...]


def answer(span: Span, inputs: CostInputs, *, country: str) -> Answer:
    """What each method makes of a span; a country of which nothing is sourced has no estimates, and says
    so.
    """
    estimates: list[Estimate] = []
    lacking: list[NotReproduced] = []
    try:
        estimates.append(brookings.brookings(span.days, inputs, country=country))
    except KeyError as error:
        lacking.append(NotReproduced(brookings.METHOD, f"no-{error.args[0]}"))
    try:
        estimates += deloitte.deloitte(span.days, inputs, country=country)
    except KeyError as error:
        lacking.append(NotReproduced(deloitte.METHOD, f"no-{error.args[0]}"))
    lacking += [NotReproduced(brookings.METHOD, part) for part in brookings.NOT_REPRODUCED]
    lacking += [NotReproduced(deloitte.METHOD, part) for part in deloitte.NOT_REPRODUCED]
    lacking += [NotReproduced(method, "no-formula") for method in ("cipesa-2017", "netblocks-cost")]
    figures = [each for each in inputs.published if each.country == country]
    return Answer(
        country=country,
        span=span,
        estimates=tuple(estimates),
        not_reproduced=tuple(lacking),
        figures=tuple(check_figure(each, inputs) for each in figures),
        other_dates=tuple(row for each in figures for row in at_other_dates(each, inputs)),
        voice=voice_years(inputs, country=country),
    )
