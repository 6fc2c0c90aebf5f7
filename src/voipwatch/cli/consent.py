"""Consent and data budget, asked before a byte is sent; `--yes` answers both."""

from voipwatch.cli.context import Context
from voipwatch.cli.errors import INTERRUPTED, Misuse, Stop
from voipwatch.cli.values import Endpoint, parse_size, show_size

BUDGET_DEFAULT_BYTES = 2_000_000
"""Per app: a pair of flows held ten seconds, twelve short ones, and their controls."""
TRIES = 3


def risk_tier(apps: int) -> str:
    """`low` for one app; `medium` for two, the most that a scheduled probe runs at once; else `high`.

    Many shapes towards one host within a minute are a fingerprint of whoever measures.
    """
    return {0: "low", 1: "low", 2: "medium"}.get(apps, "high")


def settle(
    context: Context,
    *,
    apps: tuple[str, ...],
    reflectors: tuple[Endpoint, ...],
    budget: str | None,
    yes: bool,
) -> int:
    """The data budget per app in bytes, after the person has agreed to it and to the risk.

    Raises:
        Misuse: nobody can be asked and `--yes` is missing, or three answers made no sense.
        Stop: the person said no; the status is that of Ctrl-C.
    """
    budget_bytes = BUDGET_DEFAULT_BYTES if budget is None else parse_size(budget)
    if yes:
        return budget_bytes
    if not context.interactive:
        raise Misuse("error.no_terminal")
    hosts = ", ".join(endpoint.host for endpoint in reflectors)
    context.say("consent.what", apps=", ".join(apps), hosts=hosts)
    context.say(f"consent.risk.{risk_tier(len(apps))}", style="bold")
    if budget is None:
        budget_bytes = _ask_budget(context)
    context.say("consent.data", each=show_size(budget_bytes), total=show_size(budget_bytes * len(apps)))
    for _ in range(TRIES):
        answer = context.ask("consent.question")
        if answer is None:
            raise Misuse("error.no_terminal")
        if answer.casefold() in context.texts.raw("consent.yes").split():
            return budget_bytes
        if not answer or answer.casefold() in context.texts.raw("consent.no").split():
            raise Stop(INTERRUPTED, "consent.declined")
    raise Misuse("error.no_answer")


def _ask_budget(context: Context) -> int:
    for _ in range(TRIES):
        answer = context.ask("consent.budget", default=show_size(BUDGET_DEFAULT_BYTES))
        if answer is None:
            raise Misuse("error.no_terminal")
        if not answer:
            return BUDGET_DEFAULT_BYTES
        try:
            return parse_size(answer)
        except Misuse as misuse:
            context.say_stop(misuse)
    raise Misuse("error.no_answer")
