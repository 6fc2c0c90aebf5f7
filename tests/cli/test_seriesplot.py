"""The drawing: bins, the time axis from left to right, intervals where they belong, silence left open."""

import re
from xml.etree import ElementTree as ET

import pytest

from voipwatch.cli.detectreport import SeriesResult
from voipwatch.cli.language import texts
from voipwatch.cli.seriesplot import BINS_MAX, COLOURS, DRAWN_MAX, Bins, draw
from voipwatch.inference.detection import Detector
from voipwatch.inference.detection.state import State
from voipwatch.model.series import ChangeKind, Changepoint, SeriesRow

DAY_S = 86_400.0


def bins(days: int, *, gap: range = range(0)) -> Bins:
    kept = Bins(0.0, days * DAY_S)
    for day in range(days):
        if day not in gap:
            kept.add(SeriesRow(day * DAY_S, day % 3, 4))
    return kept


def drawn(*changes: Changepoint, kept: Bins | None = None, key: str = "a<b", lang: str = "en") -> ET.Element:
    state = State(changepoints=list(changes))
    picture = draw(texts(lang), [SeriesResult((key,), Detector(state=state), kept or bins(100))], daily=True)
    return ET.fromstring(picture)


def rects(root: ET.Element, fill: str) -> list[tuple[float, float]]:
    """Left and right of each panel-high box of a colour."""
    return [
        (float(each.attrib["x"]), float(each.attrib["x"]) + float(each.attrib["width"]))
        for each in root.iter("{http://www.w3.org/2000/svg}rect")
        if each.attrib.get("fill") == fill and "x" in each.attrib
    ]


def test_a_bin_is_a_whole_step_and_there_are_not_too_many() -> None:
    kept = bins(1000)
    assert kept.width_s == 7 * DAY_S
    assert len(kept.shares()) <= BINS_MAX
    assert bins(2).width_s == 3_600.0
    assert all(0.0 <= share <= 1.0 for _, share in kept.shares())


def test_intervals_lie_where_they_belong() -> None:
    onset = Changepoint(ChangeKind.ONSET, 25 * DAY_S, 30 * DAY_S, 33 * DAY_S, 0.0, 1.0)
    end = Changepoint(ChangeKind.END, 60 * DAY_S, 61 * DAY_S, 62 * DAY_S, 1.0, 0.0)
    root = drawn(onset, end)
    (on,), (off,) = rects(root, COLOURS[ChangeKind.ONSET]), rects(root, COLOURS[ChangeKind.END])
    assert on[0] < on[1] < off[0] < off[1]
    width = 960 - 64 - 24
    assert (on[0] - 64) / width == pytest.approx(25 / 101, abs=0.01)
    assert (on[1] - 64) / width == pytest.approx(30 / 101, abs=0.01)


def test_no_line_crosses_a_silence() -> None:
    root = drawn(kept=bins(100, gap=range(40, 60)))
    assert len(list(root.iter("{http://www.w3.org/2000/svg}polyline"))) == 2


def test_time_runs_from_left_to_right_in_every_language() -> None:
    for lang in ("en", "ar"):
        labels = {
            each.text: float(each.attrib["x"])
            for each in drawn(lang=lang).iter("{http://www.w3.org/2000/svg}text")
            if each.text and re.fullmatch(r"1970-\d\d-\d\d", each.text)
        }
        assert len(labels) >= 3
        assert sorted(labels) == sorted(labels, key=lambda label: labels[label])


def test_no_more_series_than_a_reader_follows() -> None:
    results = [SeriesResult((str(n),), Detector(), bins(9) if n < DRAWN_MAX else None) for n in range(15)]
    picture = draw(texts("en"), results, daily=True)
    assert "3 more series are not drawn" in picture
