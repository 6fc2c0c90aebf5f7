"""Column by column is packet by packet: the same rows from real reports and from odd ones."""

import zlib
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import msgspec
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.reports import START, intake_of, submission_of
from voipwatch.model.submission import Intake
from voipwatch.pipeline.columnar import Columnar
from voipwatch.pipeline.rows import add_report
from voipwatch.pipeline.slim import BodyError
from voipwatch.store.rows import SegmentRows

Change = Callable[[dict[str, Any]], object]


def everything(rows: SegmentRows) -> list[list[str]]:
    tables = rows.tables()
    return [sorted(map(repr, table.to_pylist())) for table in (tables.reports, tables.observations)]


def both_ways(intakes: Sequence[Intake]) -> tuple[list[bool], int]:
    """Asserts that the rows are the same; which reports were taken, and how many went the slower way."""
    plain, fast, columnar = SegmentRows(), SegmentRows(), Columnar()
    taken = []
    for intake in intakes:
        try:
            add_report(plain, intake)
        except BodyError:
            taken.append(False)
        else:
            taken.append(True)
    reasons = columnar.add(fast, intakes)
    assert [reason is None for reason in reasons] == taken
    assert everything(fast) == everything(plain)
    assert fast.tables().observations.schema == plain.tables().observations.schema
    return taken, columnar.odd


@cache
def body_of(world: str) -> bytes:
    return msgspec.json.encode(submission_of(world, 1, START))


def changed(world: str, number: int, change: Change) -> Intake:
    """A record whose JSON was changed by somebody."""
    whole = msgspec.json.decode(body_of(world))
    change(whole["report"]["measurement"])
    body = zstandard.ZstdCompressor(level=1).compress(msgspec.json.encode(whole))
    return msgspec.structs.replace(intake_of(submission_of(world, 1, START), number, START), body=body)


def relogged(measurement: dict[str, Any], change: Change) -> None:
    """The same of the reflector's log."""
    log = measurement["reflectors"][0]["log"]
    plain = msgspec.msgpack.decode(
        zlib.decompress(msgspec.json.decode(msgspec.json.encode(log["payload"]), type=bytes))
    )
    change(plain)
    log["payload"] = zlib.compress(msgspec.msgpack.encode(plain))


@pytest.mark.parametrize("world", ["clean", "port-drop", "throttled"])
def test_real_reports_give_the_same_rows_and_none_is_odd(world: str) -> None:
    intakes = [intake_of(submission_of(world, number, START), number, START) for number in range(6)]
    assert both_ways(intakes) == ([True] * 6, 0)


def flow(number: int, **fields: object) -> Change:
    return lambda measurement: measurement["flows"][number].update(fields)


def columns(number: int, **fields: object) -> Change:
    return lambda measurement: measurement["flows"][number]["sent"].update(fields)


def far(number: int, **fields: object) -> Change:
    return lambda measurement: relogged(measurement, lambda log: log["flows"][number]["up"].update(fields))


ALIKE: dict[str, Change] = {
    "numbers at the borders of their columns": flow(0, block=1 << 33, remote_port=-3, started_us=1 << 62),
    "no log": lambda m: m["reflectors"][0].update(log=None),
    "a log that is none": lambda m: m["reflectors"][0].update(log={"payload": b"none", "signature": b""}),
    "a log that is no MessagePack": lambda m: m["reflectors"][0].update(
        log={"payload": zlib.compress(b"\xc1"), "signature": b""}
    ),
    "no TCP": lambda m: m.update(tcp=[]),
    "no reflectors": lambda m: m.update(reflectors=[]),
    "nothing sent": columns(0, seq=[], t_us=[], size_bytes=[]),
    "nothing sent or received, no stages": flow(0, sent={}, received={}, round_stages=[]),
    "nothing sent or received": flow(0, sent={}, received={}),
    "a stage of a later version": flow(0, round_stages=["greeting", "setup"]),
    "an app of another name": flow(0, kind={"app": "x" * 300, "dialect": "é", "leg": "", "arm": "Z"}),
    "huge sizes": columns(0, seq=[0], t_us=[1], size_bytes=[9_999_999_999]),
    "times that run backwards": columns(0, seq=[0, 64, 1024], t_us=[9, 5, 10**15], size_bytes=[1, 2, 3]),
    "out of order": columns(0, seq=[1024, 0, 1025, 64], t_us=[1, 2, 3, 4], size_bytes=[1, 2, 3, 4]),
    "a failure": flow(0, failures=[{"failure": "port_unreachable", "t_us": 5}, {"failure": "x", "t_us": 6}]),
    "sizes below 0 in the log": far(0, seq=[0, 64, 1000], size_bytes=[-5, 1 << 31, -7]),
    "numbers below 0 in the log": far(0, seq=[-5, 64, 2000], size_bytes=[1, 2, 3]),
    "an empty list in the log": far(0, seq=[], size_bytes=[]),
    "a log without a flow": lambda m: relogged(m, lambda log: log["flows"].pop(0)),
}  # fmt: skip
"""What is different, and read by columns all the same."""

