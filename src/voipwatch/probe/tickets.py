"""`voipwatch tickets fetch`: tickets on disk before they are needed."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path as Folder

from voipwatch.model.vocabulary import Failure
from voipwatch.probe.check import Target, ask_for_tickets
from voipwatch.probe.path import Resolver, find_paths, resolve_by_system
from voipwatch.probe.ticketstore import TicketStore


@dataclass(frozen=True, slots=True)
class TicketsKept:
    """What came of a fetch."""

    kept: int
    """Good tickets of this reflector that are on disk now."""
    failure: Failure | None


def fetch_tickets(
    target: Target, count: int, folder: Folder, *, resolve: Resolver = resolve_by_system
) -> TicketsKept:
    """Ask `target` for `count` tickets and keep them in `folder`. Cannot fail."""
    store = TicketStore(folder)
    wall_s = datetime.now(tz=UTC).timestamp()
    trust = target.trust.word
    paths = find_paths(target.host, resolve)
    if isinstance(paths, Failure):
        return TicketsKept(store.count(target.host, target.port, wall_s=wall_s, trust=trust), paths)
    _, answer, _ = ask_for_tickets(target, paths, count)
    if answer.batch is None:
        return TicketsKept(store.count(target.host, target.port, wall_s=wall_s, trust=trust), answer.failure)
    kept = store.add(target.host, target.port, answer.batch, wall_s=wall_s, trust=trust)
    return TicketsKept(kept, None if kept else Failure.UNKNOWN)
