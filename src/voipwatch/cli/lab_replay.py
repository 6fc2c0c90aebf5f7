"""`voipwatch lab replay`: the transcript of one run of the matrix."""

from typing import Annotated

import msgspec
from cyclopts import Parameter
from rich.text import Text

from voipwatch.cli.conclude import conclude
from voipwatch.cli.context import Context
from voipwatch.cli.errors import CLEAR, INTERFERENCE, Misuse, Trouble
from voipwatch.cli.lab import SEED_MAX, find_world, read_table
from voipwatch.cli.show import show_check, table
from voipwatch.cli.values import parse_apps, parse_count, shown
from voipwatch.cli.working import shown_wait
from voipwatch.lab import ndpi
from voipwatch.lab.grading import expected_of
from voipwatch.lab.replay import FlowTold, Transcript, replay
from voipwatch.lab.worlds import World, load_worlds
from voipwatch.model.measurement import OVERTIME
from voipwatch.model.results import Check


def replay_run(
    world: Annotated[str, Parameter(metavar="WORLD")],
    *,
    context: Annotated[Context, Parameter(parse=False)],
    line: Annotated[str | None, Parameter(metavar="LINE")] = None,
    seed: Annotated[int, Parameter(metavar="N")] = 1,
    app: Annotated[str | None, Parameter(metavar="A,B")] = None,
    table: Annotated[str | None, Parameter(metavar="FILE.toml")] = None,
    full: bool = False,
    json: bool = False,
) -> int:
    """One run again, with what the censor did; 0 when every app got what the world expects, else 1."""
    place, line = _place(find_world(world, read_table(table)), line)
    parse_count(seed, option="--seed", low=0, high=SEED_MAX)
    apps = tuple(place.expected)
    if app is not None:
        apps = parse_apps(app, every=False, profiled=apps)
        strange = [name for name in apps if name not in place.expected]
        if strange:
            known = ", ".join(place.expected)
            raise Misuse("error.world_app", world=place.id, app=", ".join(strange), known=known)
    if place.needs_ndpi and not ndpi.is_installed():
        raise Trouble("error.ndpi", world=place.id)
    with shown_wait(context, "lab.measuring"):
        transcript, measurement = replay(place, apps=apps, seed=seed, line=line)
    check = conclude(measurement, context.judging(), context.texts)
    wrong = _wrong(place, transcript.line, check)
    if json:
        rows = [msgspec.to_builtins(row) for row in check.results]
        document = {**msgspec.to_builtins(transcript), "unexpected": wrong, "results": rows}
        context.print_json(msgspec.json.format(msgspec.json.encode(document), indent=2))
    else:
        _show(context, transcript, full=full)
        show_check(context, check, emulated=True)
        for row in check.results:
            wanted = "/".join(expected_of(place, row.app, transcript.line).verdicts)
            context.tell("replay.row", app=row.app, rule=row.rule, expected=wanted)
    return INTERFERENCE if wrong else CLEAR


def _place(place: World, line: str | None) -> tuple[World, str | None]:
    """The world, and the line's name unless it is the world's own, of which it may draw."""
    packaged = load_worlds().lines
    # A line that a file adds is known to that file's worlds alone, each as its own.
    if line is None or (line == place.line_name and (not place.guilty or line not in packaged)):
        return place, None
    if line not in packaged:
        raise Misuse("error.world_line", value=shown(line), known=", ".join(packaged))
    return place, line


def _wrong(place: World, line: str, check: Check) -> list[str]:
    """The apps of which something else was said than must be."""
    return [
        row.app
        for row in check.results
        if check.interrupted == OVERTIME
        or not expected_of(place, row.app, line).accepts(row.verdict, row.stage, row.mechanism, row.direction)
    ]


def _show(context: Context, transcript: Transcript, *, full: bool) -> None:
    texts = context.texts
    context.tell("replay.head", world=transcript.world, line=transcript.line, seed=transcript.seed)
    context.tell("replay.censor", policy=_plain(transcript.policy))
    if transcript.values:
        context.tell("replay.drawn", values=_plain(transcript.values))
    names = ("from", "to", "direction", "packets", "bytes", "action", "rule")
    columns = [texts(f"column.{name}") for name in names]
    for flow in transcript.flows:
        rows = _datagrams(context, flow) if full else _spans(context, flow)
        context.out.print(table(texts, columns, rows, title=_title(context, flow)))
    decided = [
        [f"{d.at_s:.3f}", d.app, d.arm, d.question, d.stage, d.outcome, str(d.packets), str(d.flows)]
        for d in transcript.decisions
    ]
    heads = ("at", "app", "arm", "question", "stage", "outcome", "packets", "flows")
    rows_: list[list[Text | str]] = [[*row] for row in decided]
    title = texts("replay.decisions")
    context.out.print(table(texts, [texts(f"column.{name}") for name in heads], rows_, title=title))


def _title(context: Context, flow: FlowTold) -> str:
    words = [flow.app, flow.arm, flow.leg, flow.question]
    told = " ".join(word for word in words if word) or flow.proto
    ends = {"near": flow.near_port, "far": flow.far}
    if flow.sent is None:
        return context.texts("replay.ends", name=told, **ends)
    return context.texts("replay.flow", name=told, sent=flow.sent, received=flow.received, **ends)


def _spans(context: Context, flow: FlowTold) -> list[list[Text | str]]:
    return [
        [
            f"{span.from_s:.3f}",
            f"{span.to_s:.3f}",
            context.texts(f"direction.{span.direction}"),
            str(span.packets),
            str(span.size_bytes),
            _action(span.action),
            span.rule,
        ]
        for span in flow.spans
    ]


def _datagrams(context: Context, flow: FlowTold) -> list[list[Text | str]]:
    return [
        [
            f"{one.at_s:.6f}",
            f"{one.at_s + one.delay_s:.6f}",
            context.texts(f"direction.{one.direction}"),
            "1",
            str(one.size_bytes),
            _action(one.action),
            one.rule,
        ]
        for one in flow.datagrams
    ]


def _action(word: str) -> Text:
    return Text(word, "" if word == "pass" else "bold red")


def _plain(value: object) -> str:
    return msgspec.json.encode(value).decode()
