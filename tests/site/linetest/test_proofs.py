"""Whose call proves a way open, for how long, and to which processes."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.clock import Clock
from voipwatch.site.linetest.messages import Arm, FarSight
from voipwatch.site.linetest.proofs import PARTS, PROOF_S, Proofs, came_as_said, crossed_a_network, is_ours

FAR_END = "192.0.2.7"
VISITOR = "198.51.100.9"
OTHER = "203.0.113.9"
KEY = bytes(16)
DIRECTLY = frozenset({VISITOR})
HOUR_S = 1_452_160_800
SEEN = FarSight(ice=True, dtls=True, received=20, sent=20, echoes=1)
ELSEWHERE = """
import sys
from pathlib import Path
from voipwatch.site.linetest.proofs import Proofs
print(Proofs(Path(sys.argv[1]), "192.0.2.7", lambda: 1_452_164_459.9, bytes(16)).reached("203.0.113.9"))
"""


def test_a_proof_is_the_hour_of_a_call_and_lasts_a_day(tmp_path: Path) -> None:
    clock = Clock(HOUR_S + 1_800.5)
    proofs = Proofs(tmp_path, FAR_END, clock, KEY)
    assert proofs.reached(OTHER) == {}
    proofs.learn(Arm.TURN_TLS, SEEN, VISITOR, frozenset({FAR_END}))
    assert proofs.reached(OTHER) == {"turn-tls": 1_800}
    (path,) = tmp_path.iterdir()
    assert (path.stat().st_mtime, path.stat().st_size, path.stat().st_mode & 0o777) == (HOUR_S, 0, 0o600)
    clock.now_s = HOUR_S + PROOF_S
    assert proofs.reached(OTHER) == {"turn-tls": PROOF_S}
    clock.now_s += 1
    assert proofs.reached(OTHER) == {}
    proofs.learn(Arm.TURN_TLS, SEEN, VISITOR, frozenset({FAR_END}))
    assert proofs.reached(OTHER) == {"turn-tls": 1}
    clock.now_s = HOUR_S  # a clock that was set back: not a proof of the future
    assert proofs.reached(OTHER) == {}


def test_nobody_s_own_test_is_a_proof_for_himself(tmp_path: Path) -> None:
    """Nor that of his neighbour; most other networks are told of it."""
    proofs = Proofs(tmp_path, FAR_END, lambda: float(HOUR_S), KEY)
    proofs.learn(Arm.DIRECT, SEEN, VISITOR, DIRECTLY)
    assert proofs.reached(VISITOR) == proofs.reached("198.51.100.77") == {}
    assert proofs.reached(f"::ffff:{VISITOR}") == {}
    told = sum(proofs.reached(f"203.0.{part}.9") == {"direct": 0} for part in range(256))
    assert 240 <= told <= 256
    proofs.learn(Arm.DIRECT, SEEN, OTHER, DIRECTLY)
    assert proofs.reached(VISITOR) == {"direct": 0}


def test_of_several_proofs_the_youngest_counts(tmp_path: Path) -> None:
    clock = Clock(HOUR_S + 1_800.5)
    proofs = Proofs(tmp_path, FAR_END, clock, KEY)
    for part in range(64):
        clock.now_s += 3_600
        proofs.learn(Arm.DIRECT, SEEN, f"203.0.{part}.9", DIRECTLY)
    assert proofs.reached(VISITOR)["direct"] <= 1_800 + 3 * 3_600
    assert len(list(tmp_path.iterdir())) <= PARTS


def test_another_process_knows_it_too(tmp_path: Path) -> None:
    Proofs(tmp_path, FAR_END, lambda: HOUR_S + 59.9, KEY).learn(Arm.DIRECT, SEEN, VISITOR, DIRECTLY)
    done = subprocess.run(
        [sys.executable, "-c", ELSEWHERE, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "{'direct': 3659}"


@pytest.mark.parametrize("lacks", [{"received": 19}, {"sent": 19}, {"echoes": 0}])
def test_less_than_voice_and_data_both_ways_proves_nothing(tmp_path: Path, lacks: dict[str, int]) -> None:
    seen = FarSight(**{"received": 20, "sent": 20, "echoes": 1, **lacks})  # type: ignore[arg-type]  # counts only
    proofs = Proofs(tmp_path, FAR_END, lambda: float(HOUR_S), KEY)
    proofs.learn(Arm.DIRECT, seen, VISITOR, DIRECTLY)
    assert proofs.reached(OTHER) == {}


def test_a_disk_that_takes_nothing_is_no_proof_and_no_error(tmp_path: Path) -> None:
    proofs = Proofs(tmp_path / "none", FAR_END, lambda: float(HOUR_S), KEY)
    proofs.learn(Arm.DIRECT, SEEN, VISITOR, DIRECTLY)
    assert proofs.reached(OTHER) == {}


@pytest.mark.parametrize(
    ("caller", "far_end", "crossed"),
    [
        ("9.9.9.9", "8.8.8.8", True),
        ("2620:fe::fe", "8.8.8.8", True),
        ("8.8.8.8", "8.8.8.8", False),  # the far end's own host, seen from outside
        ("::ffff:8.8.8.8", "8.8.8.8", False),
        ("127.0.0.1", "8.8.8.8", False),
        ("127.8.9.1", "", False),
        ("::1", "8.8.8.8", False),
        ("::ffff:127.0.0.1", "8.8.8.8", False),
        ("169.254.1.1", "8.8.8.8", False),
        ("fe80::1", "8.8.8.8", False),
        ("0.0.0.0", "8.8.8.8", False),
        ("192.168.1.9", "8.8.8.8", False),  # beside it, or a proxy that was not declared
        ("172.17.0.1", "8.8.8.8", False),
        ("10.77.1.2", "10.77.2.2", True),  # a network of its own: an emulated country
        ("", "8.8.8.8", False),
        ("unknown", "8.8.8.8", False),
        ("9.9.9.9", "", True),
    ],
)
def test_a_call_from_beside_the_far_end_shows_nothing(caller: str, far_end: str, *, crossed: bool) -> None:
    assert crossed_a_network(caller, far_end) is crossed


def test_an_address_of_this_machine_is_known() -> None:
    assert is_ours("127.0.0.1")
    assert not is_ours("198.51.100.9")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as route:  # sends nothing
        try:
            route.connect(("192.0.2.1", 9))
            own = route.getsockname()[0]
        except OSError:
            own = "127.0.0.1"
    assert not crossed_a_network(own, "8.8.8.8")


@pytest.mark.parametrize("arm", Arm)
def test_a_call_that_did_not_come_the_way_it_names_proves_nothing(tmp_path: Path, arm: Arm) -> None:
    """A visitor writes the arm's name himself."""
    relayed, direct = frozenset({FAR_END}), frozenset({VISITOR, "2001:db8::9"})
    right, wrong = (direct, relayed) if arm in {Arm.DIRECT, Arm.DIRECT_AGAIN} else (relayed, direct)
    proofs = Proofs(tmp_path, FAR_END, lambda: float(HOUR_S), KEY)
    for senders in (wrong, relayed | direct, frozenset[str]()):
        proofs.learn(arm, SEEN, VISITOR, senders)
        assert proofs.reached(OTHER) == {}
    proofs.learn(arm, SEEN, VISITOR, right)
    assert list(proofs.reached(OTHER)) == [arm]


def test_where_the_far_end_s_address_is_not_known_that_is_not_looked_at() -> None:
    assert came_as_said(Arm.TURN_UDP, DIRECTLY, "")
    assert not came_as_said(Arm.TURN_UDP, frozenset(), "")
