"""`voipwatch check`: does a call get through this line, and if not, what stops it."""

import secrets
import traceback
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from voipwatch import __version__
from voipwatch.cli.conclude import NO_PROFILE, NOT_CARRIED, check_json, conclude, exit_status
from voipwatch.cli.consent import MINUTES, MINUTES_LONG, default_budget, settle
from voipwatch.cli.context import CheckRequest, Context, data_folder, now_iso
from voipwatch.cli.errors import CLEAR, UNDECIDED, Misuse, Trouble
from voipwatch.cli.farend import refusals
from voipwatch.cli.fleetuse import chosen_endpoints
from voipwatch.cli.networks import read_networks
from voipwatch.cli.private import read_private
from voipwatch.cli.progress import shown_progress
from voipwatch.cli.redact import AddressInLogError, Redactor
from voipwatch.cli.reportfile import encode_report, require_writable, write_file
from voipwatch.cli.show import show_check
from voipwatch.cli.values import (
    Endpoint,
    parse_access,
    parse_apps,
    parse_count,
    shown,
    shown_path,
)
from voipwatch.cli.via import Through, agree, parse_via, require_proxy
from voipwatch.model.measurement import Interruption, Line, Measurement, ReflectorFacts, ViaRun
from voipwatch.model.results import Check, Report
from voipwatch.model.ruleset import BLOCKS, BLOCKS_MAX
from voipwatch.model.vocabulary import PRIVATE


@dataclass(frozen=True, slots=True)
class _Wanted:
    reflectors: tuple[Endpoint, ...]
    apps: tuple[str, ...]
    """All asked for, in the order asked."""
    measured: tuple[str, ...]
    """Those that have a profile."""
    out: Path | None
    stand_ins: tuple[Endpoint, ...] = ()
    """The rest of the probe's part of a fleet, in the order in which they are asked."""


def check(  # noqa: PLR0913 -- one parameter an option: the contract's
    *,
    context: Annotated[Context, Parameter(parse=False)],
    reflector: Annotated[list[str] | None, Parameter(metavar="HOST[:P]")] = None,
    pin: Annotated[list[str] | None, Parameter(metavar="SHA256")] = None,
    insecure: bool = False,
    fleet: Annotated[str | None, Parameter(metavar="FILE|URL")] = None,
    fleet_key: Annotated[str | None, Parameter(metavar="HEX")] = None,
    app: Annotated[str | None, Parameter(metavar="A,B")] = None,
    profile: Annotated[str | None, Parameter(metavar="FILE")] = None,
    all_apps: Annotated[bool, Parameter(name="--all")] = False,
    budget: Annotated[str | None, Parameter(metavar="SIZE")] = None,
    video: bool = False,
    long: bool = False,
    blocks: Annotated[int | None, Parameter(metavar="N")] = None,
    providers: bool = False,
    locate: bool = False,
    networks: Annotated[str | None, Parameter(metavar="FILE")] = None,
    access: Annotated[str, Parameter(metavar="TYPE")] = "unknown",
    operator: Annotated[str | None, Parameter(metavar="NAME")] = None,
    json: bool = False,
    yes: bool = False,
    via: Annotated[str | None, Parameter(metavar="IFACE|URL")] = None,
    yes_via: bool = False,
    out: Annotated[str | None, Parameter(metavar="FILE")] = None,
) -> int:
    """Measure, judge, show; returns the exit status."""
    private = None if profile is None else read_private(Path(profile))
    if fleet is not None and via is not None:
        # each way would take the first that answers on it: two reflectors would be compared, not two ways
        raise Misuse("fleet.and_via")
    endpoints = chosen_endpoints(
        context, reflector or [], pin or [], insecure=insecure, fleet=fleet, fleet_key=fleet_key
    )
    stand_ins: tuple[Endpoint, ...] = ()
    if fleet is not None:
        endpoints, stand_ins = endpoints[:1], endpoints[1:]
    wanted = _understand(
        context,
        endpoints,
        stand_ins,
        app=app,
        every=all_apps,
        out=out,
        private=private is not None,
    )
    table = read_networks(networks, locate=locate)
    through = _way(via, yes_via=yes_via)
    wished = parse_count(BLOCKS if blocks is None else blocks, option="--blocks", low=BLOCKS, high=BLOCKS_MAX)
    line = Line(access=parse_access(access), operator_declared=parse_operator(operator))
    beside = locate and len(wanted.reflectors) > 1
    budget_bytes = settle(
        context,
        apps=wanted.measured,
        reflectors=(*wanted.reflectors, *wanted.stand_ins),
        minutes=MINUTES_LONG if long else MINUTES,
        budget=budget,
        yes=yes,
        runs=1 if through is None else 2,
        providers=providers,
        locate=locate,
        every=all_apps,
        default_bytes=default_budget(every=all_apps, blocks=wished, long=long, beside=beside),
    )
    _agree_to(context, through, wanted, yes=yes_via)
    request = CheckRequest(
        wanted.reflectors,
        wanted.measured,
        line,
        budget_bytes,
        video,
        long,
        data_folder(context.environment),
        private,
        providers,
        locate=locate,
        networks=table,
        blocks=wished,
        stand_ins=wanted.stand_ins,
    )
    return _measure_and_tell(context, request, wanted, through, json=json)


