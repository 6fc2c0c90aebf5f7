"""Every link from one page of this repository to a file or heading of it leads somewhere."""

import re
from pathlib import Path
from urllib.parse import unquote

from tests.structure.test_files import tracked
from tests.support.environment import REPOSITORY

LINK = re.compile(
    r"!?\[[^\]]*\]\((?P<target>[^)\s]+)(?:\s+\"[^\"]*\")?\)|^\[[^\]]+\]:\s*(?P<reference>\S+)", re.MULTILINE
)
FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*#*$", re.MULTILINE)


def anchors(text: str) -> set[str]:
    """The fragments that a page's headings can be linked by, spelled as the usual renderers spell them."""
    slugs: set[str] = set()
    for heading in HEADING.findall(FENCE.sub("", text)):
        plain = re.sub(r"[^\w\- ]", "", re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)).strip().lower()
        slug, count = plain.replace(" ", "-"), 0
        while (candidate := f"{slug}-{count}" if count else slug) in slugs:
            count += 1
        slugs.add(candidate)
    return slugs


def broken_links(page: Path, root: Path) -> list[str]:
    """The local links of `page` that lead to no file below `root`, or to no heading of that file."""
    broken = []
    for match in LINK.finditer(FENCE.sub("", page.read_text("utf-8"))):
        target = match["target"] or match["reference"]
        if re.match(r"[a-z][a-z0-9+.-]*:", target):
            continue  # another site: not asked, tests have no network
        path, _, fragment = target.partition("#")
        file = (page.parent / unquote(path)).resolve() if path else page.resolve()
        inside = file.is_relative_to(root.resolve())
        if (
            not inside
            or not file.exists()
            or (fragment and file.suffix == ".md" and fragment not in anchors(file.read_text("utf-8")))
        ):
            broken.append(target)
    return broken


def test_every_local_link_leads_somewhere() -> None:
    pages = [path for path in tracked() if path.suffix == ".md"]
    found = {
        str(page.relative_to(REPOSITORY)): broken
        for page in pages
        if (broken := broken_links(page, REPOSITORY))
    }
    assert found == {}


def test_the_search_finds_broken_links(tmp_path: Path) -> None:
    (tmp_path / "there.md").write_text("# A page, with `code`\n## Twice\n## Twice\n", "utf-8")
    page = tmp_path / "page.md"
    page.write_text(
        "[a](there.md) [b](there.md#a-page-with-code) [c](there.md#twice-1) [d](https://a.example/x)\n"
        '[e](gone.md) [f](there.md#nowhere) ![g](gone.png "title") [h](../outside.md) [i](#own)\n'
        "# Own\n```\n[not a link](in-a-fence.md)\n```\n[ref]: also-gone.md\n",
        "utf-8",
    )
    (tmp_path.parent / "outside.md").write_text("", "utf-8")
    assert broken_links(page, tmp_path) == [
        "gone.md",
        "there.md#nowhere",
        "gone.png",
        "../outside.md",
        "also-gone.md",
    ]
