"""The site on disk: a power cut, or a kill at any step, leaves the old site whole or the new one.

SITE is a symbolic link to a sibling folder that is named after what is in it. A new site is written into
a folder of its own; files that did not change are hard links to those of the site before, so that a day
writes what the day changed. Then the folder is brought to disk and renamed, and the link replaced: the one
step that readers see. The folder before stays for whoever is reading it. `.site.json` in the folder says of
each file of which inputs it was made, and its digest.

This is how `publish` writes a bundle (docs/design/0021-bundle.md); here a file's content is made only where
its inputs changed.
"""

import contextlib
import fcntl
import os
import shutil
from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from voipwatch.site.bundle import Bundle
from voipwatch.site.render import BUNDLE, NO_PARTS, Parts, Planned, bundle_files, plan

LEDGER: Final = ".site.json"
LEDGER_SCHEMA: Final = "voipwatch.site/1"
NAME_DIGITS: Final = 16
HALF: Final = ".part"
PAGE: Final = ".html"
Step = Callable[[str], None]
"""Told the path of each file before it is written, and the name of each step."""


class NotASiteError(Exception):
    """There is something at SITE that this has not made, and will not touch."""


class SiteBusyError(Exception):
    """Somebody else writes the site just now."""


class Written(NamedTuple):
    """What became of a site."""

    files: int
    pages: int
    """HTML files."""
    made: int
    """Files that were rendered anew."""
    written: int
    """Files whose content is not that of the site before."""
    removed: int
    bytes: int
    changed: bool


class _Entry(msgspec.Struct, frozen=True):
    """One file: what it was made of, and what it is."""

    key: str
    sha256: str
    bytes: int


class _Ledger(msgspec.Struct, frozen=True):
    files: dict[str, _Entry]
    bundle: str
    """Digest of the bundle."""
    schema: str = LEDGER_SCHEMA


