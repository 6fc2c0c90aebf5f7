"""Accepted reports -> rows, some at once and column by column: what `pipeline.rows` does packet by packet.

Which report is odd enough for the slower way is decided by the readers of lists (`pipeline.flat`); both ways
give the same rows.
"""

from collections.abc import Sequence
from itertools import chain
from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa

from voipwatch.model.submission import Intake
from voipwatch.model.vocabulary import Direction
from voipwatch.pipeline.flat import Ints, JsonLists, MsgpackLists, OddListError
from voipwatch.pipeline.rows import (
    U8_MAX,
    U16_MAX,
    U32_MAX,
    U63_MAX,
    add_report,
    report_row,
    tcp_parts,
    tcp_row,
)
from voipwatch.pipeline.shapes import WORDS_MAX, Key, Parts, Shapes, Words
from voipwatch.pipeline.slim import (
    BodyError,
    RawFarColumns,
    RawFarLog,
    RawFlow,
    RawSubmission,
    decode_raw_log,
    decode_raw_submission,
    inflate,
    inflate_log,
)
from voipwatch.store.rows import Block, Flags, FlowColumns, PartColumns, ReportRow, SegmentRows

BATCH: Final = 4
"""Reports at once: their numbers stay in a core's cache (2 MB), and a numpy call has some thousand to do."""
SIZE_MAX: Final = 1 << 40
"""Bytes of one packet; eight million of them can be added up in 63 bits."""
_DIRECTIONS: Final = [Direction.UP.value, Direction.DOWN.value]
_NOTHING: Final = RawFarColumns()


class _Opened(NamedTuple):
    """A report whose lists are not read yet."""

    intake: Intake
    submission: RawSubmission
    row: ReportRow
    logs: list[RawFarLog | None]


class Columnar:
    """Adds reports to rows. Keeps what it learnt of the lists in them, from call to call."""

    def __init__(self) -> None:
        self.odd = 0
        """Reports that went the slower way."""
        self._begin()

    def _begin(self) -> None:
        self._words = Words()
        self._near = Shapes(self._words, _read_near)
        self._far = Shapes(self._words, _read_far)

    def add(self, rows: SegmentRows, intakes: Sequence[Intake]) -> list[str | None]:
        """Add reports with their flows and parts; for each why it was not added, None where it was."""
        reasons: list[str | None] = []
        for start in range(0, len(intakes), BATCH):
            reasons += self._add_batch(rows, intakes[start : start + BATCH])
        return reasons

    def _add_batch(self, rows: SegmentRows, intakes: Sequence[Intake]) -> list[str | None]:
        try:
            self._add_opened(rows, [_open(intake) for intake in intakes])
        except Exception:  # noqa: BLE001 -- what is wrong with one of them is found out one by one
            return [self._add_one(rows, intake) for intake in intakes]
        return [None] * len(intakes)

    def _add_one(self, rows: SegmentRows, intake: Intake) -> str | None:
        try:
            self._add_opened(rows, [_open(intake)])
        except OddListError:
            self.odd += 1
            if self._words.full:  # of one report's inventions: the others' words are to have room
                self._begin()
            return _add_plainly(rows, intake)
        except BodyError as error:
            return str(error)
        except Exception:  # noqa: BLE001 -- a number that fits no array: the other way has none
            self.odd += 1
            return _add_plainly(rows, intake)
        return None

    def _add_opened(self, rows: SegmentRows, reports: Sequence[_Opened]) -> None:
        """Nothing is added where it raises."""
        flows = [report.submission.report.measurement.flows for report in reports]
        every = list(chain.from_iterable(flows))
        columns = _flow_columns(every)
        flow_of, parts = self._parts_of(reports, every)
        trials = [
            [(tcp_row(trial), tcp_parts(trial)) for trial in report.submission.report.measurement.tcp]
            for report in reports
        ]
        numbers = []
        for report, tcp in zip(reports, trials, strict=True):
            numbers.append(rows.report(report.row))
            for row, its_parts in tcp:
                rows.flow(row)
                rows.parts(its_parts)
        report_of = np.repeat(np.array(numbers, np.int64), [len(each) for each in flows])
        rows.block(Block(report_of, columns, flow_of, parts))

    def _parts_of(self, reports: Sequence[_Opened], flows: Sequence[RawFlow]) -> tuple[Ints, PartColumns]:
        """Which flow each part is of, and the parts; two lists a flow, up and down."""
        sides = [side for flow in flows for side in (flow.sent, flow.received)]
        keys: list[Key] = []
        for flow in flows:
            stages = tuple(flow.round_stages)
            keys.append((bytes(flow.sent.seq), stages, bytes(flow.aside_up)))
            keys.append((bytes(flow.received.seq), stages, bytes(flow.aside_down)))
        shapes = self._near.of(keys)
        sizes = JsonLists([side.size_bytes for side in sides])
        times = JsonLists([side.t_us for side in sides])
        packets = self._near.packets(shapes)
        if not (np.array_equal(sizes.counts, packets) and np.array_equal(times.counts, packets)):
            raise OddListError("columns of different lengths")
        size_bytes = sizes.values()
        if size_bytes.max(initial=0) > SIZE_MAX:
            raise OddListError("sizes whose sum may not fit")
        near = self._near.parts(shapes, size_bytes)
        far, logged = self._far_parts(reports, keys)
        return _merged(near, far, logged, times, [*map(self._first_stage, flows)], self._words.names)

    def _first_stage(self, flow: RawFlow) -> int:
        """Part of the row that says that nothing left or came."""
        return self._words.number(flow.round_stages[0]) if flow.round_stages else 0

    def _far_parts(self, reports: Sequence[_Opened], keys: Sequence[Key]) -> tuple[Parts, Flags]:
        """What the far end saw of the lists, and of which there is a log. All of the logs is read."""
        sides: list[RawFarColumns] = []
        logged: list[bool] = []
        for report in reports:
            logs = [{flow.flow: flow for flow in log.flows} if log else None for log in report.logs]
            seen: set[int] = set()
            for flow in report.submission.report.measurement.flows:
                log = logs[flow.reflector] if 0 <= flow.reflector < len(logs) else None
                logged.append(log is not None)
                there = log.get(flow.flow) if log is not None else None
                if there is None:
                    sides += (_NOTHING, _NOTHING)
                else:
                    seen.add(id(there))
                    sides += (there.up, there.down)
            if len(seen) != sum(len(log.flows) for log in report.logs if log):
                # Flows that the report has not, or the log has twice: they too have to be sound.
                raise OddListError("a log of other flows")
        shapes = self._far.of(
            [(bytes(side.seq), key[1], key[2]) for side, key in zip(sides, keys, strict=True)]
        )
        sizes = MsgpackLists([side.size_bytes for side in sides])
        if not np.array_equal(sizes.counts, self._far.packets(shapes)):
            raise OddListError("columns of different lengths")
        return self._far.parts(shapes, sizes.values), np.repeat(np.array(logged, np.bool_), 2)


