"""`voipwatch probe delete` and `voipwatch probe wipe`: taking back what can be taken back."""

import re
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from voipwatch.cli import machinery
from voipwatch.cli.context import Context
from voipwatch.cli.errors import CLEAR, INTERRUPTED, UNDECIDED, Misuse, Stop, Trouble
from voipwatch.cli.probe_place import held, open_setup, probe_folder, unusable
from voipwatch.cli.probe_run import reason_text
from voipwatch.cli.values import shown, shown_path
from voipwatch.model.vocabulary import Failure
from voipwatch.probe.collectors import delete as ask_to_delete
from voipwatch.probe.files import wipe as wipe_folder
from voipwatch.probe.queue import Kept, Queue
from voipwatch.probe.settings import Setup


def delete(
    report_id: Annotated[str, Parameter(metavar="REPORT-ID")],
    /,
    *,
    context: Annotated[Context, Parameter(parse=False)],
) -> int:
    """Have the collector delete one report; 0 when it did, else 2."""
    wanted = report_id.strip().lower()
    if not re.fullmatch(r"[0-9a-f]{32}", wanted, re.ASCII):
        raise Misuse("error.report_id", value=shown(report_id))
    folder = probe_folder(context)
    setup, _ = open_setup(folder)
    with held(folder):
        queue = Queue(folder)
        kept = next((each for each in queue.kept() if each.receipt.report_id == wanted), None)
        if kept is None:
            raise Misuse("error.no_receipt", value=wanted)
        try:
            gone = _deleted(context, setup, queue, [kept])
        except OSError as error:
            raise unusable(folder, error) from error
    return CLEAR if gone else UNDECIDED


def wipe(
    *,
    context: Annotated[Context, Parameter(parse=False)],
    delete_reports: bool = False,
    yes: bool = False,
) -> int:
    """Remove everything that the probe keeps; 0 when nothing is left of it."""
    folder = probe_folder(context)
    if not folder.is_dir():
        context.say("probe.wipe.nothing", path=shown_path(folder))
        return CLEAR
    if not yes and not context.interactive:
        raise Misuse("error.no_terminal_wipe")
    with held(folder):
        queue = Queue(folder)
        kept = list(queue.kept())
        context.say("probe.wipe.what", path=shown_path(folder), waiting=len(queue.names()), kept=len(kept))
        if kept and not delete_reports and not yes:
            delete_reports = _agrees(context, "probe.wipe.delete_question", count=len(kept))
        if not yes and not _agrees(context, "probe.wipe.question"):
            raise Stop(INTERRUPTED, "probe.wipe.declined")
        if kept and delete_reports:
            _delete_all(context, folder, queue, kept)
        left = wipe_folder(folder)
    if left:
        raise Trouble("error.probe_left", path=shown_path(left[0]), count=len(left))
    context.say("probe.wipe.done")
    context.say("probe.wipe.cannot")
    return CLEAR


def _agrees(context: Context, question: str, **values: object) -> bool:
    answer = context.ask(question, **values)
    if answer is None:
        context.err.print()
    return answer is not None and answer.casefold() in context.texts.raw("consent.yes").split()


def _delete_all(context: Context, folder: Path, queue: Queue, kept: list[Kept]) -> None:
    """Before the keys are gone. Raises Stop where one could not be deleted: without its key nobody can."""
    try:
        setup, _ = open_setup(folder)
        gone = _deleted(context, setup, queue, kept)
    except OSError as error:
        raise unusable(folder, error) from error
    if not gone:
        raise Stop(UNDECIDED, "error.probe_not_deleted")


def _deleted(context: Context, setup: Setup, queue: Queue, kept: list[Kept]) -> bool:
    """Whether the collector deleted all of them; each is said. Nothing is sent through a tunnel."""
    if machinery.current_network().tunnel is True:
        raise Trouble("error.probe_tunnel")
    asks = machinery.way_to(setup.collector)
    if isinstance(asks, Failure):
        context.say("probe.turn.trouble", reason=reason_text(context, asks.value), style="yellow")
        return False
    every = True
    for each in kept:
        name = each.receipt.report_id
        answer = ask_to_delete(asks, setup.collector.base, name, each.deletion_key)
        if answer.done:
            queue.forget(name)
            context.say("probe.deleted", name=name)
        else:
            every = False
            context.say(
                "probe.not_deleted", name=name, reason=reason_text(context, answer.reason), style="red"
            )
    return every
