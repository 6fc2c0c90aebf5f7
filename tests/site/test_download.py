import asyncio
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.site.asked import asked, write_site
from voipwatch.site.app import SiteApp
from voipwatch.site.download import PIECE_BYTES, Part, UnsatisfiableError, part_of
from voipwatch.site.memory import HELD_BYTES_MAX, read_memory

CONTENT = bytes(number % 251 for number in range(HELD_BYTES_MAX + PIECE_BYTES + 7))


@pytest.mark.parametrize(
    ("header", "part"),
    [
        (None, None),
        (b"bytes=0-", Part(0, 99)),
        (b"bytes=10-19", Part(10, 19)),
        (b"bytes=90-500", Part(90, 99)),
        (b"bytes=-5", Part(95, 99)),
        (b"bytes=-500", Part(0, 99)),
        (b"bytes=5-3", None),
        (b"bytes=-", None),
        (b"bytes=0-1,3-4", None),
        (b"lines=0-1", None),
        (b"bytes=a-b", None),
        (b"bytes=" + b"9" * 40 + b"-", None),
    ],
)
def test_ranges(header: bytes | None, part: Part | None) -> None:
    """RFC 9110, 14.1.2 and 14.2: what is not understood is no range."""
    assert part_of(header, 100) == part


@pytest.mark.parametrize("header", [b"bytes=100-", b"bytes=-0", b"bytes=500-600"])
def test_beyond_the_end(header: bytes) -> None:
    with pytest.raises(UnsatisfiableError):
        part_of(header, 100)


@given(st.binary(max_size=30), st.integers(0, 1000))
def test_any_header_gives_a_part_of_the_file(header: bytes, size: int) -> None:
    try:
        part = part_of(b"bytes=" + header, size)
    except UnsatisfiableError:
        return
    assert part is None or 0 <= part.first <= part.last < size


@pytest.fixture
def app(tmp_path: Path) -> SiteApp:
    site = write_site(tmp_path, {"bundle/big.sqlite": CONTENT})
    return SiteApp(read_memory(site), site)


def test_whole_in_pieces_and_in_part(app: SiteApp) -> None:
    async def run() -> None:
        whole = await asked(app, "/bundle/big.sqlite")
        assert (whole.status, whole.body) == (200, CONTENT)
        assert whole.headers["accept-ranges"] == "bytes"
        tag = whole.headers["etag"]
        part = await asked(app, "/bundle/big.sqlite", headers={"range": "bytes=5-9", "if-range": tag})
        assert (part.status, part.body) == (206, CONTENT[5:10])
        assert part.headers["content-range"] == f"bytes 5-9/{len(CONTENT)}"
        other = await asked(app, "/bundle/big.sqlite", headers={"range": "bytes=5-9", "if-range": '"x"'})
        assert (other.status, len(other.body)) == (200, len(CONTENT))
        beyond = await asked(app, "/bundle/big.sqlite", headers={"range": f"bytes={len(CONTENT)}-"})
        assert (beyond.status, beyond.headers["content-range"]) == (416, f"bytes */{len(CONTENT)}")
        same = await asked(app, "/bundle/big.sqlite", headers={"if-none-match": tag})
        assert (same.status, same.body) == (304, b"")
        head = await asked(app, "/bundle/big.sqlite", "HEAD")
        assert (head.status, head.body, head.headers["content-length"]) == (200, b"", str(len(CONTENT)))

    asyncio.run(run())


def test_another_file_in_its_place_is_not_served_under_its_tag(app: SiteApp) -> None:
    (app.folder / "bundle/big.sqlite").write_bytes(CONTENT[:-1] + b"!")
    found = asyncio.run(asked(app, "/bundle/big.sqlite"))
    assert (found.status, found.headers["retry-after"]) == (503, "2")
    (app.folder / "bundle/big.sqlite").unlink()
    assert asyncio.run(asked(app, "/bundle/big.sqlite")).status == 503
