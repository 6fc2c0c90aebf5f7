"""coturn, started when asked and installed: the relay of the line test, and of nothing else.

Whoever holds a credential may send UDP from here to every peer that is allowed. So one peer is allowed, our
own far end; every other address is denied, private networks first of all: an open relay into them would be
worse than no line test. Credentials live for minutes (TURN REST: HMAC over a name that is its own expiry).
"""

import hashlib
import hmac
import socket
import subprocess
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from shutil import which
from tempfile import TemporaryDirectory
from time import monotonic, sleep
from types import TracebackType
from typing import Final, Self

from voipwatch.site.linetest.far_end import CALLER_TESTS_MAX, TESTS_MAX
from voipwatch.site.linetest.messages import RELAYED, Arm

CREDENTIAL_S: Final = 300
START_S: Final = 3.0
POLL_S: Final = 0.1
END_S: Final = 3.0
BYTES_A_SECOND: Final = 40_000
"""A session's bound both ways; a call of ours has 12,000."""
TEST_ALLOCATIONS: Final = 2 * len(RELAYED)
"""One for each arm, and a browser may allocate for each address family."""
OTHER_PORTS: Final = (3479, 5349, 5350)
"""Where 3478 is taken: those that RFC 5780 section 6 and RFC 8656 section 3 know beside it."""
EVERYBODY: Final = ("0.0.0.0-255.255.255.255", "::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")


class TurnError(Exception):
    """coturn did not start. The message says why and what to do."""


@dataclass(frozen=True, slots=True)
class TurnOptions:
    """Where coturn listens, and what for."""

    address: str
    """The machine's own address: where coturn listens and relays."""
    far_end: str
    """The far end's address: the only peer."""
    name: str = ""
    """By which visitors reach it, as in the certificate; without one there is no arm over TLS by name."""
    public: str = ""
    """The address that visitors see, where it is another (one-to-one NAT)."""
    port: int = 3478
    tls_port: int = 443
    certificate: Path | None = None
    """PEM chain; without it there is no arm over TLS."""
    key: Path | None = None
    certificate_has_address: bool = False
    """Whether it is good for `public` too: then TLS is tried without a name as well."""
    first_port: int = 49_152
    """Of those that it relays from: RFC 6056 section 2.1's dynamic ports."""
    processes: int = 1
    """Of far ends: so many times the tests of one may run at once."""

    @property
    def allocations(self) -> int:
        """What all tests that may run at once can need: a relay that is full is our fault, not a line's."""
        return self.processes * TESTS_MAX * TEST_ALLOCATIONS

    @property
    def caller_allocations(self) -> int:
        """Of one visitor's network, so that nobody can hold them all."""
        return self.processes * CALLER_TESTS_MAX * TEST_ALLOCATIONS

    @property
    def last_port(self) -> int:
        """Twice as many ports as calls: what has just been closed rests."""
        return min(65_535, self.first_port + max(847, 2 * self.allocations))


def open_port(address: str, port: int) -> int:
    """`port`, or the first of `OTHER_PORTS` where somebody has it at this address, over UDP or TCP.

    A reflector's call ports hold 3478, at every address where it is bound to all. Raises TurnError where none
    is free.
    """
    for each in (port, *OTHER_PORTS):
        if _is_free(address, each):
            return each
    others = ", ".join(map(str, OTHER_PORTS))
    raise TurnError(f"ports {port}, {others} of {address} are taken, or the address is not this machine's")


