"""Consent and data budget, asked before a byte is sent; `--yes` answers."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from voipwatch.cli.context import Context
from voipwatch.cli.errors import INTERRUPTED, Misuse, Stop
from voipwatch.cli.language import Size
from voipwatch.cli.values import BUDGET_MIN_BYTES, Endpoint, parse_size
from voipwatch.model.ruleset import BLOCKS

if TYPE_CHECKING:
    from voipwatch.apps.targets import Target

BUDGET_DEFAULT_BYTES = 2_000_000
"""Per app: a pair of flows held ten seconds, twelve short ones, and their controls."""
BUDGET_ALL_BYTES = 12_000_000
"""Of a check of all apps: fourteen legs of sixteen blocks and their set-ups, where nothing is wrong."""
HELD_LONG_BYTES = 5_000_000
"""Two pairs of flows of 60 s, both ways: G.711 (SIP), the largest voice of the catalogue, takes 4.8 MB."""
LINE_BYTES_ALL = 300_000
"""Of these at each reflector, once: with so many flows the log is longer."""
LINE_BYTES = 150_000
"""At each reflector, once a check: tickets, warm-up, TCP trials, log. 126 kB was the most in the bench."""
MINUTES = (0.5, 3.0)
"""The least and the most that a check takes: clear-cut cases half a minute; the experiment ends itself after
150 s (300 s on a thin line, which is known after the warm-up), and waits 15 s for the reflectors' logs."""
MINUTES_LONG = (1.5, 3.0)
"""With a pair of flows held for 60 s."""
LOCATE_MINUTES = 0.75
"""Three sweeps of at most 15 s (`experiment.sweeping`); flows to two reflectors at once take as long."""
BESIDE_BYTES = 2_500_000
"""Two pairs of flows of 26 s, both ways, at two reflectors at once: G.711 takes 2.3 MB."""
TRIES = 3


def risk_tier(apps: int) -> str:
    """`low` for one app; `medium` for two, the most that a scheduled probe runs at once; else `high`.

    Many shapes towards one host within a minute are a fingerprint of whoever measures.
    """
    return {0: "low", 1: "low", 2: "medium"}.get(apps, "high")


def asked_servers(apps: tuple[str, ...]) -> "tuple[Target, ...]":
    """The servers that `--providers` would ask today."""
    from voipwatch.apps.targets import load_targets  # noqa: PLC0415 -- slow, and seldom needed

    return load_targets(datetime.now(tz=UTC).date()).of_apps(apps)


def settle(  # noqa: PLR0913 -- one parameter for each thing that the person is told or has said
    context: Context,
    *,
    apps: tuple[str, ...],
    reflectors: tuple[Endpoint, ...],
    minutes: tuple[float, float],
    budget: str | None,
    yes: bool,
    runs: int = 1,
    providers: bool = False,
    locate: bool = False,
    every: bool = False,
    default_bytes: int | None = None,
) -> int:
    """The data budget per app in bytes, after the person has agreed to it and to the risk.

    Instead of yes or no the person may type another budget, and is asked again.

    Args:
        context: the person's terminal and language.
        apps: those that will be measured; for none nothing is asked, because nothing is sent.
        minutes: the least and the most that the check will take.
        reflectors: named in the question.
        budget: as typed on the command line, None for the default.
        yes: True where the command line has agreed.
        runs: how often everything is measured: twice with a tunnel or proxy.
        providers: True where the apps' own servers will be asked: their names are in the question.
        locate: True where the hops of a blocked way will be asked: what is sent and kept is in the question.
        every: True with `--all`: the budget is that of the whole check, and the apps share it.
        default_bytes: as `default_budget` says it, where nobody typed a budget.

    Raises:
        Misuse: nobody can be asked and `--yes` is missing.
        Stop: the person said no, said nothing, or nothing that was understood; the status is that of Ctrl-C.
    """
    default_bytes = default_budget(every=every) if default_bytes is None else default_bytes
    budget_bytes = _per_app(budget, len(apps), len(reflectors), every=every, default_bytes=default_bytes)
    if yes or not apps:
        return budget_bytes
    if not context.interactive:
        raise Misuse("error.no_terminal")
    hosts = ", ".join(endpoint.host for endpoint in reflectors)
    beside = 1 + (len(reflectors) > 1)
    minutes = (minutes[0] * runs, minutes[1] * runs + locate * LOCATE_MINUTES * beside)
    line_bytes = (LINE_BYTES_ALL if every else LINE_BYTES) * len(reflectors) * runs

    def say_cost(each_bytes: int) -> None:
        _say_cost(context, each_bytes * runs, len(apps), line_bytes, minutes)

    say_cost(budget_bytes)
    context.say("consent.what", apps=", ".join(apps), hosts=hosts)
    context.say(f"consent.risk.{risk_tier(len(apps))}", style="bold")
    if providers:
        names = ", ".join(dict.fromkeys(target.name for target in asked_servers(apps)))
        context.say("consent.providers", names=names or "-")
        context.say("consent.providers_risk", style="bold")
    if locate:
        context.say("consent.locate")
        context.say("consent.locate_risk", style="bold")
    return _agreed(context, budget_bytes, say_cost)


def _agreed(context: Context, budget_bytes: int, say_cost: Callable[[int], None]) -> int:
    """The question, until there is an answer: the budget that was agreed to, bytes an app. Raises Stop."""
    yeses, noes = (context.texts.raw(key).split() for key in ("consent.yes", "consent.no"))
    tries = TRIES
    while tries:
        answer = context.ask("consent.question")
        if answer is None:
            context.err.print()
        if not answer or answer.casefold() in noes:
            raise Stop(INTERRUPTED, "consent.declined")
        if answer.casefold() in yeses:
            return budget_bytes
        try:
            budget_bytes = parse_size(answer)
        except Misuse as misuse:
            tries -= 1
            context.say_stop(misuse if any(c.isdecimal() for c in answer) else Misuse("error.answer"))
        else:
            say_cost(budget_bytes)
    raise Stop(INTERRUPTED, "error.no_answer")


def default_budget(
    *, every: bool = False, blocks: int = BLOCKS, long: bool = False, beside: bool = False
) -> int:
    """Bytes where the person names none: of one app, or with `--all` of the whole check.

    It grows with the blocks asked for. With `--long` it pays for both held pairs of an app: a cut that one
    pair alone shows is no claim. `beside`: with `--locate` at two reflectors or more it pays for flows to two
    at once.
    """
    if every:
        return BUDGET_ALL_BYTES * blocks // BLOCKS
    more = HELD_LONG_BYTES * long + BESIDE_BYTES * beside
    return BUDGET_DEFAULT_BYTES * blocks // BLOCKS + more


def _per_app(budget: str | None, apps: int, reflectors: int, *, every: bool, default_bytes: int) -> int:
    """The budget of one app; with `--all` its share of what the whole check may cost."""
    whole = default_bytes if budget is None else parse_size(budget)
    if not every:
        return whole
    shared = whole - LINE_BYTES_ALL * reflectors
    return max(BUDGET_MIN_BYTES, shared // max(1, apps))


def _say_cost(
    context: Context, budget_bytes: int, apps: int, line_bytes: int, minutes: tuple[float, float]
) -> None:
    context.say(
        "consent.data",
        style="bold",
        each=Size(budget_bytes),
        total=Size(budget_bytes * apps + line_bytes),
        least=minutes[0],
        most=minutes[1],
    )
