"""`voipwatch probe setup`: what a scheduled probe will do, shown and agreed to once."""

import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import msgspec
from cyclopts import Parameter

from voipwatch.cli import machinery
from voipwatch.cli.check import parse_operator
from voipwatch.cli.consent import BUDGET_DEFAULT_BYTES, LINE_BYTES, TRIES
from voipwatch.cli.context import Context, now_iso
from voipwatch.cli.errors import CLEAR, INTERRUPTED, Misuse, Stop
from voipwatch.cli.fleetuse import chosen_endpoints
from voipwatch.cli.language import Size
from voipwatch.cli.probe_place import TEXT_VERSION, held, probe_folder, unusable, wanted_consent
from voipwatch.cli.values import (
    parse_access,
    parse_apps,
    parse_count,
    parse_https,
    parse_pin,
    parse_size,
    shown,
    shown_path,
)
from voipwatch.model.vocabulary import Access
from voipwatch.probe.files import make_folder
from voipwatch.probe.pseudonym import network_mark
from voipwatch.probe.schedule import APPS_AT_ONCE, DAY_S, REFLECTORS_FEW, Rhythm
from voipwatch.probe.settings import (
    Collector,
    Consent,
    DamagedFileError,
    KnownReflector,
    Setup,
    consent_covers,
    make_secret,
    read_setup,
    write_setup,
)
from voipwatch.probe.state import State, read_state, write_state

RUNS_DEFAULT: Final = 4
RUNS_MOST: Final = 12
LEAST_MINUTES_DEFAULT: Final = 30
GAPS_MOST: Final = 16 / 6
"""The longest gap, in mean ones, unless it is given: 16 h of four runs a day."""
DAY_BYTES_DEFAULT: Final = 20_000_000
"""Four runs of two apps towards two reflectors at their most, and the uploads; most runs cost half."""


def setup(  # noqa: PLR0913 -- one parameter an option
    *,
    context: Annotated[Context, Parameter(parse=False)],
    reflector: Annotated[list[str] | None, Parameter(metavar="HOST[:P]")] = None,
    pin: Annotated[list[str] | None, Parameter(metavar="SHA256")] = None,
    fleet: Annotated[str | None, Parameter(metavar="FILE|URL")] = None,
    fleet_key: Annotated[str | None, Parameter(metavar="HEX")] = None,
    collector: Annotated[str | None, Parameter(metavar="URL")] = None,
    collector_pin: Annotated[str | None, Parameter(metavar="SHA256")] = None,
    collector_key: Annotated[str | None, Parameter(metavar="HEX")] = None,
    app: Annotated[str | None, Parameter(metavar="A,B")] = None,
    all_apps: Annotated[bool, Parameter(name="--all")] = False,
    runs_per_day: Annotated[int, Parameter(metavar="N")] = RUNS_DEFAULT,
    gap_least: Annotated[int, Parameter(metavar="MINUTES")] = LEAST_MINUTES_DEFAULT,
    gap_most: Annotated[int | None, Parameter(metavar="MINUTES")] = None,
    budget: Annotated[str | None, Parameter(metavar="SIZE")] = None,
    data_per_day: Annotated[str | None, Parameter(metavar="SIZE")] = None,
    access: Annotated[str, Parameter(metavar="TYPE")] = "unknown",
    operator: Annotated[str | None, Parameter(metavar="NAME")] = None,
    canary: bool = False,
    yes: bool = False,
) -> int:
    """Understand, show, ask, keep."""
    endpoints = chosen_endpoints(context, reflector or [], pin or [], fleet=fleet, fleet_key=fleet_key)
    apps = _apps(context, app, every=all_apps)
    asked = _Asked(
        reflectors=[KnownReflector(each.host, each.port, each.pin) for each in endpoints],
        apps=list(apps),
        collector=parse_collector(collector, collector_pin, collector_key),
        rhythm=_rhythm(runs_per_day, gap_least, gap_most),
        budget_bytes=BUDGET_DEFAULT_BYTES if budget is None else parse_size(budget),
        day_bytes=DAY_BYTES_DEFAULT if data_per_day is None else parse_size(data_per_day),
        access=parse_access(access),
        operator=parse_operator(operator),
        canary=canary,
    )
    if asked.run_bytes > asked.day_bytes:
        raise Misuse("error.probe_cap", run=Size(asked.run_bytes), day=Size(asked.day_bytes))
    folder = probe_folder(context)
    try:
        make_folder(folder)
    except OSError as error:
        raise unusable(folder, error) from error
    with held(folder):
        try:
            earlier = read_setup(folder)
        except DamagedFileError:
            earlier = None  # it is replaced now
        consent = _settle(context, asked, None if earlier is None else earlier.consent, yes=yes)
        secret = make_secret(folder)
        mark = network_mark(secret, machinery.current_network().name)
        write_setup(folder, asked.setup(consent, mark))
        if earlier is not None and earlier.collector != asked.collector:
            _forget_collector(folder)
    context.say("probe.set_up", path=shown_path(folder))
    context.say("probe.start")
    return CLEAR


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the person asked for, understood."""

    reflectors: list[KnownReflector]
    apps: list[str]
    collector: Collector
    rhythm: Rhythm
    budget_bytes: int
    day_bytes: int
    access: Access
    operator: str | None
    canary: bool = False

    @property
    def run_bytes(self) -> int:
        """The most that one run costs."""
        at_once = min(APPS_AT_ONCE, len(self.apps))
        return at_once * self.budget_bytes + min(REFLECTORS_FEW, len(self.reflectors)) * LINE_BYTES

    def setup(self, consent: Consent, network: str) -> Setup:
        """As it is kept."""
        return Setup(
            reflectors=self.reflectors,
            apps=self.apps,
            collector=self.collector,
            consent=consent,
            rhythm=self.rhythm,
            budget_bytes=self.budget_bytes,
            run_bytes=self.run_bytes,
            day_bytes=self.day_bytes,
            access=self.access,
            operator=self.operator,
            network_mark=network,
            canary=self.canary,
        )


def parse_collector(text: str | None, pin: str | None, key: str | None) -> Collector:
    """A collector's URL: https, a host, perhaps a port and a path. Raises Misuse."""
    if text is None:
        raise Misuse("error.no_collector")
    place = parse_https(text)
    if place is None:
        raise Misuse("error.collector", value=shown(text))
    if key is not None and not re.fullmatch(r"[0-9a-f]{64}", key.strip().lower(), re.ASCII):
        raise Misuse("error.key", value=shown(key))
    return Collector(
        host=place.host,
        port=place.port,
        base=place.path,
        pin=None if pin is None else parse_pin(pin),
        key=None if key is None else key.strip().lower(),
    )


