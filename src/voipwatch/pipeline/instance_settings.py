"""What an observatory says of itself and has decided for itself: its name, where to write to it, its notice,
from when and in which zone its counters count.

One small file beside the chronicle's log. It is no part of the log: all but the notice is signed with each
bundle that carries it, and each notice in the log says itself until when it runs.
"""

from pathlib import Path
from typing import Final

import msgspec

from voipwatch.model.acts import NOTICE_HOURS
from voipwatch.model.bundle import PUBLISHER
from voipwatch.probe.files import write_whole

SETTINGS_FILE: Final = "settings.json"
SETTINGS_SCHEMA: Final = "voipwatch.instance-settings/1"


class SettingsDamagedError(Exception):
    """The settings are there and cannot be read: going on without them could name somebody too early."""


class InstanceSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The choices of one instance."""

    publisher: str = PUBLISHER
    """Who answers for what is published: stands in the manifest, in CITATION.cff and in citations."""
    contact: str = ""
    """Where replies and corrections are sent: an address for mail or of a page. Empty: none is named."""
    notice_hours: int = NOTICE_HOURS
    """That an operator has at least, between being told and being named."""
    zeros: dict[str, str] = {}
    """Incident -> claim by which its counter has its day zero, instead of the measured onset; ids."""
    zones: dict[str, str] = {}
    """Country -> IANA zone in which its days are counted, instead of its capital's."""
    schema: str = SETTINGS_SCHEMA


def read_settings(chronicle: Path) -> InstanceSettings:
    """Of a chronicle's folder; what was never set is as above.

    Raises SettingsDamagedError, OSError.
    """
    path = chronicle / SETTINGS_FILE
    try:
        found = msgspec.json.decode(path.read_bytes(), type=InstanceSettings)
    except FileNotFoundError:
        return InstanceSettings()
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise SettingsDamagedError(f"{path.name}: {error}") from error
    if found.schema != SETTINGS_SCHEMA or found.notice_hours < 0 or not found.publisher.strip():
        raise SettingsDamagedError(f"{path.name}: of another version, or with values that cannot be")
    return found


def write_settings(chronicle: Path, settings: InstanceSettings) -> None:
    """Whole or not at all. Raises OSError."""
    chronicle.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_whole(chronicle / SETTINGS_FILE, msgspec.json.encode(settings))
