"""`voipwatch probe status`: what the probe does, has done and keeps; it changes nothing and sends nothing."""

from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
from cyclopts import Parameter
from rich.table import Table
from rich.text import Text

from voipwatch.cli import machinery
from voipwatch.cli.context import Context, wall_s
from voipwatch.cli.errors import CLEAR
from voipwatch.cli.language import Size
from voipwatch.cli.probe_place import probe_folder, unusable, wanted_consent
from voipwatch.cli.probe_run import reason_text
from voipwatch.cli.values import shown, shown_path
from voipwatch.model.instants import iso
from voipwatch.probe.pseudonym import network_mark, pseudonym
from voipwatch.probe.queue import Queue, whose
from voipwatch.probe.settings import DamagedFileError, Setup, consent_covers, read_secret, read_setup
from voipwatch.probe.spending import day_of, month_of
from voipwatch.probe.state import State, read_state

SCHEMA: Final = "voipwatch.probe-status/1"


def status(*, context: Annotated[Context, Parameter(parse=False)], json: bool = False) -> int:
    """Look and tell."""
    folder = probe_folder(context)
    try:
        document = describe(folder, wall_s())
    except OSError as error:
        raise unusable(folder, error) from error
    if json:
        context.print_json(msgspec.json.format(msgspec.json.encode(document), indent=2))
    else:
        _show(context, document)
    return CLEAR


def describe(folder: Path, now_s: float) -> dict[str, Any]:
    """`voipwatch.probe-status/1`. Raises OSError."""
    damaged: list[str] = []
    setup: Setup | None = None
    secret: bytes | None = None
    state = State()
    try:
        setup = read_setup(folder)
    except DamagedFileError as error:
        damaged.append(error.path.name)
    try:
        secret = read_secret(folder)
    except DamagedFileError as error:
        damaged.append(error.path.name)
    try:
        state = read_state(folder)
    except DamagedFileError as error:
        damaged.append(error.path.name)
    halted = state.halt is not None and now_s < state.halt.until_s
    return {
        "schema": SCHEMA,
        "set_up": setup is not None and secret is not None,
        "damaged": damaged,
        "next_run_at": None if state.due is None else iso(state.due.next_at_s),
        "runs": [
            {"at": iso(note.at_s), "apps": note.apps, "outcome": note.outcome, "bytes": note.bytes}
            for note in state.runs
        ],
        "queue": _queue(folder, secret),
        "submitted": state.submitted,
        "trouble": state.trouble or None,
        "next_try_at": iso(state.backoff.not_before_s) if state.backoff.not_before_s > now_s else None,
        "receipts": [
            {
                "report_id": kept.receipt.report_id,
                "received_at": kept.receipt.received_at,
                "until": iso(kept.until_s),
            }
            for kept in Queue(folder).kept()
        ],
        "spent_today_bytes": state.spending.on(day_of(now_s)),
        "day_bytes": None if setup is None else setup.day_bytes,
        "stop": {"reason": state.halt.reason, "until": iso(state.halt.until_s)}
        if halted and state.halt is not None
        else None,
        "pseudonym_month": month_of(now_s),
        "declared_here": _declared_here(setup, secret),
        "consent": None if setup is None else _consent(setup),
    }


def _queue(folder: Path, secret: bytes | None) -> dict[str, Any]:
    queue = Queue(folder)
    names = queue.names()
    elsewhere = 0
    if names and secret is not None:
        network = machinery.current_network().name
        elsewhere = sum(said != pseudonym(secret, network, month) for month, said in map(whose, names))
    return {
        "waiting": len(names),
        "bytes": queue.size_bytes(),
        "of_other_networks": elsewhere,
        "dropped": queue.dropped(),
        "refused": queue.reasons(),
    }


def _declared_here(setup: Setup | None, secret: bytes | None) -> bool | None:
    if setup is None or secret is None:
        return None
    return setup.network_mark == network_mark(secret, machinery.current_network().name)


