"""What a feed says of one incident: its permanent id, when that changed, and the words.

An entry is a function of the incident, what was said of it, and the language; the bundle's own `as_of` is not
in it, so that an entry changes with its `updated` and never otherwise.
"""

from hashlib import sha256
from typing import Final
from uuid import UUID, uuid5

import msgspec

from voipwatch.chronicle.titles import marks_of, title_of
from voipwatch.model.acts import Reply
from voipwatch.model.incidents import Incident, IncidentStatus
from voipwatch.site import links
from voipwatch.site.bundle import Bundle, IncidentPage
from voipwatch.site.feeds.telling import one_line, plain
from voipwatch.site.telling import line_sentence
from voipwatch.site.words import Name, Words, seen

LOG: Final = "chronicle/log.jsonl"
NAMESPACE: Final = UUID("6f0d5c1e-3c57-5f2b-9a3e-8d7f3f6a2b10")
"""Ours (RFC 9562, section 5.5): never changed."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One incident in one language."""

    uuid: UUID
    """Permanent, whoever hosts it."""
    incident: Incident
    title: str
    """What stands before it says what it is not: emulated, not reviewed."""
    marks: tuple[str, ...]
    lines: tuple[str, ...]
    """One a phase; phases that read alike are one."""
    as_of: str
    """A sentence: nothing later is in it."""
    replies: tuple[Reply, ...]
    published: str
    """When the first revision was signed; UTC."""
    updated: str
    """When a revision, or a reply, was."""
    page: str
    """Path from the site's root."""

    @property
    def urn(self) -> str:
        """Its id in a feed."""
        return self.uuid.urn


def entries_of(bundle: Bundle, words: Words) -> list[Entry]:
    """Of all incidents, tombstones too: what changed last first."""
    root = root_of(bundle)
    found = [entry_of(bundle, page, words, root=root) for page in bundle.incidents]
    found.sort(key=lambda entry: entry.incident.id)
    found.sort(key=lambda entry: entry.updated, reverse=True)
    return found


def entry_of(bundle: Bundle, page: IncidentPage, words: Words, *, root: str) -> Entry:
    """Of one incident; `root` is `root_of` the bundle."""
    incident = page.incident
    title = title_of(incident, bundle.signed_revision(incident))
    return Entry(
        uuid=uuid_of(root, incident.id),
        incident=incident,
        title=f"[{state_text(incident, words)}] {plain(title, words, named=incident.named)}",
        marks=tuple(plain(mark, words) for mark in marks_of(incident)),
        lines=tuple(
            dict.fromkeys(plain(line_sentence(incident.country, phase), words) for phase in incident.phases)
        ),
        as_of=words.plain("feeds.as-of", moment=words.moment(incident.as_of)),
        replies=tuple(said.body for said in page.replies),
        published=page.revised_at[0],
        updated=updated_of(page),
        page=f"{words.lang}/{links.incident(incident.id)}",
    )


def root_of(bundle: Bundle) -> str:
    """What makes the ids of one observatory its own: the digest of its log's first line, which never changes.

    A bundle without a log has no incident, and no id that anybody could have seen.
    """
    if LOG not in bundle.paths:
        return bundle.manifest.key
    return sha256(bundle.read(LOG).split(b"\n", 1)[0]).hexdigest()


def uuid_of(root: str, name: str) -> UUID:
    """The permanent id of a thing that an observatory speaks of."""
    return uuid5(NAMESPACE, f"{root}/{name}")


def updated_of(page: IncidentPage) -> str:
    """When what is shown of the incident changed last: a revision, or what somebody said of it."""
    said = [
        *(act.at for act in page.replies),
        *(act.at for act in page.disputes),
        *(act.at for act in page.reviews),
    ]
    return max([*page.revised_at, *said])


def state_text(incident: Incident, words: Words) -> str:
    """`emulated, not reviewed`: what a title must not be read without."""
    found = [words.plain(f"feeds.status.{incident.status.value}")]
    if incident.synthetic:
        found.insert(0, words.plain("feeds.emulated"))
    return f"{words.plain('feeds.comma')} ".join(found)


def reply_line(reply: Reply, words: Words) -> str:
    """Whose reply it is and when it came; the text follows, unedited."""
    side = words.plain(f"feeds.side.{reply.side.value}")
    text = words.plain("feeds.reply", side=side, name=Name(reply.name), received=reply.received)
    return one_line(text)


def plain_text(entry: Entry, words: Words) -> str:
    """All of an entry but its title, a line each."""
    lines = [*entry.marks, *entry.lines]
    if entry.incident.status is IncidentStatus.WITHDRAWN and entry.incident.reason:
        lines.append(words.plain("feeds.reason", reason=Name(one_line(entry.incident.reason))))
    for reply in entry.replies:
        lines += [reply_line(reply, words), seen(reply.text)]
    return "\n".join([*lines, entry.as_of])
