"""A fixed sample of the lab's matrix: one world for each new kind of rule or line. The whole: `make matrix`.

Only what today's judge gets right is here; where it does not yet say what an ideal judge would, the
matrix tells.
"""

import pytest

from voipwatch.inference import judge
from voipwatch.lab.grading import expected_of
from voipwatch.lab.matrix import Job, run_job
from voipwatch.lab.worlds import load_worlds

SAMPLE = [
    ("dtls-any", "long", "webrtc"),
    ("sip-invite", "nated", "sip"),
    ("cut-bytes", "clean", "whatsapp"),
    ("cut-seconds", "clean", "webrtc"),
    ("exempt-others", "lossy5", "webrtc"),
    ("gate-open-hours", "clean", "sip"),
    ("addr-drop-signal", "clean", "signal"),
    ("stun-on-ports", "nated", "whatsapp"),
]
INNOCENT = [
    ("handover", "sip"),
    ("paths-2-of-8", "webrtc"),
    ("gate-closed-hours", "sip"),
    ("alg-agent", "sip"),
]


@pytest.mark.parametrize(("world", "line", "app"), SAMPLE)
def test_a_guilty_world_on_one_of_its_lines(world: str, line: str, app: str) -> None:
    (row,) = run_job(Job(world, line, 1, (app,)), judge)
    assert (row.verdict_right, row.mechanism_right) == (True, True), row
    assert row.graded
    assert row.values == load_worlds().get(world).drawn(1).values


@pytest.mark.parametrize(("world", "app"), INNOCENT)
def test_nobody_is_accused_in_an_innocent_world(world: str, app: str) -> None:
    (row,) = run_job(Job(world, None, 1000, (app,)), judge)
    assert row.verdict_right, row


def test_an_app_too_loud_for_the_thin_line_is_not_graded() -> None:
    (row,) = run_job(Job("stun-cookie", "thin", 1, ("webrtc",)), judge)
    assert not row.graded
    assert row.expected == expected_of(load_worlds().get("stun-cookie"), "webrtc", "thin").verdicts[0]
