"""A private profile that the user named with `--profile`."""

from pathlib import Path
from typing import Final

from voipwatch.apps import Profile, ProfileError, load_profile_file
from voipwatch.cli.errors import Misuse
from voipwatch.cli.reportfile import read_file
from voipwatch.cli.values import shown, shown_path
from voipwatch.model.vocabulary import PRIVATE

PROFILE_BYTES_MAX: Final = 64 * 1024
"""As much as a reflector takes."""


def load_private(path: Path) -> tuple[str, Profile]:
    """The text and what it says.

    Raises:
        Misuse: it cannot be read, is no usable profile, or one of a packaged app.
    """
    content = read_file(path, most_bytes=PROFILE_BYTES_MAX)
    try:
        profile = load_profile_file(str(path), content)
    except ProfileError as error:
        first = error.problems[0]
        reason = shown(f"{first.field}: {first.message}", longest=200)
        raise Misuse("error.profile_unusable", path=shown_path(path), reason=reason) from None
    if profile.id != PRIVATE:
        raise Misuse("error.profile_not_private", path=shown_path(path), app=profile.id)
    return content.decode("utf-8"), profile


def read_private(path: Path) -> str:
    """The text of a usable private profile; raises Misuse as `load_private` does."""
    return load_private(path)[0]
