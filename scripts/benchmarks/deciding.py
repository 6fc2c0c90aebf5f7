"""How soon, from how little and for how much data a block is certain: clear-cut worlds, 20 to 200 ms.

Times and counts come from the measurement's flow records; the stopping rule's own account (`Decision`) only
says when it stopped. A check's set-up flows are those of question `setup`, the repeat's those of `repeat`.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from itertools import product
from multiprocessing import get_context
from typing import Final

import msgspec

from scripts.benchmarks.figures import Distribution, distribution
from voipwatch.inference import judge
from voipwatch.lab.drive import run_simulated
from voipwatch.lab.line import LineCondition, LinkCondition
from voipwatch.lab.worlds import World, load_worlds
from voipwatch.model.flows import MEDIA_SEQ, FlowRecord
from voipwatch.model.measurement import Decision, Measurement
from voipwatch.model.vocabulary import LINE, Arm, Stage, Verdict

APPS: Final = ("whatsapp", "sip", "webrtc")
CLEAR_CUT: Final = {
    "port-drop": ("whatsapp",),
    "port-reject": ("sip",),
    "stun-cookie": ("whatsapp", "webrtc"),
    "turn-only": ("whatsapp",),
    "whatsapp-types": ("whatsapp",),
    "sip-text": ("sip",),
    "dtls-hello": ("webrtc",),
}
"""World -> the apps whose set-up or handshake is dead in it."""
MEDIA_DEAD: Final = ("srtp-dynamic-pt", "match-then-kill", "one-way-media")
OTHERS: Final = ("clean", "burst-10", "cut-after-n", "media-loss-80", "police", "throttled", "merely-bad")
RTTS_MS: Final = (20, 60, 120, 200)
TOGETHER, ALONE = "three apps at once", "one app alone"


class Job(msgspec.Struct, frozen=True):
    """One check: a world, a round-trip time (None: the world's own line), apps, a seed."""

    world: str
    rtt_ms: int | None
    apps: tuple[str, ...]
    seed: int


class Outcome(msgspec.Struct, frozen=True):
    """One app of one check."""

    world: str
    rtt_ms: int | None
    apps: int
    app: str
    seed: int
    verdict: str
    cost_bytes: int
    line_bytes: int
    """What serves all apps of the check: warm-up, tickets, TCP trials, logs."""
    decided_s: float | None = None
    """From the app's first set-up packet to the decision "dead"; None if there was none."""
    after_warmup_s: float | None = None
    """From the end of the warm-up to the same; waiting for its turn among other apps included."""
    packets: int | None = None
    """Set-up packets of the decided arm sent until then, summed over its flows."""
    repeated_s: float | None = None
    """From the first set-up packet until the repeat was dead too: then the verdict is certain."""


class Deciding(msgspec.Struct, frozen=True):
    """One row of the table: a world, how many apps at once."""

    world: str
    together: str
    runs: int
    """Apps whose block was looked for."""
    blocked: int
    """Verdict `blocked`."""
    undecided: int
    """Runs without a decision in the first blocks."""
    decided_s: Distribution | None
    after_warmup_s: Distribution | None
    packets: Distribution | None
    repeated_s: Distribution | None
    cost_kb: Distribution | None


class Costs(msgspec.Struct, frozen=True):
    """IP bytes both ways of one app, in kB (1,000 bytes)."""

    kind: str
    together: str
    runs: int
    cost_kb: Distribution | None


def line_of(rtt_ms: int) -> LineCondition:
    """Half of the round trip each way, and nothing else."""
    link = LinkCondition(delay_ms=rtt_ms / 2)
    return LineCondition(up=link, down=link)


def run(job: Job) -> list[Outcome]:
    """One check, judged."""
    world: World = load_worlds().get(job.world)
    if job.rtt_ms is not None:
        world = msgspec.structs.replace(world, line_name=f"{job.rtt_ms} ms", line=line_of(job.rtt_ms))
    measurement = run_simulated(world, apps=job.apps, seed=job.seed)
    rows = {row.app: row for row in judge(measurement, lang="en").results}
    return [outcome(measurement, job, app, rows[app].verdict) for app in job.apps]


def outcome(measurement: Measurement, job: Job, app: str, verdict: Verdict) -> Outcome:
    """What the records say of one app."""
    told = Outcome(
        world=job.world,
        rtt_ms=job.rtt_ms,
        apps=len(job.apps),
        app=app,
        seed=job.seed,
        verdict=verdict,
        cost_bytes=measurement.costs[app].bytes,
        line_bytes=measurement.costs[LINE].bytes,
    )
    # a dead leg is the one that was repeated; an app's other legs go on
    dead_legs = {f.kind.leg for f in measurement.flows if f.kind.app == app and f.question == "repeat"}
    mine = [f for f in measurement.flows if f.kind.app == app and f.kind.leg in dead_legs]
    first, again = (_dead(measurement.decisions, app, question) for question in ("setup", "repeat"))
    if not mine or first is None:
        return told
    # of several dead legs the one that was asked first decided; its flows alone are counted
    leg = min((f for f in mine if f.question == "setup"), key=lambda f: f.started_us).kind.leg
    mine = [f for f in mine if f.kind.leg == leg]
    begun_us = min(f.started_us for f in mine if f.question == "setup")
    decided_us = begun_us + round(first.at_s * 1e6)
    warm_us = max(f.ended_us or 0 for f in measurement.flows if f.question == "warmup")
    repeated_us = None
    if again is not None:
        repeat_us = min(f.started_us for f in mine if f.question == "repeat")
        repeated_us = repeat_us + round(again.at_s * 1e6) - begun_us
    return msgspec.structs.replace(
        told,
        decided_s=first.at_s,
        after_warmup_s=(decided_us - warm_us) / 1e6,
        packets=sum(_setup_packets(f, first.arm, decided_us) for f in mine),
        repeated_s=None if repeated_us is None else repeated_us / 1e6,
    )


def _dead(decisions: Sequence[Decision], app: str, question: str) -> Decision | None:
    """The treatment's, or where the port is dead that of its control on the port."""
    stages, arms = (Stage.SETUP.value, Stage.HANDSHAKE.value), (Arm.A.value, Arm.C.value)
    for each in decisions:
        if (each.app, each.question, each.outcome) == (app, question, "dead") and (
            each.stage in stages and each.arm in arms
        ):
            return each
    return None


def _setup_packets(flow: FlowRecord, arm: str, until_us: int) -> int:
    if flow.kind.arm.value != arm or flow.question != "setup":
        return 0
    sent = zip(flow.sent.seq, flow.sent.t_us, strict=True)
    return sum(1 for seq, t_us in sent if seq < MEDIA_SEQ and t_us <= until_us)


def plan(*, seeds: int, rtts_ms: Sequence[int], worlds: Sequence[str], others: Sequence[str]) -> list[Job]:
    """Every clear-cut world on every line, together and alone; the others on their own line."""
    jobs = []
    for world, rtt_ms, seed in product(worlds, rtts_ms, range(1, seeds + 1)):
        jobs.append(Job(world, rtt_ms, APPS, seed))
        jobs += [Job(world, rtt_ms, (app,), seed) for app in CLEAR_CUT[world]]
    for world, seed in product(others, range(1, seeds + 1)):
        jobs.append(Job(world, None, APPS, seed))
        jobs += [Job(world, None, (app,), seed) for app in APPS]
    return jobs


def run_all(jobs: Sequence[Job], *, processes: int, on_done: Callable[[int, int], None]) -> list[Outcome]:
    """Every job, on `processes` processes."""
    out: list[Outcome] = []
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        futures = [pool.submit(run, job) for job in jobs]
        for done, future in enumerate(as_completed(futures), 1):
            out += future.result()
            on_done(done, len(jobs))
    return sorted(out, key=lambda o: (o.world, o.rtt_ms or 0, o.apps, o.app, o.seed))


def deciding(outcomes: Sequence[Outcome]) -> list[Deciding]:
    """One row a clear-cut world and way of asking, and one for all of them."""
    groups: dict[tuple[str, str], list[Outcome]] = defaultdict(list)
    for each in outcomes:
        if each.app in CLEAR_CUT.get(each.world, ()):
            together = ALONE if each.apps == 1 else TOGETHER
            groups[each.world, together].append(each)
            groups["all of them", together].append(each)
    order = [*CLEAR_CUT, "all of them"]
    keys = sorted(groups, key=lambda key: (order.index(key[0]), key[1]))
    return [_row(world, together, groups[world, together]) for world, together in keys]


def _row(world: str, together: str, rows: Sequence[Outcome]) -> Deciding:
    return Deciding(
        world=world,
        together=together,
        runs=len(rows),
        blocked=sum(r.verdict == Verdict.BLOCKED for r in rows),
        undecided=sum(r.decided_s is None for r in rows),
        decided_s=distribution(r.decided_s for r in rows if r.decided_s is not None),
        after_warmup_s=distribution(r.after_warmup_s for r in rows if r.after_warmup_s is not None),
        packets=distribution(r.packets for r in rows if r.packets is not None),
        repeated_s=distribution(r.repeated_s for r in rows if r.repeated_s is not None),
        cost_kb=distribution(r.cost_bytes / 1000 for r in rows),
    )


def costs(outcomes: Sequence[Outcome]) -> list[Costs]:
    """By kind of case, together and alone; a last row is what serves all apps of a check."""
    kinds: dict[tuple[str, str], list[float]] = defaultdict(list)
    for each in outcomes:
        together = ALONE if each.apps == 1 else TOGETHER
        kinds[_kind(each), together].append(each.cost_bytes / 1000)
        if each.app == APPS[0] or each.apps == 1:
            kinds["warm-up, TCP trials, log: once a check", together].append(each.line_bytes / 1000)
    return [
        Costs(kind, together, len(values), distribution(values))
        for (kind, together), values in sorted(kinds.items())
    ]


def _kind(each: Outcome) -> str:
    if each.app in CLEAR_CUT.get(each.world, ()):
        return "clear-cut: set-up or handshake dead"
    if each.world in MEDIA_DEAD and each.verdict == Verdict.BLOCKED:
        return "clear-cut: media dead"
    return "everything else"