def _way(via: str | None, *, yes_via: bool) -> Through | None:
    """The tunnel or proxy that is named, if any. Raises Misuse."""
    if via is not None:
        return parse_via(via)
    if yes_via:
        raise Misuse("error.yes_via")
    return None


def _agree_to(context: Context, through: Through | None, wanted: _Wanted, *, yes: bool) -> None:
    """The person's word for the tunnel or proxy, and a look whether the proxy serves. Raises Misuse, Stop."""
    if through is not None and wanted.measured:
        agree(context, through, yes=yes)
        require_proxy(context, through)


def _measure_and_tell(
    context: Context, request: CheckRequest, wanted: _Wanted, through: Through | None, *, json: bool
) -> int:
    """All that follows once the person has agreed; returns the exit status."""
    hosts = [endpoint.host for endpoint in (*wanted.reflectors, *wanted.stand_ins)]
    redactor = Redactor(secrets.token_bytes(32), hosts)
    measurement, failure = measure_safely(context, request)
    run = None
    if through is not None and wanted.measured and failure is None and measurement.interrupted is None:
        run, failure = _measure_through(context, request, through)
        run.measurement = _completed(run.measurement, wanted.apps, redactor)
    measurement = _completed(measurement, wanted.apps, redactor)
    verdicts = conclude(measurement, context.judging(), context.texts, run)
    if json:
        context.print_json(check_json(verdicts))
    else:
        show_check(context, verdicts, hosts=hosts)
    for text in refusals(context, verdicts, hosts):
        context.say("error.line", text=text, style="bold red")
    if failure is not None:
        context.say("fault.during_check", reason=failure)
    if wanted.out is not None:
        _write(context, wanted.out, verdicts, measurement, run)
    status = exit_status(verdicts)
    unmeasured = through is not None and run is None
    return UNDECIDED if unmeasured and status == CLEAR else status


def _understand(
    context: Context,
    endpoints: tuple[Endpoint, ...],
    stand_ins: tuple[Endpoint, ...],
    *,
    app: str | None,
    every: bool,
    out: str | None,
    private: bool,
) -> _Wanted:
    profiled = (*context.apps_with_profile(), *((PRIVATE,) if private else ()))
    apps = parse_apps(app, every=every, profiled=profiled)
    path = None if out is None else Path(out)
    if path is not None:
        require_writable(path)
    return _Wanted(endpoints, apps, tuple(a for a in apps if a in profiled), path, stand_ins)


def parse_operator(name: str | None) -> str | None:
    """An operator's name as it was declared. Raises Misuse."""
    if name is None:
        return None
    if not name.strip() or len(name) > 100 or not name.isprintable():
        raise Misuse("error.operator", value=shown(name))
    return name.strip()


