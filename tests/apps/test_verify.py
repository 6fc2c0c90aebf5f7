"""Verification: a profile whose token an end would not find is refused, shown with doubles."""

from dataclasses import replace

import pytest

from tests.apps.support import SMALL, load
from voipwatch.apps.codecs import rtp, stun
from voipwatch.apps.profile import Profile
from voipwatch.apps.schema import Findings, Problem
from voipwatch.apps.verify import verify_profile

PROFILE = load(SMALL)


def verified(profile: Profile) -> list[Problem]:
    findings = Findings("test", {})
    verify_profile(profile, findings)
    return findings.problems


def test_the_small_profile_passes() -> None:
    assert verified(PROFILE) == []


def test_an_uplink_token_elsewhere_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("voipwatch.apps.verify.uplink_place", lambda data: data[-16:])
    (request,) = [item for item in verified(PROFILE) if "rounds" in item.field]
    assert request.field == "legs[0].rounds[0].request"
    assert "the far end would not find the token in its 44 bytes" in request.message


def test_an_uplink_media_token_elsewhere_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("voipwatch.apps.verify.uplink_place", lambda data: data[8:20])
    fields = [item.field for item in verified(PROFILE)]
    assert fields == [f"legs[0].voice.streams[0].rhythms[0].sizes[{n}]" for n in range(3)]


def test_a_reply_that_is_not_recognised_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stun.StunCodec, "echoes", lambda *_: False)
    (problem,) = verified(PROFILE)
    assert problem.field == "legs[0].rounds[0].replies[0]"
    assert "would not recognise it" in problem.message


def test_downlink_media_that_is_not_read_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rtp.RtpCodec, "read", lambda *_: b"")
    problems = verified(PROFILE)
    assert len(problems) == 3
    assert all("the near end would not find the token" in item.message for item in problems)


def test_a_message_of_another_size_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = rtp.RtpCodec.build
    monkeypatch.setattr(rtp.RtpCodec, "build", lambda self, ctx: honest(self, ctx) + b"!")
    assert any("made 61 bytes instead of 60" in item.message for item in verified(PROFILE))


def test_downlink_media_needs_room_for_a_sequence_number() -> None:
    # Uplink 28 bytes are a header and a token; downlink they are too, and 27 are not.
    profile = load(SMALL.replace("sizes = [60, 70, 80]", "sizes = [28]"))
    leg = profile.legs[0]
    stream = leg.media[0].streams[0]
    small = replace(stream.rhythms[0], sizes=(27,))
    down_only = replace(stream, rhythms=(small,), directions=stream.directions[1:])
    media = replace(leg.media[0], streams=(down_only,))
    (problem,) = verified(replace(profile, legs=(replace(leg, media=(media,)),)))
    assert "27 bytes leave 8 for a token, 16 are needed" in problem.message
