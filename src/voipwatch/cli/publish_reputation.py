"""`voipwatch publish --reputation FILE`: which followers the site tells of, and for which event."""

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from voipwatch.civic.observations import ObservationError
from voipwatch.cli.errors import Misuse
from voipwatch.cli.values import shown, shown_path

if TYPE_CHECKING:
    from voipwatch.civic.watched import Watch


class ReputationOptions(NamedTuple):
    """As they were typed."""

    file: str | None = None
    event: str = ""
    donors: str = ""
    """Pages, a comma between them."""


def watch_of_options(options: ReputationOptions, *, site: Path | None) -> "Watch | None":
    """What the site is given; None: nothing beside what comes with the package.

    Raises Misuse: options without a file or a site, a file that is none, a day or a donor that is none.
    """
    if options.file is None:
        if options.event or options.donors:
            raise Misuse("publish.reputation_alone")
        return None
    if site is None:
        raise Misuse("site.no_site")
    from voipwatch.civic.watched import watch_of  # noqa: PLC0415 -- scipy takes a second
    from voipwatch.cli.reputation import existing, pages_told, unreadable  # noqa: PLC0415 -- the same

    path = Path(options.file)
    if not path.exists():
        raise unreadable(path, FileNotFoundError(2, "No such file or directory"))
    rows = existing(path)
    if not rows:
        raise Misuse("reputation.empty", path=shown_path(path))
    named = [name.strip() for name in options.donors.split(",") if name.strip()]
    try:
        return watch_of(rows, event=options.event, donors=named)
    except ObservationError as error:
        if error.field == "event":
            raise Misuse("reputation.date", option="--reputation-event", value=shown(options.event)) from None
        if not error.reason:
            raise Misuse("publish.reputation_donors_all") from None
        raise Misuse("reputation.page_unknown", value=shown(error.reason), known=pages_told(rows)) from None
