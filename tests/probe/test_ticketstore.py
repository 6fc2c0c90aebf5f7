"""Tickets on disk: kept, used once, expired, damaged, and telling nobody which reflector."""

import errno
import json
import os
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voipwatch.model.tickets import ReflectorOffer, Ticket, TicketBatch
from voipwatch.probe.ticketstore import FILE, KEPT_MAX, TicketStore

WALL_S = 1_452_168_000.0
HOST, PORT = "198.51.100.7", 8443
PIN = "ab" * 32


def batch(*numbers: int, key: bytes = bytes(32), expires_in_s: int = 1000) -> TicketBatch:
    offer = ReflectorOffer(1, "0.1.0", key, bytes(16), "digest", [3478], [21873], [443])
    return TicketBatch(offer, [Ticket(n, bytes([n % 256]) * 32, int(WALL_S) + expires_in_s) for n in numbers])


def test_a_kept_ticket_is_used_once(tmp_path: Path) -> None:
    store = TicketStore(tmp_path / "new")
    assert store.add(HOST, PORT, batch(1, 2), wall_s=WALL_S, trust=PIN) == 2
    again = TicketStore(tmp_path / "new")
    taken = [again.take(HOST, PORT, wall_s=WALL_S, trust=PIN) for _ in range(3)]
    assert [None if each is None else each.tickets[0].number for each in taken] == [1, 2, None]
    assert taken[0] is not None
    assert taken[0].offer == batch(1).offer


def test_each_reflector_has_its_own(tmp_path: Path) -> None:
    store = TicketStore(tmp_path)
    store.add(HOST, PORT, batch(1), wall_s=WALL_S, trust=PIN)
    store.add("other.example", PORT, batch(2), wall_s=WALL_S, trust=PIN)
    assert store.take(HOST, 1, wall_s=WALL_S, trust=PIN) is None
    taken = store.take("OTHER.example", PORT, wall_s=WALL_S, trust=PIN)
    assert taken is not None
    assert taken.tickets[0].number == 2


def test_expired_tickets_are_no_good(tmp_path: Path) -> None:
    store = TicketStore(tmp_path)
    store.add(HOST, PORT, batch(1, expires_in_s=10), wall_s=WALL_S, trust=PIN)
    assert store.count(HOST, PORT, wall_s=WALL_S + 9, trust=PIN) == 1
    assert store.count(HOST, PORT, wall_s=WALL_S + 10, trust=PIN) == 0
    assert store.take(HOST, PORT, wall_s=WALL_S + 10, trust=PIN) is None


def test_a_reflector_with_a_new_identity_loses_its_old_tickets(tmp_path: Path) -> None:
    store = TicketStore(tmp_path)
    store.add(HOST, PORT, batch(1), wall_s=WALL_S, trust=PIN)
    assert store.add(HOST, PORT, batch(2, key=b"k" * 32), wall_s=WALL_S, trust=PIN) == 1


def test_their_number_is_bounded(tmp_path: Path) -> None:
    store = TicketStore(tmp_path)
    for n in range(5):
        store.add(HOST, PORT, batch(*range(8 * n, 8 * n + 8)), wall_s=WALL_S, trust=PIN)
    assert store.count(HOST, PORT, wall_s=WALL_S, trust=PIN) == KEPT_MAX
    for n in range(80):
        store.add(f"r{n}.example", PORT, batch(1), wall_s=WALL_S, trust=PIN)
    assert store.count(HOST, PORT, wall_s=WALL_S, trust=PIN) == 0


def test_the_file_is_ours_alone_and_names_nobody(tmp_path: Path) -> None:
    store = TicketStore(tmp_path / "state")
    store.add(HOST, PORT, batch(1), wall_s=WALL_S, trust=PIN)
    files = list((tmp_path / "state").iterdir())
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    assert (tmp_path / "state").stat().st_mode & 0o777 == 0o700
    assert all(HOST.encode() not in path.read_bytes() for path in files)


