import json
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any

import msgspec
import pytest

from tests.cli.doubles import Told, run_line
from tests.cli.test_conclude import measured
from voipwatch.cli import demo
from voipwatch.cli.demo import measure_line, plan
from voipwatch.cli.demo_board import APPS, LINES, Board, LineResult, messages_pass
from voipwatch.cli.kernel import KernelCheckError
from voipwatch.cli.lab import accepted
from voipwatch.cli.language import LANGUAGES, texts
from voipwatch.lab.worlds import load_worlds
from voipwatch.model.results import Check, Report
from voipwatch.model.vocabulary import Verdict

pytestmark = pytest.mark.xdist_group("cli-real-time")
"""One after the other: what keeps time should not wait for its sisters."""


@pytest.fixture(scope="module")
def shown() -> tuple[dict[str, Check], str, float]:
    """One whole demo in user space: checks by line, what was printed, seconds."""
    started = time.monotonic()
    ran = run_line("demo", "--network", "sim", "--seed", "11", "--json")
    took_s = time.monotonic() - started
    assert ran.status == 0, ran.out + ran.err
    document = json.loads(ran.out)
    assert document["schema"] == "voipwatch.demo/1"
    assert document["seed"] == 11
    assert {line["network"] for line in document["lines"]} == {"sim"}
    checks = {line["line"]: msgspec.convert(line["check"], Check) for line in document["lines"]}
    return checks, ran.out, took_s


@pytest.mark.slow
def test_every_line_gets_what_its_world_expects(shown: tuple[dict[str, Check], str, float]) -> None:
    checks, _, _ = shown
    assert list(checks) == list(LINES)
    for name, check in checks.items():
        world = load_worlds().get(LINES[name])
        assert [row.app for row in check.results] == list(APPS)
        for app in APPS:
            assert accepted(world.expected[app], check, app), (name, app)


@pytest.mark.slow
def test_calls_are_dead_and_messages_fine(shown: tuple[dict[str, Check], str, float]) -> None:
    check = shown[0]["morocco-3g-2016"]
    assert {row.verdict for row in check.results} == {Verdict.BLOCKED}
    assert messages_pass(check)


@pytest.mark.slow
def test_wifi_by_intermittence_is_the_same_line_in_both_its_states(
    shown: tuple[dict[str, Check], str, float],
) -> None:
    checks, _, _ = shown
    worlds = [load_worlds().get(LINES[name]) for name in ("wifi-blocked", "wifi-calm")]
    assert worlds[0].policy == worlds[1].policy
    assert {row.verdict for row in checks["wifi-blocked"].results} == {Verdict.BLOCKED}
    assert {row.verdict for row in checks["wifi-calm"].results} == {Verdict.OK}


def test_nothing_is_canned() -> None:
    one, same, other = (measure_line("wifi-blocked", seed, "en") for seed in (1, 1, 2))
    assert one == same
    assert one.check.results[0].verdict == other.check.results[0].verdict
    assert one.check.cost != other.check.cost


def test_another_language() -> None:
    assert "appel" in measure_line("wifi-blocked", 1, "fr").check.results[0].explanation


class Here(Executor):
    """Stands in for the simulating processes."""

    def submit(self, work: Callable[..., Any], /, *arguments: Any, **options: Any) -> "Future[Any]":
        assert work is measure_line
        done: Future[Any] = Future()
        done.set_result(LineResult("sim", Told()(measured(*APPS), lang="en")))
        return done


def test_a_line_over_the_kernel_is_judged_by_the_program_there(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, Any]] = []

    def report(*_: object, **options: Any) -> Report:
        asked.append(options)
        return Report(Told()(measured(*APPS), lang="ar"), measured(*APPS), "voipwatch")

    monkeypatch.setattr(demo, "report_from_kernel", report)
    result = demo._InKernel("clean", 5, "ar", time.monotonic() + 30.0, time.monotonic() + 40.0)(Here())
    assert (result.network, result.instead) == ("kernel", None)
    assert result.check.results[0].explanation.startswith("A sentence in ar")
    assert (asked[0]["seed"], asked[0]["lang"]) == (5, "ar")
    assert 0 < asked[0]["timeout_s"] <= 40.0


def test_a_kernel_that_is_too_slow_is_replaced_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(*_: object, **__: object) -> Report:
        raise KernelCheckError("the check took too long")

    monkeypatch.setattr(demo, "report_from_kernel", slow)
    for lang in LANGUAGES:
        result = demo._InKernel("wifi-blocked", 1, lang, 0.0, 0.0)(Here())
        assert (result.network, result.instead) == ("sim", texts(lang)("demo.too_slow"))


def test_another_trouble_of_the_kernel_is_said_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> Report:
        raise KernelCheckError("the reflector did not start")

    monkeypatch.setattr(demo, "report_from_kernel", broken)
    later = time.monotonic() + 600.0
    result = demo._InKernel("wifi-blocked", 1, "fr", later, later)(Here())
    assert (result.network, result.instead) == ("sim", "the reflector did not start")