def write_site(
    out: Path,
    bundle: Bundle,
    *,
    base: str = "",
    parts: Parts = NO_PARTS,
    step: Step = lambda _: None,
    progress: Callable[[int, int], None] = lambda _made, _of: None,
) -> Written:
    """Bring the site at `out` up to date with a bundle.

    Args:
        out: where the link is, or will be.
        bundle: read and checked; its files are in the site under `bundle/`.
        base: where the site will be; empty: not known.
        parts: of feeds, counters and the line test.
        step: told before each step; the tests stop the process there.
        progress: told how many files are done, of how many.

    Raises:
        NotASiteError: there is something else at `out`.
        SiteBusyError: another process writes it; it is not waited for.
        BadBundleError: a file of the bundle is not what was signed, or not understood.
        OSError: nothing changed at `out`.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    with (out.parent / f".{out.name}.lock").open("a", encoding="utf-8") as lock:
        try:
            # It goes with its process: a power cut leaves none behind.
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SiteBusyError(str(out)) from None
        return _write_site(out, bundle, base=base, parts=parts, step=step, progress=progress)


def _write_site(
    out: Path,
    bundle: Bundle,
    *,
    base: str,
    parts: Parts,
    step: Step,
    progress: Callable[[int, int], None],
) -> Written:
    before = current_site(out)
    old = _ledger(before) if before is not None else None
    known = old.files if old is not None else {}
    files = tuple(plan(bundle, base=base, parts=parts))
    files += _lasting(before, parts, {each.path for each in files})
    if old is not None and old.bundle == bundle.digest and _same(files, known):
        return _result(known, known, made=0)._replace(changed=False)
    out.parent.mkdir(parents=True, exist_ok=True)
    _clean(out, keep={before})
    half = out.parent / f".{out.name}{HALF}"
    half.mkdir(mode=0o755)
    target = _Target(half, before, known, step)
    for number, planned in enumerate(files):
        target.put(planned)
        progress(number, len(files))
    for path, inside in bundle_files(bundle):
        target.put_file(path, bundle.folder / inside)
    ledger = msgspec.json.encode(_Ledger(target.files, bundle.digest), order="sorted")
    (half / LEDGER).write_bytes(ledger)
    step("sync")
    target.sync()
    final = _place_of(out, ledger)
    if final == before:
        final = _place_of(out, ledger + b"\n")  # its ledger could not be read: made anew, beside it
    step("rename")
    shutil.rmtree(final, ignore_errors=True)
    half.rename(final)
    _sync_folder(out.parent)
    step("link")
    _point(out, final)
    step("clean")
    _clean(out, keep={before, final})
    return _result(target.files, known, made=target.made)


def _place_of(out: Path, ledger: bytes) -> Path:
    return out.parent.resolve() / f".{out.name}-{sha256(ledger).hexdigest()[:NAME_DIGITS]}"


def current_site(out: Path) -> Path | None:
    """The folder of the site at `out`; None where there is none yet.

    Raises NotASiteError, OSError.
    """
    if not out.is_symlink():
        if out.exists() and not (out.is_dir() and not any(out.iterdir())):
            raise NotASiteError(str(out))
        return None
    if not out.exists():
        return None  # the folder it points to is gone
    if not (out / LEDGER).is_file():
        raise NotASiteError(str(out))
    return out.resolve()


def _ledger(folder: Path) -> _Ledger | None:
    """None where it cannot be read: then all is made anew."""
    try:
        found = msgspec.json.decode((folder / LEDGER).read_bytes(), type=_Ledger)
    except (msgspec.MsgspecError, OSError, UnicodeDecodeError):
        return None
    return found if found.schema == LEDGER_SCHEMA else None


class _Target:
    """The folder that is being written."""

    def __init__(self, folder: Path, before: Path | None, known: dict[str, _Entry], step: Step) -> None:
        self.folder = folder
        self.before = before
        self.known = known
        self.step = step
        self.files: dict[str, _Entry] = {}
        self.made = 0
        self.folders: set[Path] = {folder}

    def put(self, planned: Planned) -> None:
        """A file that is made: linked where its inputs, or its bytes, are those of the site before."""
        assert planned.path not in self.files, planned.path
        entry = self.known.get(planned.path)
        if entry is not None and entry.key == planned.key and self._link(planned.path, entry):
            self.files[planned.path] = entry
            return
        content = planned.make()
        self.made += 1
        made = _Entry(planned.key, sha256(content).hexdigest(), len(content))
        self.files[planned.path] = made
        same = entry is not None and entry.sha256 == made.sha256
        if not (same and self._link(planned.path, made)):
            self._write(planned.path, content)

    def put_file(self, path: str, source: Path) -> None:
        """A file of the bundle: a hard link to it, or a copy where the disk is another one."""
        place = self._place(path)
        content = source.read_bytes()
        digest = sha256(content).hexdigest()
        self.files[path] = _Entry(digest, digest, len(content))
        if self._link(path, self.files[path]):
            return
        try:
            os.link(source, place)
        except OSError:
            self._write(path, content)

    def _link(self, path: str, entry: _Entry) -> bool:
        if self.before is None:
            return False
        source = self.before / path
        known = self.known.get(path)
        if known is None or known.sha256 != entry.sha256:
            return False
        with contextlib.suppress(OSError):  # no such file there, or a file system without links
            # Its length is asked and its bytes are not: a year's pages would be read every day.
            if source.stat().st_size == entry.bytes:
                os.link(source, self._place(path))
                return True
        return False

    def _write(self, path: str, content: bytes) -> None:
        self.step(path)
        place = self._place(path)
        with place.open("xb") as file:
            file.write(content)

    def _place(self, path: str) -> Path:
        place = self.folder / path
        assert place.is_relative_to(self.folder), path
        assert ".." not in Path(path).parts, path
        if place.parent not in self.folders:
            place.parent.mkdir(parents=True, exist_ok=True)
            self.folders |= {self.folder / parent for parent in Path(path).parents}
        return place

    def sync(self) -> None:
        """What was written is on the disk, names too: one call, for a thousand files cost a thousand."""
        os.sync()


def _lasting(before: Path | None, parts: Parts, planned: AbstractSet[str]) -> tuple[Planned, ...]:
    """What stays of the site before, though its ledger cannot be read."""
    if before is None or parts.lasting is None:
        return ()
    return tuple(
        Planned(path, sha256(content).hexdigest(), partial(bytes, content))
        for path, content in parts.lasting(before)
        if path not in planned
    )


def _same(files: Iterable[Planned], known: Mapping[str, _Entry]) -> bool:
    """Whether each file would be made from what it was made from."""
    wanted = {each.path: each.key for each in files}
    made = {path: each.key for path, each in known.items() if not path.startswith(BUNDLE)}
    return wanted == made


def _result(files: Mapping[str, _Entry], known: Mapping[str, _Entry], *, made: int) -> Written:
    return Written(
        files=len(files),
        pages=sum(path.endswith(PAGE) for path in files),
        made=made,
        written=sum(path not in known or known[path].sha256 != each.sha256 for path, each in files.items()),
        removed=sum(path not in files for path in known),
        bytes=sum(each.bytes for each in files.values()),
        changed=True,
    )


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _point(out: Path, target: Path) -> None:
    if not out.is_symlink() and out.is_dir():
        out.rmdir()  # empty: `current_site` has looked
    link = out.parent / f".{out.name}-link"
    link.unlink(missing_ok=True)
    link.symlink_to(target.name, target_is_directory=True)
    link.replace(out)
    _sync_folder(out.parent)


def _clean(out: Path, *, keep: Iterable[Path | None]) -> None:
    """Remove what earlier runs left: a half-written folder, and sites older than the one before."""
    kept = {None if path is None else path.resolve() for path in keep}
    prefix = f".{out.name}-"
    for folder in out.parent.iterdir():
        name = folder.name
        ours = name == f".{out.name}{HALF}" or (
            name.startswith(prefix)
            and len(name) == len(prefix) + NAME_DIGITS
            and set(name[len(prefix) :]) <= set("0123456789abcdef")
        )
        if ours and folder.is_dir() and not folder.is_symlink() and folder.resolve() not in kept:
            shutil.rmtree(folder, ignore_errors=True)
