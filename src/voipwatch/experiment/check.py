"""LineCheck: the whole of one check at the near end, without a socket or a clock.

The shell calls `start` once, then `receive_datagrams`, `receive_failure`, `tcp_finished`,
`log_finished` as things come, `handle_timer` when `get_timer` says so, and after each of these
takes `datagrams_to_send` and every `next_event`. `Finished` is the last event.

Course: warm-up and TCP trials at once; then scouts and legs as the agenda admits
them; a trigger question where a set-up died; if asked for, flows to two reflectors at once where a voice is
lossy, sweeps for where a set-up died, and the providers' servers; 3 s for late packets; the signed logs;
finished. The providers come after the apps, because asking for a name may rouse who watches.
"""

from collections import deque
from collections.abc import Sequence
from enum import Enum

from voipwatch.apps import ProfileSet
from voipwatch.experiment.agenda import Agenda
from voipwatch.experiment.beside import Beside
from voipwatch.experiment.config import CheckConfig
from voipwatch.experiment.events import (
    CloseSocket,
    Event,
    FetchLog,
    Finished,
    LogOutcome,
    Outgoing,
    Progress,
    ProviderOutcome,
    ReflectorSession,
    TcpOutcome,
)
from voipwatch.experiment.flow_book import FlowBook
from voipwatch.experiment.ledger import Ledger, tcp_bytes
from voipwatch.experiment.news import News
from voipwatch.experiment.planning import Planner
from voipwatch.experiment.question import Question
from voipwatch.experiment.questions.fallback import Fallback
from voipwatch.experiment.questions.provider import ProviderReach
from voipwatch.experiment.session import Session
from voipwatch.experiment.starting import FlowStarter
from voipwatch.experiment.sweeping import Sweeps
from voipwatch.experiment.thin import OVERALL_THIN_MAX_S
from voipwatch.model.flows import Receipt
from voipwatch.model.instants import fractional_seconds, iso_exact
from voipwatch.model.measurement import OVERTIME, Interruption, Measurement
from voipwatch.model.ruleset import LATE_S
from voipwatch.model.sweeps import HopAnswer
from voipwatch.model.vocabulary import LINE, Failure
from voipwatch.wire.token import CONTROL_FLOW, encode_up

OVERALL_MAX_S = 150.0
"""A check that is not done by then is ended and says so."""
RECEIPTS_KEPT = 16
LOG_WAIT_S = 15.0
LOOK_S = 0.05
"""How often the questions look at flows that have no news but time, such as silent ones."""
TRIALS_WAIT_S = 0.5
"""How often a check that only awaits TCP trials looks again; each trial has its own time limit."""


class Course(Enum):
    """Where a check is; each is entered once, in this order."""

    WARMUP = "warmup"
    APPS = "apps"
    SWEEPS = "sweeps"
    PROVIDERS = "providers"
    LATE = "late"
    LOGS = "logs"
    FINISHED = "finished"


