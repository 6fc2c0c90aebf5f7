"""What `voipwatch serve` does before its processes start: ports tried, the folder held, keys made."""

import errno
import fcntl
import os
import socket
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Final, NamedTuple

from voipwatch.cli.errors import Misuse, Trouble
from voipwatch.cli.serve_supervisor import StartError
from voipwatch.cli.values import shown, shown_path

METRICS_HOST: Final = "127.0.0.1"
LOCK_FILE: Final = "serve-lock"


class Port(NamedTuple):
    """A port of TCP that is to be served."""

    option: str
    """Which option names it."""
    address: str
    port: int
    """0: any that is free."""


def require_ports(wanted: Iterable[Port]) -> None:
    """Try the ports that everything else needs, before the slow part of a start. Raises Misuse, Trouble."""
    with ExitStack() as held:
        for option, address, port in wanted:
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            try:
                tried = held.enter_context(socket.socket(family, socket.SOCK_STREAM))
                tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as whoever binds it then
                if family is socket.AF_INET6:
                    tried.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                tried.bind((address, port))
                tried.listen(1)
            except OSError as error:
                if error.errno == errno.EADDRINUSE:
                    raise Misuse("error.serve_port", port=port, address=address, option=option) from error
                if error.errno == errno.EADDRNOTAVAIL:
                    raise Misuse("error.not_ours", address=address) from error
                raise Trouble(
                    "error.bind_failed", reason=shown(f"{address}:{port}: {error.strerror}", longest=200)
                ) from error


def prepare(data: Path, certificate: Path | None, certificate_key: Path | None) -> tuple[str, Path, Path]:
    """The reflector's public key, and the files of the collector's certificate and its private key.

    Those that are named, or ones that it makes in the data folder. Raises StartError.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (  # noqa: PLC0415 -- seldom needed
        Ed25519PrivateKey,
    )

    from voipwatch.reflector.certificate import kept_certificate  # noqa: PLC0415 -- the same
    from voipwatch.reflector.state import DataFolder  # noqa: PLC0415 -- the same

    troubles: list[str] = []
    kept = DataFolder(data / "reflector", troubles.append)
    identity = kept.identity()
    if troubles:
        raise StartError("reflector", troubles[0])
    key = Ed25519PrivateKey.from_private_bytes(identity.private_key).public_key().public_bytes_raw().hex()
    if certificate is not None and certificate_key is not None:
        return key, certificate, certificate_key
    made = kept_certificate(kept)
    folder = data / "tls"
    folder.mkdir(mode=0o700, exist_ok=True)
    chain, private = folder / "certificate.pem", folder / "key.pem"
    chain.write_bytes(made.chain)
    private.touch(mode=0o600)
    private.write_bytes(made.key)
    return key, chain, private


class alone:  # noqa: N801 -- a context, used like a function
    """Holds the folder's lock; it dies with the process."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file: IO[str] | None = None

    def __enter__(self) -> None:
        try:
            file = self._file = (self._folder / LOCK_FILE).open("a+", encoding="utf-8")
        except OSError as error:
            raise Misuse(
                "error.data_folder", path=shown_path(self._folder), reason=error.strerror or ""
            ) from None
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.seek(0)
            holder = file.read().strip() or "?"
            file.close()
            raise Trouble("error.serve_held", path=shown_path(self._folder), pid=holder) from None
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()
