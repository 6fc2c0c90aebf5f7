"""The compiled core's build, and its hashes against Python's."""

import subprocess
import sys
import sysconfig
from hashlib import blake2b, shake_128
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.reflector.compiled import hot
from voipwatch.reflector import compiled


@given(
    key=st.binary(min_size=1, max_size=64),
    person=st.binary(max_size=16).filter(lambda person: b"\0" not in person),
    message=st.one_of(
        st.binary(min_size=1, max_size=400),
        st.sampled_from([127, 128, 129, 255, 256, 257]).map(lambda size: b"m" * size),
    ),
    size=st.integers(1, 64),
)
def test_blake2b_is_that_of_hashlib(key: bytes, person: bytes, message: bytes, size: int) -> None:
    right = blake2b(message, key=key, person=person, digest_size=size).digest()
    assert hot().keyed_hash(key, person, message, size) == right


@given(st.binary(max_size=167), st.integers(0, 1400))
def test_shake128_is_that_of_hashlib(seed: bytes, size: int) -> None:
    assert hot().shake128(seed, size) == shake_128(seed).digest(size)


@pytest.mark.parametrize(
    ("key", "person", "message", "size"),
    [
        (b"", b"p", b"m", 8),
        (bytes(65), b"p", b"m", 8),
        (b"k", bytes(17), b"m", 8),
        (b"k", b"p", b"", 8),
        (b"k", b"p", b"m", 0),
        (b"k", b"p", b"m", 65),
    ],
)
def test_what_has_no_hash_is_refused(key: bytes, person: bytes, message: bytes, size: int) -> None:
    with pytest.raises(ValueError, match="out of range"):
        hot().keyed_hash(key, person, message, size)


def test_a_seed_or_a_size_out_of_range_is_refused() -> None:
    for seed, size in ((bytes(168), 1), (b"s", -1), (b"s", 65_536)):
        with pytest.raises(ValueError, match="out of range"):
            hot().shake128(seed, size)


def test_without_a_compiler_it_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    if sys.platform == "linux":
        with pytest.raises(compiled.UnavailableError, match="no C compiler"):
            compiled.load()


def test_without_headers_it_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    hot()
    monkeypatch.setattr(sysconfig, "get_paths", lambda: {"include": str(tmp_path)})
    with pytest.raises(compiled.UnavailableError, match="headers"):
        compiled.load()


def test_a_build_that_fails_says_so() -> None:
    hot()
    with pytest.raises(compiled.UnavailableError, match="build failed"):
        compiled.load(flags=["--no-such-flag"])


def test_a_library_that_is_none_is_an_import_error(tmp_path: Path) -> None:
    (tmp_path / "x.so").write_bytes(b"no library")
    with pytest.raises(ImportError):
        compiled.load_file(tmp_path / "x.so")


def test_nothing_of_the_build_is_left(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    hot()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(subprocess, "run", _bad_build(compiled.NAME))
    with pytest.raises(compiled.UnavailableError):
        compiled.load()
    assert list(tmp_path.iterdir()) == []


def _bad_build(name: str) -> object:
    def run(command: list[str], **_: object) -> None:
        library = Path(command[-1])
        assert library.name == f"{name}.so"
        assert library.parent.stat().st_mode & 0o077 == 0
        library.write_bytes(b"no library")

    return run