ODD: dict[str, Change] = {
    "no flows": lambda m: m.update(flows=[]),
    "a reflector that is not there": flow(0, reflector=7),
    "a reflector below 0": flow(0, reflector=-1),
    "numbers beyond their columns": flow(0, flow=1 << 40, block=1 << 33, remote_port=-3, started_us=1 << 62),
    "a column is shorter": columns(0, seq=[0, 1, 2], t_us=[1, 2, 3], size_bytes=[1, 2]),
    "a column of times is shorter": columns(0, seq=[0, 1, 2], t_us=[1], size_bytes=[1, 2, 3]),
    "a column is missing": lambda m: m["flows"][0]["sent"].pop("t_us"),
    "numbers below 0": columns(0, seq=[-1, 0], t_us=[-5, 6], size_bytes=[-7, -8]),
    "numbers of twenty digits": columns(0, seq=[0], t_us=[10**19], size_bytes=[10**18]),
    "sizes whose sum would not fit": columns(0, seq=[0] * 2000, t_us=[0] * 2000, size_bytes=[10**15] * 2000),
    "a flow of a hundred bits": flow(0, flow=1 << 100),
    "a stage named media": flow(0, round_stages=["media"]),
    "more stages than there are": flow(0, round_stages=[f"stage {n}" for n in range(30)]),
    "reports far behind the media": flow(0, aside_up=[1 << 30]),
    "the log has a flow more": lambda m: relogged(m, lambda log: log["flows"][0].update(flow=9999)),
    "the log has a flow twice": lambda m: relogged(m, lambda log: log["flows"].append(log["flows"][0])),
    "the log's columns differ": far(0, seq=[0, 1, 1], size_bytes=[1]),
    "huge numbers in the log": far(0, seq=[1 << 40], size_bytes=[1 << 60]),
    "the log has words for numbers": far(0, seq=["a"], size_bytes=[1]),
}
"""What goes packet by packet, and is taken."""

REFUSED: dict[str, Change] = {
    "fractions that are whole": columns(0, seq=[1.0], t_us=[1.0], size_bytes=[2.0]),
    "words for numbers": columns(0, seq=["a"], t_us=[1], size_bytes=[1]),
    "a number for a list": columns(0, seq=5),
    "a list in a list": columns(0, seq=[[1]], t_us=[1], size_bytes=[1]),
    "nothing for a list": columns(0, seq=None),
    "a fraction": columns(0, t_us=[0.5]),
    "no kind": lambda m: m["flows"][0].pop("kind"),
    "a word for a port": flow(0, remote_port="x"),
    "reports planned at a word": flow(0, aside_up=["a"]),
}


@pytest.mark.parametrize("what", ALIKE)
def test_a_different_report_gives_the_same_rows(what: str) -> None:
    assert both_ways([changed("port-drop", 1, ALIKE[what])]) == ([True], 0)


@pytest.mark.parametrize("what", ODD)
def test_an_odd_report_gives_the_same_rows_by_the_slower_way(what: str) -> None:
    assert both_ways([changed("port-drop", 1, ODD[what])]) == ([True], 1)


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_no_submission_is_refused_both_ways(what: str) -> None:
    taken, _ = both_ways([changed("port-drop", 1, REFUSED[what])])
    assert taken == [False]


def test_an_odd_one_and_a_broken_one_among_others_cost_the_others_nothing() -> None:
    sound = [changed("port-drop", number, lambda _: None) for number in range(5)]
    odd = changed("port-drop", 5, ODD["a column is shorter"])
    broken = changed("port-drop", 6, REFUSED["a fraction"])
    garbage = msgspec.structs.replace(sound[0], report_id="f" * 32, body=b"no zstd")
    taken, slower = both_ways([*sound[:2], odd, broken, *sound[2:4], garbage, sound[4]])
    assert taken == [True, True, True, False, True, True, False, True]
    assert slower == 2  # what is no submission is told by the way that knows types


def test_words_of_one_report_do_not_take_the_room_of_others() -> None:
    odd = changed("port-drop", 1, ODD["more stages than there are"])
    sound = [changed("port-drop", number, lambda _: None) for number in range(2, 7)]
    assert both_ways([odd, *sound]) == ([True] * 6, 1)


def test_blanks_between_numbers_are_read_by_the_slower_way() -> None:
    intake = changed("port-drop", 1, lambda _: None)
    body = msgspec.json.format(body_of("port-drop"), indent=1)
    spaced = msgspec.structs.replace(intake, body=zstandard.ZstdCompressor().compress(body))
    assert both_ways([spaced]) == ([True], 1)


odd_numbers = st.lists(
    st.one_of(st.integers(0, 200), st.integers(1000, 1100), st.integers(-3, 1 << 70), st.just(1.0)),
    max_size=8,
)
far_numbers = st.lists(st.one_of(st.integers(-40, 2000), st.integers(-(1 << 63), (1 << 64) - 1)), max_size=8)


@settings(max_examples=30)  # each makes a report's JSON and log anew
@given(
    st.dictionaries(st.sampled_from(["seq", "t_us", "size_bytes"]), odd_numbers),
    st.dictionaries(st.sampled_from(["seq", "size_bytes"]), far_numbers),
    st.lists(st.sampled_from(["setup", "handshake", "media", "x"]), max_size=4),
    odd_numbers,
)  # fmt: skip
def test_whatever_a_probe_writes_gives_the_same_rows(
    near: dict[str, list[int]], there: dict[str, list[int]], stages: list[str], aside: list[int]
) -> None:
    def change(measurement: dict[str, Any]) -> None:
        measurement["flows"] = measurement["flows"][:4]
        measurement["flows"][1]["received"] = near
        measurement["flows"][1].update(round_stages=stages, aside_down=aside)
        wanted = {each["flow"] for each in measurement["flows"]}

        def fewer(log: dict[str, Any]) -> None:
            log["flows"] = [each for each in log["flows"] if each["flow"] in wanted]
            log["flows"][0]["down"].update(there)

        relogged(measurement, fewer)

    both_ways([changed("port-drop", 1, change)])
