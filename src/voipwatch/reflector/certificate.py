"""The control channel's certificate: a given one, or a self-signed ECDSA P-256 one with a pin."""

import ssl
import tempfile
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from voipwatch.reflector.state import DataFolder

CERTIFICATE_FILE: Final = "certificate.pem"
VALID_DAYS: Final = 3650
"""It is pinned, not trusted: an expiry would only break old pins."""
NAME: Final = "voipwatch-reflector.invalid"
"""RFC 6761: no real name, and above all no address."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """A chain and its key, PEM."""

    chain: bytes
    key: bytes = field(repr=False)

    @property
    def pin(self) -> str:
        """SHA-256 of the first certificate's DER, hex: what a probe is given as --pin."""
        return sha256(ssl.PEM_cert_to_DER_cert(self._first())).hexdigest()

    def _first(self) -> str:
        end = "-----END CERTIFICATE-----"
        return self.chain.decode("ascii").partition(end)[0].lstrip() + end + "\n"

    def context(self) -> ssl.SSLContext:
        """For the server's side; TLS 1.2 at least (RFC 8996)."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        # ssl reads files only: this one is readable by us alone and gone a moment later
        with tempfile.NamedTemporaryFile(prefix="voipwatch-") as file:
            file.write(self.key + b"\n" + self.chain)
            file.flush()
            context.load_cert_chain(file.name)
        context.set_alpn_protocols(["http/1.1"])
        return context


def make_certificate(now: datetime) -> Certificate:
    """A new self-signed certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))  # the probe's clock may be behind
        .not_valid_after(now + timedelta(days=VALID_DAYS))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return Certificate(certificate.public_bytes(serialization.Encoding.PEM), private)


def kept_certificate(folder: DataFolder) -> Certificate:
    """The self-signed certificate of an earlier start, or a new one, which is then kept."""
    kept = folder.read(CERTIFICATE_FILE)
    if kept is not None:
        key, marker, chain = kept.partition(b"-----BEGIN CERTIFICATE-----")
        certificate = Certificate(marker + chain, key)
        try:
            certificate.context()
        except (ssl.SSLError, ValueError):
            pass  # damaged or cut short: a new one is the only way on
        else:
            return certificate
    certificate = make_certificate(datetime.now(tz=UTC))
    folder.write(CERTIFICATE_FILE, certificate.key + certificate.chain)
    return certificate


def read_certificate(chain: Path, key: Path) -> Certificate:
    """A certificate of the operator's own. Raises OSError or ssl.SSLError (an OSError) when unusable."""
    certificate = Certificate(chain.read_bytes(), key.read_bytes())
    certificate.context()
    return certificate
