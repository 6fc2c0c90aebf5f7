"""Pages that are watched: the shipped campaign, planted losses, and what cannot be said."""

import msgspec
import pytest

from tests.support.followers import DONORS, EVENT, PAGE, reading, troubled, walks
from voipwatch.civic.effect import Plan, State, Why
from voipwatch.civic.observations import ObservationError, Quantity, decode_at
from voipwatch.civic.press import packaged_press
from voipwatch.civic.watched import told_of, watch_of, watch_of_press, without

PLAN = Plan()


def test_the_shipped_campaign_says_no_more_than_it_knows() -> None:
    watch = watch_of_press(packaged_press("morocco-2016"))
    assert watch.event == "2016-02-27"
    assert watch.event_s == decode_at("2016-02-26")[1] + 1
    assert watch.pages == (
        "facebook:inwi", "facebook:maroc-telecom", "facebook:meditel", "facebook:inwi+maroc-telecom+meditel",
    )  # fmt: skip
    told = told_of(watch, "facebook:maroc-telecom", plan=PLAN)
    (series,) = told.series
    assert series.baseline is not None
    assert (series.baseline.observation.low, series.baseline.observation.high) == (2_443_555, 2_449_689)
    assert series.losses == ()
    assert [each.quantity for each in told.printed].count(Quantity.LIKES_LOST) == 3
    for page in watch.pages[:3]:
        found = told_of(watch, page, plan=PLAN).series[0].effect
        assert found is not None
        assert found.state is State.UNIDENTIFIED
        assert {Why.SHORT, Why.FEW_DONORS} == set(found.why)
        assert (found.donors, found.donors_least) == (0, 19)
    together = told_of(watch, watch.pages[-1], plan=PLAN)
    assert together.series[0].effect is None, "several pages together are no page"
    assert len(together.printed) == 2


def test_a_planted_loss_is_found_against_donors() -> None:
    watch = watch_of(walks(), event=EVENT, donors=DONORS)
    assert watch.pages == (PAGE,)
    (series,) = told_of(watch, PAGE, plan=PLAN).series
    assert series.baseline is not None
    assert series.baseline.observation.span_s[1] < decode_at(EVENT)[0]
    assert len(series.losses) == 9
    assert all(each.sure for each in series.losses)
    found = series.effect
    assert found is not None
    assert (found.state, found.why, found.donors) == (State.EFFECT, (), 25)
    assert found.estimate_ratio == pytest.approx(-0.08, abs=0.01)


def test_without_donors_it_is_unidentified() -> None:
    watch = watch_of(walks(donors=10), event=EVENT, donors=DONORS[:10])
    found = told_of(watch, PAGE, plan=PLAN).series[0].effect
    assert found is not None
    assert (found.state, found.why, found.donors) == (State.UNIDENTIFIED, (Why.FEW_DONORS,), 10)


def test_gaps_jumps_and_disagreements_are_told_without_an_event() -> None:
    rows = [*troubled(), reading(PAGE, 5, 90_000)]
    (series,) = told_of(watch_of(rows), PAGE, plan=PLAN).series
    assert (series.baseline, series.losses, series.effect) == (None, (), None)
    assert len(series.gaps) == 1
    assert len(series.disagreements) == 1
    up = [each for each in series.jumps if each.up and each.regained_low is not None]
    assert len(up) == 1


@pytest.mark.parametrize("event", ["2020-01-01", "2030-01-01", "2026-01-01T00:00:00Z"])
def test_an_event_outside_of_the_series_is_no_error(event: str) -> None:
    watch = watch_of(troubled(), event=event)
    found = told_of(watch, PAGE, plan=PLAN).series[0].effect
    assert found is not None
    assert found.state is State.UNIDENTIFIED
    assert found.why


def test_what_is_told_elsewhere_is_left_out() -> None:
    shipped = watch_of_press(packaged_press("morocco-2016"))
    own = watch_of([*shipped.observations, *troubled()], donors=["facebook:inwi"])
    assert without(own, shipped) == msgspec.structs.replace(
        watch_of(troubled()), observations=tuple(troubled()), donors=frozenset()
    )


@pytest.mark.parametrize(
    ("event", "donors", "field"),
    [("tomorrow", [], "event"), ("", ["facebook:nobody"], "donors"), ("", [PAGE], "donors")],
)
def test_what_is_no_watch(event: str, donors: list[str], field: str) -> None:
    with pytest.raises(ObservationError) as caught:
        watch_of(troubled(), event=event, donors=donors)
    assert caught.value.field == field