class Counting(Here):
    """Notes what was begun."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.count = 0

    def submit(self, work: Callable[..., Any], /, *arguments: Any, **options: Any) -> "Future[Any]":
        self.count += 1
        self.begun.set()
        return super().submit(work, *arguments, **options)


@pytest.mark.parametrize("fails", [False, True])
def test_a_slow_line_is_begun_in_user_space_before_the_kernel_is_given_up(
    monkeypatch: pytest.MonkeyPatch, fails: bool
) -> None:
    spares = Counting()

    def slow(*_: object, **__: object) -> Report:
        assert spares.begun.wait(30.0)  # the other way has begun while this one still runs
        if fails:
            raise KernelCheckError("too late")
        return Report(Told()(measured(*APPS), lang="en"), measured(*APPS), "voipwatch")

    monkeypatch.setattr(demo, "report_from_kernel", slow)
    result = demo._InKernel("clean", 1, "en", 0.0, time.monotonic() + 600.0)(spares)
    assert result.network == ("sim" if fails else "kernel")
    assert spares.count == 1


def test_a_line_that_is_done_over_the_kernel_is_not_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    spares = Counting()
    spare = demo._Spare(spares, demo._InKernel("clean", 1, "en", 0.0, 0.0))
    spare.drop()
    spare.begin()
    assert spares.count == 0


def test_a_slow_kernel_leaves_time_for_what_stands_in() -> None:
    assert 28.0 < demo.SPARE_S < demo.KERNEL_S < 60.0 - 12.0


def test_the_kernel_gets_as_many_lines_as_it_can_carry() -> None:
    assert set(plan("auto", possible=False, cores=64).values()) == {"sim"}
    assert list(plan("auto", possible=True, cores=2).values()).count("kernel") == 2
    assert list(plan("auto", possible=True, cores=1).values()).count("kernel") == 1
    assert plan("auto", possible=True, cores=64)["merely-bad"] == "sim"
    assert set(plan("kernel", possible=True, cores=1).values()) == {"kernel"}
    assert list(plan("auto", possible=True, cores=2)) == list(LINES)


def told(monkeypatch: pytest.MonkeyPatch, verdict: Verdict, *, problem: str | None = "none here") -> None:
    """Put results on the board without measuring; the last line fails."""

    def measure_all(board: Board, seed: int, lang: str) -> list[str]:
        for name in list(LINES)[:-1]:
            check = Told(dict.fromkeys(APPS, verdict))(measured(*APPS), lang=lang)
            for row in check.results:
                row.works.append("tls-5222")
            board.done[name] = LineResult(board.plan[name], check)
        board.problems[list(LINES)[-1]] = "RuntimeError: oops"
        return list(LINES)

    monkeypatch.setattr(demo, "_measure_all", measure_all)
    monkeypatch.setattr(demo, "kernel_problem", lambda: problem)
    monkeypatch.setattr("os.getloadavg", lambda: (0.0, 0.0, 0.0))


@pytest.mark.parametrize("terminal", [False, True])
@pytest.mark.parametrize(
    ("lang", "word", "line"),
    [("en", "BLOCKED", "clean line"), ("fr", "BLOQUÉ", "saine"), ("ar", "محجوب", "سليم")],
)
def test_the_picture_and_the_sentences(
    monkeypatch: pytest.MonkeyPatch, lang: str, word: str, line: str, terminal: bool
) -> None:
    told(monkeypatch, Verdict.BLOCKED)
    ran = run_line("demo", lang=lang, width=200, terminal=terminal)
    assert ran.status == 70  # a line could not be measured
    assert ran.out.count(word) >= 15
    assert line in ran.out
    assert "oops" in ran.err
    assert f"A sentence in {lang} about sip." in ran.out
    assert ran.out.count(f"A sentence in {lang} about sip.") == 1
    assert "none here" in ran.out


def test_it_says_which_network(monkeypatch: pytest.MonkeyPatch) -> None:
    told(monkeypatch, Verdict.OK, problem=None)
    ran = run_line("demo", width=200)
    assert f"{min(len(demo.KERNEL_FIRST), os.cpu_count() or 1)} of 6" in ran.out
    told(monkeypatch, Verdict.OK)
    assert "in user space" in run_line("demo", width=200).out
    assert run_line("demo", "--network", "kernel").status == 70


def test_why_a_line_went_to_user_space_stands_under_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    def measure_all(board: Board, seed: int, lang: str) -> list[str]:
        for name in LINES:
            board.done[name] = LineResult("sim", Told()(measured(*APPS), lang=lang), "it was slow")
        return list(LINES)

    told(monkeypatch, Verdict.OK, problem=None)
    monkeypatch.setattr(demo, "_measure_all", measure_all)
    out = run_line("demo", width=200).out
    assert "over the kernel" not in out.split(texts("en")("demo.line.clean"))[0]
    assert out.rindex("it was slow") < out.index(texts("en")("demo.why"))


def test_a_busy_machine_keeps_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    told(monkeypatch, Verdict.OK, problem=None)
    monkeypatch.setattr("os.getloadavg", lambda: (1e3, 0.0, 0.0))
    assert "busy" in run_line("demo", width=200).out


@pytest.mark.parametrize(("tried", "niceness"), [(True, demo.POLITE), (False, 0)])
def test_who_simulates_is_polite_only_beside_what_keeps_time(
    monkeypatch: pytest.MonkeyPatch, tried: bool, niceness: int
) -> None:
    made: list[int] = []

    def simulators(_: int, *, niceness: int) -> Here:
        made.append(niceness)
        return Here()

    def report(*_: object, **__: object) -> Report:
        return Report(Told()(measured(*APPS), lang="en"), measured(*APPS), "voipwatch")

    monkeypatch.setattr(demo, "report_from_kernel", report)
    monkeypatch.setattr(demo, "_simulators", simulators)
    board = Board(plan("auto", possible=tried, cores=2))
    assert sorted(demo._measure_all(board, 1, "en")) == sorted(LINES)
    assert made[0] == niceness
    assert {name: done.network for name, done in board.done.items()} == board.plan
