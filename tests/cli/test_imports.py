"""`voipwatch import`: the profile, what it says beside it, and one clear line for every bad file."""

import json
from pathlib import Path

import pytest

from tests.apps.imported.support import FAR, NEAR, call, noise, packet
from tests.cli.doubles import run_line
from tests.wire.test_pcapng import enhanced, interface, section
from voipwatch.apps.loader import load_profile_file
from voipwatch.wire.address import TransportAddress
from voipwatch.wire.pcap import encode_pcap


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    path = tmp_path / "call.pcap"
    path.write_bytes(encode_pcap(call()))
    return path


UNMARKED = dict.fromkeys(map(ord, "\u2066\u2067\u2068\u2069"))
"""Without the marks that keep a command in one piece within Arabic."""


def test_the_profile_goes_to_standard_output_and_all_else_beside(capture: Path) -> None:
    ran = run_line("import", str(capture))
    assert ran.status == 0
    assert load_profile_file("out", ran.out.encode()).id == "private"
    assert "124 packets, 1 UDP flows" in ran.err
    assert "Scrubbed: addresses" in ran.err
    assert "Scrubbed: user names" in ran.err


def test_pcapng_gives_the_same_profile(capture: Path, tmp_path: Path) -> None:
    other = tmp_path / "call.pcapng"
    blocks = [enhanced("<", each.ts_us, each.data) for each in call()]
    other.write_bytes(section("<") + interface("<") + b"".join(blocks))
    assert run_line("import", str(other)).out == run_line("import", str(capture)).out


def test_out_writes_a_file_that_apps_check_and_check_take(capture: Path, tmp_path: Path) -> None:
    target = tmp_path / "mine.toml"
    ran = run_line("import", str(capture), "--out", str(target))
    assert (ran.status, ran.out) == (0, "")
    assert run_line("apps", "check", str(target)).status == 0
    for lang in ("en", "fr", "ar"):
        told = run_line("import", str(capture), "--out", str(target), lang=lang).err
        assert f"voipwatch check --reflector HOST --pin PIN --profile {target}" in told.translate(UNMARKED)


def test_json_names_no_address(capture: Path, tmp_path: Path) -> None:
    document = json.loads(run_line("import", str(capture), "--json").out)
    assert document["schema"] == "voipwatch.import/1"
    assert document["flows"][0]["chosen"] is True
    assert document["scrubbed"]["address"] > 0
    assert document["profile"].startswith("# A private profile")
    text = json.dumps(document)
    assert NEAR.host not in text
    assert FAR.host not in text
    written = json.loads(run_line("import", str(capture), "--json", "--out", str(tmp_path / "x.toml")).out)
    assert written["profile"] is None


def test_another_flow_can_be_taken(tmp_path: Path) -> None:
    other = TransportAddress("198.51.100.7", 9000)
    packets = [
        *call(),
        *(packet(20_000 * n, n % 2 == 0, b"\xd7" + noise(f"{n}", 99), other) for n in range(40)),
    ]
    path = tmp_path / "two.pcap"
    path.write_bytes(encode_pcap(packets))
    assert "port = 3478" in run_line("import", str(path)).out
    second = run_line("import", str(path), "--flow", "2")
    assert 'after = "before"' in second.out  # the call's STUN came before it, from the same port
    assert "* 2" in second.err
    refused = run_line("import", str(path), "--flow", "3")
    assert refused.status == 64
    assert "1 to 2" in refused.err


CALL = encode_pcap(call())


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"", "neither pcap nor pcapng"),
        (b"PK\3\4 something else entirely", "neither pcap nor pcapng"),
        (CALL[:12], "cut off at packet 1"),
        (CALL[:-7], "cut off at packet 124"),
        (encode_pcap([]), "no UDP packet"),
        (encode_pcap([packet(n, True, b"x" * 40) for n in range(5)]), "no flow that looks like a call"),
    ],
)
@pytest.mark.parametrize("lang", ["en", "fr", "ar"])
def test_a_bad_file_gives_one_clear_line(content: bytes, text: str, lang: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.pcap"
    path.write_bytes(content)
    ran = run_line("import", str(path), lang=lang)
    assert ran.status == 64
    assert ran.out == ""
    listed = 2 if "looks like a call" in text else 0  # what --flow chooses among comes before the error
    assert len(ran.err.strip().splitlines()) == listed + 1
    if lang == "en":
        assert text in ran.err


def test_flows_beyond_those_listed_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "many.pcap"
    path.write_bytes(
        encode_pcap(
            [
                packet(20_000 * n, True, b"x" * 40, TransportAddress("198.51.100.7", 9000 + n % 23))
                for n in range(46)
            ]
        )
    )
    ran = run_line("import", str(path))
    assert ran.status == 64
    assert "Smaller flows that are not listed: 3. --flow takes 1 to 20." in ran.err
    assert ran.err.index("\n20  ") < ran.err.index("no flow that looks like a call")


def test_what_is_no_file_gives_one_clear_line(tmp_path: Path) -> None:
    for path, text in (
        (tmp_path, "folder"),
        (tmp_path / "no", "there is no file"),
        (Path("/dev/null"), "device"),
    ):
        ran = run_line("import", str(path))
        assert ran.status == 64
        assert text in ran.err


def test_a_flow_that_cannot_be_played_is_said(tmp_path: Path) -> None:
    path = tmp_path / "tiny.pcap"
    path.write_bytes(encode_pcap([packet(20_000 * n, True, b"tiny") for n in range(6)]))
    ran = run_line("import", str(path), "--flow", "1")
    assert ran.status == 64
    assert "nothing of this flow" in ran.err
