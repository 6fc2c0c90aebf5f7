"""Runs one whole check in virtual time: the probe's core and the reflector's core over `simnet`.

Nothing in here knows what a world is supposed to show: it moves bytes and the clock. The same
cores run over real sockets in `probe.shell` and `reflector.server`.
"""

from collections import deque
from collections.abc import Callable, Sequence
from datetime import date
from hashlib import blake2b
from ipaddress import ip_address

from voipwatch.apps import Profile, ProfileSet, load_profiles, neutral_ports, tcp_ports, udp_ports
from voipwatch.apps.targets import TargetSet, load_targets
from voipwatch.experiment import CheckConfig, LineCheck
from voipwatch.experiment.events import (
    AskCanary,
    AskHost,
    Event,
    FetchLog,
    Finished,
    LogOutcome,
    OpenSocket,
    Progress,
    ProviderOutcome,
    ReflectorSession,
    ResolveName,
    StartTcp,
    TcpOutcome,
)
from voipwatch.experiment.questions.provider import ProviderReach, provider_reach
from voipwatch.lab.hearing import Hear
from voipwatch.lab.hops import HopChain
from voipwatch.lab.simnet import FAR_IPS, IcmpToNear, SimNet, ToFar, ToNear
from voipwatch.lab.simproviders import SimProviders
from voipwatch.lab.worlds import World
from voipwatch.model.measurement import Line, Measurement, ReflectorFacts
from voipwatch.model.sweeps import HopAnswer
from voipwatch.model.vocabulary import Access, Failure
from voipwatch.probe.hops import kind_of
from voipwatch.reflector.core import Identity, ReflectorCore

VIRTUAL_START = "2016-01-07T12:00:00Z"
"""Wall clock of every simulated check unless told otherwise."""
VIRTUAL_START_S = 1_452_168_000
TARGETS_DAY = date(2026, 12, 1)
"""A day on which the packaged target list holds, whatever the calendar says."""
PLACE_BUDGET_BYTES = 8_000_000
"""What a world of two reflectors allows an app: the check's part twice, and the flows side by side."""
VIDEO_BUDGET_BYTES = 16_000_000
"""What a world of video allows an app: with two million bytes there is little more of it than a glance."""
STEPS_MAX = 2_000_000
"""A simulated check needs about 30,000; more means that somebody's timer does not advance."""


def derive(seed: int, purpose: str, size: int = 32) -> bytes:
    """Bytes that depend on the run's seed and what they are for."""
    return blake2b(f"{seed} {purpose}".encode(), digest_size=size, person=b"vw-lab").digest()


def _far_end(profiles: ProfileSet, seed: int, name: str) -> ReflectorCore:
    """A reflector; of another name another identity."""
    identity = Identity(
        private_key=derive(seed, f"identity{name}"),
        master=derive(seed, f"master{name}"),
        salt=derive(seed, f"salt{name}", 16),
    )
    return ReflectorCore(
        identity,
        profiles,
        udp_ports=udp_ports(profiles),
        neutral_ports=neutral_ports,
        tcp_ports=tcp_ports(profiles),
        version="lab",
    )


