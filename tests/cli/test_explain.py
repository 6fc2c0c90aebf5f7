import json

import pytest

from tests.cli.doubles import run_line
from voipwatch.cli.explain import RESTS, claim, examples, near
from voipwatch.cli.language import LANGUAGES, texts
from voipwatch.inference import RULES
from voipwatch.model.mechanisms import MECHANISMS


def test_every_mechanism_says_what_it_rests_on() -> None:
    assert RESTS.keys() == MECHANISMS.keys()
    used = {f"explain.rests.{name}" for name in RESTS.values()}
    assert used == {name for name in texts("en").names() if name.startswith("explain.rests.")}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_mechanism_is_claim_evidence_and_a_world_to_see_it_in(lang: str) -> None:
    ran = run_line("explain", "flow.kill", lang=lang, width=400)
    words = texts(lang)
    assert (ran.status, ran.err) == (0, "")
    assert claim(words, "flow.kill") in ran.out
    assert words.raw("explain.rests.kill")[:30] in ran.out
    assert "voipwatch lab run match-then-kill" in ran.out


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_label_and_rule_has_a_sentence_with_nothing_unfilled(lang: str) -> None:
    for name in (*MECHANISMS, *RULES):
        assert "{" not in claim(texts(lang), name), name


def test_a_rule_is_its_verdict_its_sentence_and_its_condition() -> None:
    document = json.loads(run_line("explain", "blocked.cut", "--json").out)
    rule = RULES["blocked.cut"]
    assert document["schema"] == "voipwatch.explain/1"
    assert (document["label"], document["kind"], document["verdict"]) == ("blocked.cut", "rule", "blocked")
    assert (document["condition"], document["why"]) == (rule.condition, rule.comment)
    ran = run_line("explain", "blocked.cut", width=400)
    assert rule.condition in ran.out
    assert "is then cut after about … s" in ran.out


def test_a_first_word_lists_what_begins_with_it() -> None:
    ran = run_line("explain", "flow", "--json")
    assert [row["label"] for row in json.loads(ran.out)["labels"]] == [
        name for name in MECHANISMS if name.startswith("flow.")
    ]
    listed = json.loads(run_line("explain", "rules", "--json").out)["labels"]
    assert [row["label"] for row in listed] == list(RULES)
    assert "stun.drop" in run_line("explain", "mechanisms", width=80).out


def test_what_is_none_is_said_with_what_is_near() -> None:
    ran = run_line("explain", "flow.kil", width=300)
    assert (ran.status, ran.out) == (64, "")
    assert "Near it: flow.kill" in ran.err
    assert near("rtp.dorp")[0] == "rtp.drop"
    assert near("kill") == ["flow.kill"]
    assert near("xyz") == ["mechanisms", "rules"]


def test_examples_are_worlds_that_expect_it_most() -> None:
    for name in ("stun.drop", "port.reject", "dns.deny"):
        found = examples(name)
        assert found
        assert all(any(e.mechanisms[:1] == (name,) for e in world.expected.values()) for world in found)
    assert examples("tcp.reset") == []
