"""What the kernel queue's censor decides, on doubles of the library's packets."""

from tests.lab.payloads import control, stun
from tests.lab.test_ip import make
from voipwatch.lab.cable import CableOrder
from voipwatch.lab.ip import read_ip
from voipwatch.lab.line import LineCondition
from voipwatch.lab.nfqueue import QueueCensor


class Queued:
    def __init__(self, payload: bytes) -> None:
        self.payload = payload
        self.verdicts: list[str] = []

    def get_payload(self) -> bytes:
        return self.payload

    def set_payload(self, payload: bytes) -> None:
        self.payload = payload
        self.verdicts.append("changed")

    def accept(self) -> None:
        self.verdicts.append("accepted")

    def drop(self) -> None:
        self.verdicts.append("dropped")

    def retain(self) -> None:
        self.verdicts.append("retained")


def censor(policy: dict[str, object], starts_at_s: float = 0.0) -> QueueCensor:
    return QueueCensor(CableOrder(LineCondition(), policy, 1, starts_at_s))


def verdicts(box: QueueCensor, raw: bytes, now: float = 0.0) -> list[str]:
    queued = Queued(raw)
    box.decide(queued, now)
    return queued.verdicts


def test_passes_and_drops() -> None:
    box = censor({"policy": "stun-cookie"})
    assert verdicts(box, make(4, stun(1))) == ["dropped"]
    assert verdicts(box, make(6, stun(1))) == ["dropped"]
    assert verdicts(box, make(4, control(4, 80))) == ["accepted"]
    assert verdicts(box, b"\x45 no packet at all") == ["accepted"]


def test_rewrites_in_place() -> None:
    queued = Queued(make(4, b"OPTIONS sip:b SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.1;branch=z\r\n\r\n"))
    censor({"policy": "sip-alg", "ports": [3478]}).decide(queued, 0.0)
    assert queued.verdicts == ["changed", "accepted"]
    datagram = read_ip(queued.payload)
    assert datagram is not None
    assert b"198.51.100.10" in datagram.packet.payload


def test_follows_the_worlds_time_from_the_first_datagram_of_the_line() -> None:
    off = {"policy": "intermittent", "period_s": 100, "on_s": 50, "of": {"policy": "udp-all"}}
    box = censor(off, starts_at_s=45.0)
    incoming = bytearray(make(4, b"x"))
    incoming[12:16], incoming[16:20] = incoming[16:20], incoming[12:16]
    assert verdicts(box, bytes(incoming), now=931.0) == ["dropped"]
    assert verdicts(box, make(4, b"x"), now=1_000.0) == ["dropped"]
    assert verdicts(box, make(4, b"x"), now=1_004.9) == ["dropped"]
    assert verdicts(box, make(4, b"x"), now=1_005.0) == ["accepted"]
    assert box.next_time() is None
