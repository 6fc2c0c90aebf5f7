"""How packets and flows are numbered: the numbers of both ends and of the wire agree."""

import msgspec
import pytest

from tests.experiment.support import small_profiles
from voipwatch.apps import kind_table, load_profiles
from voipwatch.apps.kinds import KINDS_MAX
from voipwatch.experiment import near_flow
from voipwatch.model.flows import (
    HELD_REPLICATES,
    LONG_REPLICATES,
    MEDIA_SEQ,
    REPLICATES,
    REPLIES_MAX,
    ROUNDS_MAX,
    TRIES_MAX,
    Columns,
    FlowKind,
    FlowRecord,
    Receipt,
)
from voipwatch.model.vocabulary import Arm, Family, Media, Stage
from voipwatch.reflector.core import likely
from voipwatch.wire.token import CONTROL_FLOW, NO_FLOW, TCP_FLOW


def test_set_up_numbers_end_where_media_numbers_begin() -> None:
    assert (MEDIA_SEQ, TRIES_MAX, REPLIES_MAX) == (1024, 16, 4), "logs in old reports are read by these"
    assert TRIES_MAX * REPLIES_MAX * ROUNDS_MAX == MEDIA_SEQ
    assert near_flow.ROUND_SPAN == TRIES_MAX * REPLIES_MAX == likely.ROUND_SEQS
    assert likely.ROUND_SEQS % REPLIES_MAX == 0


def test_every_profile_fits_the_numbering() -> None:
    for profile in load_profiles().profiles:
        for leg in profile.legs:
            assert len(leg.rounds) <= ROUNDS_MAX
            for step in leg.rounds:
                assert step.copies + len(step.retry_ms) <= TRIES_MAX
                assert len(step.replies) <= REPLIES_MAX


def test_flow_ids_and_the_tokens_special_ones_do_not_meet() -> None:
    highest = (KINDS_MAX - 1) * REPLICATES + REPLICATES - 1
    assert highest == 0xFFFF
    used = len(kind_table(load_profiles())) * REPLICATES
    assert used < min(TCP_FLOW, CONTROL_FLOW, NO_FLOW)


def test_held_and_long_replicates_are_the_last_and_of_both_control_families() -> None:
    assert (*HELD_REPLICATES, *LONG_REPLICATES) == tuple(range(REPLICATES - 4, REPLICATES))
    assert {n % 2 for n in HELD_REPLICATES} == {n % 2 for n in LONG_REPLICATES} == {0, 1}


@pytest.mark.parametrize("kind", kind_table(small_profiles())[:6])
def test_a_record_survives_json_both_ways(kind: FlowKind) -> None:
    record = FlowRecord(
        flow=7,
        reflector=0,
        kind=kind,
        replicate=3,
        family=Family.Q,
        question="setup",
        block=3,
        remote_port=3478,
        round_stages=[Stage.SETUP, Stage.HANDSHAKE],
        started_us=5,
        sent=Columns([0, 4], [1, 2], [100, 100], [9, 10]),
        receipts=[Receipt(1024, 1, 2**32 - 1, 2**64 - 1)],
    )
    assert msgspec.json.decode(msgspec.json.encode(record), type=FlowRecord) == record


def test_two_records_share_no_list() -> None:
    one, two = Columns(), Columns()
    one.seq.append(1)
    assert two.seq == []


def test_kinds_are_values() -> None:
    one = FlowKind("sip", "rfc3261", "media", Arm.A, media=Media.VOICE)
    assert one == FlowKind("sip", "rfc3261", "media", Arm.A, media=Media.VOICE)
    assert len({one, FlowKind("sip", "rfc3261", "media", Arm.C, media=Media.VOICE)}) == 2
    with pytest.raises(AttributeError):
        one.app = "imo"  # type: ignore[misc]  # the test is that it cannot be done
