"""Columns of packets and the receive window, against a plain set."""

from hypothesis import given
from hypothesis import strategies as st

from voipwatch.reflector.core.packets import PacketLog, ReceiveWindow


@given(seqs=st.lists(st.integers(0, 299), max_size=200))
def test_the_window_agrees_with_a_set(seqs: list[int]) -> None:
    window, seen, newest_us = ReceiveWindow.of(300), set[int](), 0
    for n, seq in enumerate(seqs):
        assert window.admits(seq)
        assert window.receive(seq, n) == (seq not in seen)
        if not seen or seq > max(seen):
            newest_us = n
        seen.add(seq)
        highest = max(seen)
        assert (window.highest_seq, window.count, window.highest_us) == (highest, len(seen), newest_us)
        expected = sum(1 << i for i in range(64) if highest - 1 - i in seen)
        assert window.bitmap == expected


def test_the_window_admits_what_the_script_has() -> None:
    window = ReceiveWindow.of(10)
    assert [window.admits(seq) for seq in (-1, 0, 9, 10, 15, 2**32)] == [
        False,
        True,
        True,
        False,
        False,
        False,
    ]


def test_struck_packets_are_left_out_of_every_column() -> None:
    log = PacketLog()
    for n in range(4):
        log.add(n, 10 * n, size_bytes=100 + n, crc=n)
    log.strike(2)
    columns = log.columns()
    assert (columns.seq, columns.t_us) == ([0, 1, 3], [0, 10, 30])
    assert (columns.size_bytes, columns.crc) == ([100, 101, 103], [0, 1, 3])


def test_the_largest_values_fit() -> None:
    log = PacketLog()
    log.add(2**32 - 1, 2**50, size_bytes=65_535, crc=2**32 - 1)
    assert log.columns().seq == [2**32 - 1]
