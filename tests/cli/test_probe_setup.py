"""`voipwatch probe setup`: what is shown, what is asked, what is kept, and when it is asked again."""

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from tests.cli.probe_life import CliProbe, living
from tests.cli.test_fleetuse import FLEET, listed
from tests.support.probe import CAFE
from tests.wire.test_fleet import FIRST, NOW_S, public
from voipwatch.cli import fleetuse
from voipwatch.cli.errors import Misuse
from voipwatch.cli.language import LANGUAGES, texts
from voipwatch.cli.probe_place import TEXT_VERSION
from voipwatch.cli.probe_setup import parse_collector
from voipwatch.model.vocabulary import Access
from voipwatch.probe.pseudonym import network_mark
from voipwatch.probe.settings import Collector, Setup, read_secret, read_setup
from voipwatch.probe.state import State, write_state
from voipwatch.wire.fleet import sign_fleet

CONSENT_TEXTS = {1: "a0d15e08bbd885eb"}
"""Version -> digest of what people agree to, in all languages."""


@pytest.fixture
def probe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[CliProbe]:
    yield from living(tmp_path, monkeypatch)


def kept(probe: CliProbe) -> Setup:
    setup = read_setup(probe.folder)
    assert setup is not None
    return setup


def test_the_text_and_its_version_belong_together() -> None:
    keys = ("what", "data", "risk", "sent", "end")
    shown = [
        texts(lang).raw(key)
        for lang in LANGUAGES
        for key in (*(f"probe.consent.{key}" for key in keys), "consent.risk.low", "consent.risk.medium")
    ]
    digest = sha256("\0".join(shown).encode()).hexdigest()[:16]
    assert {TEXT_VERSION: digest} == CONSENT_TEXTS, (
        "who changes the text counts the version up: all are asked again"
    )


@pytest.mark.parametrize(("lang", "yes"), [("en", "y"), ("fr", "oui"), ("ar", "نعم")])
def test_it_is_asked_in_the_persons_language_with_risk_data_and_collector(
    probe: CliProbe, lang: str, yes: str
) -> None:
    ran = probe.setup("--access", "adsl", "--operator", "Inwi", answers=f"{yes}\n", lang=lang)
    assert ran.status == 0
    words = texts(lang)
    assert words("consent.risk.medium") in ran.err
    assert probe.collector.url in ran.err
    assert words.size(20_000_000) in ran.err
    assert words.size(4_150_000) in ran.err
    consent = kept(probe).consent
    assert (consent.lang, consent.text_version, consent.tier) == (lang, TEXT_VERSION, "medium")
    assert consent.apps == ["whatsapp", "sip", "webrtc"]
    assert consent.given_at.endswith("Z")
    assert (kept(probe).access, kept(probe).operator) == (Access.ADSL, "Inwi")
    secret = read_secret(probe.folder)
    assert secret is not None
    assert kept(probe).network_mark == network_mark(secret, probe.network.name)
    assert probe.collector.books.requests == [], "nothing is sent"


@pytest.mark.parametrize("answers", ["n\n", "\n", "", "what\nis\nthis\n"])
def test_without_a_yes_nothing_is_kept(probe: CliProbe, answers: str) -> None:
    ran = probe.setup(answers=answers)
    assert ran.status == 130
    assert read_setup(probe.folder) is None
    assert read_secret(probe.folder) is None


def test_without_a_terminal_yes_must_be_said(probe: CliProbe) -> None:
    ran = probe.setup()
    assert ran.status == 64
    assert "--yes" in ran.err
    assert probe.setup("--yes").status == 0


def test_the_same_or_less_is_not_asked_again(probe: CliProbe) -> None:
    probe.setup("--yes")
    first = kept(probe).consent
    ran = probe.setup("--app", "sip", "--runs-per-day", "2")
    assert ran.status == 0
    assert "nothing is asked again" in ran.err
    assert kept(probe).consent == first
    assert (kept(probe).apps, kept(probe).rhythm.mean_s) == (["sip"], 43_200.0)


@pytest.mark.parametrize(
    "more",
    [("--data-per-day", "30MB"), ("--reflector", "other.example"), ("--app", "whatsapp,sip")],
)
def test_more_of_anything_is_asked_again(probe: CliProbe, more: tuple[str, str]) -> None:
    assert probe.setup("--app", "sip", "--yes").status == 0
    app = () if more[0] == "--app" else ("--app", "sip")
    assert probe.setup(*app, *more).status == 64, "nobody can be asked here"
    assert probe.setup(*app, *more, answers="y\n").status == 0


def test_another_collector_is_asked_for_and_the_old_ones_words_are_forgotten(probe: CliProbe) -> None:
    probe.setup("--yes")
    write_state(probe.folder, State(collector_key="ab" * 32, trouble="receipt", submitted=4))
    ran = probe(
        "setup", "--reflector", "reflector.example", "--collector", "https://other.example", answers="y\n"
    )
    assert ran.status == 0
    assert (probe.state.collector_key, probe.state.trouble, probe.state.submitted) == (None, "", 4)


