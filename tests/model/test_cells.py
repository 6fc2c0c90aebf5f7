"""Names and numbers of cells that the published table carries."""

import msgspec

from voipwatch.model.cells import MAJORITY_RATIO, PROBES_MIN, CellKey, CellState
from voipwatch.model.vocabulary import Access


def test_the_states_are_those_of_the_design() -> None:
    words = {"ok", "blocked", "throttled", "down", "intermittent", "insufficient", "silent"}
    assert {state.value for state in CellState} == words


def test_one_voice_among_the_fewest_can_neither_make_nor_break_a_majority() -> None:
    fewest = PROBES_MIN
    assert 1 / fewest < MAJORITY_RATIO <= (fewest - 1) / fewest


def test_keys_are_ordered_as_tables_are() -> None:
    rabat, casa = (CellKey("MA", operator, Access.G4, "whatsapp", "call", 0) for operator in ("AS1", "AS2"))
    assert rabat < casa < msgspec.structs.replace(casa, hour=3600)
