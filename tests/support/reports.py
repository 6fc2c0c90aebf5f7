"""Real reports for the observatory's tests: simulated checks, signed anew as often as one likes."""

from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from typing import Any

import msgspec
import zstandard

from voipwatch.inference import judge
from voipwatch.lab.drive import run_simulated
from voipwatch.lab.resign import deletion_key, emulated_submission, public_key
from voipwatch.lab.worlds import load_worlds
from voipwatch.model.instants import iso
from voipwatch.model.results import Report
from voipwatch.model.submission import Intake, PrefixKind, Submission
from voipwatch.model.vocabulary import Access
from voipwatch.wire.reportid import report_id, session_id

REFLECTOR_KEY = bytes(range(32))
REFLECTOR = public_key(REFLECTOR_KEY)
START = 1_793_491_200
"""2026-11-01 00:00 UTC, Unix seconds."""
__all__ = ["REFLECTOR", "REFLECTOR_KEY", "START", "deletion_key", "intake_of", "report_of", "submission_of"]


@cache
def report_of(world: str, app: str = "whatsapp") -> Report:
    """One check in a world of the lab. Costs seconds, once."""
    measurement = run_simulated(load_worlds().get(world), apps=[app], seed=1)
    line = msgspec.structs.replace(
        measurement.line, country="MA", asn=64500, operator_declared="Testcom", access=Access.G4
    )
    measurement.line = line
    return Report(msgspec.structs.replace(judge(measurement), line=line), measurement, "test")


def submission_of(world: str, number: int, at_s: float, **word: Any) -> Submission:
    """Report `number` (its session, and unless it is said its probe) of a check that began at `at_s`."""
    made = emulated_submission(report_of(world), REFLECTOR_KEY, number, iso(at_s))
    return Submission(msgspec.structs.replace(made.probe, **word), made.report)


@dataclass(frozen=True)
class Sender:
    """What the collector knew."""

    country: str | None = "MA"
    asn: int | None = 64500
    prefix: str = "00" * 8
    kind: PrefixKind = PrefixKind.FIXED
    enrolled: bool = True


def intake_of(submission: Submission, number: int, received_s: float, sender: Sender | None = None) -> Intake:
    """The record that a collector would have written."""
    sender = sender if sender is not None else Sender()
    body = msgspec.json.encode(submission)
    sessions = {session_id(REFLECTOR, sha256(f"ticket {number}".encode()).hexdigest()[:16])}
    return Intake(
        report_id=report_id(sessions),
        sessions=sorted(sessions),
        received_at_s=received_s,
        body=zstandard.ZstdCompressor(level=1).compress(body),
        body_sha256=sha256(body).hexdigest(),
        country=sender.country,
        asn=sender.asn,
        geo_version="test 1",
        prefix=sender.prefix,
        prefix_day=iso(received_s)[:10],
        prefix_kind=sender.kind,
        enrolled=sender.enrolled,
    )
