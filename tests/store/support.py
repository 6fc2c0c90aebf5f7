"""Stores and rows for the tests."""

from collections.abc import Sequence

from voipwatch.model.submission import PrefixKind, RunKind
from voipwatch.model.vocabulary import Access, Verdict
from voipwatch.model.votes import Vote
from voipwatch.store.rows import FlowRow, PartRow, ReportRow, SegmentRows

HOUR = 1_451_606_400
"""2016-01-01 00:00 UTC, Unix seconds."""


def report_id(number: int) -> str:
    return f"{number:032x}"


def make_vote(number: int, verdict: Verdict = Verdict.OK, **changes: object) -> Vote:
    """Report, pseudonym and prefix `number`, in the first hour, received `number` seconds after its start."""
    fields: dict[str, object] = {
        "report_id": report_id(number),
        "pseudonym": f"p{number}",
        "prefix": f"x{number}",
        "prefix_kind": PrefixKind.FIXED,
        "country": "MA",
        "operator": "AS36925",
        "access": Access.G4,
        "app": "whatsapp",
        "stage": "call",
        "observed_at_ms": HOUR * 1000,
        "received_at_ms": (HOUR + number) * 1000,
        "kind": RunKind.SCHEDULED,
        "enrolled": True,
        "verdict": verdict,
        "rule": "r",
        "ruleset": "1",
        "mechanism": "stun.drop.cookie" if verdict is Verdict.BLOCKED else "",
    }
    return Vote(**fields | changes)  # type: ignore[arg-type]  # a test's own fields


def hourly(hours: dict[int, tuple[int, Verdict]], *, delay_s: int = 60, **changes: object) -> list[Vote]:
    """At hour k after the first, n votes of a verdict by voices of their own, received `delay_s` later."""
    return [
        make_vote(
            1000 * k + n,
            verdict,
            pseudonym=f"p{n}",
            prefix=f"x{n}",
            observed_at_ms=(HOUR + 3600 * k) * 1000,
            received_at_ms=(HOUR + 3600 * k + delay_s + n) * 1000,
            **changes,
        )
        for k, (count, verdict) in hours.items()
        for n in range(count)
    ]


def rows_of(votes: Sequence[Vote], parts: int = 2) -> SegmentRows:
    """A segment of one report a vote, each with one flow of `parts` parts."""
    rows = SegmentRows()
    for vote in votes:
        rows.report(
            ReportRow(
                vote.report_id,
                vote.received_at_ms,
                vote.observed_at_ms,
                vote.country,
                vote.operator,
                vote.access,
                vote.kind,
                vote.enrolled,
                vote.pseudonym,
                vote.prefix,
                vote.prefix_kind,
                instance=vote.instance,
            )
        )
        rows.flow(FlowRow(vote.app, "stun", "media", "A", 32))
        rows.parts([PartRow("up", f"part{n}", 3 + n, 300, 2, 200) for n in range(parts)])
    rows.votes(votes)
    return rows
