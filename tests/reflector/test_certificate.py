"""The self-signed certificate and its pin."""

import ssl
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from voipwatch.reflector.certificate import make_certificate, read_certificate

NOW = datetime(2016, 1, 7, 12, tzinfo=UTC)


def test_the_pin_is_the_sha256_of_the_der() -> None:
    certificate = make_certificate(NOW)
    der = x509.load_pem_x509_certificate(certificate.chain).public_bytes(serialization.Encoding.DER)
    assert certificate.pin == sha256(der).hexdigest()


def test_the_pin_of_a_chain_is_its_first_certificates() -> None:
    first, second = make_certificate(NOW), make_certificate(NOW)
    chain = type(first)(first.chain + second.chain, first.key)
    assert chain.pin == first.pin != second.pin


def test_it_names_no_address_and_is_valid_around_now() -> None:
    certificate = x509.load_pem_x509_certificate(make_certificate(NOW).chain)
    assert certificate.not_valid_before_utc < NOW < certificate.not_valid_after_utc
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.IPAddress) == []
    assert names.get_values_for_type(x509.DNSName) == ["voipwatch-reflector.invalid"]


def test_a_given_certificate_is_read(tmp_path: Path) -> None:
    made = make_certificate(NOW)
    (tmp_path / "chain").write_bytes(made.chain)
    (tmp_path / "key").write_bytes(made.key)
    assert read_certificate(tmp_path / "chain", tmp_path / "key").pin == made.pin
    (tmp_path / "key").write_bytes(make_certificate(NOW).key)
    with pytest.raises(ssl.SSLError):
        read_certificate(tmp_path / "chain", tmp_path / "key")


def test_the_key_is_not_in_its_repr() -> None:
    assert "PRIVATE" not in repr(make_certificate(NOW))
