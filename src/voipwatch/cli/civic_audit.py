"""`voipwatch civic audit | retention`: what was done by hand, in a log that shows changes; what is kept how
long.
"""

from pathlib import Path
from typing import Annotated, Final

import msgspec
from cyclopts import Parameter

from voipwatch.cli.campaigns import campaigns_folder, opened_desk
from voipwatch.cli.context import Context
from voipwatch.cli.errors import CLEAR, INTERFERENCE, Misuse, Trouble
from voipwatch.cli.language import Texts
from voipwatch.cli.values import shown
from voipwatch.model.instants import iso

AUDIT_SCHEMA: Final = "voipwatch.civic-audit/1"
RETENTION_SCHEMA: Final = "voipwatch.civic-retention/1"
DAY_S: Final = 86_400
DIGEST_DIGITS_MIN: Final = 16
"""Of a digest's hexadecimal ones, 64 bits: what the page shows."""


def audit(
    *,
    context: Annotated[Context, Parameter(parse=False)],
    kept: Annotated[str | None, Parameter(metavar="DIGEST")] = None,
    campaigns: Annotated[Path | None, Parameter(metavar="DIR")] = None,
    json: bool = False,
) -> int:
    """Print the audit log and whether it holds."""
    if kept is not None and (len(kept) < DIGEST_DIGITS_MIN or set(kept) - set("0123456789abcdef")):
        raise Misuse("audit.digest", value=shown(kept), least=DIGEST_DIGITS_MIN)
    with opened_desk(campaigns_folder(context, campaigns)) as desk:
        from voipwatch.store.civic.audit_log import audit_break, audit_lines  # noqa: PLC0415 -- an extra
        from voipwatch.store.civic.opening import reading  # noqa: PLC0415 -- the same

        with reading(desk.engine) as connection:
            lines = audit_lines(connection)
        broken = audit_break(lines)
    lost = kept is not None and not any(line.digest.startswith(kept) for line in lines)
    if json:
        document = {
            "schema": AUDIT_SCHEMA, "holds": broken is None, "kept_found": None if kept is None else not lost,
            "first_break": None if broken is None else broken + 1,
            "lines": [line._asdict() | {"at": iso(line.at), "at_s": line.at} for line in lines],
        }  # fmt: skip
        context.print_json(msgspec.json.encode(document))
    else:
        for line in lines:
            context.tell(
                "audit.row", n=line.n, at=iso(line.at), who=shown(line.who), act=line.act,
                subject=shown(line.subject) or "-", detail=shown(line.detail) or "-",
            )  # fmt: skip
        if broken is not None:
            context.tell("audit.broken", n=broken + 1, style="red")
        elif lines:
            context.tell("audit.holds", n=len(lines), digest=lines[-1].digest)
        else:
            context.tell("audit.empty")
        if lost:
            context.tell("audit.lost", style="red")
    return CLEAR if broken is None and not lost else INTERFERENCE


def retention(*, context: Annotated[Context, Parameter(parse=False)], json: bool = False) -> int:
    """Print what is kept, where, how long at most."""
    try:
        from voipwatch.civic.retention import KEPT  # noqa: PLC0415 -- an extra
    except ModuleNotFoundError as error:
        raise Trouble("petition.no_extra", name=error.name or "scipy") from None
    if json:
        context.print_json(msgspec.json.encode({"schema": RETENTION_SCHEMA, "kept": KEPT}))
        return CLEAR
    for what, place, until in retention_rows(context.texts):
        context.tell("retention.row", what=what, place=place, until=until)
    return CLEAR


def retention_rows(texts: Texts) -> list[tuple[str, str, str]]:
    """What, where and how long at most, in words; docs/dpia.md has the English ones."""
    from voipwatch.civic.retention import KEPT, MEMORY, SECRETS  # noqa: PLC0415 -- see `retention`

    rows = []
    for kept in KEPT:
        place = texts.raw(f"retention.{kept.place}") if kept.place in {MEMORY, SECRETS} else kept.place
        since = "day-over" if kept.longest_s == 0 else kept.since
        span = "" if kept.longest_s is None else _span(texts, kept.longest_s)
        until = texts.raw(f"retention.since.{since}").format(span=span)
        rows.append((texts.raw(f"retention.what.{kept.what}"), place, until))
    return rows


def _span(texts: Texts, span_s: int) -> str:
    if span_s < 2 * DAY_S:
        number, key = span_s // 3600, "hours"
    else:
        number, key = span_s // DAY_S, "days"
    # Arabic counts three to ten by another form than more.
    return texts.raw(f"retention.{key}_few" if number <= 10 else f"retention.{key}").format(n=number)
