import zlib

import msgspec
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from tests.support.reports import START, intake_of, report_of, submission_of
from voipwatch.pipeline.slim import BodyError, decode_log, decode_submission, inflate
from voipwatch.wire.farlog import decode_farlog


def test_a_real_submission_reads_as_the_whole_model_does() -> None:
    whole = submission_of("port-drop", 1, START)
    slim = decode_submission(msgspec.json.encode(whole))
    assert slim.probe == whole.probe
    for ours, theirs in zip(slim.report.measurement.flows, whole.report.measurement.flows, strict=True):
        assert (ours.flow, ours.kind.app, ours.kind.arm) == (theirs.flow, theirs.kind.app, theirs.kind.arm)
        assert (ours.sent.seq, ours.sent.t_us, ours.sent.size_bytes) == (
            theirs.sent.seq,
            theirs.sent.t_us,
            theirs.sent.size_bytes,
        )
        assert ours.received.seq == theirs.received.seq
        assert (ours.aside_up, ours.aborted) == (theirs.aside_up, theirs.aborted)


def test_a_real_log_reads_as_the_whole_model_does() -> None:
    log = report_of("port-drop").measurement.reflectors[0].log
    assert log is not None
    slim, whole = decode_log(zlib.decompress(log.payload)), decode_farlog(log.payload)
    assert slim is not None
    assert [flow.flow for flow in slim.flows] == [flow.flow for flow in whole.flows]
    assert [flow.up.size_bytes for flow in slim.flows] == [flow.up.size_bytes for flow in whole.flows]
    assert slim.started_at == whole.started_at


@given(st.binary(max_size=300))
def test_any_bytes_are_a_submission_or_a_body_error(data: bytes) -> None:
    with pytest.raises(BodyError):
        decode_submission(data)
    decode_log(data)


@given(st.binary(max_size=300), st.booleans())
def test_any_body_is_inflated_or_a_body_error(data: bytes, squeezed: bool) -> None:
    record = intake_of(submission_of("port-drop", 1, START), 1, START)
    body = zstandard.ZstdCompressor().compress(data) if squeezed else data
    bad = msgspec.structs.replace(record, body=body)
    if squeezed and data:
        assert inflate(bad) == data
    else:
        try:
            inflate(bad)
        except BodyError:
            return
