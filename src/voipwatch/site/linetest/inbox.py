"""Where consented reports of the line test go: files of their own, one a month, one line of JSON a report.

    FOLDER/2026-11.jsonl     BrowserRow

They cannot go the probes' way: the collector takes nothing that no reflector signed, and a browser has no
ticket (docs/design/0024-line-test.md). Nothing of the pipeline reads this folder, so no state, no changepoint
and no cell of the panel can come of it; `tally` is the series of their own that a page may show.

A sender's address is used twice and kept nowhere: to find its country and network, and to bound how many
reports come from there (under a hash whose key lives as long as the site runs).
"""

import json
import os
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from voipwatch.model.browser import BrowserReport, LineClass
from voipwatch.model.submission import RunKind
from voipwatch.model.votes import NO_COUNTRY, source_of
from voipwatch.site.linetest.callers import caller_name
from voipwatch.site.linetest.counts import DayCounts

FILE_BYTES_MAX: Final = 64 << 20
"""A month's; a report has about 1 kB."""
A_DAY: Final = 24
"""Reports a day (UTC) from one network (`callers`), over all processes of a run; a carrier's NAT brings no
more, and needs no more to be seen."""
AGE_MOST_S: Final = 31 * 86_400.0
"""How long a report may have waited in a browser that was offline."""
AHEAD_MOST_S: Final = 7_200.0
SOURCE: Final = source_of(RunKind.BROWSER, enrolled=False)

Locate = Callable[[str], tuple[str | None, int | None]]
"""Address -> country (ISO 3166) and number of the network; `collector.geo` has one."""


class RefusedReportError(Exception):
    """Not taken. The message says why, for whoever wrote the page."""

    def __init__(self, status: int, code: str, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.code = code


class InboxError(Exception):
    """It could not be written."""


class BrowserRow(msgspec.Struct, frozen=True):
    """One line of the file."""

    country: str
    operator: str
    """`AS` and number, or empty."""
    report: BrowserReport
    source: str = SOURCE


def decode_report(body: bytes, now_s: float) -> BrowserReport:
    """The report in `body`. Raises RefusedReportError: not JSON, unknown or wrong fields, an hour too old or
    to come, numbers that contradict one another.
    """
    try:
        report = msgspec.json.decode(body, type=BrowserReport)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise RefusedReportError(422, "fields", str(error)) from None
    try:
        hour_s = datetime.fromisoformat(report.hour).timestamp()
    except ValueError:
        raise RefusedReportError(422, "hour", "no such hour") from None
    if not -AHEAD_MOST_S <= now_s - hour_s <= AGE_MOST_S:
        raise RefusedReportError(422, "hour", "of the last 31 days, please")
    if len({arm.arm for arm in report.arms}) != len(report.arms):
        raise RefusedReportError(422, "arms", "an arm stands in it twice")
    for direction in (report.up, report.down):
        if direction is not None and direction.lost > direction.expected:
            raise RefusedReportError(422, "lost", "more lost than there was")
    return report


class Inbox:
    """Takes reports. One process, one thread.

    Args:
        clock: Unix seconds.
        key: 16 random bytes or more, of all processes of a run.
        counts: of all processes of a run.
    """

    def __init__(
        self, folder: Path, *, locate: Locate, clock: Callable[[], float], key: bytes, counts: DayCounts
    ) -> None:
        self._folder = folder
        self._locate = locate
        self._clock = clock
        self._key = key
        self._counts = counts

    def take(self, body: bytes, address: str) -> None:
        """Judges one and writes it. Raises RefusedReportError, InboxError."""
        now_s = self._clock()
        report = decode_report(body, now_s)
        self._count(address, now_s)
        country, asn = self._locate(address)
        row = BrowserRow(country or NO_COUNTRY, "" if asn is None else f"AS{asn}", report)
        path = self._folder / f"{datetime.fromtimestamp(now_s, tz=UTC):%Y-%m}.jsonl"
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if path.exists() and path.stat().st_size > FILE_BYTES_MAX:
                raise InboxError("this month's file is full")
            descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                os.write(descriptor, msgspec.json.encode(row) + b"\n")
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise InboxError(f"the disk does not take it: {error.strerror}") from error

    def _count(self, address: str, now_s: float) -> None:
        try:
            taken = self._counts.take(caller_name(address, self._key), int(now_s // 86_400), A_DAY)
        except OSError as error:
            raise InboxError(f"the disk does not take it: {error.strerror}") from error
        if not taken:
            raise RefusedReportError(429, "rate", "enough of this network for today")


def read_rows(folder: Path) -> Iterator[BrowserRow]:
    """Every row, in order of arrival; a line that a power cut tore is passed over. Raises OSError."""
    for path in sorted(folder.glob("[0-9]*-[0-9]*.jsonl")):
        with path.open("rb") as file:
            for line in file:
                try:
                    yield msgspec.json.decode(line, type=BrowserRow)
                except (msgspec.MsgspecError, json.JSONDecodeError):
                    continue


def tally(rows: Iterator[BrowserRow]) -> dict[tuple[str, str, str, LineClass], int]:
    """Country, operator, day, class -> how many tests on the line itself; never a state, never a rate:
    who tests in a browser tests because something is broken.
    """
    return dict(
        Counter(
            (row.country, row.operator, row.report.hour[:10], row.report.line_class)
            for row in rows
            if row.report.via == "line"
        )
    )
