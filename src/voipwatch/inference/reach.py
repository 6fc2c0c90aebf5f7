"""Provider reach (arms E and G): what the targets of one app say, each beside its canary and its controls.

A target is blocked when it failed in two rounds at least two seconds apart while a canary, which looked in
between from another network, reached it, and while a control that no call app has to do with lived on this
line in both rounds. Without a canary nothing is said; what the canary cannot reach is stale, nobody's fault.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from voipwatch.inference.verdict import Finding
from voipwatch.model.measurement import Measurement
from voipwatch.model.ruleset import REPEAT_AFTER_S
from voipwatch.model.targets import CanarySight, NameAnswer, TargetRecord, TargetTry
from voipwatch.model.vocabulary import Failure, Stage

GOOD: Final = {"tcp": {"connected"}, "tls": {"certificate"}, "stun": {"binding"}}
"""By transport, what shows the provider's server; `untrusted` too where its authority is its own."""
REFUSED: Final = frozenset(
    {
        Failure.CONNECTION_REFUSED,
        Failure.CONNECTION_RESET,
        Failure.HOST_UNREACHABLE,
        Failure.PORT_UNREACHABLE,
    }
)
SILENT: Final = frozenset({Failure.CONNECT_TIMEOUT, Failure.READ_TIMEOUT})
CUT: Final = frozenset({Failure.CONNECTION_RESET, Failure.CONNECTION_CLOSED})
NOT_PUBLIC: Final = frozenset({"private", "cgnat", "loopback", "link-local", "unusable"})
AGE_SLACK_S: Final = 0.5
"""Of the canary's word, for its way back and the rounding of its age."""
ROUNDS: Final = (1, 2)


class Reach(Enum):
    """Of one target."""

    REACHED = "reached"
    BLOCKED = "blocked"
    STALE = "stale"
    """The canary does not reach it either, or its data are past their day."""
    NO_CANARY = "no-canary"
    UNCLEAR = "unclear"
    """Not reached by the names that the app asks for, and something is missing for a claim."""


@dataclass(frozen=True, slots=True)
class TargetFinding:
    """One target."""

    record: TargetRecord
    reach: Reach
    stage: Stage = Stage.REACH
    mechanism: str | None = None


@dataclass(frozen=True, slots=True)
class ProviderFinding:
    """All targets of one app."""

    targets: tuple[TargetFinding, ...]
    blocked: Finding | None
    """The claim that its calls cannot be set up or carried, if there is one."""
    messages: bool
    """Whether a message server was reached."""
    stages: tuple[tuple[Stage, str, str | None], ...]
    """Stages with the rule that holds there, and the mechanism of a block."""
    tested: tuple[str, ...]
    """Words of `not_tested` that no longer hold."""
    notes: tuple[str, ...]


def provider_finding(measurement: Measurement, app: str) -> ProviderFinding | None:
    """What the targets say of one app; None where it has none, or nobody asked."""
    records = [r for r in measurement.targets if r.app == app]
    if not records:
        return None
    controls = [r for r in measurement.targets if not r.app]
    found = tuple(_target(record, controls) for record in records)
    calls = _of_role(found, "calls")
    blocked = _claim(calls)
    messages = _of_role(found, "messages")
    reached = any(f.reach is Reach.REACHED and _sure(f.record, controls) for f in messages)
    return ProviderFinding(
        targets=found,
        blocked=blocked,
        messages=reached,
        stages=_stages(found),
        tested=_tested(found),
        notes=tuple(_notes(found, messages, calls, reached=reached)),
    )


# --- one target ---------------------------------------------------------------------------------------


def _target(record: TargetRecord, controls: Sequence[TargetRecord]) -> TargetFinding:
    if record.expired:
        return TargetFinding(record, Reach.STALE)
    good = [t for t in record.tries if t.what == "own" and is_good(record, t)]
    if any(t.learnt == "system" for t in good):
        return TargetFinding(record, Reach.REACHED)
    seen = [s for s in record.canaries if s.failure is None]
    if not seen:
        return TargetFinding(record, Reach.UNCLEAR if good else Reach.NO_CANARY)
    if any(not s.alive for s in seen):
        # the canary's word of the second round is the newer one; any word against the target is enough
        return TargetFinding(record, Reach.UNCLEAR if good else Reach.STALE)
    if not (_repeated(record) and _looked_between(record, seen) and living(controls)):
        return TargetFinding(record, Reach.UNCLEAR)
    if good:
        return _misnamed(record, good)
    return _unreached(record, seen)


def is_good(record: TargetRecord, each: TargetTry) -> bool:
    """Whether a try met the provider's own server."""
    good = GOOD.get(record.transport, set())
    return each.answer in good or (each.answer == "untrusted" and record.trust == "private")


