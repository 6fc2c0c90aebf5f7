"""A log for tests: two fixed keys, and lines appended one by one."""

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.chronicle.build import at, finding, series
from voipwatch.chronicle.log import Entry, append, public_key_of, read_line, read_log
from voipwatch.chronicle.revising import Facts, revise
from voipwatch.chronicle.state import ChronicleState, replay
from voipwatch.model.acts import EntryKind, KeyEntry, KeyRole, Notice, Review
from voipwatch.model.incidents import Attribution, AttributionReason, AttributionState, Incident

MACHINE = Ed25519PrivateKey.from_private_bytes(b"m" * 32)
EDITOR = Ed25519PrivateKey.from_private_bytes(b"e" * 32)
STRANGER = Ed25519PrivateKey.from_private_bytes(b"s" * 32)
NOON = "2016-01-10T12:00:00Z"
LATER = "2016-01-12T12:00:00Z"
"""48 hours after."""
ATTRIBUTED = Attribution(AttributionState.ATTRIBUTED, (AttributionReason.CANARY_REACHED,))


class Writing:
    """Lines, and what they add up to. Adding a line that may not be said raises LogError and adds nothing."""

    def __init__(self, *, keys: bool = True) -> None:
        self.lines: list[bytes] = []
        self.last: Entry | None = None
        if keys:
            self.add(EntryKind.KEY, KeyEntry(public_key_of(MACHINE), KeyRole.INSTANCE), signer=MACHINE)
            self.add(EntryKind.KEY, KeyEntry(public_key_of(EDITOR), KeyRole.EDITOR), signer=MACHINE)

    def add(
        self,
        kind: EntryKind,
        body: msgspec.Struct,
        *,
        signer: Ed25519PrivateKey = EDITOR,
        when: str = NOON,
    ) -> Entry:
        line = append(self.last, kind, body, at=when, signer=signer)
        replay(read_log([*self.lines, line]))
        self.lines.append(line)
        self.last = read_line(line, len(self.lines))
        return self.last

    @property
    def state(self) -> ChronicleState:
        return replay(read_log(self.lines))

    def detect(self, incident: Incident | None = None) -> Incident:
        found = found_incident() if incident is None else incident
        kind = EntryKind.INCIDENT
        self.add(kind, found, signer=MACHINE)
        return found

    def told(self, incident: Incident) -> None:
        """A notice to all its operators that has run out at `LATER`."""
        operators = tuple(sorted({row.series.operator for row in incident.spread}))
        notice = Notice(incident.id, self.state.newest[incident.id].revision, operators, LATER)
        self.add(EntryKind.NOTICE, notice)

    def review(self, incident: Incident, *, when: str = LATER) -> Incident:
        revision = self.state.newest[incident.id].revision
        self.add(EntryKind.REVIEW, Review(incident.id, revision, "desk"), when=when)
        return self.state.newest[incident.id]


def found_incident(
    *, attribution: Attribution = ATTRIBUTED, operator: str = "AS1", instance: str = ""
) -> Incident:
    """A small incident, as the machine finds it."""
    onset = finding("onset", series(operator), at("2016-01-05T09"), instance=instance)
    (change,) = revise(
        {},
        [onset],
        country="MA",
        instance=instance,
        as_of="2016-01-06T00:00:00Z",
        facts_of=lambda _: Facts(attribution=attribution),
    )
    return change.incident
