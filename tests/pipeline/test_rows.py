"""Rows of a report: counted by hand, against a second method on real reports, and whatever a probe writes."""

from collections import Counter

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.reports import START, Sender, intake_of, report_of, submission_of
from voipwatch.model.flows import MEDIA_SEQ
from voipwatch.model.submission import Intake, Submission
from voipwatch.pipeline.rows import add_report, observed_at_s, tally
from voipwatch.store.rows import SegmentRows
from voipwatch.wire.farlog import decode_farlog


def loaded(*intakes: Intake) -> SegmentRows:
    rows = SegmentRows()
    for intake in intakes:
        add_report(rows, intake)
    return rows


def renamed(submission: Submission, **word: str) -> Submission:
    """With other words of the probe."""
    return Submission(msgspec.structs.replace(submission.probe, **word), submission.report)


@pytest.mark.parametrize("world", ["clean", "port-drop"])
def test_the_parts_of_a_real_report_add_up_to_its_packets(world: str) -> None:
    whole = submission_of(world, 1, START)
    measurement = whole.report.measurement
    log = measurement.reflectors[0].log
    assert log is not None
    far = decode_farlog(log.payload)
    table = loaded(intake_of(whole, 1, START)).observations_table().to_pylist()
    parts = [row for row in table if row["part"] != "connect"]

    def total(direction: str, column: str) -> int:
        return sum(row[column] or 0 for row in parts if row["direction"] == direction)

    flows = measurement.flows
    assert total("up", "near_count") == sum(len(flow.sent.seq) for flow in flows)
    assert total("down", "near_count") == sum(len(flow.received.seq) for flow in flows)
    assert total("up", "near_bytes") == sum(sum(flow.sent.size_bytes) for flow in flows)
    known = {flow.flow for flow in flows}
    assert total("up", "far_count") == sum(len(flow.up.seq) for flow in far.flows if flow.flow in known)
    assert total("down", "far_bytes") == sum(
        sum(flow.down.size_bytes) for flow in far.flows if flow.flow in known
    )
    assert {row["flow"] for row in parts} == known
    assert len([row for row in table if row["part"] == "connect"]) == 2 * len(measurement.tcp)


