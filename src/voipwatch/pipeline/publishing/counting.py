"""counting.json: from which claim an incident's days are counted, and in which zone a country's.

What an editor has set is held against the bundle that is made: an incident that is not in it (under embargo,
perhaps) is not named, and a day zero that cannot be as of the bundle is left out and said to be.
"""

from collections.abc import Container, Iterable, Mapping, Sequence
from typing import NamedTuple

from voipwatch.chronicle.claims_file import all_packaged_claims
from voipwatch.chronicle.dayzero import zero_refusal
from voipwatch.civic.zones import zone
from voipwatch.model.bundle import COUNTING_SCHEMA, CountedFrom, CountedIn, Counting
from voipwatch.model.claims import Claim
from voipwatch.model.incidents import Incident
from voipwatch.model.instants import iso
from voipwatch.pipeline.publishing.world import World, document


class Choices(NamedTuple):
    """As they were set."""

    zeros: Mapping[str, str] = {}
    """Incident -> claim, ids."""
    zones: Mapping[str, str] = {}
    """Country -> IANA name."""


def counting_of(
    choices: Choices,
    incidents: Iterable[Incident],
    *,
    as_of: int,
    claims: Sequence[Claim] | None = None,
    contradicted: Container[str] = (),
) -> tuple[Counting, tuple[str, ...]]:
    """What stands in the bundle; and the incidents and countries whose choice cannot.

    Args:
        choices: of the editor.
        incidents: in the bundle.
        as_of: of the bundle, Unix seconds.
        claims: None for those of the package.
        contradicted: ids of those that the bundle's own rows contradict.
    """
    known = {claim.id: claim for claim in (all_packaged_claims() if claims is None else claims)}
    told = {each.id: each for each in incidents}
    zeros, zones, left = [], [], []
    for name, of in sorted(choices.zeros.items()):
        if name not in told:
            continue
        claim = known.get(of)
        refusal = claim and zero_refusal(claim, told[name], as_of=iso(as_of), contradicted=contradicted)
        if claim is None or refusal is not None:
            left.append(name)
        else:
            zeros.append(CountedFrom(name, of))
    for country, of in sorted(choices.zones.items()):
        try:
            zone(of)
        except KeyError:
            left.append(country)
        else:
            zones.append(CountedIn(country, of))
    return Counting(tuple(zeros), tuple(zones)), tuple(left)


def counting_document(counting: Counting, world: World) -> bytes:
    """The file."""
    return document(world.head(COUNTING_SCHEMA), {"zeros": counting.zeros, "zones": counting.zones})
