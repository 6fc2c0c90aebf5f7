"""What is kept how long: whole, and in words in the document that people read."""

import re
from pathlib import Path

from voipwatch.civic.keyed import TOKEN_LIFE_S
from voipwatch.civic.petitions import ERASED_AFTER_S
from voipwatch.civic.retention import KEPT, MEMORY, SECRETS, Since
from voipwatch.cli.civic_audit import retention_rows
from voipwatch.cli.language import texts
from voipwatch.store.civic.schema import METADATA


def test_every_table_is_named_and_no_other() -> None:
    assert {kept.place for kept in KEPT} - {MEMORY, SECRETS} == set(METADATA.tables)
    assert len({kept.what for kept in KEPT}) == len(KEPT)


def test_what_has_a_length_says_it_and_nothing_else_does() -> None:
    without = {Since.REMOVAL, Since.NEVER, Since.PROCESS}
    for kept in KEPT:
        assert (kept.longest_s is None) == (kept.since in without), kept.what
    assert {kept.longest_s for kept in KEPT if kept.since is Since.REQUEST} == {TOKEN_LIFE_S}
    assert {kept.longest_s for kept in KEPT if kept.since is Since.CLOSING} == {ERASED_AFTER_S}


def test_the_assessment_holds_the_same_table(repository: Path) -> None:
    text = (repository / "docs/dpia.md").read_text("utf-8")
    part = text.partition("## What is kept how long")[2].partition("\n## ")[0]
    rows = [tuple(re.split(r"\s*\|\s*", line)[1:-1]) for line in part.splitlines() if line.startswith("|")]
    assert rows[2:] == retention_rows(texts("en"))
