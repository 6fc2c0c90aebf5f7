"""Names of apps are those of the profiles; states and accesses are those of the model."""

from voipwatch.apps.library import load_profiles
from voipwatch.model.cells import CellState
from voipwatch.model.vocabulary import Access
from voipwatch.site.names import ACCESSES, STATES, access_rank, app_name, app_rank


def test_names_are_those_of_the_profiles() -> None:
    for profile in load_profiles().profiles:
        assert app_name(profile.id) == profile.name.removesuffix(" (synthetic)"), profile.id


def test_every_state_and_access_is_there() -> None:
    assert set(STATES) == {*CellState, "unmeasured"}
    assert list(ACCESSES) == list(Access)


def test_order() -> None:
    assert sorted(["zoom", "line", "imo", "own"], key=app_rank) == ["imo", "own", "zoom", "line"]
    assert sorted(["x", "wifi", "3g"], key=access_rank) == ["3g", "wifi", "x"]
    assert app_name("own") == "own"
