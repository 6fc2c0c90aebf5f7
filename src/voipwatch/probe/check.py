"""One whole check over this machine's network: resolve, get tickets, measure, fetch the logs.

Whatever goes wrong on the way is in the measurement; nothing of it is an exception.
"""

import secrets
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path as Folder
from types import FrameType
from typing import Final

import msgspec

from voipwatch.apps import ProfileSet, load_profiles
from voipwatch.apps.targets import TargetSet, load_targets
from voipwatch.experiment import CheckConfig, LineCheck
from voipwatch.experiment.events import (
    AskHost,
    CanaryOutcome,
    FetchLog,
    LogOutcome,
    Progress,
    ProviderAsk,
    ProviderOutcome,
    ReflectorSession,
    ResolveName,
)
from voipwatch.experiment.questions.provider import ProviderReach, provider_reach
from voipwatch.model.instants import iso_ms
from voipwatch.model.measurement import AppCost, Line, Measurement, ReflectorFacts
from voipwatch.model.tickets import TicketBatch
from voipwatch.model.vocabulary import LINE, Failure
from voipwatch.probe import line
from voipwatch.probe.carrier import NO_UDP, Carrier, ProxyCarrier, TrialsOnly, TunnelCarrier
from voipwatch.probe.control import (
    Channel,
    TicketAnswer,
    Trust,
    request_log,
    request_reach,
    request_tickets,
)
from voipwatch.probe.hops import sweeps_problem
from voipwatch.probe.networks import Networks
from voipwatch.probe.path import Path, Resolver, find_paths, resolve_by_system
from voipwatch.probe.provider import ask_host, is_public, resolve_name
from voipwatch.probe.shell import Shell
from voipwatch.probe.socks import located
from voipwatch.probe.ticketstore import TicketStore
from voipwatch.probe.udp import allow_many_sockets
from voipwatch.probe.via import Proxy, Tunnel, Via

SPARE_TICKETS: Final = 4
"""Kept on disk for when the control channel is blocked."""
PATHS_TRIED_MAX: Final = 4
SEED_BYTES: Final = 32
DEFAULT_ROUTE: Final = "via-default-route"
UNREACHED: Final = frozenset(
    {
        Failure.CONNECT_TIMEOUT,
        Failure.CONNECTION_REFUSED,
        Failure.HOST_UNREACHABLE,
        Failure.NETWORK_UNREACHABLE,
    }
)
"""Another address of the same name may do better."""


@dataclass(frozen=True, slots=True)
class Target:
    """A reflector as the user named it."""

    host: str
    """Name (ASCII) or address literal, without brackets."""
    port: int
    trust: Trust = field(default_factory=Trust)


@dataclass(frozen=True, slots=True)
class CheckOptions:
    """What a check needs to know."""

    targets: tuple[Target, ...]
    apps: tuple[str, ...]
    line: Line = field(default_factory=Line)
    """As declared; what can be told without asking is filled in."""
    budget_bytes: int = 2_000_000
    video: bool = False
    long: bool = False
    blocks: int = 0
    """Matched blocks, where more than planned."""
    tickets: Folder | None = None
    """Folder of the kept tickets; None keeps none and uses none."""
    private: str | None = None
    """A private profile as TOML, which the profiles of the check hold too; sent with the ticket request."""
    providers: bool = False
    """Ask the providers' own servers too."""
    target_list: TargetSet | None = None
    """None: the packaged list as it stands today."""
    locate: bool = False
    """Ask where on the way a block sits."""
    networks: Networks = field(default_factory=Networks)
    """The user's names for networks of hops."""
    seed: bytes = field(default_factory=lambda: secrets.token_bytes(SEED_BYTES))
    resolve: Resolver = resolve_by_system
    stand_ins: tuple[Target, ...] = ()
    """Asked one after another, in this order, each in place of a target that gives no ticket."""
    via: Via | None = None
    """Through what; tickets are then neither kept nor taken from the kept: two addresses would be linked."""


@dataclass(slots=True)
class Reached:
    """One reflector after its control channel was tried."""

    session: ReflectorSession
    path: Path | None
    channel: Channel | None


