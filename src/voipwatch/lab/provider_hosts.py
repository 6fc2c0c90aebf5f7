"""The providers of a world in the kernel's network: which name has which address, and their certificates.

The same hosts as in `simproviders`, at addresses that a probe takes for what they are: within the networks
that the target list expects of a name, else in 192.88.99.0/24 (RFC 7526: assigned to nobody any more, and not
private). They exist in the namespace that holds the internet, and nowhere else.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Network, ip_address, ip_network
from typing import Any, Final

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from voipwatch.apps.targets import Target
from voipwatch.lab.providers import Providers
from voipwatch.lab.simproviders import FIRST_HOST

ELSEWHERE_NET: Final = IPv4Network("192.88.99.0/24")
SIM_NET: Final = IPv4Network("198.51.100.0/24")
LINE_RESOLVER: Final = "203.0.113.53"
"""Whom the line asks for names; beyond the operator, who hears it."""
FAR_RESOLVER: Final = "203.0.113.54"
"""Whom the reflector asks: another network's, and honest."""
DAYS: Final = 2


class Listener(msgspec.Struct, frozen=True):
    """One server: where it listens, and what it speaks (tcp, tls, stun)."""

    ip: str
    port: int
    transport: str


class ProviderOrder(msgspec.Struct, frozen=True):
    """What `provider_server` is told to be, as JSON on its standard input."""

    listeners: tuple[Listener, ...]
    resolvers: dict[str, dict[str, str]]
    """By the resolver's own address: name -> address; a name that is not there does not exist."""
    certificate: str
    """Path of the chain and key, PEM."""


class ProviderHosts:
    """Names and addresses of a world's providers."""

    def __init__(self, providers: Providers, targets: Sequence[Target]) -> None:
        self._is = providers
        self._targets = targets
        self.names = list(dict.fromkeys(t.name for t in targets))
        prefixes = {t.name: t.prefixes for t in reversed(targets)}
        self.addresses = {name: _address(FIRST_HOST + n, prefixes[name]) for n, name in enumerate(self.names)}
        self.elsewhere = {
            name: _address(int(ip.rpartition(".")[2]), prefixes.get(name, ()))
            for name, ip in providers.elsewhere.items()
        }

    @property
    def alive(self) -> dict[str, str]:
        """Address -> name of every host that there is."""
        dead = {*self._is.dead, *self._is.gone}
        hosts = [*self.addresses.items(), *self.elsewhere.items()]
        return {ip: name for name, ip in hosts if name not in dead}

    def order(self, certificate: str) -> ProviderOrder:
        """For the program that plays them all."""
        listeners = tuple(
            Listener(ip, target.port, target.transport)
            for ip, name in self.alive.items()
            for target in self._targets
            if target.name == name
        )
        known = {name: ip for name, ip in self.addresses.items() if name not in self._is.gone}
        here = {**known, **self.elsewhere} if self._is.resolver == "honest" else {}
        return ProviderOrder(
            tuple(dict.fromkeys(listeners)), {LINE_RESOLVER: here, FAR_RESOLVER: known}, certificate
        )

    def policy(self, table: Mapping[str, Any]) -> dict[str, Any]:
        """A world's policy with this network's addresses in place of the simulated ones."""
        if "networks" not in table:
            return dict(table)
        meant = [ip_network(network) for network in table["networks"]]
        mapped = [
            f"{ip}/32"
            for n, ip in enumerate(self.addresses.values())
            if any(SIM_NET[FIRST_HOST + n] in network for network in meant)
        ]
        return {**table, "networks": mapped}


def _address(host: int, prefixes: Sequence[str]) -> str:
    networks = [net for net in map(ip_network, prefixes) if net.version == 4]
    network = networks[0] if networks else ELSEWHERE_NET
    return str(ip_address(int(network.network_address) + host))


def certificates(names: Sequence[str]) -> tuple[bytes, bytes]:
    """An authority of the lab's own, PEM; and a chain with its key, PEM, that it gave to these names."""
    root_key, leaf_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "voipwatch lab")])
    leaf_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "voipwatch lab providers")])
    root = (
        _unsigned(root_name, root_name, root_key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(root_key, SHA256())
    )
    leaf = (
        _unsigned(leaf_name, root_name, leaf_key)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
        .sign(root_key, SHA256())
    )
    key = leaf_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return root.public_bytes(Encoding.PEM), leaf.public_bytes(Encoding.PEM) + key


def _unsigned(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey
) -> x509.CertificateBuilder:
    now = datetime.now(tz=UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=DAYS))
        .not_valid_after(now + timedelta(days=DAYS))
    )
