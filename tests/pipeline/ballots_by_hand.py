"""Votes made by hand for the pipeline's tests."""

from typing import Any

from voipwatch.model.submission import PrefixKind, RunKind
from voipwatch.model.vocabulary import Access, Verdict
from voipwatch.model.votes import Vote

HOUR = 1_451_606_400
"""2016-01-01 00:00 UTC, Unix seconds."""


def vote(number: int, verdict: Verdict = Verdict.OK, **changes: Any) -> Vote:
    """Report `number` of pseudonym and prefix `number`, in the first hour."""
    fields: dict[str, Any] = {
        "report_id": f"{number:032x}",
        "pseudonym": f"p{number}",
        "prefix": f"x{number}",
        "prefix_kind": PrefixKind.FIXED,
        "country": "MA",
        "operator": "AS36925",
        "access": Access.G4,
        "app": "whatsapp",
        "stage": "call",
        "observed_at_ms": HOUR * 1000,
        "received_at_ms": HOUR * 1000 + 60_000 + number,
        "kind": RunKind.SCHEDULED,
        "enrolled": True,
        "verdict": verdict,
        "rule": "r",
        "ruleset": "1",
    }
    return Vote(**fields | changes)
