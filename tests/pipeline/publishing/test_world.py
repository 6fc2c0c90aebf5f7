import pytest

from tests.pipeline.publishing.support import MONDAY
from voipwatch.model.bundle import SeriesId
from voipwatch.model.vocabulary import Access
from voipwatch.pipeline.publishing.world import MixedWorldsError, World, document


def series(instance: str) -> SeriesId:
    return SeriesId("MA", "AS1", Access.G4, "viber", instance)


def test_only_its_own_rows_are_admitted() -> None:
    for instance, other in (("", "lab"), ("lab", ""), ("lab", "lab2")):
        World(instance, MONDAY).admit([series(instance)] * 3)
        with pytest.raises(MixedWorldsError, match="a row of"):
            World(instance, MONDAY).admit([series(instance), series(other)])


def test_every_file_says_of_which_world_and_until_when() -> None:
    told = World("lab", MONDAY).head("x/1")
    assert told == {
        "schema": "x/1",
        "as_of": "2016-01-04T00:00:00Z",
        "valid_until": "2016-01-06T00:00:00Z",
        "synthetic": True,
        "instance": "lab",
    }
    assert World("", MONDAY, final=True).head("x/1")["valid_until"] == "2016-01-04T00:00:00Z"
    assert document(told, {}).endswith(b"}\n")
