"""`voipwatch chronicle review | reply | dispute | correct | withdraw | source | key`: what people sign."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import Parameter
from rich.text import Text

from voipwatch.chronicle.acts import TRANSITIONS, to_be_named, unheard
from voipwatch.chronicle.claims_file import all_packaged_claims
from voipwatch.chronicle.edtf import EdtfError, decode_edtf
from voipwatch.chronicle.instants import HOUR_S
from voipwatch.chronicle.log import Entry
from voipwatch.chronicle.revising import evidence_of
from voipwatch.chronicle.titles import card_of
from voipwatch.cli.chronicle import (
    Instance,
    Quiet,
    folder_of,
    print_json,
    said,
    story_of,
    troubles,
)
from voipwatch.cli.context import Context, data_folder, now_iso
from voipwatch.cli.errors import CLEAR, INTERRUPTED, Misuse, Stop
from voipwatch.cli.publish import memory_folder
from voipwatch.cli.store import Data
from voipwatch.cli.values import parse_count, shown, shown_path
from voipwatch.model.acts import (
    NOTICE_HOURS,
    ClaimNote,
    Correction,
    Dispute,
    EntryKind,
    KeyRole,
    Notice,
    Reply,
    ReplySide,
    Review,
    Withdrawal,
)
from voipwatch.model.incidents import Incident
from voipwatch.model.instants import iso, seconds
from voipwatch.pipeline.publishing.alone import busy

REPLY_BYTES_MAX = 64 << 10


def review(  # noqa: PLR0913 -- one parameter an option
    id: str,  # noqa: A002 -- the name of the argument on the help page
    /,
    *,
    context: Quiet,
    by: Annotated[str, Parameter(metavar="WHO")],
    notice: Annotated[str, Parameter(metavar="HOW")] = "",
    notice_hours: Annotated[int, Parameter(metavar="N")] = NOTICE_HOURS,
    note: Annotated[str, Parameter(metavar="TEXT")] = "",
    yes: bool = False,
    data: Data = None,
    instance: Instance = "",
    json: bool = False,
) -> int:
    """Sign the newest revision; or first note that its operators were told."""
    hours = parse_count(notice_hours, option="--notice-hours", low=0, high=24 * 90)
    with troubles():
        folder = folder_of(context, data, instance)
        story = story_of(folder.state(), id)
        incident = story.newest
        _may(incident, EntryKind.NOTICE if notice else EntryKind.REVIEW)
        _show(context, incident, story.signed(incident))
        now = now_iso()
        heard = [each.what for each in story.of(Notice)]
        if notice:
            operators = tuple(name for name in to_be_named(incident) if name not in incident.named)
            if not operators:
                raise Misuse("chronicle.nobody_to_tell", id=id)
            until = iso(seconds(now) + hours * HOUR_S)
            _agree(context, "chronicle.ask_notice", yes=yes, operators=", ".join(operators), until=until)
            body: msgspec.Struct = Notice(id, incident.revision, operators, until, notice)
            kind = EntryKind.NOTICE
        else:
            if early := unheard(incident, heard, now):
                running = [each.until for each in heard if set(early) & set(each.operators)]
                if running:
                    raise Misuse("chronicle.notice_runs", operators=", ".join(early), until=max(running))
                raise Misuse("chronicle.no_notice", operators=", ".join(early))
            named = ", ".join(to_be_named(incident)) or context.texts("chronicle.nobody")
            _agree(context, "chronicle.ask_review", yes=yes, id=id, revision=incident.revision, named=named)
            body, kind = Review(id, incident.revision, by, note), EntryKind.REVIEW
        return _done(
            context,
            folder.add([(kind, body)], at=now, role=KeyRole.EDITOR),
            json=json,
            memory=_memory(context, data, instance),
        )


def reply(  # noqa: PLR0913 -- the same
    id: str,  # noqa: A002 -- the same
    file: Path,
    /,
    *,
    context: Quiet,
    side: Annotated[str, Parameter(metavar="SIDE")],
    by: Annotated[str, Parameter(metavar="WHO")],
    received: Annotated[str, Parameter(metavar="DATE")],
    language: Annotated[str, Parameter(metavar="CODE")] = "",
    url: Annotated[str, Parameter(metavar="URL")] = "",
    data: Data = None,
    instance: Instance = "",
    json: bool = False,
) -> int:
    """Put a reply beside an incident, unedited; `-` reads it from standard input."""
    known = [each.value for each in ReplySide]
    if side not in known:
        raise Misuse("chronicle.no_side", value=shown(side), known=", ".join(known))
    _require_day("--received", received)
    body = Reply(id, ReplySide(side), by, received, _text_of(file), language, url)
    return _act(context, EntryKind.REPLY, body, data=data, instance=instance, json=json)


def dispute(
    id: str,  # noqa: A002 -- the same
    /,
    *,
    context: Quiet,
    by: Annotated[str, Parameter(metavar="WHO")],
    ground: Annotated[str, Parameter(metavar="TEXT")],
    data: Data = None,
    instance: Instance = "",
    json: bool = False,
) -> int:
    """Note that somebody contests an incident."""
    return _act(context, EntryKind.DISPUTE, Dispute(id, by, ground), data=data, instance=instance, json=json)


def correct(
    id: str,  # noqa: A002 -- the same
    /,
    *,
    context: Quiet,
    revision: Annotated[int, Parameter(metavar="N")],
    what: Annotated[str, Parameter(metavar="TEXT")],
    why: Annotated[str, Parameter(metavar="TEXT")] = "",
    data: Data = None,
    instance: Instance = "",
    json: bool = False,
) -> int:
    """Say what was wrong in a revision that was reviewed."""
    body = Correction(id, revision, what, why)
    return _act(context, EntryKind.CORRECTION, body, data=data, instance=instance, json=json)


def withdraw(
    id: str,  # noqa: A002 -- the same
    /,
    *,
    context: Quiet,
    reason: Annotated[str, Parameter(metavar="TEXT")],
    evidence: Annotated[tuple[str, ...], Parameter(metavar="CHANGEPOINT", consume_multiple=True)] = (),
    yes: bool = False,
    data: Data = None,
    instance: Instance = "",
    json: bool = False,
) -> int:
    """Withdraw an incident for good, its tombstone stays; or some of its evidence."""
    with troubles():
        story = story_of(folder_of(context, data, instance).state(), id)
        incident = story.newest
        _may(incident, EntryKind.WITHDRAWAL)
        if unknown := sorted(set(evidence) - evidence_of(incident)):
            raise Misuse("chronicle.no_evidence", id=id, value=shown(", ".join(unknown)))
    _show(context, incident, story.signed(incident))
    if not evidence:
        _agree(context, "chronicle.ask_withdraw", yes=yes, id=id)
        whole = Withdrawal(reason, incident=id)
        return _act(context, EntryKind.WITHDRAWAL, whole, data=data, instance=instance, json=json)
    _agree(context, "chronicle.ask_withdraw_evidence", yes=yes, id=id, count=len(set(evidence)))
    body = Withdrawal(reason, changepoints=tuple(sorted(set(evidence))))
    with troubles():
        folder = folder_of(context, data, instance)
        entries = folder.add([(EntryKind.WITHDRAWAL, body)], at=now_iso(), role=KeyRole.EDITOR)
        status = _done(context, entries, json=json, memory=_memory(context, data, instance))
    if not json:
        context.tell("chronicle.revised_next", style="yellow")
    return status


def source(
    claim: str,
    /,
    *,
    context: Quiet,
    gone: Annotated[str, Parameter(metavar="DATE")] = "",
    archived: Annotated[str, Parameter(metavar="URL")] = "",
    note: Annotated[str, Parameter(metavar="TEXT")] = "",
    data: Data = None,
    instance: Instance = "",
    json: bool = False,
) -> int:
    """Note what became of a claim's source; the claim stays, and stays cited."""
    if claim not in {each.id for each in all_packaged_claims()}:
        raise Misuse("chronicle.no_claim", id=shown(claim))
    if not (gone or archived or note):
        raise Misuse("chronicle.no_news")
    if gone:
        _require_day("--gone", gone)
    if archived and not archived.startswith(("http://", "https://")):
        raise Misuse("chronicle.no_url", value=shown(archived))
    now = now_iso()
    body = ClaimNote(claim, note, now[:10], gone, archived)
    with troubles():
        entries = folder_of(context, data, instance).add(
            [(EntryKind.CLAIM_NOTE, body)], at=now, role=KeyRole.EDITOR
        )
        return _done(context, entries, json=json, memory=_memory(context, data, instance))


