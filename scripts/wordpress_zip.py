"""The WordPress plugin as the zip that its "Upload plugin" page takes; the same files give the same bytes.

python scripts/wordpress_zip.py FOLDER    writes FOLDER/voipwatch-counter-VERSION.zip and prints its path
"""

import io
import re
import sys
import zipfile
from pathlib import Path

PLUGIN = Path(__file__).resolve().parents[1] / "wordpress/voipwatch-counter"

# The earliest date that a zip can hold: a file's own would differ between two checkouts.
DATE = (1980, 1, 1, 0, 0, 0)
# A regular file that all may read and its owner write (the high half is Unix's mode).
MODE = 0o100644 << 16


def version() -> str:
    """The plugin's version, from its header."""
    found = re.search(
        r"^ \* Version:\s*(\S+)$", (PLUGIN / "voipwatch-counter.php").read_text("utf-8"), re.MULTILINE
    )
    assert found
    return found.group(1)


def plugin_files() -> list[Path]:
    """What is shipped, in order: every file but those that begin with a dot (an editor's, a system's)."""
    every = (path for path in PLUGIN.rglob("*") if path.is_file())
    return sorted(
        path for path in every if not any(part.startswith(".") for part in path.relative_to(PLUGIN).parts)
    )


def zip_bytes() -> bytes:
    """The zip. Stored, not deflated: another zlib would write other bytes, and 100 kB may stay so."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for path in plugin_files():
            entry = zipfile.ZipInfo(path.relative_to(PLUGIN.parent).as_posix(), DATE)
            entry.create_system = 3
            entry.external_attr = MODE
            archive.writestr(entry, path.read_bytes())
    return out.getvalue()


def main(arguments: list[str]) -> int:
    """Write it."""
    if len(arguments) != 1 or arguments[0].startswith("-"):
        print("usage: wordpress_zip.py FOLDER", file=sys.stderr)
        return 64
    folder = Path(arguments[0])
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"voipwatch-counter-{version()}.zip"
    path.write_bytes(zip_bytes())
    print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
