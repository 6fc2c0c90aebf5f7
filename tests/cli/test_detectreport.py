"""Times and statuses of `voipwatch detect`; the whole page is tested through the command."""

import pytest

from voipwatch.cli.detectreport import SeriesResult, exit_status, starts_blocked
from voipwatch.inference.detection import Detector
from voipwatch.inference.detection.state import State
from voipwatch.model.series import ChangeKind, Changepoint


def result(*kinds: ChangeKind, share: float | None = 0.02, no_quiet_past: bool = False) -> SeriesResult:
    state = State(
        changepoints=[Changepoint(kind, None, 0.0, 0.0, None, None) for kind in kinds],
        no_quiet_past=no_quiet_past,
    )
    state.baseline.share = share
    return SeriesResult((), Detector(state=state))


@pytest.mark.parametrize(
    ("results", "status"),
    [
        ([result()], 0),
        ([result(ChangeKind.SILENCE)], 0),
        ([result(ChangeKind.ONSET, ChangeKind.END)], 1),
        ([result(share=None)], 2),
        ([result(ChangeKind.END, no_quiet_past=True)], 2),
        ([result(), result(share=None)], 2),
        ([result(share=None), result(ChangeKind.ONSET)], 1),
    ],
)
def test_exit_statuses(results: list[SeriesResult], status: int) -> None:
    assert exit_status(results) == status


def test_too_short_to_tell_and_mostly_blocked() -> None:
    detector = Detector(state=State(votes=9, blocked=6))
    assert starts_blocked(detector)
    detector.state.blocked = 4
    assert not starts_blocked(detector)
    assert not starts_blocked(Detector())
