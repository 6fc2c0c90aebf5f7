"""Which spells are one incident: those that begin together, extend one that stands, or relapse.

The groups are a function of the set of spells alone. They are made anew from all of them each time, so that
what arrives late takes the place it would have had; `revising` finds the names again.
"""

from collections.abc import Sequence
from typing import Final

from voipwatch.chronicle.instants import HOUR_S
from voipwatch.chronicle.spells import Spell, is_relapse

TOGETHER_S: Final = 48 * HOUR_S
"""Onsets of one country so near to each other are one event: operators that act on one order follow within a
day or two (Morocco 2016), and an onset's own interval comes on top."""
WIDTH_S: Final = 72 * HOUR_S
"""An interval wider than this, after a hole in the measuring, may not tie everything inside it together: only
its last three days do. Twice the widest that four runs a day should give (36 h)."""
SAME_APPS: Final = 0.5
"""More than this share of a burst's apps must be the incident's own for the burst to extend it."""


def group_spells(spells: Sequence[Spell]) -> list[list[Spell]]:
    """The incidents' spells, each list and all lists by onset.

    Args:
        spells: of one country and instance, in any order.
    """
    groups: list[list[Spell]] = []
    for kind in sorted({spell.kind for spell in spells}):
        groups += _groups_of_kind([spell for spell in spells if spell.kind is kind])
    return sorted(groups, key=lambda group: group[0].order)


def bursts(spells: Sequence[Spell]) -> list[list[Spell]]:
    """Spells that begin together: intervals no more than `TOGETHER_S` apart, one after the other."""
    found: list[list[Spell]] = []
    until_s = float("-inf")
    for spell in sorted(spells, key=lambda each: (_since_s(each), each.order)):
        if _since_s(spell) <= until_s + TOGETHER_S:
            found[-1].append(spell)
        else:
            found.append([spell])
        until_s = max(until_s, spell.latest_s)
    return [sorted(burst, key=lambda each: each.order) for burst in found]


def _since_s(spell: Spell) -> float:
    return max(spell.since_s, spell.latest_s - WIDTH_S)


def _groups_of_kind(spells: Sequence[Spell]) -> list[list[Spell]]:
    groups: list[list[Spell]] = []
    for burst in bursts(spells):
        taken_up = [group for group in groups if any(is_relapse(old, new) for old in group for new in burst)]
        if not taken_up:
            taken_up = _extended(groups, burst)
        merged = [spell for group in taken_up for spell in group]
        groups = [group for group in groups if not any(group is taken for taken in taken_up)]
        groups.append(sorted([*merged, *burst], key=lambda each: each.order))
    return groups


def _extended(groups: Sequence[list[Spell]], burst: Sequence[Spell]) -> list[list[Spell]]:
    """The one standing group that the burst extends; the one that shares most, of equals the first."""
    start_s = min(_since_s(spell) for spell in burst)
    apps = {spell.series.app for spell in burst}
    best: list[Spell] | None = None
    best_share = SAME_APPS
    for group in sorted(groups, key=lambda each: each[0].order):
        if not any(spell.stands_at(start_s) for spell in group):
            continue
        share = len(apps & {spell.series.app for spell in group}) / len(apps)
        if share > best_share:
            best, best_share = group, share
    return [] if best is None else [best]
