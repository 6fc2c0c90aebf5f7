from tests.lab.payloads import DATAGRAMS, control, noise, rtp, stun
from tests.lab.policy.support import Box
from voipwatch.lab.policy.packet import DROP, PASS
from voipwatch.lab.policy.unknown import is_known, looks_random

TABLE = {"policy": "unknown-udp"}


def test_both_control_families_die_after_three_payloads() -> None:
    for first in (0x04, 0x0F, 0x50, 0x7F):
        box = Box(TABLE)
        assert [box.up(control(first, 137)) for _ in range(5)] == [PASS] * 3 + [DROP] * 2
        assert box.down(control(first, 137)) is DROP


def test_one_known_payload_among_the_first_three_saves_a_flow_for_good() -> None:
    box = Box(TABLE)
    payloads = [control(4, 137), control(4, 137), stun(1), *[control(4, 137)] * 20]
    assert {box.up(p) for p in payloads} == {PASS}
    assert box.up(rtp(111, 80), sport=41_000) is PASS


def test_what_counts_as_known() -> None:
    known = {name for name, (_, payload) in DATAGRAMS.items() if is_known(payload)}
    assert known == {
        "allocate-2015", "allocate-4001", "allocate-2023", "probe", "ping", "ping-stateful", "success-2015",
        "binding", "binding-reply", "check", "turn-allocate", "turn-send", "dtls-hello", "dtls-data",
        "rtp-120", "rtp-111", "rtp-marked", "rtp-8", "rtp-0", "rtcp", "invite", "register-elsewhere",
        "options", "sip-reply", "quic",
    }  # fmt: skip


def test_text_and_zeros_do_not_look_random() -> None:
    assert not looks_random(bytes(100))
    assert not looks_random(b"GET / HTTP/1.1\r\nHost: example.org\r\n" * 3)
    assert all(looks_random(b"\x04" + noise(str(n), 99)) for n in range(200))
    assert looks_random(b"ab"), "too short to tell"
