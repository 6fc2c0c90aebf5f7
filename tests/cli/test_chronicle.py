"""What a reader sees of the chronicle, and how a tampered log is told."""

import csv
import json
from pathlib import Path

import msgspec
import pytest

from tests.chronicle.writing import ATTRIBUTED, MACHINE, NOON, Writing, found_incident
from tests.cli.doubles import run_line
from tests.pipeline.publishing.support import request, store_of, votes
from tests.store.support import HOUR, make_vote, rows_of
from voipwatch.chronicle.claims import WHY
from voipwatch.cli.language import LANGUAGES, texts
from voipwatch.model.acts import EntryKind, KeyRole
from voipwatch.model.claims import Witness
from voipwatch.model.incidents import Phase, PhaseKind, SeriesName
from voipwatch.model.vocabulary import Verdict
from voipwatch.pipeline.chronicle_folder import ChronicleFolder, chronicle_folder
from voipwatch.pipeline.publishing.publish import publish
from voipwatch.store.opening import open_store


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = ChronicleFolder(chronicle_folder(tmp_path))
    incident = found_incident(attribution=ATTRIBUTED)
    folder.add([(EntryKind.INCIDENT, incident)], at=NOON, role=KeyRole.INSTANCE)
    return tmp_path


def test_where_no_observatory_is_nothing_is_said_to_have_happened(tmp_path: Path) -> None:
    for line in (("list",), ("show", "MA-2016-01-a"), ("verify",)):
        for where in (tmp_path, tmp_path / "nosuch"):
            ran = run_line("chronicle", *line, "--data", str(where), width=300)
            assert (ran.status, ran.out) == (64, "")
            assert f"There is no chronicle in {where}" in ran.err


