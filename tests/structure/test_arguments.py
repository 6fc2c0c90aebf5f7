"""Odd arguments of the scripts: one line, and nothing is begun."""

import argparse
import importlib

import pytest

from scripts.benchmarks.arguments import Parser, above_zero, at_least, present


@pytest.mark.parametrize(
    ("script", "arguments", "word"),
    [
        ("nulls_table", ["--seed", "-4"], "--seed"),
        ("nulls_table", ["--checks", "x"], "--checks"),
        ("nulls_table", ["--drawn", "0"], "--drawn"),
        ("power_table", ["--checks", "-2"], "--checks"),
        ("published_table", ["--checks", "0"], "--checks"),
        ("locate_table", ["--processes", "-1"], "--processes"),
        ("effect_table", ["--panels", "1e9"], "--panels"),
        ("linetest_table", ["--runs", "0"], "--runs"),
        ("matrix_table", [__file__], "is not what"),
        ("bench_loader", ["--workers", "99999999999"], "--workers"),
        ("ndpi_table", ["--what"], "--what"),
    ],
)
def test_what_is_wrong_is_told_in_one_line(
    script: str,
    arguments: list[str],
    word: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    main = importlib.import_module(f"scripts.{script}").main
    monkeypatch.setattr("sys.argv", [f"{script}.py", *arguments])
    with pytest.raises(SystemExit) as caught:
        main()
    told = capsys.readouterr()
    assert (caught.value.code, told.out, told.err.count("\n")) == (2, "", 1)
    assert word in told.err


def test_numbers_and_files_that_are_fine() -> None:
    assert (at_least(0)("0"), at_least(3)("3"), above_zero("0.5")) == (0, 3, 0.5)
    assert present(__file__).name == "test_arguments.py"
    for wrong in ("-1", "1.5", "", "2147483648"):
        with pytest.raises(argparse.ArgumentTypeError):
            at_least(0)(wrong)
    for wrong in ("0", "-1", "nan", "inf", "x"):
        with pytest.raises(argparse.ArgumentTypeError):
            above_zero(wrong)
    assert Parser(prog="p").parse_args([]) == argparse.Namespace()
