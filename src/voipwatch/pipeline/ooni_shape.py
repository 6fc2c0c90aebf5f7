"""One of our reports as an OONI measurement: data format 0.2 (ooni/spec df-000, df-005, df-007, df-008).

Whoever has tools for OONI's archive can read it with them. `test_name` is ours, because no test of OONI's
asks what ours asks; addresses are `[scrubbed]`, as OONI's own engine writes them. A packet is an event of its
flow; the reflector's view has no place in the format and stands, as the verdicts do, under keys of our own.
"""

from datetime import datetime
from typing import Any, Final

import msgspec

from voipwatch.model.flows import FlowRecord, TcpRecord
from voipwatch.model.results import Report
from voipwatch.model.vocabulary import Failure

TEST_NAME: Final = "voipwatch_check"
TEST_VERSION: Final = "0.1.0"
"""Of the mapping; changes with any key."""
DATA_FORMAT: Final = "0.2.0"
SCRUBBED: Final = "[scrubbed]"

FAILURES: Final[dict[Failure, str]] = {
    Failure.DNS_NXDOMAIN: "dns_nxdomain_error",
    Failure.DNS_TIMEOUT: "generic_timeout_error",
    Failure.CONNECTION_REFUSED: "connection_refused",
    Failure.CONNECTION_RESET: "connection_reset",
    Failure.CONNECTION_CLOSED: "eof_error",
    Failure.CONNECT_TIMEOUT: "generic_timeout_error",
    Failure.READ_TIMEOUT: "generic_timeout_error",
    Failure.HOST_UNREACHABLE: "host_unreachable",
    Failure.NETWORK_UNREACHABLE: "network_unreachable",
    Failure.TLS_FAILED: "ssl_failed_handshake",
}
"""Ours -> OONI's (df-007); what has no word there becomes `unknown_failure: ` and ours."""


def ooni_failure(failure: Failure | None) -> str | None:
    """The word of df-007 for a failure, None for none."""
    if failure is None:
        return None
    return FAILURES.get(failure, f"unknown_failure: {failure.value}")


def ooni_document(report: Report, *, report_id: str, asn: int | None = None) -> dict[str, Any]:
    """The measurement, ready for JSON.

    Args:
        report: redacted, as every report that is kept.
        report_id: of OONI's kind or our own; it names the measurement and nothing else.
        asn: of the network, where a collector derived it; the report's own is used otherwise.

    Raises:
        ValueError: the report's times are none.
    """
    measurement, line = report.measurement, report.measurement.line
    started = datetime.fromisoformat(measurement.started_at)
    ended = datetime.fromisoformat(measurement.ended_at)
    known_asn = asn if asn is not None else line.asn
    name, _, version = report.software.partition(" ")
    document: dict[str, Any] = {
        "annotations": {"ruleset": report.check.ruleset, "access": line.access.value},
        "data_format_version": DATA_FORMAT,
        "extensions": {"netevents": 0, "tcpconnect": 0},
        "input": None,
        "measurement_start_time": _ooni_time(started),
        "probe_asn": f"AS{known_asn or 0}",
        "probe_cc": line.country or "ZZ",
        "probe_ip": "127.0.0.1",
        "probe_network_name": line.operator_declared or "",
        "report_id": report_id,
        "software_name": name,
        "software_version": version,
        "test_name": TEST_NAME,
        "test_runtime": (ended - started).total_seconds(),
        "test_start_time": _ooni_time(started),
        "test_version": TEST_VERSION,
    }
    document["test_keys"] = {
        "failure": None if report.check.invalid is None else "unknown_failure: invalid",
        "network_events": [event for flow in measurement.flows for event in _events(flow)],
        "tcp_connect": [_tcp_connect(trial) for trial in measurement.tcp],
        "results": msgspec.to_builtins(report.check.results),
        "flows": [_flow(flow) for flow in measurement.flows],
    }
    return document


def _ooni_time(instant: datetime) -> str:
    """UTC to the second, without saying so: OONI's habit."""
    return instant.strftime("%Y-%m-%d %H:%M:%S")


def _events(flow: FlowRecord) -> list[dict[str, Any]]:
    """df-008: a connect, then reads and writes in the order of time."""
    connect = {
        "address": f"{SCRUBBED}:{flow.remote_port}",
        "conn_id": flow.flow,
        "failure": None,
        "operation": "connect",
        "proto": "udp",
        "t": flow.started_us / 1e6,
    }
    packets = [
        (t_us, {"conn_id": flow.flow, "failure": None, "num_bytes": size, "operation": operation})
        for operation, columns in (("write", flow.sent), ("read", flow.received))
        for t_us, size in zip(columns.t_us, columns.size_bytes, strict=True)
    ]
    packets += [
        (each.t_us, {"conn_id": flow.flow, "failure": ooni_failure(each.failure), "operation": "read"})
        for each in flow.failures
    ]
    packets.sort(key=lambda packet: packet[0])
    return [connect, *({**event, "proto": "udp", "t": t_us / 1e6} for t_us, event in packets)]


def _tcp_connect(trial: TcpRecord) -> dict[str, Any]:
    connected = trial.connect_ms is not None
    failure = None if connected else ooni_failure(trial.failure or Failure.UNKNOWN)
    return {
        "ip": SCRUBBED,
        "port": trial.port,
        "status": {"failure": failure, "success": connected},
        "t": trial.started_us / 1e6,
        "name": trial.name,
        "answered": trial.answered,
    }


def _flow(flow: FlowRecord) -> dict[str, Any]:
    """What a reader of the events must know of their flow: treatment or control, of what."""
    return {
        "conn_id": flow.flow,
        "app": flow.kind.app,
        "dialect": flow.kind.dialect,
        "leg": flow.kind.leg,
        "arm": flow.kind.arm.value,
        "family": flow.family.value,
        "media": flow.kind.media.value,
        "question": flow.question,
        "block": flow.block,
        "port": flow.remote_port,
        "attested": flow.attested,
        "forged": flow.forged,
    }
