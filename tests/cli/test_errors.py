from voipwatch.cli.errors import (
    CLEAR,
    INTERFERENCE,
    INTERRUPTED,
    OUR_FAULT,
    UNDECIDED,
    USAGE,
    Misuse,
    Trouble,
)


def test_statuses_are_those_of_the_contract() -> None:
    assert (CLEAR, INTERFERENCE, UNDECIDED, USAGE, OUR_FAULT, INTERRUPTED) == (0, 1, 2, 64, 70, 130)
    assert Misuse("k").status == USAGE
    assert Trouble("k").status == OUR_FAULT


def test_values_are_kept_as_they_are_for_the_readers_language() -> None:
    assert Misuse("k", low=1, path=None).values == {"low": 1, "path": None}
