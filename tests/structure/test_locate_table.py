"""The table of `make locate`: what is right, what is wrong, and how it is told."""

from scripts.benchmarks.figures import Machine
from scripts.locate_table import (
    RULES,
    Job,
    Outcome,
    chain_of,
    grade,
    holds,
    run_virtual,
    table,
    truth,
    virtual_table,
)
from voipwatch.lab.hops import HopChain
from voipwatch.model.results import Place

STUN = "drops STUN with the magic cookie"
MACHINE = Machine("2026-11-22 22:00", "a processor", 2, "Linux", "3.11", 0.5)


def test_the_truth_is_about_hops_that_answer() -> None:
    assert truth(HopChain(5, 3)) == (3, 4)
    assert truth(HopChain(5, 3, before_age=True)) == (2, 3)
    assert truth(HopChain(5, 3, silent=(3, 4))) == (2, 5)
    assert truth(HopChain(3, 1, silent=(1, 2, 3))) == (0, 4)


def test_only_both_hops_as_they_are_is_right() -> None:
    chain = HopChain(5, 3)
    assert grade(chain, Place("hop", after=3, before=4)) == "right"
    assert grade(chain, Place("hop", after=3, before=5)) == "wrong"
    assert grade(chain, Place("hop", after=2, before=4)) == "wrong"
    assert grade(HopChain(2, 1, silent=(1, 2)), Place("silent")) == "silent"
    assert grade(chain, Place("unclear")) == "unclear"
    assert grade(chain, None) == "no sweep"


def test_runs_are_drawn_by_their_number_and_again_the_same() -> None:
    for rule in RULES:
        chains = [chain_of(Job(rule, 7, seed)) for seed in range(20)]
        assert chains == [chain_of(Job(rule, 7, seed)) for seed in range(20)]
        assert len({chain.box_at for chain in chains}) > 4
        assert any(chain.silent for chain in chains) is RULES[rule].silent


def test_a_table_has_a_row_for_each_rule_and_one_for_all() -> None:
    job = Job(STUN, 5, 1)
    right = Outcome(job, HopChain(5, 3), Place("hop", 3, 4, 6, 0.99, seconds=6.5, tries=60), "right")
    wrong = Outcome(job, HopChain(5, 3), Place("hop", 2, 4, 6, 0.99, seconds=7.5, tries=70), "wrong")
    none = Outcome(job, HopChain(5, 3), None, "no check")
    text = "\n".join(table([right, right, wrong, none], MACHINE, "command", 60.0))
    assert f"| {STUN} | 4 | 2 (50 %, 7 to 93 %) | 1 | 1 | 7.5 s | 70 |" in text
    assert "5: 2 of 4, 7.5 s" in text
    lines = "\n".join(virtual_table({"clean": [right, wrong, none]}, "command"))
    assert "| clean | 3 | 1 | 2 | 2 | 7.5 s |" in lines
    assert not holds(none)


def test_one_run_in_virtual_time() -> None:
    one = run_virtual(Job(STUN, 4, 1), "clean")
    assert one.said == "right"
    assert holds(one)
