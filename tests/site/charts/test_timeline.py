"""The timeline's drawing: each state of a claim has a shape, and no sign hides another."""

from voipwatch.model.instants import seconds
from voipwatch.site.charts.timeline import Mark, timeline_chart
from voipwatch.site.words import words

AT = seconds("2016-01-05T00:00:00Z")


def claims(*states: str) -> list[Mark]:
    return [Mark("claim", state, AT, AT + 86_400) for state in states]


def test_shapes_in_lanes() -> None:
    marks = [Mark("stands", "detected", AT, AT + 9e6), Mark("phase", "onset", AT, AT + 86_400)]
    shown = str(
        timeline_chart(
            words("en"), [*marks, *claims("supported", "contradicted", "not-measurable")], title="T"
        )
    )
    assert "1 phases of incidents and 3 claims" in shown
    assert 'class="phase-onset"' in shown
    assert 'class="stands w-detected"' in shown
    heights = {part.split('"')[0] for part in shown.split('cy="')[1:]}
    assert heights == {"116"}  # in the third lane: the two before stand at the same day
    assert ("claim-supported" in shown, "claim-contradicted" in shown) == (True, True)


def test_nothing_is_nothing() -> None:
    assert timeline_chart(words("en"), [], title="T") == ""
