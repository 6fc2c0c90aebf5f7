"""A bundle on disk: the old one stays whole until the new one is, at a power cut too.

OUT is a symbolic link to a sibling folder that is named after its bundle's digest. A new bundle is written
into a folder of its own, brought to disk, renamed, and then the link is replaced: the one step that readers
see. The folder before is kept, for whoever is reading it.
"""

import contextlib
import os
import shutil
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Final

from voipwatch.model.bundle import MANIFEST_FILE
from voipwatch.probe.files import sync_folder

NAME_DIGITS: Final = 16
HALF: Final = ".part"
Content = bytes | Path
"""A file's bytes, or the file to take them from."""
Step = Callable[[str], None]


class NotABundleError(Exception):
    """There is something at OUT that publish has not made, and will not touch."""


def digest_and_size(content: Content) -> tuple[str, int]:
    """SHA-256 in hex, and bytes. Raises OSError."""
    data = content if isinstance(content, bytes) else content.read_bytes()
    return sha256(data).hexdigest(), len(data)


def current_manifest(out: Path) -> bytes | None:
    """manifest.json of the bundle at `out`; None where there is none yet.

    Raises NotABundleError, OSError.
    """
    if not out.is_symlink():
        if out.exists() and not (out.is_dir() and not any(out.iterdir())):
            raise NotABundleError(str(out))
        return None
    if not out.exists():
        return None  # the folder it points to is gone
    manifest = out / MANIFEST_FILE
    if not manifest.is_file():
        raise NotABundleError(str(out))
    return manifest.read_bytes()


def write_bundle(
    out: Path,
    files: Mapping[str, Content],
    *,
    digests: Mapping[str, tuple[str, int]],
    digest: str,
    step: Step = lambda _: None,
) -> Path:
    """Put the bundle at `out`; returns the folder that it lies in.

    Args:
        out: where the link is, or will be.
        files: all of them, manifest and signature too.
        digests: of those that may be linked from the bundle before instead of written.
        digest: of the bundle.
        step: told before each step; the tests stop the process there.

    Raises:
        NotABundleError: there is something else at `out`.
        OSError: nothing changed at `out`.
    """
    current_manifest(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    before = out.resolve() if out.is_symlink() else None
    target = out.parent / f".{out.name}-{digest[:NAME_DIGITS]}"
    half = target.with_name(target.name + HALF)
    _clean(out, keep={before})
    step("write")
    if before != target:
        shutil.rmtree(target, ignore_errors=True)
        half.mkdir(mode=0o755)
        folders = {half}
        for path in sorted(files):
            step(path)
            place = half / path
            place.parent.mkdir(parents=True, exist_ok=True)
            folders |= {half / parent for parent in Path(path).parents}
            _put(place, files[path], before / path if before else None, digests.get(path))
        step("sync")
        for folder in sorted(folders, reverse=True):
            sync_folder(folder)
        step("rename")
        half.rename(target)
        sync_folder(out.parent)
    step("link")
    _point(out, target)
    step("clean")
    _clean(out, keep={before, target})
    return target


def _put(place: Path, content: Content, before: Path | None, digest: tuple[str, int] | None) -> None:
    if before is not None and digest is not None:
        with contextlib.suppress(OSError):  # no such file there, or a file system without links
            if before.stat().st_size == digest[1] and digest_and_size(before) == digest:
                os.link(before, place)
                return
    data = content if isinstance(content, bytes) else content.read_bytes()
    with place.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _point(out: Path, target: Path) -> None:
    if not out.is_symlink() and out.is_dir():
        out.rmdir()  # empty: `current_manifest` has looked
    link = out.parent / f".{out.name}-link"
    link.unlink(missing_ok=True)
    link.symlink_to(target.name, target_is_directory=True)
    link.replace(out)
    sync_folder(out.parent)


def _clean(out: Path, *, keep: set[Path | None]) -> None:
    """Remove what earlier runs left: half-written folders, and bundles older than the one before."""
    kept = {None if path is None else path.resolve() for path in keep}
    digits = "[0-9a-f]" * NAME_DIGITS
    for pattern in (f".{out.name}-{digits}", f".{out.name}-{digits}{HALF}"):
        for folder in out.parent.glob(_literal(out.name, pattern)):
            if folder.resolve() not in kept:
                shutil.rmtree(folder, ignore_errors=True)


def _literal(name: str, pattern: str) -> str:
    """`pattern` with the name's own brackets and stars taken as they are."""
    escaped = "".join(f"[{sign}]" if sign in "*?[" else sign for sign in name)
    return pattern.replace(name, escaped, 1)