class Simulation:
    """One near end, a far end (two in a world of two ways) and the network of a world between them."""

    def __init__(  # noqa: PLR0913 -- one keyword for each option of a check
        self,
        world: World,
        *,
        apps: Sequence[str],
        seed: int,
        line: str | None = None,
        budget_bytes: int = 2_000_000,
        video: bool = False,
        long: bool = False,
        blocks: int = 0,
        profiles: ProfileSet | None = None,
        control_blocked: bool = False,
        private: Profile | None = None,
        targets: TargetSet | None = None,
        hear: Hear | None = None,
        hops: HopChain | None = None,
    ) -> None:
        """`targets`: asked about where the world says how the providers are; the packaged ones if None.

        `hear`: is told what the censor does with each packet. `hops`: the routers of the way; with them the
        check is asked where a block sits.
        """
        packaged = profiles or load_profiles()
        control_blocked = control_blocked or not world.control
        if world.video:
            video, budget_bytes = True, max(budget_bytes, VIDEO_BUDGET_BYTES)
        if world.ways:
            budget_bytes = max(budget_bytes, PLACE_BUDGET_BYTES)
        self._private = None if control_blocked else private  # a kept ticket was fetched without it
        self.profiles = packaged if private is None else packaged.with_private(private)
        self.net = SimNet(world, seed=seed, line=line, hear=hear, hops=hops)
        self._hops = hops
        self.now = world.starts_at_s
        self._control_blocked = control_blocked
        # The first one's names are those that it has where it is alone.
        names = ["", *(f" {n}" for n in range(1, len(world.ways)))]
        self.fars = [_far_end(packaged, seed, name) for name in names]
        offered = [self._ticket(far, seed, name) for far, name in zip(self.fars, names, strict=True)]
        config = CheckConfig(
            apps=tuple(apps),
            started_at=VIRTUAL_START,
            line=Line(access=Access.UNKNOWN, ip_version=4),
            budget_bytes=budget_bytes,
            video=video,
            long=long,
            locate=hops is not None or bool(world.ways),
            blocks=blocks,
        )
        self.near = LineCheck(
            config,
            profiles=self.profiles,
            reflectors=offered,
            seed=derive(seed, "check"),
            providers=self._reach(world, targets, seed, apps),
        )
        self._asked: list[tuple[float, int, ProviderOutcome]] = []
        self._tcp: list[tuple[float, int, TcpOutcome]] = []
        self._near_due: float | None = None
        self._far_due: float | None = None
        """When each end's timer is due, as both said when time last went on."""
        self._reflector_of: dict[int, int] = {}
        """By socket."""
        self.datagrams = 0
        self.bytes_out_far = 0

    def _reach(
        self, world: World, targets: TargetSet | None, seed: int, apps: Sequence[str]
    ) -> ProviderReach | None:
        self._providers: SimProviders | None = None
        if world.providers is None:
            return None
        targets = targets or load_targets(TARGETS_DAY)
        self._providers = SimProviders(self.net, world.providers, targets.targets)
        return provider_reach(
            targets, apps, reflectors=[] if self._control_blocked else [0], seed=derive(seed, "stun")
        )

    def _ticket(self, far: ReflectorCore, seed: int, name: str) -> ReflectorSession:
        source = self.net.control_address()
        batch = far.issue_tickets(
            1, source, self.now, VIRTUAL_START_S, derive(seed, f"tickets{name}"), private=self._private
        )
        facts = ReflectorFacts(
            name=f"lab{name}",
            key=batch.offer.key.hex(),
            version=batch.offer.version,
            protocol=batch.offer.protocol,
            control="stored-ticket" if self._control_blocked else "ok",
            udp_ports=list(batch.offer.udp_ports),
            tcp_ports=list(batch.offer.tcp_ports),
            profiles_digest=batch.offer.profiles_digest,
            ticket=batch.tickets[0].number,
        )
        return ReflectorSession(facts=facts, offer=batch.offer, ticket=batch.tickets[0])

    def run(self, on_progress: Callable[[Progress], None] | None = None) -> Measurement:
        """Runs to the end and returns what was observed. Raises RuntimeError if time stands still."""
        self.near.start(self.now)
        for _ in range(STEPS_MAX):
            finished = self._settle(on_progress)
            if finished is not None:
                return finished
            self.now = max(self.now, self._next_time())
            self._advance()
        raise RuntimeError("the simulated check did not end")

    def _next_time(self) -> float:
        self._ask_timers()
        times = [self._near_due, self._far_due, self.net.next_time()]
        times += [at for at, _, _ in self._tcp[:1]]
        times += [at for at, _, _ in self._asked[:1]]
        return min(t for t in times if t is not None)

    def _ask_timers(self) -> None:
        self._near_due = self.near.get_timer()
        due = [at for far in self.fars if (at := far.get_timer()) is not None]
        self._far_due = min(due, default=None)

    def _advance(self) -> None:
        now = self.now
        to_near: list[tuple[int, bytes]] = []
        arrivals = self.net.pop(now)
        answered = False
        for arrival in arrivals:
            self.datagrams += 1
            if isinstance(arrival, ToFar):
                far = self.fars[arrival.reflector]
                far.receive_datagrams([(arrival.source, arrival.dport, arrival.data)], now)
            elif isinstance(arrival, ToNear):
                to_near.append((arrival.sock, arrival.data))
            elif isinstance(arrival, IcmpToNear):
                self.near.receive_failure(arrival.sock, arrival.failure, now)
                self.near.hop_answered(arrival.sock, _said(arrival.address, expired=False), now)
            else:
                said = _said(arrival.address, expired=True)
                self.near.hop_answered(arrival.sock, said, now)
        if to_near:
            self.near.receive_datagrams(to_near, now)
        while self._tcp and self._tcp[0][0] <= now:
            _, trial, outcome = self._tcp.pop(0)
            self.near.tcp_finished(trial, outcome, now)
            answered = True
        while self._asked and self._asked[0][0] <= now:
            _, ask, answer = self._asked.pop(0)
            self.near.provider_answered(ask, answer, now)
            answered = True
        if arrivals or answered:  # else both timers are as they were
            self._ask_timers()
        if self._far_due is not None and self._far_due <= now:
            self._wake_fars(now)
        if self._near_due is not None and self._near_due <= now:
            self.near.handle_timer(now)

    def _wake_fars(self, now: float) -> None:
        for far in self.fars:
            if (at := far.get_timer()) is not None and at <= now:
                far.handle_timer(now)

    def _settle(self, on_progress: Callable[[Progress], None] | None) -> Measurement | None:
        """Moves everything that is due now; returns the measurement when the check has finished."""
        far_asked = False
        while True:
            busy = False
            due = self.near.datagrams_to_send(self.now)
            events = self._told()
            for outgoing in due:
                sock = outgoing.socket
                reflector = self._reflector_of[sock]
                self.net.up(self.now, sock, outgoing.port, outgoing.data, outgoing.ttl, reflector)
                busy = True
            if not far_asked:  # the far end hands out all that is due at once
                for reflector, far in enumerate(self.fars):
                    for address, port, data in far.datagrams_to_send(self.now):
                        self.bytes_out_far += len(data)
                        self.net.down(self.now, address, port, data, reflector)
                        busy = True
                far_asked = True
            while (event := events.popleft() if events else self.near.next_event()) is not None:
                busy = True
                if isinstance(event, Finished):
                    return event.measurement
                if isinstance(event, Progress):
                    if on_progress:
                        on_progress(event)
                else:
                    self._obey(event)
                    far_asked = False
            if not busy:
                return None

    def _told(self) -> deque[Event]:
        """What the near end wants by now; whose its sockets are is known before it sends from them."""
        events: deque[Event] = deque()
        while (event := self.near.next_event()) is not None:
            events.append(event)
            if isinstance(event, OpenSocket):
                self._reflector_of[event.socket] = event.reflector
        return events

    def _obey(self, event: Event) -> None:
        if isinstance(event, StartTcp):
            self._start_tcp(event)
        elif isinstance(event, FetchLog):
            self._fetch_log(event)
        elif isinstance(event, ResolveName | AskHost | AskCanary) and self._providers is not None:
            at, answer = self._providers.play(event, self.now)
            self._asked.append((at, event.ask, answer))
            self._asked.sort(key=lambda item: item[0])

    def _start_tcp(self, event: StartTcp) -> None:
        def answer(source: tuple[str, int], port: int, hello: bytes) -> bytes | None:
            return self.fars[event.reflector].tcp_answer(source, port, hello, self.now)

        trial = self.net.tcp(self.now, event.port, event.hello, answer, host=FAR_IPS[event.reflector])
        done_at = trial.ready_at if trial.ready_at is not None else self.now + event.timeout_s
        outcome = TcpOutcome(
            connect_ms=trial.connected_ms,
            data=trial.data,
            failure=trial.failure,
            sent_bytes=len(event.hello) + 160,
            received_bytes=len(trial.data) + 120,
        )
        self._tcp.append((min(done_at, self.now + event.timeout_s), event.trial, outcome))
        self._tcp.sort(key=lambda item: item[0])

    def _fetch_log(self, event: FetchLog) -> None:
        log = None
        if not self._control_blocked and self.net.control_alive(self.now):
            authorization = bytes.fromhex(event.authorization.removeprefix("VW "))
            log = self.fars[event.reflector].session_log(event.ticket, authorization, self.now)
        failure = None if log is not None else Failure.CONNECT_TIMEOUT
        cost = len(log.payload) + 600 if log is not None else 0
        self.near.log_finished(event.reflector, LogOutcome(log, failure, cost), self.now)


def _said(address: str, *, expired: bool) -> HopAnswer:
    """An ICMP error as the probe's shell would read it."""
    return HopAnswer(expired, address, kind_of(ip_address(address)) if address else "")


def run_simulated(  # noqa: PLR0913 -- one keyword for each option of a check
    world: World,
    *,
    apps: Sequence[str],
    seed: int,
    line: str | None = None,
    budget_bytes: int = 2_000_000,
    video: bool = False,
    long: bool = False,
    blocks: int = 0,
    control_blocked: bool = False,
    targets: TargetSet | None = None,
    hops: HopChain | None = None,
    on_progress: Callable[[Progress], None] | None = None,
) -> Measurement:
    """One check of `apps` in `world`, seeded; `line` replaces the world's line condition by name."""
    simulation = Simulation(
        world,
        apps=apps,
        seed=seed,
        line=line,
        budget_bytes=budget_bytes,
        video=video,
        long=long,
        blocks=blocks,
        control_blocked=control_blocked,
        targets=targets,
        hops=hops,
    )
    return simulation.run(on_progress)