def living(controls: Sequence[TargetRecord]) -> bool:
    """Whether in each round some control's name resolved and its server answered with its own certificate."""
    return all(
        any(
            t.round == number and t.learnt == "system" and t.what == "own" and is_good(control, t)
            for control in controls
            for t in control.tries
        )
        for number in ROUNDS
    )


def _repeated(record: TargetRecord) -> bool:
    """Whether both rounds were asked, far enough apart."""
    times = {n: [a.at_us for a in record.answers if a.round == n] for n in ROUNDS}
    for each in record.tries:
        times.setdefault(each.round, []).append(each.started_us)
    ended = [t.ended_us for t in record.tries if t.round == 1] + times[1]
    return bool(times[1] and times[2]) and min(times[2]) - max(ended) >= REPEAT_AFTER_S * 1e6


def _looked_between(record: TargetRecord, seen: Sequence[CanarySight]) -> bool:
    """Whether a canary saw the target alive after our first failure and before our last: an outage of the
    provider that began or ended in between would else look like a block.
    """
    first = min([t.ended_us for t in record.tries if t.round == 1] + _denied_us(record), default=None)
    last = max((t.started_us for t in record.tries if t.round == 2), default=None)
    if first is None:
        return False
    return any(
        s.round == 2
        and s.at_us / 1e6 - s.age_s >= first / 1e6 - AGE_SLACK_S
        and (last is None or s.at_us <= last)
        for s in seen
    )


def _denied_us(record: TargetRecord) -> list[int]:
    return [a.at_us for a in record.answers if a.round == 1 and not a.addresses]


def _misnamed(record: TargetRecord, good: Sequence[TargetTry]) -> TargetFinding:
    """The canary's addresses answer this line, the resolver's do not: is the resolver's answer false?"""
    both = all({e.round for e in column} >= set(ROUNDS) for column in (good, record.answers))
    kinds = {_lie(record, answer) for answer in record.answers}
    lie = next(iter(kinds)) if len(kinds) == 1 else None
    if not both or lie is None:
        return TargetFinding(record, Reach.UNCLEAR)
    return TargetFinding(record, Reach.BLOCKED, Stage.RESOLVE, lie)


def _lie(record: TargetRecord, answer: NameAnswer) -> str | None:
    """What is false about one answer of the system's resolver; None where it may be honest.

    Other addresses than the canary's are no lie by themselves: content networks answer by where one asks.
    """
    if answer.failure is Failure.DNS_NXDOMAIN:
        return "dns.deny"
    if answer.failure is not None or not answer.addresses:
        return None
    if set(answer.kinds) <= NOT_PUBLIC:
        return "dns.forge"
    tries = [t for t in record.tries if t.round == answer.round and t.learnt == "system" and t.what == "own"]
    if tries and all(t.answer == "other" for t in tries):
        return "dns.forge"
    known = {a for s in record.canaries for a in s.resolved}
    stranger = record.prefixed and "expected" not in answer.kinds and not known & set(answer.addresses)
    return "dns.forge" if stranger and tries and all(not t.answer for t in tries) else None


def _unreached(record: TargetRecord, seen: Sequence[CanarySight]) -> TargetFinding:
    """Dead at every address that was tried, among them one where the canary found it alive."""
    alive = {a for s in seen for a in s.alive}
    own = [t for t in record.tries if t.what == "own"]
    by_round = [[t for t in own if t.round == n and t.address in alive] for n in ROUNDS]
    deciding = [t for tries in by_round for t in tries]
    unclear = TargetFinding(record, Reach.UNCLEAR)
    if not all(by_round) or any(_ours(t) for t in own):
        return unclear
    if record.transport == "tls" and all(t.answer == "other" for t in deciding):
        return TargetFinding(record, Reach.BLOCKED, Stage.REACH, "tls.forge")
    if any(t.answer for t in own):
        return unclear  # an alert, a certificate of an authority that we do not know, or nonsense
    return TargetFinding(record, Reach.BLOCKED, Stage.REACH, _how(record, deciding))


def _ours(each: TargetTry) -> bool:
    """Whether a try failed by this device's own doing: no route, no buffer, or something without a name."""
    return not each.answer and each.failure not in REFUSED | SILENT | CUT


def _how(record: TargetRecord, dead: Sequence[TargetTry]) -> str | None:
    """The mechanism that all deciding tries agree on, None without one."""
    if record.transport == "stun":
        return None  # the port, STUN and the address die alike
    if all(t.connect_ms is None for t in dead):
        if all(t.failure in SILENT for t in dead):
            return "addr.drop"
        return "addr.reject" if all(t.failure in REFUSED for t in dead) else None
    if record.transport != "tls" or any(t.connect_ms is None for t in dead):
        return None
    if not all(_answers_neutrally(record, t) for t in dead):
        return None
    if all(t.failure in CUT for t in dead):
        return "tls.reset"
    return "tls.drop" if all(t.failure in SILENT for t in dead) else None


