"""`check --fleet`: the probe's own part of a list, the same each time; old lists refused."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.doubles import Measured, Ran, Told, run_line
from tests.wire.test_fleet import FIRST, NOW_S, SECOND, draft, public
from voipwatch.cli import fleetuse
from voipwatch.wire.fleet import sign_fleet

FLEET = [
    {"name": f"r{n}", "host": f"r{n}.example", "key": f"{n:064x}", "calls": 100, "pin": "ab" * 32}
    for n in range(9)
]


@pytest.fixture(autouse=True)
def _day(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fleetuse, "wall_s", lambda: NOW_S)


def check(folder: Path, content: bytes, *options: str, measured: Measured | None = None) -> Ran:
    (folder / "fleet.json").write_bytes(content)
    named = options or ("--fleet", str(folder / "fleet.json"), "--fleet-key", public(FIRST))
    return run_line(
        "check", *named, "--yes", "--app", "sip",
        environment={"XDG_DATA_HOME": str(folder / "data")}, measure=measured or Measured(),
        judge=Told(),
    )  # fmt: skip


def listed(**changes: Any) -> bytes:
    return draft(**({"reflectors": FLEET} | changes))


def test_a_device_has_always_the_same_three_and_another_has_its_own(tmp_path: Path) -> None:
    parts = []
    for device in range(6):
        folder = tmp_path / str(device)
        folder.mkdir()
        measured = Measured()
        for _ in range(2):
            assert check(folder, sign_fleet(listed(), FIRST), measured=measured).status == 0
        first, again = measured.requests
        assert (len(first.reflectors), len(first.stand_ins)) == (1, 2)
        assert (first.reflectors, first.stand_ins) == (again.reflectors, again.stand_ins)
        assert first.reflectors[0].pin == "ab" * 32
        parts.append((first.reflectors, first.stand_ins))
        secret = folder / "data/voipwatch/fleet-secret"
        assert (secret.stat().st_mode & 0o777, secret.stat().st_size) == (0o600, 32)
    assert len(set(parts)) > 1


def test_what_was_believed_is_remembered(tmp_path: Path) -> None:
    assert check(tmp_path, sign_fleet(listed(serial=2, next_keys=[public(SECOND)]), FIRST)).status == 0
    older = check(tmp_path, sign_fleet(listed(serial=1), FIRST))
    assert (older.status, "older than the list" in older.err) == (64, True)
    assert check(tmp_path, sign_fleet(listed(serial=3), SECOND)).status == 0, "the key has turned"
    assert "neither you nor an earlier list" in check(tmp_path, sign_fleet(listed(serial=4), FIRST)).err
    kept = json.loads((tmp_path / f"data/voipwatch/fleet-{public(FIRST)[:16]}.json").read_bytes())
    assert (kept["serial"], kept["keys"]) == (3, [public(SECOND)])


def test_a_damaged_memory_is_no_way_back(tmp_path: Path) -> None:
    assert check(tmp_path, sign_fleet(listed(serial=2), FIRST)).status == 0
    (tmp_path / f"data/voipwatch/fleet-{public(FIRST)[:16]}.json").write_bytes(b"{")
    ran = check(tmp_path, sign_fleet(listed(serial=1), FIRST))
    assert (ran.status, "an old list could come back" in ran.err) == (70, True)


@pytest.mark.parametrize("secret", [b"", b"short"])
def test_a_damaged_secret_is_not_replaced_in_silence(tmp_path: Path, secret: bytes) -> None:
    assert check(tmp_path, sign_fleet(listed(), FIRST)).status == 0
    (tmp_path / "data/voipwatch/fleet-secret").write_bytes(secret)
    assert check(tmp_path, sign_fleet(listed(), FIRST)).status == 70


def test_a_list_on_which_all_drain_and_options_that_do_not_go_together_are_misuse(tmp_path: Path) -> None:
    draining = [{**each, "state": "draining"} for each in FLEET]
    assert "takes new checks" in check(tmp_path, sign_fleet(listed(reflectors=draining), FIRST)).err
    good, key = sign_fleet(listed(), FIRST), public(FIRST)
    file = str(tmp_path / "fleet.json")
    assert check(tmp_path, good, "--fleet", file).status == 64
    assert check(tmp_path, good, "--fleet-key", key).status == 64
    assert check(tmp_path, good, "--fleet", file, "--fleet-key", key, "--reflector", "a").status == 64
    assert check(tmp_path, good, "--fleet", file, "--fleet-key", "ab").status == 64
    through = check(tmp_path, good, "--fleet", file, "--fleet-key", key, "--via", "wg0", "--yes-via")
    assert (through.status, "must lead to one reflector" in through.err) == (64, True)
