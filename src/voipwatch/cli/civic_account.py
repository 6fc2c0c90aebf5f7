"""`voipwatch civic account`: who may enter the protected page. Whoever may read the folder's secrets may
enrol.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import msgspec
from cyclopts import Parameter

from voipwatch.cli.campaigns import campaigns_folder, machine_account, opened_desk
from voipwatch.cli.context import Context, wall_s
from voipwatch.cli.errors import CLEAR, Misuse
from voipwatch.cli.values import shown
from voipwatch.model.instants import iso

if TYPE_CHECKING:
    from voipwatch.civic.roles import Role
    from voipwatch.site.campaigns.keepers import Enrolment, Keepers

SCHEMA: Final = "voipwatch.civic-accounts/1"
ACTS: Final = ("add", "list", "renew", "remove")


def account(
    act: Annotated[str, Parameter(metavar="ACT")],
    name: Annotated[str | None, Parameter(metavar="NAME")] = None,
    /,
    *,
    context: Annotated[Context, Parameter(parse=False)],
    role: Annotated[str | None, Parameter(metavar="ROLE")] = None,
    campaigns: Annotated[Path | None, Parameter(metavar="DIR")] = None,
    json: bool = False,
) -> int:
    """Add, list, renew or remove accounts."""
    if act not in ACTS:
        raise Misuse("account.act", value=shown(act), known=", ".join(ACTS))
    if (name is None) != (act == "list"):
        raise Misuse("account.name_or_none", act=act)
    if (role is None) == (act == "add"):
        raise Misuse("account.role_or_none", act=act)
    with opened_desk(campaigns_folder(context, campaigns)) as desk:
        from voipwatch.civic.keepers import AccountError  # noqa: PLC0415 -- an extra
        from voipwatch.site.campaigns.keepers import Keepers  # noqa: PLC0415 -- the same

        keepers = Keepers(desk, machine_account())
        if name is None:
            return _list(context, keepers, json=json)
        now_s = int(wall_s())
        try:
            if act == "remove":
                keepers.remove(name, now_s=now_s)
                context.tell("account.removed", name=name)
                return CLEAR
            made = (
                keepers.renew(name, now_s=now_s)
                if act == "renew"
                else keepers.add(name, _role(role or ""), now_s=now_s)
            )
        except AccountError as error:
            raise Misuse(f"account.error.{error.reason}", name=shown(name)) from error
        _tell(context, made, json=json)
        url = desk.campaigns.settings.url
        if not json and not url.startswith("https:"):
            context.tell("account.plain", url=shown(url, longest=200), style="yellow")
    return CLEAR


def _role(typed: str) -> "Role":
    from voipwatch.civic.roles import Role  # noqa: PLC0415 -- an extra

    try:
        return Role(typed)
    except ValueError:
        raise Misuse("account.role", value=shown(typed), known=", ".join(Role)) from None


def _tell(context: Context, made: "Enrolment", *, json: bool) -> None:
    """Both factors, this once."""
    if json:
        context.print_json(msgspec.json.encode({"schema": SCHEMA, "enrolment": made}))
        return
    context.tell("account.made", name=made.name, role=made.role.value)
    context.tell("account.passphrase", passphrase=made.passphrase)
    context.tell("account.uri", uri=made.uri)
    context.tell("account.once", style="yellow")


def _list(context: Context, keepers: "Keepers", *, json: bool) -> int:
    rows = keepers.all()
    if json:
        found = [
            {"name": row.name, "role": row.role, "created": iso(row.created_at), "refused": row.failures}
            for row in rows
        ]
        context.print_json(msgspec.json.encode({"schema": SCHEMA, "accounts": found}))
        return CLEAR
    for row in rows:
        context.tell("account.row", name=row.name, role=row.role, created=iso(row.created_at), n=row.failures)
    if not rows:
        context.tell("account.none")
    return CLEAR
