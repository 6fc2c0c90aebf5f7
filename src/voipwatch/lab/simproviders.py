"""The providers in the simulated internet: a resolver, servers that speak TCP, TLS and STUN, and a canary.

Every name of a target list is a host in 198.51.100.0/24 (RFC 5737). The probe's questions cross the world's
line and meet its censor; the reflector's own look does not, because it stands on another network.
"""

from collections.abc import Sequence
from ipaddress import ip_address
from typing import Final

from voipwatch.apps.targets import Target
from voipwatch.experiment.events import (
    AskCanary,
    AskHost,
    CanaryOutcome,
    CanaryView,
    HostOutcome,
    NameOutcome,
    ProviderAsk,
    ProviderOutcome,
    ResolveName,
)
from voipwatch.lab.policy.names import dns_addresses, dns_answer, dns_name, dns_query, server_name
from voipwatch.lab.portal import TLS_ALERT
from voipwatch.lab.providers import Providers
from voipwatch.lab.simnet import SimNet
from voipwatch.model.vocabulary import Failure
from voipwatch.wire.errors import WireError
from voipwatch.wire.stun import StunClass, decode_stun, message_type
from voipwatch.wire.stun_build import build_stun
from voipwatch.wire.tls import build_tls_client_hello

RESOLVER: Final = ("192.0.2.53", 53)
RESOLVER_PATIENCE_S: Final = 5.0
"""What a stub resolver waits for one answer (resolv.conf(5), `timeout`)."""
FIRST_HOST: Final = 10
PORTAL_IP: Final = "192.0.2.80"
CERTIFICATE: Final = b"certificate of "
"""What a server of the lab says after a ClientHello, and then the name that it vouches for."""
CANARY_S: Final = 0.3
HELLO_BYTES: Final = 2900
"""Both ways: a handshake with a certificate chain of two."""


