"""Kinds of flows: every script that both ends can compile, in one order, so that a number names it."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from voipwatch.apps.library import ProfileSet
from voipwatch.apps.line import WARMUP_KIND, compile_line_script
from voipwatch.apps.mutants import derived_by_format
from voipwatch.apps.profile import Leg, Profile
from voipwatch.apps.scripts import Script, compile_app_script
from voipwatch.model.flows import MUTANT_FORMAT, MUTANTS_MAX, REPLICATES, FlowKind
from voipwatch.model.vocabulary import LINE, Arm, Media

KINDS_MAX: Final = 2048
"""Sixteen bits of flow id, five of them the replicate."""
LAST_MUTANT: Final = KINDS_MAX - 2
"""Number of the first derived mutant, from where they go down: the flow ids above name no flow of a call."""
_ARMS: Final = (Arm.A, Arm.C, Arm.A_NEUTRAL, Arm.C_NEUTRAL)


@lru_cache(maxsize=16)
def kind_table(profiles: ProfileSet) -> tuple[FlowKind, ...]:
    """Every kind of flow, in the one order that gives each its number; equal sets give equal tables.

    First the warm-up. Then per app, dialect and leg: what the leg carries (NONE: its set-up alone, for a leg
    that has one; VOICE; VIDEO), each in the arms A, C, A', C'; then the app's mutants in arm D.
    """
    kinds = [WARMUP_KIND]
    for profile in profiles.profiles:
        for dialect in profile.dialects:
            for leg in profile.legs:
                if leg.run and dialect.id in leg.dialects:
                    kinds += _leg_kinds(profile, dialect.id, leg)
        kinds += [
            FlowKind(profile.id, profile.default_dialect, mutant.leg, Arm.D, mutant.id)
            for mutant in profile.mutants
        ]
    if len(kinds) > KINDS_MAX - MUTANTS_MAX:
        raise ValueError(f"{len(kinds)} kinds of flows, a flow id can name {KINDS_MAX - MUTANTS_MAX}")
    return tuple(kinds)


@lru_cache(maxsize=16)
def mutant_kinds(profiles: ProfileSet, upto: int = MUTANT_FORMAT) -> tuple[FlowKind, ...]:
    """The kinds of all derived mutants, in the one order that numbers them from `LAST_MUTANT` downwards.

    `upto`: the last format that is wanted, from 0 (none); a later format never moves a number.

    Raises:
        ValueError: there are more than have numbers.
    """
    kinds = tuple(
        kind
        for derived in derived_by_format[:upto]
        for profile in profiles.profiles
        for kind in derived(profile)
    )
    if len(kinds) >= MUTANTS_MAX:
        raise ValueError(f"{len(kinds)} kinds of mutants, {MUTANTS_MAX - 1} have numbers")
    return kinds


def _leg_kinds(profile: Profile, dialect: str, leg: Leg) -> list[FlowKind]:
    carried = [Media.NONE] if leg.rounds else []
    carried += [media.media for media in leg.media]
    return [FlowKind(profile.id, dialect, leg.id, arm, "", media) for media in carried for arm in _ARMS]


@lru_cache(maxsize=16)
def _index(kinds: tuple[FlowKind, ...]) -> dict[FlowKind, int]:
    return {kind: number for number, kind in enumerate(kinds)}


def flow_id(
    kinds: Sequence[FlowKind], kind: FlowKind, replicate: int, *, mutants: Sequence[FlowKind] = ()
) -> int:
    """The 16-bit id of one flow: kind's number * 32 + replicate. `mutants`: those of `mutant_kinds`.

    Raises:
        KeyError: the kind is not in the table.
        ValueError: the replicate is not 0 to 31.
    """
    if not 0 <= replicate < REPLICATES:
        raise ValueError(f"replicate {replicate} is not 0 to {REPLICATES - 1}")
    number = _index(tuple(kinds)).get(kind)
    if number is None:
        number = LAST_MUTANT - _index(tuple(mutants))[kind]
    return number * REPLICATES + replicate


def kind_of(
    kinds: Sequence[FlowKind], flow: int, *, mutants: Sequence[FlowKind] = ()
) -> tuple[FlowKind, int]:
    """Kind and replicate of a flow id. `mutants`: those of `mutant_kinds`, if they are played.

    Raises:
        IndexError: the id names no kind of the table: it comes from another version, or from nowhere.
    """
    number, replicate = divmod(flow, REPLICATES)
    if 0 <= number < len(kinds):
        return kinds[number], replicate
    if 0 <= LAST_MUTANT - number < len(mutants):
        return mutants[LAST_MUTANT - number], replicate
    raise IndexError(f"flow id {flow} names no kind of flow")


def compile_script(profiles: ProfileSet, kind: FlowKind, replicate: int, shape_seed: bytes) -> Script:
    """Everything one flow says. Pure: equal arguments give equal scripts, whichever end compiles.

    `replicate` 0 to 27 has short media, 28 and 29 hold for 10 s, 30 and 31 for 60 s. Sizes and rhythm vary
    with `shape_seed` (1 to 64 bytes) within the profile, and are the same for A, C, A' and C'.

    Raises:
        KeyError: the kind is of no profile of the set.
    """
    if kind.app == LINE:
        return compile_line_script(kind, replicate)
    profile = profiles.get(kind.app)
    if profile is None:
        raise KeyError(kind.app)
    return compile_app_script(profile, kind, replicate, shape_seed)