def _require_day(option: str, text: str) -> None:
    try:
        possible = not decode_edtf(text).impossible
    except EdtfError:
        possible = False
    if not possible:
        raise Misuse("chronicle.no_day", option=option, value=shown(text))


def key(
    role: str,
    /,
    *,
    context: Quiet,
    lost: bool = False,
    yes: bool = False,
    data: Data = None,
    instance: Instance = "",
    json: bool = False,
) -> int:
    """Replace a key that signs the log, or announce that it is lost."""
    known = [each.value for each in KeyRole]
    if role not in known:
        raise Misuse("chronicle.no_role", value=shown(role), known=", ".join(known))
    _agree(context, "chronicle.ask_key", yes=yes, role=role)
    with troubles():
        folder = folder_of(context, data, instance)
        if not folder.state().keyring.standing(KeyRole(role)):
            raise Misuse("chronicle.no_key", role=role)
        return _done(
            context,
            [folder.rotate(KeyRole(role), at=now_iso(), lost=lost)],
            json=json,
            memory=_memory(context, data, instance),
        )


def _act(
    context: Context, kind: EntryKind, body: msgspec.Struct, *, data: Path | None, instance: str, json: bool
) -> int:
    with troubles():
        folder = folder_of(context, data, instance)
        story = story_of(folder.state(), str(msgspec.structs.asdict(body)["incident"]))
        _may(story.newest, kind)
        if isinstance(body, Correction) and not 1 <= body.revision <= len(story.revisions):
            raise Misuse("chronicle.no_revision", id=body.incident, count=len(story.revisions))
        return _done(
            context,
            folder.add([(kind, body)], at=now_iso(), role=KeyRole.EDITOR),
            json=json,
            memory=_memory(context, data, instance),
        )


