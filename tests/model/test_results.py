"""The command line's contract: the names in `voipwatch.check/1`, which programs of others read."""

import msgspec

from voipwatch.model.measurement import CHECK_SCHEMA, REPORT_SCHEMA, AppCost, Line, Measurement
from voipwatch.model.results import AppResult, Check, Effect, Quality, Report, StageResult
from voipwatch.model.vocabulary import Direction, Stage, Verdict

LINE = "country asn operator_declared access local_hop ip_version nat tunnel"
CHECK = "schema line reflectors ruleset results cost invalid"
RESULT = """
    app verdict stage mechanism direction rule effect_up effect_down quality stages works not_tested
    observed_s cost via explanation
"""
EFFECT = "loss_points low high n_flows n_packets"
QUALITY = "mos_up mos_down rtt_ms jitter_up_ms jitter_down_ms loss_up_ratio loss_down_ratio"
COST = "bytes seconds"


def check() -> Check:
    effect = Effect(loss_points=None, low=None, high=None, n_flows=0, n_packets=0)
    result = AppResult(
        app="whatsapp",
        verdict=Verdict.BLOCKED,
        stage=Stage.SETUP,
        mechanism="stun.drop",
        direction=Direction.UP,
        rule="blocked.setup",
        effect_up=effect,
        effect_down=None,
        quality=Quality(),
        stages=[StageResult(Stage.SETUP, Verdict.BLOCKED, "blocked.setup")],
        works=["tls-443"],
        not_tested=["provider-address"],
        observed_s=1.0,
        cost=AppCost(bytes=1, seconds=1.0),
        explanation="...",
    )
    return Check(Line(), [], "2026.1", [result], AppCost(bytes=1, seconds=1.0))


def test_the_names_of_the_contract_are_there() -> None:
    """Additions do not change the schema's version; a name that goes or changes does."""
    printed = msgspec.json.decode(msgspec.json.encode(check()))
    assert printed["schema"] == CHECK_SCHEMA == "voipwatch.check/1"
    (row,) = printed["results"]
    for names, found in (
        (CHECK, printed),
        (LINE, printed["line"]),
        (COST, printed["cost"]),
        (RESULT, row),
        (EFFECT, row["effect_up"]),
        (QUALITY, row["quality"]),
        (COST, row["cost"]),
    ):
        assert set(names.split()) <= set(found)


def test_what_is_not_known_is_null_and_not_left_out() -> None:
    printed = msgspec.json.decode(msgspec.json.encode(check()))
    assert printed["invalid"] is None
    row = printed["results"][0]
    assert row["via"] is None
    assert row["effect_down"] is None
    assert row["quality"]["mos_up"] is None
    assert printed["line"]["asn"] is None


def test_values_are_the_vocabularys_plain_words() -> None:
    row = msgspec.json.decode(msgspec.json.encode(check()))["results"][0]
    assert (row["verdict"], row["stage"], row["direction"]) == ("blocked", "setup", "up")


def test_a_report_holds_the_check_and_all_it_can_be_recomputed_from() -> None:
    measurement = Measurement("00", "", "", [], {}, Line(), [])
    report = Report(check(), measurement, software="voipwatch test")
    printed = msgspec.json.encode(report)
    assert msgspec.json.decode(printed)["schema"] == REPORT_SCHEMA == "voipwatch.report/1"
    assert msgspec.json.decode(printed, type=Report) == report


def test_a_field_from_the_future_is_no_error() -> None:
    printed = msgspec.json.decode(msgspec.json.encode(check()))
    printed["future"] = {"a": 1}
    assert msgspec.convert(printed, Check, strict=False) == check()
