"""The near end: drives the check's core over real sockets, and gets it tickets to do so.

`check` composes a whole check; `shell` is its loop; `path` finds ways to a reflector, `control` speaks
to it over HTTPS, `ticketstore` keeps tickets for when that is blocked, `line` says what can be told of
the user's line. A failure of the network is a value here, never an exception.
"""

from voipwatch.probe.check import CheckOptions, Target, run_check
from voipwatch.probe.control import Trust
from voipwatch.probe.tickets import TicketsKept, fetch_tickets

__all__ = ["CheckOptions", "Target", "TicketsKept", "Trust", "fetch_tickets", "run_check"]
