import pytest

from voipwatch.collector.metrics import HELP, Metrics


def test_the_text_is_prometheus() -> None:
    metrics = Metrics()
    metrics.count("reports_total", "accepted")
    metrics.count("reports_total", "accepted", by=2)
    metrics.count("reports_total", "refused")
    metrics.gauges["waiting"] = 3
    text = metrics.text()
    assert 'voipwatch_collector_reports_total{kind="accepted"} 3\n' in text
    assert 'voipwatch_collector_reports_total{kind="refused"} 1\n' in text
    assert "voipwatch_collector_enrolments_total 0\n" in text
    assert "voipwatch_collector_waiting 3\n" in text
    for name in HELP:
        assert text.count(f"# TYPE voipwatch_collector_{name} counter\n") == 1
    assert metrics.value("reports_total", "accepted") == 3


def test_only_what_is_explained_is_counted() -> None:
    with pytest.raises(AssertionError):
        Metrics().count("something_else")