def run_check(
    options: CheckOptions,
    on_progress: Callable[[Progress], None] | None = None,
    *,
    profiles: ProfileSet | None = None,
) -> Measurement:
    """Measure. Ctrl-C ends it early and keeps what there is; a second Ctrl-C raises KeyboardInterrupt."""
    profiles = profiles or load_profiles()
    allow_many_sockets()
    with _interruptible() as interruption:
        started_at = iso_ms(datetime.now(tz=UTC).timestamp())
        reached = reach_all(options, profiles)
        carrier = _carrier(reached)
        config = CheckConfig(
            apps=options.apps,
            started_at=started_at,
            line=_line(options, reached),
            budget_bytes=options.budget_bytes,
            video=options.video,
            long=options.long,
            locate=options.locate and not _no_sweep(reached),
            blocks=options.blocks,
        )
        core = LineCheck(
            config,
            profiles=profiles,
            reflectors=[each.session for each in reached],
            seed=options.seed,
            providers=_providers(options, reached),
        )

        def fetch(event: FetchLog) -> LogOutcome:
            channel = reached[event.reflector].channel
            if channel is None:
                return LogOutcome(None, Failure.UNKNOWN)
            answer = request_log(channel, event.ticket, event.authorization)
            return LogOutcome(answer.log, answer.failure, answer.cost_bytes)

        def ask(event: ProviderAsk) -> ProviderOutcome:
            if isinstance(event, ResolveName):
                return resolve_name(event, options.resolve)
            if isinstance(event, AskHost):
                return ask_host(event)
            channel = reached[event.reflector].channel
            if channel is None:
                return CanaryOutcome({}, Failure.UNKNOWN)
            return request_reach(channel, event.targets, event.max_age_s, usable=is_public)

        shell = Shell(
            core,
            [each.path for each in reached],
            fetch_log=fetch,
            on_progress=on_progress,
            ask_provider=ask,
            carrier=carrier,
            networks=options.networks,
        )
        interruption.tell(shell.interrupt)
        try:
            measurement = shell.run()
        finally:
            carrier.close()
        if options.locate and _no_sweep(reached):
            measurement.sweeps_state = _no_sweep(reached)
        return _with_via(measurement, carrier, reached)


def _no_sweep(reached: list[Reached]) -> str:
    """Why this machine or this way cannot tell which hop answers; empty: it can."""
    return next((why for each in reached if (why := sweeps_problem(each.path))), "")


def _carrier(reached: list[Reached]) -> Carrier:
    """What the flows' sockets come from: all ways go through the same thing."""
    via = next((each.path.via for each in reached if each.path is not None), None)
    if isinstance(via, Tunnel):
        return TunnelCarrier(via)
    if isinstance(via, Proxy) and any(each.session.ticket is not None for each in reached):
        carrier = ProxyCarrier(via)
        return carrier if carrier.prepare() is None else TrialsOnly()
    return Carrier()


def _with_via(measurement: Measurement, carrier: Carrier, reached: list[Reached]) -> Measurement:
    """The measurement with what it was through: costs, and circumstances that a comparison must know."""
    if isinstance(carrier, TrialsOnly):
        _strike_flows(measurement)
    if any(each.path is not None and line.is_default_route(each.path) for each in reached):
        measurement.notes = [*measurement.notes, DEFAULT_ROUTE]
    spent = measurement.costs.get(LINE)
    if spent is not None:
        measurement.costs[LINE] = AppCost(spent.bytes + carrier.overhead_bytes(), spent.seconds)
    return measurement


def _strike_flows(measurement: Measurement) -> None:
    """The core thinks that it has sent; where no datagram could leave, there was no flow."""
    trials = sum(record.sent_bytes + record.received_bytes for record in measurement.tcp)
    spent = measurement.costs.get(LINE, AppCost(0, 0.0))
    measurement.flows, measurement.decisions = [], []
    measurement.costs = {app: AppCost(0, 0.0) for app in measurement.apps}
    measurement.costs[LINE] = AppCost(trials, spent.seconds)
    measurement.notes = [NO_UDP]
    if measurement.interrupted is not None and measurement.interrupted.reason == NO_UDP:
        measurement.interrupted = None


