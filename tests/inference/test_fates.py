"""Fates by hand, one direction at a time; through both ends together they are in test_join.py."""

import msgspec
import pytest

from voipwatch.inference.fates import (
    GAP_MAX,
    GAP_RATIO_MAX,
    PLANNED_MAX,
    down_alone,
    down_logged,
    first_times,
    up_logged,
    up_receipts,
)
from voipwatch.inference.track import Fate, Track
from voipwatch.model.flows import MEDIA_SEQ, Columns, FlowKind, FlowRecord, Receipt
from voipwatch.model.vocabulary import Arm, Family, Stage
from voipwatch.wire.farlog import FarColumns, FarFlow

RECORD = FlowRecord(
    flow=0, reflector=0, kind=FlowKind("whatsapp", "d", "relay", Arm.A), replicate=0, family=Family.NONE,
    question="setup", block=0, remote_port=3478, round_stages=[Stage.SETUP], started_us=0,
)  # fmt: skip


def there(*, up: dict[int, int] | None = None, down: dict[int, int] | None = None) -> FarFlow:
    def columns(times: dict[int, int]) -> FarColumns:
        return FarColumns(list(times), list(times.values()), [99] * len(times), [0] * len(times))

    return FarFlow(flow=0, port=3478, up=columns(up or {}), down=columns(down or {}))


def fates(track: Track) -> str:
    return "".join({Fate.ARRIVED: "+", Fate.LOST: "-", Fate.UNKNOWN: "?"}[p.fate] for p in track.packets)


def test_the_first_time_counts_and_odd_columns_are_cut() -> None:
    assert first_times(Columns(seq=[4, 0, 4, 8], t_us=[10, 20, 30], size_bytes=[], crc=[])) == {4: 10, 0: 20}


def test_what_the_log_has_of_the_uplink_arrived() -> None:
    track = up_logged({0: 1, 4: 2, 8: 3}, {0: 60, 8: 70}, there(up={8: 13, 0: 11}))
    assert fates(track) == "+-+"
    assert [tuple(p)[:3] for p in track.packets] == [(0, 1, 11), (4, 2, None), (8, 3, 13)]
    assert [p.size_bytes for p in track.packets] == [60, 0, 70]
    assert fates(up_logged({0: 1, 4: 2}, {}, None)) == "--"


@pytest.mark.parametrize(
    ("ended_us", "died_us", "down_us", "told"),
    [
        (None, None, 1_000, "+--"),
        (60_000, None, 1_000, "+-?"),
        (60_000, None, 40_000, "+??"),
        (60_000, 30_000, 1_000, "+??"),
        (60_000, None, None, "+--"),
        (60_500, None, 1_000, "+--"),
    ],
)
def test_what_would_have_come_too_late_is_unknown(
    ended_us: int | None, died_us: int | None, down_us: int | None, told: str
) -> None:
    record = msgspec.structs.replace(RECORD, ended_us=ended_us)
    sent = there(down={MEDIA_SEQ: 10_000, MEDIA_SEQ + 1: 30_000, MEDIA_SEQ + 2: 59_500})
    track = down_logged(record, {MEDIA_SEQ: 11_000}, sent, down_us=down_us, died_us=died_us)
    assert fates(track) == told


def test_of_a_flow_that_the_log_does_not_know_nothing_was_sent_down() -> None:
    assert down_logged(RECORD, {MEDIA_SEQ: 1}, None, down_us=1, died_us=None).packets == ()


def test_receipts_speak_for_their_window_and_answers_for_themselves() -> None:
    sent = dict.fromkeys(range(6), 0)
    assert fates(up_receipts(sent, {}, [], {})) == "??????"
    assert fates(up_receipts(sent, {}, [Receipt(3, 2, 0, 0b001)], {})) == "--++??"
    assert fates(up_receipts(sent, {}, [Receipt(3, 2, 0, 0b001)], {1: 9, 5: 9})) == "-+++?+"
    late = [Receipt(4, 4, 0, 0b0110), Receipt(3, 2, 0, 0b001)]
    assert fates(up_receipts(sent, {}, late, {})) == "-++++?"


@pytest.mark.parametrize(
    ("came", "planned", "aborted", "told"),
    [
        ([0, 1, 4], 0, False, "++--+"),
        ([0, 1], 4, False, "++--"),
        ([0, 1], 4, True, "++"),
        ([], 4, False, ""),
    ],
)
def test_without_a_log_gaps_below_the_highest_are_losses(
    came: list[int], planned: int, aborted: bool, told: str
) -> None:
    record = msgspec.structs.replace(RECORD, planned_down=planned, aborted=aborted)
    assert fates(down_alone({MEDIA_SEQ + n: n for n in came}, record)) == told


def test_a_record_cannot_claim_losses_without_end() -> None:
    assert len(down_alone({MEDIA_SEQ + 10**9: 1}, RECORD).packets) == GAP_MAX + GAP_RATIO_MAX + 1
    planned = msgspec.structs.replace(RECORD, planned_down=10**9)
    assert len(down_alone({MEDIA_SEQ: 1}, planned).packets) == PLANNED_MAX
