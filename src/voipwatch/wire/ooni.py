"""OONI measurements (data format 0.2, ooni/spec df-000): what the five tests that touch calls said, and when.

Read as context beside our own series, never summed with them: those tests look at signalling and names only.
What is kept is what OONI said, part by part of a test, with the circumstances that are known to have made it
say so falsely. No address, body or header survives; a measurement's id is public and leads to the rest.

Tests: whatsapp (ts-018), facebook_messenger (ts-019), telegram (ts-020), stun_reachability (ts-025) and
signal (ts-029).
"""

from datetime import UTC, datetime
from hashlib import sha256
from typing import Annotated, Final

import msgspec

from voipwatch.wire.errors import WireError

TESTS: Final = ("whatsapp", "facebook_messenger", "telegram", "signal", "stunreachability")
"""As they are called here; OONI's files say `stun_reachability` or `stunreachability`."""
FORMATS: Final = ("0.2.",)
"""Beginnings of `data_format_version` that are understood."""
SIZE_MAX: Final = 32 << 20
"""Bytes of one measurement; the largest in the public archive are a few megabytes."""
ALIASES: Final = {"stun_reachability": "stunreachability"}

YEARS: Final = range(2012, 2100)
"""In which a measurement can have started: OONI's first is of 2012; a store's times end after 2100."""

OK: Final = "ok"
ANOMALY: Final = "anomaly"
"""OONI's word: it may be interference."""
FAILED: Final = "failed"
"""The test itself did not work, or did not say."""

_Short = Annotated[str, msgspec.Meta(max_length=200)]


class Part(msgspec.Struct, frozen=True):
    """What one part of a test said."""

    part: str
    said: str
    """ok, anomaly, failed."""
    failure: str | None = None
    """OONI's failure string (df-007), cut to 80 characters, where it gave one."""
    confounder: str = ""
    """Id of a known cause of false alarms that applies (`CONFOUNDERS`), else empty."""


class OoniMeasurement(msgspec.Struct, frozen=True):
    """One measurement, reduced."""

    report_id: str
    """With `target`, the measurement; of one without, `sha256-` and 32 hex digits of its JSON."""
    test: str
    test_version: str
    country: str
    """ISO 3166 as OONI said; `ZZ` where it did not know."""
    asn: int
    """0 where it did not know."""
    started_at_s: int
    """Unix seconds by the probe's clock; OONI's times are UTC without saying so."""
    target: str
    """`input`; empty for tests that have none."""
    engine: str
    """Version of the measurement engine, empty where it cannot be told."""
    parts: tuple[Part, ...]


class Confounder(msgspec.Struct, frozen=True):
    """A change at the provider, or a fault of a test, that reads as an anomaly: target stale, not blocked."""

    id: str
    test: str
    part: str
    since: str
    """First day on which it is known to have applied, UTC."""
    fixed_in: str
    """First engine version without it; empty: never fixed."""
    source: str


CONFOUNDERS: Final = (
    Confounder("signal-ca-2022", "signal", "backend", "2022-10-19", "3.16.5", "ooni/probe issue 2344"),
    Confounder("signal-directory-2023", "signal", "backend", "2023-05-07", "3.17.2", "ooni/probe issue 2477"),
    Confounder("signal-service-2023", "signal", "backend", "2023-11-07", "3.20.0", "ooni/probe issue 2627"),
    Confounder("whatsapp-web-2022", "whatsapp", "web", "2022-12-02", "3.16.7", "ooni/ooni.org issue 1317"),
    Confounder("whatsapp-legacy-2019", "whatsapp", "web", "2019-10-12", "3.0.0", "ooni/probe-legacy 60"),
)
"""Known causes of false alarms; where the engine's version is unknown they are taken to apply."""


class _Annotations(msgspec.Struct):
    engine_version: _Short = ""


class _Keys(msgspec.Struct):
    """Of `test_keys` only what is judged by: the rest is skipped without being built."""

    registration_server_status: str | None = None
    registration_server_failure: str | None = None
    whatsapp_endpoints_status: str | None = None
    whatsapp_web_status: str | None = None
    whatsapp_web_failure: str | None = None
    telegram_http_blocking: bool | None = None
    telegram_tcp_blocking: bool | None = None
    telegram_web_status: str | None = None
    telegram_web_failure: str | None = None
    facebook_dns_blocking: bool | None = None
    facebook_tcp_blocking: bool | None = None
    signal_backend_status: str | None = None
    signal_backend_failure: str | None = None
    failure: str | msgspec.UnsetType | None = msgspec.UNSET


class _Document(msgspec.Struct):
    test_name: _Short
    test_version: _Short
    measurement_start_time: Annotated[str, msgspec.Meta(max_length=40)]
    probe_cc: _Short
    probe_asn: _Short
    report_id: _Short
    test_keys: _Keys
    software_name: _Short = ""
    software_version: _Short = ""
    data_format_version: _Short = ""
    input: Annotated[str, msgspec.Meta(max_length=2000)] | None = None
    annotations: _Annotations | None = None


_DECODER: Final = msgspec.json.Decoder(_Document)


class NotOursError(Exception):
    """A measurement of a test that says nothing about calls: to be counted and left out."""


