import pytest

from voipwatch.model.submission import RunKind
from voipwatch.model.votes import CANARY, PANEL, UNENROLLED, source_of


@pytest.mark.parametrize(
    ("kind", "enrolled", "source"),
    [
        (RunKind.SCHEDULED, True, PANEL),
        (RunKind.SCHEDULED, False, UNENROLLED),
        (RunKind.CANARY, True, CANARY),
        (RunKind.CANARY, False, UNENROLLED),
        (RunKind.MANUAL, True, "manual"),
        (RunKind.BROWSER, True, "browser"),
        (RunKind.IMPORT, True, "import"),
    ],
)
def test_only_scheduled_runs_of_enrolled_probes_are_the_panel(
    kind: RunKind, enrolled: bool, source: str
) -> None:
    assert source_of(kind, enrolled) == source
