import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.cli.doubles import Told, run_line
from voipwatch.cli.conclude import conclude
from voipwatch.cli.context import Context
from voipwatch.cli.errors import Misuse
from voipwatch.cli.language import texts
from voipwatch.cli.reportfile import content_digest, decode_report
from voipwatch.cli.verify import _difference, _end, findings
from voipwatch.model.vocabulary import Verdict

PROBES_WORD = {
    # The draw and the plan of the check: nothing is concluded from them.
    "measurement.seed",
    "measurement.video",
    "measurement.long",
    "measurement.budget_bytes",
    "measurement.decisions.*.*",
    # Whether it stopped a flow early: read only where there is no log.
    "measurement.flows.*.aborted",
    # What only the probe saw: packets that never arrived, its own clock, its TCP trials.
    "measurement.flows.*.ended_us",
    "measurement.flows.*.sent.*.*",
    "measurement.flows.*.received.seq.*",
    "measurement.flows.*.received.t_us.*",
    "measurement.flows.*.receipts.*.*",
    "measurement.tcp.*.started_us",
    "measurement.tcp.*.connect_ms",
    "measurement.tcp.*.sent_bytes",
    "measurement.tcp.*.received_bytes",
    # What the reflector said of itself when it gave the ticket.
    "measurement.reflectors.*.protocol",
    "measurement.reflectors.*.udp_ports.*",
    "measurement.reflectors.*.tcp_ports.*",
    "measurement.reflectors.*.profiles_digest",
    "software",
}
"""Fields in which a change by a hair may go unseen by everything but the file's digest: they are the probe's
own word, which nobody signs. Every other field is caught even after the digest was made anew."""


