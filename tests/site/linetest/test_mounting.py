"""The line test beside the site: one coturn, a far end in each process."""

import os
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Self

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from msgspec.structs import replace

from tests.site.linetest.served import free_port
from tests.site.linetest.test_inbox import body
from voipwatch.site.linetest import mounting, turn
from voipwatch.site.linetest.inbox import A_DAY, RefusedReportError
from voipwatch.site.linetest.messages import Arm, FarSight
from voipwatch.site.linetest.mounting import LineTestOrder, alongside, line_test, nowhere
from voipwatch.site.linetest.relay import RelayWord

ORDER = LineTestOrder(address="127.0.0.1")
START = datetime(2026, 1, 1, tzinfo=UTC)


def test_without_anything_asked_there_is_a_far_end_alone() -> None:
    said: list[str] = []
    with alongside(ORDER, said.append) as order:
        config = line_test(order).config("198.51.100.8")
        assert order == replace(ORDER, shared=order.shared, caller_key=order.caller_key)
        assert len(bytes.fromhex(order.caller_key)) == 32
        folder = Path(order.shared)
        assert folder.stat().st_mode & 0o777 == 0o700
    assert (config.far_end, config.turn, config.takes_reports) == (True, None, False)
    assert not folder.exists()
    assert said == []
    assert nowhere("192.0.2.1") == (None, None)


def test_what_is_not_installed_is_said_and_left_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(turn, "which", lambda _: None)
    monkeypatch.setattr(mounting, "is_installed", lambda: False)
    said: list[str] = []
    wanted = LineTestOrder(address="127.0.0.1", turn=True, reports=str(tmp_path / "reports"))
    with alongside(wanted, said.append) as order:
        config = line_test(order).config("198.51.100.8")
    assert (config.far_end, config.turn, config.takes_reports) == (False, None, True)
    missing = [
        each for each in said if "3478" not in each
    ]  # that port may be somebody else's on this machine
    assert ["aiortc" in missing[0], "coturn" in missing[1], len(missing)] == [True, True, 2]


def test_a_certificate_that_names_the_address_brings_an_arm_without_a_name(tmp_path: Path) -> None:
    file = tmp_path / "chain.pem"
    for names, good in (
        ([x509.IPAddress(ip_address("192.0.2.7"))], True),
        ([x509.DNSName("voip.example")], False),
    ):
        file.write_bytes(certificate(names))
        assert mounting._is_good_for(str(file), "192.0.2.7") is good
    for missing in ("", str(tmp_path / "none"), str(tmp_path)):
        assert not mounting._is_good_for(missing, "192.0.2.7")


def certificate(names: Sequence[x509.GeneralName]) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "x")])
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, START, START + timedelta(days=1))
    made = made.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


@pytest.mark.skipif(not turn.is_installed() and not os.environ.get("CI"), reason="coturn is not installed")
def test_the_relay_of_another_process_is_offered_with_its_secret() -> None:
    """The process that starts coturn hands the secret on; those that serve make credentials of it."""
    said: list[str] = []
    with alongside(replace(ORDER, turn=True, turn_port=free_port()), said.append) as order:
        offered = line_test(order).config("198.51.100.8").turn
        RelayWord(Path(order.shared) / mounting.RELAY).stopped()
        gone = line_test(order).config("198.51.100.8")
    assert (gone.turn, gone.relay_stopped) == (None, True)
    assert said == []
    assert offered is not None
    assert set(offered.uris) == {"turn-udp", "turn-tcp"}, "without a certificate there is no TLS"
    when = int(offered.username.partition(":")[0])
    visitor = offered.username.partition(":")[2]
    assert turn.credential(order.turn_secret, when - turn.CREDENTIAL_S, visitor) == (
        offered.username,
        offered.credential,
    )


def test_a_proof_of_one_process_is_told_by_another() -> None:
    seen = FarSight(received=20, sent=20, echoes=1)
    with alongside(replace(ORDER, address="192.0.2.7"), lambda _: None) as order:
        one, other = line_test(order), line_test(order)
        assert one.far_end is not None
        assert one.far_end.proofs is not None
        one.far_end.proofs.learn(
            Arm.DIRECT, seen, "192.0.2.7", frozenset({"198.51.100.1"})
        )  # the far end's own host
        callers = [f"198.51.{part}.8" for part in range(100)]
        assert [other.config(caller).reached for caller in callers] == [{}] * 100
        one.far_end.proofs.learn(Arm.DIRECT, seen, "203.0.113.9", frozenset({"198.51.100.1"}))
        assert other.config("203.0.113.8").reached == {}, "his own"
        told = [list(other.config(caller).reached) for caller in callers]
        assert 90 < told.count(["direct"]) <= 100, "but for one in 256"


def test_reports_are_counted_by_all_processes_together(tmp_path: Path) -> None:
    """By reports of the hour, for the clock is that of the wall."""
    hour = f"{datetime.now(tz=UTC):%Y-%m-%dT%H}:00:00Z"
    with alongside(replace(ORDER, reports=str(tmp_path)), lambda _: None, processes=8) as order:
        inboxes = [line_test(order).inbox for _ in range(8)]
        taken = 0
        for inbox in inboxes * A_DAY:
            assert inbox is not None
            with suppress(RefusedReportError):
                inbox.take(body(hour=hour), "198.51.100.9")
                taken += 1
    assert taken == A_DAY, "the day of UTC ends while this runs once in many thousand times"


def test_a_relay_has_room_for_every_process(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[turn.TurnOptions] = []

    class Recorded(turn.TurnServer):
        def __enter__(self) -> Self:
            started.append(self._options)
            raise turn.TurnError("enough")

    monkeypatch.setattr(mounting, "TurnServer", Recorded)
    with alongside(replace(ORDER, turn=True), lambda _: None, processes=5):
        pass
    assert [options.processes for options in started] == [5]


def test_proxies_are_prefixes() -> None:
    assert line_test(replace(ORDER, proxies=("192.0.2.1",))).proxies == (ip_network("192.0.2.1/32"),)
    with pytest.raises(ValueError, match="does not appear"):
        line_test(replace(ORDER, proxies=("proxy",)))
