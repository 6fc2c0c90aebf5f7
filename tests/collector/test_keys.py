import os
from pathlib import Path

import msgspec
import pytest

from voipwatch.collector.keys import KEYS_FILE, Enrolments, KeysError, Signer, kept_keys, write_private
from voipwatch.model.submission import Receipt
from voipwatch.wire.receipt import verify_document


def test_keys_are_made_once_and_kept_for_their_owner(tmp_path: Path) -> None:
    first = kept_keys(tmp_path, os.urandom)
    assert kept_keys(tmp_path, os.urandom) == first
    assert (tmp_path / KEYS_FILE).stat().st_mode & 0o777 == 0o600
    assert first.signing != first.enrolment


@pytest.mark.parametrize("content", [b"", b"{}", b'{"signing":"","enrolment":""}', b"\xff"])
def test_a_damaged_key_file_is_said_and_not_replaced(tmp_path: Path, content: bytes) -> None:
    (tmp_path / KEYS_FILE).write_bytes(content)
    with pytest.raises(KeysError):
        kept_keys(tmp_path, os.urandom)
    assert (tmp_path / KEYS_FILE).read_bytes() == content


@pytest.mark.parametrize("count", [1, 2, 5])
def test_each_receipt_is_signed(count: int) -> None:
    signer = Signer(bytes(32))
    unsigned = [
        Receipt(f"{number:032x}", "cd" * 32, "2026-11-22T00:00:00Z", signer.public) for number in range(count)
    ]
    receipts = signer.receipts(unsigned)
    assert [msgspec.structs.replace(receipt, signature="") for receipt in receipts] == unsigned
    for receipt in receipts:
        document = msgspec.to_builtins(receipt)
        assert verify_document(document, signer.public)
        assert not verify_document({**document, "report_id": "ff" * 16}, signer.public)
    assert len({receipt.signature[:128] for receipt in receipts}) == 1
    assert signer.receipts([]) == []


def test_a_token_is_for_one_pseudonym_and_month_of_one_collector() -> None:
    mine, other = Enrolments(bytes(32)), Enrolments(bytes([1]) * 32)
    token = mine.token("ab" * 16, "2026-11")
    assert mine.holds("ab" * 16, "2026-11", token)
    assert not mine.holds("cd" * 16, "2026-11", token)
    assert not mine.holds("ab" * 16, "2026-12", token)
    assert not other.holds("ab" * 16, "2026-11", token)
    assert not mine.holds("ab" * 16, "2026-11", "é")


def test_a_file_is_replaced_whole_whatever_an_earlier_try_left(tmp_path: Path) -> None:
    path = tmp_path / "x"
    (tmp_path / ".x.new").write_bytes(b"half")
    write_private(path, b"one")
    write_private(path, b"two")
    assert path.read_bytes() == b"two"
    assert [each.name for each in tmp_path.iterdir()] == ["x"]
    assert path.stat().st_mode & 0o777 == 0o600
