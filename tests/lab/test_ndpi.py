"""The adapter of nDPI: against nfstream's own reading of captures, and on what the profiles make."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.judge import NEAR_PORT, flows_of, play
from tests.lab.payloads import control, stun
from tests.support.environment import require
from voipwatch.apps import compile_script, flow_id, kind_table, load_profiles
from voipwatch.lab import ndpi
from voipwatch.lab.ip import read_ip
from voipwatch.lab.ndpi import NdpiClassifier, NdpiMissingError, open_classifier
from voipwatch.lab.policy.packet import UDP, Packet
from voipwatch.lab.policy.state import FlowKey
from voipwatch.model.vocabulary import Arm, Direction, Media
from voipwatch.wire.capture import network_packet
from voipwatch.wire.derive import shape_seed
from voipwatch.wire.pcap import decode_pcap

PROFILES = load_profiles()
KEY = b"thirty-two bytes for this module"
NEAR, FAR = "192.0.2.2", "203.0.113.2"
Said = list[tuple[str, int]]


@pytest.fixture(autouse=True)
def _nfstream() -> None:
    require(sys.platform in {"linux", "darwin"}, "nfstream is not to be had on this system")
    require(ndpi.is_installed(), "nfstream is not installed: make setup brings it")


def names(
    box: NdpiClassifier,
    app: str,
    arm: Arm = Arm.A,
    leg: str | None = None,
    *,
    near_port: int = NEAR_PORT,
    start_s: float = 0.0,
) -> Said:
    """What a box says after each packet of an app's first voice flow, or of its set-up; repeats left out."""
    flow = next(
        f for f in flows_of(PROFILES)
        if f.kind.app == app and f.kind.arm is arm and leg in (None, f.kind.leg)
        and f.kind.media is (Media.VOICE if leg is None else f.kind.media)
    )  # fmt: skip
    script = compile_script(PROFILES, flow.kind, 0, shape_seed(KEY, app, 0))
    said: Said = []
    for at_us, way, seq, payload in sorted(
        play(script, KEY, flow_id(kind_table(PROFILES), flow.kind, 0)), key=lambda item: item[0]
    ):
        near, far = (NEAR, near_port), (FAR, script.port_at(seq, script.port or 29_347))
        ends = (*near, *far) if way is Direction.UP else (*far, *near)
        told = box((UDP, *near, *far), Packet(UDP, *ends, payload, len(payload) + 28), start_s + at_us / 1e6)
        if not said or said[-1] != told:
            said.append(told)
    return said


def one(box: NdpiClassifier, payload: bytes, *, near_port: int = 1, port: int = 3478, now: float = 0.0,
        version: int = 4) -> tuple[str, int]:  # fmt: skip
    near = (NEAR if version == 4 else "2001:db8:1::2", near_port)
    far = (FAR if version == 4 else "2001:db8:3::2", port)
    return box((UDP, *near, *far), Packet(UDP, *near, *far, payload, 0), now)


def test_it_is_ndpi_5() -> None:
    assert NdpiClassifier().version.startswith("5.0.")


@pytest.mark.parametrize(
    ("app", "said"),
    [
        ("whatsapp", [("STUN.WhatsAppCall", 6), ("SRTP.WhatsAppCall", 6)]),
        ("viber", [("STUN", 6), ("STUN.ViberVoip", 6)]),
        ("teams", [("STUN.TeamsCall", 6)]),
        ("imo", [("", 0), ("IMO", 6)]),
        ("discord", [("", 0), ("Discord", 6)]),
        ("webrtc", [("STUN", 6), ("DTLS", 6), ("DTLS.SRTP", 6)]),
    ],
)
def test_a_calls_name_comes_with_the_packet_that_settles_it(app: str, said: Said) -> None:
    assert names(NdpiClassifier(), app) == said


@pytest.mark.parametrize("app", ["whatsapp", "discord"])
@pytest.mark.parametrize("arm", [Arm.C, Arm.C_NEUTRAL])
def test_a_control_has_no_name_that_counts(app: str, arm: Arm) -> None:
    assert {confidence for _, confidence in names(NdpiClassifier(), app, arm)} <= {0, 1}


