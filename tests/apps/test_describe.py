"""What `apps show` is given."""

import json

from tests.apps.support import SMALL, load
from voipwatch.apps import describe, load_profiles


def test_it_is_json_and_complete() -> None:
    for profile in load_profiles().profiles:
        data = json.loads(json.dumps(describe(profile)))
        assert data["id"] == profile.id
        assert {item["facts"] for item in data["provenance"]} == {item.facts for item in profile.provenance}
        assert set(data["not_testable"]) == set(profile.not_testable)
        assert len(data["legs"]) == len(profile.legs)
        assert all(text for text in data["not_testable"].values())


def test_sizes_and_places_are_told() -> None:
    (leg,) = describe(load(SMALL))["legs"]
    (first,) = leg["rounds"]
    assert first["request"] == {"name": "hello", "bytes": 44, "place": "transaction", "token_bytes": 12}
    assert first["replies"] == [
        {"name": "welcome", "bytes": 56, "place": "integrity:0x0008", "token_bytes": 20}
    ]
    (voice,) = leg["media"]
    assert voice["streams"][0]["rhythms"] == [{"spacing_ms": [20], "bytes": [60, 80]}]
    assert 24.0 <= voice["example_kbit_s"]["up"] <= 32.0  # 50 packets of 60 to 80 bytes a second
