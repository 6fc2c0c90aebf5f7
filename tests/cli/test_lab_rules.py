from pathlib import Path

from tests.cli.doubles import run_line
from voipwatch.lab.rulesfile import rules_text
from voipwatch.lab.worlds import load_worlds
from voipwatch.lab.worlds_page import EXAMPLE


def test_a_worlds_file_is_printed_and_nothing_else() -> None:
    ran = run_line("lab", "rules", "port-drop", "--seed", "7")
    assert (ran.status, ran.err) == (0, "")
    assert ran.out == rules_text(load_worlds().get("port-drop"), seed=7)
    other = run_line("lab", "rules", "port-drop", "--line", "long")
    assert "netem delay 150ms" in other.out


def test_a_world_of_user_space_says_why() -> None:
    ran = run_line("lab", "rules", "dtls-ja4", width=300)
    assert (ran.status, ran.out) == (2, "")
    assert "dtls-fingerprint" in ran.err
    assert "voipwatch lab run dtls-ja4 --network kernel" in ran.err


def test_it_reads_ones_own_worlds_and_refuses_what_is_not_there(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(EXAMPLE)
    assert "udp dport { 3478 }" in run_line("lab", "rules", "my-relay", "--table", str(file)).out
    for words in (["nowhere"], ["port-drop", "--line", "nowhere"], ["port-drop", "--table", str(file)]):
        ran = run_line("lab", "rules", *words)
        assert (ran.status, ran.out, ran.err.count("\n")) == (64, "", 1)
