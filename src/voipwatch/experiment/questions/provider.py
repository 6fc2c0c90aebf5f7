"""Provider reach (arm E) and messaging path (arm G): do the provider's own public servers answer this line?

Two rounds. In the first every name is resolved by the system's resolver, the canary (a reflector, on another
network) is asked what it sees, and every target is tried at the resolver's addresses, then at the canary's.
What did not answer is asked again, all of it anew, at least two seconds later, with the controls beside it
and with a canary that has looked in between. Nothing is judged here.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Final

from voipwatch.apps.targets import CONTROL, Target, TargetSet
from voipwatch.experiment.events import (
    AskCanary,
    AskHost,
    CanaryOutcome,
    HostOutcome,
    NameOutcome,
    ProviderAsk,
    ProviderOutcome,
    ResolveName,
)
from voipwatch.model.ruleset import REPEAT_AFTER_S
from voipwatch.model.targets import CanarySight, NameAnswer, TargetRecord, TargetTry
from voipwatch.model.vocabulary import Failure
from voipwatch.wire.errors import WireError
from voipwatch.wire.stun import MAGIC_COOKIE, StunClass, decode_stun, message_type
from voipwatch.wire.stun_build import build_stun

TIMEOUT_S: Final = 4.0
"""SYN retransmissions come after 1 and 3 s (RFC 6298 section 2), STUN's after 0.5, 1.5 and 3.5 s."""
IN_FLIGHT_MAX: Final = 12
"""Questions under way at once: more at a time would look like a scan."""
ADDRESSES_MAX: Final = 2
"""Tried of each source: one of each IP version where there are both."""
CANARY_IDS_MAX: Final = 32
OVERALL_S: Final = 60.0
"""Three failing rounds of four seconds for 48 targets, twelve at a time, twice; then it ends as it stands."""
CANARY_AGE_MAX_S: Final = 600.0
"""In the first round: what the reflector has looked at in the last ten minutes will do."""
CANARY_AGE_REPEAT_S: Final = REPEAT_AFTER_S / 2
"""In the second: it has to have looked after our first failure, or an outage would look like a block."""
BINDING: Final = 1
NEUTRAL_NAME: Final = "www.example.com"
"""RFC 6761 section 6.5; where the list has no control."""
NEVER_ASKED: Final = frozenset({"loopback", "unusable"})
"""Kinds of addresses to which nothing is sent: they lead to this device, or nowhere."""
GOOD: Final = {"tcp": {"connected"}, "tls": {"certificate"}, "stun": {"binding"}}


def good_answer(transport: str, trust: str, answer: str) -> bool:
    """Whether an answer shows that the provider's server was reached."""
    return answer in GOOD[transport] or (answer == "untrusted" and trust == "private")


def binding_request(transaction_id: bytes) -> bytes:
    """A STUN Binding request without attributes: the smallest harmless question (RFC 8489 section 5)."""
    return build_stun(message_type(BINDING, StunClass.REQUEST), transaction_id)


def binding_answer(data: bytes, transaction_id: bytes) -> str:
    """`binding` for the success response to this request (RFC 8489 section 6.3.3); `garbage`, or empty."""
    if not data:
        return ""
    try:
        message = decode_stun(data)
    except WireError:
        return "garbage"
    success = message.type == message_type(BINDING, StunClass.SUCCESS) and message.cookie == MAGIC_COOKIE
    return "binding" if success and message.transaction_id == transaction_id else "garbage"


@dataclass
class _Work:
    """One target in one round."""

    target: Target
    record: TargetRecord
    resolved: NameAnswer | None = None
    candidates: deque[tuple[str, str]] = field(default_factory=deque)
    """(who gave the address, address), still to be tried."""
    planned: bool = False
    """True once the canary's addresses are among the candidates."""
    reached: bool = False
    by_system: bool = False
    """Reached at an address that the system's resolver gave: nothing is left to ask."""
    ended: bool = False


@dataclass
class _Purpose:
    """What a question is asked for."""

    ask: ProviderAsk
    work: _Work | None = None
    what: str = ""
    learnt: str = ""
    started: float = 0.0


