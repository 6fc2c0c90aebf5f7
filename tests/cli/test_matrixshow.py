import re

from tests.cli.doubles import Stream
from tests.lab.test_confusion import ROWS
from tests.lab.test_matrix import row
from voipwatch.cli.context import Context
from voipwatch.cli.language import LANGUAGES, texts
from voipwatch.cli.matrixshow import CELLS_MAX, show_matrix
from voipwatch.lab.matrix import MatrixResult, summarise


def shown(result: MatrixResult, lang: str = "en", width: int = 200) -> str:
    out = Stream()
    context = Context(texts(lang), stdin=Stream(""), stdout=out, stderr=Stream(), environment={}, width=width)
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


def test_a_cell_says_which_mechanism_had_to_be_named() -> None:
    wrong = row(mechanism="sip.drop", mechanism_right=False, expected_mechanism="stun.drop/turn.drop")
    assert " BLOCKED stun.drop/turn.drop " in shown(summarise([wrong]))
    narrow = shown(summarise([wrong]), width=80)
    assert "stun.drop/" in narrow
    assert "BLOCKED\n" not in narrow, "the mechanism is under its verdict, in its column"
    assert "BLOQUÉ stun.drop/turn.drop" in shown(summarise([wrong]), "fr")


def test_it_fits_a_terminal_of_80_columns() -> None:
    rows = [
        *ROWS,
        row(
            world="a-world-of-24-letters-xy",
            app="googlevoice",
            mechanism="dtls.fingerprint",
            mechanism_right=False,
            expected_mechanism="rtp.behaviour",
        ),
    ]
    for lang in LANGUAGES:
        lines = shown(summarise(rows), lang, width=80).splitlines()
        tables = [
            re.sub("[\u200b\u2066-\u2069\u064b-\u0652]", "", line) for line in lines if line.startswith(" ")
        ]
        assert max(map(len, tables)) <= 80
        for whole in ("a-world-of-24-letters-xy", "dtls.fingerprint", "rtp.behaviour"):
            assert any(whole in line for line in tables), whole


def test_what_was_said_instead_is_told_by_app_and_by_line() -> None:
    said = shown(summarise(ROWS))
    for title in ("lab.confused_by_app", "lab.confused_by_line", "lab.mechanisms_by_expected"):
        assert texts("en")(title) in said
    right = shown(summarise([row(expected_mechanism="stun.drop")]))
    assert texts("en")("lab.confused_by_app") not in right
