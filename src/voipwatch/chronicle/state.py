"""The log replayed: everything that is shown is this, and nothing else is kept."""

from collections.abc import Callable, Iterable
from typing import Any, Final

import msgspec

from voipwatch.chronicle.acts import TRANSITIONS, operators_of, to_be_named, unheard
from voipwatch.chronicle.keys import Keyring
from voipwatch.chronicle.log import Entry, LogError, digest_of
from voipwatch.chronicle.revising import evidence_of
from voipwatch.model.acts import (
    ClaimNote,
    Closing,
    Correction,
    Dispute,
    EntryKind,
    Hold,
    Notice,
    Reply,
    Review,
    Withdrawal,
)
from voipwatch.model.incidents import Incident, IncidentStatus


class Said(msgspec.Struct, frozen=True):
    """Something that was said of an incident or a claim, and where in the log."""

    at: str
    line: int
    what: Any
    """Review, Notice, Reply, Dispute, Correction, Withdrawal, Hold, ClaimNote."""


class Story(msgspec.Struct):
    """All of one incident."""

    revisions: list[Incident] = []
    """From revision 1; an act that changes what is shown made one too."""
    revised_at: list[str] = []
    """Of each, as the log has it."""
    said: list[Said] = []

    @property
    def newest(self) -> Incident:
        """What is shown."""
        return self.revisions[-1]

    def signed(self, revision: Incident) -> Incident | None:
        """The one that a person had signed last when this revision of it was made; None where none was."""
        number = revision.reviewed_revision
        return self.revisions[number - 1] if number else None

    def of(self, kind: type) -> list[Said]:
        """What of one kind was said of it, in order."""
        return [each for each in self.said if isinstance(each.what, kind)]

    def held_until(self, now: str) -> str | None:
        """The end of an embargo that is on at `now` (ISO 8601 with Z), or None; of several the last said."""
        holds = self.of(Hold)
        until: str | None = holds[-1].what.until if holds else None
        return until if until is not None and until > now else None


class ChronicleState(msgspec.Struct):
    """A log, replayed."""

    instance: str | None = None
    """Name of the emulation, empty for a real one; None before the first incident."""
    stories: dict[str, Story] = {}
    """By id, in the order in which ids were allotted."""
    claim_notes: list[Said] = []
    withdrawn: set[str] = set()
    """Changepoints that count no more."""
    keyring: Keyring = msgspec.field(default_factory=Keyring)
    closed: Said | None = None
    reconsidered: bool = False
    """Whether evidence was withdrawn after closing: what is left of it is then told again."""
    last: Entry | None = None

    @property
    def newest(self) -> dict[str, Incident]:
        """Newest revision of each incident, by id."""
        return {name: story.newest for name, story in self.stories.items()}

    @property
    def measured_until(self) -> str:
        """`as_of` of the newest that was measured; empty where there is no incident."""
        return max((story.newest.as_of for story in self.stories.values()), default="")

    @property
    def corrections(self) -> list[Said]:
        """All corrections and withdrawals by people, oldest first: the corrections list."""
        kinds = (Correction, Withdrawal)
        found = {
            each.line: each
            for story in self.stories.values()
            for each in story.said
            if isinstance(each.what, kinds)
        }
        return [found[line] for line in sorted(found)]

    def apply(self, entry: Entry) -> None:
        """Take one entry. Raises LogError where it may not be said; the state is then as it was."""
        self._check_signer(entry)
        if self.closed is not None and not _may_follow_closing(self, entry):
            raise LogError(entry.n, "kind", f"the observatory was closed in line {self.closed.line}")
        _APPLY[entry.kind](self, entry)
        self.last = entry

    def _check_signer(self, entry: Entry) -> None:
        if entry.kind is EntryKind.KEY:
            reason = self.keyring.add(entry.body, entry.key, entry.n)
            field = "body"
        elif not self.keyring.keys:
            reason, field = "a log begins with the instance's own key", "kind"
        else:
            reason, field = self.keyring.refuses(entry.kind, entry.key), "key"
        if reason is not None:
            raise LogError(entry.n, field, reason)

    def story(self, name: str, line: int) -> Story:
        """The story of an incident that `line` speaks of. Raises LogError."""
        story = self.stories.get(name)
        if story is None:
            raise LogError(line, "body.incident", f"there is no incident {name}")
        return story