def measure_safely(context: Context, request: CheckRequest) -> tuple[Measurement, str | None]:
    """What was observed, and what went wrong on our side, if anything: the rows are printed all the same."""
    started_at = now_iso()
    if not request.apps:
        return _empty(request, started_at), None
    try:
        with shown_progress(context, request.apps) as step:
            return context.measuring()(request, step), None
    except KeyboardInterrupt:
        measurement = _empty(request, started_at)
        measurement.interrupted = Interruption(reason="user", at_s=0.0)
        return measurement, None
    except Trouble:
        raise
    except Exception as error:  # noqa: BLE001 -- our bug: it must not cost the user his rows, nor look like a result
        if context.environment.get("VOIPWATCH_DEBUG") == "1":
            context.err.print(traceback.format_exc())
        reason = shown(f"{type(error).__name__}: {error}", longest=200)
        measurement = _empty(request, started_at)
        measurement.invalid = f"internal-error: {type(error).__name__}"
        if request.through is not None:  # a message might name what nobody must know
            reason = type(error).__name__
        return measurement, reason


def _measure_through(context: Context, request: CheckRequest, through: Through) -> tuple[ViaRun, str | None]:
    """The same once more, through what the user named; its tickets, seed and order are its own.

    The providers' servers are asked on the direct way only (docs/design/0009-via.md), and so are the hops:
    within a tunnel nobody counts them.
    """
    context.say(f"check.through.{through.kind}", style="dim")
    measurement, failure = measure_safely(
        context, replace(request, through=through, providers=False, locate=False)
    )
    return ViaRun(through.kind, measurement), failure


def _empty(request: CheckRequest, started_at: str) -> Measurement:
    return Measurement(
        seed="",
        started_at=started_at,
        ended_at=now_iso(),
        apps=list(request.apps),
        profile_digests={},
        line=request.line,
        reflectors=[ReflectorFacts(name=endpoint.host) for endpoint in request.reflectors],
        video=request.video,
        long=request.long,
        budget_bytes=request.budget_bytes,
    )


def _completed(measurement: Measurement, apps: tuple[str, ...], redactor: Redactor) -> Measurement:
    """The measurement with what could not be played named in it, redacted."""
    _add_unprofiled(measurement, apps)
    _add_uncarried(measurement)
    return redact(measurement, redactor)


def _add_unprofiled(measurement: Measurement, apps: tuple[str, ...]) -> None:
    for app in apps:
        if app not in measurement.apps:
            measurement.not_tested[app] = [NO_PROFILE]
    measurement.apps = list(apps)


def _add_uncarried(measurement: Measurement) -> None:
    """Say of a private profile that no reflector got it, where that is why nothing of it was played."""
    if PRIVATE not in measurement.apps or any(flow.kind.app == PRIVATE for flow in measurement.flows):
        return
    from voipwatch.apps import load_profiles  # noqa: PLC0415 -- slow, and seldom needed

    digests = {facts.profiles_digest for facts in measurement.reflectors if facts.ticket is not None}
    if digests == {load_profiles().digest}:
        measurement.not_tested[PRIVATE] = [NOT_CARRIED]


def redact(measurement: Measurement, redactor: Redactor) -> Measurement:
    """The measurement as it may be judged, shown and kept; a log that names an address is left out."""
    for facts in measurement.reflectors:
        with suppress(AddressInLogError):
            redactor.record(facts.log)
            continue
        facts.log = None
        measurement.notes = [*measurement.notes, "log-withheld"]
    return redactor.record(measurement)


def _write(
    context: Context, path: Path, verdicts: Check, measurement: Measurement, run: ViaRun | None
) -> None:
    report = Report(
        check=verdicts,
        measurement=measurement,
        software=f"voipwatch {__version__}",
        lang=context.texts.lang,
        via=run,
    )
    write_file(path, encode_report(report))
    context.say("check.written", path=shown_path(path))
