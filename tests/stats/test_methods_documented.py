"""Every method has its page with its sources, and the package gives out what it says."""

import ast
from pathlib import Path

import pytest

import voipwatch.stats as package

# Counting and joining: no method that somebody else published.
BOOKKEEPING = {
    "arrivals",
    "classify_flow",
    "classify_loss",
    "control_lives",
    "find_late_cut",
    "flow_metrics",
    "loss_ratio",
    "loss_runs",
    "packets_to_dead",
    "paired_differences",
    "pairs_needed",
    "summarize_loss",
    "transit_us",
}
METHODS = sorted(p.stem for p in Path(package.__file__).parent.glob("*.py") if not p.stem.startswith("_"))


@pytest.mark.parametrize("method", METHODS)
def test_each_method_has_a_page(repository: Path, method: str) -> None:
    page = (repository / "docs/methods" / f"{method}.md").read_text(encoding="utf-8")
    assert f"`voipwatch.stats.{method}`" in page
    if method != "pairing":  # a definition of ours, no published method
        assert "\nSources: " in page


def test_public_names_exist_and_are_documented() -> None:
    for name in package.__all__:
        assert getattr(package, name).__doc__ or name == "CODECS", name
    assert len(set(package.__all__)) == len(package.__all__)


@pytest.mark.parametrize("method", METHODS)
def test_public_functions_name_a_source_or_a_reason(method: str) -> None:
    """A function that tests, bounds or scores says where it comes from; plain bookkeeping is listed here."""
    assert set(package.__all__) >= BOOKKEEPING
    tree = ast.parse((Path(package.__file__).parent / f"{method}.py").read_text(encoding="utf-8"))
    for node in tree.body:
        if (
            isinstance(node, ast.FunctionDef)
            and not node.name.startswith("_")
            and node.name not in BOOKKEEPING
        ):
            assert "Source:" in (ast.get_docstring(node) or ""), node.name
