"""The providers' servers on the command line: listed, consented to, measured, redacted, verified."""

import json
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path

import msgspec
import pytest

from tests.cli.doubles import Measured, Told, run_line
from voipwatch.apps.targets import TargetSet, TargetsState, load_targets
from voipwatch.cli import targets as command
from voipwatch.cli.context import CheckRequest
from voipwatch.cli.plan import targets_fit
from voipwatch.cli.reportfile import content_digest
from voipwatch.experiment.events import Progress
from voipwatch.lab.drive import run_simulated
from voipwatch.lab.worlds import load_worlds
from voipwatch.model.measurement import Measurement

LIST = load_targets(date(2026, 12, 1))
CHECK = ("check", "--reflector", "reflector.example", "--app", "whatsapp")
ADDRESS = re.compile(r"\b(?:198\.51\.100|192\.0\.2|203\.0\.113|10\.10\.34)\.\d+\b")


def held(state: TargetsState = TargetsState.OK) -> Callable[[date], TargetSet]:
    return lambda _: TargetSet(LIST.targets, state, LIST.version, LIST.digest, (), LIST.on)


def test_the_list_has_every_target_with_source_and_age(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "load_targets", held())
    ran = run_line("apps", "targets", width=300)
    assert ran.status == 0
    for target in LIST.targets:
        assert target.id in ran.out
        assert target.name in ran.out
    document = json.loads(run_line("apps", "targets", "--json").out)
    assert document["schema"] == "voipwatch.targets/1"
    assert (document["state"], document["digest"]) == ("ok", LIST.digest)
    assert [row["id"] for row in document["targets"]] == [t.id for t in LIST.targets]
    assert all(row["usable"] and row["source"] for row in document["targets"])


@pytest.mark.parametrize(
    ("state", "words"), [(TargetsState.EXPIRED, "past its day"), (TargetsState.BAD_SIGNATURE, "not signed")]
)
def test_a_list_that_must_not_be_used_says_why(
    state: TargetsState, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "load_targets", held(state))
    ran = run_line("apps", "targets", width=300)
    assert ran.status == 2
    assert words in ran.err


def test_consent_names_the_servers_and_who_sees_them() -> None:
    measured = Measured()
    ran = run_line(*CHECK, "--providers", measure=measured, judge=Told(), answers="y\n", width=400)
    asked = ran.err.index("Start?")
    for words in ("Your resolver and your operator can see", "greet these servers"):
        assert ran.err.index(words) < asked
    assert [request.providers for request in measured.requests] == [True]
    plain = Measured()
    ran = run_line(*CHECK, measure=plain, judge=Told(), answers="y\n", width=400)
    assert "greet these servers" not in ran.err
    assert [request.providers for request in plain.requests] == [False], "off unless asked for"


def simulate(request: CheckRequest, on_progress: Callable[[Progress], None]) -> Measurement:
    world = load_worlds().get("provider-dns-forged")
    return run_simulated(world, apps=request.apps, seed=4, on_progress=on_progress)


@pytest.fixture(scope="module", name="report")
def made_report(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path: Path = tmp_path_factory.mktemp("providers") / "report.json"
    ran = run_line(*CHECK, "--yes", "--json", "--out", str(path), measure=simulate)
    assert ran.status == 1, ran.err
    return path.read_bytes()


def test_no_address_is_in_a_report_and_equal_ones_stay_equal(report: bytes) -> None:
    assert not ADDRESS.search(report.decode())
    document = json.loads(report)
    chat = next(t for t in document["measurement"]["targets"] if t["id"] == "whatsapp.chat")
    assert chat["host"] == "g.whatsapp.net", "a public name stays"
    first, second = (a["addresses"] for a in chat["answers"])
    assert first == second
    assert first[0].startswith("addr-")
    far = chat["canaries"][0]["alive"]
    assert {t["address"] for t in chat["tries"]} == {*first, *far}
    assert chat["answers"][0]["kinds"] == ["private"]
    row = document["check"]["results"][0]
    assert (row["rule"], row["mechanism"]) == ("blocked.resolve", "dns.forge")


def verified(document: dict[str, object], tmp_path: Path) -> tuple[int, dict[str, object]]:
    document["content_digest"] = content_digest(document)
    path = tmp_path / "report.json"
    path.write_text(json.dumps(document))
    ran = run_line("verify", str(path), "--json")
    return ran.status, json.loads(ran.out)


def test_a_report_with_providers_verifies(report: bytes, tmp_path: Path) -> None:
    status, said = verified(json.loads(report), tmp_path)
    assert status == 0, said
    found = said["findings"]
    assert isinstance(found, list)
    assert [f["holds"] for f in found if f["id"] == "targets"] == [True]


def put(document: dict[str, object], path: tuple[str | int, ...], value: object) -> None:
    inner: object = document
    for key in path[:-1]:
        inner = inner[key]  # type: ignore[index]  # a JSON tree
    inner[path[-1]] = value  # type: ignore[index]  # the same


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("targets", 0, "host"), "g.example.net"),
        (("targets", 0, "port"), 80),
        (("targets", 0, "roles"), ["site"]),
        (("targets", 0, "transport"), "tls"),
        (("targets", 0, "prefixed"), False),
        (("targets", 0, "expired"), True),
        (("targets", 0, "id"), "whatsapp.nosuch"),
        (("targets", 0, "app"), "signal"),
        (("targets", 0, "tries", 0, "round"), 3),
        (("targets", 0, "answers", 0, "kinds"), []),
        (("targets", 0, "answers", 1, "kinds"), ["public"]),
        (("targets", 0, "canaries", 0, "reflector"), 7),
        (("targets_state",), "fine"),
        (("targets_state",), ""),
    ],
)
def test_a_changed_record_of_a_provider_is_refuted(
    path: tuple[str | int, ...], value: object, report: bytes, tmp_path: Path
) -> None:
    document = json.loads(report)
    put(document, ("measurement", *path), value)
    status, said = verified(document, tmp_path)
    assert status == 1, said


def test_another_list_cannot_be_compared(report: bytes) -> None:
    measurement = msgspec.convert(json.loads(report)["measurement"], Measurement)
    assert targets_fit(measurement) is True
    assert targets_fit(msgspec.structs.replace(measurement, targets_digest="00")) is None
    twice = msgspec.structs.replace(measurement, targets=[*measurement.targets, measurement.targets[0]])
    assert targets_fit(twice) is False


def test_a_report_of_before_has_no_targets(report: bytes) -> None:
    document = json.loads(report)["measurement"]
    for name in ("targets", "targets_state", "targets_digest"):
        del document[name]
    assert msgspec.convert(document, Measurement).targets == []