def _providers(options: CheckOptions, reached: list[Reached]) -> ProviderReach | None:
    if not options.providers:
        return None
    heard = [n for n, each in enumerate(reached) if each.session.facts.control == "ok"]
    targets = options.target_list or load_targets(datetime.now(tz=UTC).date())
    return provider_reach(targets, options.apps, reflectors=heard, seed=options.seed)


def reach_all(options: CheckOptions, profiles: ProfileSet) -> list[Reached]:
    """Every target's control channel, side by side, and a stand-in's for each that gives no ticket; where
    there is none left, a kept ticket serves. Whoever did not answer stays in the list: a fact, no evidence.
    """
    if not options.targets:
        return []
    store = TicketStore(options.tickets if options.via is None else None)
    with ThreadPoolExecutor(max_workers=len(options.targets)) as pool:
        reached = list(pool.map(lambda target: _fenced(target, options, profiles, store), options.targets))
    missing = sum(each.session.ticket is None for each in reached)
    for stand_in in options.stand_ins:
        if not missing:
            break
        reached.append(_fenced(stand_in, options, profiles, store))
        missing -= reached[-1].session.ticket is not None
    for number, target in enumerate((*options.targets, *options.stand_ins)[: len(reached)]):
        if missing and reached[number].session.ticket is None:
            reached[number] = _by_kept_ticket(reached[number], target, profiles, store)
            missing -= reached[number].session.ticket is not None
    return reached


def _fenced(target: Target, options: CheckOptions, profiles: ProfileSet, store: TicketStore) -> Reached:
    """`_reach`, of which one that fails in a way that nobody foresaw does not end the others."""
    try:
        return _reach(target, options, profiles, store)
    except Exception:  # noqa: BLE001 -- whatever it is, it is this reflector's and no other's
        facts = ReflectorFacts(name=target.host, control="failed", failure=Failure.UNKNOWN)
        return Reached(ReflectorSession(facts, None, None), None, None)


def _reach(target: Target, options: CheckOptions, profiles: ProfileSet, store: TicketStore) -> Reached:
    facts = ReflectorFacts(name=target.host)
    paths = _paths(target, options)
    if isinstance(paths, Failure):
        facts.control, facts.failure = "failed", paths
        return Reached(ReflectorSession(facts, None, None), None, None)
    wall_s = datetime.now(tz=UTC).timestamp()
    spare = 0
    if options.tickets is not None and options.via is None and options.private is None:
        kept = store.count(target.host, target.port, wall_s=wall_s, trust=target.trust.word)
        spare = max(0, SPARE_TICKETS - kept)
    channel, answer, cost_bytes = ask_for_tickets(target, paths, 1 + spare, profile=options.private)
    if answer.profile_refused:
        # the other apps can be measured all the same: their flows have the same numbers without it
        channel, answer, more_bytes = ask_for_tickets(target, paths, 1)
        cost_bytes += more_bytes
    batch = answer.batch
    facts.control, facts.failure = ("ok", None) if batch is not None else ("failed", answer.failure)
    if batch is not None:
        rest = msgspec.structs.replace(batch, tickets=batch.tickets[1:])
        if rest.tickets:
            store.add(target.host, target.port, rest, wall_s=wall_s, trust=target.trust.word)
    return Reached(_session(facts, batch, profiles, target, channel.path, cost_bytes), channel.path, channel)


def _by_kept_ticket(each: Reached, target: Target, profiles: ProfileSet, store: TicketStore) -> Reached:
    """One that gave no ticket, with a kept one if there is any.

    The channel may be blocked, or answered by a portal or a censor: the ticket's key still vouches for the
    reflector, if the condition on the certificate that holds now held when it was fetched. If not, the
    condition may be what is wrong, and whoever stood in between then must not be believed now.
    """
    facts, channel = each.session.facts, each.channel
    if channel is None or facts.failure is Failure.VERSION_MISMATCH:
        return each
    wall_s = datetime.now(tz=UTC).timestamp()
    batch = store.take(target.host, target.port, wall_s=wall_s, trust=target.trust.word)
    if batch is None:
        return each
    facts.control = "stored-ticket"
    session = _session(facts, batch, profiles, target, channel.path, each.session.setup_bytes)
    return Reached(session, channel.path, channel)


