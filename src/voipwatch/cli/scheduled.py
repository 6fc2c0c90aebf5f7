"""A scheduled check: the same measuring, redacting and judging as `voipwatch check`, with nobody watching."""

import secrets

from voipwatch import __version__
from voipwatch.cli.check import measure_safely, redact
from voipwatch.cli.conclude import conclude
from voipwatch.cli.context import CheckRequest, Context
from voipwatch.cli.language import texts
from voipwatch.cli.redact import Redactor
from voipwatch.cli.values import Endpoint
from voipwatch.model.results import Report
from voipwatch.probe.agent import Run

LANG = "en"
"""Of every scheduled report, whatever its owner reads: the language would tell probes apart."""


def scheduled_report(context: Context, run: Run) -> Report:
    """One run's report. What went wrong in it is in its measurement."""
    endpoints = tuple(Endpoint(each.host, each.port, each.pin) for each in run.reflectors)
    stand_ins = tuple(Endpoint(each.host, each.port, each.pin) for each in run.stand_ins)
    request = CheckRequest(
        reflectors=endpoints,
        apps=tuple(app for app in run.apps if app in context.apps_with_profile()),
        line=run.line,
        budget_bytes=run.budget_bytes,
        video=False,
        long=False,
        tickets=run.tickets,
        stand_ins=stand_ins,
    )
    measurement, _ = measure_safely(context, request)
    redactor = Redactor(secrets.token_bytes(32), [endpoint.host for endpoint in (*endpoints, *stand_ins)])
    measurement = redact(measurement, redactor)
    verdicts = conclude(measurement, context.judging(), texts(LANG))
    return Report(check=verdicts, measurement=measurement, software=f"voipwatch {__version__}", lang=LANG)
