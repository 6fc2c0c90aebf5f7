"""`check --locate` over chains of kernel routers, against where the box really is: `make locate`.

    python scripts/locate_table.py [--runs 2] [--rule NAME] [--processes 3] [--virtual] [--write]

Each run is a whole check, the programs that a person would start, over 3 to 12 routers with the box on one of
them, drawn by the run's number. As root, or as anybody where user namespaces are allowed. With --virtual: in
virtual time instead, over lines that lose.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from random import Random
from time import monotonic
from typing import Any, Final, NamedTuple

import msgspec

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scripts.benchmarks.arguments import Parser, at_least
from scripts.benchmarks.figures import Machine, this_machine
from scripts.benchmarks.page import PAGE, replace_between
from voipwatch.cli.kernel import KernelCheckError, report_from_kernel
from voipwatch.inference import judge
from voipwatch.lab.drive import run_simulated
from voipwatch.lab.hops import HopChain
from voipwatch.lab.worlds import load_worlds
from voipwatch.model.results import Place
from voipwatch.stats.intervals import clopper_pearson_interval

HOPS: Final = range(3, 13)
SILENT_SHARE: Final = 0.3
WANTED_S: Final = 15.0
LINES: Final = ("clean", "3g-2016", "4g-2016", "adsl-2016", "lossy5", "burst-10", "lossy-path")
"""Of the lab: first those of delay; then 5 and 10 % lost in bursts, and one way of several that is broken."""
BUDGET_BYTES: Final = 2_000_000


class Rule(NamedTuple):
    """A box, and the app that it stops."""

    policy: Mapping[str, Any]
    app: str
    before_age: bool = False
    silent: bool = False


RULES: Final = {
    "drops STUN with the magic cookie": Rule({"policy": "stun-cookie"}, "whatsapp"),
    "the same, before the router counts hops": Rule({"policy": "stun-cookie"}, "whatsapp", before_age=True),
    "the same, three hops of ten silent": Rule({"policy": "stun-cookie"}, "whatsapp", silent=True),
    "lets the first packet pass, then kills the flow": Rule({"policy": "match-then-kill"}, "whatsapp"),
    "drops SIP's text": Rule({"policy": "sip-text"}, "sip"),
    "refuses SIP's ports": Rule({"policy": "port-reject", "ports": [[5060, 5061]]}, "sip"),
}


class Job(NamedTuple):
    """One run."""

    rule: str
    hops: int
    seed: int


class Outcome(NamedTuple):
    """What one run said, and what was so."""

    job: Job
    chain: HopChain
    place: Place | None
    said: str
    """Right, wrong, or why nothing was said."""


def chain_of(job: Job) -> HopChain:
    """The routers of a run: the box and the silent ones drawn by its number."""
    rule = RULES[job.rule]
    dice = Random(f"{job}")
    box_at = dice.randint(1, job.hops)
    silent = [hop for hop in range(1, job.hops + 1) if rule.silent and dice.random() < SILENT_SHARE]
    return HopChain(job.hops, box_at, tuple(silent), rule.before_age)


def truth(chain: HopChain) -> tuple[int, int]:
    """The last router before the box's rule that answers, and the first behind it or the reflector."""
    answering = [hop for hop in range(1, chain.count + 1) if hop not in chain.silent]
    return (
        max((hop for hop in answering if hop <= chain.last_hop), default=0),
        min((hop for hop in answering if hop > chain.last_hop), default=chain.count + 1),
    )


def grade(chain: HopChain, place: Place | None) -> str:
    """`right` where both hops are named; `silent` where nobody answers and that is said."""
    if place is None:
        return "no sweep"
    if place.outcome == "silent" and len(chain.silent) == chain.count:
        return "silent"
    if place.outcome not in {"hop", "behind"}:
        return place.outcome
    return "right" if (place.after, place.before) == truth(chain) else "wrong"


def run(job: Job) -> Outcome:
    """One check."""
    rule, chain = RULES[job.rule], chain_of(job)
    world = msgspec.structs.replace(load_worlds().get("clean"), policy=dict(rule.policy))
    place, said = None, "no check"
    for _ in range(2):  # a machine that is busy may be late once
        try:
            report = report_from_kernel(
                world, [rule.app], seed=job.seed, budget_bytes=BUDGET_BYTES, hops=chain
            )
        except KernelCheckError as error:
            print(f"{job}: {error}", file=sys.stderr, flush=True)
        else:
            place = report.check.results[0].place
            said = grade(chain, place)
            break
    print(f"{job.rule}, {job.hops} hops, box at {chain.box_at}: {said}", file=sys.stderr, flush=True)
    return Outcome(job, chain, place, said)


def run_virtual(job: Job, line: str) -> Outcome:
    """One check in virtual time over a line condition of the lab."""
    rule, chain = RULES[job.rule], chain_of(job)
    world = msgspec.structs.replace(load_worlds().get("clean"), policy=dict(rule.policy))
    measurement = run_simulated(world, apps=[rule.app], seed=job.seed, line=line, hops=chain)
    place = judge(measurement).results[0].place
    return Outcome(job, chain, place, grade(chain, place))


