"""The shell scripts on machines that this one is not: their tools stand in a folder of their own."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.support.environment import REPOSITORY

# Tools that the scripts may use wherever they run.
HONEST = ("bash", "env", "dirname", "printf", "cat")


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A folder of programs, the only ones that a script run with `run_on` finds."""
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in HONEST:
        (tools / name).symlink_to(next(p for d in ("/usr/bin", "/bin") if (p := Path(d, name)).exists()))
    return tools


def put(tools: Path, name: str, body: str) -> None:
    """Add a program of one line of shell; what it was called with goes into calls.txt beside the folder."""
    tool = tools / name
    log = tools.parent / "calls.txt"
    tool.write_text(f'#!/bin/bash\necho "{name} $*" >>"{log}"\n{body}\n', "utf-8")
    tool.chmod(0o755)


def run_on(tools: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/bash", REPOSITORY / "scripts/apt.sh", *arguments],
        env={**os.environ, "PATH": str(tools)},
        capture_output=True,
        text=True,
        check=False,
    )


def calls(tools: Path) -> list[str]:
    log = tools.parent / "calls.txt"
    return log.read_text("utf-8").splitlines() if log.exists() else []


def debian(tools: Path, *, user: int, installed: str = "never") -> None:
    put(tools, "dpkg-query", f'case "${{@: -1}}" in {installed}) printf installed ;; *) exit 1 ;; esac')
    put(tools, "id", f"echo {user}")
    put(tools, "apt-get", "exit 0")


def test_nothing_is_done_where_all_is_there(machine: Path) -> None:
    debian(machine, user=0, installed="nftables|irtt")
    ran = run_on(machine, "nftables", "irtt")
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
    assert not [call for call in calls(machine) if call.startswith("apt-get")]


def test_root_installs_only_what_is_missing_and_waits_for_another_apt(machine: Path) -> None:
    debian(machine, user=0, installed="nftables")
    ran = run_on(machine, "nftables", "irtt")
    assert ran.returncode == 0
    installs = [call for call in calls(machine) if call.startswith("apt-get") and " install " in call]
    assert installs == [
        "apt-get -o DPkg::Lock::Timeout=900 -qq install -y --no-install-recommends irtt",
    ]


def test_without_root_one_line_is_printed_and_nothing_installed(machine: Path) -> None:
    debian(machine, user=1000)
    ran = run_on(machine, "nftables", "irtt")
    assert ran.returncode == 1
    lines = [line for line in ran.stderr.splitlines() if "apt-get" in line]
    assert len(lines) == 1, "the one line to type"
    assert "install" in lines[0]
    assert "nftables irtt" in lines[0]
    assert not [call for call in calls(machine) if call.startswith("apt-get")]


def test_sudo_is_used_only_where_it_asks_for_no_password(machine: Path) -> None:
    debian(machine, user=1000)
    put(machine, "sudo", "exit 1")
    assert run_on(machine, "irtt").returncode == 1
    put(machine, "sudo", 'shift; [ "$1" = true ] && exit 0; exec "$@"')
    (machine / "true").symlink_to("/bin/true")
    assert run_on(machine, "irtt").returncode == 0
    assert "apt-get -o DPkg::Lock::Timeout=900 -qq install -y --no-install-recommends irtt" in calls(machine)


def test_another_system_is_told_what_is_missing(machine: Path) -> None:
    put(machine, "id", "echo 0")
    ran = run_on(machine, "irtt")
    assert ran.returncode == 1
    assert "irtt" in ran.stderr
