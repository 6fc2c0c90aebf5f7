"""Pages out of date, as a server shows them: with the banner that each of them holds hidden.

A page cannot know the time without a script, and says "as of" beside whatever it says. Whoever serves the
site knows the time: after `valid_until` each page that speaks of the bundle's time says that this is past.
Pages that stay valid for ever, months of rows and revisions, hold no banner.
"""

from typing import Final

import msgspec

from voipwatch.model.instants import seconds
from voipwatch.site.memory import Held, Memory, OnDisk, held_page

MANIFEST: Final = "/bundle/manifest.json"
HIDDEN: Final = b'<aside class="banner outdated" hidden '
SHOWN: Final = b'<aside class="banner outdated" '


class _Manifest(msgspec.Struct):
    valid_until: str
    synthetic: bool = False


def valid_until_s(memory: Memory) -> float | None:
    """Until when its pages may be shown as they are, Unix seconds.

    None where the site has no manifest, and of an emulation: its time is nobody's, and each page says so.
    """
    found = memory.files.get(MANIFEST)
    if found is None:
        return None
    try:
        content = found.body if isinstance(found, Held) else found.file.read_bytes()
        manifest = msgspec.json.decode(content, type=_Manifest)
        return None if manifest.synthetic else seconds(manifest.valid_until)
    except (msgspec.MsgspecError, OSError, ValueError):
        return None


def outdated(memory: Memory) -> Memory:
    """The same site with every banner shown. A page that was left on the disk is taken into memory for it."""
    files: dict[str, Held | OnDisk] = dict(memory.files)
    known: dict[int, Held] = {}
    for path, found in memory.files.items():
        if not _is_page(path):
            continue
        if id(found) not in known:
            content = found.body if isinstance(found, Held) else found.file.read_bytes()
            if HIDDEN not in content:
                continue
            known[id(found)] = held_page(path, content.replace(HIDDEN, SHOWN, 1))
        files[path] = known[id(found)]
    return memory._replace(files=files)


def _is_page(path: str) -> bool:
    return path.endswith((".html", "/"))
