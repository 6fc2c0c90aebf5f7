import json
from pathlib import Path

import pytest

from tests.cli.doubles import run_line
from voipwatch.lab import ndpi
from voipwatch.lab.worlds_page import EXAMPLE

RUN = ("lab", "replay", "--world", "sip-invite", "--seed", "2", "--app", "sip")


def test_a_run_is_told_flow_by_flow_with_its_decisions_and_its_row() -> None:
    ran = run_line(*RUN, "--line", "long", width=160)
    assert ran.status == 0, ran.err
    assert "World sip-invite, line long, seed 2." in ran.out
    assert '"policy":"payload"' in ran.out
    assert "sip A signalling setup: port " in ran.out
    tcp = [line for line in ran.out.splitlines() if line.strip().startswith("tcp: port ")]
    assert tcp
    assert not [line for line in tcp if "sent" in line], "what nobody counted is not said to be none"
    drops = [
        line.split() for line in ran.out.splitlines() if "drop" in line and "payload" in line.split()[-1:]
    ]
    assert drops
    assert all(words[2] == "sending" for words in drops if len(words) == 7)
    assert "Decisions: seconds after the question’s first packet" in ran.out
    assert "sip: rule blocked.setup; expected blocked." in ran.out


def test_as_json_it_holds_every_datagram() -> None:
    ran = run_line(*RUN, "--json")
    document = json.loads(ran.out)
    assert ran.status == 0
    assert (document["schema"], document["world"], document["line"]) == (
        "voipwatch.replay/1",
        "sip-invite",
        "clean",
    )
    assert document["unexpected"] == []
    assert document["results"][0]["rule"] == "blocked.setup"
    told = [d for flow in document["flows"] for d in flow["datagrams"] if d[3] == "drop"]
    assert told
    assert {d[4] for d in told} == {"payload"}


def test_in_full_each_datagram_has_its_line() -> None:
    short, full = (run_line(*RUN, *more, width=160).out for more in ((), ("--full",)))
    assert len(full.splitlines()) > 3 * len(short.splitlines())


def test_what_a_seed_drew_is_told() -> None:
    ran = run_line("lab", "replay", "--world", "burst-5", "--seed", "9", "--app", "sip", width=200)
    assert 'Drawn: {"line.both.loss_ratio":' in ran.out
    assert "line bursty" in ran.out
    own = run_line(
        "lab", "replay", "--world", "burst-5", "--line", "bursty", "--seed", "9", "--app", "sip", width=200
    )
    assert own.out == ran.out, "its own line by name is its own line"


def test_another_verdict_than_the_expected_one_is_1() -> None:
    ran = run_line("lab", "replay", "--world", "residual-host", "--app", "sip", "--json")
    assert (ran.status, json.loads(ran.out)["unexpected"]) == (1, ["sip"])


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (("--world", "atlantis"), "atlantis"),
        (("--world", "clean", "--line", "wet"), "“wet”"),
        (("--world", "clean", "--app", "zoom"), "zoom"),
        (("--world", "clean", "--seed", "-1"), "--seed"),
    ],
)
def test_what_is_not_there_is_refused(more: tuple[str, ...], says: str) -> None:
    ran = run_line("lab", "replay", *more)
    assert ran.status == 64
    assert says in ran.err


def test_without_ndpi_its_worlds_cannot_be_replayed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ndpi, "is_installed", lambda: False)
    ran = run_line("lab", "replay", "--world", "ndpi-kill")
    assert ran.status == 70
    assert "voipwatch[lab]" in ran.err


OWN = (*RUN[:2], "--app", "sip", "--json", "--table")


def test_a_run_of_ones_own_worlds_is_told_too(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(EXAMPLE)
    relay = run_line(*OWN, str(file), "--world", "my-relay", "--line", "long", "--seed", "3")
    document = json.loads(relay.out)
    assert (relay.status, document["world"], document["line"]) == (0, "my-relay", "long")
    assert 0.12 <= document["values"]["policy.ratio"] <= 0.2

    own = [run_line(*OWN, str(file), "--world", "my-bad-line", *line) for line in ((), ("--line", "my-line"))]
    assert [(ran.status, json.loads(ran.out)["line"]) for ran in own] == [(0, "my-line")] * 2
    same = own[0].out == own[1].out  # not inside the assertion: a difference of megabytes is not to be shown
    assert same


def test_a_guilty_worlds_own_line_is_known_by_name_though_it_is_not_packaged(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(EXAMPLE.replace("guilty = false", "guilty = true"))
    ran = run_line(*OWN, str(file), "--world", "my-bad-line", "--line", "my-line")
    assert json.loads(ran.out)["line"] == "my-line"


@pytest.mark.parametrize(
    ("text", "world", "says"),
    [
        (EXAMPLE, "sip-invite", "my-bad-line"),
        (EXAMPLE.replace("why =", "because ="), "my-relay", "because"),
    ],
)
def test_a_file_is_read_in_place_of_the_packaged_worlds(
    tmp_path: Path, text: str, world: str, says: str
) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(text)
    ran = run_line(*OWN, str(file), "--world", world)
    assert ran.status == 64
    assert not ran.out
    assert says in ran.err
