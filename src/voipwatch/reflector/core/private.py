"""Private profiles: what one ticket may play besides the packaged profiles, and the bounds on it.

A probe sends its user's own profile with its ticket request. It is read by the same loader as every profile,
plays for that ticket alone, is written nowhere and goes with the ticket. The kinds of flows of the packaged
profiles keep their numbers; the private ones follow.
"""

from collections.abc import Sequence
from typing import Final

from voipwatch import apps
from voipwatch.apps import Profile, ProfileError, ProfileSet
from voipwatch.apps.kinds import KINDS_MAX
from voipwatch.apps.profile import StreamSpec
from voipwatch.model.flows import MUTANTS_MAX, REPLICATES, FlowKind
from voipwatch.model.vocabulary import PRIVATE
from voipwatch.reflector.core.scripts import Scripts
from voipwatch.wire.derive import shape_seed

PROFILE_BYTES_MAX: Final = 64 * 1024
"""The longest packaged profile has 25 kB; an import is smaller."""
KINDS_PRIVATE_MAX: Final = 64
"""Sixteen legs with what they carry; an import has one leg: 12 kinds at most."""
PACKETS_PER_S_MAX: Final = 800.0
"""Of all streams of a leg in one direction: HD video beside voice; the far end paces it."""
ROUND_TABLES_MAX: Final = 64
"""Rounds of all legs and mutants."""
SIZES_MAX: Final = 2048
"""Sizes in all rhythms, each of which the loader builds once."""
MESSAGES_MAX: Final = 128


class RefusedProfileError(ValueError):
    """A private profile that is not played; the text is the first problem."""


def read_private(text: str) -> Profile:
    """The profile that a probe sent.

    Raises:
        RefusedProfileError: it is too large, no usable profile, not called private, or would play more than a
            call does.
    """
    if len(text) > PROFILE_BYTES_MAX or len(data := text.encode("utf-8", "replace")) > PROFILE_BYTES_MAX:
        raise RefusedProfileError(f"over {PROFILE_BYTES_MAX} bytes")
    if text.count("sizes") + text.count("[[") > 512 or text.count(",") > 8 * SIZES_MAX:
        raise RefusedProfileError("more tables than a call has")
    try:
        profile = apps.load_profile_file("private", data)
    except ProfileError as error:
        first = error.problems[0]
        raise RefusedProfileError(f"{first.field}: {first.message}"[:300]) from None
    _check_bounds(profile)
    return profile


def _check_bounds(profile: Profile) -> None:
    if profile.id != PRIVATE:
        raise RefusedProfileError(f"id: {profile.id} is packaged, a private profile is called {PRIVATE}")
    rounds = sum(len(leg.rounds) for leg in profile.legs) + len(profile.mutants)
    media = [media for leg in profile.legs for media in leg.media]
    rhythms = [rhythm for each in media for stream in each.streams for rhythm in stream.rhythms]
    rate = max((_rate(each.streams) for each in media), default=0.0)
    kinds = len(apps.kind_table(ProfileSet.of([profile]))) - 1
    sizes = sum(len(rhythm.sizes) + len(rhythm.sizes_down) for rhythm in rhythms)
    for field, value, most in (
        ("legs: kinds of flows", kinds, KINDS_PRIVATE_MAX),
        ("rounds", rounds, ROUND_TABLES_MAX),
        ("rhythms: sizes", sizes, SIZES_MAX),
        ("messages", len(profile.messages), MESSAGES_MAX),
        ("streams: packets a second", rate, PACKETS_PER_S_MAX),
    ):
        if value > most:
            raise RefusedProfileError(f"{field}: {value:.0f}, at most {most:.0f}")


def _rate(streams: Sequence[StreamSpec]) -> float:
    return sum(max(1000 * len(r.spacing_ms) / sum(r.spacing_ms) for r in s.rhythms) for s in streams)


class PrivateScripts:
    """The packaged scripts with those of one private profile after them."""

    def __init__(self, base: Scripts, packaged: ProfileSet, profile: Profile) -> None:
        self._base = base
        self._own = ProfileSet.of([profile])
        own = apps.kind_table(self._own)[1:]  # its own warm-up is the packaged one
        if len(base.kinds) + len(own) > KINDS_MAX - MUTANTS_MAX:
            most = KINDS_MAX - MUTANTS_MAX
            raise RefusedProfileError(f"more than {most} kinds of flows with the packaged ones")
        self._kinds = (*base.kinds, *own)
        self.digest = packaged.with_private(profile).digest

    @property
    def kinds(self) -> Sequence[FlowKind]:
        """By kind index: the packaged ones first."""
        return self._kinds

    @property
    def mutants(self) -> Sequence[FlowKind]:
        """Those of the packaged profiles: a private one has none."""
        return self._base.mutants

    def compile(self, flow: int, ticket_key: bytes) -> apps.Script:
        """The script of a flow whose kind index is in range."""
        index, replicate = divmod(flow, REPLICATES)
        if index < len(self._base.kinds) or index >= len(self._kinds):
            return self._base.compile(flow, ticket_key)
        kind = self._kinds[index]
        return apps.compile_script(self._own, kind, replicate, shape_seed(ticket_key, kind.app, replicate))

    def build(self, message: apps.Message, context: apps.BuildContext) -> bytes:
        """The datagram that `message` makes in this context."""
        return self._base.build(message, context)
