"""Counters of the collector, as Prometheus reads them (text format 0.0.4). No label names a network."""

from collections import Counter
from typing import Final

HELP: Final = {
    "reports_total": "Reports by what became of them.",
    "refused_total": "Refused reports by code.",
    "requests_total": "Requests by HTTP status.",
    "body_bytes_total": "Bytes of request bodies, as they came.",
    "stored_bytes_total": "Bytes of submissions on disk, compressed.",
    "groups_failed_total": "Groups that could not be written.",
    "deletions_total": "Deletions by what became of them.",
    "enrolments_total": "Enrolment tokens given.",
    "judge_faults_total": "Reports that could not be judged and workers that died: faults of ours.",
    "damages_total": "Damaged places found in the spool at the start.",
}


class Metrics:
    """Counts by name and at most one label. Not for two threads."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str]] = Counter()
        self.gauges: dict[str, float] = {}

    def count(self, name: str, label: str = "", by: int = 1) -> None:
        """Add to one of `HELP`; the label is a word of ours, never of a sender's."""
        assert name in HELP
        self._counts[name, label] += by

    def value(self, name: str, label: str = "") -> int:
        """What it stands at."""
        return self._counts[name, label]

    def text(self) -> str:
        """The exposition."""
        lines = []
        for name, words in HELP.items():
            lines += [
                f"# HELP voipwatch_collector_{name} {words}",
                f"# TYPE voipwatch_collector_{name} counter",
            ]
            rows = sorted((label, count) for (each, label), count in self._counts.items() if each == name)
            for label, count in rows or [("", 0)]:
                tag = f'{{kind="{label}"}}' if label else ""
                lines.append(f"voipwatch_collector_{name}{tag} {count}")
        for name, value in sorted(self.gauges.items()):
            lines += [f"# TYPE voipwatch_collector_{name} gauge", f"voipwatch_collector_{name} {value:g}"]
        return "\n".join(lines) + "\n"
