"""Figures as JSON."""

import msgspec

from tests.site.campaigns.instance import NOW
from tests.site.campaigns.pledging.campaign import CLOCKS, ENDS, FOUND_NONE, boycott
from voipwatch.civic.boycotts import Boycott, read_boycott, with_closing, with_observable
from voipwatch.civic.publiccounts import next_line
from voipwatch.site.campaigns.pledging.desk import ToldBoycott
from voipwatch.site.campaigns.pledging.figures import PledgeLogs, figures
from voipwatch.store.civic.pledging import PledgeState


def told(campaign: Boycott, declared: int, kept: int = 0, broken: int = 0) -> ToldBoycott:
    counts = {PledgeState.DECLARED: declared, PledgeState.KEPT: kept, PledgeState.BROKEN: broken}
    lines = {series: next_line(None, many, NOW) for series, many in counts.items()}
    return ToldBoycott(campaign, lines, lines[PledgeState.DECLARED])


def written(of: ToldBoycott, now_s: float) -> dict[str, object]:
    found: dict[str, object] = msgspec.json.decode(msgspec.json.encode(figures(of, PledgeLogs(), now_s)))
    return found


def test_ladders_apart_and_no_turnout_before_the_end() -> None:
    found = written(told(boycott(), 24_003), NOW)
    assert found["declared"] == {"count": 24_000, "at": "2026-11-06T00:00:00Z"}
    assert found["reported"] == {
        "kept": {"count": 0, "at": "2026-11-06T00:00:00Z"},
        "broken": {"count": 0, "at": "2026-11-06T00:00:00Z"},
    }
    assert (found["turnout"], found["stage"], found["statutory_effect"]) == (None, "pledging", False)


def test_turnout_after_the_end_is_bounds() -> None:
    noted = with_observable(boycott(), FOUND_NONE, ENDS)
    found = written(told(noted, 64, 23, 11), ENDS)
    turnout = found["turnout"]
    assert isinstance(turnout, dict)
    assert turnout["of"] == "pledges"
    assert turnout["declared"] == {"count": 60, "at": "2026-11-06T00:00:00Z"}
    assert turnout["bounds"] == {"low": 20 / 69, "high": 59 / 69}
    assert turnout["if_alike"]["low"] > turnout["bounds"]["low"]
    assert found["observed"] == [
        {
            "noted_at": "2026-11-16T00:00:00Z",
            "observable": {
                "what": "Calls <of> our panel", "found": "none", "value": None, "unit": "%",
                "source": "https://a.example/panel",
            },
        }
    ]  # fmt: skip
    off = written(told(with_closing(boycott(), NOW + 1), 64, 23, 11), ENDS)
    assert (off["turnout"], off["called_off"], off["stage"]) == (None, True, "closed")


def test_a_window_across_a_change_of_clocks() -> None:
    window = written(told(read_boycott(CLOCKS), 12), NOW)["window"]
    assert window == {
        "zone": "Europe/Paris", "begins": "2027-03-27T00:00:00", "ends": "2027-03-29T00:00:00",
        "begins_at": "2027-03-26T23:00:00Z", "ends_at": "2027-03-28T22:00:00Z",
        "length_s": 47 * 3600, "clocks_change": True,
    }  # fmt: skip
