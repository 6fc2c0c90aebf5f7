"""What is found now against what was said before: which incident each group is, and what is new of it.

An id belongs to evidence. A group keeps the id of the incident whose evidence it has most of; incidents that
turn out to be one become one, and the others point to it; what was part of one and is apart now gets an id of
its own, and both point; an incident of which no evidence is left becomes a tombstone.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec

from voipwatch.chronicle.grouping import group_spells
from voipwatch.chronicle.instants import hour_after
from voipwatch.chronicle.phases import phases_of, spread_of
from voipwatch.chronicle.spells import Spell, spells_of
from voipwatch.chronicle.telling import Blocks, may_begin, told_phases, told_quality, told_spread
from voipwatch.model.acts import EntryKind
from voipwatch.model.incidents import (
    Attribution,
    AttributionReason,
    Finding,
    Incident,
    IncidentStatus,
    Intermittence,
    Quality,
)
from voipwatch.model.instants import seconds

LETTERS: Final = "abcdefghijklmnopqrstuvwxyz"
EVIDENCE_GONE: Final = "evidence-withdrawn"
MERGED: Final = "merged"
_FROM_VOTES: Final = {AttributionReason.CLIENT_VERSION, AttributionReason.REFLECTOR}
"""Reasons that speak against naming and are read from the votes of the first days."""


class Facts(msgspec.Struct, frozen=True):
    """What the store knows of a group beside its changepoints."""

    mechanisms: tuple[str, ...] = ()
    attribution: Attribution = Attribution()
    votes_surplus: int = 0
    witnessed: bool = True
    """Whether the votes of its first days can still be asked: raw ones go after a year and a month."""


class Change(msgspec.Struct, frozen=True):
    """An entry to be written: an incident's next revision."""

    kind: EntryKind
    incident: Incident


class _Group(msgspec.Struct, frozen=True):
    spells: tuple[Spell, ...]
    evidence: frozenset[str]
    """Its onsets; ends and silences follow them."""

    @property
    def month(self) -> str:
        return hour_after(self.spells[0].latest_s)[:7]


def revise(
    known: Mapping[str, Incident],
    findings: Sequence[Finding],
    schedules: Sequence[Intermittence] = (),
    *,
    country: str,
    as_of: str,
    instance: str = "",
    withdrawn: frozenset[str] = frozenset(),
    facts_of: Callable[[Sequence[Spell]], Facts] = lambda _: Facts(),
) -> list[Change]:
    """The entries that the log lacks, in the order in which they are to be written.

    Written partly and asked again, it gives the rest: each entry stands alone.

    Args:
        known: newest revision of every incident of the log, by id, in the order in which ids were allotted.
        findings: all of the country and instance, in any order.
        schedules: all of its regimes.
        country: ISO 3166.
        as_of: of what the revisions hold; told to the next full hour.
        instance: name of the emulation, else empty.
        withdrawn: changepoints that count no more.
        facts_of: what else is known of a group; a function of the store's state at `as_of`.
    """
    as_of = hour_after(seconds(as_of))
    standing = [each for each in findings if each.changepoint not in withdrawn and may_begin(each)]
    groups = [_group(spells) for spells in group_spells(spells_of(standing, schedules))]
    own = {
        name: incident
        for name, incident in known.items()
        if incident.country == country
        and incident.instance == instance
        and incident.status is not IncidentStatus.WITHDRAWN
    }
    heir_of = _heirs(own, groups)
    by_name = {finding.changepoint: finding for finding in standing}
    taken = set(known)
    changes: list[Change] = []
    births: list[Change] = []
    born_of = {name: [each.id for each in known.values() if name in each.split_from] for name in own}
    survivors: dict[str, str] = {}
    for number, group in enumerate(groups):
        claimants = [own[name] for name, heir in heir_of.items() if heir == number]
        facts = facts_of(group.spells)
        if claimants:
            survivor = _survivor(claimants)
            survivors |= {each.id: survivor.id for each in claimants if each is not survivor}
            if len(claimants) > 1 or not _stands_as_told(survivor, group, facts):
                content = _content(group, _remembered(facts, claimants), by_name)
                merged = {*survivor.merged_from, *(each.id for each in claimants if each is not survivor)}
                changes += _changed(survivor, content | {"merged_from": tuple(sorted(merged))}, as_of)
            continue
        parents = tuple(name for name, incident in own.items() if evidence_of(incident) & group.evidence)
        born = Incident(
            id=_next_id(taken, country=country, month=group.month, instance=instance),
            revision=1,
            country=country,
            status=IncidentStatus.DETECTED,
            as_of=as_of,
            instance=instance,
            kind=group.spells[0].kind,
            split_from=parents,
        )
        taken.add(born.id)
        for parent in parents:
            born_of[parent].append(born.id)
        kind = EntryKind.SPLIT if parents else EntryKind.INCIDENT
        known_of = _remembered(facts, [own[name] for name in parents])
        births.append(Change(kind, msgspec.structs.replace(born, **_content(group, known_of, by_name))))
    return [*births, *_pointed(changes, own, heir_of, survivors, born_of, as_of=as_of)]