def virtual_table(by_line: Mapping[str, Sequence[Outcome]], command: str) -> Iterator[str]:
    """The second section: what loss on the line does to it."""
    yield f"`{command}`: every rule over 3 to 12 routers, both drawn by the run's number."
    yield ""
    yield "| line | runs | right hop | a place said | it holds the box | longest sweep |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for line, found in by_line.items():
        right = sum(one.said in {"right", "silent"} for one in found)
        said = [one for one in found if one.place is not None and one.place.after is not None]
        holding = sum(holds(one) for one in said)
        longest = max((one.place.seconds for one in found if one.place is not None), default=0.0)
        yield f"| {line} | {len(found)} | {right} | {len(said)} | {holding} | {longest:.1f} s |"


def holds(one: Outcome) -> bool:
    """Whether the box is between the two hops that are named."""
    place = one.place
    if place is None or place.after is None or place.before is None:
        return False
    return place.after <= one.chain.last_hop < place.before


def table(outcomes: Sequence[Outcome], machine: Machine, command: str, took_s: float) -> Iterator[str]:
    """The section of docs/benchmarks.md."""
    load = "unknown" if machine.load_1min is None else f"{machine.load_1min:.2f}"
    yield f"`{command}` on {machine.date} UTC, {machine.cpu}, {machine.cores} cores, {machine.kernel}, Python"
    yield f"{machine.python}, load {load} before it, {took_s / 60:.0f} min."
    yield ""
    yield "| box | runs | right hop | not said | wrong | longest sweep | tries at most |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for name in RULES:
        found = [one for one in outcomes if one.job.rule == name]
        if found:
            yield f"| {name} {_row(found)}"
    yield f"| **all** {_row(outcomes)}"
    yield ""
    yield "By the number of routers: " + "; ".join(_by_hops(outcomes)) + "."
    confident = [one.place.confidence for one in outcomes if one.said == "right" and one.place is not None]
    said = sorted(value for value in confident if value is not None)
    if said:
        least, median = said[0], said[len(said) // 2]
        yield ""
        yield f"Confidence of the right answers: {least:.3f} at least, {median:.3f} at the median."


def _row(found: Sequence[Outcome]) -> str:
    right = sum(one.said in {"right", "silent"} for one in found)
    wrong = sum(one.said == "wrong" for one in found)
    exact = clopper_pearson_interval(right, len(found))
    swept = [one.place for one in found if one.place is not None]
    longest = max((place.seconds for place in swept), default=0.0)
    tries = max((place.tries for place in swept), default=0)
    share = f"{right} ({100 * right / len(found):.0f} %, {100 * exact.low:.0f} to {100 * exact.high:.0f} %)"
    return f"| {len(found)} | {share} | {len(found) - right - wrong} | {wrong} | {longest:.1f} s | {tries} |"


def _by_hops(outcomes: Sequence[Outcome]) -> Iterator[str]:
    for hops in HOPS:
        found = [one for one in outcomes if one.job.hops == hops]
        if found:
            right = sum(one.said in {"right", "silent"} for one in found)
            longest = max((one.place.seconds for one in found if one.place is not None), default=0.0)
            yield f"{hops}: {right} of {len(found)}, {longest:.1f} s"


def over_lines(command: str, runs: int, *, write: bool) -> int:
    """The second section. 1 where an interval of 95 % holds the box in less than that."""
    by_line = {
        line: [run_virtual(Job(rule, 3 + seed % 10, seed), line) for seed in range(runs) for rule in RULES]
        for line in LINES
    }
    text = "\n".join(virtual_table(by_line, command))
    print(text)
    if write:
        PAGE.write_text(replace_between(PAGE.read_text("utf-8"), "locate-lines", text), "utf-8")
    said = [one for found in by_line.values() for one in found if one.place and one.place.after is not None]
    return int(sum(map(holds, said)) < 0.95 * len(said))


def main() -> int:
    """Runs all, prints, and with --write puts it into docs/benchmarks.md. 1 under 95 % or over 15 s."""
    parser = Parser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--runs", type=at_least(1), default=2)
    parser.add_argument("--processes", type=at_least(1), default=3)
    parser.add_argument("--rule", action="append", choices=sorted(RULES), default=None)
    parser.add_argument("--hops", action="append", type=int, choices=HOPS, default=None)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--virtual", action="store_true")
    chosen = parser.parse_args()
    command = " ".join(["python", "scripts/locate_table.py", *sys.argv[1:]])
    if chosen.virtual:
        return over_lines(command, chosen.runs, write=chosen.write)
    jobs = [
        Job(rule, hops, seed)
        for seed in range(1, chosen.runs + 1)
        for hops in chosen.hops or HOPS
        for rule in chosen.rule or RULES
    ]
    machine, start_s = this_machine(), monotonic()
    with ProcessPoolExecutor(chosen.processes) as pool:
        outcomes = list(pool.map(run, jobs))
    text = "\n".join(table(outcomes, machine, command, monotonic() - start_s))
    print(text)
    for one in outcomes:
        if one.said not in {"right", "silent"}:
            print(one, file=sys.stderr)
    if chosen.write:
        PAGE.write_text(replace_between(PAGE.read_text("utf-8"), "locate", text), "utf-8")
    right = sum(one.said in {"right", "silent"} for one in outcomes)
    slow = any(one.place is not None and one.place.seconds > WANTED_S for one in outcomes)
    return int(slow or right < 0.95 * len(outcomes))


if __name__ == "__main__":
    raise SystemExit(main())
