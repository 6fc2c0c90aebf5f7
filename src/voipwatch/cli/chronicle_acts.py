"""`voipwatch chronicle review | reply | dispute | correct | withdraw | source | key`: what people sign."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import Parameter
from rich.text import Text

from voipwatch.chronicle.acts import TRANSITIONS, to_be_named, unheard
from voipwatch.chronicle.claims_file import all_packaged_claims
from voipwatch.chronicle.instants import HOUR_S
from voipwatch.chronicle.log import Entry
from voipwatch.chronicle.revising import evidence_of
from voipwatch.cli.chronicle import (
    Instance,
    Quiet,
    card_in,
    folder_of,
    print_json,
    said,
    story_of,
    troubles,
)
from voipwatch.cli.chronicle_input import agree, language_tag, past_day, reply_text, web_address, words
from voipwatch.cli.chronicle_settings import NOTICE_HOURS_MAX
from voipwatch.cli.context import Context, data_folder, now_iso
from voipwatch.cli.errors import CLEAR, Misuse, Trouble
from voipwatch.cli.publish import memory_folder
from voipwatch.cli.store import Data
from voipwatch.cli.values import parse_count, shown
from voipwatch.model.acts import (
    ClaimNote,
    Correction,
    Dispute,
    EntryKind,
    KeyEntry,
    KeyRole,
    Notice,
    Reply,
    ReplySide,
    Review,
    Withdrawal,
)
from voipwatch.model.incidents import Incident
from voipwatch.model.instants import iso, seconds
from voipwatch.pipeline.instance_settings import read_settings
from voipwatch.pipeline.publishing.alone import busy


def review(  # noqa: PLR0913 -- one parameter an option
    id: str,  # noqa: A002 -- the name of the argument on the help page
    /,
    *,
    context: Quiet,
    by: Annotated[str, Parameter(metavar="WHO")],
    notice: Annotated[str | None, Parameter(metavar="HOW")] = None,
    notice_hours: Annotated[int | None, Parameter(metavar="N")] = None,
    note: Annotated[str, Parameter(metavar="TEXT")] = "",
    yes: bool = False,
    data: Data = None,
    instance: Instance = "",
    json: bool = False,
) -> int:
    """Sign the newest revision; or first note that its operators were told."""
    words("--by", by)
    if notice is not None:
        words("--notice", notice)
    with troubles():
        folder = folder_of(context, data, instance)
        hours = _notice_hours(folder.path, notice_hours)
        story = story_of(folder.state(), id)
        incident = story.newest
        _may(incident, EntryKind.REVIEW if notice is None else EntryKind.NOTICE)
        _show(context, incident, story.signed(incident))
        now = now_iso()
        heard = [each.what for each in story.of(Notice)]
        if notice is not None:
            operators = tuple(name for name in to_be_named(incident) if name not in incident.named)
            if not operators:
                raise Misuse("chronicle.nobody_to_tell", id=id)
            until = iso(seconds(now) + hours * HOUR_S)
            agree(context, "chronicle.ask_notice", yes=yes, operators=", ".join(operators), until=until)
            body: msgspec.Struct = Notice(id, incident.revision, operators, until, notice)
            kind = EntryKind.NOTICE
        else:
            if early := unheard(incident, heard, now):
                running = [each.until for each in heard if set(early) & set(each.operators)]
                if running:
                    raise Misuse("chronicle.notice_runs", operators=", ".join(early), until=max(running))
                raise Misuse("chronicle.no_notice", operators=", ".join(early))
            named = ", ".join(to_be_named(incident)) or context.texts("chronicle.nobody")
            agree(context, "chronicle.ask_review", yes=yes, id=id, revision=incident.revision, named=named)
            context.say("chronicle.names", revision=incident.revision, id=id, named=named)
            body, kind = Review(id, incident.revision, by, note), EntryKind.REVIEW
        return _done(
            context,
            folder.add([(kind, body)], at=now, role=KeyRole.EDITOR),
            json=json,
            memory=_memory(context, data, instance),
        )


def reply(  # noqa: PLR0913 -- the same
    id: str,  # noqa: A002 -- the same
    file: Annotated[Path, Parameter(allow_leading_hyphen=True)],
    /,
    *,
    context: Quiet,
    side: Annotated[str, Parameter(metavar="SIDE")],
    by: Annotated[str, Parameter(metavar="WHO")],
    received: Annotated[str, Parameter(metavar="DATE")],
    language: Annotated[str, Parameter(metavar="CODE")] = "",
    url: Annotated[str, Parameter(metavar="URL")] = "",
    yes: bool = False,
    data: Data = None,
    instance: Instance = "",
    json: bool = False,
) -> int:
    """Put a reply beside an incident, unedited; `-` reads it from standard input."""
    known = [each.value for each in ReplySide]
    if side not in known:
        raise Misuse("chronicle.no_side", value=shown(side), known=", ".join(known))
    words("--by", by)
    past_day("--received", received, now=now_iso())
    lang = language_tag(language) if language else ""
    address = web_address(url) if url else ""
    body = Reply(id, ReplySide(side), by, received, reply_text(file, context.stdin), lang, address)
    return _act(context, EntryKind.REPLY, body, yes=yes, data=data, instance=instance, json=json)


def dispute(
    id: str,  # noqa: A002 -- the same
    /,
    *,
    context: Quiet,
    by: Annotated[str, Parameter(metavar="WHO")],
    ground: Annotated[str, Parameter(metavar="TEXT")],
    yes: bool = False,
    data: Data = None,
    instance: Instance = "",
    json: bool = False,
) -> int:
    """Note that somebody contests an incident."""
    body = Dispute(id, words("--by", by), words("--ground", ground))
    return _act(context, EntryKind.DISPUTE, body, yes=yes, data=data, instance=instance, json=json)


def correct(  # noqa: PLR0913 -- the same
    id: str,  # noqa: A002 -- the same
    /,
    *,
    context: Quiet,
    revision: Annotated[int, Parameter(metavar="N")],
    what: Annotated[str, Parameter(metavar="TEXT")],
    why: Annotated[str, Parameter(metavar="TEXT")] = "",
    yes: bool = False,
    data: Data = None,
    instance: Instance = "",
    json: bool = False,
) -> int:
    """Say what was wrong in a revision that was reviewed."""
    body = Correction(id, revision, words("--what", what), why)
    return _act(context, EntryKind.CORRECTION, body, yes=yes, data=data, instance=instance, json=json)


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
    words("--reason", reason)
    with troubles():
        state = folder_of(context, data, instance).state()
        story = story_of(state, id)
        incident = story.newest
        _may(incident, EntryKind.WITHDRAWAL)
        if twice := sorted(set(evidence) & state.withdrawn):
            raise Misuse("chronicle.withdrawn_already", value=shown(", ".join(twice)))
        if unknown := sorted(set(evidence) - evidence_of(incident)):
            raise Misuse("chronicle.no_evidence", id=id, value=shown(", ".join(unknown)))
    _show(context, incident, story.signed(incident))
    if not evidence:
        agree(context, "chronicle.ask_withdraw", yes=yes, id=id)
        whole = Withdrawal(reason, incident=id)
        return _act(context, EntryKind.WITHDRAWAL, whole, yes=True, data=data, instance=instance, json=json)
    agree(context, "chronicle.ask_withdraw_evidence", yes=yes, id=id, count=len(set(evidence)))
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
    now = now_iso()
    if gone:
        past_day("--gone", gone, now=now)
    if archived:
        web_address(archived, option="--archived")
    body = ClaimNote(claim, note, now[:10], gone, archived)
    with troubles():
        entries = folder_of(context, data, instance).add(
            [(EntryKind.CLAIM_NOTE, body)], at=now, role=KeyRole.EDITOR
        )
        return _done(context, entries, json=json, memory=_memory(context, data, instance))


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
    agree(context, "chronicle.ask_key", yes=yes, role=role)
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
    context: Context,
    kind: EntryKind,
    body: msgspec.Struct,
    *,
    yes: bool,
    data: Path | None,
    instance: str,
    json: bool,
) -> int:
    memory = _memory(context, data, instance)
    with troubles():
        folder = folder_of(context, data, instance)
        story = story_of(folder.state(), str(msgspec.structs.asdict(body)["incident"]))
        _may(story.newest, kind)
        if isinstance(body, Correction):
            _require_published(body, memory, instance, count=len(story.revisions))
        agree(context, f"chronicle.ask_{kind.value}", yes=yes, id=story.newest.id)
        return _done(
            context, folder.add([(kind, body)], at=now_iso(), role=KeyRole.EDITOR), json=json, memory=memory
        )


def _notice_hours(chronicle: Path, asked: int | None) -> int:
    """What was asked for; never less than the instance has promised to everybody."""
    least = read_settings(chronicle).notice_hours
    if asked is None:
        return least
    hours = parse_count(asked, option="--notice-hours", low=0, high=NOTICE_HOURS_MAX)
    if hours < least:
        raise Misuse("chronicle.notice_short", hours=hours, least=least)
    return hours


def _require_published(correction: Correction, memory: Path, instance: str, *, count: int) -> None:
    """Only what readers have seen is corrected; the machine revises the rest."""
    from voipwatch.pipeline.publishing.memory import Memory, MemoryDamagedError  # noqa: PLC0415 -- Arrow is an extra

    try:
        out = Memory(memory, instance).kept.revisions.get(correction.incident, 0)
    except MemoryDamagedError as error:
        raise Trouble("publish.memory", detail=shown(str(error), longest=300)) from error
    if not 1 <= correction.revision <= count:
        raise Misuse("chronicle.no_revision", id=correction.incident, count=count)
    if correction.revision > out:
        key = "chronicle.not_published_yet" if out else "chronicle.never_published"
        raise Misuse(key, id=correction.incident, revision=correction.revision, count=out)


def _may(incident: Incident, kind: EntryKind) -> None:
    if kind not in TRANSITIONS[incident.status]:
        raise Misuse("chronicle.not_now", id=incident.id, state=incident.status.value, act=kind.value)


def _show(context: Context, incident: Incident, signed: Incident | None) -> None:
    """What is signed, on standard error: the answer on standard output may be read by a machine."""
    card = card_in(incident, signed)
    for sentence in (card.title, *card.marks, *card.lines):
        context.err.print(Text(said(context, sentence)), soft_wrap=True)


def _memory(context: Context, data: Path | None, instance: str) -> Path:
    return memory_folder(data_folder(context.environment) if data is None else data, instance)


def _done(context: Context, entries: Sequence[Entry], *, json: bool, memory: Path) -> int:
    entry = entries[-1]
    if json:
        told = {"n": entry.n, "kind": entry.kind, "at": entry.at, "digest": entry.digest}
        fresh = {"key": entry.body.key} if isinstance(entry.body, KeyEntry) else {}
        print_json(context, told | fresh)
    else:
        context.tell("chronicle.written", line=entry.n, digest=entry.digest)
        if isinstance(entry.body, KeyEntry):
            context.tell("chronicle.new_key", role=entry.body.role.value, public=entry.body.key)
        if busy(memory):
            context.tell("chronicle.publishing", style="yellow")
    return CLEAR