def test_a_new_observatory_has_nothing_to_verify(tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    ran = run_line("chronicle", "verify", "--data", str(tmp_path), width=300)
    assert (ran.status, "Nothing is written in this chronicle yet" in ran.out) == (0, True)
    told = json.loads(run_line("chronicle", "verify", "--data", str(tmp_path), "--json").out)
    assert (told["holds"], told["lines"]) == (True, 0)
    missing = run_line("chronicle", "verify", str(tmp_path / "log.jsonl"), width=300)
    assert missing.status == 64, "a file that was named must be there"


def test_an_empty_chronicle_says_so(tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    ran = run_line("chronicle", "list", "--data", str(tmp_path))
    assert (ran.status, ran.out) == (0, "The chronicle holds no incident.\n")
    assert json.loads(run_line("chronicle", "list", "--data", str(tmp_path), "--json").out)["incidents"] == []


@pytest.mark.parametrize("lang", ["en", "fr", "ar"])
def test_lists_and_pages_name_no_operator_before_a_review(data: Path, lang: str) -> None:
    listed = run_line("chronicle", "list", "--data", str(data), lang=lang)
    shown = run_line("chronicle", "show", "MA-2016-01-a", "--data", str(data), lang=lang)
    assert listed.status == shown.status == 0, listed.err + shown.err
    assert "MA-2016-01-a" in listed.out
    assert "AS1" not in listed.out + shown.out
    assert run_line("chronicle", "list", "--data", str(data), "--country", "fr").out.startswith(
        "The chronicle"
    )


def test_what_is_not_there_is_one_line(data: Path) -> None:
    where = ("--data", str(data))
    for line, words in (
        (("show", "MA-1999-01-a"), "there is no incident MA-1999-01-a"),
        (("show", "MA-2016-01-a", "--revision", "7"), "revisions 1 to 1"),
    ):
        ran = run_line("chronicle", *line, *where)
        assert (ran.status, ran.out, ran.err.count("\n")) == (64, "", 1)
        assert words in ran.err


def test_show_as_json_has_the_revision_and_what_was_said(data: Path) -> None:
    ran = run_line("chronicle", "show", "MA-2016-01-a", "--revision", "1", "--data", str(data), "--json")
    told = json.loads(ran.out)
    assert told["schema"] == "voipwatch.chronicle/1"
    assert told["incident"]["revision"] == told["revisions"] == 1
    assert told["said"] == []


def test_verify_names_the_line_that_was_tampered_with(data: Path, tmp_path: Path) -> None:
    ran = run_line("chronicle", "verify", "--data", str(data))
    assert (ran.status, ran.out.startswith("The log holds: 2 lines")) == (0, True)
    log = chronicle_folder(data) / "log.jsonl"
    copy = tmp_path / "copy.jsonl"
    copy.write_bytes(log.read_bytes() + b'{"half')
    assert "6 bytes after the last line" in run_line("chronicle", "verify", str(copy)).out
    copy.write_bytes(log.read_bytes().replace(b"AS1", b"AS2"))
    broken = run_line("chronicle", "verify", str(copy))
    assert (broken.status, "Line 2, signature" in broken.out) == (1, True)
    told = json.loads(run_line("chronicle", "verify", str(copy), "--json").out)
    assert told["problem"]["line"] == 2
    log.write_bytes(copy.read_bytes())
    listed = run_line("chronicle", "list", "--data", str(data))
    assert (listed.status, "does not hold: line 2" in listed.err) == (70, True)
    assert run_line("chronicle", "verify", str(tmp_path / "none")).status == 64


def test_claims_are_listed_and_measured(tmp_path: Path) -> None:
    """The verdicts of the command are those of the file, and the rows behind them are published rows."""
    ran = run_line("chronicle", "claims", "--country", "MA", lang="fr")
    assert ran.status == 0
    assert "Numerama" in ran.out
    line = ("chronicle", "claims", "--data", str(tmp_path), "--measured")
    with open_store(f"chdb://{tmp_path}/store", create=True) as store:
        day = HOUR + 5 * 86_400
        votes = [
            make_vote(
                10 * operator + n,
                Verdict.BLOCKED,
                operator=f"AS{operator}",
                pseudonym=f"p{n}",
                prefix=f"x{n}",
                observed_at_ms=(day + 3600 * 12) * 1000,
                received_at_ms=(day + 3600 * 12 + 60) * 1000,
            )
            for operator in (1, 2, 3, 4)
            for n in range(2 if operator == 4 else 3)
        ]
        store.insert_segment("s", rows_of(votes))
        store.refresh_cells()
    early = run_line(*line)
    assert (early.status, early.err.count("\n"), "Nothing was published" in early.err) == (64, 1, True)
    out = tmp_path / "bundle"
    ran = run_line("publish", "--data", str(tmp_path), "--out", str(out), "--as-of", "2016-01-20")
    assert ran.status == 0, ran.err
    told = json.loads(run_line(*line, "--json").out)
    published = json.loads((out / "claims.json").read_bytes())["claims"]
    assert told["claims"] == [
        {name: each[name] for name in ("synthetic", "instance", "claim", "check")} for each in published
    ]
    checks = {row["claim"]["id"].split("/")[1]: row["check"] for row in told["claims"]}
    assert checks["mobile-blocked-6-january"]["state"] == "supported"
    assert checks["petition-8000"]["state"] == "not-measurable"
    rows = list(csv.DictReader((out / "tables/cells/2016-01.csv").read_text("utf-8").splitlines()))
    names = list(Witness.__struct_fields__)
    there = {tuple(row[name] for name in names) for row in rows}
    behind = {tuple(row[name] for name in names) for check in checks.values() for row in check["rows"]}
    assert behind <= there
    assert {row[1] for row in behind} == {"AS1", "AS2", "AS3"}, "two probes are behind nothing"
    text = run_line(*line)
    assert text.status == 0, text.err
    assert "supported, 3 of 3" in " ".join(text.out.split())


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """Published: told to AS1, reviewed by nobody; blocked by the hour in Morocco's winter."""
    log = Writing()
    incident = log.detect(found_incident())
    log.told(incident)
    hours = Phase(
        PhaseKind.INTERMITTENT, "2016-04-05T00:00:00Z", "2016-04-06T00:00:00Z",
        (SeriesName("AS1", "wifi", "viber"),), (), (18, 19), "2016-04-10T00:00:00Z",
    )  # fmt: skip
    newest = log.state.newest[incident.id]
    later = msgspec.structs.replace(newest, revision=3, phases=(*newest.phases, hours))
    log.add(EntryKind.INCIDENT, later, signer=MACHINE)
    asked = request(tmp_path, 9, log=tuple(log.lines), key=MACHINE, contact="desk@x.example")
    publish(store_of(votes(9)), asked)
    return tmp_path / "bundle"


def test_a_published_bundle_is_read_alone(bundle: Path) -> None:
    place = ("--bundle", str(bundle))
    for lang in ("en", "fr", "ar"):
        for line in (("list",), ("show", "MA-2016-01-a"), ("claims",), ("claims", "--measured")):
            ran = run_line("chronicle", *line, *place, lang=lang, width=300)
            assert (ran.status, ran.err) == (0, ""), ran.err
            assert "AS1" not in ran.out, "told, and not reviewed"
    told = json.loads(run_line("chronicle", "show", "MA-2016-01-a", *place, "--json").out)
    assert told["contact"] == "desk@x.example"
    assert [each["what"]["operators"] for each in told["said"]] == [[]]
    assert "desk@x.example" in run_line("chronicle", "show", "MA-2016-01-a", *place).out
    out = json.loads(run_line("chronicle", "claims", "--measured", *place, "--json").out)
    of_bundle = json.loads((bundle / "claims.json").read_bytes())["claims"]
    assert {each["claim"]["id"]: each["check"] for each in out["claims"]} == {
        each["claim"]["id"]: each["check"] for each in of_bundle
    }


def test_a_bundle_that_was_changed_is_not_read(bundle: Path) -> None:
    log = bundle / "chronicle/log.jsonl"
    lines = log.read_bytes()
    log.unlink()
    log.write_bytes(lines.replace(b"AS1", b"AS2"))
    ran = run_line("chronicle", "list", "--bundle", str(bundle), width=300)
    assert (ran.status, "not the file that the manifest names" in ran.err) == (64, True)
    for more in (("--data", str(bundle)), ("--instance", "x")):
        ran = run_line("chronicle", "list", "--bundle", str(bundle), *more, width=300)
        assert (ran.status, "is read alone" in ran.err) == (64, True)
    ran = run_line("chronicle", "list", "--bundle", str(bundle / "incidents"), width=300)
    assert (ran.status, "is no bundle" in ran.err) == (64, True)


def test_hours_are_on_the_countrys_clock(bundle: Path) -> None:
    """Morocco was an hour ahead in April 2016."""
    shown = run_line("chronicle", "show", "MA-2016-01-a", "--bundle", str(bundle), width=300).out
    assert "at 18–20 h UTC (19–21 h local time)" in shown


@pytest.mark.parametrize(
    ("lang", "words"), [("en", "fewer than three"), ("fr", "moins de trois"), ("ar", "أقل من")]
)
def test_a_count_that_is_not_told_is_no_zero(tmp_path: Path, lang: str, words: str) -> None:
    folder = ChronicleFolder(chronicle_folder(tmp_path))
    found = found_incident()
    few = msgspec.structs.replace(found.quality, probes_least=0, probes_both_sides=0)
    incident = msgspec.structs.replace(found, quality=few)
    folder.add([(EntryKind.INCIDENT, incident)], at=NOON, role=KeyRole.INSTANCE)
    ran = run_line("chronicle", "show", "MA-2016-01-a", "--data", str(tmp_path), lang=lang, width=300)
    assert ran.out.count(words) == 2


def test_a_country_that_cannot_be_is_refused(data: Path) -> None:
    for line in (("list",), ("claims",)):
        for wrong in ("Morocco", "1", "M!"):
            ran = run_line("chronicle", *line, "--country", wrong, "--data", str(data), width=300)
            assert (ran.status, f"{wrong} is no country" in ran.err) == (64, True)
    ran = run_line("chronicle", "claims", "--country", "fr", "--data", str(data), width=300)
    assert (ran.status, "there are claims of: MA" in ran.err) == (64, True)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_claim_is_told_with_its_id_its_source_and_why(bundle: Path, lang: str) -> None:
    assert all(texts(lang).has(f"chronicle.why.{word}") for word in WHY)
    ran = run_line("chronicle", "claims", "--measured", "--bundle", str(bundle), lang=lang, width=600)
    assert "morocco-2016/start-5-january" in ran.out
    assert "https://" in ran.out
    assert texts(lang).raw("chronicle.why.no-cells") in ran.out
