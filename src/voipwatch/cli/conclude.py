"""From a measurement to the check that is shown and kept: one row for every app asked for, and a status."""

import msgspec

from voipwatch.cli.context import Judge
from voipwatch.cli.errors import CLEAR, INTERFERENCE, INTERRUPTED, OUR_FAULT, UNDECIDED
from voipwatch.cli.language import Texts
from voipwatch.model.measurement import AppCost, Measurement, ViaRun
from voipwatch.model.results import AppResult, Check, Quality, ViaSummary
from voipwatch.model.vocabulary import Verdict

NO_PROFILE = "no-profile"
"""In `Measurement.not_tested`: the app is known by id, and nobody has written its profile yet."""
NO_PROFILE_RULE = "app.no-profile"
NOT_CARRIED = "private-not-carried"
"""In `Measurement.not_tested`: no reflector got the private profile, so that none could play it."""


def conclude(measurement: Measurement, judge: Judge, texts: Texts, via: ViaRun | None = None) -> Check:
    """The judge's check, with a row for each app that has no profile, all in the order asked.

    `verify` calls it on a stored measurement, `check` on a fresh one: the two cannot differ.
    With `via`, the same measured again through a tunnel or proxy, each row says what became of it there.
    """
    reasons = {app: _unmeasured(measurement, app) for app in measurement.apps}
    unprofiled = [app for app in measurement.apps if reasons[app]]
    judged = [app for app in measurement.apps if app not in unprofiled]
    check = judge(msgspec.structs.replace(measurement, apps=judged), lang=texts.lang)
    rows = {row.app: row for row in check.results}
    for app in unprofiled:
        rows[app] = _without_profile(app, texts, reasons[app])
    check.results = [rows[app] for app in measurement.apps]
    return check if via is None else _beside(check, via, conclude(via.measurement, judge, texts), texts.lang)


def _beside(direct: Check, run: ViaRun, through: Check, lang: str) -> Check:
    from voipwatch.inference import compare  # noqa: PLC0415 -- slow, and seldom needed

    rows = {row.app: row for row in through.results if NO_PROFILE not in row.not_tested}
    direct.results = [
        msgspec.structs.replace(row, via=compare(row, rows[row.app], run=run, line=direct.line, lang=lang))
        if row.app in rows
        else row
        for row in direct.results
    ]
    direct.via = ViaSummary(
        kind=run.kind,
        reflectors=through.reflectors,
        cost=through.cost,
        invalid=through.invalid,
        interrupted=through.interrupted,
        notes=through.notes,
    )
    return direct


def _unmeasured(measurement: Measurement, app: str) -> str:
    """Why an app has nothing to be judged by: one of the two words above, or empty."""
    said = measurement.not_tested.get(app, ())
    return next((word for word in (NO_PROFILE, NOT_CARRIED) if word in said), "")


def _without_profile(app: str, texts: Texts, reason: str) -> AppResult:
    text = "check.no_profile" if reason == NO_PROFILE else "check.private_not_carried"
    return AppResult(
        app=app,
        verdict=Verdict.INSUFFICIENT,
        stage=None,
        mechanism=None,
        direction=None,
        rule=NO_PROFILE_RULE,
        effect_up=None,
        effect_down=None,
        quality=Quality(),
        stages=[],
        works=[],
        not_tested=[reason],
        observed_s=0.0,
        cost=AppCost(bytes=0, seconds=0.0),
        explanation=texts(text, app=app),
    )


def exit_status(check: Check) -> int:
    """The status of a check: our own failure first, then the user's Ctrl-C, then what was found."""
    if check.invalid is not None or (check.via is not None and check.via.invalid is not None):
        return OUR_FAULT
    if check.interrupted == "user" or (check.via is not None and check.via.interrupted == "user"):
        return INTERRUPTED
    verdicts = {row.verdict for row in check.results}
    if verdicts & {Verdict.BLOCKED, Verdict.THROTTLED}:
        return INTERFERENCE
    through = {row.via.verdict for row in check.results if row.via is not None}
    # What --via was asked for and did not get is no clear answer, whatever the direct way said.
    if verdicts & {Verdict.INSUFFICIENT, Verdict.DOWN} or Verdict.INSUFFICIENT in through:
        return UNDECIDED
    return CLEAR


def check_json(check: Check) -> bytes:
    """`voipwatch.check/1`, the schema's name first."""
    document = msgspec.to_builtins(check)
    return msgspec.json.format(msgspec.json.encode({"schema": document.pop("schema"), **document}), indent=2)