def _pointed(
    changes: Sequence[Change],
    own: Mapping[str, Incident],
    heir_of: Mapping[str, int | None],
    survivors: Mapping[str, str],
    born_of: Mapping[str, Sequence[str]],
    *,
    as_of: str,
) -> list[Change]:
    """The changes with what was split from each, and the tombstones of those that are one or none now."""
    buried = {name for name in own if name in survivors or heir_of[name] is None}
    pointing = {name: tuple(sorted({*own[name].split_into, *into})) for name, into in born_of.items()}
    graves = [
        _tombstone(own[name], as_of, split_into=pointing[name], merged_into=survivors.get(name))
        for name in sorted(buried)
    ]
    living = {name: into for name, into in pointing.items() if name not in buried}
    return [*_pointing(changes, own, living, as_of), *graves]


def _stands_as_told(known: Incident, group: _Group, facts: Facts) -> bool:
    """Whether an incident is over, its first votes are dropped, and its evidence is what it was.

    What was told of it was told from those votes: without them it would be told worse.
    """
    if facts.witnessed or not known.ended or any(spell.ends is None for spell in group.spells):
        return False
    return evidence_of(known) == {name for phase in phases_of(group.spells) for name in phase.changepoints}


def _remembered(facts: Facts, known: Sequence[Incident]) -> Facts:
    """What dropped votes said, from the revisions that could still ask them.

    Nothing that spoke against naming is forgotten because incidents became one, or one came apart.
    """
    if facts.witnessed or not known:
        return facts
    mechanisms = tuple(dict.fromkeys(name for each in known for name in each.mechanisms))
    held = [each.attribution for each in known if _FROM_VOTES & set(each.attribution.reasons)]
    if not held:
        return msgspec.structs.replace(facts, mechanisms=mechanisms)
    reasons = tuple(dict.fromkeys(reason for each in held for reason in each.reasons))
    attribution = msgspec.structs.replace(held[0], reasons=reasons)
    return msgspec.structs.replace(facts, mechanisms=mechanisms, attribution=attribution)


def evidence_of(incident: Incident) -> frozenset[str]:
    """All changepoints that it speaks of."""
    return frozenset(name for phase in incident.phases for name in phase.changepoints)


def _group(spells: Sequence[Spell]) -> _Group:
    return _Group(tuple(spells), frozenset(name for spell in spells for name in spell.evidence))


def _heirs(own: Mapping[str, Incident], groups: Sequence[_Group]) -> dict[str, int | None]:
    """Incident -> the group that has most of its evidence; of equals the first."""
    found: dict[str, int | None] = {}
    for name, incident in own.items():
        evidence = evidence_of(incident)
        shares = [len(evidence & group.evidence) for group in groups]
        most = max(shares, default=0)
        found[name] = shares.index(most) if most else None
    return found


