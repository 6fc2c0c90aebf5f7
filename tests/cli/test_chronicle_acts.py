"""Signed acts from the command line: notice before review, replies unedited, corrections, keys."""

import json
from pathlib import Path

import pytest

from tests.chronicle.writing import ATTRIBUTED, NOON, found_incident
from tests.cli.doubles import Ran, run_line
from voipwatch.chronicle.log import public_key_of
from voipwatch.cli.publish import memory_folder
from voipwatch.model.acts import Closing, EntryKind, KeyRole, Notice, Reply
from voipwatch.model.instants import seconds
from voipwatch.pipeline.chronicle_folder import ChronicleFolder, chronicle_folder
from voipwatch.pipeline.publishing.chronology import read
from voipwatch.pipeline.publishing.memory import Memory
from voipwatch.pipeline.publishing.world import World

ID = "MA-2016-01-a"


class Desk:
    def __init__(self, data: Path) -> None:
        self.data = data
        self.folder = ChronicleFolder(chronicle_folder(data))

    def run(self, *line: str) -> Ran:
        return run_line("chronicle", *line, "--data", str(self.data))


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path)
    incident = found_incident(attribution=ATTRIBUTED)
    desk.folder.add([(EntryKind.INCIDENT, incident)], at=NOON, role=KeyRole.INSTANCE)
    return desk


def test_nobody_is_named_before_a_notice_has_run_out(desk: Desk) -> None:
    early = desk.run("review", ID, "--by", "desk", "--yes")
    assert (early.status, "AS1: not told yet" in early.err) == (64, True)
    noted = desk.run("review", ID, "--by", "desk", "--notice", "letter", "--yes")
    assert noted.status == 0, noted.err
    assert "Line 4 of the log" in noted.out
    assert "AS1" not in noted.out
    again = desk.run("review", ID, "--by", "desk", "--yes")
    assert (again.status, "the notice runs until" in again.err) == (64, True)


def test_a_review_after_the_notice_names(desk: Desk) -> None:
    past = Notice(ID, 1, ("AS1",), "2016-01-12T12:00:00Z", "letter")
    desk.folder.add([(EntryKind.NOTICE, past)], at=NOON, role=KeyRole.EDITOR)
    ran = desk.run("review", ID, "--by", "desk", "--yes", "--json")
    assert ran.status == 0, ran.err
    told = json.loads(ran.out)
    assert (told["kind"], told["n"]) == ("review", 5)
    assert "AS1" in desk.run("list").out
    nobody = desk.run("review", ID, "--by", "desk", "--notice", "x", "--yes")
    assert (nobody.status, "nobody to tell" in nobody.err) == (64, True)


def test_no_notice_is_shorter_than_the_instance_promises(desk: Desk) -> None:
    line = ("review", ID, "--by", "d", "--notice", "x", "--yes")
    before = desk.folder.log.read_bytes()
    for hours in ("0", "47"):
        ran = desk.run(*line, "--notice-hours", hours)
        assert (ran.status, "gives 48 h at least" in ran.err) == (64, True)
    assert desk.folder.log.read_bytes() == before
    assert desk.run("settings", "--notice-hours", "72").status == 0
    assert desk.run(*line, "--notice-hours", "48").status == 64
    assert desk.run(*line).status == 0
    (notice,) = desk.folder.state().stories[ID].of(Notice)
    assert seconds(notice.what.until) - seconds(notice.at) == 72 * 3600


def test_a_notice_of_no_hours_is_the_instances_own_rule(desk: Desk) -> None:
    told = desk.run("settings", "--notice-hours", "0")
    assert (told.status, "nobody can answer before being named" in told.out) == (0, True)
    assert desk.run("review", ID, "--by", "d", "--notice", "x", "--yes").status == 0
    ran = desk.run("review", ID, "--by", "d", "--yes")
    assert (ran.status, f"of {ID} names: AS1." in ran.err) == (0, True)


def test_nobody_is_named_while_a_later_notice_runs(desk: Desk) -> None:
    past = Notice(ID, 1, ("AS1",), "2016-01-12T12:00:00Z", "letter")
    desk.folder.add([(EntryKind.NOTICE, past)], at=NOON, role=KeyRole.EDITOR)
    assert desk.run("review", ID, "--by", "d", "--notice", "another letter", "--yes").status == 0
    ran = desk.run("review", ID, "--by", "d", "--yes")
    assert (ran.status, "the notice runs until" in ran.err) == (64, True)
    assert "AS1" not in desk.run("list").out


