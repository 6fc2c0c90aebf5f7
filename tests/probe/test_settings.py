"""Set-up, consent and secret on disk."""

from pathlib import Path

import msgspec
import pytest

from tests.support.probe import setup_of
from voipwatch.probe.settings import (
    Collector,
    Consent,
    DamagedFileError,
    KnownReflector,
    consent_covers,
    make_secret,
    read_secret,
    read_setup,
    write_setup,
)

CONSENT = Consent("2026-11-01T00:00:00Z", 1, "fr", ["a", "b"], "medium", 1000, "https://c", ["r:1", "s:1"])


def test_a_set_up_comes_back(tmp_path: Path) -> None:
    assert read_setup(tmp_path / "none") is None
    write_setup(tmp_path / "probe", setup_of())
    assert read_setup(tmp_path / "probe") == setup_of()


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[" * 100_000, b"\xff", b'{"schema":"voipwatch.probe-setup/9"}']
)
def test_a_damaged_set_up_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "setup.json").write_bytes(content)
    with pytest.raises(DamagedFileError) as raised:
        read_setup(tmp_path)
    assert raised.value.path == tmp_path / "setup.json"


def test_a_set_up_without_apps_or_with_an_impossible_rhythm_is_damaged(tmp_path: Path) -> None:
    changes: tuple[dict[str, object], ...] = ({"apps": []}, {"reflectors": []}, {"rhythm": {"mean_s": 1.0}})
    for change in changes:
        document = {**msgspec.to_builtins(setup_of()), **change}
        (tmp_path / "setup.json").write_bytes(msgspec.json.encode(document))
        with pytest.raises(DamagedFileError):
            read_setup(tmp_path)


@pytest.mark.parametrize(
    ("change", "covered"),
    [
        ({}, True),
        ({"apps": ["a"]}, True),
        ({"apps": ["a", "b", "c"]}, False),
        ({"tier": "low"}, True),
        ({"tier": "high"}, False),
        ({"day_bytes": 999}, True),
        ({"day_bytes": 1001}, False),
        ({"text_version": 2}, False),
        ({"collector": "https://d"}, False),
        ({"reflectors": ["r:1"]}, True),
        ({"reflectors": ["t:1"]}, False),
        ({"lang": "ar", "given_at": ""}, True),
    ],
)
def test_an_earlier_yes_answers_for_no_more_than_it_said(change: dict[str, object], covered: bool) -> None:
    assert consent_covers(CONSENT, msgspec.structs.replace(CONSENT, **change)) is covered


def test_a_low_tier_does_not_answer_for_a_medium_one() -> None:
    low = msgspec.structs.replace(CONSENT, tier="low")
    assert not consent_covers(low, CONSENT)


def test_a_secret_is_made_once_and_is_its_owners(tmp_path: Path) -> None:
    assert read_secret(tmp_path) is None
    secret = make_secret(tmp_path)
    assert len(secret) == 32
    assert make_secret(tmp_path) == secret == read_secret(tmp_path)
    assert (tmp_path / "secret").stat().st_mode & 0o777 == 0o600
    assert make_secret(tmp_path / "other") != secret


def test_a_damaged_secret_is_named_and_replaced_at_the_set_up(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"short")
    with pytest.raises(DamagedFileError):
        read_secret(tmp_path)
    assert len(make_secret(tmp_path)) == 32


def test_names_as_they_are_written() -> None:
    assert KnownReflector("r.example", 8443).name == "r.example:8443"
    assert KnownReflector("2001:db8::7", 1).name == "[2001:db8::7]:1"
    assert Collector("c.example").url == "https://c.example"
    assert Collector("2001:db8::7", 8444, "/x").url == "https://[2001:db8::7]:8444/x"
