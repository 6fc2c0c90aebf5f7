"""A running `voipwatch collector` over TLS on loopback, as an operator starts it."""

import os
import selectors
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from voipwatch.probe.settings import Collector
from voipwatch.reflector.certificate import Certificate, make_certificate

READY_S = 60.0


@dataclass
class Collecting:
    """Its process, its place, and what a probe is told of it."""

    process: "subprocess.Popen[bytes]"
    data: Path
    place: Collector

    def stop(self) -> int:
        """SIGTERM; its exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)


def certificate_of(folder: Path) -> Certificate:
    """A certificate, in `folder`/chain.pem and key.pem."""
    made = make_certificate(datetime.now(tz=UTC))
    (folder / "chain.pem").write_bytes(made.chain)
    (folder / "key.pem").write_bytes(made.key)
    return made


@contextmanager
def collecting(
    data: Path, *options: str, reflector: str, certificate: Certificate, host: str, port: int = 0
) -> Iterator[Collecting]:
    """Serve until the end of the block; killed by its pid if it does not stop."""
    folder = data.parent
    arguments = [
        sys.executable, "-m", "voipwatch", "collector", "--data", str(data), "--reflector-key", reflector,
        "--bind", f"{host}:{port}", "--metrics", "none", "--without-geo",
        "--certificate", str(folder / "chain.pem"), "--certificate-key", str(folder / "key.pem"), *options,
    ]  # fmt: skip
    log = folder / "collector.log"
    with log.open("ab") as stderr:
        process = subprocess.Popen(
            arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=stderr, env=dict(os.environ)
        )
    assert process.stdout is not None
    try:
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            assert selector.select(READY_S), "not ready in time"
        line = process.stdout.readline().decode()
        assert " ready " in line, log.read_text("utf-8")
        said = dict(part.split("=", 1) for part in line.split() if "=" in part)
        listens = int(said["http"].rpartition(":")[2])
        yield Collecting(process, data, Collector(host, listens, pin=certificate.pin, key=said["key"]))
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            assert process.wait(60) == 0, log.read_text("utf-8")
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        process.stdout.close()
