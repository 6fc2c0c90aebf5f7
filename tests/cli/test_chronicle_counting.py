"""How counters are to count, as it is typed: what cannot be is refused in one line."""

from pathlib import Path

import msgspec
import pytest

from tests.cli.doubles import Ran, run_line
from tests.site.bundles import NAME, incident
from voipwatch.chronicle.claims_file import all_packaged_claims
from voipwatch.cli import chronicle_counting
from voipwatch.model.acts import EntryKind, KeyRole
from voipwatch.pipeline.chronicle_folder import ChronicleFolder
from voipwatch.pipeline.instance_settings import read_settings

CLAIM = "morocco-2016/start-5-january"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = ChronicleFolder(tmp_path / "chronicle")
    folder.add([(EntryKind.INCIDENT, incident())], at="2016-01-14T00:00:00Z", role=KeyRole.INSTANCE)
    return tmp_path


def run(data: Path, *more: str, lang: str = "en") -> Ran:
    return run_line("chronicle", "settings", "--data", str(data), *more, lang=lang, width=900)


def test_choices_are_kept_told_and_taken_back(data: Path) -> None:
    ran = run(data, "--day-zero", f"{NAME}={CLAIM}", "--time-zone", "MA=Africa/El_Aaiun")
    assert (ran.status, ran.err) == (0, "")
    assert f"Day zero of {NAME}: 2016-01-05, by claim of VoIPDown ({CLAIM})." in ran.out
    assert "Days of MA are counted in Africa/El_Aaiun." in ran.out
    found = read_settings(data / "chronicle")
    assert (found.zeros, found.zones) == ({NAME: CLAIM}, {"MA": "Africa/El_Aaiun"})
    for lang in ("en", "fr", "ar"):
        ran = run(data, lang=lang)
        assert (ran.status, ran.err) == (0, "")
        assert "VoIPDown" in ran.out
    assert run(data, "--day-zero", f"{NAME}=", "--time-zone", "MA=").status == 0
    found = read_settings(data / "chronicle")
    assert (found.zeros, found.zones) == ({}, {})


def test_a_claim_that_is_gone_is_told(data: Path) -> None:
    assert run(data, "--day-zero", f"{NAME}={CLAIM}").status == 0
    settings = data / "chronicle/settings.json"
    settings.write_bytes(settings.read_bytes().replace(b"start-5-january", b"start-some-day"))
    assert "which there is no more" in run(data).out


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (("--day-zero", NAME), "write INCIDENT=CLAIM"),
        (("--day-zero", f"={CLAIM}"), "write INCIDENT=CLAIM"),
        (("--day-zero", f"MA-1999-01-a={CLAIM}"), "MA-1999-01-a"),
        (("--day-zero", f"{NAME}=some/claim"), "There is no claim some/claim. Of MA these tell an onset: "),
        (("--day-zero", f"{NAME}=morocco-2016/end-4-november"), "does not say when calls stopped"),
        (("--day-zero", f"{NAME}=morocco-2016/reported-5-january"), "does not say when calls stopped"),
        (("--time-zone", "MA"), "write COUNTRY=ZONE"),
        (("--time-zone", "Morocco=Africa/Casablanca"), "write COUNTRY=ZONE"),
        (("--time-zone", "MA=Africa/Atlantis"), "There is no time zone Africa/Atlantis"),
        (("--time-zone", "MA=../../etc/passwd"), "There is no time zone"),
    ],
)
def test_what_cannot_be_is_refused(data: Path, line: tuple[str, ...], words: str) -> None:
    for lang in ("en", "fr", "ar"):
        ran = run(data, *line, lang=lang)
        assert (ran.status, ran.out, ran.err.count("\n")) == (64, "", 1)
        assert lang != "en" or words in ran.err
    assert not (data / "chronicle/settings.json").exists()


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("country", "TN", "is of TN"),
        ("apps", ("skype",), "speaks of no app"),
        ("date", "2016-02-30", "has no day to count from (2016-02-30)"),
        ("date", "2099-01-01", "lies after what is known"),
        ("date", "1990", "lies too far from the measured onset"),
        ("date", "no date", "has no day to count from (no date)"),
        ("operators", ("AS1",), "is of other operators or accesses"),
        ("accesses", ("adsl",), "is of other operators or accesses"),
    ],
)
def test_a_claim_of_something_else_is_refused(
    data: Path, monkeypatch: pytest.MonkeyPatch, field: str, value: object, words: str
) -> None:

    (claim,) = (each for each in all_packaged_claims() if each.id == CLAIM)
    if field == "date":
        other = msgspec.structs.replace(claim, date=value)
    else:
        other = msgspec.structs.replace(claim, scope=msgspec.structs.replace(claim.scope, **{field: value}))
    monkeypatch.setattr(chronicle_counting, "all_packaged_claims", lambda: (other,))
    ran = run(data, "--day-zero", f"{NAME}={CLAIM}")
    assert (ran.status, ran.err.count("\n")) == (64, 1)
    assert words in ran.err