def _consent(setup: Setup) -> dict[str, Any]:
    document: dict[str, Any] = msgspec.to_builtins(setup.consent)
    return {**document, "holds": consent_covers(setup.consent, wanted_consent(setup))}


def _show(context: Context, document: dict[str, Any]) -> None:
    texts = context.texts
    for name in document["damaged"]:
        context.tell("probe.status.damaged", name=name, style="bold red")
    if not document["set_up"]:
        context.tell("probe.status.not_set_up")
        return
    consent = document["consent"]
    if not consent["holds"]:
        context.tell("probe.status.consent_over", style="bold yellow")
    spent = {"spent": Size(document["spent_today_bytes"]), "cap": Size(document["day_bytes"])}
    agreed = {
        "date": consent["given_at"][:10],
        "apps": ", ".join(consent["apps"]),
        "tier": texts(f"probe.tier.{consent['tier']}"),
    }
    rows: list[tuple[str, str]] = [
        ("next", document["next_run_at"] or texts("probe.status.none")),
        ("spent", texts("probe.status.spent_of", **spent)),
        ("queue", _queue_text(context, document["queue"])),
        ("submitted", str(document["submitted"])),
        ("collector", shown(consent["collector"], longest=200)),
        ("consent", texts("probe.status.agreed", **agreed)),
        ("pseudonym", texts("probe.status.month", month=document["pseudonym_month"])),
        ("declared", texts(f"probe.status.{'here' if document['declared_here'] else 'elsewhere'}")),
    ]
    if document["trouble"]:
        rows.insert(4, ("trouble", _trouble_text(context, document)))
    if document["stop"] is not None:
        stop = document["stop"]
        rows.insert(0, ("stop", texts("probe.status.stopped", reason=stop["reason"], until=stop["until"])))
    _rows(context, [(texts(f"probe.row.{key}"), text) for key, text in rows])
    for reason in document["queue"]["refused"]:
        context.tell("probe.status.refused", reason=shown(reason, longest=200), style="yellow")
    if document["runs"]:
        context.tell("probe.status.runs", style="bold")
        _rows(context, [(run["at"], _run_text(context, run)) for run in document["runs"]])
    if document["receipts"]:
        context.tell("probe.status.receipts", style="bold")
        until = [texts("probe.status.until", until=each["until"]) for each in document["receipts"]]
        names = [each["report_id"] for each in document["receipts"]]
        _rows(context, list(zip(names, until, strict=True)))
    context.tell("probe.status.folder", path=shown_path(probe_folder(context)), style="dim")


def _run_text(context: Context, run: dict[str, Any]) -> str:
    """`whatsapp, sip: measured; ...`; a word of a later version stands as it is."""
    key = f"probe.outcome.{run['outcome']}"
    outcome = context.texts(key) if context.texts.has(key) else shown(run["outcome"])
    return f"{', '.join(run['apps'])}: {outcome}"


def _queue_text(context: Context, queue: dict[str, Any]) -> str:
    text = context.texts("probe.status.waiting", count=queue["waiting"], size=Size(queue["bytes"]))
    for key in ("of_other_networks", "dropped"):
        if queue[key]:
            text += " " + context.texts(f"probe.status.{key}", count=queue[key])
    return text


def _trouble_text(context: Context, document: dict[str, Any]) -> str:
    reason = reason_text(context, document["trouble"])
    if document["next_try_at"] is None:
        return reason
    return context.texts("probe.status.trouble", reason=reason, time=document["next_try_at"])


def _rows(context: Context, rows: list[tuple[str, str]]) -> None:
    grid = Table.grid(padding=(0, 2))
    right_to_left = context.texts.right_to_left
    for is_name in (not right_to_left, right_to_left):
        grid.add_column(no_wrap=is_name, overflow="fold", justify="right" if right_to_left else "left")
    for name, text in rows:
        cells = (text, name) if right_to_left else (name, text)
        grid.add_row(*(Text(cell) for cell in cells))
    context.out.print(grid)
