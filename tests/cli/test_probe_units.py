"""The systemd unit and timer: filled in, understood by systemd, hardened, and in step with the program."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from tests.cli.doubles import run_line
from tests.support.environment import require
from voipwatch.cli.probe_units import UNITS, units
from voipwatch.cli.program import program
from voipwatch.probe.loop import ONCE_WINDOW_S

SERVICE, TIMER = UNITS


def verified(folder: Path) -> subprocess.CompletedProcess[str]:
    require(shutil.which("systemd-analyze"), "no systemd-analyze: scripts/system.sh installs systemd")
    return subprocess.run(
        ["systemd-analyze", "verify", "--user", *(str(folder / name) for name in UNITS)],
        capture_output=True, text=True, check=False, timeout=60,
        env={**os.environ, "XDG_RUNTIME_DIR": str(folder), "HOME": str(folder)},
    )  # fmt: skip


def written(folder: Path, texts: dict[str, str]) -> Path:
    for name, text in texts.items():
        (folder / name).write_text(text)
    return folder


def test_systemd_understands_every_line(tmp_path: Path) -> None:
    ran = verified(written(tmp_path, units("/bin/true", tmp_path / "a b%c")))
    ours = [line for line in ran.stderr.splitlines() if "voipwatch" in line]
    assert (ran.returncode, ours) == (0, []), ran.stderr


def test_the_check_sees_a_wrong_line(tmp_path: Path) -> None:
    texts = units("/bin/true", tmp_path)
    texts[SERVICE] = texts[SERVICE].replace("ProtectSystem=strict", "ProtectSystem=perhaps\nNoSuchThing=1")
    ran = verified(written(tmp_path, texts))
    assert "Failed to parse protect system" in ran.stderr
    assert "NoSuchThing" in ran.stderr


def test_a_program_that_is_not_there_is_seen(tmp_path: Path) -> None:
    assert verified(written(tmp_path, units("/no/such/voipwatch", tmp_path))).returncode != 0


def test_the_window_of_one_turn_is_longer_than_the_timers_longest_gap() -> None:
    timer = units("/bin/true", Path("/x"))[TIMER]
    minutes = {name: int(n) for name, n in re.findall(r"^(\w+)=(\d+)min$", timer, re.MULTILINE)}
    longest = minutes["OnUnitInactiveSec"] + minutes["RandomizedDelaySec"] + minutes["AccuracySec"]
    assert longest * 60 < ONCE_WINDOW_S


def test_paths_are_escaped_as_systemd_wants_them() -> None:
    service = units("/opt/50% $x y/voipwatch", Path("/data/a b"))[SERVICE]
    assert r"ExecStart=/opt/50%%\x20$$x\x20y/voipwatch probe run --once" in service
    assert r"ReadWritePaths=/data/a\x20b" in service
    assert "@VOIPWATCH@" not in service
    assert "@DATA@" not in service


def test_they_are_printed_or_written(tmp_path: Path) -> None:
    ran = run_line("probe", "systemd", environment={"XDG_DATA_HOME": "/data"})
    assert ran.status == 0
    assert f"ExecStart={program()} probe run --once" in ran.out
    assert "ReadWritePaths=/data/voipwatch/probe" in ran.out
    assert "OnUnitInactiveSec=10min" in ran.out
    ran = run_line(
        "probe", "systemd", "--out", str(tmp_path / "user"), environment={"XDG_DATA_HOME": "/data"}
    )
    assert ran.status == 0
    assert "daemon-reload" in ran.err
    assert sorted(path.name for path in (tmp_path / "user").iterdir()) == sorted(UNITS)


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    ran = run_line("probe", "systemd", "--out", str(tmp_path / "file" / "x"))
    assert ran.status == 70
    assert "Traceback" not in ran.err
    assert run_line("probe", "systemd", "--out", "a\0b").status == 64
