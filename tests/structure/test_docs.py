"""The documentation is true where a machine can tell: public words are documented, documented ones exist.

Public words are rule ids, mechanisms, failures, verdicts, stages, notes, questions, commands, options, make
targets, worlds, apps, exit statuses and the files that pages name.
"""

import ast
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.structure.test_files import tracked
from tests.structure.test_links import FENCE
from tests.support.environment import REPOSITORY
from voipwatch.apps import load_profiles
from voipwatch.cli import errors
from voipwatch.cli.commands import COMMANDS, GROUPS
from voipwatch.cli.conclude import NO_PROFILE_RULE
from voipwatch.cli.language import texts
from voipwatch.cli.pages import page as page_of
from voipwatch.experiment.check import __file__ as check_file
from voipwatch.inference.rules import RULES
from voipwatch.lab.worlds import load_worlds
from voipwatch.model import ruleset
from voipwatch.model.mechanisms import FIRST_WORDS, MECHANISMS
from voipwatch.model.vocabulary import Failure, Stage, Verdict

SOURCE = REPOSITORY / "src" / "voipwatch"
README = REPOSITORY / "README.md"
DOCS = REPOSITORY / "docs"
SPAN = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
BLOCK = re.compile(r"^```[a-z]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
RULE = re.compile(rf"(?:{'|'.join(v.value for v in Verdict)})\.[a-z][a-z-]+")
LABEL = re.compile(rf"(?:{'|'.join(sorted(FIRST_WORDS))})\.[a-z]+")
FILE = re.compile(r"[\w.-]+(?:/[\w.*-]+)+/?|[\w-]+\.(?:py|md|toml|sh|svg)")
MAKE = re.compile(r"^([a-z-]+):.*##", re.MULTILINE)

# Code spans that look like a label or a file and are something else, each with the reason.
NO_LABEL = {"rtp.load"}
NO_FILE = re.compile(
    r"application/.*"  # media types
    r"|voipwatch\.[a-z-]+/\d"  # schema names
    r"|\.venv/.*"  # made by `make setup`
)


def pages() -> list[Path]:
    """Every page of the documentation that is in the repository."""
    return sorted(path for path in tracked() if path.suffix == ".md" and "tests" not in path.parts)


def spans(page: Path) -> set[str]:
    """What stands between backquotes in running text."""
    return set(SPAN.findall(FENCE.sub("", page.read_text("utf-8"))))


def all_spans() -> dict[str, str]:
    """Code span -> a page that has it."""
    return {span: str(page.relative_to(REPOSITORY)) for page in pages() for span in spans(page)}


def words_of(text: str) -> set[str]:
    """The words of code spans, and what stands in them between commas and spaces."""
    return {word for span in SPAN.findall(text) for word in re.split(r"[\s,:]+", span)}


def documented() -> set[str]:
    """Every word in a code span of a page below docs/."""
    return {word for page in pages() if DOCS in page.parents for word in words_of(page.read_text("utf-8"))}


# --- words that results use --------------------------------------------------------------------------


def test_every_rule_id_is_documented_and_none_is_made_up() -> None:
    written = words_of((DOCS / "methods" / "verdicts.md").read_text("utf-8"))
    assert sorted(set(RULES) - written) == []
    assert NO_PROFILE_RULE in documented()
    made_up = {
        span: where for span, where in all_spans().items() if RULE.fullmatch(span) and span not in RULES
    }
    assert made_up == {}


def test_every_mechanism_is_documented_and_none_is_made_up() -> None:
    page = (DOCS / "methods" / "mechanisms.md").read_text("utf-8")
    assert dict(re.findall(r"^\| `([a-z.]+)` \| (.+?) \| ", page, re.MULTILINE)) == MECHANISMS
    made_up = {
        span: where
        for span, where in all_spans().items()
        if LABEL.fullmatch(span) and span not in MECHANISMS and span not in NO_LABEL
    }
    assert made_up == {}


def test_the_list_of_failures_is_the_closed_list() -> None:
    page = (DOCS / "experiments" / "failures.md").read_text("utf-8")
    listed = re.findall(r"^\| `([a-z_0-9]+)` \|", page, re.MULTILINE)
    assert listed == [failure.value for failure in Failure]


def test_verdicts_and_stages_are_explained_where_people_look() -> None:
    told = re.findall(r"^\| `([a-z]+)` \|", README.read_text("utf-8"), re.MULTILINE)
    assert told == [verdict.value for verdict in Verdict]
    everything = "\n".join(page.read_text("utf-8") for page in pages())
    assert [stage.value for stage in Stage if not re.search(rf"\b{stage.value}", everything)] == []


def test_the_readme_says_each_verdict_as_a_check_prints_it() -> None:
    told = dict(re.findall(r"^\| `([a-z]+)` \| ([^|]+) \|", README.read_text("utf-8"), re.MULTILINE))
    assert told == {verdict.value: texts("en")(f"verdict.{verdict.value}") for verdict in Verdict}


def notes_in(path: Path) -> set[str]:
    """String constants that a module gives to a function or list called `_note` or `notes`."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = node.func.value
            adds = node.func.attr == "append" and "notes" in ast.dump(owner)
            if (node.func.attr == "_note" and len(node.args) == 1) or adds:
                found |= {
                    a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)
                }
        if (
            isinstance(node, ast.keyword)
            and node.arg == "notes"
            and isinstance(node.value, ast.Tuple | ast.List)
        ):
            found |= {
                e.value for e in node.value.elts if isinstance(e, ast.Constant) and isinstance(e.value, str)
            }
    return found


def test_every_note_is_documented() -> None:
    modules = [
        Path(check_file),
        *sorted((SOURCE / "inference").glob("*.py")),
    ]
    noted = {note for module in modules for note in notes_in(module)}
    assert {"control-blocked", "reflector-silent"} <= noted, "the search finds them"
    assert sorted(noted - documented()) == []


def test_the_exit_statuses_of_the_readme_are_the_programs() -> None:
    told = {int(n) for n in re.findall(r"^\| (\d+) \|", README.read_text("utf-8"), re.MULTILINE)}
    assert told == {
        errors.CLEAR,
        errors.INTERFERENCE,
        errors.UNDECIDED,
        errors.USAGE,
        errors.OUR_FAULT,
        errors.INTERRUPTED,
    }


def test_numbers_that_decide_are_told_as_they_are() -> None:
    readme, ethics = README.read_text("utf-8"), (DOCS / "ethics.md").read_text("utf-8")
    assert f"at least {100 * ruleset.DEAD_LOSS_RATIO:.0f} % of it was lost" in readme
    assert f"error rate of {ruleset.CHECK_ALPHA} for a whole check" in readme
    assert f"At most {ruleset.MAPPINGS_ALIVE_MAX} address mappings" in ethics
    assert f"{ruleset.NEW_FLOWS_PER_S_MAX:.0f} new flows a second" in ethics


# --- what is measured, by which code ---------------------------------------------------------------


def questions() -> list[Path]:
    return sorted(p for p in (SOURCE / "experiment" / "questions").glob("*.py") if p.stem != "__init__")


@pytest.mark.parametrize("module", questions(), ids=lambda path: path.stem)
def test_every_question_has_its_page_and_its_row(module: Path) -> None:
    name = f"experiment/questions/{module.name}"
    page = DOCS / "experiments" / f"{module.stem}.md"
    assert f"Code: `{name}`" in page.read_text("utf-8")
    assert name in spans(DOCS / "experiments" / "README.md")


def test_every_profile_and_every_leg_that_is_run_is_documented() -> None:
    text = (DOCS / "profiles.md").read_text("utf-8")
    readme = README.read_text("utf-8")
    for profile in load_profiles().profiles:
        assert re.search(rf"^\| {profile.id}\b", text, re.MULTILINE), profile.id
        assert f"**{profile.name}**" in readme, profile.id
        for leg in profile.legs:
            if leg.run:
                assert re.search(rf"\b{leg.id}\b", text), leg.id


def test_every_world_is_documented() -> None:
    worlds = load_worlds()
    text = (DOCS / "worlds.md").read_text("utf-8")
    assert [w.id for w in worlds.worlds if f"`{w.id}`" not in text] == []
    assert f"{len(worlds.matrix)} worlds" in README.read_text("utf-8")


# --- what a reader types ------------------------------------------------------------------------------


def typed(page: Path) -> Iterator[list[str]]:
    """Command lines of a page: in its blocks, and in code spans that begin like one."""
    text = page.read_text("utf-8")
    lines = [line for block in BLOCK.findall(text) for line in block.splitlines()]
    for line in [*lines, *SPAN.findall(text)]:
        bare = line.strip().removeprefix("$ ")
        if bare.split(" ")[0] in ("voipwatch", "make", "python") and "|" not in bare:
            yield shlex.split(bare.split("  #")[0].replace("[", "").replace("]", ""))


def problem_of(words: list[str]) -> str | None:
    """What is wrong with a command line, None when nothing is."""
    program, *rest = words
    if program == "make":
        targets = MAKE.findall((REPOSITORY / "Makefile").read_text("utf-8"))
        return next((f"no target {word}" for word in rest if word not in targets and "=" not in word), None)
    if program == "python":
        if rest[:1] == ["-m"]:
            place = SOURCE.parent / rest[1].replace(".", "/")
            return None if place.with_suffix(".py").is_file() or place.is_dir() else f"no module {rest[1]}"
        return None if rest and (REPOSITORY / rest[0]).is_file() else f"no script {rest[:1]}"
    rest = [word for word in rest if not re.fullmatch(r"[A-Z]+|\.\.\.", word)]
    if not rest or rest[0].startswith("--"):
        return None
    if rest[0] in GROUPS:
        if len(rest) == 1:
            return None
        name = " ".join(rest[:2])
    else:
        name = rest[0]
    if name not in COMMANDS:
        return f"no command {name}"
    options = {word for option in page_of(name).options for word in re.findall(r"--[a-z-]+", option.label)}
    unknown = [word for word in rest if word.startswith("--") and word.split("=")[0] not in options]
    if unknown:
        return f"no option {unknown}"
    known = {
        "lab run": {w.id for w in load_worlds().worlds},
        "apps show": {p.id for p in load_profiles().profiles},
    }
    return None if name not in known or set(rest[2:3]) <= known[name] else f"{name}: no {rest[2]}"


def test_every_command_that_a_page_names_exists() -> None:
    wrong = [
        f"{page.relative_to(REPOSITORY)}: {shlex.join(words)}: {problem}"
        for page in pages()
        for words in typed(page)
        if (problem := problem_of(words))
    ]
    assert wrong == []


def test_the_readme_shows_the_commands_that_matter() -> None:
    shown = {" ".join(words[:2]) for words in typed(README)}
    assert {"make demo", "make test", "voipwatch reflector", "voipwatch check", "voipwatch verify"} <= shown
    named = spans(README) | {shlex.join(words) for words in typed(README)}
    missing = [group for group in GROUPS if group != "tickets" and not any(f" {group} " in n for n in named)]
    assert missing == []


def test_the_search_for_commands_finds_wrong_ones() -> None:
    assert problem_of(["make", "nothing"]) == "no target nothing"
    assert problem_of(["voipwatch", "guess"]) == "no command guess"
    assert problem_of(["voipwatch", "lab", "guess"]) == "no command lab guess"
    assert problem_of(["voipwatch", "check", "--guess"]) == "no option ['--guess']"
    assert problem_of(["voipwatch", "lab", "run", "nowhere"]) == "lab run: no nowhere"
    assert problem_of(["voipwatch", "apps", "show", "letter"]) == "apps show: no letter"
    assert problem_of(["python", "scripts/nothing.py"]) == "no script ['scripts/nothing.py']"
    assert problem_of(["python", "-m", "voipwatch.nothing"]) == "no module voipwatch.nothing"
    assert problem_of(["voipwatch", "check", "--reflector", "HOST"]) is None


# --- files that pages name ----------------------------------------------------------------------------


def exists(name: str, page: Path) -> bool:
    """Whether a page's file name leads somewhere: from the root, the package, docs/ or beside the page."""
    roots = (REPOSITORY, SOURCE, DOCS, page.parent)
    return any(bool(list(root.glob(name.rstrip("/")))) for root in roots)


def test_every_file_that_a_page_names_exists() -> None:
    wrong = {
        f"{page.relative_to(REPOSITORY)}: {span}"
        for page in pages()
        for span in spans(page)
        if FILE.fullmatch(span) and not NO_FILE.fullmatch(span) and not exists(span, page)
    }
    assert wrong == set()


def test_the_search_for_files_finds_missing_ones() -> None:
    assert FILE.fullmatch("experiment/questions/leg.py")
    assert FILE.fullmatch("src/voipwatch/apps/catalogue/*.toml")
    assert not FILE.fullmatch("encode_x(decode_x(data)) == data")
    assert exists("experiment/questions/leg.py", README)
    assert not exists("experiment/questions/nothing.py", README)


@pytest.mark.parametrize("page", sorted((DOCS / "design").glob("*.md")), ids=lambda path: path.stem)
def test_decisions_are_numbered_and_have_a_status(page: Path) -> None:
    text = page.read_text("utf-8")
    number = page.stem[:4]
    assert re.fullmatch(r"\d{4}-[a-z0-9-]+", page.stem)
    assert text.startswith(f"# {number} ")
    assert re.search(r"^Status: (proposed|accepted|replaced)", text, re.MULTILINE)
    assert "Replaces: " in text
