"""Debian's danted: a SOCKS 5 server that is nobody's test double, on a loopback address of its own."""

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import which

from tests.support.environment import require

SOCKET_S = 10.0
CONFIG = """
logoutput: {folder}/log
internal: {host} port = {port}
external: {host}
clientmethod: none
socksmethod: {method}
user.privileged: {user}
user.unprivileged: {user}
client pass {{ from: 0.0.0.0/0 to: 0.0.0.0/0 }}
socks pass {{ from: 0.0.0.0/0 to: 0.0.0.0/0 command: {commands} }}
"""


@contextmanager
def danted(folder: Path, host: str, *, udp: bool = True) -> Iterator[int]:
    """Serve until the end of the block; its port. Skips, or fails in CI, where it is not installed."""
    require(which("danted"), "danted is not installed (dante-server)")
    with socket.socket() as free:
        free.bind((host, 0))
        port: int = free.getsockname()[1]
    commands = "connect udpassociate udpreply" if udp else "connect"
    config = folder / "danted.conf"
    config.write_text(
        CONFIG.format(
            folder=folder, host=host, port=port, method="none", user=folder.owner(), commands=commands
        )
    )
    process = subprocess.Popen(
        ["danted", "-f", str(config), "-p", str(folder / "pid")],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        _await(process, folder, host, port)
        yield port
    finally:
        process.terminate()
        process.wait(10)
        assert process.stderr is not None
        process.stderr.close()


def _await(process: "subprocess.Popen[bytes]", folder: Path, host: str, port: int) -> None:
    give_up_at = time.monotonic() + SOCKET_S
    while time.monotonic() < give_up_at and process.poll() is None:
        try:
            socket.create_connection((host, port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    assert process.stderr is not None
    log = folder / "log"
    raise RuntimeError(f"danted did not start: {process.poll()} {log.read_text() if log.exists() else ''}")