def decode_ooni(data: bytes) -> OoniMeasurement:
    """One measurement's JSON.

    Raises WireError for bytes that are none, or of a format version nobody here has seen; NotOursError for
    another test's.
    """
    if len(data) > SIZE_MAX:
        raise WireError("OONI", "measurement", 0, detail=f"{len(data)} bytes, at most {SIZE_MAX}")
    try:
        document = _DECODER.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        _raise_if_other_test(data)
        raise WireError("OONI", "measurement", 0, "df-000", str(error)[:160]) from None
    test = ALIASES.get(document.test_name, document.test_name)
    if test not in TESTS:
        raise NotOursError(document.test_name)
    version = document.data_format_version
    if version and not version.startswith(FORMATS):
        raise WireError("OONI", "data_format_version", 0, "df-000", f"{version!r}, 0.2 is understood")
    started_at_s = _instant(document.measurement_start_time)
    engine = _engine(document)
    return OoniMeasurement(
        report_id=document.report_id or f"sha256-{sha256(data).hexdigest()[:32]}",
        test=test,
        test_version=document.test_version,
        country=document.probe_cc.upper() if len(document.probe_cc) == 2 else "ZZ",
        asn=_asn(document.probe_asn),
        started_at_s=started_at_s,
        target=document.input or "",
        engine=engine,
        parts=tuple(
            Part(part, said, failure, _confounder(test, part, said, started_at_s, engine))
            for part, said, failure in _parts(test, document.test_keys)
        ),
    )


class _NameOnly(msgspec.Struct):
    test_name: str


def _raise_if_other_test(data: bytes) -> None:
    """Another test's `test_keys` need not have our shapes."""
    try:
        name = msgspec.json.decode(data, type=_NameOnly).test_name
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return
    if ALIASES.get(name, name) not in TESTS:
        raise NotOursError(name)


def _parts(test: str, keys: _Keys) -> list[tuple[str, str, str | None]]:
    """(part, said, failure): the tests' own statuses, whose rules are in each specification's semantics."""
    if test == "whatsapp":
        return [
            (
                "registration",
                _status(keys.registration_server_status),
                _cut(keys.registration_server_failure),
            ),
            ("endpoints", _status(keys.whatsapp_endpoints_status), None),
            ("web", _status(keys.whatsapp_web_status), _cut(keys.whatsapp_web_failure)),
        ]
    if test == "telegram":
        return [
            ("http", _flag(keys.telegram_http_blocking), None),
            ("tcp", _flag(keys.telegram_tcp_blocking), None),
            ("web", _status(keys.telegram_web_status), _cut(keys.telegram_web_failure)),
        ]
    if test == "facebook_messenger":
        return [
            ("dns", _flag(keys.facebook_dns_blocking), None),
            ("tcp", _flag(keys.facebook_tcp_blocking), None),
        ]
    if test == "signal":
        return [("backend", _status(keys.signal_backend_status), _cut(keys.signal_backend_failure))]
    failure = keys.failure
    if failure is msgspec.UNSET:
        return [("binding", FAILED, None)]
    return [("binding", OK if failure is None else ANOMALY, _cut(failure))]


def _status(said: str | None) -> str:
    return {"ok": OK, "blocked": ANOMALY}.get(said or "", FAILED)


def _flag(blocking: bool | None) -> str:
    return FAILED if blocking is None else (ANOMALY if blocking else OK)


def _cut(failure: str | None) -> str | None:
    """The first word of a failure: what follows may hold an address (`unknown_failure: dial ...`)."""
    return None if failure is None else failure.split(":", 1)[0].strip()[:80]


def _asn(text: str) -> int:
    number = text.removeprefix("AS")
    return int(number) if number.isascii() and number.isdecimal() and len(number) <= 10 else 0


def _instant(text: str) -> int:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise WireError("OONI", "measurement_start_time", 0, "df-000", f"{text!r} is no time") from None
    if instant.year not in YEARS:
        raise WireError("OONI", "measurement_start_time", 0, "df-000", f"{text!r} cannot have been")
    if instant.tzinfo is None:
        instant = instant.replace(tzinfo=UTC)
    return int(instant.timestamp())


def _engine(document: _Document) -> str:
    """Apps have versions of their own; their annotation, or the command line's version, is the engine's."""
    if document.annotations is not None and document.annotations.engine_version:
        return document.annotations.engine_version
    return document.software_version if document.software_name in {"miniooni", "ooniprobe-cli"} else ""


def _confounder(test: str, part: str, said: str, started_at_s: int, engine: str) -> str:
    if said != ANOMALY:
        return ""
    for each in CONFOUNDERS:
        known = each.test == test and each.part == part and started_at_s >= _instant(each.since)
        if known and (not each.fixed_in or _numbers(engine) < _numbers(each.fixed_in)):
            return each.id
    return ""


def _numbers(version: str) -> tuple[int, ...]:
    """`3.17.0-alpha` -> (3, 17, 0); nothing readable sorts before everything."""
    numbers = []
    for word in version.split("-", 1)[0].split("."):
        if not (word.isascii() and word.isdecimal()):
            break
        numbers.append(int(word[:9]))
    return tuple(numbers)
