"""Receipts in band: a downlink tells of its own flow, then of those whose news matters."""

from collections import Counter

import pytest

from tests.reflector.core.support import (
    BIG,
    CALL,
    WARM,
    media_seq,
    new_near,
    receipts,
    run_until,
)
from voipwatch.model.flows import REPLICATES
from voipwatch.reflector.core.receipts import TELL_TIMES


def test_a_downlink_tells_its_own_flow_first_and_then_the_twin() -> None:
    near = new_near()
    near.send(WARM, media_seq(0), 1.0)
    near.send(CALL, media_seq(0), 1.0005, replicate=1)  # older news, but of another replicate
    near.send(CALL, media_seq(0), 1.001)
    near.send(CALL, media_seq(2), 1.002)
    near.send(CALL, media_seq(1), 1.003)
    [reply] = near.send(BIG, 0, 1.004, size=40)[-1:]
    token = near.open(BIG, reply)
    told = receipts(token)
    assert [r.flow for r in told] == [BIG * REPLICATES, CALL * REPLICATES]  # BIG is CALL's control arm
    own, twin = told
    assert (own.highest_seq, own.count, own.bitmap) == (0, 1, 0)
    assert (twin.highest_seq, twin.count, twin.bitmap) == (media_seq(2), 3, 0b11)
    assert twin.far_us == pytest.approx(2_000, abs=1)


def test_news_of_a_flow_with_a_dead_downlink_reaches_the_near_end_by_others() -> None:
    near = new_near()
    near.send(CALL, media_seq(7), 1.0)
    left = near.send(WARM, media_seq(0), 1.0) + [each for _, each in run_until(near.core, 1.0, 1.5)]
    told = Counter(receipt.flow for each in left for receipt in receipts(near.open(WARM, each)))
    assert told == {WARM * REPLICATES: len(left), CALL * REPLICATES: TELL_TIMES}