def _may(incident: Incident, kind: EntryKind) -> None:
    if kind not in TRANSITIONS[incident.status]:
        raise Misuse("chronicle.not_now", id=incident.id, state=incident.status.value, act=kind.value)


def _show(context: Context, incident: Incident, signed: Incident | None) -> None:
    """What is signed, on standard error: the answer on standard output may be read by a machine."""
    card = card_of(incident, signed)
    for sentence in (card.title, *card.marks, *card.lines):
        context.err.print(Text(said(context, sentence)), soft_wrap=True)


def _agree(context: Context, question: str, *, yes: bool, **values: object) -> None:
    if yes:
        return
    if not context.interactive:
        raise Misuse("chronicle.no_terminal")
    answer = context.ask(question, **values)
    if not answer or answer.casefold() not in context.texts.raw("consent.yes").split():
        raise Stop(INTERRUPTED, "chronicle.left")


def _memory(context: Context, data: Path | None, instance: str) -> Path:
    return memory_folder(data_folder(context.environment) if data is None else data, instance)


def _done(context: Context, entries: Sequence[Entry], *, json: bool, memory: Path) -> int:
    entry = entries[-1]
    if json:
        print_json(context, {"n": entry.n, "kind": entry.kind, "at": entry.at, "digest": entry.digest})
    else:
        context.tell("chronicle.written", line=entry.n, digest=entry.digest)
        if busy(memory):
            context.tell("chronicle.publishing", style="yellow")
    return CLEAR


def _text_of(file: Path) -> str:
    try:
        if str(file) == "-":
            content = sys.stdin.buffer.read(REPLY_BYTES_MAX + 1)
        else:
            with file.open("rb") as opened:
                content = opened.read(REPLY_BYTES_MAX + 1)
        text = content.decode()
    except OSError as error:
        raise Misuse(
            "chronicle.unreadable", path=shown_path(file), reason=error.strerror or str(error)
        ) from error
    except UnicodeDecodeError:
        raise Misuse("chronicle.no_text", path=shown_path(file)) from None
    if not text.strip() or len(content) > REPLY_BYTES_MAX:
        raise Misuse("chronicle.no_text", path=shown_path(file))
    return text