def replay(entries: Iterable[Entry]) -> ChronicleState:
    """The state after these entries. Raises LogError naming the line that may not be said."""
    state = ChronicleState()
    for entry in entries:
        state.apply(entry)
    return state


# --- the machine -----------------------------------------------------------------------------------------


def _incident(state: ChronicleState, entry: Entry) -> None:
    after: Incident = entry.body
    if state.instance not in {None, after.instance}:
        raise LogError(entry.n, "body.instance", "emulated and real incidents never share a log")
    if after.id.startswith("LAB-") != bool(after.instance):
        raise LogError(entry.n, "body.id", "LAB- is for emulated incidents, and for all of them")
    story = state.stories.get(after.id)
    if story is None:
        if (after.revision, after.status) != (1, IncidentStatus.DETECTED):
            raise LogError(entry.n, "body.revision", "an incident begins with revision 1, detected")
        if after.named or after.reviewed_revision:
            raise LogError(entry.n, "body.named", "only a review names operators")
        story = Story([], [], [])
    else:
        _check_revision(story.newest, after, entry)
    _keep(state, story, after, entry)


def _check_revision(before: Incident, after: Incident, entry: Entry) -> None:
    """The machine revises what it found; what people decided it leaves alone."""
    status = _next_status(before, entry)
    if after.status not in {status, IncidentStatus.WITHDRAWN}:
        raise LogError(entry.n, "body.status", f"{after.status} after {before.status}")
    if after.revision != before.revision + 1:
        raise LogError(entry.n, "body.revision", f"{after.revision} after {before.revision}")
    for field in ("country", "kind", "instance", "notice_until", "reviewed_revision", "named"):
        if getattr(after, field) != getattr(before, field):
            raise LogError(entry.n, f"body.{field}", "a finding does not change that")


# --- people ----------------------------------------------------------------------------------------------


def _review(state: ChronicleState, entry: Entry) -> None:
    review: Review = entry.body
    story = state.story(review.incident, entry.n)
    before = story.newest
    status = _next_status(before, entry)
    _check_newest(review.revision, before, entry)
    if early := unheard(before, [each.what for each in story.of(Notice)], entry.at):
        raise LogError(entry.n, "body.incident", f"notice has not run out: {', '.join(early)}")
    after = msgspec.structs.replace(
        before,
        revision=before.revision + 1,
        status=status,
        reviewed_revision=review.revision,
        named=to_be_named(before),
    )
    _keep(state, story, after, entry, review)


def _notice(state: ChronicleState, entry: Entry) -> None:
    notice: Notice = entry.body
    story = state.story(notice.incident, entry.n)
    before = story.newest
    _next_status(before, entry)
    _check_newest(notice.revision, before, entry)
    if strangers := sorted(set(notice.operators) - set(operators_of(before))):
        raise LogError(entry.n, "body.operators", f"not in the incident: {', '.join(strangers)}")
    after = msgspec.structs.replace(before, revision=before.revision + 1, notice_until=notice.until)
    _keep(state, story, after, entry, notice)


def _reply(state: ChronicleState, entry: Entry) -> None:
    reply: Reply = entry.body
    story = state.story(reply.incident, entry.n)
    _next_status(story.newest, entry)
    story.said.append(Said(entry.at, entry.n, reply))


def _dispute(state: ChronicleState, entry: Entry) -> None:
    _restate(state, entry, state.story(entry.body.incident, entry.n))


def _correction(state: ChronicleState, entry: Entry) -> None:
    correction: Correction = entry.body
    story = state.story(correction.incident, entry.n)
    if not 1 <= correction.revision <= story.newest.revision:
        raise LogError(entry.n, "body.revision", "there is no such revision")
    _restate(state, entry, story)


def _withdrawal(state: ChronicleState, entry: Entry) -> None:
    withdrawal: Withdrawal = entry.body
    if withdrawal.incident:
        story = state.story(withdrawal.incident, entry.n)
        gone = evidence_of(story.newest)
        _restate(state, entry, story, reason=withdrawal.reason)
        # Else the machine would find the same again tomorrow, under another name.
        state.withdrawn |= gone
    elif not withdrawal.changepoints:
        raise LogError(entry.n, "body", "neither an incident nor changepoints")
    else:
        _without_evidence(state, entry, frozenset(withdrawal.changepoints))
        state.reconsidered = state.closed is not None
    state.withdrawn |= set(withdrawal.changepoints)


