"""What an embargo covers: the incident that is held, and all that would tell of it.

The machine splits and joins incidents without asking what is held. What is apart from a held one, or one with
it, has its id and its evidence: so it is held with it, and what hangs on that in turn, until nothing is
added.
"""

from collections.abc import Iterable
from typing import NamedTuple

from voipwatch.chronicle.log import Entry
from voipwatch.chronicle.revising import evidence_of
from voipwatch.chronicle.state import ChronicleState, Story
from voipwatch.model.acts import Withdrawal


class Embargo(NamedTuple):
    """What is told of nowhere while it is on."""

    incidents: frozenset[str] = frozenset()
    changepoints: frozenset[str] = frozenset()
    """Their evidence, of every revision; and what was withdrawn together with any of it."""


def embargo_at(state: ChronicleState, entries: Iterable[Entry], now: str) -> Embargo:
    """What is under embargo at `now`.

    Args:
        state: the replay of the entries.
        entries: all of the log.
        now: ISO 8601 with Z.
    """
    held = {name for name, story in state.stories.items() if story.held_until(now) is not None}
    bundles = [
        (frozenset({name}) | _pointed_at(story), _evidence(story)) for name, story in state.stories.items()
    ]
    # One line withdraws all of its evidence: it cannot be told by halves.
    bundles += [
        (frozenset({entry.body.incident} - {""}), frozenset(entry.body.changepoints))
        for entry in entries
        if isinstance(entry.body, Withdrawal)
    ]
    evidence: set[str] = set()
    while bundles:
        tied = [each for each in bundles if not (held.isdisjoint(each[0]) and evidence.isdisjoint(each[1]))]
        if not tied:
            break
        bundles = [each for each in bundles if each not in tied]
        held.update(*(names for names, _ in tied))
        evidence.update(*(changepoints for _, changepoints in tied))
    return Embargo(frozenset(held), frozenset(evidence))


def _pointed_at(story: Story) -> frozenset[str]:
    """Ids that any revision names; a grave's `merged_into` among them."""
    return frozenset(
        name
        for each in story.revisions
        for name in (*each.split_from, *each.split_into, *each.merged_from, each.merged_into)
        if name is not None
    )


def _evidence(story: Story) -> frozenset[str]:
    return frozenset(name for each in story.revisions for name in evidence_of(each))