def leaves(value: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(item, (*path, key))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from leaves(item, (*path, number))
    else:
        yield path


def pattern(path: tuple[str | int, ...]) -> str:
    return ".".join("*" if isinstance(part, int) else part for part in path)


def excused(name: str) -> bool:
    parts = name.split(".")
    return any(
        len(parts) == len(free.split("."))
        and all(want in {"*", part} for want, part in zip(free.split("."), parts, strict=True))
        for free in PROBES_WORD
    )


def of_mutant(document: Any, path: tuple[str | int, ...]) -> bool:
    """Whether it is of a mutant, without media: a set-up message a router may have changed on its way."""
    if path[:2] != ("measurement", "flows"):
        return False
    return bool(document["measurement"]["flows"][path[2]]["kind"]["arm"] == "D")


def flipped(value: object) -> object:
    if isinstance(value, bool):
        return not value
    if isinstance(value, str):
        return ("A" if value[:1] != "A" else "B") + value[1:]
    if isinstance(value, int):
        return value + 1
    if isinstance(value, float):
        return value + 1.5
    return 1


def put(document: Any, path: tuple[str | int, ...], value: object) -> object:
    for part in path[:-1]:
        document = document[part]
    old: object = document[path[-1]]
    document[path[-1]] = value
    return old


def samples(document: object) -> list[tuple[str | int, ...]]:
    """First and last leaf of each kind."""
    by_pattern: dict[str, list[tuple[str | int, ...]]] = {}
    for path in leaves(document):
        by_pattern.setdefault(pattern(path), []).append(path)
    return list(dict.fromkeys(path for paths in by_pattern.values() for path in (paths[0], paths[-1])))


def verify(path: Path, document: object, *options: str) -> int:
    path.write_text(json.dumps(document), encoding="utf-8")
    return run_line("verify", str(path), *options).status


def test_a_report_as_it_was_written_is_verified(report_path: Path) -> None:
    ran = run_line("verify", str(report_path), width=200)
    assert ran.status == 0
    assert "FAILS" not in ran.out
    for words in ("webrtc: blocked follows", "sip: ok follows", "signed by the key", "Verified:"):
        assert words in ran.out
    assert ran.err == ""


@pytest.mark.parametrize(("lang", "word"), [("fr", "Vérifié"), ("ar", "تم التحقق")])
def test_it_speaks_the_language_and_recomputes_in_the_reports(
    report_path: Path, lang: str, word: str
) -> None:
    ran = run_line("verify", str(report_path), lang=lang)
    assert ran.status == 0
    assert word in ran.out


def test_json(report_path: Path) -> None:
    document = json.loads(run_line("verify", str(report_path), "--json").out)
    assert document["schema"] == "voipwatch.verification/1"
    assert (document["verified"], document["state"]) == (True, "verified")
    assert {finding["id"] for finding in document["findings"]} >= {"content", "signature", "story", "verdict"}
    assert all({"id", "holds", "text"} <= set(finding) for finding in document["findings"])


def test_one_changed_field_is_found_wherever_it_is(report_path: Path, report_bytes: bytes) -> None:
    document = json.loads(report_bytes)
    for path in samples(document):
        before = put(document, path, None)
        put(document, path, flipped(before))
        with suppress(Misuse):
            _, whole = decode_report(msgspec.json.encode(document), name="report")
            assert not whole, pattern(path)
        put(document, path, before)
    put(document, ("check", "results", 0, "verdict"), "ok")
    assert verify(report_path, document) == 1


def test_one_changed_field_is_found_even_with_a_new_digest(report_bytes: bytes) -> None:
    context = Context(texts("en"))
    document = json.loads(report_bytes)
    unseen = set()
    told = (path for path in leaves(document) if not of_mutant(document, path))
    for path in {pattern(path): path for path in told}.values():
        if excused(pattern(path)) or path == ("content_digest",):
            continue
        before = put(document, path, None)
        put(document, path, flipped(before))
        document["content_digest"] = content_digest(document)
        try:
            report, whole = decode_report(msgspec.json.encode(document), name="report")
            found = findings(context, report, whole=whole)
            if all(finding.holds is not False for finding in found):
                unseen.add(pattern(path))
        except Misuse:
            pass
        put(document, path, before)
    assert unseen == set()


def test_swapping_treatment_and_control_is_found(report_path: Path, report_bytes: bytes) -> None:
    document = json.loads(report_bytes)
    for flow in document["measurement"]["flows"]:
        flow["kind"]["arm"] = {"A": "C", "C": "A"}.get(flow["kind"]["arm"], flow["kind"]["arm"])
    document["content_digest"] = content_digest(document)
    assert verify(report_path, document) == 1


def test_a_report_without_its_log_says_so(report_path: Path, report_bytes: bytes) -> None:
    document = json.loads(report_bytes)
    document["measurement"]["reflectors"][0]["log"] = None
    document["content_digest"] = content_digest(document)
    report_path.write_text(json.dumps(document), encoding="utf-8")
    ran = run_line("verify", str(report_path), width=200)
    assert "There is no signed log" in ran.out
    assert ran.status == 1  # the check in the file says that there was one


def unsigned(report_bytes: bytes) -> dict[str, Any]:
    """A forger's report: the log taken out, and check and digest made anew without it."""
    document: dict[str, Any] = json.loads(report_bytes)
    document["measurement"]["reflectors"][0]["log"] = None
    report, _ = decode_report(json.dumps(document).encode(), name="report")
    check = conclude(report.measurement, Context(texts("en")).judging(), texts("en"))
    document["check"] = msgspec.to_builtins(check)
    document["content_digest"] = content_digest(document)
    return document


@pytest.mark.parametrize(("lang", "words"), [("en", "NOT SIGNED"), ("fr", "NON SIGNÉ"), ("ar", "غير موقَّع")])
def test_a_report_that_nobody_signed_is_never_called_verified(
    report_path: Path, report_bytes: bytes, lang: str, words: str
) -> None:
    report_path.write_text(json.dumps(unsigned(report_bytes)), encoding="utf-8")
    ran = run_line("verify", str(report_path), width=200, lang=lang)
    assert ran.status == 0
    assert ran.out.splitlines()[-1].lstrip("\u2067").startswith(words)
    assert texts(lang)("verify.verified") not in ran.out
    document = json.loads(run_line("verify", str(report_path), "--json").out)
    assert (document["verified"], document["state"]) == (False, "unsigned")


def test_a_report_that_nobody_signed_fails_by_the_published_key(
    report_path: Path, report_bytes: bytes
) -> None:
    forged = unsigned(report_bytes)
    key = forged["measurement"]["reflectors"][0]["key"]
    for given in (key, "ab" * 32):
        assert verify(report_path, forged, "--key", given) == 1
    ran = run_line("verify", str(report_path), "--key", key, "--json")
    failed = [finding["id"] for finding in json.loads(ran.out)["findings"] if finding["holds"] is False]
    assert failed == ["nolog"]


def test_one_signed_log_does_not_speak_for_another_reflectors_flows(report_bytes: bytes) -> None:
    report, _ = decode_report(report_bytes, name="report")
    bare = msgspec.structs.replace(report.measurement.reflectors[0], log=None)
    report.measurement.reflectors.append(bare)
    assert _end(report, []) == "verified"  # it was never used
    report.measurement.flows.append(msgspec.structs.replace(report.measurement.flows[-1], reflector=1))
    assert _end(report, []) == "unsigned"


def test_what_is_the_probes_word_is_said(report_path: Path) -> None:
    ran = run_line("verify", str(report_path), width=200)
    assert "Facts about the line, costs, TCP trials" in ran.out
    assert "probe's own word" in ran.out


def test_a_log_of_another_session_is_found(report_path: Path, report_bytes: bytes) -> None:
    document = json.loads(report_bytes)
    document["measurement"]["reflectors"][0]["ticket"] += 1
    document["content_digest"] = content_digest(document)
    report_path.write_text(json.dumps(document), encoding="utf-8")
    ran = run_line("verify", str(report_path), "--json")
    failed = [finding["id"] for finding in json.loads(ran.out)["findings"] if finding["holds"] is False]
    assert ran.status == 1
    assert failed[0] == "session"


def test_the_published_key_decides_whose_log_it_is(report_path: Path, report_bytes: bytes) -> None:
    key = json.loads(report_bytes)["measurement"]["reflectors"][0]["key"]
    assert run_line("verify", str(report_path), "--key", key.upper()).status == 0
    assert run_line("verify", str(report_path), "--key", "ab" * 32).status == 1
    assert run_line("verify", str(report_path), "--key", "ab").status == 64


def test_the_row_that_differs_is_named_with_its_field(report_path: Path) -> None:
    told = Told({"webrtc": Verdict.OK})
    document = json.loads(run_line("verify", str(report_path), "--json", judge=told).out)
    finding = next(f for f in document["findings"] if f["id"] == "verdict" and f["app"] == "webrtc")
    assert (finding["holds"], finding["field"], finding["verdict"]) == (False, "verdict", "ok")


def test_another_rule_set_cannot_be_recomputed(report_path: Path, report_bytes: bytes) -> None:
    document = json.loads(report_bytes)
    document["check"]["ruleset"] = "1999.1"
    document["content_digest"] = content_digest(document)
    report_path.write_text(json.dumps(document), encoding="utf-8")
    ran = run_line("verify", str(report_path), width=200)
    assert ran.status == 1
    assert "1999.1" in ran.out
    assert "follows from the evidence" not in ran.out


def test_unknown_fields_are_kept_and_count(report_path: Path, report_bytes: bytes) -> None:
    document = json.loads(report_bytes)
    document["measurement"]["added_later"] = {"x": 1}
    assert verify(report_path, document) == 1
    document["content_digest"] = content_digest(document)
    assert verify(report_path, document) == 0


def test_impossible_evidence_is_refused_and_never_a_traceback(report_path: Path, report_bytes: bytes) -> None:
    changes: list[tuple[tuple[str | int, ...], object]] = [
        (("measurement", "flows", 0, "reflector"), 99),
        (("measurement", "flows", 0, "flow"), 10**6),
        (("measurement", "flows", 0, "sent", "seq"), [1]),
        (("measurement", "flows", 0, "sent", "seq"), [-1]),
        (("measurement", "apps"), ["sip"]),
        (("measurement", "apps"), []),
        (("measurement", "reflectors"), []),
        (("measurement", "started_at"), "yesterday"),
        (("measurement", "reflectors", 0, "log", "payload"), "AAAA"),
        (("check", "results"), []),
        (("lang",), "tlh"),
    ]
    for path, value in changes:
        document = json.loads(report_bytes)
        put(document, path, value)
        document["content_digest"] = content_digest(document)
        report_path.write_text(json.dumps(document), encoding="utf-8")
        ran = run_line("verify", str(report_path))
        assert ran.status == 1, (path, ran.out, ran.err)


def test_differences_between_trees() -> None:
    assert _difference({"a": [1, {"b": 2.0}]}, {"a": [1, {"b": 2.0 + 1e-9}]}) is None
    assert _difference({"a": [1, {"b": 2.0}]}, {"a": [1, {"b": 2.1}]}) == "a[1].b"
    assert _difference({"a": 1}, {"a": 1, "c": None}) == "c"
    assert _difference({"a": True}, {"a": 1}) == "a"
    assert _difference([1], [1, 2], "x") == "x"
    assert _difference(None, {"a": 1}) == "value"
