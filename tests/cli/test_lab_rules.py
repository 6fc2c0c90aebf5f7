import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.cli.doubles import run_line
from tests.lab.kernel import world as bare
from tests.support.environment import require
from voipwatch.lab.netns import KernelNet
from voipwatch.lab.rulesfile import rules_text
from voipwatch.lab.support import kernel_support
from voipwatch.lab.worlds import World, load_worlds
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


# --- loaded -----------------------------------------------------------------------------------------------

POLICE = """[[worlds]]
id = "police"
title = "A bucket that holds more than a second,\\n and a title of two lines"
guilty = true
why = "No packaged world polices so that the kernel can say it."
policy = { policy = "police", bytes_per_s = 2000, burst_bytes = 4000, signatures = ["rtp"] }
each = { verdicts = ["throttled"] }
"""


def kinds(world: World) -> Iterator[str]:
    """The names of a world's rules, with those inside."""

    def within(policy: Mapping[str, Any]) -> Iterator[str]:
        yield str(policy["policy"])
        for part in [*policy.get("policies", []), *([policy["of"]] if "of" in policy else [])]:
            yield from within(part)

    yield from within(world.policy)
    if world.line.portal:
        yield "portal"


def one_of_each_kind() -> dict[str, str]:
    """Kind of rule -> the first world whose rules are of it, of those that nftables can say."""
    found: dict[str, str] = {}
    for world in load_worlds().worlds:
        if not world.needs_ndpi and rules_text(world, seed=1) is not None:
            for kind in kinds(world):
                found.setdefault(kind, world.id)
    return found


@pytest.fixture(scope="module")
def net() -> Iterator[KernelNet]:
    support = kernel_support()
    require(support.available, f"no kernel network: {'; '.join(support.reasons)}")
    with KernelNet(bare({"policy": "open"})) as open_net:
        yield open_net


def listed(net: KernelNet) -> list[dict[str, Any]]:
    """What the operator's kernel holds, without the handles that each load counts on."""
    shown = net.run_operator(["nft", "-j", "list", "ruleset"], capture_output=True, text=True, check=True)
    objects = json.loads(shown.stdout)["nftables"][1:]  # the first is nft's own version
    return [
        {name: {key: value for key, value in of.items() if key != "handle"} for name, of in entry.items()}
        for entry in objects
    ]


def load(net: KernelNet, file: Path) -> None:
    done = net.run_operator(["nft", "-f", str(file)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, ""), file.read_text()


@pytest.mark.kernel
@pytest.mark.xdist_group("kernel")
@pytest.mark.parametrize(("kind", "world"), [*one_of_each_kind().items(), ("police", "police")])
def test_what_is_printed_is_loaded_by_nft_and_loaded_again_it_is_the_same(
    net: KernelNet, tmp_path: Path, kind: str, world: str
) -> None:
    table, file = tmp_path / "mine.toml", tmp_path / "mine.nft"
    table.write_text(POLICE)
    own = ("--table", str(table)) if kind == "police" else ()
    printed = run_line("lab", "rules", world, "--seed", "2", *own)
    assert printed.status == 0, printed.err
    file.write_text(printed.out)
    net.run_operator(["nft", "flush", "ruleset"], check=True)

    load(net, file)
    once = listed(net)
    assert [entry["table"]["name"] for entry in once if "table" in entry] == ["operator"]
    wanted = list(chain_lines(printed.out))
    assert len([entry for entry in once if "rule" in entry]) == len(wanted)
    assert bool(wanted) == (kind != "open")
    assert ("capture" in {entry["chain"]["name"] for entry in once if "chain" in entry}) == (kind == "portal")

    load(net, file)
    assert listed(net) == once


def chain_lines(text: str) -> Iterator[str]:
    """The rules of a printed file: what stands in its chains, one a line."""
    inside = False
    for line in text.splitlines():
        if line.startswith("  chain "):
            inside = True
        elif line == "  }":
            inside = False
        elif inside and line.strip() and not line.strip().startswith("type "):
            yield line.strip()


def test_every_kind_of_rule_that_nftables_can_say_is_loaded_above() -> None:
    assert {"port-drop", "payload", "residual", "cut-seconds", "except", "one-way", "chain", "portal"} <= set(
        one_of_each_kind()
    )
    assert len(one_of_each_kind()) >= 29
