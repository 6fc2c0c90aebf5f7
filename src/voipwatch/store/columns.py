"""The data dictionary: every column of every table, its type and what it means.

docs/data.md is made of it (`python -m voipwatch.store.columns`), inserts take their types from it,
exports carry it, and a test compares it with the tables that the migrations make.
"""

import sys
from typing import Final, NamedTuple

import pyarrow as pa

_MS = pa.timestamp("ms", tz="UTC")
_WORD = pa.dictionary(pa.int32(), pa.string())
_ARROW: Final[dict[str, pa.DataType]] = {
    "text": pa.string(),
    "word": _WORD,
    "flag": pa.bool_(),
    "u8": pa.uint8(),
    "u16": pa.uint16(),
    "u32": pa.uint32(),
    "u64": pa.uint64(),
    "f32": pa.float32(),
    "time": _MS,
    "second": pa.uint32(),
    "seconds": pa.list_(pa.uint32()),
    "texts": pa.list_(pa.string()),
}
_SQL: Final[dict[str, str]] = {
    "text": "String",
    "word": "LowCardinality(String)",
    "flag": "Bool",
    "u8": "UInt8",
    "u16": "UInt16",
    "u32": "UInt32",
    "u64": "UInt64",
    "f32": "Float32",
    "time": "DateTime64(3, 'UTC')",
    "second": "DateTime('UTC')",
    "seconds": "Array(DateTime('UTC'))",
    "texts": "Array(String)",
}


class Column(NamedTuple):
    """One column."""

    name: str
    kind: str
    """A key of the type tables above; a trailing `?` lets it be null."""
    meaning: str

    @property
    def nullable(self) -> bool:
        """Whether a value may be missing; elsewhere a missing word is empty."""
        return self.kind.endswith("?")

    @property
    def sql_type(self) -> str:
        """As the engine says it."""
        plain = _SQL[self.kind.rstrip("?")]
        return f"Nullable({plain})" if self.nullable else plain

    @property
    def arrow_type(self) -> pa.DataType:
        """As it is inserted."""
        return _ARROW[self.kind.rstrip("?")]


class Table(NamedTuple):
    """One table."""

    name: str
    meaning: str
    columns: tuple[Column, ...]

    @property
    def schema(self) -> pa.Schema:
        """The Arrow schema of an insert."""
        return pa.schema([pa.field(c.name, c.arrow_type, nullable=c.nullable) for c in self.columns])


_REPORT_ID = Column("report_id", "text", "32 hex digits; made of the reflector-signed sessions in the report")
_RECEIVED = Column("received_at", "time", "when the collector had it on disk, by the collector's clock")
_OBSERVED = Column("observed_at", "time", "start of the check, by the probe's clock")
_COUNTRY = Column("country", "word", "ISO 3166 code derived from the source address; ZZ where nobody knows")
OPERATOR = Column("operator", "word", "AS and number of the network, or the name an instance maps it to")
ACCESS = Column("access", "word", "access type, declared or told by the operating system; never guessed")
_INSTANCE = Column(
    "instance", "word", "name of the scenario of emulated rows; empty for real ones, which never meet them"
)
SEGMENT = Column("segment", "word", "spool segment that the row came from")
APP = Column("app", "word", "app id; `line` for the line itself")
_STAGE = Column("stage", "word", "resolve, reach, setup, handshake, voice, video; `call` for the whole app")
_HOUR = Column("hour", "second", "start of the hour of observation, UTC")
_LAG = Column("lag_s", "u32", "95 % of the reports came sooner after their observation; 7 days with under 20")
_OF_CELL: Final = (
    Column("ok_micro", "u64", "millionths of a vote, after the cap of each source prefix"),
    Column("blocked_micro", "u64", "the same"),
    Column("throttled_micro", "u64", "the same"),
    Column("down_micro", "u64", "the same"),
    Column("insufficient_micro", "u64", "the same; they decide nothing"),
    Column("probes", "u32", "distinct pseudonyms that voted, decided or not"),
    Column("prefixes", "u32", "distinct source prefixes they were behind"),
    Column("reports", "u32", "reports in it, those superseded by a later one of the hour too"),
    Column("mechanisms", "word", "of blocked and throttled votes, most frequent first, comma-separated"),
    Column("last_received", "second", "of the latest report in it"),
)
_INFLUENCE: Final = tuple(
    Column(f"{kind}_{aim}", "u16?", f"networks of {words} that must collude {what}; null: no number suffices")
    for kind, words in (("fixed", "fixed lines"), ("carrier", "carrier NAT, 16 pseudonyms each,"))
    for aim, what in (
        ("to_move", "to bring the cell to another state"),
        ("to_blocked", "to make it blocked, 0 where it is"),
        ("to_ok", "to make it ok, 0 where it is"),
    )
)

