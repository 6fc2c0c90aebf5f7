import json

import pytest

from tests.cli.doubles import Told
from voipwatch.cli.conclude import NO_PROFILE, check_json, conclude, exit_status
from voipwatch.cli.language import texts
from voipwatch.model.measurement import AppCost, Line, Measurement
from voipwatch.model.results import Check
from voipwatch.model.vocabulary import Verdict


def measured(*apps: str, unprofiled: tuple[str, ...] = ()) -> Measurement:
    return Measurement(
        seed="",
        started_at="2026-01-07T12:00:00Z",
        ended_at="2026-01-07T12:00:00Z",
        apps=list(apps),
        profile_digests={},
        line=Line(),
        reflectors=[],
        not_tested={app: [NO_PROFILE] for app in unprofiled},
    )


@pytest.mark.parametrize("lang", ["en", "fr", "ar"])
def test_rows_stand_in_the_order_asked_whoever_wrote_them(lang: str) -> None:
    seen: list[list[str]] = []

    def judge(measurement: Measurement, *, lang: str) -> Check:
        seen.append(measurement.apps)
        return Told()(measurement, lang=lang)

    measurement = measured("imo", "sip", "viber", "webrtc", unprofiled=("imo", "viber"))
    check = conclude(measurement, judge, texts(lang))
    assert [row.app for row in check.results] == ["imo", "sip", "viber", "webrtc"]
    assert seen == [["sip", "webrtc"]]
    assert measurement.apps == ["imo", "sip", "viber", "webrtc"]
    row = check.results[0]
    assert (row.verdict, row.rule, row.not_tested) == (Verdict.INSUFFICIENT, "app.no-profile", ["no-profile"])
    assert row.cost == AppCost(0, 0.0)
    assert "imo" in row.explanation


def test_a_judge_that_forgets_a_row_is_our_fault() -> None:
    def forgetful(measurement: Measurement, *, lang: str) -> Check:
        check = Told()(measurement, lang=lang)
        check.results = check.results[1:]
        return check

    with pytest.raises(KeyError):
        conclude(measured("sip", "webrtc"), forgetful, texts("en"))


@pytest.mark.parametrize(
    ("verdicts", "invalid", "interrupted", "status"),
    [
        ({}, None, None, 0),
        ({"sip": Verdict.BLOCKED}, None, None, 1),
        ({"sip": Verdict.THROTTLED, "webrtc": Verdict.DOWN}, None, None, 1),
        ({"sip": Verdict.DOWN}, None, None, 2),
        ({"sip": Verdict.INSUFFICIENT}, None, None, 2),
        ({"sip": Verdict.BLOCKED}, None, "user", 130),
        ({"sip": Verdict.BLOCKED}, None, "reflector-died", 1),
        ({"sip": Verdict.BLOCKED}, "internal-error", "user", 70),
        ({}, "internal-error", None, 70),
    ],
)
def test_status(
    verdicts: dict[str, Verdict], invalid: str | None, interrupted: str | None, status: int
) -> None:
    check = Told(verdicts)(measured("sip", "webrtc"), lang="en")
    check.invalid, check.interrupted = invalid, interrupted
    assert exit_status(check) == status


def test_json_begins_with_its_schema_and_is_the_check() -> None:
    check = Told()(measured("sip"), lang="en")
    document = json.loads(check_json(check))
    assert next(iter(document)) == "schema"
    assert document["results"][0]["app"] == "sip"
