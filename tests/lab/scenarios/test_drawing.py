from pathlib import Path

import pytest

from voipwatch.lab.scenarios.calendar import Kind
from voipwatch.lab.scenarios.drawing import (
    DamagedCheckError,
    Library,
    Wanted,
    run_check,
    run_missing,
    wanted_checks,
)
from voipwatch.model.measurement import Measurement
from voipwatch.model.results import Check

BUDGET_BYTES = 30_000
IMO = Wanted(Kind("every-call", "clean", ("imo",)), 0, BUDGET_BYTES)


def judge(measurement: Measurement) -> Check:
    return Check(measurement.line, [], "none", [], measurement.costs["line"])


def test_checks_are_of_many_kinds_from_the_first() -> None:
    one, other = Kind("clean", "clean", ("imo",)), Kind("clean", "lossy5", ("imo",))
    wanted = wanted_checks({one: 3, other: 2}, 1)
    assert [(each.kind, each.draw) for each in wanted] == [
        (one, 0), (other, 0), (one, 1), (other, 1), (one, 2),
    ]  # fmt: skip
    assert len({each.seed for each in wanted}) == 5


def test_a_check_is_run_once_and_read_again(tmp_path: Path) -> None:
    steps: list[tuple[int, int]] = []
    library = Library(tmp_path)
    assert library.missing([IMO]) == [IMO]
    run_missing(tmp_path, [IMO], judge=judge, processes=1, on_progress=lambda *at: steps.append(at))
    assert steps == [(1, 1)]
    assert library.missing([IMO]) == []
    assert library.read(IMO) == run_check(IMO, judge), "the same seed is the same check"


def test_a_damaged_check_is_missing_and_never_read(tmp_path: Path) -> None:
    library = Library(tmp_path)
    library.keep(IMO, run_check(IMO, judge))
    path = library.path(IMO)
    whole = path.read_bytes()
    for at in range(0, len(whole), max(1, len(whole) // 40)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        assert library.missing([IMO]) == [IMO], at
        with pytest.raises(DamagedCheckError):
            library.read(IMO)
    path.write_bytes(whole[:-5])
    assert library.missing([IMO]) == [IMO]
    path.write_bytes(whole)
    assert library.missing([IMO]) == []


def test_another_check_lies_elsewhere(tmp_path: Path) -> None:
    library = Library(tmp_path)
    others = [
        Wanted(Kind("clean", "clean", ("imo",)), 0, BUDGET_BYTES),
        Wanted(Kind("every-call", "lossy5", ("imo",)), 0, BUDGET_BYTES),
        Wanted(Kind("every-call", "clean", ("viber",)), 0, BUDGET_BYTES),
        Wanted(IMO.kind, 1, BUDGET_BYTES),
        Wanted(IMO.kind, 0, BUDGET_BYTES + 1),
    ]
    assert len({library.path(each) for each in [IMO, *others]}) == 6
