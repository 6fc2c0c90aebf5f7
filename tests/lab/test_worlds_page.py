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
        *(w.id for w in table.matrix if w.guilty),
        *(w.id for w in table.matrix if not w.guilty),
        *(w.id for w in table.worlds if w.demo),
        *(w.id for w in table.of_every_app),
        *(w.id for w in table.of_leg_order),
        *(w.id for w in table.of_family("ndpi")),
        *table.lines,
    ]
    assert {row.count(" | ") for row in rows} == {6, 4, 3}
    assert "| every app |" in page
    assert "| discord: blocked, setup, up |" in page
    assert "| `TeamsCall` | skype: blocked, setup, `app.drop`, up; teams: blocked, setup" in page
    assert "`stun-cookie + sip-text`" not in page
    assert "`chain stun-cookie + sip-text`" in page
