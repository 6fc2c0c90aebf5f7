"""A line, an operator's router and a server in network namespaces; rules are the router's.

Smaller than `lab.netns`: no censor of our own in between, for here the browser is under test.
"""

import base64
import signal
import subprocess
from contextlib import ExitStack, suppress
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from ipaddress import ip_address
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.site.linetest.served import Served
from voipwatch.lab.support import WAYS, kernel_support

CANARY, CLIENT = "10.77.3.2", "10.77.1.2"
SERVER, PORT, NAME = "10.77.2.2", 9000, "turn.linetest.test"
KEEP = "echo ready; cat >/dev/null"
CHROMIUM = "/usr/bin/chromium"
ROUTER = """set -e
ip link set lo up
ip link add line type veth peer name eth0 netns {client}
ip link add net type veth peer name eth0 netns {server}
ip address add 10.77.1.1/24 dev line
ip address add 10.77.3.1/24 dev line
ip address add 10.77.2.1/24 dev net
ip link set line up
ip link set net up
echo 1 > /proc/sys/net/ipv4/ip_forward
"""
END = """set -e
ip link set lo up
ip address add {address}/24 dev eth0
ip link set eth0 up
ip route add default via {gateway}
"""


def certificate(folder: Path, address: str = SERVER) -> tuple[Path, Path, str]:
    """Of `NAME` and an address: chain, key, and what Chromium trusts: base64 of the public key's SHA-256."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    now = datetime.now(tz=UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName(NAME), x509.IPAddress(ip_address(address))]), False
        )
        .sign(key, hashes.SHA256())
    )
    chain, private = folder / "chain.pem", folder / "key.pem"
    chain.write_bytes(built.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    spki = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return chain, private, base64.b64encode(sha256(spki).digest()).decode()


class LineNet:
    """Client (at first in the canary's network, until `move`), router, server; the server runs the line test
    with coturn. A context manager.
    """

    page = f"http://{SERVER}:{PORT}/en/line-test/"

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._entries: dict[str, list[str]] = {}
        self.chromium = ""
        """A program that is Chromium on the line."""
        self.arguments: list[str] = []

    def __enter__(self) -> Self:
        try:
            self._build()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def _build(self) -> None:
        pids = {name: self._keep(name) for name in ("router", "client", "server")}
        self.script("router", ROUTER.format(client=pids["client"], server=pids["server"]))
        self.script("client", END.format(address=CANARY, gateway="10.77.3.1"))
        self.script("server", END.format(address=SERVER, gateway="10.77.2.1"))
        folder = Path(self._stack.enter_context(TemporaryDirectory(prefix="voipwatch-linetest-")))
        chain, key, pin = certificate(folder)
        wrapper = folder / "chromium"
        entry = " ".join(self._entries["client"])
        wrapper.write_text(f'#!/bin/sh\nexec {entry} {CHROMIUM} "$@"\n', "ascii")
        wrapper.chmod(0o755)
        self.chromium = str(wrapper)
        self.arguments = [
            f"--ignore-certificate-errors-spki-list={pin}",
            f"--host-resolver-rules=MAP {NAME} {SERVER}, MAP * ~NOTFOUND, EXCLUDE {SERVER}",
        ]
        certified: dict[str, Any] = {
            "certificate": str(chain),
            "certificate_key": str(key),
            "turn_name": NAME,
            "caller_key": "00" * 32,  # by which canary and client are of different parts of all networks
        }
        self.served = Served(
            folder, bind=SERVER, port=PORT, processes=2, entry=self._entries["server"], turn=True, **certified
        )
        self._stack.callback(self.served.stop)
        assert self.served.said == []

    def rules(self, text: str) -> None:
        """Makes these the router's only rules; `text` is the body of nftables' forward chain, or shell lines
        that begin with `$`.
        """
        self.script(
            "router",
            "nft flush ruleset; tc qdisc del dev net root 2>/dev/null; "
            "tc qdisc del dev line root 2>/dev/null; true",
        )
        lines = [line.strip() for line in text.strip().splitlines()]
        shell = [line[1:] for line in lines if line.startswith("$")]
        body = "; ".join(line for line in lines if line and not line.startswith("$"))
        if body:
            chain = f"chain c {{ type filter hook forward priority 0; {body}; }};"
            self.script("router", f"nft -f - <<'END'\ntable inet t {{ {chain} }}\nEND\n")
        for line in shell:
            self.script("router", line)

    def move(self) -> None:
        """From the canary's network to the client's: nobody's own test is a proof for himself."""
        self.script("client", "ip address flush dev eth0")
        self.script("client", END.format(address=CLIENT, gateway="10.77.1.1"))

    def script(self, name: str, script: str) -> str:
        """A shell script as root of the namespace; what it printed. AssertionError: what it said."""
        done = subprocess.run(
            [*self._entries[name], "sh", "-c", script], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{name}: {done.stderr}"
        return done.stdout

    def _keep(self, name: str) -> int:
        how = kernel_support().how
        entry = list(WAYS[how])
        if how == "userns" and self._entries:
            entry = [*self._entries["router"], "unshare", "--net"]
        keeper = self._start([*entry, "sh", "-c", KEEP])
        into = ["--user", "--preserve-credentials"] if how == "userns" else []
        self._entries[name] = ["nsenter", "--target", str(keeper.pid), "--net", *into, "--"]
        return keeper.pid

    def _start(self, command: list[str]) -> "subprocess.Popen[bytes]":
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
        )
        self._stack.callback(_end, process)
        assert process.stdout is not None
        said = process.stdout.readline()
        assert said.strip() == b"ready", f"{' '.join(command)} said {said!r}"
        return process


def _end(process: "subprocess.Popen[bytes]") -> None:
    assert process.stdin is not None
    with suppress(BrokenPipeError):
        process.stdin.close()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert process.stdout is not None
    process.stdout.close()