TABLES: Final[tuple[Table, ...]] = (
    Table("reports", "One row a report: the line, the run, what the collector knew. No address is in it.", (
        _REPORT_ID, _RECEIVED, _OBSERVED, _COUNTRY, OPERATOR, ACCESS,
        Column("asn", "u32?", "derived from the source address"),
        Column("kind", "word", "why it was run: scheduled, canary, manual, browser, import"),
        Column("enrolled", "flag", "the probe is enrolled at the collector"),
        Column("pseudonym", "text", "32 hex digits: keyed hash of device secret, network and month"),
        Column("prefix", "text", "16 hex digits: hash of the source prefix under a key that lived a day"),
        Column("prefix_kind", "word", "fixed, carrier, unknown: how much may be said from behind the prefix"),
        Column("country_declared", "word", "as the probe's user declared it; empty where not"),
        Column("operator_declared", "word", "the same"),
        Column("access_from", "word", "declared, system, or empty: where the access type is from"),
        Column("disagreements", "word", "declared against derived, comma-separated: country, asn, clock"),
        Column("geo_version", "word", "database that gave country and network"),
        Column("software", "word", "the probe's version"),
        Column("reflectors", "word", "public keys of the reflectors, comma-separated"),
        Column("apps", "word", "apps asked for, comma-separated, in the order asked"),
        Column("ruleset", "word", "rules that recomputed the verdicts"),
        Column("judged", "word", "empty, or why the report gave no votes: invalid, interrupted, refused"),
        Column("cost_bytes", "u64", "IP bytes both ways of the whole check"),
        Column("took_s", "f32", "seconds from its start to its end"),
        Column("ip_version", "u8", "4, 6, or 0 where unknown"),
        Column("nat", "word", "none, translated, or empty where that cannot be told"),
        Column("tunnel", "word", "yes, no, or empty where that cannot be told"),
        Column("notes", "word", "circumstances, comma-separated words of a closed list"),
        Column("body_sha256", "text", "of the submission's JSON"),
        _INSTANCE, SEGMENT,
    )),
    Table("observations", "One row a flow, direction and part of it: what each end saw; never a verdict.", (
        _REPORT_ID, _RECEIVED, _OBSERVED, _COUNTRY, OPERATOR, ACCESS, APP,
        Column("dialect", "word", "of the app's profile"),
        Column("leg", "word", "of the app's call; for TCP trials their name, tcp-443 and so on"),
        Column("arm", "word", "A, A', C, C', D, W, and F, G for TCP trials"),
        Column("mutant", "word", "of arm D, else empty"),
        Column("media", "word", "none, voice, video"),
        Column("family", "word", "of control flows, U or Q"),
        Column("question", "word", "experiment question that asked for the flow"),
        Column("block", "u16", "matched block: flows of one question, app and block are compared"),
        Column("flow", "u32", "flow id in its session"),
        Column("reflector", "u8", "index into the report's reflectors"),
        Column("remote_port", "u16", "at the reflector"),
        Column("started_us", "u64", "microseconds from the check's start to the flow's"),
        Column("aborted", "flag", "the near end stopped before the script's end"),
        Column("failure", "word", "first failure the network reported on the flow, else empty"),
        Column("direction", "word", "up leaves the vantage point, down arrives there"),
        Column("part", "word", "stage of the set-up rounds, `media`, or `connect` of a TCP trial"),
        Column("near_count", "u32", "packets at the near end: sent up, received down"),
        Column("near_bytes", "u32", "their UDP payload bytes"),
        Column("far_count", "u32?", "packets at the far end: received up, sent down; null without its log"),
        Column("far_bytes", "u32?", "their UDP payload bytes"),
        Column("first_us", "u64?", "first of them at the near end, microseconds from the check's start"),
        Column("last_us", "u64?", "last of them"),
        Column("connect_ms", "f32?", "of a TCP trial; null where it did not connect"),
        _INSTANCE, SEGMENT,
    )),
    Table("votes", "One row a report, app and stage: the verdict recomputed from the evidence.", (
        _REPORT_ID,
        Column("pseudonym", "text", "the voice: one vote an hour and series, the latest observed"),
        Column("prefix", "text", "votes behind one prefix share its cap"),
        Column("prefix_kind", "word", "decides the cap: 16 for carrier, else 1"),
        _COUNTRY, OPERATOR, ACCESS, APP, _STAGE, _HOUR, _OBSERVED, _RECEIVED,
        Column("kind", "word", "why the check was run"),
        Column("enrolled", "flag", "the probe is enrolled"),
        Column("source", "word", "panel (feeds states), canary, unenrolled, manual, browser, import"),
        Column("verdict", "word", "ok, blocked, throttled, down, insufficient"),
        Column("rule", "word", "id of the rule that decided"),
        Column("ruleset", "word", "version of the rules"),
        Column("mechanism", "word", "dotted, of the closed list; empty where nothing is blamed"),
        Column("direction", "word", "up, down, both, or empty"),
        Column("loss_up_points", "f32?", "loss of treatment minus control, percentage points, upwards"),
        Column("loss_up_low", "f32?", "lower end of its interval"),
        Column("loss_up_high", "f32?", "upper end"),
        Column("loss_down_points", "f32?", "the same, downwards"),
        Column("loss_down_low", "f32?", "lower end"),
        Column("loss_down_high", "f32?", "upper end"),
        Column("flows", "u16", "treatment flows that reached the stage"),
        _INSTANCE, SEGMENT,
    )),
    Table("deletions", "Reports whose deletion key was shown: their rows are gone and do not come back.", (
        _REPORT_ID, _RECEIVED, SEGMENT,
    )),
    Table("segments", "The ledger: which spool segments are in.", (
        Column("segment", "text", "its id"),
        Column("step", "u8", "1 begun, 2 rows are in, 3 their cells too"),
        Column("attempt", "u16", "1, and more where a loader was killed"),
        Column("reports", "u64", "rows inserted"),
        Column("observations", "u64", "rows inserted"),
        Column("votes", "u64", "rows inserted"),
        Column("deletions", "u64", "deletion records in it"),
        Column("hours", "seconds", "hours whose cells it touches"),
        Column("written_at", "time", "of this line"),
        Column("version", "u64", "the highest counts"),
    )),
    Table("cells", "Country x operator x access x app x stage x hour, by source: the state and its voices.", (
        _INSTANCE,
        Column("source", "word", "whose votes; only `panel` has states, the others are counted"),
        _COUNTRY, OPERATOR, ACCESS, APP, _STAGE, _HOUR,
        Column("state", "word", "ok, blocked, throttled, down, intermittent, insufficient"),
        *_OF_CELL,
        Column("ruleset", "word", "version of the numbers that decide (model.cells)"),
        Column("version", "u64", "the highest counts"),
        Column("deleted", "u8", "1 where no vote is left"),
    )),
    Table("changepoints", "What the detector found, newest version of each.", (
        Column("changepoint_id", "text", "permanent"),
        _INSTANCE, _COUNTRY, OPERATOR, ACCESS, APP, _STAGE,
        Column("kind", "word", "onset, end, silence, …"),
        Column("earliest", "second?", "start of the interval it lies in; null where open"),
        Column("latest", "second", "end of the interval"),
        Column("detected_at", "second", "observation time of the deciding vote"),
        Column("payload", "text", "JSON of the whole finding"),
        Column("version", "u64", "the highest counts"),
    )),
    Table("detector_state", "What each detector remembers, and how far it has read.", (
        Column("detector", "text", "its name"),
        Column("payload", "text", "JSON"),
        Column("version", "u64", "the highest counts"),
    )),
    Table("arrivals", "How late reports come, by country x operator x access; what silence waits for.", (
        _INSTANCE, _COUNTRY, OPERATOR, ACCESS,
        Column("last_received", "second", "of the latest report in a cell of the line"),
        Column("reports", "u32", "of the panel, received in the 28 days up to it: what the lag is made of"),
        _LAG,
        Column("version", "u64", "the highest counts"),
    )),
    Table("influence", "How many colluding networks it takes to move a cell of the panel in one hour.", (
        _INSTANCE, _COUNTRY, OPERATOR, ACCESS, APP, _STAGE, _HOUR, *_INFLUENCE,
        Column("version", "u64", "the highest counts"),
        Column("deleted", "u8", "1 where no vote is left"),
    )),
    Table("context", "Other people's measurements, beside ours and never summed with them.", (
        Column("source", "word", "ooni"),
        Column("measurement_id", "text", "as the source calls it: OONI's report_id"),
        Column("country", "word", "ISO 3166 code as the source says it; ZZ where it does not know"),
        Column("asn", "u32", "network, 0 where unknown"),
        Column("test", "word", "whatsapp, facebook_messenger, telegram, signal, stunreachability"),
        Column("part", "word", "of the test: web, registration, endpoints, backend, tcp, dns, http, binding"),
        Column("target", "word", "a STUN server's URL; empty for tests that ask fixed servers"),
        Column("observed_at", "time", "start of the measurement, by the probe's clock"),
        Column("received_at", "time", "when it was last imported, by this machine's clock"),
        Column(
            "outcome", "word",
            "ok; anomaly: may be interference; stale: an anomaly that a known change explains; failed: "
            "the test did. Only ok and anomaly count in a share",
        ),
        Column("failure", "word", "as the source writes it, addresses removed"),
        Column("confounder", "word", "the known cause of false alarms that fits, else empty"),
        Column("test_version", "word", "of the test"),
        Column("engine", "word", "version of the measurement engine; empty where it cannot be told"),
    )),
    Table("leases", "Who may write to a store on a server; runs out by itself where its holder dies.", (
        Column("holder", "text", "drawn by lot at each opening"),
        Column("who", "text", "program, machine and process, for whoever is kept out"),
        Column("names", "texts", "of which parts of the work, such as loader-03; none: of all"),
        Column("until", "time", "when it runs out, by the server's clock; past once given back"),
        Column("version", "u64", "the highest counts"),
    )),
    Table("migrations", "Versions of these tables that were applied.", (
        Column("version", "u32", "number"),
        Column("name", "text", "name"),
        Column("applied_at", "second", "when"),
    )),
)  # fmt: skip
"""In the order of the documentation."""

