"""`voipwatch verify`: recompute every verdict of a report from its evidence, and check the signatures.

A folder is a published bundle: `verify_bundle`.
"""

import math
import re
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Final

import msgspec
from cyclopts import Parameter
from rich.text import Text

from voipwatch.apps import ProfileSet, load_profiles
from voipwatch.cli.conclude import conclude
from voipwatch.cli.consistency import check_record
from voipwatch.cli.context import Context
from voipwatch.cli.errors import CLEAR, INTERFERENCE, Misuse
from voipwatch.cli.evidence import Finding, check_columns, check_logs
from voipwatch.cli.language import LANGUAGES, texts
from voipwatch.cli.private import load_private
from voipwatch.cli.reportfile import ReportFile, decode_report, read_file
from voipwatch.cli.values import shown
from voipwatch.cli.verify_bundle import bundle_at, verify_bundle
from voipwatch.model.measurement import Measurement
from voipwatch.model.results import Check
from voipwatch.model.ruleset import RULESET

SCHEMA: Final = "voipwatch.verification/1"
RELATIVE_TOLERANCE: Final = 1e-6
"""Two machines' numerical libraries may differ in the last bits, never in the sixth digit."""
_STYLES: Final = {True: "green", False: "bold red", None: "yellow"}
_ENDS: Final = {"verified": "bold green", "unsigned": "bold yellow", "refuted": "bold red"}
"""The last line's texts and styles."""


def verify(
    file: Annotated[str, Parameter(metavar="FILE")],
    /,
    *,
    context: Annotated[Context, Parameter(parse=False)],
    key: Annotated[str | None, Parameter(metavar="HEX")] = None,
    profile: Annotated[str | None, Parameter(metavar="FILE")] = None,
    json: bool = False,
) -> int:
    """Say of everything that can be checked whether it holds; 0 when nothing fails, else 1.

    Without `key` a report that no reflector signed is told apart and exits with 0; with it, it fails.
    """
    if key is not None and not re.fullmatch(r"[0-9a-fA-F]{64}", key, re.ASCII):
        raise Misuse("error.key", value=shown(key))
    folder = bundle_at(Path(file))
    if folder is not None:
        return verify_bundle(context, folder, key=key.lower() if key else None, json=json)
    report, whole = decode_report(read_file(Path(file)), name=file)
    profiles = None if profile is None else load_profiles().with_private(load_private(Path(profile))[1])
    found = findings(context, report, whole=whole, key=key.lower() if key else None, profiles=profiles)
    end = _end(report, found)
    status = INTERFERENCE if end == "refuted" else CLEAR
    if json:
        context.print_json(_json(context, file, found, end=end))
        return status
    for finding in found:
        state = {True: "holds", False: "fails", None: "open"}[finding.holds]
        line = Text(context.texts(f"verify.state.{state}"), style=_STYLES[finding.holds])
        line.append(f" {_text(context, finding)}", style="")
        context.out.print(line, soft_wrap=True)
    context.tell(f"verify.{end}", style=_ENDS[end])
    return status


def _end(report: ReportFile, found: list[Finding]) -> str:
    """verified; refuted, where something fails; unsigned, where flows rest on no reflector's signature."""
    if any(finding.holds is False for finding in found):
        return "refuted"
    runs = [report.measurement] + ([report.via.measurement] if report.via is not None else [])
    return "unsigned" if any(_unsigned(run) for run in runs) else "verified"


def _unsigned(measurement: Measurement) -> bool:
    """Whether flows rest on no reflector's signature, or there is none at all."""
    bare = {index for index, facts in enumerate(measurement.reflectors) if facts.log is None}
    silent = len(bare) == len(measurement.reflectors)
    return silent or any(flow.reflector in bare for flow in measurement.flows)