def _without_evidence(state: ChronicleState, entry: Entry, gone: frozenset[str]) -> None:
    """Beside every incident that rests on it; one that a person had signed is corrected by that.

    What is left of each the machine finds in its next turn: another revision, or a tombstone.
    """
    for story in state.stories.values():
        before = story.newest
        if before.status is IncidentStatus.WITHDRAWN or not evidence_of(before) & gone:
            continue
        if before.status is IncidentStatus.DETECTED:
            story.said.append(Said(entry.at, entry.n, entry.body))
            continue
        after = msgspec.structs.replace(before, revision=before.revision + 1, status=IncidentStatus.CORRECTED)
        _keep(state, story, after, entry, entry.body)


def _hold(state: ChronicleState, entry: Entry) -> None:
    hold: Hold = entry.body
    story = state.story(hold.incident, entry.n)
    _next_status(story.newest, entry)
    if not 1 <= hold.revision <= story.newest.revision:
        raise LogError(entry.n, "body.revision", "there is no such revision")
    if digest_of(story.revisions[hold.revision - 1]) != hold.digest:
        raise LogError(entry.n, "body.digest", "is not that of the revision")
    story.said.append(Said(entry.at, entry.n, hold))


def _claim_note(state: ChronicleState, entry: Entry) -> None:
    note: ClaimNote = entry.body
    state.claim_notes.append(Said(entry.at, entry.n, note))


def _final(state: ChronicleState, entry: Entry) -> None:
    closing: Closing = entry.body
    state.closed = Said(entry.at, entry.n, closing)


def _key(_state: ChronicleState, _entry: Entry) -> None:
    """The keyring took it already."""


# --- both ------------------------------------------------------------------------------------------------


def _next_status(before: Incident, entry: Entry) -> IncidentStatus:
    status = TRANSITIONS[before.status].get(entry.kind)
    if status is None:
        raise LogError(entry.n, "kind", f"{entry.kind} of an incident that is {before.status}")
    return status


def _check_newest(revision: int, before: Incident, entry: Entry) -> None:
    if revision != before.revision:
        raise LogError(entry.n, "body.revision", f"{revision}, the newest is {before.revision}")


def _restate(state: ChronicleState, entry: Entry, story: Story, *, reason: str = "") -> None:
    before = story.newest
    status = _next_status(before, entry)
    after = msgspec.structs.replace(
        before, revision=before.revision + 1, status=status, reason=reason or before.reason
    )
    _keep(state, story, after, entry, entry.body)


def _keep(
    state: ChronicleState,
    story: Story,
    after: Incident,
    entry: Entry,
    said: Review | Notice | Dispute | Correction | Withdrawal | None = None,
) -> None:
    story.revisions.append(after)
    story.revised_at.append(entry.at)
    if said is not None:
        story.said.append(Said(entry.at, entry.n, said))
    state.stories[after.id] = story
    state.instance = after.instance


_APPLY: Final[dict[EntryKind, Callable[[ChronicleState, Entry], None]]] = {
    EntryKind.KEY: _key,
    EntryKind.INCIDENT: _incident,
    EntryKind.MERGE: _incident,
    EntryKind.SPLIT: _incident,
    EntryKind.REVIEW: _review,
    EntryKind.NOTICE: _notice,
    EntryKind.REPLY: _reply,
    EntryKind.DISPUTE: _dispute,
    EntryKind.CORRECTION: _correction,
    EntryKind.WITHDRAWAL: _withdrawal,
    EntryKind.HOLD: _hold,
    EntryKind.CLAIM_NOTE: _claim_note,
    EntryKind.FINAL: _final,
}
_AFTER_CLOSING: Final = frozenset(
    {EntryKind.KEY, EntryKind.REPLY, EntryKind.CORRECTION, EntryKind.CLAIM_NOTE, EntryKind.WITHDRAWAL}
)
"""A closed observatory measures nothing more, and still owes replies and corrections."""
_FOUND: Final = frozenset({EntryKind.INCIDENT, EntryKind.MERGE, EntryKind.SPLIT})


def _may_follow_closing(state: ChronicleState, entry: Entry) -> bool:
    """What withdrawn evidence carried must fall at any time; what is left was measured before the end."""
    if entry.kind in _FOUND:
        return state.reconsidered and entry.body.as_of <= state.measured_until
    return entry.kind in _AFTER_CLOSING
