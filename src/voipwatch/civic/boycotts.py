"""What a boycott campaign is: texts, who is responsible, a window in a named zone, and what was observed.

It is in one of the stages of `civic.pledges`, found from times alone. Its keeper can close it: before its
window is over that calls it off, and there is no turnout of what was called off; afterwards it ends the
reporting early. Thirty days after reporting closed, what is kept of pledges is destroyed.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import msgspec

from voipwatch.civic.campaignfile import (
    CampaignError,
    CampaignText,
    Controller,
    in_language,
    read_controller,
    read_country,
    read_id,
    read_table,
    read_texts,
    require_line,
)
from voipwatch.civic.pledges import REPORTING, Stage, Window, stage_at, window_of_hours
from voipwatch.civic.turnout import Observable

ERASED_AFTER_S: Final = 30 * 86_400
"""After reporting closed: digests of pledges are destroyed."""
HOURS: Final = 48
"""Of a window where the file names none: the boycott of 16 and 17 January 2016."""
HOURS_MAX: Final = 31 * 24
AHEAD_S_MAX: Final = 366 * 86_400
"""A window further ahead would keep digests for years."""
OBSERVED_MAX: Final = 100
_FIELDS: Final = frozenset({"id", "country", "zone", "begins", "hours", "controller", "text"})


class BoycottText(CampaignText, frozen=True, forbid_unknown_fields=True):
    """In one language."""

    without: str
    """What people are asked to do without, as it stands after "without": one line."""


class Noted(msgspec.Struct, frozen=True):
    """Something observable, and when the keeper noted it."""

    at_s: int
    observable: Observable


class Boycott(msgspec.Struct, frozen=True, kw_only=True):
    """One campaign."""

    id: str
    """In addresses: lower-case letters, digits and hyphens."""
    window: Window
    country: str
    """ISO 3166: where it runs, and whose law its page tells."""
    controller: Controller
    texts: Mapping[str, BoycottText]
    """Language -> text; at least one."""
    observed: tuple[Noted, ...] = ()
    closed_at_s: int | None = None
    """When its keeper closed it; None: its own time does."""

    @property
    def reporting_ends_s(self) -> int:
        """From when nobody reports any more."""
        ends_s = int(self.window.ends_s + REPORTING.total_seconds())
        return ends_s if self.closed_at_s is None else min(ends_s, self.closed_at_s)

    @property
    def erased_at_s(self) -> int:
        """From when no digest is left."""
        return self.reporting_ends_s + ERASED_AFTER_S

    @property
    def is_called_off(self) -> bool:
        """Whether it was closed before its window was over."""
        return self.closed_at_s is not None and self.closed_at_s < self.window.ends_s

    @property
    def clocks_change(self) -> bool:
        """Whether another time passes in the window than the clock on the wall says."""
        return self.window.length_s != self.window.wall_s

    def text(self, lang: str) -> tuple[str, BoycottText]:
        """The text in that language, else in the first one that it has; with its language."""
        return in_language(self.texts, lang)


def stage_of(boycott: Boycott, now_s: float) -> Stage:
    """What stage it is in."""
    if boycott.closed_at_s is not None and now_s >= boycott.closed_at_s:
        return Stage.CLOSED
    return stage_at(boycott.window, now_s)


def is_erased(boycott: Boycott, now_s: float) -> bool:
    """Whether every digest is to be gone."""
    return now_s >= boycott.erased_at_s


def require_ahead(boycott: Boycott, now_s: float) -> None:
    """Raises CampaignError where nobody could pledge any more, or the window is too far away."""
    begins_s = boycott.window.begins_s
    if begins_s <= now_s:
        raise CampaignError("begins", "it has begun already: nobody could pledge")
    if begins_s > now_s + AHEAD_S_MAX:
        raise CampaignError("begins", f"more than {AHEAD_S_MAX // 86_400} days ahead")


def with_closing(boycott: Boycott, at_s: int) -> Boycott:
    """The same, closed now. Raises CampaignError where it is closed already."""
    if stage_of(boycott, at_s) is Stage.CLOSED:
        raise CampaignError("closes", "it is closed already")
    return msgspec.structs.replace(boycott, closed_at_s=at_s)


def with_observable(boycott: Boycott, observable: Observable, at_s: int) -> Boycott:
    """The same, and something observable. Raises CampaignError before the window begins, and for what cannot
    be shown.
    """
    if at_s < boycott.window.begins_s:
        raise CampaignError("at", "before the window begins nothing of it can be observed")
    if boycott.is_called_off:
        raise CampaignError("at", "it was called off")
    if len(boycott.observed) >= OBSERVED_MAX:
        raise CampaignError("what", f"there are {OBSERVED_MAX} observations already")
    require_line("what", observable.what)
    for field, text in (("unit", observable.unit), ("source", observable.source)):
        if text:
            require_line(field, text)
    return msgspec.structs.replace(boycott, observed=(*boycott.observed, Noted(at_s, observable)))


def read_boycott(text: str) -> Boycott:
    """A campaign as its controller wrote it: TOML, see docs/pledge.md.

    Raises CampaignError, which names the field.
    """
    table = read_table(text, _FIELDS, of="boycott")
    name = read_id(table)
    country = read_country(table)
    if not country:
        raise CampaignError("country", "two capital letters of ISO 3166: whose law counts where it runs")
    window = _window(table)
    texts = read_texts(table, BoycottText)
    for lang, each in texts.items():
        require_line(f"text.{lang}.without", each.without)
    return Boycott(
        id=name, window=window, country=country, controller=read_controller(table), texts=texts
    )  # fmt: skip


def _window(table: Mapping[str, Any]) -> Window:
    begins, hours, zone = table.get("begins"), table.get("hours", HOURS), table.get("zone")
    if not isinstance(begins, datetime) or begins.tzinfo is not None:
        raise CampaignError("begins", "a local time without an offset, such as 2027-01-16T00:00:00")
    if not isinstance(hours, int) or isinstance(hours, bool) or not 1 <= hours <= HOURS_MAX:
        raise CampaignError("hours", f"1 to {HOURS_MAX}")
    if begins.second or begins.microsecond:
        raise CampaignError("begins", "a time to the minute")
    try:
        return window_of_hours(begins, hours, zone_name=zone if isinstance(zone, str) else "")
    except KeyError:
        raise CampaignError("zone", "an IANA name, such as Africa/Casablanca") from None
    except (ValueError, OverflowError) as error:
        raise CampaignError("begins", str(error)) from error