def test_every_part_of_a_real_flow_is_what_a_plain_loop_counts() -> None:
    whole = submission_of("clean", 1, START)
    table = loaded(intake_of(whole, 1, START)).observations_table().to_pylist()
    found = {
        (row["flow"], row["direction"], row["part"]): (row["near_count"], row["first_us"], row["last_us"])
        for row in table
        if row["part"] != "connect" and row["near_count"]
    }
    wanted: dict[tuple[int, str, str], tuple[int, int, int]] = {}
    for flow in whole.report.measurement.flows:
        for direction, columns, aside in (
            ("up", flow.sent, flow.aside_up),
            ("down", flow.received, flow.aside_down),
        ):
            for seq, t_us in zip(columns.seq, columns.t_us, strict=True):
                if seq >= MEDIA_SEQ:
                    part = "reports" if seq in aside else "media"
                else:
                    part = str(flow.round_stages[seq // 64])
                count, first, _ = wanted.get((flow.flow, direction, part), (0, t_us, t_us))
                wanted[flow.flow, direction, part] = count + 1, first, t_us
    assert found == wanted


def test_the_row_of_a_report_says_where_it_came_from_and_not_what_it_claims() -> None:
    claimed = submission_of("clean", 1, START)  # says MA, AS64500, Testcom
    sender = Sender(country="DZ", asn=36947)
    (row,) = (
        loaded(intake_of(renamed(claimed, instance=""), 1, START + 90, sender)).reports_table().to_pylist()
    )
    assert (row["country"], row["operator"]) == ("DZ", "AS36947")
    assert (row["country_declared"], row["operator_declared"]) == ("MA", "Testcom")
    assert row["judged"] == ""
    nobody = Sender(country=None, asn=None)
    (row,) = loaded(intake_of(renamed(claimed, instance=""), 1, START, nobody)).reports_table().to_pylist()
    assert (row["country"], row["operator"]) == ("ZZ", "AS0")
    (row,) = loaded(intake_of(renamed(claimed, instance="lab"), 1, START, nobody)).reports_table().to_pylist()
    assert (row["country"], row["operator"], row["instance"]) == ("MA", "Testcom", "lab")


@pytest.mark.parametrize(
    ("said", "signed", "wanted"),
    [
        ("2026-11-01T00:00:00Z", ["2026-11-01T00:00:04Z"], START),  # they agree: the probe's
        ("2027-11-01T00:00:00Z", ["2026-11-01T00:00:04Z"], START + 4),  # a year off: the reflector's
        (
            "2026-11-01T00:20:00Z",
            ["2026-11-01T00:30:00Z", "2026-11-01T00:01:00Z"],
            START + 60,
        ),  # the earliest
        ("nonsense", ["2026-11-01T00:00:04Z"], START + 4),
        ("nonsense", ["nonsense"], START + 3600),
        ("2026-11-01T00:59:00Z", [], START + 3540),
        ("2025-11-01T00:59:00Z", [], START + 3600),
    ],
)
def test_the_hour_of_a_vote_is_not_the_probes_to_choose(said: str, signed: list[str], wanted: int) -> None:
    assert observed_at_s(said, signed, START + 3600) == wanted


def test_a_tally_by_hand() -> None:
    seq = [0, 64, 65, 128, MEDIA_SEQ, MEDIA_SEQ + 1, MEDIA_SEQ + 2]
    counts = tally(seq, [10, 20, 30, 40, 50, 60, 70], ["setup", "handshake"], [MEDIA_SEQ + 1])
    assert counts == {
        "setup": [2, 50, 0, 3],  # round 2 has no name: set-up
        "handshake": [2, 50, 1, 2],
        "media": [2, 120, 4, 6],
        "reports": [1, 60, 5, 5],
    }


numbers = st.lists(st.integers(-5, 2000), max_size=30)


@given(numbers, numbers, st.lists(st.sampled_from(["setup", "handshake"]), max_size=3), numbers)
def test_a_tally_counts_every_packet_once_whatever_the_columns(
    seq: list[int], sizes: list[int], stages: list[str], aside: list[int]
) -> None:
    counts = tally(seq, sizes, stages, aside)
    kept = min(len(seq), len(sizes))
    assert sum(count for count, *_ in counts.values()) == kept
    assert sum(size for _, size, *_ in counts.values()) == sum(sizes[:kept])
    plain = Counter(
        ("reports" if number in aside else "media")
        if number >= MEDIA_SEQ
        else (stages[number // 64] if 0 <= number // 64 < len(stages) else "setup")
        for number in seq[:kept]
    )
    assert {part: count for part, (count, *_) in counts.items()} == dict(plain)


def test_numbers_beyond_their_columns_stop_at_the_border() -> None:
    whole = submission_of("port-drop", 1, START)
    flows = [msgspec.structs.replace(flow) for flow in whole.report.measurement.flows[:2]]
    flows[0].sent = msgspec.structs.replace(
        flows[0].sent, size_bytes=[1 << 40] * len(flows[0].sent.seq), t_us=[-5] * len(flows[0].sent.seq)
    )
    flows[1].remote_port, flows[1].block, flows[1].flow = -3, 1 << 33, 1 << 40
    measurement = msgspec.structs.replace(whole.report.measurement, flows=flows)
    odd = msgspec.structs.replace(
        whole, report=msgspec.structs.replace(whole.report, measurement=measurement)
    )
    rows = loaded(intake_of(odd, 1, START)).observations_table().to_pylist()
    assert max(row["near_bytes"] for row in rows) == (1 << 32) - 1
    assert min(row["remote_port"] for row in rows) == 0


def test_what_was_not_judged_says_why() -> None:
    whole = submission_of("port-drop", 1, START)
    for field, value, word in (("invalid", "a bug", "invalid"),):
        measurement = msgspec.structs.replace(whole.report.measurement, **{field: value})
        odd = msgspec.structs.replace(
            whole, report=msgspec.structs.replace(whole.report, measurement=measurement)
        )
        (row,) = loaded(intake_of(odd, 1, START)).reports_table().to_pylist()
        assert row["judged"] == word
    assert report_of("port-drop").measurement.invalid is None
