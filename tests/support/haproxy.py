"""A real haproxy in front of collectors and sites, in a process that the test ends by its pid.

Its configuration is deploy/haproxy.cfg with the test's places in it.
"""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.support.environment import require
from tests.support.nats_cluster import free_port

ANSWER_S = 30.0


@dataclass(frozen=True)
class Machine:
    """Where one machine takes what haproxy sends, and answers for its health."""

    address: str
    collector: int
    site: int
    health: int


@dataclass(frozen=True)
class Front:
    """What callers see."""

    collector: str
    site: str


DEPLOYED: Final = Path(__file__).parents[2] / "deploy" / "haproxy.cfg"


def configuration(front: str, collector: int, site: int, machines: Sequence[Machine], pem: Path) -> str:
    """The one that is told to be deployed, with addresses, ports and intervals of the test."""
    text = DEPLOYED.read_text("utf-8")
    filled = [
        ("bind :8480 ssl crt /etc/haproxy/collector.pem", f"bind {front}:{collector} ssl crt {pem}"),
        ("bind :80\n", f"bind {front}:{site}\n"),
        ("inter 1s", f"inter 200ms source {front}"),
    ]
    for name, machine in zip(("1", "2"), machines, strict=True):
        filled += [
            (f"front-{name}:8480", f"{machine.address}:{machine.collector}"),
            (f"front-{name}:8482", f"{machine.address}:{machine.site}"),
        ]
    for old, new in filled:
        assert old in text, old
        text = text.replace(old, new)
    for machine in machines:
        place = f"{machine.address}:"
        text = "\n".join(
            line.replace("port 8483", f"port {machine.health}") if place in line else line
            for line in text.split("\n")
        )
    return text


@contextmanager
def haproxy(folder: Path, front: str, machines: Sequence[Machine], pem: bytes) -> Iterator[Front]:
    """In front of these machines until the end of the block; it answers, whether they do or not.

    `pem`: certificate chain and private key.
    """
    require(shutil.which("haproxy"), "haproxy is not installed")
    collector, site = free_port(), free_port()
    config, certificate = folder / "haproxy.cfg", folder / "haproxy.pem"
    certificate.write_bytes(pem)
    config.write_text(configuration(front, collector, site, machines, certificate), "utf-8")
    checked = subprocess.run(
        ["haproxy", "-c", "-f", str(config)], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stderr
    with (folder / "haproxy.log").open("ab") as log:
        process = subprocess.Popen(
            ["haproxy", "-db", "-f", str(config)], stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
    try:
        for port in (collector, site):
            _until_it_listens(front, port, process)
        yield Front(f"https://{front}:{collector}", f"http://{front}:{site}/")
    finally:
        process.kill()
        process.wait()


def _until_it_listens(address: str, port: int, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + ANSWER_S
    while True:
        try:
            socket.create_connection((address, port), timeout=1).close()
        except OSError:
            assert process.poll() is None, "haproxy ended"
            assert time.monotonic() < deadline, "haproxy does not listen"
            time.sleep(0.05)
        else:
            return
