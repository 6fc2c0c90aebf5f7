"""The names that probes of others send and read."""

import msgspec

from voipwatch.model.submission import (
    SUBMISSION_SCHEMA,
    Deletion,
    Intake,
    PrefixKind,
    ProbeWord,
    Receipt,
    RunKind,
    Submission,
)

WORD = "kind pseudonym month deletion_hash queued_at sent_at enrolment access_from instance"
INTAKE = """
    report_id sessions received_at_s body body_sha256 country asn geo_version prefix prefix_day prefix_kind
    enrolled disagreements
"""


def names(struct: type[msgspec.Struct]) -> set[str]:
    return {field.encode_name for field in msgspec.structs.fields(struct)}


def test_the_names_of_a_submission_and_its_receipt_stay() -> None:
    assert names(ProbeWord) == set(WORD.split())
    assert names(Submission) == {"schema", "probe", "report"}
    assert names(Receipt) == {"schema", "report_id", "body_sha256", "received_at", "collector", "signature"}
    assert SUBMISSION_SCHEMA == "voipwatch.submission/1"


def test_the_spool_keeps_no_address() -> None:
    assert names(Intake) == set(INTAKE.split())
    assert names(Deletion) == {"report_id", "received_at_s"}


def test_the_words_of_kinds_stay() -> None:
    assert [kind.value for kind in RunKind] == ["scheduled", "manual", "browser", "import", "canary"]
    assert [kind.value for kind in PrefixKind] == ["fixed", "carrier", "unknown"]