@given(content=st.binary(max_size=200) | st.just(b'{"salt":"","reflectors":{}}'))
def test_a_damaged_file_is_an_empty_one(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    folder = tmp_path_factory.mktemp("store")
    (folder / FILE).write_bytes(content)
    store = TicketStore(folder)
    assert store.take(HOST, PORT, wall_s=WALL_S, trust=PIN) is None
    assert store.add(HOST, PORT, batch(1), wall_s=WALL_S, trust=PIN) == 1


def test_a_full_disk_keeps_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = TicketStore(tmp_path)
    store.add(HOST, PORT, batch(1), wall_s=WALL_S, trust=PIN)

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    assert store.add(HOST, PORT, batch(2), wall_s=WALL_S, trust=PIN) == 0
    monkeypatch.undo()
    assert store.count(HOST, PORT, wall_s=WALL_S, trust=PIN) == 1


def test_a_folder_that_cannot_be_made_keeps_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    store = TicketStore(tmp_path / "file" / "x")
    assert store.add(HOST, PORT, batch(1), wall_s=WALL_S, trust=PIN) == 0
    assert store.take(HOST, PORT, wall_s=WALL_S, trust=PIN) is None
    nowhere = TicketStore(None)
    assert nowhere.add(HOST, PORT, batch(1), wall_s=WALL_S, trust=PIN) == 0
    assert nowhere.take(HOST, PORT, wall_s=WALL_S, trust=PIN) is None


def test_tickets_are_good_under_the_condition_they_were_fetched_under_alone(tmp_path: Path) -> None:
    store = TicketStore(tmp_path)
    store.add(HOST, PORT, batch(1), wall_s=WALL_S, trust="AB" * 32)
    assert store.count(HOST, PORT, wall_s=WALL_S, trust="insecure") == 0
    assert store.take(HOST, PORT, wall_s=WALL_S, trust="cd" * 32) is None
    assert store.take(HOST, PORT, wall_s=WALL_S, trust="") is None
    assert PIN not in (tmp_path / FILE).read_text().lower(), "a pin names its reflector"
    assert store.take(HOST, PORT, wall_s=WALL_S, trust=PIN) is not None


def test_tickets_of_another_condition_are_dropped_and_never_taken_for_better_ones(tmp_path: Path) -> None:
    """Whoever stood in between an --insecure fetch knows the keys of its tickets."""
    store = TicketStore(tmp_path)
    store.add(HOST, PORT, batch(1), wall_s=WALL_S, trust="insecure")
    assert store.add(HOST, PORT, batch(2), wall_s=WALL_S, trust=PIN) == 1
    taken = store.take(HOST, PORT, wall_s=WALL_S, trust=PIN)
    assert taken is not None
    assert [ticket.number for ticket in taken.tickets] == [2]
    assert store.take(HOST, PORT, wall_s=WALL_S, trust="insecure") is None


def test_a_store_of_before_there_was_trust_keeps_nothing_that_can_be_used(tmp_path: Path) -> None:
    store = TicketStore(tmp_path)
    store.add(HOST, PORT, batch(1), wall_s=WALL_S, trust=PIN)
    document = json.loads((tmp_path / FILE).read_text())
    for kept in document["reflectors"].values():
        del kept["trust"]
    (tmp_path / FILE).write_text(json.dumps(document))
    assert store.take(HOST, PORT, wall_s=WALL_S, trust=PIN) is None
    assert store.count(HOST, PORT, wall_s=WALL_S, trust=PIN) == 0, "so that new ones are fetched"


def test_a_ticket_that_could_not_be_taken_off_the_disk_is_not_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = TicketStore(tmp_path)
    store.add(HOST, PORT, batch(1), wall_s=WALL_S, trust=PIN)

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(os, "fsync", full)
    assert store.take(HOST, PORT, wall_s=WALL_S, trust=PIN) is None


def test_a_kept_offer_that_no_reflector_makes_is_not_used(tmp_path: Path) -> None:
    store = TicketStore(tmp_path)
    odd = batch(1)
    offer = msgspec.structs.replace(odd.offer, udp_ports=[99_999])
    store.add(HOST, PORT, msgspec.structs.replace(odd, offer=offer), wall_s=WALL_S, trust=PIN)
    assert store.take(HOST, PORT, wall_s=WALL_S, trust=PIN) is None


def test_a_deeply_nested_file_keeps_nothing(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text('{"salt":"AAAA","zz":' + "[" * 90_000 + "]" * 90_000 + "}")
    store = TicketStore(tmp_path)
    assert store.take(HOST, PORT, wall_s=WALL_S, trust=PIN) is None
    assert store.add(HOST, PORT, batch(1), wall_s=WALL_S, trust=PIN) == 1
