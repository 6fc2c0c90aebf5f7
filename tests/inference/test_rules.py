"""Every rule is documented, explained in every language, and used; nothing else is."""

import ast
import re
from pathlib import Path

import pytest

from voipwatch.inference import RULES
from voipwatch.inference.explain import LANGUAGES, texts
from voipwatch.model.mechanisms import MECHANISMS
from voipwatch.model.vocabulary import Stage, Verdict

PATTERN = re.compile(r"`((?:blocked|throttled|down|ok|insufficient)\.[a-z-]+)`")


def test_every_rule_is_documented_and_no_other(repository: Path) -> None:
    page = (repository / "docs/methods/verdicts.md").read_text()
    assert set(PATTERN.findall(page)) == set(RULES)


def test_an_id_begins_with_its_verdict() -> None:
    assert all(rule.id.startswith(f"{rule.outcome}.") for rule in RULES.values())
    assert {rule.outcome for rule in RULES.values()} == set(Verdict)
    assert all(rule.condition and rule.comment for rule in RULES.values())


def test_the_code_names_only_rules_of_the_table_and_all_of_them(repository: Path) -> None:
    named: set[str] = set()
    for path in (repository / "src/voipwatch/inference").glob("*.py"):
        if path.name == "rules.py":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                named |= {node.value} if PATTERN.fullmatch(f"`{node.value}`") else set()
    assert named == set(RULES)


def test_every_mechanism_label_in_the_code_is_in_the_vocabulary(repository: Path) -> None:
    first = {label.partition(".")[0] for label in MECHANISMS}
    shape = re.compile(rf"(?:{'|'.join(sorted(first))})\.[a-z]+")
    for path in (repository / "src/voipwatch/inference").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and shape.fullmatch(node.value):
                assert node.value in MECHANISMS, path.name


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_rule_mechanism_and_stage_has_its_words(lang: str) -> None:
    book = texts(lang)
    assert set(book["rules"]) == set(RULES)
    assert set(book["mechanisms"]) == set(MECHANISMS)
    assert set(book["stages"]) == {*map(str, Stage), "none"}
    english = texts("en")
    assert {section: set(keys) for section, keys in book.items()} == {
        section: set(keys) for section, keys in english.items()
    }
