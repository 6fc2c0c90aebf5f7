"""A submission as the loader reads it: what rows are made of, and nothing else.

Most of a report is columns of numbers; checksums, receipts and the probe's own conclusions are passed over.
"""

from typing import Any, Final

import msgspec
import zstandard

from voipwatch.model.measurement import AppCost, Interruption, Line
from voipwatch.model.submission import Intake, ProbeWord

BODY_BYTES_MAX: Final = 64 << 20
"""Of one submission's JSON: eight times what a collector takes."""
LOG_BYTES_MAX: Final = 16 << 20
"""Of one inflated log, as in `wire.farlog`."""


class SlimColumns(msgspec.Struct):
    """Packets of one direction at the near end."""

    seq: list[int] = []
    t_us: list[int] = []
    size_bytes: list[int] = []


class SlimKind(msgspec.Struct):
    """`model.flows.FlowKind` in plain words."""

    app: str
    dialect: str
    leg: str
    arm: str
    mutant: str = ""
    media: str = "none"


class SlimFailure(msgspec.Struct):
    """An error that the network reported."""

    failure: str
    t_us: int


class SlimFlow(msgspec.Struct):
    """`model.flows.FlowRecord`, the parts that rows are made of."""

    flow: int
    reflector: int
    kind: SlimKind
    family: str
    question: str
    block: int
    remote_port: int
    round_stages: list[str]
    started_us: int
    sent: SlimColumns
    received: SlimColumns
    failures: list[SlimFailure] = []
    aborted: bool = False
    aside_up: list[int] = []
    aside_down: list[int] = []


class SlimTcp(msgspec.Struct):
    """`model.flows.TcpRecord`."""

    arm: str
    name: str
    reflector: int
    port: int
    started_us: int
    connect_ms: float | None
    answered: bool
    failure: str | None
    sent_bytes: int
    received_bytes: int


class SlimLog(msgspec.Struct):
    """A signed log; its signature was looked at when it was taken in."""

    payload: bytes


class SlimReflector(msgspec.Struct):
    """One reflector."""

    key: str | None = None
    log: SlimLog | None = None


class SlimMeasurement(msgspec.Struct):
    """`model.measurement.Measurement`."""

    started_at: str
    ended_at: str
    apps: list[str]
    line: Line
    reflectors: list[SlimReflector]
    flows: list[SlimFlow] = []
    tcp: list[SlimTcp] = []
    costs: dict[str, AppCost] = {}
    notes: list[str] = []
    interrupted: Interruption | None = None
    invalid: str | None = None


class SlimReport(msgspec.Struct):
    """`model.results.Report`."""

    measurement: SlimMeasurement
    software: str
    via: Any = None


class SlimSubmission(msgspec.Struct):
    """`model.submission.Submission`."""

    probe: ProbeWord
    report: SlimReport


class SlimFarColumns(msgspec.Struct):
    """Packets of one direction at the far end; sequence numbers are coded as differences."""

    seq: list[int] = []
    size_bytes: list[int] = []


class SlimFarFlow(msgspec.Struct):
    """One flow in a reflector's log."""

    flow: int
    up: SlimFarColumns
    down: SlimFarColumns


class SlimFarLog(msgspec.Struct):
    """A reflector's log."""

    ticket_id: str
    started_at: str
    flows: list[SlimFarFlow]


_SUBMISSION: Final = msgspec.json.Decoder(SlimSubmission)
_FARLOG: Final = msgspec.msgpack.Decoder(SlimFarLog)


class BodyError(ValueError):
    """A record's body is no submission: it was one when it was taken in."""


def inflate(intake: Intake) -> bytes:
    """The submission's JSON. Raises BodyError."""
    try:
        return zstandard.ZstdDecompressor().decompress(intake.body, max_output_size=BODY_BYTES_MAX)
    except zstandard.ZstdError as error:
        raise BodyError(f"the body cannot be inflated: {error}") from error


def decode_submission(body: bytes) -> SlimSubmission:
    """Raises BodyError."""
    try:
        return _SUBMISSION.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BodyError(f"the body is no submission: {error}") from error


def decode_log(plain: bytes) -> SlimFarLog | None:
    """A reflector's inflated log; None for what is none."""
    try:
        return _FARLOG.decode(plain)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
