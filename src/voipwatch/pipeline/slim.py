"""A submission as the loader reads it: what rows are made of, and nothing else.

Most of a report is columns of numbers; checksums, receipts and the probe's own conclusions are passed over.
"""

import zlib
from typing import Any, Final, Generic, TypeVar

import msgspec
import zstandard

from voipwatch.model.measurement import AppCost, Interruption, Line
from voipwatch.model.submission import Intake, ProbeWord
from voipwatch.pipeline.flat import EMPTY_JSON, EMPTY_MSGPACK

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


class SlimFlowFacts(msgspec.Struct):
    """`model.flows.FlowRecord` without its packets."""

    flow: int
    reflector: int
    kind: SlimKind
    family: str
    question: str
    block: int
    remote_port: int
    round_stages: list[str]
    started_us: int
    failures: list[SlimFailure] = []
    aborted: bool = False


class SlimFlow(SlimFlowFacts, kw_only=True):
    """`model.flows.FlowRecord`, the parts that rows are made of."""

    sent: SlimColumns
    received: SlimColumns
    aside_up: list[int] = []
    aside_down: list[int] = []


class RawColumns(msgspec.Struct):
    """`SlimColumns`, its lists as they lie in the JSON: for `pipeline.flat`."""

    seq: msgspec.Raw = EMPTY_JSON
    t_us: msgspec.Raw = EMPTY_JSON
    size_bytes: msgspec.Raw = EMPTY_JSON


class RawFlow(SlimFlowFacts, kw_only=True):
    """`SlimFlow`, its lists as they lie in the JSON."""

    sent: RawColumns
    received: RawColumns
    aside_up: msgspec.Raw = EMPTY_JSON
    aside_down: msgspec.Raw = EMPTY_JSON


F = TypeVar("F", bound=SlimFlowFacts)


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


class SlimMeasurement(msgspec.Struct, Generic[F]):
    """`model.measurement.Measurement`."""

    started_at: str
    ended_at: str
    apps: list[str]
    line: Line
    reflectors: list[SlimReflector]
    flows: list[F] = []
    tcp: list[SlimTcp] = []
    costs: dict[str, AppCost] = {}
    notes: list[str] = []
    interrupted: Interruption | None = None
    invalid: str | None = None


class SlimReport(msgspec.Struct, Generic[F]):
    """`model.results.Report`."""

    measurement: SlimMeasurement[F]
    software: str
    via: Any = None


class SlimSubmission(msgspec.Struct, Generic[F]):
    """`model.submission.Submission`."""

    probe: ProbeWord
    report: SlimReport[F]


class SlimFarColumns(msgspec.Struct):
    """Packets of one direction at the far end; sequence numbers are coded as differences."""

    seq: list[int] = []
    size_bytes: list[int] = []


class RawFarColumns(msgspec.Struct):
    """`SlimFarColumns`, its lists as they lie in the MessagePack: for `pipeline.flat`."""

    seq: msgspec.Raw = EMPTY_MSGPACK
    size_bytes: msgspec.Raw = EMPTY_MSGPACK


C = TypeVar("C", SlimFarColumns, RawFarColumns)


class SlimFarFlow(msgspec.Struct, Generic[C]):
    """One flow in a reflector's log."""

    flow: int
    up: C
    down: C


class SlimFarLog(msgspec.Struct, Generic[C]):
    """A reflector's log."""

    ticket_id: str
    started_at: str
    flows: list[SlimFarFlow[C]]


Submission = SlimSubmission[SlimFlow]
RawSubmission = SlimSubmission[RawFlow]
FarFlow = SlimFarFlow[SlimFarColumns]
FarLog = SlimFarLog[SlimFarColumns]
RawFarFlow = SlimFarFlow[RawFarColumns]
RawFarLog = SlimFarLog[RawFarColumns]

_SUBMISSION: Final = msgspec.json.Decoder(Submission)
_RAW_SUBMISSION: Final = msgspec.json.Decoder(RawSubmission)
_FARLOG: Final = msgspec.msgpack.Decoder(FarLog)
_RAW_FARLOG: Final = msgspec.msgpack.Decoder(RawFarLog)
_UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class BodyError(ValueError):
    """A record's body is no submission: it was one when it was taken in."""


def inflate(intake: Intake) -> bytes:
    """The submission's JSON. Raises BodyError."""
    try:
        return zstandard.ZstdDecompressor().decompress(intake.body, max_output_size=BODY_BYTES_MAX)
    except zstandard.ZstdError as error:
        raise BodyError(f"the body cannot be inflated: {error}") from error


def decode_submission(body: bytes) -> Submission:
    """Raises BodyError."""
    try:
        return _SUBMISSION.decode(body)
    except _UNREADABLE as error:
        raise BodyError(f"the body is no submission: {error}") from error


def decode_raw_submission(body: bytes) -> RawSubmission:
    """The same, its lists of numbers not looked at, but that they are JSON. Raises BodyError."""
    try:
        return _RAW_SUBMISSION.decode(body)
    except _UNREADABLE as error:
        raise BodyError(f"the body is no submission: {error}") from error


def inflate_log(payload: bytes) -> bytes:
    """A reflector's log without its compression; nothing for what is none."""
    try:
        return zlib.decompressobj().decompress(payload, LOG_BYTES_MAX)
    except zlib.error:
        return b""


def decode_log(plain: bytes) -> FarLog | None:
    """A reflector's inflated log; None for what is none."""
    try:
        return _FARLOG.decode(plain)
    except _UNREADABLE:
        return None


def decode_raw_log(plain: bytes) -> RawFarLog | None:
    """The same, its lists of numbers not looked at, but that they are MessagePack."""
    try:
        return _RAW_FARLOG.decode(plain)
    except _UNREADABLE:
        return None
