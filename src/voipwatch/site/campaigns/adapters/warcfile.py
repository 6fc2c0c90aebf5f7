"""Counts on archived pages: a WARC file that the user has, read record by record.

The capture's hash is the SHA-256 of the record's payload: the HTTP body with transfer and content coding
undone. A record whose own digest does not hold is not read. Nothing is fetched, and no page is guessed at:
layouts are data (`layouts.toml`).

Sources: ISO 28500:2017 (WARC 1.1): WARC-Date, WARC-Target-URI, WARC-Block-Digest and WARC-Payload-Digest;
reading by PyPI `warcio`.
"""

from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import IO, Any, Final

import msgspec

from voipwatch.civic.observations import (
    Observation,
    ObservationError,
    Precision,
    decode_at,
    normal_at,
    observation,
)
from voipwatch.site.campaigns.adapters.layouts import Layout, packaged_layouts, page_text

PAYLOAD_MAX_BYTES: Final = 8 << 20
"""A page of the services above is below 2 MB."""


class WarcError(Exception):
    """A file that is no WARC, or that ends to be one."""

    def __init__(self, reason: str, records: int) -> None:
        super().__init__(f"{reason} after {records} records")
        self.reason = reason
        """`unreadable`, `no-warc` or `torn`."""
        self.records = records
        """Read before it."""


class Reading(msgspec.Struct, kw_only=True):
    """What a file gave."""

    observations: list[Observation] = []
    records: int = 0
    pages: int = 0
    """Responses whose address and time belong to a layout."""
    countless: list[str] = []
    """Addresses of those on which the layout found no count, or several."""
    damaged: list[str] = []
    """Addresses of records whose digest does not hold, or whose coding cannot be undone."""


def read_warc(
    path: Path,
    *,
    layouts: Sequence[Layout] | None = None,
    step: Callable[[int], None] | None = None,
) -> Reading:
    """The counts in a file, gzip or not.

    Args:
        path: of the file.
        layouts: None: those of the package.
        step: called with the bytes read so far.

    Raises:
        WarcError: what was read before it is not given: a torn file may be torn on purpose.
    """
    try:
        with path.open("rb") as stream:
            return _read(stream, packaged_layouts() if layouts is None else layouts, step)
    except OSError as error:
        raise WarcError("unreadable", 0) from error


def _read(stream: IO[bytes], layouts: Sequence[Layout], step: Callable[[int], None] | None) -> Reading:
    from warcio.archiveiterator import ArchiveIterator  # noqa: PLC0415 -- of the extra `civic`

    found = Reading()
    beginning = stream.read(5)
    if not (beginning.startswith(b"\x1f\x8b") or beginning == b"WARC/"):
        raise WarcError("no-warc", 0)
    stream.seek(0)
    try:
        for record in ArchiveIterator(stream, check_digests=True):
            _take(record, layouts, found)
            found.records += 1
            if step is not None and found.records % 100 == 0:
                step(stream.tell())
    except Exception as error:
        raise WarcError("torn" if found.records else "no-warc", found.records) from error
    if not found.records:
        raise WarcError("no-warc", 0)
    return found


def _take(record: Any, layouts: Sequence[Layout], found: Reading) -> None:  # noqa: ANN401 -- a library without types
    if not record.rec_type:
        raise ValueError("a record without a type")
    if record.rec_type != "response" or record.http_headers is None:
        return
    if record.http_headers.get_statuscode() != "200":
        return
    url = record.rec_headers.get_header("WARC-Target-URI", "").strip("<>")
    try:
        at = normal_at(record.rec_headers.get_header("WARC-Date", ""))
        time_s, _ = decode_at(at)
    except ValueError:
        return
    known = [(each, page) for each in layouts if (page := each.page_of(url, time_s)) is not None]
    if not known:
        return
    found.pages += 1
    payload = _payload(record)
    if payload is None:
        found.damaged.append(url)
        return
    text = page_text(payload)
    counts = [(layout, page, count) for layout, page in known if (count := layout.count_of(text)) is not None]
    if len(counts) != 1:
        found.countless.append(url)
        return
    layout, page, count = counts[0]
    try:
        seen = observation(
            page=page, quantity=layout.quantity, low=count, high=count, precision=Precision.EXACT, at=at,
            source=url, method=f"warc.{layout.id}", capture=sha256(payload).hexdigest(),
        )  # fmt: skip
    except ObservationError:
        found.countless.append(url)
        return
    found.observations.append(seen)


def _payload(record: Any) -> bytes | None:  # noqa: ANN401 -- a library without types
    """All of it; None where it is too long, cannot be decoded, or does not have its digest."""
    try:
        payload: bytes = record.content_stream().read(PAYLOAD_MAX_BYTES + 1)
        if len(payload) > PAYLOAD_MAX_BYTES:
            return None
        while record.raw_stream.read(65_536):
            pass  # the digest is of the whole record
        if getattr(record.raw_stream, "limit", 0) > 0:
            return None  # the file ends before the record does
    except Exception:  # noqa: BLE001 -- whatever a decoder raises on what is no gzip, brotli or chunk
        return None
    return None if record.digest_checker is not None and record.digest_checker.passed is False else payload
