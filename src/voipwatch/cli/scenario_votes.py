"""A scenario by its votes alone: calendar, then the store's votes, then the detector; no report is made.

What the detector does with a year takes minutes, what the collector and the loader do with its 200,000
reports takes an hour. For tables over many seeds the votes are therefore put into the store as the loader
would have put them: one form a run, the verdicts of its drawn check. A test holds this way and the whole way
together.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Final

import msgspec

from voipwatch.cli.scenario_run import change_of
from voipwatch.collector.prefixes import PrefixHasher
from voipwatch.lab.scenarios.calendar import OPEN, Run
from voipwatch.lab.scenarios.drawing import Library, Wanted
from voipwatch.lab.scenarios.handing import Dice
from voipwatch.lab.scenarios.people import address_of
from voipwatch.lab.scenarios.score import Change
from voipwatch.lab.scenarios.table import Nat, NoiseKind, Scenario
from voipwatch.model.cells import CALL_STAGE
from voipwatch.model.incidents import Incident
from voipwatch.model.ruleset import RULESET
from voipwatch.model.submission import PrefixKind, RunKind
from voipwatch.model.vocabulary import LINE, Verdict
from voipwatch.model.votes import Vote
from voipwatch.pipeline.ballots import call_verdict, line_verdict
from voipwatch.pipeline.chronicling import Chronicling
from voipwatch.pipeline.detecting import Detecting
from voipwatch.pipeline.pieces import Piece
from voipwatch.store.rows import SegmentRows
from voipwatch.store.store import Store

PIECE_RUNS: Final = 4096
"""Runs whose votes go into the store at once."""


class Said(msgspec.Struct, frozen=True):
    """One vote's verdict."""

    app: str
    verdict: Verdict
    mechanism: str = ""


Saying = Callable[[Run], Sequence[Said]]
"""What a run's report says; nothing where no report comes of it."""


def said_as_planted(scenario: Scenario) -> Saying:
    """As if every check said what its world is there for."""
    dead = {noise.world for noise in scenario.noise if noise.kind is NoiseKind.OUTAGE}
    buggy = {noise.world: noise.apps for noise in scenario.noise if noise.kind is NoiseKind.RELEASE}
    bad = {noise.line for noise in scenario.noise if noise.line}

    def said(run: Run) -> Sequence[Said]:
        if run.kind.world in dead:
            return ()
        if run.kind.line in bad:
            return [Said(app, Verdict.INSUFFICIENT) for app in (*run.kind.apps, LINE)]
        spoilt = buggy.get(run.kind.world, run.kind.apps if run.kind.world != OPEN else ())
        return [
            *(Said(app, Verdict.BLOCKED if app in spoilt else Verdict.OK) for app in run.kind.apps),
            Said(LINE, Verdict.OK),
        ]

    return said


def said_by_checks(scenario: Scenario, library: Library) -> Saying:
    """As the kept checks were judged; one without a signed log is no report. Raises FileNotFoundError."""
    kept: dict[Wanted, Sequence[Said]] = {}

    def said(run: Run) -> Sequence[Said]:
        wanted = Wanted(run.kind, run.draw, scenario.budget_bytes)
        if wanted not in kept:
            report = library.read(wanted)
            if all(facts.log is None for facts in report.measurement.reflectors):
                kept[wanted] = ()
            else:
                rows = report.check.results
                kept[wanted] = [
                    *(Said(row.app, call_verdict(row), row.mechanism or "") for row in rows),
                    Said(LINE, line_verdict(rows)[0]),
                ]
        return kept[wanted]

    return said


def votes_of_runs(scenario: Scenario, runs: Iterable[Run], seed: int, said: Saying) -> Iterator[list[Vote]]:
    """Each run's votes at the stage of the whole call, in the calendar's order."""
    hasher = PrefixHasher(None, Dice(seed))
    pseudonyms: dict[tuple[str, str], str] = {}
    for run in runs:
        name = (run.person.name, run.month)
        if name not in pseudonyms:
            pseudonyms[name] = run.person.pseudonym(seed, run.month)
        prefix, _ = hasher.hash(address_of(scenario, run.person), run.arrives_s)
        carrier = scenario.access(run.person.access).nat is Nat.CARRIER
        text = f"{seed} {run.person.name} {run.turn} {run.run_kind.value}"
        form = Vote(
            report_id=blake2b(text.encode(), digest_size=16).hexdigest(),
            pseudonym=pseudonyms[name],
            prefix=prefix,
            prefix_kind=PrefixKind.CARRIER if carrier else PrefixKind.UNKNOWN,
            country=scenario.country_of(run.person.operator),
            operator=scenario.operator(run.person.operator).name,
            access=run.person.access,
            app=LINE,
            stage=CALL_STAGE,
            observed_at_ms=int(run.at_s) * 1000,
            received_at_ms=round(run.arrives_s * 1000),
            kind=run.run_kind,
            enrolled=run.run_kind is not RunKind.MANUAL,
            verdict=Verdict.INSUFFICIENT,
            rule="",
            ruleset=RULESET,
            instance=scenario.instance,
        )
        yield [
            msgspec.structs.replace(form, app=each.app, verdict=each.verdict, mechanism=each.mechanism)
            for each in said(run)
        ]


def observe_votes(
    scenario: Scenario,
    runs: Sequence[Run],
    seed: int,
    *,
    store: Store,
    data: Path,
    said: Saying,
    on_progress: Callable[[int, int], None] | None = None,
) -> tuple[list[Change], list[Incident]]:
    """Put all votes into an empty store; detect, and tell, as they come. Raises StoreError, OSError.

    Returns:
        changepoints, and the newest revision of every incident.
    """
    detecting, chronicling = Detecting(store), Chronicling(store, data)
    changes: list[Change] = []
    votes = votes_of_runs(scenario, runs, seed, said)
    for number, start in enumerate(range(0, len(runs), PIECE_RUNS), 1):
        count = min(PIECE_RUNS, len(runs) - start)
        rows = SegmentRows()
        rows.votes([vote for _ in range(count) for vote in next(votes)])
        piece = Piece(number, scenario.id, start, start + count)
        store.insert_segment(piece.votes_name, rows)
        found = detecting.consume([piece])
        changes += [change_of(each) for each in found]
        if found:
            store.refresh_cells()
            chronicling.turn()
        if on_progress is not None:
            on_progress(start + count, len(runs))
    store.refresh_cells()
    chronicling.turn()
    return changes, list(chronicling.folder(scenario.instance).state().newest.values())
