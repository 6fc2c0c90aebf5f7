"""JA3 and JA4 against the examples of their authors, and the cut that follows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.lab.payloads import HELLO, control, stun
from tests.lab.policy.support import Box
from voipwatch.lab.drive import run_simulated
from voipwatch.lab.policy.fingerprint import ja3, ja4, read_hello
from voipwatch.lab.policy.packet import DROP, PASS
from voipwatch.lab.simnet import SimNet
from voipwatch.lab.worlds import load_worlds
from voipwatch.wire.dtls import DtlsHandshake, DtlsRecord, encode_dtls, encode_handshake
from voipwatch.wire.dtls_hello import ClientHello, DtlsExtension, encode_client_hello

GROUPS = DtlsExtension(10, bytes.fromhex("0006001700180019"))
FORMATS = DtlsExtension(11, b"\x01\x00")
BROWSER = ClientHello(
    random=bytes(32),
    cipher_suites=(0xC02B, 0xC02F, 0xCCA9),
    extensions=(DtlsExtension(23), GROUPS, FORMATS, DtlsExtension(13, bytes.fromhex("000404030804"))),
)


def datagram(hello: ClientHello) -> bytes:
    body = encode_client_hello(hello)
    message = DtlsHandshake(message_type=1, length=len(body), message_sequence=0, body=body)
    return encode_dtls((DtlsRecord(content_type=22, version=0xFEFF, fragment=encode_handshake(message)),))


def test_ja3_is_that_of_its_authors_example() -> None:
    suites = (47, 53, 5, 10, 49161, 49162, 49171, 49172, 50, 56, 19, 4)
    hello = ClientHello(
        version=769, random=bytes(32), cipher_suites=suites, extensions=(DtlsExtension(0), GROUPS, FORMATS)
    )
    assert ja3(hello) == "ada70206e40642a3e4461f35503241d5"


def test_ja4_is_that_of_its_authors_example_but_for_the_transport() -> None:
    suites = "1301 1302 1303 c02b c02f c02c c030 cca9 cca8 c013 c014 009c 009d 002f 0035"
    types = "001b 0000 0033 0010 4469 0017 002d 000d 0005 0023 0012 002b ff01 000b 000a 0015"
    data = {
        0x10: bytes.fromhex("000302 6832".replace(" ", "")),
        0x0D: bytes.fromhex("0010 0403 0804 0401 0503 0805 0501 0806 0601"),
        0x2B: bytes.fromhex("02 fefd"),
    }
    hello = ClientHello(
        random=bytes(32),
        cipher_suites=(0x1A1A, *(int(s, 16) for s in suites.split())),
        extensions=tuple(
            DtlsExtension(int(t, 16), data.get(int(t, 16), b"")) for t in ["2a2a", *types.split()]
        ),
    )
    assert ja4(hello) == "dd2d1516h2_8daaf6152771_e5627efa2ab1"


def test_the_newest_offered_version_counts() -> None:
    extensions = (DtlsExtension(43, bytes.fromhex("04fefcfefd")),)
    hello = ClientHello(random=bytes(32), extensions=extensions)
    assert ja4(hello).startswith("dd3i000100_000000000000_")


def test_a_listed_hello_passes_and_its_flow_dies_a_little_later() -> None:
    for listed in ({"ja3": [ja3(BROWSER)]}, {"ja4": [ja4(BROWSER)]}):
        box = Box({"policy": "dtls-fingerprint", "delay_s": 0.5, **listed})
        assert box.up(stun(1)) is PASS
        assert box.up(datagram(BROWSER)) is PASS
        box.now = 0.49
        assert box.down(control(4, 80)) is PASS
        box.now = 0.5
        assert [box.up(stun(1)), box.down(stun(1))] == [DROP, DROP]
        assert box.up(stun(1), sport=40_001) is PASS


def test_another_hello_lives() -> None:
    box = Box({"policy": "dtls-fingerprint", "ja3": ["0" * 32], "ja4": [ja4(BROWSER)[:-1] + "x"]})
    assert [box.up(p) for p in (datagram(BROWSER), stun(1), HELLO)] == [PASS] * 3


@given(st.binary(max_size=200) | st.integers(0, 200).map(lambda n: datagram(BROWSER)[:n]))
def test_no_bytes_raise(data: bytes) -> None:
    for payload in (data, datagram(BROWSER)[:25] + data):
        hello = read_hello(payload)
        if hello is not None:
            assert len(ja3(hello)) == 32
            assert ja4(hello).count("_") == 2


@pytest.mark.parametrize("cut", range(26, 70))
def test_a_hello_that_breaks_off_is_none(cut: int) -> None:
    assert read_hello(datagram(BROWSER)[:cut]) is None


def test_the_fingerprints_of_the_table_are_those_of_the_profile(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a check sends as WebRTC's hello has the fingerprints that the table's worlds hunt."""
    hellos: list[ClientHello] = []
    up = SimNet.up

    def listen(net: SimNet, now: float, sock: int, dport: int, data: bytes, *more: int | None) -> None:
        hello = read_hello(data)
        if hello is not None:
            hellos.append(hello)
        up(net, now, sock, dport, data, *more)  # type: ignore[arg-type]  # passed through

    monkeypatch.setattr(SimNet, "up", listen)
    run_simulated(load_worlds().get("clean"), apps=("webrtc",), seed=1, budget_bytes=600_000)
    assert hellos
    for world_id, made in (("dtls-ja3", ja3), ("dtls-ja4", ja4)):
        listed = load_worlds().get(world_id).policy[world_id.removeprefix("dtls-")]
        assert {made(hello) for hello in hellos} <= set(listed)
