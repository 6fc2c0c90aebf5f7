"""A line, an operator's router and a server in network namespaces; rules are the router's.

Smaller than `lab.netns`: no censor of our own in between, for here the browser is under test.
"""

import base64
import json
import os
import signal
import subprocess
import sys
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

from tests.support.environment import REPOSITORY
from voipwatch.lab.support import WAYS, kernel_support

CLIENT, SERVER, PORT, NAME = "10.77.1.2", "10.77.2.2", 9000, "turn.linetest.test"
KEEP = "echo ready; cat >/dev/null"
CHROMIUM = "/usr/bin/chromium"
ROUTER = """set -e
ip link set lo up
ip link add line type veth peer name eth0 netns {client}
ip link add net type veth peer name eth0 netns {server}
ip address add 10.77.1.1/24 dev line
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


def certificate(folder: Path) -> tuple[Path, Path, str]:
    """Chain, key, and what Chromium is told to trust: base64 of the SHA-256 of the public key."""
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
            x509.SubjectAlternativeName([x509.DNSName(NAME), x509.IPAddress(ip_address(SERVER))]), False
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
    """Client, router, server; the server runs the line test with coturn. A context manager."""

    page = f"http://{SERVER}:{PORT}/en/line-test/"

    def __init__(self, **order: object) -> None:
        self._order = order
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
        self.script("client", END.format(address=CLIENT, gateway="10.77.1.1"))
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
        order: dict[str, Any] = {
            "address": SERVER,
            "port": PORT,
            "turn": True,
            "name": NAME,
            "certificate": str(chain),
            "key": str(key),
            **self._order,
        }
        command = [*self._entries["server"], sys.executable, "-m", "tests.site.linetest.serving"]
        self._start(command, json.dumps(order).encode() + b"\n")

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

    def _start(self, command: list[str], order: bytes = b"") -> "subprocess.Popen[bytes]":
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(REPOSITORY / "src"), str(REPOSITORY)]),
        }
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True, env=environment
        )
        self._stack.callback(_end, process)
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(order)
        process.stdin.flush()
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
