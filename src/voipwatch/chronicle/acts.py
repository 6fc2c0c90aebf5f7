"""What may be done with an incident: one table, and the conditions that a table cannot hold.

Rule one: everything that changes a status is in `TRANSITIONS`. Rule two: whatever is not in it is refused.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from voipwatch.model.acts import EntryKind, KeyRole, Notice
from voipwatch.model.incidents import AttributionState, Incident, IncidentStatus

_D, _R, _X, _C, _W = IncidentStatus
_STANDING: Final[dict[EntryKind, IncidentStatus]] = {
    EntryKind.REVIEW: _R,
    EntryKind.DISPUTE: _X,
    EntryKind.WITHDRAWAL: _W,
    EntryKind.MERGE: _W,
}


def _stays(status: IncidentStatus) -> dict[EntryKind, IncidentStatus]:
    quiet = (EntryKind.INCIDENT, EntryKind.NOTICE, EntryKind.REPLY, EntryKind.HOLD)
    return dict.fromkeys(quiet, status)


TRANSITIONS: Final[Mapping[IncidentStatus, Mapping[EntryKind, IncidentStatus]]] = {
    # What nobody signed is revised, not corrected.
    _D: _stays(_D) | _STANDING,
    _R: _stays(_R) | _STANDING | {EntryKind.CORRECTION: _C},
    # A review of what is disputed says that it stands; the dispute stays on record beside it.
    _X: _stays(_X) | _STANDING | {EntryKind.CORRECTION: _C},
    _C: _stays(_C) | _STANDING | {EntryKind.CORRECTION: _C},
    # Who was accused may speak of it for ever.
    _W: {EntryKind.REPLY: _W},
}
"""Status -> what may be done -> status after it. A grave is final: what comes back is another incident."""

_PEOPLE: Final = frozenset({KeyRole.EDITOR})
_ANYBODY: Final = frozenset(KeyRole)
SIGNERS: Final[Mapping[EntryKind, frozenset[KeyRole]]] = {
    EntryKind.KEY: _ANYBODY,
    EntryKind.INCIDENT: frozenset({KeyRole.INSTANCE}),
    EntryKind.MERGE: frozenset({KeyRole.INSTANCE}),
    EntryKind.SPLIT: frozenset({KeyRole.INSTANCE}),
    EntryKind.REVIEW: _PEOPLE,
    EntryKind.NOTICE: _PEOPLE,
    EntryKind.REPLY: _PEOPLE,
    EntryKind.DISPUTE: _PEOPLE,
    EntryKind.CORRECTION: _PEOPLE,
    EntryKind.WITHDRAWAL: _PEOPLE,
    EntryKind.HOLD: _ANYBODY,
    EntryKind.CLAIM_NOTE: _ANYBODY,
    EntryKind.FINAL: _ANYBODY,
}
"""Who may say what: findings are the machine's, judgements are people's."""


def operators_of(incident: Incident) -> tuple[str, ...]:
    """All operators in it, sorted."""
    return tuple(sorted({row.series.operator for row in incident.spread}))


def to_be_named(incident: Incident) -> tuple[str, ...]:
    """The operators that a review of this revision would name: while it is unattributed none but those that
    were named before. Who is no longer in it is named no longer.
    """
    if incident.attribution.state is not AttributionState.ATTRIBUTED:
        return still_named(incident)
    return operators_of(incident)


def still_named(incident: Incident) -> tuple[str, ...]:
    """Those of `named` that are still in it: evidence that was withdrawn takes its operator with it, before
    the next review says so.
    """
    return tuple(name for name in incident.named if name in operators_of(incident))


def unheard(incident: Incident, notices: Sequence[Notice], at: str) -> tuple[str, ...]:
    """Operators that a review at that time would name for the first time before their notice has run out.

    Of several notices to one operator the one that runs longest counts: it may still be answered.

    Args:
        incident: its newest revision.
        notices: of this incident.
        at: ISO 8601 with Z; such instants are in the order of their text.
    """
    told = {name for notice in notices for name in notice.operators}
    answering = {name for notice in notices if notice.until > at for name in notice.operators}
    heard = told - answering
    return tuple(name for name in to_be_named(incident) if name not in heard and name not in incident.named)
