"""The chronicle's part of the bundle: a replay of the log, less what is under embargo.

A line of the log that tells of an incident under embargo is published as its hash alone, so that the chain
holds and the line can be shown to have stood there when the embargo is over: its announcement too, since an
id names country and month, and an incident's own digest could be found by trying. A line's hash cannot: the
line holds a signature. What is under embargo beside the incident that is held: `embargo`.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

import msgspec

from voipwatch.chronicle.acts import still_named
from voipwatch.chronicle.log import Entry, LogError, canonical, read_line, read_log
from voipwatch.chronicle.state import ChronicleState, Said, Story, replay
from voipwatch.model.acts import Dispute, Hold, KeyRole, Notice, Reply, Review, Withdrawal
from voipwatch.model.bundle import Closed
from voipwatch.model.incidents import Incident
from voipwatch.model.instants import iso
from voipwatch.pipeline.publishing.embargo import embargo_at
from voipwatch.pipeline.publishing.folder import Content
from voipwatch.pipeline.publishing.world import World, document

INCIDENT_PAGE_SCHEMA: Final = "voipwatch.incident-page/1"
REVISION_SCHEMA: Final = "voipwatch.incident-revision/1"
INDEX_SCHEMA: Final = "voipwatch.incidents/1"
CORRECTIONS_SCHEMA: Final = "voipwatch.corrections/1"
LOG_FILE: Final = "chronicle/log.jsonl"
WITHHELD: Final = "withheld"
"""The one field of a line under embargo beside its number."""
_FIRST_PREV: Final = "0" * 64


class Chronology(NamedTuple):
    """What the log says, as it may be told at `as_of`."""

    incidents: list[Incident]
    """Newest revisions, in the order in which ids were allotted."""
    files: dict[str, Content]
    hidden: frozenset[str]
    """Changepoints under embargo."""
    final: Closed | None
    keys: tuple[str, ...]
    """Of the instance, that sign now; empty where there is no log."""
    claim_notes: tuple[Said, ...] = ()


class PublicLog(NamedTuple):
    """A published log, read."""

    state: ChronicleState
    """Without what is under embargo."""
    lines: int
    withheld: int


def read(lines: Sequence[bytes], world: World, *, now_s: int | None = None) -> Chronology:
    """The chronicle's files for a bundle of `world`; embargoes are on or off at `now_s` (None: its `as_of`).

    Raises:
        LogError: a line that does not hold.
        MixedWorldsError: the log's incidents are of another world.
    """
    entries = read_log(lines)
    state = replay(entries)
    if state.instance is not None:
        world.admit_instances([state.instance])
    now = iso(world.as_of if now_s is None else now_s)
    held, hidden = embargo_at(state, entries, now)
    told = {name: story for name, story in state.stories.items() if name not in held}
    newest = [story.newest for story in told.values()]
    files: dict[str, Content] = {
        LOG_FILE: b"".join(
            (withheld_line(entry) if _is_of(entry, held, hidden) else line) + b"\n"
            for entry, line in zip(entries, lines, strict=True)
        ),
        **story_files(told, world),
        "corrections.json": corrections(state, held, world, hidden=hidden),
    }
    return Chronology(
        incidents=newest,
        files=files,
        hidden=hidden,
        final=None if state.closed is None else Closed(state.closed.what.reason, state.closed.at),
        keys=tuple(state.keyring.standing(KeyRole.INSTANCE)),
        claim_notes=tuple(state.claim_notes),
    )


def story_files(stories: dict[str, Story], world: World) -> dict[str, bytes]:
    """incidents/: the index, each incident's page, each of its revisions."""
    files = {
        "incidents/index.json": document(
            world.head(INDEX_SCHEMA), {"incidents": [_in_short(story.newest) for story in stories.values()]}
        )
    }
    for name, story in stories.items():
        files[f"incidents/{name}.json"] = document(world.head(INCIDENT_PAGE_SCHEMA), _page(story))
        for number, (incident, at) in enumerate(zip(story.revisions, story.revised_at, strict=True), start=1):
            # A revision never changes, so its file names no bundle's time.
            head = {"schema": REVISION_SCHEMA, "synthetic": incident.synthetic, "instance": incident.instance}
            body = {"as_of": incident.as_of, "valid_until": None, "revised_at": at, "incident": incident}
            files[f"incidents/{name}/r{number}.json"] = document(head, body)
    return files