@pytest.mark.parametrize(
    ("line", "option"),
    [
        (("withdraw", ID, "--reason", ""), "--reason"),
        (("withdraw", ID, "--reason", " \t"), "--reason"),
        (("dispute", ID, "--by", "X", "--ground", ""), "--ground"),
        (("dispute", ID, "--by", "", "--ground", "x"), "--by"),
        (("correct", ID, "--revision", "1", "--what", ""), "--what"),
        (("review", ID, "--by", " "), "--by"),
        (("review", ID, "--by", "d", "--notice", ""), "--notice"),
        (("settings", "--publisher", " "), "--publisher"),
    ],
)
def test_what_is_signed_says_something(desk: Desk, line: tuple[str, ...], option: str) -> None:
    before = desk.folder.log.read_bytes()
    more = () if line[0] == "settings" else ("--yes",)
    ran = desk.run(*line, *more)
    assert (ran.status, f"{option}: nothing is said there" in ran.err) == (64, True), ran.err
    assert desk.folder.log.read_bytes() == before


def test_people_are_asked_before_they_sign(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "r").write_text("Non.")
    out(desk, 1)
    dispute = ("dispute", ID, "--by", "AS1", "--ground", "maintenance")
    reply = ("reply", ID, str(tmp_path / "r"), "--side", "operator", "--by", "AS1", "--received", "2016")
    correction = ("correct", ID, "--revision", "1", "--what", "the hour")
    for line in (dispute, reply, correction):
        before = desk.folder.log.read_bytes()
        ran = desk.run(*line)
        assert (ran.status, "say --yes" in ran.err) == (64, True), ran.err
        ran = run_line("chronicle", *line, "--data", str(desk.data), answers="n\n")
        assert (ran.status, "for good" in ran.err) == (130, True), ran.err
        assert desk.folder.log.read_bytes() == before
        ran = run_line("chronicle", *line, "--data", str(desk.data), answers="y\n")
        assert ran.status == 0, ran.err


def out(desk: Desk, revision: int) -> None:
    """As `publish` leaves it: up to that revision readers have it."""
    memory = Memory(memory_folder(desk.data, ""), "")
    memory.kept.revisions = {ID: revision}
    memory.keep()


def test_without_a_terminal_a_yes_must_be_said(desk: Desk) -> None:
    before = desk.folder.log.read_bytes()
    ran = desk.run("withdraw", ID, "--reason", "x")
    assert (ran.status, "say --yes" in ran.err) == (64, True)
    assert desk.folder.log.read_bytes() == before


def test_a_reply_is_kept_as_it_came(desk: Desk, tmp_path: Path) -> None:
    text = "  Nous démentons.\r\n\n« Tout »  fonctionne.\n"
    file = tmp_path / "reply.txt"
    file.write_bytes(text.encode())
    line = ("reply", ID, str(file), "--side", "operator", "--by", "AS1", "--received", "2016-01-14", "--yes")
    assert desk.run(*line).status == 0
    assert desk.folder.state().stories[ID].of(Reply)[0].what.text == text
    shown = desk.run("show", ID)
    assert "Nous démentons." in shown.out
    assert json.loads(desk.run("show", ID, "--json").out)["said"][0]["what"]["text"] == text
    for wrong, words in (
        (("reply", ID, str(file), "--side", "friend", "--by", "x", "--received", "2016"), "no side"),
        (("reply", ID, str(file), "--side", "operator", "--by", "x", "--received", "today"), "no such day"),
        (
            ("reply", ID, str(tmp_path / "no"), "--side", "operator", "--by", "x", "--received", "2016"),
            "read",
        ),
    ):
        ran = desk.run(*wrong)
        assert (ran.status, words in ran.err) == (64, True)
    for option, value, words in (
        ("--received", "2999-01-01", "that day is still to come"),
        ("--language", "french", "BCP 47"),
        ("--language", "fr_FR", "BCP 47"),
        ("--url", "example", "no address of the web"),
        ("--url", "file:///etc/passwd", "no address of the web"),
    ):
        typed = line[:-3] if option == "--received" else line[:-1]
        ran = desk.run(*typed, option, value, "--yes")
        assert (ran.status, words in ran.err) == (64, True), ran.err
    file.write_bytes(b"\xff\xfe")
    assert "no text in UTF-8" in desk.run(*line).err


