"""The line test beside the site: one coturn, a far end in each process."""

import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from voipwatch.site.linetest import mounting, turn
from voipwatch.site.linetest.mounting import LineTestOrder, line_test, nowhere, with_turn

ORDER = LineTestOrder(address="127.0.0.1")
START = datetime(2026, 1, 1, tzinfo=UTC)


def test_without_anything_asked_there_is_a_far_end_alone() -> None:
    said: list[str] = []
    with with_turn(ORDER, said.append) as order:
        config = line_test(order).config()
    assert (config.far_end, config.turn, config.takes_reports) == (True, None, False)
    assert (said, order) == ([], ORDER)
    assert nowhere("192.0.2.1") == (None, None)


def test_what_is_not_installed_is_said_and_left_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(turn, "which", lambda _: None)
    monkeypatch.setattr(mounting, "is_installed", lambda: False)
    said: list[str] = []
    wanted = LineTestOrder(address="127.0.0.1", turn=True, reports=str(tmp_path / "reports"))
    with with_turn(wanted, said.append) as order:
        config = line_test(order).config()
    assert (config.far_end, config.turn, config.takes_reports) == (False, None, True)
    assert ["aiortc" in said[0], "coturn" in said[1], len(said)] == [True, True, 2]


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
    with with_turn(LineTestOrder(address="127.0.0.1", turn=True), said.append) as order:
        offered = line_test(order).config().turn
    assert said == []
    assert offered is not None
    assert set(offered.uris) == {"turn-udp", "turn-tcp"}, "without a certificate there is no TLS"
    when = int(offered.username.partition(":")[0])
    visitor = offered.username.partition(":")[2]
    assert turn.credential(order.turn_secret, when - turn.CREDENTIAL_S, visitor) == (
        offered.username,
        offered.credential,
    )
