"""Sends what waits: enrols, submits, keeps receipts, sets refusals aside, backs off. One report at a time.

A report is sent from the network on which it was measured, and from no other: a collector that sees a
laptop's home report come from a café's address would put the two together, and would count it for the café's
operator (docs/design/0014-probe-on-a-schedule.md).
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

import msgspec

from voipwatch.model.instants import iso
from voipwatch.model.vocabulary import Failure
from voipwatch.probe.check import UNREACHED
from voipwatch.probe.collectors import Asks, Outcome, Submitted, enrol, submit
from voipwatch.probe.control import Channel, Exchange, Trust
from voipwatch.probe.network import Network
from voipwatch.probe.path import Resolver, find_paths, resolve_by_system
from voipwatch.probe.pseudonym import pseudonym
from voipwatch.probe.queue import RECEIPT_DAYS, DamagedError, Kept, Queue, Queued, whose
from voipwatch.probe.settings import Collector, Setup
from voipwatch.probe.spending import day_of, fits, month_of
from voipwatch.probe.state import ENROLMENTS_KEPT, Enrolment, State, halted_by, write_state

REQUEST_S: Final = 120.0
"""A report of 200 kB over 2 kB/s, which is what is left of many a throttled line."""
PATHS_TRIED_MAX: Final = 4
SENT_AT_ONCE: Final = 50
"""In one turn; after a month offline the rest goes in the next ones."""
TALK_BYTES: Final = 12_000
"""Handshake, headers and answers of a submission, beside the report."""
DRAW_BYTES: Final = 4

Ways = Callable[[Collector], "Asks | Failure"]
"""A way to a collector, or why there is none."""


class Told(Protocol):
    """What a turn's report takes of sending."""

    sent: int
    refused: int
    dropped: int
    damaged: int
    trouble: str
    problems: list[str]


class Outside(Protocol):
    """Of `agent.World`, what sending needs."""

    @property
    def network(self) -> Callable[[], Network]:
        """Where we are."""
        ...

    @property
    def ways(self) -> Ways:
        """To the collector."""
        ...

    @property
    def now_s(self) -> Callable[[], float]:
        """Unix seconds."""
        ...

    @property
    def draw(self) -> Callable[[int], bytes]:
        """Random bytes."""
        ...


@dataclass
class SeveralWays:
    """The addresses of one collector, in turn until one can be reached."""

    channels: list[Channel]

    def request(
        self, method: str, target: str, *, headers: tuple[tuple[str, str], ...] = (), body: bytes = b""
    ) -> Exchange:
        """One request. Cannot fail."""
        cost_bytes = 0
        exchange = Exchange(failure=Failure.NETWORK_UNREACHABLE)
        for channel in self.channels[:PATHS_TRIED_MAX]:
            exchange = channel.request(method, target, headers=headers, body=body)
            cost_bytes += exchange.cost_bytes
            if exchange.failure not in UNREACHED:
                break
        exchange.cost_bytes = cost_bytes
        return exchange


def ways_to(collector: Collector, *, resolve: Resolver = resolve_by_system) -> Asks | Failure:
    """HTTPS to a collector over this machine's network."""
    paths = find_paths(collector.host, resolve)
    if isinstance(paths, Failure):
        return paths
    trust = Trust(pin=collector.pin)
    return SeveralWays(
        [Channel(path, collector.host, collector.port, trust, request_s=REQUEST_S) for path in paths]
    )