class ProviderReach:
    """Hand out `next_ask`, take `answered`; `records` when `done`. Times are seconds, monotonic."""

    def __init__(
        self,
        targets: Sequence[Target],
        expired: Sequence[Target],
        *,
        reflectors: Sequence[int],
        seed: bytes,
        state: str,
        digest: str,
    ) -> None:
        """`reflectors`: those whose control channel was heard. `seed`: 16 or more random bytes."""
        self.state, self.digest = state, digest
        self.spent_bytes = 0
        self._reflectors = tuple(reflectors)
        self._seed = seed
        self._works = [_Work(t, _record(t)) for t in targets]
        self._expired = [_record(t, expired=True) for t in expired]
        self._epoch = 0.0
        self._until: float | None = None
        self._round = 0
        self._repeat_at: float | None = None
        self._working: list[_Work] = []
        self._asks: deque[_Purpose] = deque()
        self._purposes: dict[int, _Purpose] = {}
        self._in_flight: set[int] = set()
        self._count = 0
        self._canaries_awaited = 0
        self._finished = False

    # -- driving ---------------------------------------------------------------------------------

    @property
    def done(self) -> bool:
        """True when nothing more will be asked."""
        return self._finished

    def start(self, now: float, *, epoch: float) -> None:
        """Begins. `epoch`: the zero of the records' times."""
        self._epoch = epoch
        self._until = now + OVERALL_S
        if not self._works:
            self._finished = True
            return
        self._begin(1, self._works, CANARY_AGE_MAX_S, now)

    def next_ask(self, now: float) -> ProviderAsk | None:
        """The next question for the shell, None while enough of them are under way."""
        if self._finished or not self._asks or len(self._in_flight) >= IN_FLIGHT_MAX:
            return None
        purpose = self._asks.popleft()
        purpose.started = now
        self._in_flight.add(purpose.ask.ask)
        return purpose.ask

    def answered(self, ask: int, outcome: ProviderOutcome, now: float) -> None:
        """The shell's answer; one not asked for is ignored."""
        if ask not in self._in_flight or self._finished:
            return
        self._in_flight.discard(ask)
        purpose = self._purposes.pop(ask)
        asked, work = purpose.ask, purpose.work
        if isinstance(asked, AskCanary):
            self._canary(asked, outcome, now)
        elif work is not None and isinstance(asked, ResolveName):
            self._resolved(work, outcome, now)
        elif work is not None and isinstance(asked, AskHost):
            self._tried(work, purpose, asked, outcome, now)
        self.update(now)

    def update(self, now: float) -> None:
        """Goes on as far as it can."""
        if self._finished or self._until is None:
            return
        if now >= self._until:
            self._finished = True
            return
        if self._repeat_at is not None:
            if now >= self._repeat_at:
                self._repeat_at = None
                again = [w for w in self._works if not w.by_system or CONTROL in w.target.roles]
                self._begin(2, again, CANARY_AGE_REPEAT_S, now)
            return
        for work in self._working:
            self._advance(work)
        if all(w.ended for w in self._working) and not self._in_flight and not self._asks:
            missing = any(not w.by_system for w in self._working)
            if self._round == 1 and missing:
                self._repeat_at = now + REPEAT_AFTER_S
            else:
                self._finished = True

    def get_timer(self) -> float | None:
        """When `update` must be called at the latest."""
        if self._finished or self._until is None:
            return None
        return self._until if self._repeat_at is None else min(self._until, self._repeat_at)

    def records(self) -> list[TargetRecord]:
        """Everything seen so far."""
        return [*(w.record for w in self._works), *self._expired]

    # -- one round -------------------------------------------------------------------------------

    def _begin(self, number: int, works: Sequence[_Work], max_age_s: float, now: float) -> None:
        self._round, self._working = number, list(works)
        ids = tuple(w.target.id for w in works)
        for reflector in self._reflectors:
            for first in range(0, len(ids), CANARY_IDS_MAX):
                some = ids[first : first + CANARY_IDS_MAX]
                self._put(AskCanary(self._number(), reflector, some, max_age_s))
                self._canaries_awaited += 1
        for work in works:
            work.resolved, work.planned, work.reached, work.ended = None, False, False, False
            work.by_system = False
            work.candidates.clear()
            self._put(ResolveName(self._number(), work.target.name, work.target.prefixes), work)
        self.update(now)

    def _advance(self, work: _Work) -> None:
        """The target's next try, if it is its turn."""
        if work.ended or work.resolved is None or self._canaries_awaited or self._busy(work):
            return
        if work.reached:
            work.ended = True
            return
        if not work.planned:
            work.planned = True
            work.candidates.extend(self._candidates(work))
        if not work.candidates:
            work.ended = True
            return
        learnt, address = work.candidates.popleft()
        self._ask(work, "own", learnt, address)

    def _candidates(self, work: _Work) -> list[tuple[str, str]]:
        answer = work.resolved
        assert answer is not None
        usable = [a for a, k in zip(answer.addresses, answer.kinds, strict=True) if k not in NEVER_ASKED]
        own = _varied(usable)
        views = [s for s in work.record.canaries if s.round == self._round]
        far = _varied([a for view in views for a in view.alive if a not in own])
        # An address that both know decides most: it goes first among the resolver's.
        known = {a for view in views for a in view.alive}
        own.sort(key=lambda a: a not in known)
        return [*(("system", a) for a in own), *(("canary", a) for a in far)]

    def _ask(self, work: _Work, what: str, learnt: str, address: str) -> None:
        target, number = work.target, self._number()
        name = target.name if what == "own" else self._neutral_name()
        ask = AskHost(
            number,
            target.transport,
            address,
            target.port,
            TIMEOUT_S,
            server_name=name if target.transport == "tls" else "",
            hello=binding_request(self._transaction(number)) if target.transport == "stun" else b"",
        )
        self._put(ask, work, what=what, learnt=learnt)

    # -- answers ---------------------------------------------------------------------------------

    def _resolved(self, work: _Work, outcome: ProviderOutcome, now: float) -> None:
        if not isinstance(outcome, NameOutcome):
            outcome = NameOutcome((), (), Failure.UNKNOWN)
        work.resolved = NameAnswer(
            self._round, self._us(now), list(outcome.addresses), list(outcome.kinds), outcome.failure
        )
        work.record.answers.append(work.resolved)

    def _tried(
        self, work: _Work, purpose: _Purpose, asked: AskHost, outcome: ProviderOutcome, now: float
    ) -> None:
        if not isinstance(outcome, HostOutcome):
            outcome = HostOutcome(None, "", Failure.UNKNOWN)
        answer = outcome.answer
        if asked.transport == "stun":
            answer = binding_answer(outcome.data, self._transaction(asked.ask))
        work.record.tries.append(
            TargetTry(
                round=self._round,
                what=purpose.what,
                learnt=purpose.learnt,
                address=asked.address,
                started_us=self._us(purpose.started),
                ended_us=self._us(now),
                connect_ms=None if outcome.connect_ms is None else round(outcome.connect_ms, 1),
                answer=answer,
                failure=outcome.failure,
                sent_bytes=outcome.sent_bytes,
                received_bytes=outcome.received_bytes,
            )
        )
        self.spent_bytes += outcome.sent_bytes + outcome.received_bytes
        if purpose.what != "own":
            return
        if good_answer(asked.transport, work.target.trust, answer):
            work.reached, work.by_system = True, purpose.learnt == "system"
        elif asked.transport == "tls" and outcome.connect_ms is not None and not answer:
            # Connected, and nothing for this name: is it the name? Asked before anything else is tried.
            self._ask(work, "neutral", purpose.learnt, asked.address)

    def _canary(self, asked: AskCanary, outcome: ProviderOutcome, now: float) -> None:
        self._canaries_awaited -= 1
        if not isinstance(outcome, CanaryOutcome):
            outcome = CanaryOutcome({}, Failure.UNKNOWN)
        self.spent_bytes += outcome.cost_bytes
        for work in self._working:
            if work.target.id not in asked.targets:
                continue
            view = outcome.views.get(work.target.id)
            work.record.canaries.append(
                CanarySight(
                    reflector=asked.reflector,
                    round=self._round,
                    at_us=self._us(now),
                    age_s=view.age_s if view else 0.0,
                    resolved=list(view.resolved) if view else [],
                    alive=list(view.alive) if view else [],
                    failure=None if view else outcome.failure or Failure.BAD_ANSWER,
                )
            )

    # -- small things ----------------------------------------------------------------------------

    def _busy(self, work: _Work) -> bool:
        return any(purpose.work is work for purpose in self._purposes.values())

    def _number(self) -> int:
        self._count += 1
        return self._count

    def _put(self, ask: ProviderAsk, work: _Work | None = None, *, what: str = "", learnt: str = "") -> None:
        purpose = _Purpose(ask, work, what, learnt)
        self._purposes[ask.ask] = purpose
        self._asks.append(purpose)

    def _us(self, now: float) -> int:
        return max(0, round((now - self._epoch) * 1e6))

    def _neutral_name(self) -> str:
        """A control's name, for the app's address: whoever stops the app's name has no reason to stop it."""
        return next((w.target.name for w in self._works if CONTROL in w.target.roles), NEUTRAL_NAME)

    def _transaction(self, number: int) -> bytes:
        return blake2b(b"%d" % number, key=self._seed[:64], person=b"vw-stun", digest_size=12).digest()


def provider_reach(
    targets: TargetSet, apps: Iterable[str], *, reflectors: Sequence[int], seed: bytes
) -> ProviderReach:
    """The question for these apps, by a target list as it stands today."""
    wanted = tuple(apps)
    return ProviderReach(
        targets.of_apps(wanted),
        targets.expired(wanted),
        reflectors=reflectors,
        seed=seed,
        state=str(targets.state),
        digest=targets.digest,
    )


def _varied(addresses: list[str]) -> list[str]:
    """The first of each IP version, then others, at most `ADDRESSES_MAX`."""
    by_version = {":" in a: a for a in reversed(addresses)}
    first = sorted(by_version.values(), key=addresses.index)
    return [*first, *(a for a in addresses if a not in first)][:ADDRESSES_MAX]


def _record(target: Target, *, expired: bool = False) -> TargetRecord:
    return TargetRecord(
        id=target.id,
        app=target.app,
        roles=list(target.roles),
        host=target.name,
        transport=target.transport,
        port=target.port,
        trust=target.trust,
        prefixed=bool(target.prefixes),
        expired=expired,
    )
