import pytest

from voipwatch.lab.policy import POLICIES, UnknownPolicyError, make_policy
from voipwatch.lab.policy.combine import Chain, Intermittent, OneWay
from voipwatch.lab.policy.ports import PortDrop


def test_every_rule_has_one_name() -> None:
    assert len(POLICIES) == 40
    policy = make_policy({"policy": "port-drop", "ports": [[1, 2]]})
    assert isinstance(policy, PortDrop)
    assert policy.ports == ((1, 2),)


def test_combinators_nest() -> None:
    policy = make_policy(
        {
            "policy": "intermittent",
            "period_s": 60,
            "on_s": 30,
            "of": {
                "policy": "one-way",
                "direction": "up",
                "of": {"policy": "chain", "policies": [{"policy": "open"}]},
            },
        }
    )
    assert isinstance(policy, Intermittent)
    assert isinstance(policy.policy, OneWay)
    assert isinstance(policy.policy.policy, Chain)


@pytest.mark.parametrize(
    "table",
    [
        {},
        {"policy": "no-such"},
        {"policy": "port-drop"},
        {"policy": "port-drop", "ports": [["a", 2]]},
        {"policy": "open", "speed": 3},
        {"policy": "chain"},
        {"policy": "one-way", "direction": "sideways", "of": {"policy": "open"}},
        {"policy": "intermittent", "period_s": 5, "of": {"policy": "open"}},
        {"policy": "police", "bytes_per_s": 5, "burst_bytes": 5, "signatures": ["smoke"]},
    ],
)
def test_what_names_no_rule_is_refused(table: dict[str, object]) -> None:
    with pytest.raises(UnknownPolicyError):
        make_policy(table)
