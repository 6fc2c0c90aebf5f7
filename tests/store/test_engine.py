import os
import socket
import sys
from contextlib import suppress
from pathlib import Path

import pyarrow as pa
import pytest

from tests.store.support import make_vote, rows_of
from voipwatch.store import engine as engines
from voipwatch.store.opening import open_store
from voipwatch.store.rows import with_segment
from voipwatch.store.store import Store


def test_an_insert_under_the_same_token_changes_nothing(store: Store) -> None:
    rows = with_segment(rows_of([make_vote(0)]).votes_table(), "s1")
    for token in ("t1", "t1", "t2", ""):
        store._engine.insert("votes", rows, token)
    assert engines.scalar(store._engine, "SELECT count() FROM votes") == 3
    store._engine.insert("votes", rows.slice(0, 0))


def test_pieces_are_always_cut_the_same_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "CHUNK_ROWS", 3)
    table = pa.table({"n": list(range(7))})
    assert [piece["n"].to_pylist() for piece in engines.chunks(table)] == [[0, 1, 2], [3, 4, 5], [6]]
    assert engines.chunks(table.slice(0, 0)) == []


def test_words_come_as_dictionaries_and_nothing_is_printed(
    store: Store, capfd: pytest.CaptureFixture[str]
) -> None:
    store.insert_segment("s1", rows_of([make_vote(0)]))
    answer = store.select("SELECT operator, hour FROM votes WHERE operator = {o:String}", {"o": "AS36925"})
    assert pa.types.is_dictionary(answer.schema.field("operator").type)
    assert answer["hour"].type == pa.uint32()
    assert capfd.readouterr() == ("", "")


def test_parameters_are_values_whatever_is_in_them(store: Store) -> None:
    for text in ("' OR 1", "a\\'b", "{x:String}", "Ω — \n\t"):
        assert store.select("SELECT {x:String} AS x", {"x": text}).to_pylist() == [{"x": text}]


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_engine_opens_no_connection(tmp_path: Path) -> None:
    """Beside those of this process that were there before, which are other tests' business."""
    before = inet_sockets()
    with open_store(f"chdb://{tmp_path}/store", create=True) as store:
        store.insert_segment("s1", rows_of([make_vote(0)]))
        assert store.select("SELECT count() AS n FROM votes").to_pylist() == [{"n": 1}]
        assert inet_sockets() - before == set()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as seen:
            seen.bind(("127.0.0.1", 0))
            assert inet_sockets() - before == {str(os.fstat(seen.fileno()).st_ino)}


def inet_sockets() -> set[str]:
    """This process's internet sockets, by inode."""
    links = []
    for fd in Path("/proc/self/fd").iterdir():
        with suppress(OSError):
            links.append(str(fd.readlink()))
    inet = {
        line.split()[9]
        for name in ("tcp", "tcp6", "udp", "udp6")
        for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]
    }
    return inet & {link[8:-1] for link in links if link.startswith("socket:")}
