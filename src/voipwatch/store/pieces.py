"""Reading by segment: which reports of one are there, and its votes as they were loaded."""

from enum import Enum
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

_LOSSES: Final = [name for name in Vote.__struct_fields__ if name.startswith("loss_")]
_NO_LOSSES: Final = (None,) * len(_LOSSES)
_LOSSES_AT: Final = Vote.__struct_fields__.index(_LOSSES[0])
_READ: Final = [name for name in Vote.__struct_fields__ if name not in _LOSSES]
"""Fields of a vote but the losses, which stand together, as they are declared."""
_WORDS: Final[dict[str, dict[str, Enum]]] = {
    name: {word.value: word for word in words}
    for name, words in (
        ("prefix_kind", PrefixKind),
        ("access", Access),
        ("kind", RunKind),
        ("verdict", Verdict),
    )
}


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
    # By way of numpy: Arrow's own `to_pylist` makes an object of its own of every value, forty times as slow.
    columns = [
        [_WORDS[name][each] for each in values] if name in _WORDS else values
        for name in _READ
        for values in [found[name].to_numpy().tolist()]
    ]
    return [Vote(*row[:_LOSSES_AT], *_NO_LOSSES, *row[_LOSSES_AT:]) for row in zip(*columns, strict=True)]
