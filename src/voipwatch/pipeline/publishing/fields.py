"""Every field of every JSON file of a bundle, and what it means: a test holds it against a real bundle.

A path names keys with `.` between, `[]` after a list of objects; a list of words or numbers is its key alone.
"""

from collections.abc import Mapping
from typing import Final

HEAD: Final = {
    "schema": "name and version of the file's form",
    "as_of": "nothing that arrived later is in it; of a revision, when it was made",
    "valid_until": "whoever reads it later must not say now; null: for ever",
    "synthetic": "emulated; a bundle is of one kind only",
    "instance": "name of the emulation, empty for real measurements",
}
_SERIES: Final = {
    "country": "ISO 3166",
    "operator": "network: AS and number, or a name",
    "access": "3g, 4g, 5g, wifi, adsl, fibre, cable, satellite, ethernet, unknown",
    "app": "app id; line for the line itself",
}
_ROW: Final = {
    "start": "start of the hour, day or ISO week, UTC",
    "as_of": "the row holds what had arrived by then",
    "level": "hour, day, week, late",
    "state": "ok, blocked, throttled, down, intermittent, insufficient",
    "votes": "one a probe and hour",
    "ok": "votes; null, as the next four, where fewer than three probes decided",
    "blocked": "votes",
    "throttled": "votes",
    "down": "votes",
    "insufficient": "votes that decide nothing",
    "probes": "distinct, counted low, never below three",
    "hours": "distinct hours in which they voted",
}
_MARK: Final = {name: HEAD[name] for name in ("synthetic", "instance")}
"""Of an entry that may be read without its file."""


def _under(prefix: str, fields: Mapping[str, str]) -> dict[str, str]:
    return {f"{prefix}.{name}": meaning for name, meaning in fields.items()}


