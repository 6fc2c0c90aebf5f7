"""A scenario's outcome for people and for machines: what the observatory tells, beside what was planted and
what was said of the real block.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec
from rich.text import Text

from voipwatch.chronicle.claims_file import all_packaged_claims
from voipwatch.chronicle.titles import hours_text, status_of, title_of, told
from voipwatch.cli.context import Context
from voipwatch.cli.show import table
from voipwatch.lab.scenarios.score import PhaseLine, Score, phase_lines
from voipwatch.lab.scenarios.story import Story, Told
from voipwatch.lab.scenarios.table import Scenario
from voipwatch.lab.scenarios.truth import Series
from voipwatch.model.claims import Claim
from voipwatch.model.incidents import Incident, IncidentStatus, Phase
from voipwatch.model.instants import iso, seconds

if TYPE_CHECKING:
    from voipwatch.cli.scenario_run import Outcome

SCHEMA: Final = "voipwatch.lab-scenario/2"
RIGHT: Final = "green"
WRONG: Final = "bold red"
WIDE: Final = 120
"""Columns of a terminal from which on the chronology has its intervals on one line."""


class Found(NamedTuple):
    """A run against its truth."""

    series: Score
    story: Story
    interval_h: float
    """Widest interval that is good enough."""

    @property
    def right(self) -> bool:
        """Whether everything planted was found and told, closely enough, and nothing else."""
        return self.series.right and self.story.right and self.series.widest_h <= self.interval_h


# --- the chronology -----------------------------------------------------------------------------------------


def show_story(context: Context, chosen: Scenario, story: Story, incidents: Sequence[Incident]) -> None:
    """The chronology that was found beside the one that was told, phase by phase; then order and hours."""
    texts = context.texts
    context.tell("scenario.emulated", title=chosen.title, style="bold")
    for incident in incidents:
        if incident.status is not IncidentStatus.WITHDRAWN:
            context.tell(
                "scenario.incident",
                id=incident.id,
                title=told(title_of(incident), texts.lang),
                status=told(status_of(incident), texts.lang),
            )
    claims = {claim.id: claim for claim in all_packaged_claims()}
    said = {press.phase: [claims[name] for name in press.claims] for press in chosen.press}
    rows: list[list[Text | str]] = [
        [
            texts(f"scenario.phase.{each.phase.replace(' ', '_')}"),
            "\n".join(_saying(context, claim) for claim in said.get(each.phase, [])),
            _found_text(context, each.found),
            _folded(context, _span(each.since_s, each.until_s)),
            _verdict(context, right=each.right),
        ]
        for each in story.phases
    ]
    names = ("phase", "press", "observatory", "planted", "verdict")
    context.out.print(table(texts, [texts(f"column.{name}") for name in names], rows))
    context.tell("scenario.reading", style="dim")
    if any(sign in claim.date for each in said.values() for claim in each for sign in "~?%/"):
        context.tell("scenario.edtf", style="dim")
    _show_what_is_wrong(context, story)
    _show_order(context, story)


def _verdict(context: Context, *, right: bool) -> Text:
    return Text(context.texts("scenario.right" if right else "scenario.missed"), RIGHT if right else WRONG)


def _saying(context: Context, claim: Claim) -> str:
    publisher = claim.source.publisher or context.texts("scenario.publisher_unknown")
    return f"{claim.date.replace('/', ' – ')} {publisher}"


def _found_text(context: Context, phase: Phase | None) -> str:
    if phase is None:
        return "-"
    span = _span(None if phase.earliest is None else seconds(phase.earliest), seconds(phase.latest))
    text = _folded(context, span)
    if phase.blocked_hours:
        text += "\n" + context.texts("scenario.at_hours", hours=hours_text(phase.blocked_hours))
    return text


def _show_what_is_wrong(context: Context, story: Story) -> None:
    if not story.one:
        context.tell(
            "scenario.not_one", count=len(story.incidents), ids=", ".join(story.incidents), style=WRONG
        )
    for phase in story.strange:
        context.tell(
            "scenario.strange",
            kind=context.texts(f"scenario.phase_kind.{phase.kind.value}"),
            series=len(phase.series),
            span=_span(None if phase.earliest is None else seconds(phase.earliest), seconds(phase.latest)),
            style=WRONG,
        )
    for hours in story.hours:
        if not hours.right:
            context.tell(
                "scenario.hours",
                line=f"{hours.operator} {hours.access.value}",
                found=hours_text(hours.found) or "-",
                planted=hours_text(hours.planted),
                series=hours.series,
                of=hours.of,
                style=WRONG,
            )


def _show_order(context: Context, story: Story) -> None:
    context.tell(
        "scenario.order",
        told=story.pairs - story.untold,
        of=story.pairs,
        reversed=story.reversed,
        style=RIGHT if story.order_right else WRONG,
    )


# --- every series -------------------------------------------------------------------------------------------


def show_series(context: Context, chosen: Scenario, result: Score) -> None:
    """Line by line in each phase: planted, and found over its apps."""
    texts = context.texts
    rows: list[list[Text | str]] = [
        [
            texts(f"scenario.phase.{line.phase}"),
            f"{line.operator} {line.access.value}",
            _minute(line.at_s),
            _interval(line),
            Text(f"{line.found}/{line.of}", RIGHT if line.found == line.of else WRONG),
        ]
        for line in phase_lines(chosen, result)
    ]
    names = ("phase", "line", "planted", "found", "series_found")
    context.out.print(table(texts, [texts(f"column.{name}") for name in names], rows))


def show_edges(context: Context, result: Score) -> None:
    """How many onsets and ends are right, and which are false."""
    context.tell(
        "scenario.edges",
        right=len(result.edges) - len(result.missed),
        of=len(result.edges),
        widest=f"{result.widest_h:.0f}",
        wrong=len(result.wrong),
        silences=result.silences,
        style=RIGHT if result.right else WRONG,
    )
    for change in result.wrong:
        context.tell(
            "scenario.wrong",
            kind=context.texts(f"scenario.kind.{change.kind}"),
            series=f"{change.series.operator} {change.series.access.value} {change.series.app}",
            at=_minute(change.latest_s),
            style="red",
        )


def _interval(line: PhaseLine) -> str:
    return "-" if line.latest_s is None else _span(line.earliest_s, line.latest_s)


def _span(first_s: float | None, last_s: float) -> str:
    first = "?" if first_s is None else _minute(first_s)
    return first if first_s == last_s else f"{first} .. {_minute(last_s)}"


def _folded(context: Context, span: str) -> str:
    """An interval on two lines where the terminal has no room for two of them side by side."""
    return span if context.out.width >= WIDE else span.replace(" .. ", " ..\n")


def _minute(at_s: float) -> str:
    return datetime.fromtimestamp(at_s, tz=UTC).strftime("%Y-%m-%d %H:%M")


# --- for machines -------------------------------------------------------------------------------------------


def scenario_json(chosen: Scenario, found: Found, outcome: "Outcome", run: dict[str, Any]) -> bytes:
    """The whole outcome. `run`: size, seed, took_s."""
    result, story = found.series, found.story
    document = {
        "schema": SCHEMA,
        "scenario": chosen.id,
        "synthetic": True,
        "instance": chosen.instance,
        "size": run["size"],
        "seed": run["seed"],
        "right": found.right,
        "incidents": outcome.incidents,
        "revisions": outcome.revisions,
        "story": _story_json(story),
        "lines": [_line_json(line) for line in phase_lines(chosen, result)],
        "press": chosen.press,
        "missed": [
            _series_json(edge.series) | {"kind": edge.kind, "at": iso(edge.at_s)} for edge in result.missed
        ],
        "wrong": [
            _series_json(change.series) | {"kind": change.kind, "latest": iso(change.latest_s)}
            for change in result.wrong
        ],
        "edges": len(result.edges),
        "widest_h": round(result.widest_h, 1),
        "silences": result.silences,
        "runs": outcome.runs,
        "checks": outcome.checks,
        "checks_run": outcome.checks_run,
        "taken": outcome.handed.taken,
        "refused": outcome.handed.refused,
        "reports": outcome.reports,
        "observations": outcome.observations,
        "votes": outcome.votes,
        "cells": outcome.cells,
        "judged": outcome.judged,
        "seconds": {name: round(value, 1) for name, value in outcome.seconds.items()},
        "took_s": round(run["took_s"], 1),
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=2)


def _story_json(story: Story) -> dict[str, Any]:
    return {
        "right": story.right,
        "incidents": story.incidents,
        "phases": [_told_json(each) for each in story.phases],
        "strange": story.strange,
        "order": {
            "pairs": story.pairs,
            "untold": story.untold,
            "reversed": story.reversed,
            "ends_wrong": story.ends_wrong,
        },
        "hours": [{**msgspec.to_builtins(hours), "right": hours.right} for hours in story.hours],
    }


def _told_json(each: Told) -> dict[str, Any]:
    return {
        "phase": each.phase,
        "right": each.right,
        "planted_since": iso(each.since_s),
        "planted_until": iso(each.until_s),
        "earliest": None if each.found is None else each.found.earliest,
        "latest": None if each.found is None else each.found.latest,
        "blocked_hours": () if each.found is None else each.found.blocked_hours,
    }


def _series_json(series: Series) -> dict[str, Any]:
    return {"operator": series.operator, "access": series.access.value, "app": series.app}


def _line_json(line: PhaseLine) -> dict[str, Any]:
    return {
        "phase": line.phase,
        "operator": line.operator,
        "access": line.access.value,
        "planted": iso(line.at_s),
        "earliest": None if line.earliest_s is None else iso(line.earliest_s),
        "latest": None if line.latest_s is None else iso(line.latest_s),
        "found": line.found,
        "of": line.of,
    }
