"""A check and irtt over one path of this machine's kernel: 10 ms each way, and packets dropped by its dice.

The path is `lab.netns`: the line is a process that moves frames at their time, the operator is a router whose
nftables drop voice-sized datagrams and count them, so that the truth is known of every run.
"""

import subprocess
import tempfile
from pathlib import Path
from typing import Final

import msgspec

from scripts.benchmarks.besides import (
    APP,
    Dropped,
    Said,
    Turn,
    read_check,
    read_counters,
    read_irtt,
    since,
    together,
)
from voipwatch.cli.kernel import CHECK_S, kernel_problem, run_check, start_reflector
from voipwatch.lab.line import LineCondition, LinkCondition
from voipwatch.lab.netns import KernelNet
from voipwatch.lab.nft import LINE_DEVICE, NET_DEVICE
from voipwatch.lab.worlds import World, load_worlds

DELAY_MS: Final = 10.0
LOST: Final = {"up": 20, "down": 10}
"""Of a thousand."""
RHYTHMS: Final = ((20, 172), (30, 252))
"""ms and bytes of UDP payload: G.711 as the profile `sip` has it, each as likely."""
UDP_BYTES: Final = 8
IRTT_PORT: Final = 2112
CLIENTS: Final = 2
"""For each rhythm: as many voices at once as a check has, which plays three controls with each."""
BUDGET_BYTES: Final = 4_000_000
BLOCKS: Final = 28
"""The most that a check may be asked for."""
IRTT_S: Final = 15
TURNS: Final = 6
"""Smallest to largest of six turns hold a median with 97 % confidence."""
SAYS: Final = (
    f"Both over one path of the kernel's: {DELAY_MS:g} ms each way by the lab's line, {LOST['up'] / 10:g} % "
    f"of the voice dropped up and {LOST['down'] / 10:g} % down by nftables' dice, which counts what it drops;"
    " a fresh path each turn, the check first in every other. The check: `voipwatch check --app sip`, all "
    "its voice, recorded as ever. irtt: four clients at once, as many as a check's voice and controls, and "
    "its own figures. Sizes and rates are the same, G.711: two clients send 172 bytes each 20 ms and two 252 "
    "each 30 ms, of which a check draws one for every flow. Round trips have the servers' own time out."
)


def table_of_drops() -> str:
    """What nftables is told: count voice by its size in each direction, drop its share, count that."""
    sizes = ", ".join(str(size + UDP_BYTES) for _, size in RHYTHMS)
    names = [f"{way}_{what}" for way in LOST for what in ("seen", "dropped")]
    lines = ["table inet planted {", *(f"  counter {name} {{ }}" for name in names), "  chain forward {"]
    lines.append("    type filter hook forward priority filter; policy accept;")
    for way, device in (("up", LINE_DEVICE), ("down", NET_DEVICE)):
        voice = f'    iifname "{device}" meta l4proto udp udp length {{ {sizes} }}'
        lines.append(f"{voice} counter name {way}_seen")
        lines.append(f"{voice} numgen random mod 1000 < {LOST[way]} counter name {way}_dropped drop")
    return "\n".join([*lines, "  }", "}", ""])


def path_world() -> World:
    """The table's clean world with the bench's line."""
    link = LinkCondition(delay_ms=DELAY_MS)
    return msgspec.structs.replace(
        load_worlds().get("clean"), policy={"policy": "open"}, line=LineCondition(up=link, down=link)
    )


def measure_turns(turns: int = TURNS, *, irtt_s: int = IRTT_S, blocks: int = BLOCKS) -> list[Turn]:
    """In turns, who is first alternates.

    Raises:
        RuntimeError: where the kernel gives no such path, or a program fails; the message says why.
    """
    problem = kernel_problem()
    if problem is not None:
        raise RuntimeError(f"no path: {problem}")
    return [_turn(number, irtt_s, blocks) for number in range(turns)]


def _turn(number: int, irtt_s: int, blocks: int) -> Turn:
    with KernelNet(path_world(), number + 1) as net:
        net.script("operator", "nft -f -", table_of_drops())
        if number % 2:
            irtt, irtt_dropped = irtt_run(net, irtt_s)
            check, check_dropped = check_run(net, blocks)
        else:
            check, check_dropped = check_run(net, blocks)
            irtt, irtt_dropped = irtt_run(net, irtt_s)
    return Turn(check, check_dropped, irtt, irtt_dropped)


def _counted(net: KernelNet) -> Dropped:
    listed = net.run_operator(
        ["nft", "-j", "list", "counters", "table", "inet", "planted"], capture_output=True, check=True
    )
    return read_counters(listed.stdout)


def check_run(net: KernelNet, blocks: int) -> tuple[Said, Dropped]:
    """A check of `blocks` blocks, and what the kernel counted meanwhile."""
    before = _counted(net)
    with tempfile.TemporaryDirectory(prefix="voipwatch-bench-") as folder:
        control, pin = start_reflector(net)
        options = ["--reflector", control, "--pin", pin, "--app", APP, "--lang", "en"]
        options += ["--budget", str(BUDGET_BYTES), "--blocks", str(blocks)]
        report = run_check(net, Path(folder), options, CHECK_S)
    return read_check(report.measurement), since(before, _counted(net))


def _start_irtt(net: KernelNet, to: str) -> None:
    """The server of irtt, once it listens: a client that is refused ends at once. Raises RuntimeError."""
    command = ["irtt", "server", "-b", to, "-i", "0"]
    server = net.popen_far(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert server.stdout is not None
    said = ""
    while not said.startswith("[ListenerStart]"):
        told = server.stdout.readline()
        if not told:
            raise RuntimeError(f"irtt's server ended: {said.strip()}")
        said = told


def irtt_run(net: KernelNet, seconds: int) -> tuple[Said, Dropped]:
    """Four clients of irtt that send for so long, and what the kernel counted meanwhile."""
    before = _counted(net)
    to = f"{net.far_address}:{IRTT_PORT}"
    quiet = subprocess.DEVNULL
    _start_irtt(net, to)
    with tempfile.TemporaryDirectory(prefix="voipwatch-bench-") as folder:
        clients: list[tuple[subprocess.Popen[bytes], Path]] = []
        for gap_ms, size in RHYTHMS * CLIENTS:
            file = Path(folder) / f"{len(clients)}.json"
            words = ["irtt", "client", "-Q", "-i", f"{gap_ms}ms", "-d", f"{seconds}s", "-l", str(size)]
            clients.append((net.popen_near([*words, "-o", str(file), to], stdout=quiet), file))
        for client, _ in clients:
            if client.wait(CHECK_S):
                raise RuntimeError(f"a client of irtt ended with {client.returncode}")
        said = together([read_irtt(file.read_bytes()) for _, file in clients])
    return said, since(before, _counted(net))
