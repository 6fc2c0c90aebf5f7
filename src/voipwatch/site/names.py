"""What the bundle's ids are called on a page, and the order of states.

Names of apps are those of the app profiles (`apps.names`); an id that is not there is shown as it stands.
"""

from typing import Final

from voipwatch.apps.names import app_names
from voipwatch.site.words import Name

LINE: Final = "line"
"""The app id of the line itself."""
STATES: Final = ("blocked", "throttled", "down", "intermittent", "ok", "insufficient", "silent", "unmeasured")
"""Worst first. `unmeasured` is said of a series, never of a row."""
BAD: Final = frozenset({"blocked", "throttled", "down", "intermittent"})
"""States that say that something does not get through."""
ACCESSES: Final = ("3g", "4g", "5g", "wifi", "adsl", "fibre", "cable", "satellite", "ethernet", "unknown")
"""As `model.vocabulary.Access`; the order of tables."""


def app_name(app: str) -> Name:
    """`WhatsApp` for whatsapp. Not for `line`, which has words of its own in each language."""
    return Name(app_names().get(app, app))


def access_rank(access: str) -> tuple[int, str]:
    """Sorts by `ACCESSES`; others after them."""
    return (ACCESSES.index(access) if access in ACCESSES else len(ACCESSES), access)


def app_rank(app: str) -> tuple[bool, str]:
    """Sorts apps by name, the line itself last."""
    return (app == LINE, app_name(app).casefold())
