import pytest

from tests.pipeline.test_context import MEASUREMENT
from voipwatch.pipeline.context import context_rows
from voipwatch.pipeline.context_keep import ContextKeeper, record_of
from voipwatch.store.store import Store
from voipwatch.wire.ooni import OoniMeasurement, Part


def one(part: Part, report_id: str = "r1") -> OoniMeasurement:
    fields = {name: getattr(MEASUREMENT, name) for name in MEASUREMENT.__struct_fields__}
    return OoniMeasurement(**fields | {"parts": (part,), "report_id": report_id})


@pytest.mark.parametrize(
    ("part", "outcome"),
    [
        (Part("backend", "ok"), "ok"),
        (Part("backend", "anomaly", "generic_timeout_error"), "anomaly"),
        (Part("backend", "anomaly", "ssl_unknown_authority", "signal-ca-2022"), "stale"),
        (Part("backend", "failed"), "failed"),
    ],
)
def test_four_figures_are_one_word(part: Part, outcome: str) -> None:
    (row,) = context_rows(one(part))
    record = record_of(row, received_at_ms=5)
    assert (record.outcome, record.failure, record.confounder) == (
        outcome,
        part.failure or "",
        part.confounder,
    )
    assert (record.source, record.measurement_id, record.observed_at, record.received_at) == (
        "ooni", "r1", 1_700_000_000_000, 5,
    )  # fmt: skip
    assert (record.country, record.asn, record.test, record.part, record.engine) == (
        "MA", 6713, "signal", "backend", "3.19.0",
    )  # fmt: skip


def test_rows_go_in_by_batches_and_the_rest_at_the_end(store: Store) -> None:
    keeper = ContextKeeper(store, received_at_ms=1, rows_at_once=3)
    counts = []
    for number in range(7):
        keeper.take(context_rows(one(Part("backend", "ok"), f"r{number}")))
        counts.append(store.select("SELECT count() AS n FROM context")["n"][0].as_py())
    keeper.flush()
    keeper.flush()
    assert counts == [0, 0, 3, 3, 3, 6, 6]
    assert keeper.kept == store.select("SELECT count() AS n FROM context FINAL")["n"][0].as_py() == 7


def test_an_import_with_better_rules_replaces_the_older_ones(store: Store) -> None:
    before, after = Part("backend", "anomaly"), Part("backend", "anomaly", None, "signal-ca-2022")
    for received_at_ms, part in ((10, before), (20, after), (15, before)):
        keeper = ContextKeeper(store, received_at_ms=received_at_ms)
        keeper.take(context_rows(one(part)))
        keeper.flush()
    kept = store.select("SELECT outcome, confounder FROM context FINAL").to_pylist()
    assert kept == [{"outcome": "stale", "confounder": "signal-ca-2022"}]
