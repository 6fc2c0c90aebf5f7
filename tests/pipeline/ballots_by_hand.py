"""Votes made by hand for the pipeline's tests."""

from tests.store.support import HOUR, make_vote
from voipwatch.model.vocabulary import Verdict
from voipwatch.model.votes import Vote

__all__ = ["HOUR", "vote"]


def vote(number: int, verdict: Verdict = Verdict.OK, **changes: object) -> Vote:
    """`make_vote`, received `number` milliseconds after the first minute; no mechanism is blamed."""
    late = {"received_at_ms": HOUR * 1000 + 60_000 + number, "mechanism": ""}
    return make_vote(number, verdict, **late | changes)