def _answers_neutrally(record: TargetRecord, dead: TargetTry) -> bool:
    """Whether the same address, in the same round, answered TLS with a name that no call app has."""
    return any(
        t.what == "neutral"
        and (t.round, t.address) == (dead.round, dead.address)
        and t.answer in {"certificate", "untrusted", "other", "alert"}
        for t in record.tries
    )


# --- one app ------------------------------------------------------------------------------------------


def _of_role(found: Iterable[TargetFinding], role: str) -> list[TargetFinding]:
    return [f for f in found if role in f.record.roles]


def _claim(calls: Sequence[TargetFinding]) -> Finding | None:
    """Blocked when every server that calls need, but for stale ones, is."""
    fresh = [f for f in calls if f.reach is not Reach.STALE]
    if not fresh or any(f.reach is not Reach.BLOCKED for f in fresh):
        return None
    stage = Stage.RESOLVE if all(f.stage is Stage.RESOLVE for f in fresh) else Stage.REACH
    rule = "blocked.resolve" if stage is Stage.RESOLVE else "blocked.reach"
    return Finding(rule, stage, None, _common(fresh))


def _sure(record: TargetRecord, controls: Sequence[TargetRecord]) -> bool:
    """A mere connection may be a portal's: it counts where a control showed its certificate."""
    if record.transport != "tcp":
        return True
    return any(is_good(c, t) and t.learnt == "system" for c in controls for t in c.tries)


def _stages(found: Sequence[TargetFinding]) -> tuple[tuple[Stage, str, str | None], ...]:
    """One rule for the resolving and one for the reaching, over the app's message and call servers."""
    own = [f for f in found if {"messages", "calls"} & set(f.record.roles)]
    stages: list[tuple[Stage, str, str | None]] = []
    lied = [f for f in own if f.reach is Reach.BLOCKED and f.stage is Stage.RESOLVE]
    if lied:
        stages.append((Stage.RESOLVE, "blocked.resolve", _common(lied)))
    here = [f for f in own if f.stage is Stage.REACH]
    rules = (
        (Reach.BLOCKED, "blocked.reach"),
        (Reach.REACHED, "ok.reach"),
        (Reach.NO_CANARY, "insufficient.no-canary"),
        (Reach.UNCLEAR, "insufficient.provider"),
        (Reach.STALE, "insufficient.stale"),
    )
    rule = next((name for reach, name in rules if any(f.reach is reach for f in here)), None)
    if rule is not None:
        stages.append((Stage.REACH, rule, _common([f for f in here if f.reach is Reach.BLOCKED])))
    return tuple(stages)


def _common(found: Sequence[TargetFinding]) -> str | None:
    """The mechanism that they share, None without one."""
    labels = {f.mechanism for f in found}
    return labels.pop() if len(labels) == 1 else None


def _tested(found: Sequence[TargetFinding]) -> tuple[str, ...]:
    """Addresses count as tested when every call server gave a clear answer; names by one TLS target's."""
    clear = {Reach.REACHED, Reach.BLOCKED}
    calls = _of_role(found, "calls")
    words = []
    if calls and all(f.reach in clear for f in calls):
        words.append("provider-address")
    if any(f.reach in clear and f.record.transport == "tls" for f in found):
        words.append("sni-or-name")
    return tuple(words)


def _notes(
    found: Sequence[TargetFinding],
    messages: Sequence[TargetFinding],
    calls: Sequence[TargetFinding],
    *,
    reached: bool,
) -> list[str]:
    notes: list[str] = []
    fresh = [f for f in messages if f.reach is not Reach.STALE]
    if reached:
        notes.append("messages-reachable")
    elif fresh and all(f.reach is Reach.BLOCKED for f in fresh):
        notes.append("messages-unreachable")
    blocked = [f for f in calls if f.reach is Reach.BLOCKED]
    if blocked and _claim(calls) is None:
        notes.append("call-servers-partly-unreachable")
    stun = _of_role(found, "stun")
    if stun and all(f.reach is Reach.BLOCKED for f in stun):
        notes.append("stun-unreachable")
    if any(f.reach is Reach.STALE for f in found):
        notes.append("targets-stale")
    if any(f.reach is Reach.NO_CANARY for f in found):
        notes.append("no-canary")
    if any(f.reach is Reach.UNCLEAR for f in found):
        notes.append("provider-unclear")
    return notes