class SimProviders:
    """Answers the probe's questions about providers, in virtual time."""

    def __init__(self, net: SimNet, providers: Providers, targets: Sequence[Target]) -> None:
        self._net = net
        self._is = providers
        self._targets = {t.id: t for t in targets}
        names = list(dict.fromkeys(t.name for t in targets))
        self.hosts = {name: f"198.51.100.{FIRST_HOST + n}" for n, name in enumerate(names)}
        self.names = {ip: name for name, ip in self.hosts.items()}
        self.names |= {ip: name for name, ip in providers.elsewhere.items()}

    def play(self, ask: ProviderAsk, now: float) -> tuple[float, ProviderOutcome]:
        """When a question's answer is there, and the answer."""
        if isinstance(ask, ResolveName):
            return self._resolve(ask, now)
        if isinstance(ask, AskHost):
            return self._ask_stun(ask, now) if ask.transport == "stun" else self._connect(ask, now)
        return self._canary(ask, now)

    # -- the resolver ----------------------------------------------------------------------------

    def _resolve(self, ask: ResolveName, now: float) -> tuple[float, NameOutcome]:
        def answer(query: bytes) -> bytes | None:
            name = dns_name(query)
            if self._is.resolver == "silent" or name is None:
                return None
            if self._is.resolver == "portal" or self._net.portal:
                return dns_answer(query, (PORTAL_IP,))
            known = self._is.resolver == "honest" and name in self.hosts and name not in self._is.gone
            ip = self._is.elsewhere.get(name) or self.hosts.get(name, "")
            return dns_answer(query, (ip,) if known else ())

        at, data = self._net.exchange(now, RESOLVER, dns_query(ask.name), answer)
        if at is None or data is None:
            return now + RESOLVER_PATIENCE_S, NameOutcome((), (), Failure.DNS_TIMEOUT)
        at += self._is.resolver_s
        if at - now > RESOLVER_PATIENCE_S:
            return now + RESOLVER_PATIENCE_S, NameOutcome((), (), Failure.DNS_TIMEOUT)
        found = dns_addresses(data) or ()
        if not found:
            return at, NameOutcome((), (), Failure.DNS_NXDOMAIN)
        return at, NameOutcome(found, tuple(self._kind(ip, ask.prefixes) for ip in found), None)

    def _kind(self, ip: str, prefixes: tuple[str, ...]) -> str:
        """In the emulated internet the documentation's addresses are public."""
        address = ip_address(ip)
        if address.is_loopback:
            return "loopback"
        if any(ip.startswith(net) for net in ("192.0.2.", "10.", "192.168.")):
            return "private"
        if not ip.startswith(("198.51.100.", "203.0.113.", "2001:db8:")):
            return "unusable"
        return "expected" if prefixes and ip in self.names else "public"

    # -- the servers -----------------------------------------------------------------------------

    def _alive(self, name: str | None, now: float) -> bool:
        if name is None or name in self._is.dead or name in self._is.gone:
            return False
        return not (name in self._is.deaf and now >= self._is.deaf_at_s)

    def _connect(self, ask: AskHost, now: float) -> tuple[float, HostOutcome]:
        if ":" in ask.address or self._is.version == 6:
            return now, HostOutcome(None, "", Failure.NETWORK_UNREACHABLE)
        hello = b""
        if ask.transport == "tls":
            hello = build_tls_client_hello(bytes(32), filler=bytes(64), server_name=ask.server_name)
        name = self.names.get(ask.address)

        def answer(_source: tuple[str, int], _port: int, data: bytes) -> bytes | None:
            return CERTIFICATE + (name or "").encode() if server_name(data) else None

        listens = self._net.portal or self._alive(name, now)
        trial = self._net.tcp(now, ask.port, hello, answer, host=ask.address, listens=listens)
        done = trial.ready_at if trial.ready_at is not None else now + ask.timeout_s
        word = ""
        if ask.transport == "tcp":
            word = "connected" if trial.connected_ms is not None else ""
        elif trial.data.startswith(CERTIFICATE):
            word = "certificate" if trial.data == CERTIFICATE + ask.server_name.encode() else "other"
        elif trial.data:
            word = "alert" if trial.data == TLS_ALERT else "garbage"
        failure = None if word else trial.failure
        cost = HELLO_BYTES if word else 160
        return min(done, now + ask.timeout_s), HostOutcome(trial.connected_ms, word, failure, b"", 600, cost)

    def _ask_stun(self, ask: AskHost, now: float) -> tuple[float, HostOutcome]:
        if self._is.version == 6:
            return now, HostOutcome(None, "", Failure.NETWORK_UNREACHABLE)
        name = self.names.get(ask.address)

        def answer(data: bytes) -> bytes | None:
            try:
                request = decode_stun(data)
            except WireError:
                return None
            if not self._alive(name, now):
                return None
            return build_stun(message_type(1, StunClass.SUCCESS), request.transaction_id)

        at, data = self._net.exchange(now, (ask.address, ask.port), ask.hello, answer)
        if at is None or data is None:
            return now + ask.timeout_s, HostOutcome(None, "", Failure.READ_TIMEOUT, b"", 192, 0)
        return at, HostOutcome(None, "", None, data, 48, 80)

    # -- the canary ------------------------------------------------------------------------------

    def _canary(self, ask: AskCanary, now: float) -> tuple[float, CanaryOutcome]:
        at = now + CANARY_S
        if not self._net.control_alive(now):
            return now + 5.0, CanaryOutcome({}, Failure.CONNECT_TIMEOUT)
        if not self._is.canary:
            return at, CanaryOutcome({}, Failure.BAD_ANSWER)
        views: dict[str, CanaryView] = {}
        for target_id in ask.targets:
            target = self._targets.get(target_id)
            if target is None:
                continue
            resolved = () if target.name in self._is.gone else (self.hosts[target.name],)
            alive = resolved if self._alive(target.name, now) else ()
            views[target_id] = CanaryView(resolved, alive, 0.1)
        return at, CanaryOutcome(views, None, 2000)
