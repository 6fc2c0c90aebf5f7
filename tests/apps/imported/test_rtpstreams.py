"""RTP is believed by numbers that count on, not by its first byte."""

from tests.apps.imported.support import SSRC_UP, noise, rtp, samples
from voipwatch.apps.imported.rtpstreams import is_rtcp, looks_like_rtp, rtp_streams

SENDER_REPORT = bytes.fromhex("80c80006") + bytes(24)


def test_a_source_that_counts_is_a_stream_even_if_captured_twice() -> None:
    sent = [(True, rtp(SSRC_UP, n)) for n in range(6)]
    (stream,) = rtp_streams(samples([packet for packet in sent for _ in (0, 1)]))
    assert (stream.up, stream.payload_type, stream.count) == (True, 111, 6)
    assert stream.ssrc == SSRC_UP.to_bytes(4, "big")


def test_missing_packets_do_not_end_a_stream() -> None:
    assert rtp_streams(samples([(True, rtp(SSRC_UP, n)) for n in (0, 1, 2, 40, 41, 90)]))


def test_ciphertext_that_starts_like_rtp_is_none() -> None:
    random = [(True, bytes((0x80 | n % 64, n)) + noise(f"{n}", 60)) for n in range(100)]
    assert rtp_streams(samples(random)) == []
    one_source = [(True, b"\x80\x6f" + noise(f"{n}", 6) + b"same" + bytes(40)) for n in range(20)]
    assert rtp_streams(samples(one_source)) == []


def test_two_packets_are_too_few() -> None:
    assert rtp_streams(samples([(True, rtp(SSRC_UP, n)) for n in range(2)])) == []


def test_rtcp_has_a_type_and_a_length_that_fits() -> None:
    assert is_rtcp(SENDER_REPORT)
    assert is_rtcp(SENDER_REPORT + bytes(14))
    assert not is_rtcp(SENDER_REPORT[:20])
    assert not is_rtcp(rtp(SSRC_UP, 0))
    assert looks_like_rtp(rtp(SSRC_UP, 0))
    assert not looks_like_rtp(SENDER_REPORT)
    assert not looks_like_rtp(rtp(SSRC_UP, 0)[:11])
