"""Words of incidents that bundles quote for ever, and the two questions an incident answers itself."""

from voipwatch.model.incidents import (
    Incident,
    IncidentStatus,
    PhaseKind,
    SeriesName,
    Spread,
)

BARE = Incident(id="MA-2016-01-a", revision=1, country="MA", status=IncidentStatus.DETECTED, as_of="")


def spread(*, ended: str | None) -> Spread:
    return Spread(SeriesName("AS1", "4g", "viber"), None, "2016-01-05T10:00:00Z", 1, ended, ended)


def test_statuses_and_phases_are_those_of_the_design() -> None:
    statuses = {"detected", "reviewed", "disputed", "corrected", "withdrawn"}
    assert {each.value for each in IncidentStatus} == statuses
    phases = {"onset", "extension", "intermittent", "relief", "end", "silence"}
    assert {each.value for each in PhaseKind} == phases


def test_an_incident_has_ended_when_no_series_stands() -> None:
    def with_spread(*rows: Spread) -> Incident:
        return Incident(
            id="x", revision=1, country="MA", status=IncidentStatus.DETECTED, as_of="", spread=rows
        )

    over = spread(ended="2016-11-04T10:00:00Z")
    assert with_spread(over).ended
    assert not with_spread(over, spread(ended=None)).ended
    assert not BARE.ended, "nothing is known of its series"


def test_what_has_an_instance_is_emulated() -> None:
    assert not BARE.synthetic
    assert Incident(
        id="LAB-MA-2016-01-a",
        revision=1,
        country="MA",
        status=IncidentStatus.DETECTED,
        as_of="",
        instance="morocco-2016",
    ).synthetic