def _flow_columns(flows: Sequence[RawFlow]) -> FlowColumns:
    """As `rows.flow_row`. Raises OverflowError for numbers beyond 64 bits."""
    kinds = [flow.kind for flow in flows]

    def within(values: list[int], most: int) -> Ints:
        return np.clip(np.array(values, np.int64), 0, most)

    return FlowColumns(
        [kind.app for kind in kinds],
        [kind.dialect for kind in kinds],
        [kind.leg for kind in kinds],
        [kind.arm for kind in kinds],
        within([flow.flow for flow in flows], U32_MAX),
        [flow.question for flow in flows],
        within([flow.block for flow in flows], U16_MAX),
        [kind.mutant for kind in kinds],
        [kind.media for kind in kinds],
        [flow.family for flow in flows],
        within([flow.reflector for flow in flows], U8_MAX),
        within([flow.remote_port for flow in flows], U16_MAX),
        within([flow.started_us for flow in flows], U63_MAX),
        [flow.aborted for flow in flows],
        [flow.failures[0].failure if flow.failures else "" for flow in flows],
    )


def _open(intake: Intake) -> _Opened:
    submission = decode_raw_submission(inflate(intake))
    logs = [
        decode_raw_log(inflate_log(reflector.log.payload)) if reflector.log is not None else None
        for reflector in submission.report.measurement.reflectors
    ]
    return _Opened(intake, submission, report_row(intake, submission, logs), logs)


def _add_plainly(rows: SegmentRows, intake: Intake) -> str | None:
    try:
        add_report(rows, intake)
    except BodyError as error:
        return str(error)
    except Exception as error:  # noqa: BLE001 -- one record must not keep all others out for ever
        return f"our fault: {error!r}"
    return None


def _read_near(lists: Sequence[bytes]) -> tuple[Ints, Ints]:
    found = JsonLists(lists)
    return found.values(), found.counts


def _read_far(lists: Sequence[bytes]) -> tuple[Ints, Ints]:
    """Sequence numbers are coded as differences."""
    found = MsgpackLists(lists)
    sums = np.cumsum(found.values)
    begins = np.cumsum(found.counts) - found.counts
    before = np.append(0, sums)[begins]
    return sums - np.repeat(before, found.counts), found.counts


def _merged(
    near: Parts,
    far: Parts,
    logged: Flags,
    times: JsonLists,
    first_stage: Sequence[int],
    words: Sequence[str],
) -> tuple[Ints, PartColumns]:
    """Both ends' parts side by side: what the near end saw, then what only the far end did, list by list."""
    near_key, far_key = near.of * WORDS_MAX + near.word, far.of * WORDS_MAX + far.word
    count = np.zeros(len(logged) * WORDS_MAX, np.int64)
    size = np.zeros_like(count)
    count[far_key], size[far_key] = far.packets, far.size
    here = np.zeros(len(count), np.bool_)
    here[near_key] = True
    beyond = ~here[far_key]
    empty = np.ones(len(logged), np.bool_)
    empty[near.of] = empty[far.of] = False
    (unseen,) = np.nonzero(empty[0::2] & empty[1::2])  # it was started, and nothing of it left or came
    key = np.concatenate([
        near_key, far_key[beyond], unseen * 2 * WORDS_MAX + np.asarray(first_stage, np.int64)[unseen]
    ])  # fmt: skip
    rest = len(key) - len(near_key)
    order = np.argsort(key // WORDS_MAX, kind="stable")
    key = key[order]
    of, word = key // WORDS_MAX, key % WORDS_MAX
    nothing = np.zeros(rest, np.int64)

    def arranged(values: Ints) -> Ints:
        return np.append(values, nothing)[order]

    return of // 2, PartColumns(
        pa.DictionaryArray.from_arrays((of % 2).astype(np.int32), _DIRECTIONS),
        pa.DictionaryArray.from_arrays(word.astype(np.int32), words),
        arranged(near.packets),
        arranged(np.minimum(near.size, U32_MAX)),
        count[key],
        np.clip(size[key], 0, U32_MAX),
        arranged(times.values(near.first)),
        arranged(times.values(near.last)),
        ~logged[of],
        np.concatenate([np.zeros(len(near_key), np.bool_), np.ones(rest, np.bool_)])[order],
    )
