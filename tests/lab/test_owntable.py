from pathlib import Path

import pytest

from tests.cli.doubles import run_line
from voipwatch.lab.matrix import Job, named, once_each, plan, run_job
from voipwatch.lab.owntable import own_worlds
from voipwatch.lab.worlds import WorldsError, load_worlds
from voipwatch.lab.worlds_page import EXAMPLE

HEAD = """
# mine
[[worlds]]
id = "x"
title = "T"
guilty = true
why = "w"
"""


def test_the_example_of_the_page_is_a_table_with_the_packaged_lines_beside_its_own() -> None:
    found = own_worlds(EXAMPLE)
    assert [world.id for world in found.worlds] == ["my-relay", "my-bad-line"]
    assert {"clean", "thin", "my-line"} <= found.lines.keys()
    assert "my-line" not in load_worlds().lines
    assert found.get("my-bad-line").line.up.loss_ratio == 0.02
    assert 0.12 <= found.get("my-relay").drawn(7).values["policy.ratio"] <= 0.2
    assert found.get("my-relay").on_line("long").line.up.delay_ms == 150


@pytest.mark.parametrize(
    ("body", "line", "words"),
    [
        ("polcy = 1", 8, "`polcy` - at `$.worlds[0]`; did you mean policy? Allowed: id, title,"),
        ('policy = { policy = "nope" }', 8, "Allowed: address-drop,"),
        ('policy = { policy = "port-drop", prts = [1] }', 8, "did you mean ports? Allowed: ports, proto"),
        ('policy = { policy = "port-drop", ports = 3 }', 4, "Expected `array`, got `int`"),
        ('[worlds.expected.sip]\nverdicts = ["bloked"]', 9, "did you mean blocked? Allowed: ok, blocked,"),
        ('[worlds.expected.sip]\nverdicts = ["ok"]\nmechanism = ["a"]', 10, "did you mean mechanisms?"),
        ('[worlds.expected.sip]\nverdicts = ["ok"]\nstages = ["voise"]', 10, "did you mean voice?"),
        ('[worlds.expected.sip]\nverdicts = ["ok"]\nmechanisms = ["port.drp"]', 10, "mean port.drop?"),
        ('[worlds.expected.spi]\nverdicts = ["ok"]', 8, "did you mean sip? Allowed: whatsapp,"),
        ('line = "lossy"\neach = { verdicts = ["ok"] }', 8, "did you mean lossy5? Allowed: clean,"),
        ('each = { verdicts = ["ok"], stage = [] }', 8, "did you mean stages?"),
        ('[lines.m]\nup = { dely_ms = 3 }', 9, "did you mean delay_ms?"),
        ('each = { verdicts = ["ok"] }\ndraw = { "policy.rate" = { lo = 1 } }', 9, "Allowed: low, high,"),
        ("starts_at_s = 'x'", 3, "Expected `float`"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_line_and_what_is_allowed(body: str, line: int, words: str) -> None:
    with pytest.raises(WorldsError) as caught:
        own_worlds(HEAD + body)
    assert str(caught.value).startswith(f"line {line}: ")
    assert words in str(caught.value)


def test_the_line_is_that_of_the_world_that_is_meant() -> None:
    whole = HEAD + 'each = { verdicts = ["ok"] }\n'
    wrong = HEAD.replace('"x"', '"y"') + 'each = { verdicts = ["ok"], directions = ["sideways"] }\n'
    with pytest.raises(WorldsError, match=r"^line 16: .*Allowed: up, down, both"):
        own_worlds(whole + wrong)
    with pytest.raises(WorldsError, match=r"line 8, column"):
        own_worlds(HEAD + "= 1")
    with pytest.raises(WorldsError, match=r"begins with \[\[worlds\]\]"):
        own_worlds("")


def test_jobs_of_ones_own_worlds_are_of_them_alone_and_find_them_again() -> None:
    jobs = plan(runs=4, guilty_seeds=1, table=EXAMPLE)
    assert {job.world for job in jobs} == {"my-relay", "my-bad-line"}
    assert {job.table for job in jobs} == {EXAMPLE}
    assert [job.world for job in once_each(seeds=2, table=EXAMPLE)] == ["my-relay"] * 2
    assert jobs[0].find_world() == own_worlds(EXAMPLE).get("my-relay")
    packaged = load_worlds().get("port-drop")
    assert named([packaged])[0].find_world() is packaged


def test_one_of_them_is_run_and_judged() -> None:
    from voipwatch.cli.machinery import judge_in_english  # noqa: PLC0415 -- the command's own judge

    (row,) = run_job(Job("my-bad-line", None, 1, ("sip",), EXAMPLE), judge_in_english)
    assert (row.world, row.line, row.verdict_right) == ("my-bad-line", "my-line", True)


@pytest.mark.parametrize("world", ["my-relay", "my-bad-line"])
def test_the_page_s_first_command_gives_what_its_example_expects(tmp_path: Path, world: str) -> None:
    """Who copies it and sees another verdict believes that the mistake is his."""
    table = tmp_path / "mine.toml"
    table.write_text(EXAMPLE, "utf-8")
    ran = run_line("lab", "run", world, "--table", str(table))
    assert ran.status == 0, ran.out
    assert "As expected: whatsapp, sip" in " ".join(ran.out.split())
