"""Context rows: what others' measurements said, one row a part of a test. Never summed with ours.

A row whose alarm a known change at the provider explains is `stale`, neither ok nor anomaly; one whose test
did not work is `failed`. Only `decided` rows can be counted in a share.
"""

import msgspec

from voipwatch.model.instants import iso
from voipwatch.wire.ooni import ANOMALY, FAILED, OK, OoniMeasurement, Part


class ContextRow(msgspec.Struct, frozen=True):
    """One part of one measurement of somebody else's."""

    source: str
    """ooni."""
    report_id: str
    test: str
    part: str
    target: str
    country: str
    asn: int
    observed_at_s: int
    ok: int
    """0 or 1, like the four that follow; exactly one of ok, anomaly, stale, failed is 1."""
    anomaly: int
    stale: int
    failed: int
    decided: int
    failure: str
    confounder: str
    test_version: str
    engine: str


COLUMNS = ("time", *(name for name in ContextRow.__struct_fields__ if name != "observed_at_s"))
"""Of the CSV file."""


def context_rows(measurement: OoniMeasurement) -> list[ContextRow]:
    """One row a part, in the test's order."""
    return [_row(measurement, part) for part in measurement.parts]


def _row(measurement: OoniMeasurement, part: Part) -> ContextRow:
    stale = part.said == ANOMALY and part.confounder != ""
    anomaly = part.said == ANOMALY and not stale
    return ContextRow(
        source="ooni",
        report_id=measurement.report_id,
        test=measurement.test,
        part=part.part,
        target=measurement.target,
        country=measurement.country,
        asn=measurement.asn,
        observed_at_s=measurement.started_at_s,
        ok=int(part.said == OK),
        anomaly=int(anomaly),
        stale=int(stale),
        failed=int(part.said == FAILED),
        decided=int(part.said == OK or anomaly),
        failure=part.failure or "",
        confounder=part.confounder,
        test_version=measurement.test_version,
        engine=measurement.engine,
    )


def csv_fields(row: ContextRow) -> list[object]:
    """The row's values in the order of `COLUMNS`."""
    values = msgspec.structs.asdict(row)
    return [iso(values.pop("observed_at_s")), *values.values()]
