"""`voipwatch apps targets`: the providers' servers that a check with --providers asks, with their age."""

from datetime import UTC, date, datetime
from typing import Annotated

import msgspec
from cyclopts import Parameter
from rich.text import Text

from voipwatch.apps.targets import Target, TargetSet, TargetsState, load_targets
from voipwatch.cli.context import Context
from voipwatch.cli.errors import CLEAR, UNDECIDED
from voipwatch.cli.language import Texts
from voipwatch.cli.show import table

SCHEMA = "voipwatch.targets/1"
WHY = {
    TargetsState.EXPIRED: "apps.targets_expired",
    TargetsState.BAD_SIGNATURE: "apps.targets_bad_signature",
    TargetsState.UNREADABLE: "apps.targets_unreadable",
}


def list_targets(*, context: Annotated[Context, Parameter(parse=False)], json: bool = False) -> int:
    """One row a target; 0, or 2 when the list holds nothing that may be tested."""
    today = datetime.now(tz=UTC).date()
    found = load_targets(today)
    status = CLEAR if found.usable else UNDECIDED
    if json:
        context.print_json(_json(found, today))
        return status
    texts = context.texts
    names = ("target", "roles", "server", "checked", "expires", "source")
    columns = [texts(f"column.{name}") for name in names]
    cells: list[list[Text | str]] = [
        [
            target.id,
            ", ".join(texts(f"role.{role}") for role in target.roles),
            f"{target.name} {target.transport}/{target.port}",
            _checked(texts, target, today),
            Text(target.expires_on.isoformat(), style="" if target in found.usable else "bold yellow"),
            f"{target.status}: {target.source}",
        ]
        for target in found.targets
    ]
    context.out.print(table(texts, columns, cells))
    if found.state is not TargetsState.OK:
        context.say(WHY[found.state], style="bold yellow")
    return status


def _checked(texts: Texts, target: Target, today: date) -> str:
    """The day on which its source was last read, and how long ago that was."""
    days = texts("apps.days", count=(today - target.checked_on).days)
    return f"{target.checked_on.isoformat()} ({days})"


def _json(found: TargetSet, today: date) -> bytes:
    document = {
        "schema": SCHEMA,
        "state": found.state.value,
        "version": found.version,
        "digest": found.digest,
        "problems": [str(problem) for problem in found.problems],
        "targets": [_row(target, found, today) for target in found.targets],
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=2)


def _row(target: Target, found: TargetSet, today: date) -> dict[str, object]:
    return {
        "id": target.id,
        "app": target.app or None,
        "roles": list(target.roles),
        "name": target.name,
        "transport": target.transport,
        "port": target.port,
        "trust": target.trust,
        "prefixes": list(target.prefixes),
        "status": target.status,
        "source": target.source,
        "checked_on": target.checked_on.isoformat(),
        "age_days": (today - target.checked_on).days,
        "expires_on": target.expires_on.isoformat(),
        "usable": target in found.usable,
    }