class LineCheck:
    """One check. See the module's docstring for how it is driven."""

    def __init__(
        self,
        config: CheckConfig,
        *,
        profiles: ProfileSet,
        reflectors: list[ReflectorSession],
        seed: bytes,
        providers: ProviderReach | None = None,
    ) -> None:
        self.config = config
        self._providers = providers
        self._profiles = profiles
        self._offered = reflectors
        self._seed = seed
        self._planner = Planner(config, profiles, seed)
        self._sessions = self._planner.sessions(reflectors)
        self._preparation = self._planner.preparation(self._sessions)
        self._course = Course.WARMUP
        self._epoch = 0.0
        self._overall_s = OVERALL_MAX_S
        self._events: deque[Event] = deque()
        self._book = FlowBook()
        self._closed = False
        self._starter = FlowStarter(
            self._sessions, planner=self._planner, book=self._book, events=self._events
        )
        self._sweeps = Sweeps(
            self._sessions, planner=self._planner, starter=self._starter, events=self._events
        )
        self._beside = Beside(self._planner)
        self._fallbacks: list[Fallback] = []
        self._agenda = Agenda(self._planner, self._sessions)
        self._ledger = Ledger()
        self._logs_awaited: set[int] = set()
        self._late_until = 0.0
        self._interrupted: Interruption | None = None
        self._not_tested = self._planner.not_tested()
        self._notes: list[str] = []
        self._looked_at = 0.0
        self._news = News()

    # -- the shell's side ----------------------------------------------------------------------

    def start(self, now: float) -> None:
        """Begins. `now` becomes the check's zero."""
        self._epoch = now
        for session in self._sessions:
            self._ledger.add_line(session.offered.setup_bytes)
            self._agenda.active.append(self._starter.warmups[session.reflector])
            fallback = Fallback(session, self._planner.tcp_trials(), now)
            self._fallbacks.append(fallback)
            self._events.extend(fallback.trials(now))
        self._note_control()
        self._events.append(Progress(LINE, "warmup", 0.0))
        self._step(now)

    def receive_datagrams(self, batch: Sequence[tuple[int, bytes]], now: float) -> None:
        """Datagrams as (socket, payload). Whatever the bytes, it cannot fail."""
        if self._course is Course.FINISHED:
            return  # the measurement is handed out and changes no more
        for socket, data in batch:
            flow = self._book.at(socket)
            if flow is None:
                self._sweeps.receive(socket, data, now)
            else:
                self._book.receive(flow, data, now)
                self._spread_receipts(flow.session, now)
        self._look(now)

    def receive_failure(self, socket: int, failure: Failure, now: float) -> None:
        """The network reported an error on a socket."""
        flow = self._book.at(socket)
        if flow is not None:
            flow.receive_failure(failure, now)

    def hop_answered(self, socket: int, said: HopAnswer, now: float) -> None:
        """An ICMP error came for a datagram of a socket that was opened as traced."""
        if self._course is not Course.FINISHED:
            self._sweeps.hop_answered(socket, said, now)

    def tcp_finished(self, trial: int, outcome: TcpOutcome, now: float) -> None:
        """A TCP trial ended, well or not."""
        for fallback in self._fallbacks:
            before = len(fallback.records)
            fallback.finished(trial, outcome)
            for record in fallback.records[before:]:
                self._ledger.add_line(tcp_bytes(record))
        self._step(now)

    def log_finished(self, reflector: int, outcome: LogOutcome, now: float) -> None:
        """A reflector's signed log came, or did not."""
        if reflector not in self._logs_awaited:
            return
        self._logs_awaited.discard(reflector)
        facts = self._offered[reflector].facts
        self._ledger.add_line(outcome.cost_bytes)
        facts.log = outcome.log
        if outcome.log is None:
            facts.control = "lost" if facts.control == "ok" else facts.control
            facts.failure = facts.failure or outcome.failure
            self._note("far-log-missing")
        self._step(now)

    def provider_answered(self, ask: int, outcome: ProviderOutcome, now: float) -> None:
        """A question about a provider's server was answered, or failed."""
        if self._providers is not None:
            self._providers.answered(ask, outcome, now)
        self._step(now)

    def datagrams_to_send(self, now: float) -> list[Outgoing]:
        """What one flow has due: to be called until nothing is left. Records take `now` as sent.

        Not all flows at once, because what was built first should not wait for the rest.
        """
        if self._course is Course.WARMUP:
            next(self._preparation, None)
        if self._course is Course.SWEEPS and (swept := self._sweeps.datagrams_to_send(now)):
            return swept
        outgoing: list[Outgoing] = []
        for flow, datagrams in self._book.emit(now):
            if datagrams:
                outgoing = [Outgoing(flow.socket, port, data) for port, data in datagrams]
                break
        self._look(now)
        return outgoing

    def get_timer(self) -> float | None:
        """When `handle_timer` must be called at the latest; None when finished."""
        if self._course is Course.FINISHED:
            return None
        running = self._course in (Course.WARMUP, Course.APPS)
        times = [self._epoch + self._overall_s if running else self._late_until]
        if self._course is Course.SWEEPS:
            swept = self._sweeps.get_timer()
            times = [self._late_until if swept is None else swept]
        if self._course is Course.PROVIDERS:
            asked = self._providers.get_timer() if self._providers is not None else None
            times = [self._late_until if asked is None else asked]
        due = self._book.next_due()
        if due is not None:
            times.append(due)
        for question in self._agenda.active:
            asked = question.get_timer()
            if asked is not None:
                times.append(asked)
        if self._starter.next_at is not None:
            times.append(self._starter.next_at)
        return min(times)

    def handle_timer(self, now: float) -> None:
        """Time has come for something; `datagrams_to_send` does the sending."""
        self._step(now)

    def next_event(self) -> Event | None:
        """Commands and news for the shell, in order."""
        return self._events.popleft() if self._events else None

    def interrupt(self, reason: str, now: float) -> None:
        """Ends the check early; what was measured is kept and marked."""
        if self._course is Course.FINISHED:
            return
        self._interrupted = Interruption(reason, round(now - self._epoch, 3))
        self._stop_all(now)
        self._finish(now)

    # -- course --------------------------------------------------------------------------------

    def _look(self, now: float) -> None:
        """After traffic: the questions whose flows have news think, all of them only every `LOOK_S`."""
        if now >= self._looked_at + LOOK_S:
            self._step(now)
        elif self._book.news:
            concerned = self._book.concerned()
            self._step(now, [q for q in self._agenda.active if id(q) in concerned])

    def _step(self, now: float, thinking: list[Question] | None = None) -> None:
        if self._course is Course.FINISHED:
            return
        if thinking is None:
            thinking, self._looked_at = self._agenda.active, now
            self._tell_progress()
        self._book.news.clear()
        if now >= self._epoch + self._overall_s and self._course in (Course.WARMUP, Course.APPS):
            self._interrupted = Interruption(OVERTIME, round(now - self._epoch, 3))
            self._stop_all(now)
            self._begin_late(now)
        for question in thinking:
            question.update(now)
        self._agenda.retire(now)
        if self._course is Course.WARMUP and not self._agenda.active:
            self._after_warmup(now)
        if self._course is Course.APPS:
            self._agenda.admit()
        self._starter.start_due(self._agenda.active, self._epoch, now)
        self._ask_beside(now)
        if self._course is Course.LATE and now >= self._late_until:
            if all(f.done for f in self._fallbacks):
                self._begin_logs(now)
            else:
                self._late_until = now + TRIALS_WAIT_S
        if self._course is Course.LOGS and (not self._logs_awaited or now >= self._late_until):
            self._finish(now)

    def _after_warmup(self, now: float) -> None:
        self._starter.heed_rates(now)
        warmups = self._starter.warmups
        if not all(warmup.heard() for warmup in warmups.values()):
            self._note("warmup-unheard")
        self._course = Course.APPS
        self._events.append(Progress(LINE, "done", 1.0))
        self._agenda.begin(warmups, self._starter.thin)
        self._overall_s = OVERALL_THIN_MAX_S if self._starter.thin else OVERALL_MAX_S
        self._not_tested = self._planner.not_tested()

    def _ask_beside(self, now: float) -> None:
        """What follows the apps' flows: flows at two reflectors at once, the sweeps, then the providers."""
        if self._course is Course.APPS and self._agenda.over and self.config.locate:
            self._beside.ask(
                self._agenda,
                self._book.flows,
                budget_bytes=self.config.budget_bytes,
                now=now,
                end_at=self._epoch + OVERALL_MAX_S,
            )
        if self._course is Course.APPS and self._agenda.over:
            self._begin_sweeps(now)
        if self._course is Course.SWEEPS and self._sweeps.done:
            self._begin_providers(now)
        if self._course is Course.PROVIDERS:
            self._ask_providers(now)

    def _begin_sweeps(self, now: float) -> None:
        self._course, self._late_until = Course.SWEEPS, now
        if self.config.locate:
            self._sweeps.begin(self._agenda, self._book.flows, self.config.budget_bytes)

    def _begin_providers(self, now: float) -> None:
        if self._providers is None:
            self._begin_late(now)
            return
        self._course = Course.PROVIDERS
        self._late_until = now
        self._providers.start(now, epoch=self._epoch)
        self._events.append(Progress("", "providers", 0.9))

    def _ask_providers(self, now: float) -> None:
        assert self._providers is not None
        self._providers.update(now)
        while (ask := self._providers.next_ask(now)) is not None:
            self._events.append(ask)
        if self._providers.done:
            self._ledger.add_line(self._providers.spent_bytes)
            self._begin_late(now)

    def _begin_late(self, now: float) -> None:
        self._tell_progress()
        self._course = Course.LATE
        self._late_until = now + (LATE_S if self._book.flows else 0.0)

    def _begin_logs(self, now: float) -> None:
        self._course = Course.LOGS
        self._late_until = now + LOG_WAIT_S
        self._close_sockets()
        for session in self._sessions:
            self._logs_awaited.add(session.reflector)
            token = encode_up(session.keys, CONTROL_FLOW, 1)
            self._events.append(FetchLog(session.reflector, session.keys.number, f"VW {token.hex()}"))

    def _finish(self, now: float) -> None:
        self._course = Course.FINISHED
        self._close_sockets()
        self._events.append(Progress("", "finished", 1.0))
        self._events.append(Finished(self.measurement(now)))

    def _stop_all(self, now: float) -> None:
        for flow in self._book.flows:
            flow.abort(now)
        self._sweeps.stop(now)
        self._agenda.clear()

    # -- flows ---------------------------------------------------------------------------------

    def _close_sockets(self) -> None:
        if not self._closed:
            self._closed = True
            self._events.extend(CloseSocket(flow.socket) for flow in self._book.flows)

    def _spread_receipts(self, session: Session, now: float) -> None:
        for receipt in session.collect_receipts():
            flow = self._book.named(session.reflector, receipt.flow)
            if flow is None:
                continue
            kept = flow.record.receipts
            last = kept[-1] if kept else Receipt(0, 0, 0, 0)
            if receipt.count > last.count and receipt.highest_seq >= last.highest_seq:
                kept.append(Receipt(receipt.highest_seq, receipt.count, receipt.far_us, receipt.bitmap))
                del kept[:-RECEIPTS_KEPT]
            self._starter.warmups[session.reflector].receipt(receipt, now)

    # -- what is told ----------------------------------------------------------------------------

    def _note(self, note: str) -> None:
        if note not in self._notes:
            self._notes.append(note)

    def _note_control(self) -> None:
        if any(s.offered.facts.control == "stored-ticket" for s in self._sessions):
            self._note("control-blocked")

    def _tell_progress(self) -> None:
        agenda = self._agenda
        self._events.extend(self._news.of(agenda.legs, agenda.waiting, agenda.active))

    def _left_out(self) -> dict[str, list[str]]:
        """What the profiles say that cannot be tested, and legs that the budget did not reach."""
        out = {app: list(items) for app, items in self._not_tested.items()}
        for leg in self._agenda.legs:
            if (
                leg.done
                and not leg.flows
                and not leg.plan.relay
                and leg.media.value not in out.get(leg.app, [])
            ):
                out[leg.app].append(leg.media.value)
        played = {flow.record.kind.app for flow in self._book.flows if flow.record.relay_rounds}
        for app in self._planner.with_direct_legs() - played:
            out[app].append("direct-leg")
        return out

    def measurement(self, now: float) -> Measurement:
        """All that was observed so far; complete once `Finished` was handed out."""
        ended_s = fractional_seconds(self.config.started_at) + now - self._epoch
        apps = list(self.config.apps)
        return Measurement(
            seed=self._seed.hex(),
            started_at=self.config.started_at,
            ended_at=iso_exact(ended_s),
            apps=apps,
            profile_digests=self._planner.digests(),
            line=self.config.line,
            reflectors=[r.facts for r in self._offered],
            flows=[f.record for f in self._book.flows],
            tcp=[record for fallback in self._fallbacks for record in fallback.records],
            decisions=[*(d for q in self._agenda.questions for d in q.decisions), *self._beside.decisions],
            costs=self._ledger.costs(
                [*apps], self._book.flows, now - self._epoch, beside=self._sweeps.spent_bytes()
            ),
            not_tested=self._left_out(),
            notes=list(self._notes),
            video=self.config.video,
            long=self.config.long,
            budget_bytes=self.config.budget_bytes,
            interrupted=self._interrupted,
            targets=self._providers.records() if self._providers is not None else [],
            targets_state=self._providers.state if self._providers is not None else "",
            targets_digest=self._providers.digest if self._providers is not None else "",
            sweeps=self._sweeps.records(self._epoch),
            sweeps_state="ok" if self.config.locate else "",
        )
