"""The matrix: what is no longer measured says since when, and is never counted as passing."""

import json
from pathlib import Path

from tests.site.bundles import altered
from voipwatch.site.bundle import read_bundle
from voipwatch.site.links import Here
from voipwatch.site.pages.matrix import (
    app_matrix,
    bad_now,
    country_matrix,
    counts,
    operator_matrix,
    state_now,
)
from voipwatch.site.pages.site import Site
from voipwatch.site.words import words

EN = words("en")


def stale(made: Path, target: Path) -> Site:
    """Nobody has measured Viber for a week; WhatsApp has no row that decides."""
    document = json.loads((made / "states.json").read_bytes())
    viber, whatsapp = document["series"]
    viber |= {"measured": False, "state": "insufficient"}
    whatsapp |= {"measured": False, "state": "insufficient", "row": None, "measured_until": None}
    return Site(read_bundle(altered(made, target, {"states.json": json.dumps(document).encode()})))


def test_a_matrix_of_a_country(site: Site) -> None:
    [line] = country_matrix(site, EN, Here("en", "countries/MA/"), "MA").lines
    assert [cell.state for cell in line.cells if cell] == ["ok", "blocked"]
    assert [str(cell.text) for cell in line.cells if cell] == ["passes", "blocked"]
    assert line.operator is not None
    assert line.operator.href == "operators/AS36925/"


def test_other_matrices(site: Site) -> None:
    here = Here("en", "countries/MA/operators/AS36925/")
    assert operator_matrix(site, EN, here, "MA", "AS36925").lines[0].heading == "4G"
    matrix = app_matrix(site, EN, here, "MA", "whatsapp")
    assert ([column.text for column in matrix.columns], len(matrix.lines)) == (["4G"], 1)


def test_what_is_not_measured_is_not_ok(made: Path, tmp_path: Path) -> None:
    site = stale(made, tmp_path / "b")
    [line] = country_matrix(site, EN, Here("en", "countries/MA/"), "MA").lines
    first, second = line.cells
    assert first is not None
    assert second is not None
    assert (first.state, str(first.text)) == ("unmeasured", "no longer measured since 16 January 2016")
    assert (second.state, str(second.text)) == ("unmeasured", "not measured")
    assert second.href == "series/AS36925/4g/whatsapp/"
    assert [(count.state, count.n) for count in counts(EN, site.of("MA"))] == [("unmeasured", 2)]
    assert bad_now(site.of("MA")) == ()


def test_what_stops_now(site: Site) -> None:
    assert [state.app for state in bad_now(site.of("MA"))] == ["whatsapp"]
    assert [state_now(state) for state in site.of("MA")] == ["ok", "blocked"]


def test_a_series_that_never_was_is_a_hole(site: Site, made: Path, tmp_path: Path) -> None:
    document = json.loads((made / "states.json").read_bytes())
    document["series"][0]["access"] = "3g"
    bundle = read_bundle(altered(made, tmp_path / "b", {"states.json": json.dumps(document).encode()}))
    # Only its place in the table is asked for, not its rows.
    other = Site(bundle, _histories={("MA", "AS36925", "3g", "viber"): site.history(site.of("MA")[0])})
    lines = country_matrix(other, EN, Here("en", "countries/MA/"), "MA").lines
    assert [[cell is None for cell in line.cells] for line in lines] == [[False, True], [True, False]]
    assert (lines[0].span, lines[1].operator) == (2, None)
