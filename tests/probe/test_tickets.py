"""Fetching tickets ahead of time: kept, and every failure told."""

import socket
from pathlib import Path

import pytest

from tests.support.reflector import loopback_of, running_reflector
from voipwatch.model.vocabulary import Failure
from voipwatch.probe import Target, Trust, fetch_tickets


def test_tickets_are_kept_where_there_is_a_disk(tmp_path: Path) -> None:
    ip = loopback_of(__name__)
    with running_reflector(ip) as running:
        target = Target(running.host, running.port, Trust(pin=running.pin))
        assert fetch_tickets(target, 3, tmp_path).kept == 3
        kept = fetch_tickets(target, 2, tmp_path)
        assert (kept.kept, kept.failure) == (5, None)
        (tmp_path / "file").write_text("in the way")
        assert fetch_tickets(target, 1, tmp_path / "file" / "x").failure is Failure.UNKNOWN
    for file in tmp_path.iterdir():
        assert ip.encode() not in file.read_bytes()


@pytest.mark.parametrize("failure", [Failure.DNS_TIMEOUT, Failure.DNS_NXDOMAIN])
def test_a_name_that_does_not_resolve_is_a_failure(tmp_path: Path, failure: Failure) -> None:
    kept = fetch_tickets(Target("x.invalid", 1), 2, tmp_path, resolve=lambda _: failure)
    assert (kept.kept, kept.failure) == (0, failure)


def test_a_dead_reflector_is_a_failure(tmp_path: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        dead = Target("127.0.0.1", unused.getsockname()[1], Trust(insecure=True))
        kept = fetch_tickets(dead, 2, tmp_path)
    assert (kept.kept, kept.failure) == (0, Failure.CONNECTION_REFUSED)
