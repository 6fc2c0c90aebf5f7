"""The site's own line test, as `voipwatch publish` renders it, of a bundle with one incident."""

from pathlib import Path
from typing import Final

from tests.site.asked import write_site
from tests.site.made import incident, page, write_bundle
from voipwatch.site.bundle import read_bundle
from voipwatch.site.parts import PARTS
from voipwatch.site.render import plan

NEEDED: Final = ("/line-test/", "linetest/", "assets/")


def write_line_test_site(folder: Path) -> Path:
    """Its pages in three languages and every file that they ask for; the other pages are left out."""
    one = incident()
    bundle = read_bundle(write_bundle(folder / "bundle", [page((one,))], [one]))
    files = {each.path: each.make() for each in plan(bundle, parts=PARTS) if is_needed(each.path)}
    return write_site(folder, files)


def is_needed(path: str) -> bool:
    return path.startswith(NEEDED[1:]) or NEEDED[0] in path