def test_disputes_and_corrections(desk: Desk) -> None:
    early = desk.run("correct", ID, "--revision", "1", "--what", "x")
    assert (early.status, "is detected: correction is not possible" in early.err) == (64, True)
    assert desk.run("dispute", ID, "--by", "AS1", "--ground", "maintenance", "--yes").status == 0
    never = desk.run("correct", ID, "--revision", "1", "--what", "x", "--yes")
    assert (never.status, "was in no bundle yet" in never.err) == (64, True)
    out(desk, 1)
    unread = desk.run("correct", ID, "--revision", "2", "--what", "x", "--yes")
    assert (unread.status, "published are 1 to 1" in unread.err) == (64, True)
    line = ("correct", ID, "--revision", "1", "--what", "the hour", "--why", "late", "--yes")
    assert desk.run(*line).status == 0
    beyond = desk.run("correct", ID, "--revision", "9", "--what", "x", "--yes")
    assert (beyond.status, "revisions 1 to 3" in beyond.err) == (64, True)
    assert "corrected: the hour late" in desk.run("show", ID).out


def test_a_withdrawn_incident_is_done_with(desk: Desk) -> None:
    assert desk.run("withdraw", ID, "--reason", "a bug", "--yes").status == 0
    assert "withdrawn" in desk.run("list").out
    again = desk.run("withdraw", ID, "--reason", "a bug", "--yes")
    assert (again.status, "is withdrawn" in again.err) == (64, True)


def test_keys_are_replaced_and_losses_are_told_to_readers(desk: Desk) -> None:
    assert "nothing to replace" in desk.run("key", "editor", "--yes").err
    ran = desk.run("key", "instance", "--yes")
    public = public_key_of(desk.folder.keys().signer(KeyRole.INSTANCE))
    assert (ran.status, f"new key of the instance is {public}" in " ".join(ran.out.split())) == (0, True)
    told = json.loads(desk.run("key", "instance", "--yes", "--json").out)
    assert told["key"] == public_key_of(desk.folder.keys().signer(KeyRole.INSTANCE))
    assert "compare it" not in desk.run("verify").out
    assert desk.run("key", "instance", "--lost", "--yes").status == 0
    told = desk.run("verify")
    assert (told.status, "compare it" in told.out) == (0, True)
    assert desk.run("key", "janitor", "--yes").status == 64


def test_evidence_is_withdrawn_by_its_name_and_stands_on_the_list(desk: Desk) -> None:
    shown = json.loads(desk.run("show", ID, "--json").out)
    (name,) = shown["incident"]["phases"][0]["changepoints"]
    unknown = desk.run("withdraw", ID, "--reason", "x", "--evidence", "c9", "--yes")
    assert (unknown.status, f"{ID} does not rest on c9" in unknown.err) == (64, True)
    ran = desk.run("withdraw", ID, "--reason", "a simulator", "--evidence", name, "--yes")
    assert ran.status == 0, ran.err
    assert "another revision, or a tombstone" in " ".join(ran.out.split())
    state = desk.folder.state()
    assert state.withdrawn == {name}
    assert [each.what.reason for each in state.corrections] == ["a simulator"]
    assert "evidence withdrawn" in desk.run("show", ID).out
    lines = desk.folder.log.read_bytes()
    twice = desk.run("withdraw", ID, "--reason", "again", "--evidence", name, "--yes")
    assert (twice.status, "counts no more already" in " ".join(twice.err.split())) == (64, True)
    assert desk.folder.log.read_bytes() == lines
    assert desk.run("withdraw", ID, "--reason", "all of it", "--yes").status == 0


