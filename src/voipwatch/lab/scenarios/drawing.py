"""The distinct checks that a calendar draws from: run once through the real cores, kept, checked when read.

One file a check, named by a digest of all that decides it, its content under a digest of its own: a run that
was stopped goes on where it stopped, and a file that is damaged is run again. The network and the clock are
simulated (`lab.drive`), the probe's and the reflector's cores are those of every check.
"""

import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import suppress
from hashlib import blake2b
from multiprocessing import get_context
from pathlib import Path
from typing import Final

import msgspec

from voipwatch import __version__
from voipwatch.apps import load_profiles
from voipwatch.lab.drive import run_simulated
from voipwatch.lab.matrix import Judge
from voipwatch.lab.scenarios.calendar import SOFTWARE, Kind
from voipwatch.lab.worlds import load_worlds
from voipwatch.model.results import Report

MAGIC: Final = b"voipwatch.drawn-check/1\0"
DIGEST_BYTES: Final = 16
SUFFIX: Final = ".check"
_REPORT: Final = msgspec.json.Decoder(Report)


class Wanted(msgspec.Struct, frozen=True, order=True):
    """One distinct check."""

    kind: Kind
    draw: int
    budget_bytes: int

    @property
    def seed(self) -> int:
        """Of the check; another scenario's seed draws from the same checks."""
        text = "\0".join([self.kind.world, self.kind.line, *self.kind.apps, str(self.draw)])
        return int.from_bytes(blake2b(text.encode(), digest_size=6, person=b"vw-drawn").digest(), "big")


class DamagedCheckError(Exception):
    """A kept check is torn, changed, or of another form."""


def wanted_checks(kinds: Mapping[Kind, int], budget_bytes: int) -> list[Wanted]:
    """Every distinct check of `calendar.kinds`, those of one kind apart, so that any first part is of
    many.
    """
    most = max(kinds.values(), default=0)
    return [
        Wanted(kind, draw, budget_bytes)
        for draw in range(most)
        for kind, count in kinds.items()
        if draw < count
    ]


class Library:
    """A folder of kept checks. Methods raise OSError."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, wanted: Wanted) -> Path:
        """Where a check is kept: another place when its world, its line, a profile or the program changes."""
        place = load_worlds().get(wanted.kind.world).on_line(wanted.kind.line)
        text = msgspec.json.encode(
            [
                __version__,
                load_profiles().digest,
                place.policy,
                place.line,
                place.starts_at_s,
                wanted,
            ],
            order="deterministic",
        )
        return self._folder / f"{blake2b(text, digest_size=DIGEST_BYTES).hexdigest()}{SUFFIX}"

    def missing(self, wanted: Iterable[Wanted]) -> list[Wanted]:
        """Those that are not there, or damaged."""
        return [each for each in wanted if not self._whole(each)]

    def read(self, wanted: Wanted) -> Report:
        """A kept check. Raises DamagedCheckError, FileNotFoundError."""
        return _REPORT.decode(_opened(self.path(wanted).read_bytes()))

    def keep(self, wanted: Wanted, report: Report) -> None:
        """Write a check whole or not at all."""
        self._folder.mkdir(parents=True, exist_ok=True)
        content = msgspec.json.encode(report)
        path = self.path(wanted)
        temporary = path.with_suffix(f".{wanted.seed:x}.new")
        temporary.write_bytes(MAGIC + _digest(content) + zlib.compress(content, 6))
        temporary.replace(path)

    def _whole(self, wanted: Wanted) -> bool:
        with suppress(FileNotFoundError, DamagedCheckError):
            _opened(self.path(wanted).read_bytes())
            return True
        return False


def _digest(content: bytes) -> bytes:
    return blake2b(content, digest_size=DIGEST_BYTES).digest()


def _opened(data: bytes) -> bytes:
    head = len(MAGIC) + DIGEST_BYTES
    if data[: len(MAGIC)] != MAGIC:
        raise DamagedCheckError("no kept check, or one of another version")
    try:
        content = zlib.decompress(data[head:])
    except zlib.error as error:
        raise DamagedCheckError(str(error)) from error
    if _digest(content) != data[len(MAGIC) : head]:
        raise DamagedCheckError("its content is not what its digest says")
    return content


def run_check(wanted: Wanted, judge: Judge) -> Report:
    """The check itself, and what the probe would say of it."""
    world = load_worlds().get(wanted.kind.world)
    measurement = run_simulated(
        world,
        apps=wanted.kind.apps,
        seed=wanted.seed,
        line=wanted.kind.line,
        budget_bytes=wanted.budget_bytes,
    )
    return Report(judge(measurement), measurement, SOFTWARE)


def run_and_keep(folder: Path, wanted: Wanted, judge: Judge) -> None:
    """One check, in whatever process."""
    Library(folder).keep(wanted, run_check(wanted, judge))


def run_missing(
    folder: Path,
    missing: Sequence[Wanted],
    *,
    judge: Judge,
    processes: int,
    on_progress: Callable[[int, int], None] | None = None,
) -> None:
    """Run what is missing; with more than one process `judge` must be a function of a module."""
    if processes <= 1:
        for done, wanted in enumerate(missing, 1):
            run_and_keep(folder, wanted, judge)
            if on_progress is not None:
                on_progress(done, len(missing))
        return
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        try:
            futures = [pool.submit(run_and_keep, folder, wanted, judge) for wanted in missing]
            for done, future in enumerate(as_completed(futures), 1):
                future.result()
                if on_progress is not None:
                    on_progress(done, len(missing))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
