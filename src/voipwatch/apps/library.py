"""The profiles that come with the package, and the ports that they need at a reflector."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Final

from voipwatch.apps.loader import load_profile_file
from voipwatch.apps.ports import fresh_ports, neutral_ports
from voipwatch.apps.profile import Profile
from voipwatch.model.vocabulary import APP_IDS, PRIVATE

SCRIPT_FORMAT: Final = 1
"""Part of the digest: raise it when the same profile compiles to other bytes."""


@dataclass(frozen=True, eq=False)
class ProfileSet:
    """Profiles in the order of APP_IDS, a private one last. Two ends may talk if their digests are equal."""

    profiles: tuple[Profile, ...]
    digest: str
    """SHA-256, hexadecimal, over the profiles' digests and the script format."""

    @classmethod
    def of(cls, profiles: Sequence[Profile]) -> "ProfileSet":
        """A set of these profiles.

        Raises:
            ValueError: two of them are of one app.
        """
        order = (*APP_IDS, PRIVATE)
        ordered = tuple(sorted(profiles, key=lambda profile: order.index(profile.id)))
        if len({profile.id for profile in ordered}) < len(ordered):
            raise ValueError("two profiles are of one app")
        content = "".join(f"{profile.id}:{profile.digest}\n" for profile in ordered)
        return cls(ordered, sha256(f"{SCRIPT_FORMAT}\n{neutral_ports}\n{content}".encode()).hexdigest())

    def with_private(self, profile: Profile) -> "ProfileSet":
        """This set and a private profile, in place of another private one.

        The kinds of flows of the other profiles keep their numbers: the private one comes last.
        """
        return ProfileSet.of([*(each for each in self.profiles if each.id != PRIVATE), profile])

    @property
    def packaged_digest(self) -> str:
        """The digest of the set without a private profile: that of a reflector that was sent none."""
        rest = [each for each in self.profiles if each.id != PRIVATE]
        return self.digest if len(rest) == len(self.profiles) else ProfileSet.of(rest).digest

    def get(self, app: str) -> Profile | None:
        """The profile of an app, or None."""
        return next((profile for profile in self.profiles if profile.id == app), None)


@cache
def load_profiles() -> ProfileSet:
    """The packaged profiles; read once.

    Raises:
        ProfileError: a packaged profile is broken, which no release is.
    """
    folder = files("voipwatch.apps") / "catalogue"
    found = [folder / f"{app}.toml" for app in APP_IDS]
    return ProfileSet.of(
        [load_profile_file(f"{file.name}", file.read_bytes()) for file in found if file.is_file()]
    )


def udp_ports(profiles: ProfileSet) -> tuple[int, ...]:
    """UDP ports that the profiles' legs need at a reflector, and those of `apps.ports`; ascending."""
    ports = {leg.port for profile in profiles.profiles for leg in profile.legs if leg.run}
    return tuple(sorted(ports | {*neutral_ports, *fresh_ports}))


def tcp_ports(profiles: ProfileSet) -> tuple[int, ...]:
    """Every TCP port that fallbacks and messaging paths need at a reflector; ascending."""
    paths = [path for profile in profiles.profiles for path in (*profile.fallbacks, *profile.messaging)]
    return tuple(sorted({path.port for path in paths}))
