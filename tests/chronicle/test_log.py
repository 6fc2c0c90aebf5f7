"""A log that was tampered with anywhere says so by line."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.chronicle.writing import EDITOR, LATER, MACHINE, NOON, Writing
from voipwatch.chronicle.log import (
    FIRST_PREV,
    LogError,
    append,
    canonical,
    complete_lines,
    digest_of,
    public_key_of,
    read_line,
    read_log,
)
from voipwatch.model.acts import EntryKind, KeyEntry, KeyRole, Reply, ReplySide


def written() -> list[bytes]:
    log = Writing()
    incident = log.detect()
    log.told(incident)
    log.review(incident)
    reply = Reply(incident.id, ReplySide.OPERATOR, "AS1", "2016-01-13", "Ce n’est pas nous.\nسلام", "fr")
    log.add(EntryKind.REPLY, reply, when=LATER)
    return log.lines


LINES = written()


def test_what_is_written_is_read_and_chained() -> None:
    entries = read_log(LINES)
    assert [entry.n for entry in entries] == [1, 2, 3, 4, 5, 6]
    assert entries[0].prev == FIRST_PREV
    assert entries[3].prev == entries[2].digest
    assert entries[5].body.text == "Ce n’est pas nous.\nسلام", "unedited"
    assert entries[0].key == public_key_of(MACHINE)
    assert entries[5].key == public_key_of(EDITOR)
    tail = read_log(LINES[4:], last=entries[3])
    assert [entry.n for entry in tail] == [5, 6]


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_changed_byte_is_named_by_its_line(data: st.DataObject) -> None:
    number = data.draw(st.integers(0, len(LINES) - 1))
    place = data.draw(st.integers(0, len(LINES[number]) - 1))
    flip = data.draw(st.integers(1, 255))
    line = bytearray(LINES[number])
    line[place] ^= flip
    with pytest.raises(LogError) as caught:
        read_log([*LINES[:number], bytes(line), *LINES[number + 1 :]])
    assert caught.value.line == number + 1
    assert f"line {number + 1}" in str(caught.value)


@pytest.mark.parametrize("gone", range(len(LINES) - 1))
def test_a_line_that_was_taken_out_is_missed(gone: int) -> None:
    with pytest.raises(LogError) as caught:
        read_log([*LINES[:gone], *LINES[gone + 1 :]])
    assert (caught.value.line, caught.value.field) == (gone + 1, "n")


def test_lines_that_changed_places_or_were_put_in_are_found() -> None:
    with pytest.raises(LogError, match="line 3: n"):
        read_log([*LINES[:2], LINES[3], LINES[2], *LINES[4:]])
    key = KeyEntry(public_key_of(EDITOR), KeyRole.EDITOR)
    other = append(read_log(LINES[:1])[0], EntryKind.KEY, key, at=LATER, signer=MACHINE)
    with pytest.raises(LogError, match="line 3: prev"):
        read_log([LINES[0], other, *LINES[2:]])


def signed_again(line: bytes, **changed: object) -> bytes:
    """The line with other fields and a signature that holds."""
    from voipwatch.chronicle.log import _signed  # noqa: PLC0415 -- forged with the log's own means

    document = {**json.loads(line), **changed}
    document = {name: value for name, value in document.items() if value is not None}
    document.pop("signature")
    return canonical(document | {"signature": MACHINE.sign(_signed(document)).hex()})


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"kind": "gossip"}, "kind"),
        ({"at": "yesterday"}, "at"),
        ({"at": 7}, "at"),
        ({"n": "1"}, "n"),
        ({"body": {"role": "instance"}}, "body"),
        ({"body": None}, "body"),
        ({"prev": "xyz"}, "prev"),
    ],
)
def test_a_line_with_a_field_that_is_none_names_it(changed: dict[str, object], field: str) -> None:
    with pytest.raises(LogError) as caught:
        read_line(signed_again(LINES[0], **changed), 1)
    assert caught.value.field == field


def test_unknown_fields_of_later_versions_are_kept_in_the_hash() -> None:
    line = signed_again(LINES[0], later="something")
    assert read_line(line, 1).digest != read_line(LINES[0], 1).digest


@given(st.binary(max_size=200))
def test_no_bytes_break_the_reader(line: bytes) -> None:
    with pytest.raises(LogError):
        read_line(line, 1)


def test_a_line_is_canonical_and_not_too_long() -> None:
    loose = json.dumps(json.loads(LINES[0])).encode()
    with pytest.raises(LogError, match="canonical"):
        read_line(loose, 1)
    with pytest.raises(LogError, match="longer than"):
        read_line(b" " * (5 << 20), 1)


def test_a_line_cut_off_while_it_was_written_is_no_line() -> None:
    assert complete_lines(b"one\ntwo\nthr") == ([b"one", b"two"], b"thr")
    assert complete_lines(b"one\n") == ([b"one"], b"")
    assert complete_lines(b"") == ([], b"")


def test_a_digest_is_of_the_content_alone() -> None:
    key = KeyEntry("00", KeyRole.EDITOR)
    assert (
        digest_of(key)
        == digest_of(KeyEntry("00", KeyRole.EDITOR))
        != digest_of(KeyEntry("01", KeyRole.EDITOR))
    )
    assert NOON < LATER