def findings(
    context: Context,
    report: ReportFile,
    *,
    whole: bool,
    key: str | None = None,
    profiles: ProfileSet | None = None,
) -> list[Finding]:
    """Everything that was looked at, in the order a reader wants it."""
    found = [Finding("content", whole), *_evidence(report.measurement, key, profiles)]
    if report.via is not None:
        again = _evidence(report.via.measurement, key, profiles)
        found += [replace(finding, values=finding.values | {"run": "via"}) for finding in again]
    possible = all(finding.holds for finding in found if finding.id == "columns")
    readable = report.check.ruleset == RULESET and report.lang in LANGUAGES
    found.append(
        Finding(
            "ruleset",
            report.check.ruleset == RULESET,
            {"theirs": shown(report.check.ruleset), "ours": RULESET},
        )
    )
    found.append(Finding("language", report.lang in LANGUAGES, {"lang": shown(report.lang)}))
    if possible and readable:
        found += _verdicts(context, report)
    return found


def _evidence(measurement: Measurement, key: str | None, profiles: ProfileSet | None) -> list[Finding]:
    """What one run's own record and its reflectors' logs say."""
    found = [check_columns(measurement)]
    if found[0].holds:
        found += [
            *check_record(measurement, profiles),
            Finding("word", None),
            *check_logs(measurement, key=key),
        ]
    return found


def _verdicts(context: Context, report: ReportFile) -> list[Finding]:
    try:
        again = conclude(report.measurement, context.judging(), texts(report.lang), report.via)
    except (ValueError, LookupError, ArithmeticError, TypeError) as error:
        # A measurement that no probe makes: the judge refuses impossible input by these.
        return [Finding("recomputed", False, {"reason": shown(f"{type(error).__name__}: {error}")})]
    found = [_circumstances(report.check, again)]
    theirs = {row.app: row for row in report.check.results}
    if [row.app for row in report.check.results] != [row.app for row in again.results]:
        found.append(Finding("rows", False))
    for row in again.results:
        difference = _difference(msgspec.to_builtins(theirs.get(row.app)), msgspec.to_builtins(row))
        values: dict[str, object] = {
            "app": row.app,
            "verdict": row.verdict.value,
            "rule": row.rule,
            "field": difference or "",
        }
        found.append(Finding("verdict", difference is None, values))
    return found


def _circumstances(theirs: Check, ours: Check) -> Finding:
    """Everything of the check but its rows: line, reflectors, cost, notes."""
    plain = [msgspec.to_builtins(check) for check in (theirs, ours)]
    for document in plain:
        del document["results"]
    difference = _difference(*plain)
    return Finding("circumstances", difference is None, {"field": difference or ""})


def _difference(theirs: object, ours: object, where: str = "") -> str | None:
    """Path of the first difference between two trees of plain values, or None."""
    if isinstance(theirs, dict) and isinstance(ours, dict):
        for name in {**ours, **theirs}:
            inside = f"{where}.{name}" if where else str(name)
            if name not in theirs or name not in ours:
                return inside
            if (found := _difference(theirs[name], ours[name], inside)) is not None:
                return found
        return None
    if isinstance(theirs, list) and isinstance(ours, list):
        if len(theirs) != len(ours):
            return where
        pairs = enumerate(zip(theirs, ours, strict=True))
        return next((f for i, (a, b) in pairs if (f := _difference(a, b, f"{where}[{i}]")) is not None), None)
    if isinstance(theirs, float) and isinstance(ours, float | int) and not isinstance(ours, bool):
        close = math.isclose(theirs, ours, rel_tol=RELATIVE_TOLERANCE, abs_tol=RELATIVE_TOLERANCE)
        return None if close else where or "value"
    return None if theirs == ours and type(theirs) is type(ours) else where or "value"


def _text(context: Context, finding: Finding) -> str:
    state = {True: "holds", False: "fails", None: "open"}[finding.holds]
    text = context.texts(f"verify.{finding.id}.{state}", **finding.values)
    return context.texts("verify.through", text=text) if finding.values.get("run") == "via" else text


def _json(context: Context, file: str, found: list[Finding], *, end: str) -> bytes:
    document = {
        "schema": SCHEMA,
        "file": file,
        "verified": end == "verified",
        "state": end,
        "findings": [
            {"id": finding.id, "holds": finding.holds, **finding.values, "text": _text(context, finding)}
            for finding in found
        ],
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=2)
