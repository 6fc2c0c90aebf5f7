"""`voipwatch fleet`: a list signed, shown and checked; what is wrong said in one line."""

import json
from pathlib import Path

import pytest

from tests.cli.doubles import run_line
from tests.wire.test_fleet import FIRST, NOW_S, SECOND, draft, public
from voipwatch.cli import fleet
from voipwatch.wire.fleet import decode_fleet, sign_fleet


@pytest.fixture(autouse=True)
def _day(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fleet, "wall_s", lambda: NOW_S)


def kept(folder: Path, name: str, content: bytes) -> str:
    (folder / name).write_bytes(content)
    return str(folder / name)


def test_a_draft_is_signed_shown_and_verified(tmp_path: Path) -> None:
    made, out = kept(tmp_path, "draft.json", draft()), str(tmp_path / "fleet.json")
    key = kept(tmp_path, "fleet.key", FIRST.hex().encode() + b"\n")
    signed = run_line("fleet", "sign", made, "--signing-key", key, "--out", out)
    assert signed.status == 0
    assert public(FIRST) in signed.err
    assert FIRST.hex() not in signed.err
    assert decode_fleet(Path(out).read_bytes()).key == public(FIRST)
    shown = run_line("fleet", "show", out, width=200)
    assert shown.status == 0
    assert "r1.example.org:8443" in shown.out
    assert "[2001:db8::2]:8443" in shown.out
    assert "carry 400 calls at once" in shown.out, "the other one drains"
    verified = run_line("fleet", "verify", out, "--key", public(FIRST).upper())
    assert (verified.status, "Lists that hold: 1;" in verified.out) == (0, True)


def test_for_machines(tmp_path: Path) -> None:
    out = kept(tmp_path, "fleet.json", sign_fleet(draft(next_keys=[public(SECOND)]), FIRST))
    told = json.loads(run_line("fleet", "show", out, "--json").out)
    assert (told["schema"], told["expired"], told["calls"]) == ("voipwatch.fleet-shown/1", False, 400)
    assert [each["name"] for each in told["fleet"]["reflectors"]] == ["one", "two"]
    told = json.loads(run_line("fleet", "verify", out, "--key", public(FIRST), "--json").out)
    assert (told["serial"], told["keys"]) == (1, sorted([public(FIRST), public(SECOND)]))


def test_an_expired_list_is_shown_and_said_to_be_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = kept(tmp_path, "fleet.json", sign_fleet(draft(), FIRST))
    monkeypatch.setattr(fleet, "wall_s", lambda: NOW_S + 1e9)
    shown = run_line("fleet", "show", out)
    assert (shown.status, "has expired" in shown.err) == (0, True)
    assert json.loads(run_line("fleet", "show", out, "--json").out)["expired"] is True
    assert "has expired" in run_line("fleet", "verify", out, "--key", public(FIRST)).err


def test_a_chain_is_followed_though_its_first_list_has_expired(tmp_path: Path) -> None:
    old = draft(issued="2026-01-01T00:00:00Z", expires="2026-02-01T00:00:00Z", next_keys=[public(SECOND)])
    first = kept(tmp_path, "1.json", sign_fleet(old, FIRST))
    second = kept(tmp_path, "2.json", sign_fleet(draft(serial=2), SECOND))
    assert run_line("fleet", "verify", first, second, "--key", public(FIRST)).status == 0
    assert run_line("fleet", "verify", second, "--key", public(FIRST)).status == 1
    assert run_line("fleet", "verify", second, first, "--key", public(SECOND)).status == 1


@pytest.mark.parametrize(
    ("lang", "words"),
    [("en", "was altered after it was signed"), ("fr", "a été modifiée"), ("ar", "غُيِّر")],
)
def test_an_altered_list_is_refused_in_the_readers_language(tmp_path: Path, lang: str, words: str) -> None:
    bad = kept(tmp_path, "fleet.json", sign_fleet(draft(), FIRST).replace(b"400", b"401"))
    for command, status in ((("show", bad), 64), (("verify", bad, "--key", public(FIRST)), 1)):
        ran = run_line("fleet", *command, lang=lang)
        assert (ran.status, ran.out) == (status, "")
        assert words in ran.err


def test_what_is_no_list_key_or_draft_is_one_line_and_64(tmp_path: Path) -> None:
    good = kept(tmp_path, "fleet.json", sign_fleet(draft(), FIRST))
    key, short = kept(tmp_path, "key", FIRST.hex().encode()), kept(tmp_path, "short", b"ab12")
    bad = kept(tmp_path, "bad.json", draft(serial=0))
    out = str(tmp_path / "out.json")
    for command in (
        ("show", short),
        ("show", str(tmp_path / "none")),
        ("show", bad),
        ("verify", bad, "--key", public(FIRST)),
        ("verify", short, "--key", public(FIRST)),
        ("verify", good, "--key", "ab"),
        ("verify", "--key", public(FIRST)),
        ("sign", bad, "--signing-key", key, "--out", out),
        ("sign", good, "--signing-key", short, "--out", out),
    ):
        ran = run_line("fleet", *command)
        assert (ran.status, ran.err.strip().count("\n")) == (64, 0), command
        assert "ab12" not in ran.err
    assert not Path(out).exists()


@pytest.mark.parametrize("command", ["show", "verify"])
def test_a_draft_is_said_to_be_one(tmp_path: Path, command: str) -> None:
    unsigned = kept(tmp_path, "draft.json", draft())
    ran = run_line("fleet", command, unsigned, *(["--key", public(FIRST)] if command == "verify" else []))
    assert ran.status == 64
    assert "nobody has signed it yet" in ran.err
    assert "fleet sign" in ran.err


def test_a_wrong_field_is_told_with_what_may_stand_there(tmp_path: Path) -> None:
    shortened = [{"name": "fra-1", "host": "r1.example", "key": "03a1…31b8", "calls": 400}]
    file = kept(tmp_path, "draft.json", draft(reflectors=shortened))
    key = kept(tmp_path, "key", FIRST.hex().encode())
    ran = run_line("fleet", "sign", file, "--signing-key", key, "--out", str(tmp_path / "out.json"))
    assert ran.status == 64
    assert "reflectors[0].key [0-9a-f]{64}" in ran.err