def test_with_caches_a_name_goes_with_the_far_address_and_port_without_them_it_does_not() -> None:
    for caches, said in ((False, [("STUN", 6)]), (True, [("STUN.TeamsCall", 5)])):
        box = NdpiClassifier(caches=caches)
        assert names(box, "teams")[-1] == ("STUN.TeamsCall", 6)
        assert names(box, "facetime", near_port=NEAR_PORT + 1, start_s=10.0) == said
        assert names(NdpiClassifier(caches=caches), "facetime") == [("STUN", 6)], "boxes share nothing"


def test_ipv6_is_named_too() -> None:
    assert one(NdpiClassifier(), stun(1), version=6) == ("STUN", 6)
    assert one(NdpiClassifier(), control(4, 80), version=6)[1] < 5


def test_a_flow_is_forgotten_after_silence_and_where_there_are_too_many(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    box = NdpiClassifier()
    assert one(box, stun(1)) == ("STUN", 6)
    assert one(box, control(4, 80), now=1.0) == ("STUN", 6), "a name stays"
    assert one(box, control(4, 80), now=200.0)[1] < 5, "a new flow"
    monkeypatch.setattr(ndpi, "FLOWS_MAX", 2)
    for near_port in (1, 2, 3, 4):
        one(box, stun(1), near_port=near_port, now=201.0)
    assert len(box._flows) == 2
    assert one(box, control(4, 80), near_port=1, now=202.0)[1] < 5, "the oldest went"
    assert one(box, control(4, 80), near_port=4, now=150.0) == ("STUN", 6)
    assert box._now_ms == 202_000, "nDPI's clock does not go back"


@pytest.mark.parametrize("payload", [b"", b"\x00", b"\xff" * 1472, stun(1)[:19]])
def test_whatever_the_bytes_it_answers(payload: bytes) -> None:
    name, confidence = one(NdpiClassifier(), payload)
    assert isinstance(name, str)
    assert 0 <= confidence <= 6


def test_without_nfstream_it_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ndpi, "find_spec", lambda _: None)
    assert not ndpi.is_installed()
    with pytest.raises(NdpiMissingError, match="extra `lab`"):
        open_classifier(False)


def captured(path: Path) -> Iterator[tuple[float, Packet]]:
    for packet in decode_pcap(path.read_bytes()):
        datagram = read_ip(network_packet(packet))
        if datagram is not None and datagram.packet.proto == UDP:
            yield packet.ts_us / 1e6, datagram.packet


@pytest.mark.parametrize("name", ["wa_voice.pcap", "signal.pcap", "teams.pcap", "stun_40003.pcap"])
def test_a_capture_packet_by_packet_ends_with_the_names_that_nfstream_gives_to_the_whole(
    shared_dir: Path, name: str
) -> None:
    path = shared_dir / "captures" / name
    box = NdpiClassifier(caches=True)
    keys: dict[frozenset[tuple[str, int]], FlowKey] = {}
    said: dict[frozenset[tuple[str, int]], tuple[str, int]] = {}
    began_s: float | None = None
    for at_s, packet in captured(path):
        began_s = at_s if began_s is None else began_s
        ends = frozenset({(packet.src, packet.sport), (packet.dst, packet.dport)})
        key = keys.setdefault(ends, (UDP, packet.src, packet.sport, packet.dst, packet.dport))
        said[ends] = box(key, packet, at_s - began_s)
    from nfstream import NFStreamer  # noqa: PLC0415 -- slow, and an extra

    stream = NFStreamer(source=str(path), idle_timeout=3600, active_timeout=7200, n_meters=1)
    whole = {
        frozenset({(seen.src_ip, seen.src_port), (seen.dst_ip, seen.dst_port)}): seen.application_name
        for seen in stream
        if seen.protocol == 17 and seen.application_confidence >= 5
    }
    live = {ends: flow for ends, (flow, confidence) in said.items() if confidence >= 5}
    assert len(whole) >= 1
    assert live == whole
