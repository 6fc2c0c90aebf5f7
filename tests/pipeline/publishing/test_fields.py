"""The fields that are documented are those of a real bundle in which everything happened, and no others."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.chronicle.writing import LATER, MACHINE, Writing, found_incident
from tests.pipeline.publishing.support import changepoint, contents, request, store_of, votes
from voipwatch.chronicle.log import digest_of
from voipwatch.model.acts import (
    ClaimNote,
    Correction,
    Dispute,
    EntryKind,
    Hold,
    Reply,
    ReplySide,
    Withdrawal,
)
from voipwatch.pipeline.publishing.counting import Choices
from voipwatch.pipeline.publishing.fields import FIELDS
from voipwatch.pipeline.publishing.publish import publish


def eventful() -> Writing:
    """An incident of which everything was said, an embargo that is over and one that runs."""
    log = Writing()
    found = log.detect(found_incident())
    log.add(EntryKind.HOLD, Hold(found.id, 1, LATER, digest_of(found)), signer=MACHINE)
    log.told(found)
    log.review(found)
    log.add(
        EntryKind.REPLY, Reply(found.id, ReplySide.OPERATOR, "AS1", "2016-01-14", "non", "fr"), when=LATER
    )
    log.add(EntryKind.DISPUTE, Dispute(found.id, "AS1", "maintenance"), when=LATER)
    log.add(EntryKind.CORRECTION, Correction(found.id, 1, "the hour"), when=LATER)
    log.add(EntryKind.WITHDRAWAL, Withdrawal("a bug", incident=found.id), when=LATER)
    note = ClaimNote(
        "morocco-2016/start-5-january", "sold", "2020-01-01", "2019", "https://archive.example/x"
    )
    log.add(EntryKind.CLAIM_NOTE, note, when=LATER)
    return log


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    place = tmp_path_factory.mktemp("fields")
    said = votes(30, blocked_from=20, operator="AS36925")
    choices = Choices({"MA-2016-01-a": "morocco-2016/start-5-january"}, {"MA": "Africa/El_Aaiun"})
    asked = request(
        place, 31, log=tuple(eventful().lines), key=MACHINE, final="the money is spent", choices=choices
    )
    publish(store_of(said, [changepoint(20)]), asked)
    return contents(place / "bundle")


def paths_of(told: Any, way: str = "") -> set[str]:
    """Paths as `fields` writes them."""
    found = set()
    for key, value in told.items():
        path = f"{way}.{key}" if way else key
        if isinstance(value, list) and value and isinstance(value[0], dict):
            found |= {f"{path}[]"} | {each for item in value for each in paths_of(item, f"{path}[]")}
        elif isinstance(value, dict):
            found |= {path} | paths_of(value, path)
        else:
            found.add(path)
    return found


def documented_as(path: str) -> str:
    parts = Path(path).parts
    if path in FIELDS:
        return path
    if parts[0] == "series":
        return "series/COUNTRY/OPERATOR/ACCESS/APP.json"
    return "incidents/ID.json" if len(parts) == 2 else "incidents/ID/rN.json"


def test_every_field_of_every_file_is_documented_and_no_other(files: dict[str, bytes]) -> None:
    found: dict[str, set[str]] = {}
    for path, content in files.items():
        if path.endswith(".json"):
            found.setdefault(documented_as(path), set()).update(paths_of(json.loads(content)))
    dictionary = "data-dictionary.json"
    found[dictionary] = {path for path in found[dictionary] if "." not in path}
    lines = [json.loads(line) for line in files["chronicle/log.jsonl"].splitlines()]
    found["chronicle/log.jsonl"] = {key for line in lines for key in line} | {"withheld"}
    assert found.keys() == FIELDS.keys()
    for file, paths in found.items():
        empty = {path.removesuffix("[]") for path in FIELDS[file] if path.endswith("[]")}
        assert paths - empty == set(FIELDS[file]), (file, paths ^ set(FIELDS[file]))


def test_every_field_has_a_meaning() -> None:
    assert all(
        meaning.strip() and "|" not in meaning for fields in FIELDS.values() for meaning in fields.values()
    )