def _is_free(address: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
        with socket.socket(family, kind) as trial:
            if kind == socket.SOCK_STREAM:  # what has just been closed is free
                trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                trial.bind((address, port))
            except OSError:
                return False
    return True


def is_installed() -> bool:
    """Whether coturn is there."""
    return which("turnserver") is not None


def credential(secret: str, now_s: float, visitor: str) -> tuple[str, str]:
    """User name and password of a visitor's network (`callers`), good for five minutes from `now_s` (Unix
    seconds). coturn's quota of a user is that of the part after the colon: asking again brings no more calls.

    Source: draft-uberti-behave-turn-rest-00 section 2.2, which coturn's `use-auth-secret` follows.
    """
    user = f"{int(now_s) + CREDENTIAL_S}:{visitor}"
    digest = hmac.new(secret.encode(), user.encode(), hashlib.sha1).digest()
    return user, b64encode(digest).decode()


def configuration(options: TurnOptions, secret: str) -> str:
    """The file of options of coturn. Raises ValueError for an address that is none."""
    for text in (options.address, options.far_end, options.public or options.address):
        ip_address(text)
    far = options.public if options.public and options.far_end == options.address else options.far_end
    lines = [
        f"listening-ip={options.address}",
        f"relay-ip={options.address}",
        f"listening-port={options.port}",
        f"min-port={options.first_port}",
        f"max-port={options.last_port}",
        "realm=line-test",
        "use-auth-secret",
        f"static-auth-secret={secret}",
        f"user-quota={options.caller_allocations}",
        f"total-quota={options.allocations}",
        f"max-bps={BYTES_A_SECOND}",
        "max-allocate-lifetime=600",
        "stale-nonce=600",
        *(f"denied-peer-ip={everybody}" for everybody in EVERYBODY),
        *(f"allowed-peer-ip={peer}" for peer in dict.fromkeys((options.far_end, far))),
        "no-multicast-peers",
        "no-tcp-relay",
        "no-dtls",
        "no-cli",
        "no-rfc5780",
        "no-software-attribute",
        "no-stdout-log",
        "log-file=/dev/null",  # who called is nobody's business
        "simple-log",
    ]
    if ip_address(options.address).is_loopback:
        lines.append(
            "allow-loopback-peers"
        )  # of who is on this machine already: the site tried out by its owner
    if options.public:
        lines.append(f"external-ip={options.public}/{options.address}")
    if options.certificate is not None and options.key is not None:
        lines += [
            f"tls-listening-port={options.tls_port}",
            f"cert={options.certificate}",
            f"pkey={options.key}",
            "no-tlsv1",
            "no-tlsv1_1",
        ]
    else:
        lines.append("no-tls")
    return "\n".join(lines) + "\n"


def addresses(options: TurnOptions) -> dict[Arm, str]:
    """Arm -> TURN URI (RFC 7065). Those without TLS go by address, so that a name can be at fault in one arm
    alone.
    """
    seen = options.public or options.address
    host = f"[{seen}]" if ":" in seen else seen
    uris = {
        Arm.TURN_UDP: f"turn:{host}:{options.port}?transport=udp",
        Arm.TURN_TCP: f"turn:{host}:{options.port}?transport=tcp",
    }
    if options.certificate is not None and options.key is not None:
        if options.name:
            uris[Arm.TURN_TLS] = f"turns:{options.name}:{options.tls_port}?transport=tcp"
            uris[Arm.TURN_TLS_AGAIN] = uris[Arm.TURN_TLS]
        if options.certificate_has_address:
            uris[Arm.TURN_TLS_IP] = f"turns:{host}:{options.tls_port}?transport=tcp"
    return uris


def offers(options: TurnOptions, secret: str, now_s: float, visitor: str) -> tuple[dict[Arm, str], str, str]:
    """TURN URIs by arm, user name, password, for one visitor's network: for whoever knows the secret of a
    coturn that another process has started.
    """
    return (addresses(options), *credential(secret, now_s, visitor))


class TurnServer:
    """coturn as a child process, from `with` to its end; its secret lies in a file that only we may read.

    Args:
        secret: at least 16 characters, drawn anew for every start.
        clock: Unix seconds.
    """

    def __init__(self, options: TurnOptions, secret: str, clock: Callable[[], float]) -> None:
        if len(secret) < 16:
            raise ValueError("a secret has at least 16 characters")
        self._options = options
        self._secret = secret
        self._clock = clock
        self._folder: TemporaryDirectory[str] | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        """Starts it. Raises TurnError where it is not installed or does not listen."""
        program = which("turnserver")
        if program is None:
            raise TurnError("coturn is not installed: install it (Debian: coturn), or serve without --turn")
        self._check_ports()
        self._folder = TemporaryDirectory(prefix="voipwatch-turn-")
        file = Path(self._folder.name) / "turnserver.conf"
        file.touch(mode=0o600)
        file.write_text(configuration(self._options, self._secret), "utf-8")
        # Whoever started it may be killed outright: it must not go on with a secret that nobody has, nor hold
        # its ports (SIGTERM takes it seconds) against the next.
        ender = which("setpriv")
        arguments = [ender, "--pdeathsig", "KILL"] if ender is not None else []
        arguments += [program, "-c", str(file), "--pidfile", str(Path(self._folder.name) / "pid")]
        arguments += ["--userdb", str(Path(self._folder.name) / "db")]
        self._process = subprocess.Popen(
            arguments, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        deadline_s = monotonic() + START_S
        while (
            not self._listens()
        ):  # coturn that cannot bind neither ends nor says so: it tries again for ever
            if not self.is_alive() or monotonic() > deadline_s:
                self.close()
                raise TurnError(f"coturn did not listen within {START_S:.0f} s: try it by hand")
            sleep(POLL_S)
        return self

    def _check_ports(self) -> None:
        """Opens what coturn will open, for a moment: it would say of none of this why it cannot."""
        options = self._options
        tls = [options.tls_port] if options.certificate is not None else []
        family = socket.AF_INET6 if ":" in options.address else socket.AF_INET
        for port in (options.port, *tls):
            with socket.socket(family, socket.SOCK_STREAM) as trial:
                trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    trial.bind((options.address, port))
                except OSError as error:
                    raise TurnError(
                        f"coturn cannot have {options.address} port {port}: {error.strerror}"
                    ) from None

    def _listens(self) -> bool:
        try:
            socket.create_connection((self._options.address, self._options.port), POLL_S).close()
        except OSError:
            return False
        return True

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def pid(self) -> int | None:
        """Of the child, None where none runs."""
        return None if self._process is None else self._process.pid

    def is_alive(self) -> bool:
        """Whether it still runs."""
        return self._process is not None and self._process.poll() is None

    def wait(self) -> int:
        """Blocks until the child has ended; its status, negative for a signal. 0 where none runs."""
        process = self._process
        return 0 if process is None else process.wait()

    def close(self) -> None:
        """Ends the child that was started here, and removes its file."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(END_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._process = None
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    def offers(self, visitor: str) -> tuple[dict[Arm, str], str, str]:
        """TURN URIs by arm, user name, password, for a visitor's network; no URIs where coturn has ended."""
        uris, user, password = offers(self._options, self._secret, self._clock(), visitor)
        return (uris if self.is_alive() else {}), user, password