def test_a_source_that_disappeared_is_noted_and_its_claim_stays(desk: Desk) -> None:
    claim = "morocco-2016/start-5-january"
    copy = "https://archive.example/voipdown"
    for wrong, words in (
        (("source", "x/y", "--gone", "2019"), "no claim x/y"),
        (("source", claim), "--gone DATE"),
        (("source", claim, "--gone", "2019-02-30"), "--gone 2019-02-30: there is no such day"),
        (("source", claim, "--archived", "ftp://x"), "no address"),
        (("source", claim, "--gone", "2999"), "still to come"),
    ):
        ran = desk.run(*wrong)
        assert (ran.status, ran.err.count("\n"), words in ran.err) == (64, 1, True), ran.err
    assert desk.run("source", claim, "--gone", "2019-05", "--archived", copy).status == 0
    told = json.loads(desk.run("claims", "--json").out)["claims"]
    (mine,) = [each["claim"] for each in told if each["claim"]["id"] == claim]
    assert (mine["source"]["gone_at"], mine["source"]["archived_url"]) == ("2019-05", copy)
    assert mine["source"]["publisher"] == "VoIPDown"
    shown = "".join(desk.run("claims").out.split())
    assert "VoIPDown;gonesince2019-05" in shown


@pytest.mark.parametrize(("lang", "words"), [("fr", "Le blocage demeure."), ("ar", "الحجب قائم.")])
def test_claims_are_told_in_the_readers_language_and_as_nobody_has_read_them(
    desk: Desk, lang: str, words: str
) -> None:
    ran = run_line("chronicle", "claims", "--data", str(desk.data), lang=lang, width=300)
    assert ran.status == 0
    assert words in ran.out
    assert "The block stands" not in ran.out
    assert {"fr": "aucun lecteur", "ar": "ولم يقرأها"}[lang] in ran.out


@pytest.mark.parametrize("side", ["operator", "provider", "regulator"])
def test_each_side_may_reply_also_to_a_grave_and_after_the_end(desk: Desk, tmp_path: Path, side: str) -> None:
    """And its words stand in the bundle as they came, beside the finding."""
    assert desk.run("withdraw", ID, "--reason", "a bug", "--yes").status == 0
    desk.folder.add([(EntryKind.FINAL, Closing("no money"))], at=NOON, role=KeyRole.INSTANCE)
    words = "  \u0646\u0646\u0641\u064a.\n« Rien »  \n"
    (tmp_path / "reply.txt").write_text(words, encoding="utf-8")
    line = ("reply", ID, str(tmp_path / "reply.txt"), "--side", side, "--by", "X", "--received", "2016-01-14")
    assert desk.run(*line, "--language", "ar", "--yes").status == 0
    lines = desk.folder.log.read_bytes().splitlines()
    page = read(lines, World("", 2_000_000_000)).files[f"incidents/{ID}.json"]
    assert isinstance(page, bytes)
    (reply,) = json.loads(page)["replies"]
    assert (reply["body"]["side"], reply["body"]["lang"], reply["body"]["text"]) == (side, "ar", words)


def test_a_reply_is_read_from_standard_input(desk: Desk) -> None:
    line = ("chronicle", "reply", ID, "-", "--side", "operator", "--by", "AS1", "--received", "2016-01-14")
    ran = run_line(*line, "--yes", "--data", str(desk.data), answers="  Nous démentons.\r\n")
    assert ran.status == 0, ran.err
    assert desk.folder.state().stories[ID].of(Reply)[0].what.text == "  Nous démentons.\r\n"
    ran = run_line(*line, "--yes", "--data", str(desk.data), answers="")
    assert (ran.status, "- holds no text" in ran.err) == (64, True)
    ran = run_line(*line[:3], "--bogus", *line[4:], "--yes", "--data", str(desk.data))
    assert (ran.status, "no option --bogus" in ran.err) == (64, True)
    ran = run_line(*line[:3], *line[4:], "--yes", "--data", str(desk.data))
    assert (ran.status, "FILE" in ran.err) == (64, True)


def test_lost_keys_have_their_own_cause_and_advice(desk: Desk) -> None:
    (desk.folder.path / "keys.json").unlink()
    ran = desk.run("dispute", ID, "--by", "X", "--ground", "x", "--yes")
    assert (ran.status, "the keys that sign are missing" in ran.err) == (70, True)
    assert desk.run("key", "instance", "--lost", "--yes").status == 0
    assert desk.run("dispute", ID, "--by", "X", "--ground", "x", "--yes").status == 0
