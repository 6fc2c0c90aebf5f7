"""A running `voipwatch serve`, and a client of its collector that may come from any loopback address."""

import http.client
import os
import selectors
import signal
import ssl
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from voipwatch.model.instants import iso
from voipwatch.model.submission import Submission

READY_S = 180.0


@dataclass
class Serving:
    """Its process and its ready line."""

    process: "subprocess.Popen[bytes]"
    fields: dict[str, str]

    @property
    def pids(self) -> dict[str, int]:
        """Of its parts, as it said when it was ready."""
        return {role: int(pid) for role, pid in (p.split(":") for p in self.fields["pids"].split(","))}

    def stop(self, *, timeout_s: float = 120.0) -> int:
        """SIGTERM; its exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout_s)


def start_serve(
    data: Path, *options: str, bind: str, log: Path, port: str = "0", control: str = "0"
) -> Serving:
    """Start and wait until it is ready; AssertionError with what it said where it is not."""
    arguments = [
        sys.executable, "-m", "voipwatch", "serve", "--data", str(data), "--bind", bind,
        "--control-port", control, "--collector-port", port, "--metrics-port", "0",
        "--without-canary", "--without-geo", "--every", "1", *options,
    ]  # fmt: skip
    with log.open("ab") as stderr:
        process = subprocess.Popen(
            arguments,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=stderr,
            env=dict(os.environ),
        )
    assert process.stdout is not None
    with selectors.DefaultSelector() as selector:  # select() knows no descriptor above 1023
        selector.register(process.stdout, selectors.EVENT_READ)
        readable = selector.select(READY_S)
    line = process.stdout.readline().decode() if readable else ""
    if " ready " not in line:
        process.kill()
        process.wait()
        raise AssertionError(f"not ready: {line!r}; {log.read_text('utf-8')}")
    return Serving(process, dict(part.split("=", 1) for part in line.split() if "=" in part))


@contextmanager
def serving(
    data: Path, *options: str, bind: str, log: Path, port: str = "0", control: str = "0"
) -> Iterator[Serving]:
    """Running until the end of the block; whatever is left of it then is killed by its pid."""
    running = start_serve(data, *options, bind=bind, log=log, port=port, control=control)
    try:
        yield running
    finally:
        if running.process.poll() is None:
            with suppress(subprocess.TimeoutExpired):
                running.stop()
            if running.process.poll() is None:
                running.process.kill()
                running.process.wait()
        assert running.process.stdout is not None
        running.process.stdout.close()


class Client:
    """Talks to a collector from one source address, over one connection that is renewed when it broke."""

    def __init__(self, url: str, source: str) -> None:
        self._place, self._source = urlsplit(url), source
        self._connection: http.client.HTTPSConnection | None = None
        self.tokens: dict[tuple[str, str], str] = {}

    def request(self, method: str, path: str, body: bytes = b"") -> tuple[int, Any]:
        """Status and decoded answer. Raises OSError, http.client.HTTPException."""
        if self._connection is None:
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            assert self._place.hostname is not None
            self._connection = http.client.HTTPSConnection(
                self._place.hostname,
                self._place.port,
                source_address=(self._source, 0),
                context=context,
                timeout=30,
            )
        try:
            self._connection.request(method, path, body=body)
            response = self._connection.getresponse()
            content = response.read()
        except (OSError, http.client.HTTPException):
            self.close()
            raise
        return response.status, msgspec.json.decode(content) if content else None

    def enrol(self, pseudonym: str, month: str) -> str:
        """The token, once."""
        known = self.tokens.get((pseudonym, month))
        if known is None:
            asked = {"schema": "voipwatch.enrolment/1", "pseudonym": pseudonym, "month": month}
            status, answer = self.request("POST", "/api/v1/enrolments", msgspec.json.encode(asked))
            assert status in {200, 201}, answer
            known = self.tokens[pseudonym, month] = answer["token"]
        return known

    def submit(self, submissions: Sequence[Submission], *, enrolled: bool = True) -> list[dict[str, Any]]:
        """Send them as one batch, enrolled and dated now; one result each."""
        now = iso(datetime.now(tz=UTC).timestamp())
        bodies = []
        for submission in submissions:
            word = submission.probe
            token = self.enrol(word.pseudonym, word.month) if enrolled else ""
            word = msgspec.structs.replace(word, sent_at=now, queued_at=now, enrolment=token)
            bodies.append(msgspec.structs.replace(submission, probe=word))
        status, answer = self.request("POST", "/api/v1/reports", msgspec.json.encode(bodies))
        assert status == 200, answer
        results: list[dict[str, Any]] = answer["results"]
        return results

    def close(self) -> None:
        """Give the connection back."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
