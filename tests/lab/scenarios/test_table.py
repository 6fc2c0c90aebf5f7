"""What a scenario's table says of its times and sizes."""

from voipwatch.lab.scenarios.reading import load_scenario
from voipwatch.model.instants import seconds


def test_hours_are_of_the_days_that_it_says() -> None:
    (block,) = [block for block in load_scenario("morocco-2016").blocks if block.hours]
    assert [
        block.holds(seconds(text))
        for text in (
            "2016-01-11T05:59:59Z",
            "2016-01-11T06:00:00Z",
            "2016-01-11T21:59:59Z",
            "2016-01-11T22:00:00Z",
            "2016-01-12T12:00:00Z",
            "2016-01-13T12:00:00Z",
            "2016-01-14T12:00:00Z",
            "2016-02-01T12:00:00Z",
        )
    ] == [False, True, True, False, False, False, True, False]


def test_a_size_may_have_fewer_apps() -> None:
    scenario = load_scenario("morocco-2016")
    assert scenario.sized("demo").apps == ("whatsapp", "imo")
    assert scenario.sized("full") == scenario
