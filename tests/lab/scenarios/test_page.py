from pathlib import Path

from voipwatch.lab.scenarios.page import scenarios_page
from voipwatch.lab.scenarios.reading import NAMES, load_scenario


def test_the_page_in_the_documentation_is_current(repository: Path) -> None:
    page = (repository / "docs" / "scenarios.md").read_text(encoding="utf-8")
    wanted = scenarios_page(load_scenario(name) for name in NAMES)
    assert page == wanted, "run python -m voipwatch.lab.scenarios.page > docs/scenarios.md"


def test_every_operator_block_noise_and_size_has_its_row() -> None:
    scenario = load_scenario("morocco-2016")
    rows = [line for line in scenarios_page([scenario]).splitlines() if line.startswith("| ")]
    tables = (
        scenario.operators,
        scenario.accesses,
        scenario.blocks,
        scenario.press,
        scenario.noise,
        scenario.sizes,
    )
    assert len(rows) == sum(len(each) for each in tables) + len(tables)
    assert any("emulat" in line for line in scenarios_page([scenario]).splitlines()[:15])
