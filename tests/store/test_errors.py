import pytest

from voipwatch.store.errors import StoreError


def test_a_sentence_names_what_happened_and_what_to_do() -> None:
    error = StoreError("missing-engine", "chdb-core-lite")
    assert str(error) == "the store needs the library chdb-core-lite: pip install 'voipwatch[observatory]'"
    assert (error.reason, error.detail) == ("missing-engine", "chdb-core-lite")
    with pytest.raises(KeyError):
        StoreError("no-such-reason")
