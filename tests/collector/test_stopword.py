from pathlib import Path

import msgspec
import pytest

from voipwatch.collector.keys import Signer
from voipwatch.collector.stopword import FOREVER, LOOK_S, STOP_FILE, StopWord, say_stop
from voipwatch.wire.receipt import verify_document

NOW = 1_795_305_600.0
SIGNER = Signer(bytes(32))


def test_it_holds_from_when_it_is_written_until_its_end(tmp_path: Path) -> None:
    word = StopWord(tmp_path, SIGNER)
    assert word.current(NOW) is None
    say_stop(tmp_path, NOW + 3600, "The courts have asked us to.")
    assert word.current(NOW + LOOK_S / 2) is None  # not looked at yet
    stop = word.current(NOW + LOOK_S)
    assert stop is not None
    assert (stop.reason, stop.until) == ("The courts have asked us to.", "2026-11-22T01:00:00Z")
    assert verify_document(msgspec.to_builtins(stop), SIGNER.public)
    assert word.current(NOW + 3599) == stop
    assert word.current(NOW + 3600) is None
    (tmp_path / STOP_FILE).unlink()
    assert word.current(NOW + 10) is None


@pytest.mark.parametrize("content", ["stop at once", "", "2026-13-45T00:00:00Z x", "\udcff"])
def test_a_file_that_says_no_time_is_a_word_for_good(tmp_path: Path, content: str) -> None:
    (tmp_path / STOP_FILE).write_bytes(content.encode("utf-8", "surrogateescape"))
    stop = StopWord(tmp_path, SIGNER).current(NOW)
    assert stop is not None
    assert stop.until == FOREVER


def test_a_changed_word_is_heard(tmp_path: Path) -> None:
    word = StopWord(tmp_path, SIGNER)
    say_stop(tmp_path, NOW + 3600, "one")
    first = word.current(NOW)
    say_stop(tmp_path, NOW + 7200, "two")
    second = word.current(NOW + LOOK_S)
    assert first is not None
    assert second is not None
    assert (first.reason, second.reason) == ("one", "two")