class Uploader:
    """Of one probe."""

    def __init__(self, folder: Path, setup: Setup, secret: bytes, queue: Queue) -> None:
        self._folder, self._setup, self._secret, self._queue = folder, setup, secret, queue

    def send(self, state: State, world: Outside, told: Told) -> None:
        """Send what may be sent now. The state is kept after each step that changed it. Raises OSError."""
        names = self._queue.names()
        now_s = world.now_s()
        halted = state.halt is not None and now_s < state.halt.until_s
        if not names or halted or not state.backoff.allows(now_s):
            return
        network = world.network()
        if not network.connected or network.tunnel is True:
            return
        asks: Asks | None = None
        for name in names:
            if told.sent + told.refused >= SENT_AT_ONCE:
                return
            if not self._is_from(name, network) or not self._affordable(name, state, world):
                continue
            try:
                queued = self._queue.read(name)
            except DamagedError:
                self._queue.set_damaged_aside(name)
                told.damaged += 1
                continue
            if asks is None:
                found = world.ways(self._setup.collector)
                if isinstance(found, Failure):
                    self._failed(state, world, told, found.value, None)
                    return
                asks = found
            if not self._send_one(name, queued, asks, state, world, told):
                return

    def _is_from(self, name: str, network: Network) -> bool:
        month, said = whose(name)
        return said == pseudonym(self._secret, network.name, month)

    def _affordable(self, name: str, state: State, world: Outside) -> bool:
        return fits(state.spending, world.now_s(), self._cost_of(name), cap_bytes=self._setup.day_bytes)

    def _cost_of(self, name: str) -> int:
        size = (self._queue.waiting / name).stat().st_size
        return size + size // 10 + TALK_BYTES

    def _send_one(
        self, name: str, queued: Queued, asks: Asks, state: State, world: Outside, told: Told
    ) -> bool:
        """Whether to go on with the next."""
        # on disk before a byte is sent: a disk that keeps nothing must not have the same report sent for ever
        day, spent, cost = day_of(world.now_s()), state.spending, self._cost_of(name)
        state.spending = spent.plus(day, cost)
        write_state(self._folder, state)
        state.spending = spent
        answer = self._tried(queued, asks, state, world, told)
        if answer is None:
            return False
        if answer.outcome is Outcome.NOT_ENROLLED:  # once more with a new token, and no oftener
            state.enrolments.pop(queued.submission.probe.pseudonym, None)
            answer = self._tried(queued, asks, state, world, told)
            if answer is None:
                return False
        if answer.stop is not None:
            state.halt = halted_by(answer.stop, world.now_s())
        if answer.outcome is Outcome.HAS_IT and answer.receipt is not None:
            state.collector_key = state.collector_key or answer.receipt.collector
            state.submitted += 1
            self._succeeded(state)
            until_s = world.now_s() + RECEIPT_DAYS * 86_400
            self._queue.acknowledge(name, Kept(answer.receipt, queued.deletion_key, until_s))
            told.sent += 1
        elif answer.outcome is Outcome.REFUSED:
            self._succeeded(state)
            self._queue.refuse(name, queued, reason=answer.reason, now_s=world.now_s())
            told.refused += 1
        else:
            self._failed(state, world, told, answer.reason, answer.retry_after_s)
            return False
        return answer.stop is None

    def _tried(
        self, queued: Queued, asks: Asks, state: State, world: Outside, told: Told
    ) -> Submitted | None:
        """One try to submit; None where no token could be had, which is then noted."""
        token = self._token(queued, asks, state, world, told)
        if token is None:
            return None
        sent_at = iso(world.now_s())
        word = msgspec.structs.replace(queued.submission.probe, sent_at=sent_at, enrolment=token)
        body = msgspec.json.encode(msgspec.structs.replace(queued.submission, probe=word))
        key = self._setup.collector.key or state.collector_key
        answer = submit(asks, self._setup.collector.base, body, key=key)
        self._spent(state, world, answer.cost_bytes)
        return answer

    def _token(self, queued: Queued, asks: Asks, state: State, world: Outside, told: Told) -> str | None:
        word = queued.submission.probe
        kept = state.enrolments.get(word.pseudonym)
        if kept is not None:
            return kept.token
        got = enrol(asks, self._setup.collector.base, pseudonym=word.pseudonym, month=word.month)
        self._spent(state, world, got.cost_bytes)
        over = got.for_good and word.month != month_of(world.now_s())
        if not got.token and not over:  # over: its month is past; the report is worth something all the same
            self._failed(state, world, told, got.reason, got.retry_after_s)
            return None
        state.enrolments[word.pseudonym] = Enrolment(word.month, got.token)
        state.enrolments = dict(list(state.enrolments.items())[-ENROLMENTS_KEPT:])
        write_state(self._folder, state)
        return got.token

    def _spent(self, state: State, world: Outside, cost_bytes: int) -> None:
        state.spending = state.spending.plus(day_of(world.now_s()), cost_bytes)

    def _succeeded(self, state: State) -> None:
        state.backoff = type(state.backoff)()
        state.trouble = ""
        write_state(self._folder, state)

    def _failed(
        self, state: State, world: Outside, told: Told, reason: str, retry_after_s: int | None
    ) -> None:
        now_s = world.now_s()
        state.backoff = state.backoff.after_failure(
            now_s, world.draw(DRAW_BYTES), retry_after_s=retry_after_s
        )
        state.trouble = told.trouble = reason
        write_state(self._folder, state)
