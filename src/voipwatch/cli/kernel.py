"""A check in an emulated world over this machine's kernel: the real reflector and probe, as programs.

Nothing is special about them: they are the commands that a person would type, one on the internet's side of
the namespaces, the other on the line's. What comes back is the report that `check --out` wrote.
"""

import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from voipwatch.cli.reportfile import decode_report
from voipwatch.lab.hopnet import HopNet
from voipwatch.lab.hops import HopChain
from voipwatch.lab.netns import KernelNet, KernelNetError
from voipwatch.lab.support import kernel_support
from voipwatch.lab.worlds import World
from voipwatch.model.results import Report

PROGRAM: Final = (sys.executable, "-m", "voipwatch")
STATUSES: Final = frozenset({0, 1, 2})
"""Of a check that came to its end."""
CHECK_S: Final = 300.0
"""No check of three apps takes this long."""


FETCH_S: Final = 30.0


class KernelCheckError(RuntimeError):
    """The check could not be made, or not in time; the message says why."""


def kernel_problem() -> str | None:
    """Why this machine's kernel cannot be used, or None."""
    support = kernel_support()
    return None if support.available else "; ".join(support.reasons)


def report_from_kernel(
    world: World,
    apps: Sequence[str],
    *,
    seed: int,
    budget_bytes: int,
    timeout_s: float = CHECK_S,
    lang: str = "en",
    hops: HopChain | None = None,
) -> Report:
    """One check, in real time: its report, with sentences in `lang`. Raises KernelCheckError.

    `hops`: the routers of the way; with them the check is asked where a block sits.
    """
    if world.ways:
        raise KernelCheckError("a world of two reflectors is simulated only: run it without --network kernel")
    give_up_at = time.monotonic() + timeout_s
    try:
        kernel = KernelNet(world, seed) if hops is None else HopNet(world, hops, seed)
        with tempfile.TemporaryDirectory(prefix="voipwatch-") as folder, kernel as net:
            control, pin = start_reflector(net, canary=world.providers is None or world.providers.canary)
            if world.line.portal:
                _keep_ticket(net, Path(folder), control, pin)
            options = ["--reflector", control, "--pin", pin, "--app", ",".join(apps)]
            options += ["--budget", f"{budget_bytes}", "--lang", lang]
            if world.providers is not None:
                options.append("--providers")
            if hops is not None:
                options.append("--locate")
            return run_check(net, Path(folder), options, give_up_at - time.monotonic())
    except (KernelNetError, subprocess.TimeoutExpired) as error:
        raise KernelCheckError(str(error)) from error


def start_reflector(net: KernelNet, *, canary: bool = True) -> tuple[str, str]:
    """Start a reflector on the internet's side; where its control channel is, and its pin.

    Raises KernelCheckError if it does not start.
    """
    command = [*_env(net), *PROGRAM, "reflector", "--bind", net.far_address, "--lang", "en"]
    command += [] if canary else ["--without-canary"]
    process = net.popen_far(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    line = process.stdout.readline()
    found = re.search(r"control=(\S+) pin=([0-9a-f]{64})", line)
    if found is None:
        raise KernelCheckError(f"the reflector did not start: {line.strip()!r}")
    return found[1], found[2]


def _env(net: KernelNet, **more: str) -> list[str]:
    """A program's environment, as `env` puts it before a command."""
    variables = {**net.environment, **more}
    return ["env", *(f"{name}={value}" for name, value in variables.items())] if variables else []


def _keep_ticket(net: KernelNet, folder: Path, control: str, pin: str) -> None:
    """A ticket fetched before anybody stood in between: behind a portal nothing is measured without one."""
    command = ["env", f"XDG_DATA_HOME={folder}", *PROGRAM, "tickets", "fetch", "--reflector", control]
    done = net.run_far(
        [*command, "--pin", pin, "--count", "1"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        timeout=FETCH_S,
    )
    if done.returncode != 0:
        raise KernelCheckError(f"no ticket before the check: {done.stderr.strip()[-300:]}")


def run_check(net: KernelNet, folder: Path, options: list[str], timeout_s: float) -> Report:
    """One check on the line, by the command's own options; what it keeps is in `folder`.

    Raises KernelCheckError if it does not come to its end.
    """
    report = folder / "report.json"
    command = [*PROGRAM, "check", *options, "--yes", "--json", "--out", str(report)]
    try:
        done = net.run_near(
            [*_env(net, XDG_DATA_HOME=str(folder)), *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            timeout=max(0.0, timeout_s),
        )
    except subprocess.TimeoutExpired:
        raise KernelCheckError("the check took too long") from None
    if done.returncode not in STATUSES or not report.is_file():
        raise KernelCheckError(f"the check ended with {done.returncode}: {done.stderr.strip()[-300:]}")
    return decode_report(report.read_bytes(), name=report.name)[0]