def _paths(target: Target, options: CheckOptions) -> list[Path] | Failure:
    via = options.via
    if isinstance(via, Proxy):
        via = located(via, options.resolve)
        if via is None:
            return Failure.PROXY_FAILED
    return find_paths(target.host, options.resolve, via=via)


def ask_for_tickets(
    target: Target, paths: list[Path], count: int, *, profile: str | None = None
) -> tuple[Channel, TicketAnswer, int]:
    """Over the first path whose control channel can be reached; the first of all when none can.

    Returns the channel, its answer, and the IP bytes of every attempt.
    """
    first: tuple[Channel, TicketAnswer] | None = None
    cost_bytes = 0
    for path in paths[:PATHS_TRIED_MAX]:
        channel = Channel(path, target.host, target.port, target.trust)
        answer = request_tickets(channel, count, profile=profile)
        cost_bytes += answer.cost_bytes
        if answer.failure not in UNREACHED:
            return channel, answer, cost_bytes
        first = first or (channel, answer)
    if first is None:
        raise ValueError("no path to ask over")
    return first[0], first[1], cost_bytes


def _session(
    facts: ReflectorFacts,
    batch: TicketBatch | None,
    profiles: ProfileSet,
    target: Target,
    path: Path,
    cost_bytes: int,
) -> ReflectorSession:
    offer = ticket = None
    if batch is not None:
        offer = batch.offer
        facts.key, facts.version, facts.protocol = offer.key.hex(), offer.version, offer.protocol
        facts.udp_ports = sorted({*offer.udp_ports, *offer.neutral_ports})
        facts.tcp_ports = list(offer.tcp_ports)
        facts.profiles_digest = offer.profiles_digest
        # without the private profile a reflector plays the others just so: their kinds have the same numbers
        if offer.profiles_digest in {profiles.digest, profiles.packaged_digest}:
            ticket = batch.tickets[0]
            facts.ticket = ticket.number
        else:
            # its server half would play other scripts: every packet would look wrong
            facts.control, facts.failure = "failed", Failure.VERSION_MISMATCH
    return ReflectorSession(
        facts=facts,
        offer=offer,
        ticket=ticket,
        host=target.host,
        ip_version=path.ip_version,
        observed=batch.observed if batch is not None and facts.control == "ok" else None,
        setup_bytes=cost_bytes,
    )


def _line(options: CheckOptions, reached: list[Reached]) -> Line:
    """The declared line with what the first path shows of it; through something, no more than the kind."""
    declared = options.line
    first = next((each for each in reached if each.path is not None), None)
    if first is None or first.path is None:
        return declared
    if options.via is not None:
        tunnel = True if isinstance(options.via, Tunnel) else None
        return msgspec.structs.replace(declared, ip_version=first.path.ip_version, tunnel=tunnel)
    path, local_hop = first.path, line.local_hop(first.path)
    return msgspec.structs.replace(
        declared,
        ip_version=path.ip_version,
        local_hop=local_hop,
        nat=line.translation(local_hop, first.session.observed),
        tunnel=line.tunnel(path),
    )


class _Interruption:
    """Ctrl-C, kept until there is somebody to tell."""

    def __init__(self) -> None:
        self.happened = False
        self._listener: Callable[[str], None] | None = None

    def tell(self, listener: Callable[[str], None]) -> None:
        """From now on tell `listener`, at once if it has happened."""
        self._listener = listener
        if self.happened:
            listener("user")

    def __call__(self, _number: int, _frame: FrameType | None) -> None:
        """The signal's handler."""
        signal.signal(signal.SIGINT, signal.default_int_handler)  # the second one is for real
        self.happened = True
        if self._listener is not None:
            self._listener("user")


@contextmanager
def _interruptible() -> Iterator[_Interruption]:
    interruption = _Interruption()
    if threading.current_thread() is not threading.main_thread():
        yield interruption
        return
    before = signal.signal(signal.SIGINT, interruption)
    try:
        yield interruption
    finally:
        signal.signal(signal.SIGINT, before)
