from pathlib import Path

from voipwatch.lab.worlds import load_worlds
from voipwatch.lab.worlds_page import worlds_page


def test_the_page_in_the_documentation_is_current(repository: Path) -> None:
    page = (repository / "docs" / "worlds.md").read_text(encoding="utf-8")
    assert page == worlds_page(load_worlds()), "run python -m voipwatch.lab.worlds_page > docs/worlds.md"


def test_every_world_and_line_has_its_row_and_every_row_its_cells() -> None:
    page = worlds_page(load_worlds())
    rows = [line for line in page.splitlines() if line.startswith("| `")]
    table = load_worlds()
    assert [row.split("`")[1] for row in rows] == [
        *(w.id for w in table.matrix),
        *(w.id for w in table.worlds if w.demo),
        *(w.id for w in table.of_every_app),
        *(w.id for w in table.of_leg_order),
        *(w.id for w in table.of_two_reflectors),
        *(w.id for w in table.of_family("ndpi")),
        *table.lines,
    ]
    assert {row.count(" | ") for row in rows} == {6, 5, 4, 3}
    assert {row.count(" | ") for row in rows[: len(table.matrix)]} == {5}
    assert page.count(", run |") + page.count("| run |") == sum(w.kernel for w in table.matrix)
    assert "| `policy.bytes` 3200 to 7000 | nftables, run | each: blocked, voice, `flow.cut`, both |" in page
    assert "`policy.ports` [[53,53]] or [[53,53],[123,123]]" in page
    assert "| every app |" in page
    assert "| discord: blocked, setup, up |" in page
    assert "| `TeamsCall` | skype: blocked, setup, `app.drop`, up; teams: blocked, setup" in page
    assert "`stun-cookie + sip-text`" not in page
    assert "`chain stun-cookie + sip-text`" in page


def test_the_numbers_of_worlds_that_are_told_are_counted(repository: Path) -> None:
    table = load_worlds()
    words = {6: "six", 7: "seven", 9: "nine"}
    counts = {
        "all": len(table.worlds),
        "matrix": len(table.matrix),
        "every": len(table.of_every_app),
        "ndpi": len(table.of_family("ndpi")),
        "order": len(table.of_leg_order),
        "ways": len(table.of_two_reflectors),
        "demo": sum(w.demo for w in table.worlds),
    }
    said = {name: words.get(count, str(count)) for name, count in counts.items()}
    assert counts["all"] == sum(counts.values()) - counts["all"], "each world is of one kind"
    readme = " ".join((repository / "README.md").read_text(encoding="utf-8").split())
    assert f"has {said['matrix']} worlds whose truth is known" in readme
    guilty = sum(w.guilty for w in table.matrix)
    assert f"{guilty} guilty and {counts['matrix'] - guilty} innocent" in readme
    assert (
        f"{said['every']} of one app's own signature, {said['ndpi']} of what nDPI names, "
        f"{said['order']} of the order of legs, {said['ways']} of two reflectors "
        f"and {said['demo']} for showing, "
        f"{said['all']} in all"
    ) in readme
    log = " ".join((repository / "CHANGELOG.md").read_text(encoding="utf-8").split())
    assert (
        f"The lab: {said['all']} worlds, the matrix's {said['matrix']} of guilty and innocent lines, "
        f"{said['every']} of one app's signature, {said['ndpi']} of what nDPI takes for an app's call, "
        f"{said['order']} of the order of legs, {said['ways']} of two reflectors "
        f"and {said['demo']} for showing"
    ) in log