def corrections(
    state: ChronicleState, held: Iterable[str], world: World, *, hidden: frozenset[str] = frozenset()
) -> bytes:
    """corrections.json: all that was corrected or withdrawn, less what is under embargo.

    `held`: incidents under embargo; `hidden`: their changepoints.
    """
    secret = frozenset(held)
    told = [
        world.mark | _said(each) for each in state.corrections if not _speaks_of(each.what, secret, hidden)
    ]
    return document(world.head(CORRECTIONS_SCHEMA), {"corrections": told})


def withheld_line(entry: Entry) -> bytes:
    """What stands in the published log for a line under embargo."""
    return canonical({"n": entry.n, WITHHELD: entry.digest})


def read_public_log(lines: Sequence[bytes]) -> PublicLog:
    """A published log: signatures, chain, and the replay of what is told.

    Raises:
        LogError: the first line that does not hold.
    """
    state = ChronicleState()
    last, withheld = _FIRST_PREV, 0
    for number, line in enumerate(lines, start=1):
        stub = _stub(line)
        if stub is not None:
            if stub[0] != number:
                raise LogError(number, "n", f"{stub[0]}, expected {number}")
            last, withheld = stub[1], withheld + 1
            continue
        entry = read_line(line, number)
        if entry.n != number:
            raise LogError(number, "n", f"{entry.n}, expected {number}")
        if entry.prev != last:
            raise LogError(number, "prev", "is not the hash of the line before")
        last = entry.digest
        state.apply(entry)
    return PublicLog(state, len(lines), withheld)


def _stub(line: bytes) -> tuple[int, str] | None:
    try:
        document_ = msgspec.json.decode(line, type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None
    if document_.keys() != {"n", WITHHELD} or canonical(document_) != line:
        return None
    number, digest = document_["n"], document_[WITHHELD]
    return (number, digest) if isinstance(number, int) and isinstance(digest, str) else None


def _is_of(entry: Entry, held: frozenset[str], hidden: frozenset[str]) -> bool:
    """Whether a line tells of an incident under embargo; its announcement does, by the id."""
    if isinstance(entry.body, Incident):
        return entry.body.id in held
    return _speaks_of(entry.body, held, hidden)


def _speaks_of(body: object, held: frozenset[str], hidden: frozenset[str]) -> bool:
    """Whether an act tells of an incident under embargo or of its evidence."""
    if isinstance(body, Withdrawal) and not hidden.isdisjoint(body.changepoints):
        return True
    return getattr(body, "incident", "") in held


def _in_short(incident: Incident) -> dict[str, Any]:
    return {
        "id": incident.id,
        "revision": incident.revision,
        "country": incident.country,
        "status": incident.status,
        "kind": incident.kind,
        "synthetic": incident.synthetic,
        "onset_earliest": incident.phases[0].earliest if incident.phases else None,
        "onset_latest": incident.phases[0].latest if incident.phases else None,
        "ended": incident.ended,
        "named": still_named(incident),
        "attribution": incident.attribution.state,
        "merged_into": incident.merged_into,
        "path": f"incidents/{incident.id}.json",
    }


def _page(story: Story) -> dict[str, Any]:
    told: dict[str, Any] = {"incident": story.newest, "revised_at": story.revised_at}
    for name, kind in (
        ("reviews", Review), ("notices", Notice), ("replies", Reply), ("disputes", Dispute), ("holds", Hold),
    ):  # fmt: skip
        told[name] = [_said(each) for each in story.of(kind)]
    # That an operator was told of a finding accuses it as the finding does: not before a review names it.
    for each in told["notices"]:
        operators = each["body"].operators
        named = tuple(name for name in operators if name in story.newest.named)
        each["operators_count"] = len(operators)
        each["body"] = msgspec.structs.replace(each["body"], operators=named)
    return told


def _said(each: Said) -> dict[str, Any]:
    return {"at": each.at, "line": each.line, "kind": type(each.what).__name__.lower(), "body": each.what}