def _survivor(claimants: Sequence[Incident]) -> Incident:
    """Of incidents that are one, the one that people signed, else the one that was told first."""
    signed = [incident for incident in claimants if incident.reviewed_revision]
    return (signed or list(claimants))[0]


def _content(group: _Group, facts: Facts, by_name: Mapping[str, Finding]) -> dict[str, Any]:
    findings = [by_name[name] for name in sorted(group.evidence) if name in by_name]
    named = {name for phase in phases_of(group.spells) for name in phase.changepoints} | group.evidence
    schedules = [spell.schedule for spell in group.spells if spell.schedule is not None]
    blocks = Blocks((by_name[name] for name in named if name in by_name), schedules)
    phases = phases_of(group.spells, fineness=blocks.fineness)
    return {
        "phases": told_phases(phases, blocks),
        "spread": told_spread(spread_of(group.spells), blocks),
        "mechanisms": facts.mechanisms,
        "quality": told_quality(quality_of(findings, votes_surplus=facts.votes_surplus)),
        "attribution": facts.attribution,
    }


def quality_of(findings: Iterable[Finding], *, votes_surplus: int = 0) -> Quality:
    """What stands behind the onsets of a group."""
    onsets = [finding for finding in findings if finding.kind == "onset"]
    if not onsets:
        return Quality(votes_surplus=votes_surplus)
    in_votes = [each.arl_votes for each in onsets if each.arl_votes is not None]
    return Quality(
        probes=max(each.probes for each in onsets),
        probes_least=min(each.probes for each in onsets),
        probes_both_sides=min(each.probes_both_sides for each in onsets),
        joined=max(each.joined for each in onsets),
        left=max(each.left for each in onsets),
        votes_surplus=votes_surplus,
        arl_days=min(each.arl_days for each in onsets),
        arl_votes=min(in_votes) if in_votes else None,
    )


def _changed(before: Incident, content: Mapping[str, Any], as_of: str) -> list[Change]:
    after = msgspec.structs.replace(before, **content)
    if after == before:
        return []
    after = msgspec.structs.replace(after, revision=before.revision + 1, as_of=as_of)
    return [Change(EntryKind.INCIDENT, after)]


def _pointing(
    changes: Sequence[Change], own: Mapping[str, Incident], into: Mapping[str, tuple[str, ...]], as_of: str
) -> list[Change]:
    """The changes, with `split_into` of the incidents that something was split from."""
    found = {change.incident.id: change for change in changes}
    for name, children in into.items():
        if name in found:
            after = msgspec.structs.replace(found[name].incident, split_into=children)
            found[name] = Change(found[name].kind, after)
        else:
            found |= {each.incident.id: each for each in _changed(own[name], {"split_into": children}, as_of)}
    return list(found.values())


def _tombstone(
    before: Incident, as_of: str, *, split_into: tuple[str, ...], merged_into: str | None
) -> Change:
    after = msgspec.structs.replace(
        before,
        revision=before.revision + 1,
        as_of=as_of,
        status=IncidentStatus.WITHDRAWN,
        split_into=split_into,
        merged_into=merged_into,
        reason=EVIDENCE_GONE if merged_into is None else MERGED,
    )
    return Change(EntryKind.INCIDENT if merged_into is None else EntryKind.MERGE, after)


def _next_id(taken: Iterable[str], *, country: str, month: str, instance: str) -> str:
    stem = f"{'LAB-' if instance else ''}{country}-{month}-"
    number = sum(name.startswith(stem) for name in taken)
    return stem + letters(number)


def letters(number: int) -> str:
    """0 -> a, 25 -> z, 26 -> aa, 27 -> ab: as spreadsheets count columns."""
    text = ""
    number += 1
    while number:
        number, rest = divmod(number - 1, len(LETTERS))
        text = LETTERS[rest] + text
    return text
