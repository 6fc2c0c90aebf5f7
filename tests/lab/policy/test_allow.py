import pytest

from tests.lab.payloads import DATAGRAMS, HELLO, control, rtp, stun
from tests.lab.policy.support import Box
from voipwatch.lab.policy import UnknownPolicyError, make_policy
from voipwatch.lab.policy.allow import is_dns, is_ntp
from voipwatch.lab.policy.packet import DROP, PASS

QUIC = DATAGRAMS["quic"][1]
DNS = DATAGRAMS["dns"][1]
NTP = b"\x23" + bytes(47)


def test_what_reads_as_none_of_the_kinds_dies_packet_by_packet() -> None:
    box = Box({"policy": "allow-list"})
    for payload in (
        stun(1),
        rtp(111, 80),
        HELLO,
        control(4, 90),
        control(0x50, 90),
        b"INVITE sip:a SIP/2.0\r\n",
    ):
        assert box.up(payload) is DROP
    for sport, payload in enumerate((DNS, NTP, QUIC), 41_000):
        assert box.up(payload, sport=sport) is PASS


def test_a_flow_that_once_read_passes_for_good_both_ways() -> None:
    box = Box({"policy": "allow-list"})
    assert box.up(rtp(8, 90)) is DROP
    assert box.up(QUIC) is PASS
    assert (box.up(rtp(8, 90)), box.down(rtp(8, 90))) == (PASS, PASS)
    assert box.up(rtp(8, 90), sport=40_001) is DROP


def test_noise_is_no_question_of_dns() -> None:
    noise_ = [control(4, 60 + n) for n in range(60)] + [control(0x50, 300 + n) for n in range(60)]
    assert not any(is_dns(payload) for payload in noise_)
    assert is_dns(DNS)
    assert is_dns(DNS[:2] + b"\x81\x80" + DNS[4:] + b"\xc0\x0c")
    for wrong in (
        DNS[:-1],
        DNS[:5] + b"\2" + DNS[6:],
        DNS.replace(b"www", b"w w"),
        DNS[:2] + b"\x28" + DNS[3:],
    ):
        assert not is_dns(wrong)


def test_a_lax_box_takes_a_fixed_bit_for_quic() -> None:
    box = Box({"policy": "allow-list", "kinds": ["quic", "quic-short"]})
    assert box.up(control(0x50, 90), sport=1) is PASS
    assert box.up(control(0x04, 90), sport=2) is DROP
    assert box.up(rtp(8, 90), sport=3) is DROP


def test_ntp_is_told_by_version_and_mode() -> None:
    assert is_ntp(NTP)
    assert is_ntp(b"\x1c" + bytes(60))
    assert not is_ntp(NTP[:47])
    assert not is_ntp(b"\x25" + bytes(47))
    assert not is_ntp(b"\x0b" + bytes(47))


def test_a_kind_that_is_none_is_refused() -> None:
    with pytest.raises(UnknownPolicyError, match="telex"):
        make_policy({"policy": "allow-list", "kinds": ["telex"]})


def test_quic_is_kept_from_beginning_and_an_old_connection_is_let_be() -> None:
    box = Box({"policy": "quic-drop"})
    assert box.up(QUIC, dport=443) is DROP
    assert box.down(QUIC, dport=443) is PASS
    assert box.up(QUIC, dport=8443) is PASS
    assert box.up(QUIC[:1_000], dport=443) is PASS
    assert box.up(control(0x50, 1_200), dport=443) is PASS
