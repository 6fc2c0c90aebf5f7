"""Reading by segment: which reports of one are there, and its votes as they were loaded."""

from typing import Final

from voipwatch.model.submission import PrefixKind, RunKind
from voipwatch.model.vocabulary import Access, Verdict
from voipwatch.model.votes import PANEL, Vote
from voipwatch.store.store import Store

_FIELDS: Final = (
    "report_id, pseudonym, prefix, prefix_kind, country, operator, access, app, stage, "
    "toUnixTimestamp64Milli(observed_at) AS observed_at_ms, "
    "toUnixTimestamp64Milli(received_at) AS received_at_ms, "
    "kind, enrolled, verdict, rule, ruleset, mechanism, direction, flows, instance"
)


def report_ids(store: Store, segment: str) -> set[str]:
    """Reports that came in by this segment, were not deleted since, and give votes."""
    found = store.select(
        "SELECT report_id FROM reports WHERE segment = {segment:String} AND judged = ''", {"segment": segment}
    )
    return set(found["report_id"].to_pylist())


def votes_of(store: Store, segment: str, *, stage: str, source: str = PANEL) -> list[Vote]:
    """Votes of one segment at one stage, in the order of arrival; losses are left out."""
    found = store.select(
        f"SELECT {_FIELDS} FROM votes WHERE segment = {{segment:String}} AND source = {{source:String}} "
        "AND stage = {stage:String} ORDER BY received_at, report_id, app",
        {"segment": segment, "source": source, "stage": stage},
    )
    return [
        Vote(
            **row
            | {
                "prefix_kind": PrefixKind(row["prefix_kind"]),
                "access": Access(row["access"]),
                "kind": RunKind(row["kind"]),
                "verdict": Verdict(row["verdict"]),
            }
        )
        for row in found.to_pylist()
    ]
