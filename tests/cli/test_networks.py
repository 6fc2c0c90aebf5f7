"""`--locate` and `--networks` on the command line: consent, the table's file, what is asked and shown."""

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from tests.cli.doubles import Measured, Told, run_line
from voipwatch import probe
from voipwatch.cli import machinery
from voipwatch.cli.context import CheckRequest
from voipwatch.cli.errors import Misuse
from voipwatch.cli.networks import read_networks
from voipwatch.lab.drive import run_simulated
from voipwatch.lab.hops import HopChain
from voipwatch.lab.worlds import load_worlds
from voipwatch.model.measurement import Line, Measurement
from voipwatch.probe import CheckOptions
from voipwatch.probe.networks import Networks

CHECK = ("check", "--reflector", "reflector.example", "--app", "whatsapp")
CHAIN = HopChain(5, 2)


def test_a_table_is_read_and_must_be_one(tmp_path: Path) -> None:
    table = tmp_path / "networks.txt"
    table.write_text("10.0.0.0/8 Inwi\n", "utf-8")
    assert read_networks(str(table), locate=True) == "10.0.0.0/8 Inwi\n"
    assert read_networks(None, locate=True) == ""
    with pytest.raises(Misuse) as caught:
        read_networks(str(table), locate=False)
    assert caught.value.key == "error.networks_unused"
    table.write_text("10.0.0.0/8 Inwi\n10.0.0.0/8\n", "utf-8")
    with pytest.raises(Misuse) as caught:
        read_networks(str(table), locate=True)
    assert (caught.value.key, caught.value.values["line"]) == ("error.networks_line", 2)
    table.write_bytes(b"\xff\xfe")
    with pytest.raises(Misuse) as caught:
        read_networks(str(table), locate=True)
    assert caught.value.key == "error.networks_line"
    with pytest.raises(Misuse) as caught:
        read_networks(str(tmp_path / "none"), locate=True)
    assert caught.value.key == "error.file_missing"


def test_consent_says_what_is_sent_and_kept_and_the_table_goes_along(tmp_path: Path) -> None:
    table = tmp_path / "networks.txt"
    table.write_text("10.0.0.0/8 Inwi\n", "utf-8")
    measured = Measured()
    options = (*CHECK, "--locate", "--networks", str(table))
    ran = run_line(*options, measure=measured, judge=Told(), answers="y\n", width=600)
    asked = ran.err.index("Start?")
    for words in ("die at one hop after the other", "shape of your way into the internet"):
        assert ran.err.index(words) < asked
    assert "0.5 to 3.75 minutes" in ran.err or "3.8 minutes" in ran.err
    assert [(r.locate, r.networks) for r in measured.requests] == [(True, "10.0.0.0/8 Inwi\n")]
    plain = Measured()
    ran = run_line(*CHECK, measure=plain, judge=Told(), answers="y\n", width=600)
    assert "hop" not in ran.err
    assert [(r.locate, r.networks) for r in plain.requests] == [(False, "")], "off unless asked for"


def test_a_table_for_nothing_is_misuse(tmp_path: Path) -> None:
    table = tmp_path / "networks.txt"
    table.write_text("", "utf-8")
    ran = run_line(*CHECK, "--networks", str(table), "--yes", measure=Measured(), judge=Told())
    assert ran.status == 64
    assert "--locate" in ran.err


def simulate(*_: object) -> Measurement:
    world = msgspec.structs.replace(load_worlds().get("clean"), policy={"policy": "stun-cookie"})
    return run_simulated(world, apps=["whatsapp"], seed=4, hops=CHAIN)


@pytest.mark.parametrize("lang", ["en", "fr", "ar"])
def test_the_hop_is_in_the_table_and_in_a_sentence(lang: str) -> None:
    ran = run_line(*CHECK, "--locate", "--yes", measure=simulate, lang=lang, width=200)
    assert ran.status == 1
    assert "2–3" in ran.out
    sentence = {
        "en": "stopped at hop 2 of the way",
        "fr": "arrêté au saut 2 du chemin",
        "ar": "تُوقف عند القفزة",
    }[lang]
    assert sentence in " ".join(ran.out.split())


def test_no_address_of_a_hop_is_in_a_report_and_it_verifies(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    ran = run_line(*CHECK, "--locate", "--yes", "--json", "--out", str(path), measure=simulate)
    assert ran.status == 1
    for text in (ran.out, path.read_text("utf-8")):
        assert not any(CHAIN.address(hop) in text for hop in range(1, 6))
    report = msgspec.json.decode(path.read_bytes())
    place = report["check"]["results"][0]["place"]
    assert (place["after"], place["before"]) == (2, 3)
    probes = report["measurement"]["sweeps"][0]["probes"]
    assert {p["address"][:5] for p in probes if p["answer"] == "hop"} == {"addr-"}
    assert run_line("verify", str(path)).status == 0


@pytest.mark.parametrize(
    ("state", "words"), [("system", "only Linux tells"), ("via", "nobody counts the hops")]
)
def test_where_it_cannot_be_asked_that_is_said(state: str, words: str) -> None:
    def change(measurement: Measurement) -> None:
        measurement.sweeps_state = state

    ran = run_line(*CHECK, "--locate", "--yes", measure=Measured(change=change), width=300)
    assert words in ran.out


def test_the_probe_is_given_the_wish_and_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[CheckOptions] = []

    def remember(options: CheckOptions, _on_progress: object) -> Measurement:
        given.append(options)
        return simulate()

    monkeypatch.setattr(probe, "run_check", remember)
    request = CheckRequest((), ("whatsapp",), Line(), 1, False, False, Path())
    machinery.measure(request, lambda _: None)
    machinery.measure(replace(request, locate=True, networks="10.0.0.0/8 Inwi"), lambda _: None)
    assert [options.locate for options in given] == [False, True]
    assert [options.networks for options in given] == [Networks(), Networks.parse("10.0.0.0/8 Inwi")]
