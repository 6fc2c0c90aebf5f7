"""What an instance of campaigns keeps, where, and how long at most: the one list of it.

`voipwatch civic retention` prints it, docs/dpia.md holds it, and a test runs what enforces it against it,
table by table; a table that nobody named here fails that test.
"""

from enum import StrEnum
from typing import Final

import msgspec

from voipwatch.civic import boycotts
from voipwatch.civic.keepers import ATTEMPTS_KEPT_S, SESSION_S
from voipwatch.civic.keyed import TOKEN_LIFE_S
from voipwatch.civic.petitions import ERASED_AFTER_S
from voipwatch.civic.wall import LATE_S, LOOK_S, SPREAD_S, UNREACHED_S, WAITING_S

DAY_S: Final = 86_400
ARRIVALS_S: Final = 3 * DAY_S
BOUNCES_DAYS: Final = 30
MEMORY: Final = "memory"
SECRETS: Final = "secrets"


class Since(StrEnum):
    """From when the time runs."""

    REQUEST = "request"
    """Of the mail."""
    CLOSING = "closing"
    """Of the petition."""
    REPORTING = "reporting"
    """When no report of a pledge is taken any more."""
    ENROLMENT = "enrolment"
    """Of a site whose mark or counter was never seen."""
    WITHDRAWAL = "withdrawal"
    """Of a mark of such a site."""
    SEEN = "seen"
    """Mark and counter, last; of a page that has them no more."""
    REACHED = "reached"
    """The page, last; of one that cannot be reached."""
    HOUR = "hour"
    """That the row is of."""
    DAY = "day"
    """That the row is of."""
    SIGN_IN = "sign-in"
    ATTEMPT = "attempt"
    """The last one that was refused."""
    REMOVAL = "removal"
    """Until the account is removed, by hand."""
    NEVER = "never"
    """Kept for ever: nothing of a signer."""
    PROCESS = "process"
    """Until the process ends."""


class Kept(msgspec.Struct, frozen=True):
    """One thing."""

    what: str
    """Key of its words."""
    place: str
    """A table, or `MEMORY`, `SECRETS`."""
    since: Since
    longest_s: int | None = None
    """After `since`; None where that has no length."""


KEPT: Final = (
    Kept("address", "outbox", Since.REQUEST, TOKEN_LIFE_S),
    Kept("request", "pending", Since.REQUEST, TOKEN_LIFE_S),
    Kept("signature", "signatures", Since.CLOSING, ERASED_AFTER_S),
    Kept("hidden-name", "hidden_names", Since.CLOSING, ERASED_AFTER_S),
    Kept("pepper", SECRETS, Since.CLOSING, ERASED_AFTER_S),
    Kept("arrivals", "arrivals", Since.HOUR, ARRIVALS_S),
    Kept("mail-count", "mail_counts", Since.DAY, 0),
    Kept("bounces", "bounces", Since.DAY, BOUNCES_DAYS * DAY_S),
    Kept("pledge", "pledges", Since.REPORTING, boycotts.ERASED_AFTER_S),
    Kept("wall-waiting", "wall_sites", Since.ENROLMENT, WAITING_S),
    Kept("wall-withdrawn", "wall_sites", Since.WITHDRAWAL, WAITING_S),
    Kept("wall-site", "wall_sites", Since.SEEN, LOOK_S + SPREAD_S + LATE_S),
    Kept("wall-unreached", "wall_sites", Since.REACHED, UNREACHED_S),
    Kept("network", MEMORY, Since.PROCESS),
    Kept("session", "sessions", Since.SIGN_IN, SESSION_S),
    Kept("attempts", "accounts", Since.ATTEMPT, ATTEMPTS_KEPT_S),
    Kept("account", "accounts", Since.REMOVAL),
    Kept("account-secret", SECRETS, Since.REMOVAL),
    Kept("petition", "petitions", Since.NEVER),
    Kept("told", "count_log", Since.NEVER),
    Kept("boycott", "boycotts", Since.NEVER),
    Kept("pledges-told", "pledge_log", Since.NEVER),
    Kept("wall-curve", "wall_curve", Since.NEVER),
    Kept("note", "notes", Since.NEVER),
    Kept("audit", "audit_log", Since.NEVER),
)
