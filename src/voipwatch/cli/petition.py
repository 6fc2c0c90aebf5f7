"""`voipwatch petition`: the acts of those who keep petitions. Whoever may read the folder's secrets may
act.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import msgspec
from cyclopts import Parameter

from voipwatch.cli.campaigns import agree as _agree
from voipwatch.cli.campaigns import campaigns_folder, machine_account, opened_desk, require_undamaged
from voipwatch.cli.campaigns import now_s as _now_s
from voipwatch.cli.campaigns import told_text as _told_text
from voipwatch.cli.context import Context
from voipwatch.cli.errors import CLEAR, Misuse
from voipwatch.cli.reportfile import read_file, require_writable, write_file
from voipwatch.cli.values import parse_count, shown, shown_path
from voipwatch.model.instants import iso

if TYPE_CHECKING:
    from voipwatch.civic.petitions import Delivery, Petition
    from voipwatch.site.campaigns.desk import Desk
    from voipwatch.site.campaigns.office import Office
    from voipwatch.store.civic.signing import HeldRow

SCHEMA: Final = "voipwatch.petitions/1"
FILE_BYTES_MAX: Final = 1 << 20
Quiet = Annotated[Context, Parameter(parse=False)]
Folder = Annotated[Path | None, Parameter(metavar="DIR")]


def create(
    file: Annotated[Path, Parameter(metavar="FILE")], /, *, context: Quiet, campaigns: Folder = None
) -> int:
    """A new petition, of a TOML file."""
    from voipwatch.civic.petitions import PetitionError, read_petition  # noqa: PLC0415 -- an extra

    try:
        petition = read_petition(read_file(file, most_bytes=FILE_BYTES_MAX).decode())
    except UnicodeDecodeError:
        raise Misuse("petition.refused", field="file", reason="no UTF-8") from None
    except PetitionError as error:
        reason = shown(error.reason, longest=300)
        raise Misuse("petition.refused", field=error.field, reason=reason) from error
    with opened_desk(campaigns_folder(context, campaigns)) as desk:
        _office(desk).create(petition, now_s=_now_s())
        context.tell("petition.created", id=petition.id, url=_url(desk, petition))
    return CLEAR


def list_petitions(*, context: Quiet, campaigns: Folder = None, json: bool = False) -> int:
    """Every petition with its state and its told count."""
    with opened_desk(campaigns_folder(context, campaigns)) as desk:
        known = desk.known()
        found = [_told(desk, petition) for petition in known.petitions]
    if json:
        damaged = sorted(known.damaged)
        context.print_json(msgspec.json.encode({"schema": SCHEMA, "petitions": found, "damaged": damaged}))
        require_undamaged(known.damaged)
        return CLEAR
    for each in found:
        _tell_row(context, each)
    require_undamaged(known.damaged)
    if not found:
        context.tell("petition.none")
    return CLEAR


def show(id: str, /, *, context: Quiet, campaigns: Folder = None, json: bool = False) -> int:  # noqa: A002
    """One petition: texts, dates, told counts, tallies, deliveries, answers."""
    with opened_desk(campaigns_folder(context, campaigns)) as desk:
        petition = _known(desk, id)
        told = _told(desk, petition)
        lines = desk.log(petition.id)
    if json:
        context.print_json(msgspec.json.encode(told | {"petition": petition, "log": lines}))
        return CLEAR
    _tell_row(context, told)
    context.tell(
        "petition.dates",
        opens=iso(petition.opens_at_s),
        closes=iso(petition.closes_at_s),
        erased=iso(petition.erased_at_s),
    )
    for line in lines[-10:]:
        context.tell("petition.told", at=line.at, count=_told_text(context.texts, line.count))
    for tally in petition.papers:
        context.tell(
            "petition.tally", sheets=tally.sheets, count=tally.signatures, who=shown(tally.counted_by)
        )
    for delivery in petition.deliveries:
        _tell_delivery(context, delivery)
    for answer in petition.answers:
        context.tell("petition.answer", at=iso(answer.at_s), sender=shown(answer.sender))
    return CLEAR


def close(id: str, /, *, context: Quiet, campaigns: Folder = None, yes: bool = False) -> int:  # noqa: A002
    """Close it now."""
    with opened_desk(campaigns_folder(context, campaigns)) as desk:
        _agree(context, "petition.ask_close", id, yes=yes)
        closed = _office(desk).close(id, now_s=_now_s())
        key = "petition.called_off" if closed.is_called_off else "petition.closed"
        context.tell(key, id=id, erased=iso(closed.erased_at_s))
    return CLEAR


def deliver(
    id: str,  # noqa: A002 -- the name of the argument on the help page
    /,
    *,
    context: Quiet,
    to: Annotated[str, Parameter(metavar="NAME")],
    paper: Annotated[int, Parameter(metavar="N")] = 0,
    campaigns: Folder = None,
) -> int:
    """Note that it was handed over, with the newest told count."""
    from voipwatch.civic.petitions import Delivery  # noqa: PLC0415 -- an extra

    with opened_desk(campaigns_folder(context, campaigns)) as desk:
        told = _told(desk, _known(desk, id))
        now_s = _now_s()
        delivery = Delivery(now_s, to, told["count"], paper)
        _office(desk).deliver(id, delivery, now_s=now_s)
        _tell_delivery(context, delivery)
    return CLEAR


def answer(
    id: str,  # noqa: A002 -- the same
    file: Annotated[Path, Parameter(metavar="FILE")],
    /,
    *,
    context: Quiet,
    sender: Annotated[str, Parameter(metavar="NAME")],
    source: Annotated[str, Parameter(metavar="URL")] = "",
    campaigns: Folder = None,
) -> int:
    """Note an answer, of a text file."""
    from voipwatch.civic.petitions import Answer  # noqa: PLC0415 -- an extra

    try:
        text = read_file(file, most_bytes=FILE_BYTES_MAX).decode()
    except UnicodeDecodeError:
        raise Misuse("petition.refused", field="file", reason="no UTF-8") from None
    with opened_desk(campaigns_folder(context, campaigns)) as desk:
        now_s = _now_s()
        _office(desk).answer(id, Answer(now_s, sender, text, source), now_s=now_s)
        context.tell("petition.answer", at=iso(now_s), sender=shown(sender))
    return CLEAR


def paper(
    id: str,  # noqa: A002 -- the same
    /,
    *,
    context: Quiet,
    sheets: Annotated[int, Parameter(metavar="N")],
    signatures: Annotated[int, Parameter(metavar="N")],
    by: Annotated[str, Parameter(metavar="NAME")],
    campaigns: Folder = None,
) -> int:
    """Note a tally of signatures on paper."""
    from voipwatch.civic.petitions import PaperTally  # noqa: PLC0415 -- an extra

    with opened_desk(campaigns_folder(context, campaigns)) as desk:
        now_s = _now_s()
        _office(desk).paper(id, PaperTally(now_s, sheets, signatures, by), now_s=now_s)
        context.tell("petition.tally", sheets=sheets, count=signatures, who=shown(by))
    return CLEAR


def sheet(
    id: str,  # noqa: A002 -- the same
    /,
    *,
    context: Quiet,
    out: Annotated[Path, Parameter(metavar="FILE")],
    rows: Annotated[int, Parameter(metavar="N")] = 15,
    campaigns: Folder = None,
) -> int:
    """A sheet for signatures on paper."""
    from voipwatch.site.campaigns.sheet import ROWS_MAX, sheet  # noqa: PLC0415 -- an extra
    from voipwatch.site.words import words  # noqa: PLC0415 -- an extra

    parse_count(rows, option="--rows", low=1, high=ROWS_MAX)
    require_writable(out)
    with opened_desk(campaigns_folder(context, campaigns)) as desk:
        content = sheet(_known(desk, id), words(context.texts.lang), rows=rows)
    write_file(out, content)
    context.tell("petition.sheet", path=shown_path(out), id=id)
    return CLEAR


def export(id: str, /, *, context: Quiet, campaigns: Folder = None) -> int:  # noqa: A002 -- the same
    """What is handed over, as JSON."""
    with opened_desk(campaigns_folder(context, campaigns)) as desk:
        context.print_json(msgspec.json.encode(_office(desk).export(id, now_s=_now_s())))
    return CLEAR


def person(
    id: str,  # noqa: A002 -- the same
    /,
    *,
    context: Quiet,
    erase: bool = False,
    json: bool = False,
    campaigns: Folder = None,
) -> int:
    """What is kept of one person, whose address is read from standard input; or erase it."""
    with opened_desk(campaigns_folder(context, campaigns)) as desk:
        _known(desk, id)
        typed = context.ask("petition.ask_address") if context.interactive else context.stdin.readline()
        typed = (typed or "").strip("\r\n")
        if erase:
            gone = _office(desk).erase_person(id, typed, now_s=_now_s())
            context.tell("petition.person_erased" if gone else "petition.person_none")
            return CLEAR
        now_s = _now_s()
        found = _office(desk).person(id, typed, now_s=now_s)
        if json:
            from voipwatch.site.campaigns.office import person_document  # noqa: PLC0415 -- an extra

            context.print_json(msgspec.json.encode(person_document(id, found, now_s=now_s)))
            return CLEAR
        _tell_held(context, found)
    return CLEAR


def erase(id: str, /, *, context: Quiet, campaigns: Folder = None, yes: bool = False) -> int:  # noqa: A002
    """Destroy pepper, pseudonyms and names now."""
    with opened_desk(campaigns_folder(context, campaigns)) as desk:
        _known(desk, id)
        _agree(context, "petition.ask_erase", id, yes=yes)
        context.tell("petition.erased", id=id, count=_office(desk).erase(id, now_s=_now_s()))
    return CLEAR


def bounce(
    *,
    context: Quiet,
    recipient: Annotated[str | None, Parameter(metavar="ADDRESS")] = None,
    campaigns: Folder = None,
) -> int:
    """Take a mail that came back from standard input: for an alias of the mail server."""
    from voipwatch.site.campaigns.mail.bounces import BYTES_MAX, bounce_token  # noqa: PLC0415 -- an extra

    binary = getattr(context.stdin, "buffer", None)
    content = context.stdin.read().encode() if binary is None else binary.read(BYTES_MAX + 1)
    with opened_desk(campaigns_folder(context, campaigns)) as desk:
        bounces = desk.campaigns.settings.mail.bounces
        token = bounce_token(content, bounces, [recipient] if recipient else [])
        dropped = token is not None and desk.bounced(token, now_s=_now_s())
        context.tell("petition.bounced" if dropped else "petition.not_bounced")
    return CLEAR


def _tell_row(context: Context, told: dict[str, Any]) -> None:
    state = context.texts(f"petition.state.{told['state']}")
    if told["erased"]:
        state = context.texts("petition.erased_state", state=state)
    count = _told_text(context.texts, told["count"])
    context.tell("petition.row", id=told["id"], state=state, count=count, url=told["url"])


def _tell_delivery(context: Context, delivery: "Delivery") -> None:
    at, to = iso(delivery.at_s), shown(delivery.to)
    if delivery.count is None:
        context.tell("petition.delivery_untold", at=at, to=to)
    else:
        context.tell("petition.delivery", at=at, to=to, count=_told_text(context.texts, delivery.count))


def _tell_held(context: Context, found: "HeldRow | None") -> None:
    if found is None:
        context.tell("petition.person_none")
        return
    if found.signature is not None:
        kept = found.signature
        name = shown(kept.public_name) or "-"
        context.tell("petition.person", day=kept.day, lang=kept.lang, name=name)
    if found.request_expires_at is not None:
        context.tell("petition.person_request", until=iso(found.request_expires_at))
    if found.mails:
        context.tell("petition.person_mails")


def _office(desk: "Desk") -> "Office":
    from voipwatch.site.campaigns.office import Office  # noqa: PLC0415 -- an extra

    return Office(desk, machine_account())


def _known(desk: "Desk", name: str) -> "Petition":
    found = desk.petition(name)
    if found is None:
        raise Misuse("petition.unknown", id=shown(name))
    return found


def _told(desk: "Desk", petition: "Petition") -> dict[str, Any]:
    from voipwatch.civic.petitions import is_erased, state_at  # noqa: PLC0415 -- an extra

    told, now_s = desk.told(petition.id), _now_s()
    line = told.line if told else None
    return {
        "id": petition.id, "state": state_at(petition, now_s).value, "erased": is_erased(petition, now_s),
        "count": line.count if line else None, "at": line.at if line else None, "url": _url(desk, petition),
    }  # fmt: skip


def _url(desk: "Desk", petition: "Petition") -> str:
    from voipwatch.site.campaigns.links import petition_path  # noqa: PLC0415 -- an extra

    return desk.campaigns.settings.url + petition_path(petition.text("en")[0], petition.id)
