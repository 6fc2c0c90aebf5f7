"""A scheduled check is the check that a person makes: measured, redacted, judged; and its report verifies."""

from pathlib import Path

import msgspec

from tests.cli.conftest import simulate
from tests.cli.doubles import Measured, Stream, run_line
from voipwatch.cli.context import Context
from voipwatch.cli.language import texts
from voipwatch.cli.reportfile import encode_report
from voipwatch.cli.scheduled import scheduled_report
from voipwatch.model.measurement import Line
from voipwatch.model.results import may_be_submitted
from voipwatch.model.vocabulary import Access
from voipwatch.probe.agent import Run
from voipwatch.probe.settings import KnownReflector


def context_of(measure: object, lang: str = "ar") -> Context:
    return Context(texts(lang), stdout=Stream(), stderr=Stream(), measure=measure)  # type: ignore[arg-type]  # a double


def a_run(folder: Path, *apps: str) -> Run:
    reflectors = (KnownReflector("lab.example", 8443, "ab" * 32),)
    stand_ins = (KnownReflector("spare.example", 8443, "cd" * 32),)
    return Run(apps, reflectors, Line(access=Access.ADSL), 2_000_000, folder, stand_ins)


def test_it_is_judged_and_verifies_like_any_report(tmp_path: Path) -> None:
    report = scheduled_report(context_of(simulate), a_run(tmp_path, "webrtc"))
    assert may_be_submitted(report)
    assert [row.app for row in report.check.results] == ["webrtc"]
    assert report.check.results[0].verdict == "blocked"
    assert report.lang == "en"
    path = tmp_path / "report.json"
    path.write_bytes(encode_report(report))
    assert run_line("verify", str(path), profiled=None).status == 0


def test_no_name_that_was_typed_is_in_it(tmp_path: Path) -> None:
    report = scheduled_report(context_of(Measured()), a_run(tmp_path, "sip"))
    assert b"lab.example" not in msgspec.json.encode(report)


def test_what_is_asked_of_the_probe(tmp_path: Path) -> None:
    measured = Measured()
    scheduled_report(context_of(measured), a_run(tmp_path, "sip", "no-profile-any-more"))
    (request,) = measured.requests
    assert request.apps == ("sip",)
    assert (request.through, request.providers, request.private, request.long) == (None, False, None, False)
    assert [(each.host, each.pin, each.insecure) for each in request.reflectors] == [
        ("lab.example", "ab" * 32, False)
    ]
    assert [(each.host, each.pin) for each in request.stand_ins] == [("spare.example", "cd" * 32)]
    assert request.tickets == tmp_path
    assert request.line.access is Access.ADSL
