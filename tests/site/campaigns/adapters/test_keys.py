"""Keys: from a closed file, and nowhere to be seen."""

import pickle
import traceback
from pathlib import Path

import pytest

from tests.support.services import KEY
from voipwatch.site.campaigns.adapters.keys import Key, KeyFileError, KeyProblem, read_key


def kept(path: Path, content: bytes, mode: int = 0o600) -> Path:
    path.write_bytes(content)
    path.chmod(mode)
    return path


def test_a_key_is_read_and_sent_and_not_shown(tmp_path: Path) -> None:
    key = read_key(kept(tmp_path / "key", f"{KEY}\n".encode()))
    assert key.bearer() == {"authorization": f"Bearer {KEY}"}
    assert key.google() == {"x-goog-api-key": KEY}
    for text in (repr(key), str(key), f"{key}", f"{[key]!r}"):
        assert KEY not in text
    with pytest.raises(TypeError):
        pickle.dumps(key)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_file_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    with pytest.raises(KeyFileError) as caught:
        read_key(kept(tmp_path / "key", KEY.encode(), mode))
    assert caught.value.problem is KeyProblem.OPEN_TO_OTHERS


@pytest.mark.parametrize(
    "content", [b"", b"short", b"two keys-in-a-line", b"a\r\nX-Evil: 1234567", b"\xff" * 20, b"k" * 2000]
)
def test_what_is_no_key_is_refused_without_being_quoted(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(KeyFileError) as caught:
        read_key(kept(tmp_path / "key", content))
    assert caught.value.problem is KeyProblem.NO_KEY
    told = "".join(traceback.format_exception(caught.value))
    assert "Evil" not in told
    assert "two keys-in-a-line" not in told


def test_no_file(tmp_path: Path) -> None:
    for path in (tmp_path / "none", tmp_path):
        with pytest.raises(KeyFileError) as caught:
            read_key(path)
        assert caught.value.problem is KeyProblem.UNREADABLE
    with pytest.raises(KeyFileError):
        Key("a\nb-------")
