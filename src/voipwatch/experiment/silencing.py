"""Whether a call's media went on or fell silent, as far as the near end sees it: only then are mutants of it
worth their data. No verdict rests on it.
"""

from collections.abc import Iterable
from typing import Final

from voipwatch.experiment.near_flow import NearFlow, Phase
from voipwatch.model.flows import MEDIA_SEQ
from voipwatch.model.vocabulary import Arm

MEDIA_MIN: Final = 10
"""Packets of a way below which nothing is said of it."""
LATEST_DOWN: Final = 0.6
"""Share of the downlink's packets before which the last that came is the last of a call that fell silent."""
LATEST_UP: Final = 0.35
"""The same of the uplink by its receipts, which are a round trip old when they come: half of a short call."""
SILENT_FLOWS: Final = 2


def went_on(flow: NearFlow) -> bool:
    """Whether packets of the later part of a flow's media came, both ways, as far as it has any."""
    if flow.media_started_at is None:
        return False
    down, up = len(flow.script.down), flow.media_sent()
    last_down = max(flow.record.received.seq, default=0) + 1 - MEDIA_SEQ
    last_up = max((r.highest_seq for r in flow.record.receipts), default=0) + 1 - MEDIA_SEQ
    came = down < MEDIA_MIN or last_down >= LATEST_DOWN * down
    return came and (up < MEDIA_MIN or last_up >= LATEST_UP * up)


def fall_silent(flows: Iterable[NearFlow]) -> bool:
    """Whether most whole short calls of A fell silent while most of C went on."""
    whole = [
        f
        for f in flows
        if f.phase is Phase.ENDED
        and not f.record.aborted
        and f.media_started_at is not None
        and f.record.question != "held"
    ]
    treatment, control = ([went_on(f) for f in whole if f.record.kind.arm is arm] for arm in (Arm.A, Arm.C))
    silent = treatment.count(False)
    return silent >= SILENT_FLOWS and 2 * silent > len(treatment) and 2 * sum(control) > len(control)