_OF_SERIES: Final = {name: _SERIES[name] for name in ("operator", "access", "app")}
_SPREAD: Final = {
    "series": "which",
    **_under("series", _OF_SERIES),
    "earliest": "not reached before this; null where nothing was seen before",
    "latest": "reached by this",
    "rank": "1 + the series certainly reached before it; of two whose intervals overlap no order can be told",
    "ended_earliest": "lower bound of its last end; null while it stands",
    "ended_latest": "upper bound of it",
}
_PHASE: Final = {
    "kind": "onset, extension, intermittent, relief, end, silence",
    "earliest": "it began not before this; null where nothing was seen before",
    "latest": "it had reached the last of its series by this",
    "series[]": "which",
    **_under("series[]", _OF_SERIES),
    "changepoints": "ids of its evidence, as in the table of changepoints",
    "blocked_hours": "hours of the day, UTC, of an intermittent phase",
    "until": "when an intermittent phase was over; else null",
}
_QUALITY: Final = {
    "probes": "most that voted in a series on the day of a decision; 0 here and below: fewer than three",
    "probes_least": "fewest",
    "probes_both_sides": "fewest seen before and after an onset",
    "joined": "most that joined on the day of a decision",
    "left": "most that were gone that day",
    "votes_surplus": "votes beyond their prefix's cap, in whole tens",
    "arl_days": "days between false onsets promised for each series, the least",
    "arl_votes": "the same in votes, or null",
}
INCIDENT: Final = {
    "id": "permanent: country, month of the first onset, letter; LAB- before it where emulated",
    "revision": "from 1",
    "country": "ISO 3166",
    "status": "detected, reviewed, disputed, corrected, withdrawn",
    "as_of": "nothing that arrived later is in it",
    "kind": "calls, or down: all UDP of a line",
    "instance": "name of the emulation, or empty",
    "phases[]": "what happened, in order",
    **_under("phases[]", _PHASE),
    "spread[]": "when each series was reached: evidence, not a list of the accused",
    **_under("spread[]", _SPREAD),
    "mechanisms": "that three probes saw, most frequent first",
    "quality": "what stands behind it",
    **_under("quality", _QUALITY),
    "attribution": "whether an operator may be named",
    "attribution.state": "attributed, unattributed",
    "attribution.reasons": (
        "canary-reached, canary-silent, canary-same, elsewhere-same, other-apps-same, client-version, "
        "reflector"
    ),
    "attribution.canary_silent_since": "or null",
    "merged_from": "ids of incidents that turned out to be this one",
    "merged_into": "id of the one that it turned out to be, or null",
    "split_from": "ids that it was part of",
    "split_into": "ids that were part of it",
    "notice_until": "an operator that was told may answer until then; null where none was",
    "reviewed_revision": "that a person signed last; 0 where none was",
    "named": "operators that may be named; empty while unreviewed",
    "reason": "why it was withdrawn, or empty",
    "schema": "voipwatch.incident/1",
}
_SAID: Final = {
    "at": "when it was signed",
    "line": "of the log",
    "kind": "review, notice, reply, dispute, correction, withdrawal, hold",
    "body": "what was said",
}
_BODIES: Final[dict[str, dict[str, str]]] = {
    "reviews[]": {
        "incident": "id",
        "revision": "that was signed",
        "reviewer": "office or desk",
        "note": "remark, or empty",
    },
    "notices[]": {
        "incident": "id",
        "revision": "that they were told of",
        "operators": "who were told, of those that a review has named",
        "until": "they had until then to answer",
        "channel": "how they were told",
    },
    "replies[]": {
        "incident": "id",
        "side": "operator, provider, regulator",
        "name": "company or office",
        "received": "date, EDTF",
        "text": "their own words, unedited",
        "lang": "BCP 47, or empty",
        "url": "where it was published, or empty",
    },
    "disputes[]": {"incident": "id", "by": "company or office", "ground": "in our words"},
    "holds[]": {
        "incident": "id",
        "revision": "that was held",
        "until": "it was held until then",
        "digest": "SHA-256 of the revision's canonical JSON",
    },
}
_PAGE: Final = {
    "incident": "newest revision",
    **_under("incident", INCIDENT),
    "revised_at": "of each revision, as the log has it",
    **{
        path: meaning
        for name, body in _BODIES.items()
        for path, meaning in {
            name: "in order",
            **_under(name, _SAID),
            **_under(f"{name}.body", body),
        }.items()
    },
    "notices[].operators_count": "operators that were told",
}
_TRANSLATION: Final = {
    "lang": "BCP 47",
    "text": "our words",
    "read": "a fluent reader has read them",
}
_CLAIM: Final = {
    "id": "permanent",
    "type": "regulator-act, operator-statement, press, rumour, court, user-report",
    "says": "blocked, onset, intermittent, end, open, other",
    "date": "EDTF, as near to the published words as it goes",
    "as_published": "the date in the source's own words",
    "text": "what it said, in our words, in English",
    "scope": "what it is about; empty lists mean all",
    "scope.country": "ISO 3166",
    "scope.operators": "or empty",
    "scope.accesses": "or empty",
    "scope.apps": "or empty",
    "source": "where it was said",
    "source.publisher": "empty where it was not recorded",
    "source.title": "what it is, in English",
    "source.url": "or empty",
    "source.date": "of publication, EDTF, or empty",
    "source.reliability": "first-hand, reported, unnamed-source, hearsay",
    "source.lang": "of the source, or empty",
    "source.translations[]": "of the title",
    **_under("source.translations[]", _TRANSLATION),
    "source.gone_at": "since when it cannot be read where it was, or empty",
    "source.archived_url": "where a copy is, or empty",
    "contradicts": "ids of claims that cannot be true together with it",
    "flag": "impossible, unlikely: of the date; or null",
    "translations[]": "of the text",
    **_under("translations[]", _TRANSLATION),
}
_CHECK: Final = {
    "claim": "id",
    "state": "supported, contradicted, not-measurable",
    "why": "agrees, disagrees, mixed, few, no-cells, impossible-date, no-line-shows-it, open-start",
    "cells_for": "decided rows that agree",
    "cells_against": "decided rows that do not",
    "units_for": "lines a day (of a change: series) that agree",
    "units": "all of them",
    "share": "of the units that agree, 0 to 1; null without any",
    "share_low": "Wilson's interval of it, each bound 95 % one-sided",
    "share_high": "its other bound",
    "days": "with a row that speaks",
    "series": "with one",
    "rows[]": "of every series the first and the last row that speak, as in the table of cells",
    **_under("rows[]", _MARK | _SERIES | {"start": _ROW["start"], "level": "hour, day"}),
    "as_of": "of the rows",
}
_NOTE: Final = {
    "claim": "id",
    "note": "what happened, in our words",
    "seen": "date, EDTF",
    "gone_at": "or empty",
    "archived_url": "or empty",
}