VIEWS: Final[tuple[Table, ...]] = (
    Table("series", "Made when asked: the panel's series hour by hour, and what must stand beside each.", (
        _INSTANCE, _COUNTRY, OPERATOR, ACCESS, APP, _STAGE, _HOUR,
        Column("state", "word", "of the cell, or silent: no vote, and a deciding cell in the 7 days before"),
        Column("provisional", "flag", "at as_of, lag_s had not passed since the hour's end: it may change"),
        *_OF_CELL,
        Column("panel_probes", "u32?", "pseudonyms that voted that day; null without raw rows"),
        Column("panel_joined", "u32?", "of them, those first seen that day in the calendar month"),
        Column("panel_left", "u32?", "of them, those last seen that day in the month"),
        *_INFLUENCE,
        _LAG,
        Column("as_of", "second", "the newest report that is in any cell"),
    )),
    Table("context_days", "Made when asked: context by day, beside our series, never summed with them.", (
        Column("source", "word", "ooni"),
        Column("country", "word", "as the source says it"),
        Column("asn", "u32", "network, 0 where unknown"),
        Column("test", "word", "as in context"),
        Column("part", "word", "of the test"),
        Column("day", "second", "its start, UTC"),
        Column("ok", "u32", "measurements of the part"),
        Column("anomaly", "u32", "measurements that may show interference"),
        Column("stale", "u32", "anomalies that a known change at the provider explains: in no share"),
        Column("failed", "u32", "tests that did not work: in no share"),
        Column("as_of", "second", "the newest import that is in the row"),
    )),
)  # fmt: skip
"""Exported like tables; they are questions, and nothing is kept of them."""

BY_NAME: Final[dict[str, Table]] = {table.name: table for table in (*TABLES, *VIEWS)}


def page() -> str:
    """docs/data.md."""
    lines = [
        "# The data dictionary: tables of the store",
        "",
        "Made of the program's own table of columns: `python -m voipwatch.store.columns > docs/data.md`.",
        "Times are UTC. Words come from closed lists and are empty where nothing is known; only columns",
        "whose type says so are ever null. Exports (`voipwatch store export`) have the same names.",
    ]
    for table in (*TABLES, *VIEWS):
        lines += [
            "",
            f"## {table.name}",
            "",
            table.meaning,
            "",
            "| column | type | meaning |",
            "| --- | --- | --- |",
        ]
        lines += [f"| `{c.name}` | `{c.sql_type}` | {c.meaning} |" for c in table.columns]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(page())