def _apps(context: Context, app: str | None, *, every: bool) -> tuple[str, ...]:
    profiled = context.apps_with_profile()
    apps = parse_apps(app, every=every, profiled=profiled)
    unprofiled = [each for each in apps if each not in profiled]
    if unprofiled:
        raise Misuse("error.app_without_profile", value=", ".join(unprofiled), known=", ".join(profiled))
    return apps


def _rhythm(runs_per_day: int, gap_least: int, gap_most: int | None) -> Rhythm:
    mean_s = DAY_S / parse_count(runs_per_day, option="--runs-per-day", low=1, high=RUNS_MOST)
    least_s = 60.0 * parse_count(gap_least, option="--gap-least", low=10, high=24 * 60)
    if least_s >= mean_s:
        raise Misuse(
            "error.rhythm_least", runs=runs_per_day, mean=round(mean_s / 60), below=math.ceil(mean_s / 60),
            said=gap_least,
        )  # fmt: skip
    most_s = mean_s * GAPS_MOST
    if gap_most is not None:
        most_s = 60.0 * parse_count(gap_most, option="--gap-most", low=20, high=7 * 24 * 60)
    try:
        return Rhythm(mean_s, least_s, most_s)
    except ValueError:
        raise Misuse(
            "error.rhythm_most",
            runs=runs_per_day,
            mean=round(mean_s / 60),
            least=gap_least,
            above=math.floor((2 * mean_s - least_s) / 60),
            said=round(most_s / 60),
        ) from None


def _settle(context: Context, asked: _Asked, earlier: Consent | None, *, yes: bool) -> Consent:
    """The consent that covers what was asked: an earlier one, or a new one.

    Raises:
        Misuse: nobody can be asked and `--yes` is missing.
        Stop: the person did not say yes.
    """
    now = now_iso()
    nobody = Consent("", 0, "", [], "", 0, "", [])
    wanted = msgspec.structs.replace(
        wanted_consent(asked.setup(nobody, "")), given_at=now, lang=context.texts.lang
    )
    if earlier is not None and consent_covers(earlier, wanted):
        context.say("probe.consent.earlier", date=earlier.given_at[:10])
        return earlier
    _show(context, asked, wanted)
    if yes:
        return wanted
    if not context.interactive:
        raise Misuse("error.no_terminal_probe")
    yeses, noes = (context.texts.raw(key).split() for key in ("consent.yes", "consent.no"))
    for _ in range(TRIES):
        answer = context.ask("probe.consent.question")
        if answer is None:
            context.err.print()
        if not answer or answer.casefold() in noes:
            raise Stop(INTERRUPTED, "probe.consent.declined")
        if answer.casefold() in yeses:
            return wanted
        context.say_stop(Misuse("error.answer_yes_no"))
    raise Stop(INTERRUPTED, "error.no_answer")


def _show(context: Context, asked: _Asked, wanted: Consent) -> None:
    """What is agreed to. `TEXT_VERSION` stands for what it says."""
    runs = DAY_S / asked.rhythm.mean_s
    context.say(
        "probe.consent.what",
        runs=float(runs),
        apps=", ".join(wanted.apps),
        hosts=", ".join(wanted.reflectors),
    )
    context.say("probe.consent.data", style="bold", day=Size(asked.day_bytes), run=Size(asked.run_bytes))
    context.say(f"consent.risk.{wanted.tier}", style="bold")
    context.say("probe.consent.risk", style="bold")
    context.say("probe.consent.sent", collector=wanted.collector)
    context.say("probe.consent.end")
    context.say("probe.consent.version", version=TEXT_VERSION, style="dim")


def _forget_collector(folder: Path) -> None:
    """Tokens, key, stop and back-off were the other collector's."""
    try:
        state = read_state(folder)
    except DamagedFileError:
        return  # the next turn says so
    fresh = State()
    state.enrolments, state.collector_key = {}, None
    state.halt, state.backoff, state.trouble = fresh.halt, fresh.backoff, fresh.trouble
    write_state(folder, state)
