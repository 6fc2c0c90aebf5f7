"""From a capture to a profile that the loader takes, with nothing of the capture's that names anybody."""

import pytest

from tests.apps.imported.support import (
    FAR,
    NEAR,
    SSRC_DOWN,
    SSRC_UP,
    TIE_BREAKER,
    USERNAME,
    call,
    captured,
    check,
    drafted,
    noise,
    packet,
)
from voipwatch.apps.imported import NoCallError, draft_profile
from voipwatch.apps.loader import load_profile_file
from voipwatch.wire.address import TransportAddress

PEER = TransportAddress("198.51.100.200", 50_123)


def test_a_call_becomes_a_profile() -> None:
    draft = drafted(call())
    assert load_profile_file("again", draft.text.encode()).digest == draft.profile.digest
    assert draft.profile.id == "private"
    (leg,) = draft.profile.legs
    assert (leg.port, len(leg.rounds), len(leg.media[0].streams)) == (3478, 1, 2)
    assert {item.source for item in draft.profile.provenance} >= {"own capture"}
    assert (draft.rounds, draft.streams, draft.left_out) == (1, 2, ())


def test_nothing_of_the_capture_that_names_anybody_is_in_it() -> None:
    draft = drafted(call())
    for secret in (
        NEAR.packed,
        FAR.packed,
        USERNAME,
        TIE_BREAKER,
        SSRC_UP.to_bytes(4, "big"),
        SSRC_DOWN.to_bytes(4, "big"),
        check(0)[0][8:20],
        b"kJ8x",
        b"Zq5T",
    ):
        assert secret.hex() not in draft.text
        assert secret not in draft.text.encode()
    for text in (NEAR.host, FAR.host):
        assert text not in draft.text
    assert {"address", "username", "identifier", "payload"} <= set(draft.scrubbed)


def test_the_leg_before_is_there_where_the_capture_has_it() -> None:
    direct = [
        packet(2_000_000 + 20_000 * n, True, each.data[28:], PEER) for n, each in enumerate(call()[4::2])
    ]
    asked, told = check(7)
    direct[:0] = [packet(1_900_000, True, asked, PEER), packet(1_910_000, False, told, PEER)]
    direct += [
        packet(2_000_100 + 20_000 * n, False, each.data[28:], PEER) for n, each in enumerate(call()[5::2])
    ]
    kept = captured([*call(media=3), *direct])
    draft = draft_profile(kept.candidates()[0], kept)
    assert [(leg.id, leg.port, leg.after) for leg in draft.profile.legs] == [
        ("captured", 50_123, "before"),
        ("before", 3478, ""),
    ]


def test_a_port_that_no_reflector_serves_is_replaced_and_said() -> None:
    kept = captured([packet(each.ts_us % 10**9, True, each.data[28:], PEER) for each in call()])
    draft = draft_profile(kept.candidates()[0], kept, served=frozenset({3478, 16384}))
    assert draft.profile.legs[0].port == 16384
    assert any("50123" in item for item in draft.left_out)
    kept = captured(call())
    assert draft_profile(kept.candidates()[0], kept, served=frozenset({3478})).profile.legs[0].port == 3478


def test_what_the_loader_refuses_is_left_out_and_said() -> None:
    small = [packet(20_000 * n + 9, True, bytes((9, 2)) + noise(f"{n}", 3)) for n in range(3)]
    draft = drafted([*call(), *small])
    assert draft.streams == 2
    nothing = captured([packet(20_000 * n, True, b"tiny") for n in range(6)])
    with pytest.raises(NoCallError):
        draft_profile(nothing.candidates()[0], nothing)


def test_a_flow_without_media_says_that_it_can_never_be_ok() -> None:
    draft = drafted(call(media=0))
    assert draft.streams == 0
    assert any("never say ok" in item for item in draft.left_out)


def test_sizes_that_were_raised_are_said() -> None:
    tiny = [
        packet(5_000_000 + 20_000 * n, True, b"\x80\x6e" + (n).to_bytes(2, "big") + noise("s", 8) + b"abcd")
        for n in range(9)
    ]
    assert any("made larger" in item for item in drafted([*call(), *tiny]).left_out)


def test_two_imports_of_one_capture_are_equal() -> None:
    assert drafted(call()).text == drafted(call()).text
