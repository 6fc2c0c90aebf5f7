"""Records for tests of the spool and what stands on it."""

from voipwatch.model.submission import Intake, PrefixKind


def an_intake(number: int, *, size: int = 100) -> Intake:
    """Of the report `number`; the body is no submission."""
    return Intake(
        report_id=f"{number:032x}",
        sessions=[f"{number:032x}"],
        received_at_s=1_795_000_000.0 + number,
        body=bytes([number % 251]) * size,
        body_sha256="ab" * 32,
        country="MA",
        asn=64500,
        geo_version="test 1",
        prefix="00" * 8,
        prefix_day="2026-11-18",
        prefix_kind=PrefixKind.UNKNOWN,
        enrolled=True,
    )
