"""Consented reports: what is taken, refused and kept, and that none of it is a vote of the panel."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voipwatch.collector.intake import Refused, Rules, Submitted, take
from voipwatch.model.browser import LineClass
from voipwatch.model.submission import RunKind
from voipwatch.model.votes import PANEL, source_of
from voipwatch.site.linetest import inbox as inbox_module
from voipwatch.site.linetest.counts import DayCounts
from voipwatch.site.linetest.inbox import (
    A_DAY,
    SOURCE,
    Inbox,
    InboxError,
    RefusedReportError,
    decode_report,
    read_rows,
    tally,
)

NOW_S = 1_452_160_800.0  # 2016-01-07T10:00:00Z
ADDRESS = "192.0.2.77"


def report(**changes: Any) -> dict[str, Any]:
    good = {
        "hour": "2016-01-07T09:00:00Z",
        "line_class": "udp-or-stun",
        "arms": [
            {"arm": "direct", "ice": False, "dtls": False, "up_sent": 0, "up_received": 0, "down_sent": 0,
             "down_received": 0, "relay_protocol": ""},
        ],
        "up": {"expected": 450, "lost": 3, "jitter_ms": 2.5, "delay_ms": 20.0, "mos": 4.3},
        "down": None,
        "agent": "chromium",
        "via": "line",
        "kind": "browser",
        "schema": "voipwatch.browser-report/1",
    }  # fmt: skip
    return {**good, **changes}


def body(**changes: Any) -> bytes:
    return msgspec.json.encode(report(**changes))


MakeInbox = Callable[[], Inbox]


@pytest.fixture
def make(tmp_path: Path) -> MakeInbox:
    return lambda: Inbox(
        tmp_path / "reports", locate=lambda _: ("MA", 64500), clock=lambda: NOW_S, key=bytes(range(16)),
        counts=DayCounts(tmp_path / "counts"),
    )  # fmt: skip


def test_a_report_is_kept_with_its_country_and_network_and_no_address(
    make: MakeInbox, tmp_path: Path
) -> None:
    make().take(body(), ADDRESS)
    (path,) = (tmp_path / "reports").iterdir()
    assert path.name == "2016-01.jsonl"
    assert path.stat().st_mode & 0o777 == 0o600
    assert ADDRESS.encode() not in path.read_bytes()
    (row,) = read_rows(tmp_path / "reports")
    assert (row.country, row.operator, row.source) == ("MA", "AS64500", "browser")
    assert msgspec.to_builtins(row.report) == report()


def test_what_a_browser_says_is_no_vote_of_the_panel(make: MakeInbox, tmp_path: Path) -> None:
    assert source_of(RunKind.BROWSER, enrolled=True) == SOURCE
    assert {SOURCE, PANEL} == {"browser", "panel"}
    forged = body(kind="scheduled")
    with pytest.raises(RefusedReportError):
        make().take(forged, ADDRESS)


def test_the_probes_way_takes_no_browser_s_report() -> None:
    """The collector refuses the body as it is, before anything that a vote is made of is looked at."""
    rules = Rules(frozenset({"00" * 32}), enrolments=None)  # type: ignore[arg-type]  # never reached
    said = take(Submitted(body(), about=None, now_s=NOW_S), rules)  # type: ignore[arg-type]  # the same
    assert isinstance(said, Refused)
    assert said.code == "schema"


def test_no_code_of_the_pipeline_reads_browsers_reports() -> None:
    source = Path(inbox_module.__file__).parents[2]
    for package in ("pipeline", "store", "inference", "chronicle", "collector"):
        for path in (source / package).rglob("*.py"):
            text = path.read_text("utf-8")
            assert "linetest" not in text, path
            assert "model.browser" not in text, path


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"line_class": "throttled"}, "fields"),
        ({"address": "192.0.2.1"}, "fields"),
        ({"agent": "Mozilla/5.0"}, "fields"),
        ({"hour": "2016-01-07T09:12:00Z"}, "fields"),
        ({"hour": "2016-13-07T09:00:00Z"}, "hour"),
        ({"hour": "2016-02-31T09:00:00Z"}, "hour"),
        ({"hour": "2015-12-01T09:00:00Z"}, "hour"),
        ({"hour": "2016-01-07T13:00:00Z"}, "hour"),
        ({"up": {"expected": 2, "lost": 3}}, "lost"),
        ({"up": {"expected": -1, "lost": 0}}, "fields"),
        ({"up": {"expected": 5, "lost": 0, "mos": 9.0}}, "fields"),
        ({"arms": report()["arms"] * 2}, "arms"),
        ({"arms": report()["arms"] * 8}, "fields"),
        ({"arms": [{**report()["arms"][0], "note": "x"}]}, "fields"),
        ({"schema": "voipwatch.submission/1"}, "fields"),
        ({"up": None, "down": 3}, "fields"),
    ],
)
def test_what_does_not_fit_is_refused(changes: dict[str, Any], code: str) -> None:
    with pytest.raises(RefusedReportError) as refused:
        decode_report(body(**changes), NOW_S)
    assert (refused.value.code, refused.value.status) == (code, 422)


@given(st.binary(max_size=300))
def test_bytes_are_refused_and_nothing_else_happens(data: bytes) -> None:
    with pytest.raises(RefusedReportError):
        decode_report(data, NOW_S)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=5))
def test_any_value_in_any_field_is_taken_or_refused(value: Any) -> None:
    for field in report():
        try:
            decode_report(msgspec.json.encode({**report(), field: value}), NOW_S)
        except RefusedReportError:
            continue


def test_one_network_brings_so_many_a_day_to_all_processes(make: MakeInbox) -> None:
    inbox = make()
    for last in range(A_DAY):
        make().take(body(), f"192.0.2.{last}")
    with pytest.raises(RefusedReportError) as refused:
        inbox.take(body(), "192.0.2.200")
    assert refused.value.status == 429
    inbox.take(body(), "198.51.100.1")


def test_a_full_or_broken_disk_is_said(
    make: MakeInbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox = make()
    inbox.take(body(), ADDRESS)
    monkeypatch.setattr(inbox_module, "FILE_BYTES_MAX", 10)
    with pytest.raises(InboxError, match="full"):
        inbox.take(body(), ADDRESS)
    (tmp_path / "file").write_text("")
    for folder, counts in (("file", "counts"), ("reports", "none/counts")):
        broken = Inbox(
            tmp_path / folder, locate=lambda _: (None, None), clock=lambda: NOW_S, key=b"k" * 16,
            counts=DayCounts(tmp_path / counts),
        )  # fmt: skip
        with pytest.raises(InboxError, match="disk"):
            broken.take(body(), ADDRESS)


def test_the_tally_counts_lines_and_no_vpn_and_passes_over_a_torn_line(
    make: MakeInbox, tmp_path: Path
) -> None:
    inbox = make()
    for via in ("line", "line", "vpn"):
        inbox.take(body(via=via), ADDRESS)
    with (tmp_path / "reports/2016-01.jsonl").open("ab") as file:
        file.write(b'{"country":"MA","oper')
    counted = tally(read_rows(tmp_path / "reports"))
    assert counted == {("MA", "AS64500", "2016-01-07", LineClass.UDP_OR_STUN): 2}
