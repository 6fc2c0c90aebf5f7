import os
from pathlib import Path

import pytest

from voipwatch.store.errors import StoreError
from voipwatch.store.owner import Ownership, holder


def test_the_second_is_told_who_the_first_is(tmp_path: Path) -> None:
    first = Ownership(tmp_path, who="voipwatch serve")
    with pytest.raises(StoreError) as raised:
        Ownership(tmp_path, who="voipwatch store")
    assert str(raised.value) == f"the store is open in another process (voipwatch serve, pid {os.getpid()})"
    first.release()
    first.release()
    Ownership(tmp_path, who="voipwatch store").release()


def test_a_lock_file_that_nobody_holds_is_no_lock(tmp_path: Path) -> None:
    (tmp_path / "owner.lock").write_text("voipwatch serve, pid 1\n", "utf-8")
    owner = Ownership(tmp_path, who="voipwatch")
    assert holder(tmp_path) == f"voipwatch, pid {os.getpid()}", "the old word is gone"
    owner.release()


def test_a_holder_that_left_no_word(tmp_path: Path) -> None:
    assert holder(tmp_path) == "which did not say its name"
