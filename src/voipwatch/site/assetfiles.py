"""The site's own files: each with its digest in its name, so that a browser may keep it for ever."""

from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

FOLDER: Final = "assets"
NAMES: Final = ("mark.svg", "site.css")
"""What the pages themselves ask for; other parts of the site bring their own files."""
ROOT_NAMES: Final = ("favicon.ico", "robots.txt")
"""What browsers and crawlers ask for by themselves, at the root and under these very names."""
DIGITS: Final = 12


@cache
def assets() -> Mapping[str, tuple[str, bytes]]:
    """Plain name -> path in the site, and bytes: `site.css` -> `assets/site-0123456789ab.css`."""
    found = {}
    for name in NAMES:
        content = files("voipwatch.site").joinpath(FOLDER).joinpath(name).read_bytes()
        stem, _, ending = name.rpartition(".")
        path = f"{FOLDER}/{stem}-{sha256(content).hexdigest()[:DIGITS]}.{ending}"
        found[name] = (path, content)
    return found


def root_files() -> Mapping[str, bytes]:
    """Path in the site and bytes of `ROOT_NAMES`."""
    folder = files("voipwatch.site").joinpath(FOLDER)
    return {name: folder.joinpath(name).read_bytes() for name in ROOT_NAMES}


@cache
def code_digest() -> str:
    """Of this package and what its pages count by: pages made by another release are made again."""
    digest = sha256()
    for name, content in _walk(files("voipwatch.site"), ""):
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    for name, content in _walk(files("voipwatch.chronicle").joinpath("locale"), "chronicle/"):
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    for name, content in _walk(files("voipwatch.civic"), "civic/"):
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


def _walk(folder: Traversable, prefix: str) -> list[tuple[str, bytes]]:
    found = []
    for place in sorted(folder.iterdir(), key=lambda each: each.name):
        if place.is_dir() and place.name != "__pycache__":
            found += _walk(place, f"{prefix}{place.name}/")
        elif place.is_file() and not place.name.endswith(".pyc"):
            found.append((f"{prefix}{place.name}", place.read_bytes()))
    return found
