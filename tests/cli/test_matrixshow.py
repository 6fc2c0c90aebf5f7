from tests.cli.doubles import Stream
from tests.lab.test_confusion import ROWS
from tests.lab.test_matrix import row
from voipwatch.cli.context import Context
from voipwatch.cli.language import texts
from voipwatch.cli.matrixshow import CELLS_MAX, show_matrix
from voipwatch.lab.matrix import MatrixResult, summarise


def shown(result: MatrixResult, lang: str = "en") -> str:
    out = Stream()
    context = Context(texts(lang), stdin=Stream(""), stdout=out, stderr=Stream(), environment={}, width=200)
    show_matrix(context, result)
    return out.getvalue()


def test_confusion_rates_cells_and_totals_are_told() -> None:
    said = shown(summarise(ROWS))
    assert "Guilty worlds: verdict expected, verdict said" in said
    assert "stun-cookie clean 2" in said, "a run to look at"
    assert "33.3 % (6.1 % – 79.2 %)" in said
    assert "Guilty worlds: right mechanisms by line" in said
    assert "On a line too thin for the app: 1 verdicts, 0 of them insufficient" in said
    assert "called blocked or throttled: 1" in said


def test_of_many_cells_only_those_with_a_mistake_are_told() -> None:
    rows = [row(world=f"world-{n}") for n in range(CELLS_MAX)]
    assert "world-7 " in shown(summarise(rows))
    wrong = row(world="wrong-one", verdict="ok", verdict_right=False, mechanism_right=False)
    said = shown(summarise([*rows, wrong]))
    assert f"{CELLS_MAX + 1} cells in all; below are the 1" in said
    assert "wrong-one" in said
    assert "world-7 " not in said.split("cells in all")[1]


def test_it_is_told_in_every_language() -> None:
    for lang in ("fr", "ar"):
        assert texts(lang)("column.seeds") in shown(summarise(ROWS), lang)