def test_what_was_declared_is_of_this_network(probe: CliProbe) -> None:
    probe.setup("--yes")
    home = kept(probe).network_mark
    probe.network = CAFE
    probe.setup("--yes")
    assert kept(probe).network_mark != home


def test_a_canary_is_one_only_where_that_was_said(probe: CliProbe) -> None:
    probe.setup("--yes")
    assert not kept(probe).canary
    probe.setup("--yes", "--canary")
    assert kept(probe).canary


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--collector", "https://c.example"), "--reflector"),
        (("--reflector", "r.example"), "--collector https://HOST"),
        (("--reflector", "r.example", "--collector", "http://c.example"), "is no collector"),
        (("--reflector", "r.example", "--collector", "https://u:p@c.example"), "is no collector"),
        (
            ("--reflector", "r.example", "--collector", "https://c.example", "--collector-key", "zz"),
            "is no public key",
        ),
        (
            ("--reflector", "r.example", "--collector", "https://c.example", "--collector-pin", "zz"),
            "is no pin",
        ),
        (
            ("--reflector", "r.example", "--collector", "https://c.example", "--app", "imo"),
            "has no profile yet",
        ),
        (
            ("--reflector", "r.example", "--collector", "https://c.example", "--data-per-day", "3MB"),
            "raise --data-per-day",
        ),
        (
            ("--reflector", "r.example", "--collector", "https://c.example", "--runs-per-day", "13"),
            "out of range",
        ),
        (
            ("--reflector", "r.example", "--collector", "https://c.example", "--gap-least", "360"),
            "--gap-least must be less than 360",
        ),
        (
            ("--reflector", "r.example", "--collector", "https://c.example", "--gap-most", "600"),
            "--gap-most must be more than 690",
        ),
    ],
)
def test_what_cannot_be_is_one_line(probe: CliProbe, arguments: tuple[str, ...], words: str) -> None:
    ran = probe("setup", *arguments, "--yes")
    assert ran.status == 64
    assert words in ran.err
    assert len(ran.err.strip().splitlines()) == 1


def test_a_folder_that_cannot_be_made_is_one_line(probe: CliProbe) -> None:
    (probe.home / "voipwatch").write_text("in the way")
    ran = probe.setup("--yes")
    assert ran.status == 70
    assert "cannot be used" in ran.err


def test_collectors_as_people_write_them() -> None:
    assert parse_collector("https://c.example/", None, None) == Collector("c.example")
    assert parse_collector(" https://C.example:8444/watch/ ", None, "AB" * 32) == Collector(
        "c.example", 8444, "/watch", key="ab" * 32
    )
    assert parse_collector("https://[2001:db8::7]", None, None).host == "2001:db8::7"
    for text in (
        "",
        "c.example",
        "https://",
        "https://c.example:99999",
        "https://c.example?x=1",
        "https://c.example#x",
    ):
        with pytest.raises(Misuse):
            parse_collector(text, None, None)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (
            ("--runs-per-day", "12", "--gap-least", "10", "--gap-most", "20"),
            "the mean gap is 120 min: with --gap-least 10, --gap-most must be more than 230 (you said 20)",
        ),
        (
            ("--runs-per-day", "7", "--gap-least", "206"),
            "With 7 runs a day the mean gap is 206 min: --gap-least must be less than 206 (you said 206)",
        ),
    ],
)
def test_a_rhythm_that_cannot_be_is_told_in_numbers(
    probe: CliProbe, options: tuple[str, ...], said: str
) -> None:
    ran = probe.setup("--yes", *options)
    assert ran.status == 64
    assert said in " ".join(ran.err.split())
    options = tuple({"20": "231", "206": "205"}.get(each, each) for each in options)
    assert probe.setup("--yes", *options).status == 0


def test_a_fleets_list_gives_the_probe_its_three(
    probe: CliProbe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fleetuse, "wall_s", lambda: NOW_S)
    file = tmp_path / "fleet.json"
    file.write_bytes(sign_fleet(listed(), FIRST))
    collector = ("--collector", probe.collector.url, "--collector-pin", probe.collector.pin)
    fleet = ("--fleet", str(file), "--fleet-key", public(FIRST))
    assert probe("setup", *fleet, *collector, "--yes").status == 0
    names = [each.host for each in kept(probe).reflectors]
    assert len(set(names)) == 3
    assert set(names) <= {each["host"] for each in FLEET}
    assert {each.pin for each in kept(probe).reflectors} == {"ab" * 32}
    assert kept(probe).consent.reflectors == [f"{name}:8443" for name in names]
    assert probe("setup", *fleet, "--reflector", "r.example", *collector, "--yes").status == 64