FIELDS: Final[dict[str, dict[str, str]]] = {
    "manifest.json": {
        **HEAD,
        "files[]": "every file but this one and its signature, by path",
        "files[].path": "relative",
        "files[].sha256": "hex",
        "files[].bytes": "its length",
        "previous": "SHA-256 of the manifest of the bundle before; empty for the first",
        "publisher": "who answers for it: the name that the observatory has given itself",
        "contact": "where replies and corrections are sent: mail or a page; empty: none is named",
        "key": "Ed25519 public key of the signature, hex",
        "final": "null, or of a closed observatory",
        "final.reason": "why it was closed",
        "final.at": "when",
    },
    "states.json": {
        **HEAD,
        "series[]": "every series that has a row",
        **_under("series[]", _SERIES | {"synthetic": HEAD["synthetic"]}),
        "series[].state": "of the newest row that decides; insufficient where it is no longer measured",
        "series[].measured": "a row decided within the last 168 h",
        "series[].measured_until": "end of the newest row that decides, or null",
        "series[].row": "that row, or null",
        **_under("series[].row", _ROW),
        "series[].newest_row": "the newest row, whether or not it decides",
        **_under("series[].newest_row", _ROW),
    },
    "series/index.json": {
        **HEAD,
        "series[]": "every series that has a row",
        **_under("series[]", _SERIES | {"synthetic": HEAD["synthetic"]}),
        "series[].path": "of its file",
        "series[].rows": "in it",
    },
    "series/COUNTRY/OPERATOR/ACCESS/APP.json": {
        **HEAD,
        **_SERIES,
        "rows": "its rows as columns of one length, in order",
        **_under("rows", _ROW),
    },
    "incidents/index.json": {
        **HEAD,
        "incidents[]": "newest revision of each, in the order in which ids were allotted",
        **_under(
            "incidents[]",
            {
                name: INCIDENT[name]
                for name in ("id", "revision", "country", "status", "kind", "named", "merged_into")
            }
            | {
                "synthetic": HEAD["synthetic"],
                "onset_earliest": "of the first phase, or null",
                "onset_latest": "of the first phase",
                "ended": "no series stands",
                "attribution": "attributed, unattributed",
                "path": "of its page",
            },
        ),
    },
    "incidents/ID.json": HEAD | _PAGE,
    "incidents/ID/rN.json": {
        **HEAD,
        "revised_at": "when the log has it",
        "incident": "as it was",
        **_under("incident", INCIDENT),
    },
    "claims.json": {
        **HEAD,
        "claims[]": "every claim of the package",
        **_under("claims[]", _MARK),
        "claims[].claim": "what a source said",
        **_under("claims[].claim", _CLAIM),
        "claims[].check": "what the published rows say to it",
        **_under("claims[].check", _MARK | _CHECK),
        "claims[].notes[]": "what became of its source",
        "claims[].notes[].at": _SAID["at"],
        "claims[].notes[].line": _SAID["line"],
        "claims[].notes[].body": _SAID["body"],
        **_under("claims[].notes[].body", _NOTE),
    },
    "counting.json": {
        **HEAD,
        "zeros[]": "incidents whose days are counted from a claim's date, instead of the measured onset",
        "zeros[].incident": "id",
        "zeros[].claim": "id, in claims.json; it is dated in the country's calendar",
        "zones[]": "countries whose days are counted in another zone than their capital's",
        "zones[].country": "ISO 3166",
        "zones[].zone": "IANA name",
    },
    "corrections.json": {
        **HEAD,
        "corrections[]": "every correction and withdrawal by people, in order",
        **_under("corrections[]", _MARK | _SAID),
        "corrections[].body.incident": "id; empty where evidence alone was withdrawn",
        "corrections[].body.revision": "of a correction: that was wrong",
        "corrections[].body.what": "of a correction: what was said, and what is right",
        "corrections[].body.why": "of a correction: how it came about",
        "corrections[].body.reason": "of a withdrawal",
        "corrections[].body.changepoints": "of a withdrawal: evidence that counts no more",
    },
    "privacy.json": {
        **HEAD,
        "probes_per_row": "fewest",
        "closing_lag_s": "seconds after its end at which an hour, day or week is closed",
        "late_lag_s": "seconds after that at which the late pool is closed",
        "cells_percent": "of series-hours with a vote, published by",
        **_under(
            "cells_percent",
            {"hour": "hour", "day": "day", "week": "week", "late": "late week", "withheld": "not at all"},
        ),
        "of": "which series-hours",
    },
    "data-dictionary.json": {
        **HEAD,
        "files": "file -> what is in it",
        "documents": "file -> path of a field -> what it means",
        "tables": "table -> its columns",
    },
    "chronicle/log.jsonl": {
        "n": "number of the line, from 1",
        "prev": "SHA-256 of the line before, hex",
        "at": "when it was signed",
        "kind": (
            "key, incident, merge, split, review, notice, reply, dispute, correction, withdrawal, hold, "
            "claim-note, final"
        ),
        "body": (
            "by kind: an incident's revision (incident, merge, split), else what was said, with the fields "
            "that it has elsewhere; a notice has its operators; a key has key, role, reason, replaces; final "
            "has reason"
        ),
        "key": "Ed25519 public key, hex",
        "signature": "over the schema's name, NUL, and the line without this field, hex",
        "withheld": "of a line under embargo, beside n alone: the SHA-256 of the line",
    },
}
"""File -> path -> meaning."""


def field_lines() -> list[str]:
    """The part of docs/bundle.md about them."""
    said = "A path has `.` between keys, and `[]` after a list of objects. Times are UTC, ISO 8601 with Z."
    lines = ["", "## Fields of the JSON files", "", said]
    for file, fields in FIELDS.items():
        lines += ["", f"### {file}", "", "| field | meaning |", "| --- | --- |"]
        own = {
            path: meaning for path, meaning in fields.items() if path not in HEAD or file == "manifest.json"
        }
        lines += [f"| `{path}` | {meaning} |" for path, meaning in own.items()]
    return lines
