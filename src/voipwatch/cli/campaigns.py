"""The folder of campaigns that a command works in, opened; what is wrong with it is said in the reader's
language. And what commands on campaigns share besides: the clock, the question before what cannot be undone.
"""

import getpass
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from voipwatch.cli.context import Context, data_folder
from voipwatch.cli.errors import INTERRUPTED, Misuse, Stop, Trouble
from voipwatch.cli.language import Texts
from voipwatch.cli.values import shown, shown_path

if TYPE_CHECKING:
    from voipwatch.site.campaigns.desk import Desk
    from voipwatch.site.campaigns.settings import Campaigns


def campaigns_folder(context: Context, given: Path | None) -> Path:
    """The folder that was named, else `campaigns` in the data folder."""
    return (given or data_folder(context.environment) / "campaigns").absolute()


def agree(context: Context, question: str, name: str, *, yes: bool) -> None:
    """Ask before something that cannot be undone. Raises Misuse where nobody can be asked."""
    if yes:
        return
    if not context.interactive:
        raise Misuse("petition.no_terminal")
    said = context.ask(question, id=shown(name))
    if not said or said.casefold() not in context.texts.raw("consent.yes").split():
        raise Stop(INTERRUPTED, "petition.left")


def told_text(texts: Texts, count: int | None) -> str:
    """A told count for people: `8120`, fewer than ten (0), or that none was told yet (None)."""
    if count is None:
        return texts("petition.untold")
    return str(count) if count else texts("petition.few")


def parse_domain(text: str) -> str:
    """A domain name as A-labels. Raises Misuse; the library of `civic` has to be there."""
    from voipwatch.civic.addresses import AddressError, host_name  # noqa: PLC0415 -- an extra

    try:
        return host_name(text)
    except AddressError:
        raise Misuse("error.domain", value=shown(text)) from None


def machine_account() -> str:
    """Who acts, for the audit log: the machine's account; `uid 1000` where it has no name, as in a
    container.
    """
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"


def now_s() -> int:
    """Unix seconds."""
    return int(datetime.now(tz=UTC).timestamp())


def campaigns_of(folder: Path) -> "Campaigns":
    """Settings of a folder. Raises Misuse, and Trouble where an extra lacks."""
    try:
        from voipwatch.site.campaigns.settings import (  # noqa: PLC0415 -- an extra
            FILE,
            SettingsError,
            read_settings,
        )
    except ModuleNotFoundError as error:
        raise Trouble("petition.no_extra", name=error.name or "sqlalchemy") from None
    if not (folder / FILE).exists():
        raise Misuse("petition.no_settings", path=shown_path(folder / FILE))
    try:
        return read_settings(folder)
    except SettingsError as error:
        raise Misuse(
            "petition.settings",
            path=shown_path(folder),
            field=error.field,
            reason=shown(error.reason, longest=300),
        ) from error


@contextmanager
def opened_desk(folder: Path) -> Iterator["Desk"]:
    """The desk of a folder, with its tables up to date.

    Raises Misuse for a petition or an address that cannot be, Trouble for a database that cannot be used.
    """
    campaigns = campaigns_of(folder)
    try:
        from voipwatch.civic.addresses import AddressError  # noqa: PLC0415 -- an extra
        from voipwatch.civic.petitions import PetitionError  # noqa: PLC0415 -- the same
        from voipwatch.site.campaigns.desk import Desk  # noqa: PLC0415 -- the same
        from voipwatch.store.civic.opening import DatabaseError  # noqa: PLC0415 -- the same
    except ModuleNotFoundError as error:
        raise Trouble("petition.no_extra", name=error.name or "sqlalchemy") from None
    try:
        desk = Desk(campaigns, upgrade=True)
        try:
            yield desk
        finally:
            desk.close()
    except PetitionError as error:
        raise Misuse(
            "petition.refused", field=error.field, reason=shown(error.reason, longest=300)
        ) from error
    except AddressError as error:
        raise Misuse("petition.address", reason=error.fault.value) from error
    except DatabaseError as error:
        raise Trouble(f"petition.database.{error.reason}", detail=shown(error.detail, longest=200)) from error
    except OSError as error:
        raise Trouble("petition.disk", reason=error.strerror or str(error)) from error


def require_undamaged(damaged: Mapping[str, str]) -> None:
    """After what can be read was printed. Raises Trouble for the first row that cannot."""
    for detail in damaged.values():
        raise Trouble("petition.database.damaged", detail=shown(detail, longest=200))
