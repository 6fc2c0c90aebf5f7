"""Where the probe keeps its things, opened; where that fails, a line says why."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from voipwatch.cli.consent import risk_tier
from voipwatch.cli.context import Context, data_folder
from voipwatch.cli.errors import Misuse, Trouble
from voipwatch.cli.values import shown, shown_path
from voipwatch.probe.files import locked
from voipwatch.probe.schedule import APPS_AT_ONCE
from voipwatch.probe.settings import Consent, DamagedFileError, Setup, consent_covers, read_secret, read_setup
from voipwatch.probe.spending import Spending, day_of
from voipwatch.probe.state import State, read_state, set_damaged_aside

FOLDER = "probe"
TEXT_VERSION = 1
"""Of the consent text, in all languages together: whoever changes what it says counts it up, and every probe
asks again."""


def probe_folder(context: Context) -> Path:
    """Where a probe of this person keeps its secret, set-up, state, queue and receipts."""
    return data_folder(context.environment) / FOLDER


def unusable(path: object, error: OSError) -> Trouble:
    """The disk refused."""
    return Trouble("error.probe_disk", path=shown_path(path), reason=shown(error.strerror or "-"))


def open_setup(folder: Path) -> tuple[Setup, bytes]:
    """The set-up and the device secret.

    Raises:
        Misuse: the probe was not set up, or its consent does not cover what it is set up for.
        Trouble: a file is damaged or cannot be read.
    """
    try:
        setup, secret = read_setup(folder), read_secret(folder)
    except DamagedFileError as error:
        raise Trouble("error.probe_damaged", path=shown_path(error.path)) from error
    except OSError as error:
        raise unusable(folder, error) from error
    if setup is None or secret is None:
        raise Misuse("error.probe_not_set_up")
    if not consent_covers(setup.consent, wanted_consent(setup)):
        raise Misuse("error.probe_consent")
    return setup, secret


def wanted_consent(setup: Setup) -> Consent:
    """What a set-up needs a yes for."""
    return Consent(
        given_at="",
        text_version=TEXT_VERSION,
        lang="",
        apps=setup.apps,
        tier=risk_tier(min(APPS_AT_ONCE, len(setup.apps))),
        day_bytes=setup.day_bytes,
        collector=setup.collector.url,
        reflectors=[each.name for each in setup.reflectors],
    )


def open_state(context: Context, folder: Path, setup: Setup, *, now_s: float) -> State:
    """The state; a damaged one is set aside, said, and begun anew with today's data taken as spent.

    Raises Trouble where the disk refuses.
    """
    try:
        return read_state(folder)
    except DamagedFileError as error:
        try:
            set_damaged_aside(folder)
        except OSError as refused:
            raise unusable(folder, refused) from refused
        context.say("probe.state_damaged", path=shown_path(error.path), style="yellow")
        return State(spending=Spending().plus(day_of(now_s), setup.day_bytes))
    except OSError as error:
        raise unusable(folder, error) from error


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """The folder is ours alone in the block. Raises Busy, or Trouble or Misuse where that cannot be had."""
    try:
        with locked(folder) as got:
            if not got:
                raise Busy
            yield
    except FileNotFoundError as error:
        raise Misuse("error.probe_not_set_up") from error
    except OSError as error:
        raise unusable(folder, error) from error


class Busy(Trouble):
    """Another process takes its turn now."""

    def __init__(self) -> None:
        super().__init__("error.probe_busy")
