"""The text of a plan is TOML with everything that the plan holds and nothing that it does not use."""

import tomllib

from tests.apps.imported.support import call, captured
from voipwatch.apps.imported.plan import Plan, Round
from voipwatch.apps.imported.streams import Stream
from voipwatch.apps.imported.tables import table
from voipwatch.apps.imported.writing import carried, written

AUDIO = Stream("a", "a", True, [0, 20_000, 40_000], [60, 61, 62])
PICTURE = Stream("v", "v", True, [0, 33_000, 66_000], [900, 1000, 1100])
REPORT = Stream("r", "r", True, [0, 900_000], [60, 60], is_report=True)


def test_voice_and_video_are_told_by_size() -> None:
    assert carried([AUDIO, REPORT]) == ([AUDIO, REPORT], [])
    assert carried([AUDIO, PICTURE, REPORT]) == ([AUDIO, REPORT], [AUDIO, PICTURE, REPORT])
    assert carried([PICTURE, REPORT]) == ([PICTURE, REPORT], [])


def test_a_plan_with_a_leg_before_it() -> None:
    messages = {name: table("rtp", 0, payload_type=1) for name in ("up", "down", "a", "unused")}
    plan = Plan([Round("up", ["down"], "setup")], [AUDIO], messages, port=4000, synthetic=True)
    before = Plan(
        [Round("b-up", ["b-down"], "setup")],
        messages={"b-up": messages["up"], "b-down": messages["up"]},
        port=3478,
    )
    document = tomllib.loads(written(plan, before, captured(call()).candidates()[0], ["RTP"]))
    assert [(leg["id"], leg["port"], leg.get("after")) for leg in document["legs"]] == [
        ("captured", 4000, "before"),
        ("before", 3478, None),
    ]
    assert set(document["messages"]) == {"up", "down", "a", "b-up", "b-down"}
    assert document["call_names"] == ["RTP"]
    assert [item["status"] for item in document["provenance"]] == ["synthetic", "seen", "synthetic"]
    assert "video" not in document["legs"][0]
