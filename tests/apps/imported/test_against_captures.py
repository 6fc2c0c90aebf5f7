"""Imports of the published captures: what nDPI says of them, and what they must not hold."""

import re
import sys
import tomllib
from functools import cache
from pathlib import Path

import pytest

from scripts import import_table
from tests.support.environment import SHARED, require
from voipwatch.apps import load_profiles, udp_ports
from voipwatch.apps.imported import Candidate, Capture, Draft, draft_profile
from voipwatch.apps.imported.rtpstreams import rtp_streams
from voipwatch.apps.loader import load_profile_file
from voipwatch.wire.errors import WireError
from voipwatch.wire.stun import MAGIC_COOKIE, decode_stun

CALLS = (
    "KakaoTalk_talk", "discord", "imo_57604", "sip", "sipp_g711a", "skinny", "skype-conference-call",
    "stun_3478", "stun_40003", "stun_classic", "stun_google_meet", "stun_signal", "teams", "telegram",
    "viber_7985", "wa_video", "wa_voice", "wehe_skype_2024", "wehe_webex_2020_c2s",
    "whatsapp_login_call", "zoom", "zoom2",
)  # fmt: skip
NO_CALLS = (
    "443-firefox", "bittorrent", "dns", "dns_doh", "google_meet", "ipsec_isakmp_esp", "openvpn",
    "quic-29", "quic", "raknet", "signal", "source_engine", "starcraft_battle", "teamspeak3", "tftp",
    "whatsapp_login_chat", "wireguard",
)  # fmt: skip
"""teamspeak3 holds the login and keep-alives of a voice server; google_meet the web page's QUIC."""


@cache
def imported(name: str) -> tuple[Capture, Candidate, Draft]:
    kept = import_table.capture_of(SHARED / "captures" / f"{name}.pcap")
    chosen = kept.candidates()[0]
    return kept, chosen, draft_profile(chosen, kept, served=frozenset(udp_ports(load_profiles())))


@pytest.mark.usefixtures("shared_dir")
@pytest.mark.parametrize("name", CALLS)
def test_every_call_becomes_a_profile_that_the_loader_takes(name: str) -> None:
    _, chosen, draft = imported(name)
    assert chosen.is_call
    assert load_profile_file("again", draft.text.encode()).digest == draft.profile.digest
    assert len(draft.text) < 64 * 1024
    assert draft.rounds + draft.streams > 0


@pytest.mark.parametrize("name", NO_CALLS)
def test_no_call_is_seen_where_there_is_none(shared_dir: Path, name: str) -> None:
    kept = import_table.capture_of(shared_dir / "captures" / f"{name}.pcap")
    assert [c.flow.far[1] for c in kept.candidates() if c.is_call] == []


@pytest.mark.slow
@pytest.mark.parametrize("name", CALLS)
def test_ndpi_names_the_import_as_its_capture(shared_dir: Path, name: str) -> None:
    require(sys.platform in {"linux", "darwin"}, "nfstream is not to be had on this system")
    pytest.importorskip("nfstream")
    compared = import_table.compare(shared_dir / "captures" / f"{name}.pcap")
    assert compared.agrees, (compared.of_capture, compared.of_import)
    if (
        name != "telegram"
    ):  # two phones without any signature: nDPI does not know them, and must not know the import
        assert compared.of_capture


# --- what must not be in a profile --------------------------------------------------------------------------


def identifiers(kept: Capture, chosen: Candidate) -> dict[str, set[bytes]]:
    """Everything of four bytes or more that names somebody or something, by kind, found in its own way."""
    found: dict[str, set[bytes]] = {kind: set() for kind in ("address", "stun", "user", "ssrc", "sip")}
    for flow in kept.flows.values():
        found["address"] |= {flow.near[0], flow.far[0]}
    packets = chosen.flow.packets
    found["ssrc"] |= {stream.ssrc for stream in rtp_streams(packets)}
    for packet in packets:
        data = packet.data
        if data[4:8] == MAGIC_COOKIE and data[0] < 4:
            try:
                message = decode_stun(data)
            except WireError:
                continue
            found["stun"].add(message.transaction_id)
            for attribute in message.attributes:
                if attribute.type == 0x0006:
                    found["user"] |= {part for part in attribute.value.split(b":") if len(part) >= 4}
                elif (
                    attribute.type in {0x0008, 0x0015, 0x0020, 0x0012, 0x0016, 0x8029, 0x802A}
                    and attribute.length >= 8
                ):
                    found["stun"].add(attribute.value)
        if data[:1].isalpha() and b"SIP/2.0" in data[:200]:
            found["sip"] |= set(re.findall(rb"sip:([^@;>\s]{4,})@", data))
            found["sip"] |= set(re.findall(rb"(?:tag|branch)=([^;\s>]{4,})", data))
            found["sip"] |= set(re.findall(rb"(?i)call-id:\s*([^\s]{4,})", data))
            found["sip"] |= set(re.findall(rb"\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}", data))
    return found


def said(text: str) -> tuple[list[bytes], bytes]:
    """Every run of bytes that a profile writes in hexadecimal digits, and its text."""
    tomllib.loads(text)
    return [
        bytes.fromhex(run) for run in re.findall(r'"([0-9a-f]{2,})"', text) if len(run) % 2 == 0
    ], text.encode()


@pytest.mark.usefixtures("shared_dir")
@pytest.mark.parametrize("name", CALLS)
def test_no_identifier_of_the_capture_is_in_the_profile(name: str) -> None:
    kept, chosen, draft = imported(name)
    runs, text = said(draft.text)
    for kind, values in identifiers(kept, chosen).items():
        for value in values:
            if not any(value):
                continue
            assert value not in text, (kind, value)
            assert not any(value in run for run in runs), (kind, value.hex())


@pytest.mark.usefixtures("shared_dir")
def test_the_search_would_find_an_identifier() -> None:
    kept, chosen, _ = imported("whatsapp_login_call")
    found = identifiers(kept, chosen)
    assert len(found["address"]) >= 2
    assert found["ssrc"]
    assert found["stun"]
    runs, _ = said(f'a = "00{next(iter(found["ssrc"])).hex()}ff"')
    assert next(iter(found["ssrc"])) in runs[0]
    assert len(identifiers(*imported("sip")[:2])["sip"]) > 10
