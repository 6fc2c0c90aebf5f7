"""Whether a probe's record can have been made by a probe: kinds and ports of flows, times, receipts.

None of it is proof, for nobody signs what the probe saw. It makes a careless forger's life hard: who
swaps the labels of treatment and control has to renumber flows that the reflector's signed log names.
"""

from collections.abc import Iterator
from datetime import datetime
from functools import cache
from itertools import pairwise
from typing import Final

from voipwatch.apps import (
    ProfileSet,
    Script,
    compile_script,
    family_of,
    fresh_ports,
    kind_of,
    kind_table,
    load_profiles,
    mutant_kinds,
    neutral_ports,
)
from voipwatch.cli.evidence import Finding
from voipwatch.cli.plan import digests_fit, media_fits, question_fits, sweeps_fit, targets_fit, tcp_fits
from voipwatch.model.flows import PORTS, FlowKind, FlowRecord
from voipwatch.model.measurement import Measurement, ReflectorFacts
from voipwatch.wire.errors import WireError
from voipwatch.wire.farlog import FarLog, decode_farlog

DURATION_SLACK_S: Final = 30.0
"""A check may wait this long after its last packet: late packets, TCP trials, the log's way back."""
CLOCKS_APART_MAX_S: Final = 86_400.0
"""Two wall clocks; beyond a day somebody's record says a wrong date."""
BITMAP_BITS: Final = 64


def check_record(measurement: Measurement, profiles: ProfileSet | None = None) -> Iterator[Finding]:
    """Everything about the probe's own record that its columns alone do not say.

    `profiles`: the packaged ones and a private one, where the check had one; None: the packaged ones.
    """
    profiles = profiles or load_profiles()
    yield _numbers(measurement)
    yield _kinds(measurement, profiles)
    yield _times(measurement)
    yield _trials(measurement, profiles)
    if measurement.targets_state or measurement.targets_digest or measurement.targets:
        yield _targets(measurement)
    if measurement.sweeps_state or measurement.sweeps:
        yield _sweeps(measurement, profiles)
    for index, facts in enumerate(measurement.reflectors):
        log = _log(facts)
        if log is not None:
            yield _receipts(facts.name, index, measurement, log)
            yield _clocks(facts.name, measurement, log)


def _log(facts: ReflectorFacts) -> FarLog | None:
    try:
        return None if facts.log is None else decode_farlog(facts.log.payload)
    except WireError:
        return None


def _numbers(measurement: Measurement) -> Finding:
    """No two flows of one session have one number: the signed log knows one flow by it."""
    seen: set[tuple[int, int]] = set()
    for record in measurement.flows:
        if (record.reflector, record.flow) in seen:
            return Finding("numbers", False, {"flow": record.flow})
        seen.add((record.reflector, record.flow))
    return Finding("numbers", True)


def _kinds(measurement: Measurement, profiles: ProfileSet) -> Finding:
    """Each flow's number names its kind, replicate and family; its port and plan are those of the kind."""
    if not _same_profiles(measurement, profiles):
        return Finding("kinds", None)
    if not digests_fit(measurement, profiles):
        return Finding("kinds", False, {"flow": "-"})
    for record in measurement.flows:
        if not _is_of_its_kind(record, profiles):
            return Finding("kinds", False, {"flow": record.flow})
    return Finding("kinds", True)


def _same_profiles(measurement: Measurement, profiles: ProfileSet) -> bool:
    digests = {facts.profiles_digest for facts in measurement.reflectors if facts.ticket is not None}
    return not digests - {profiles.digest, profiles.packaged_digest}


def _trials(measurement: Measurement, profiles: ProfileSet) -> Finding:
    """TCP trials are of the names, ports and arms that the profiles ask for."""
    if not _same_profiles(measurement, profiles):
        return Finding("trials", None)
    return Finding("trials", tcp_fits(measurement, profiles), {"trials": len(measurement.tcp)})


def _targets(measurement: Measurement) -> Finding:
    """The providers' servers are those of the installed target list, asked as the list says."""
    fits = targets_fit(measurement)
    return Finding("targets", fits, {"targets": len(measurement.targets)})


def _sweeps(measurement: Measurement, profiles: ProfileSet) -> Finding:
    """The hops were asked by flows of the dead set-up and its control, each try once."""
    if not _same_profiles(measurement, profiles):
        return Finding("sweeps", None)
    tries = sum(len(sweep.probes) for sweep in measurement.sweeps)
    return Finding("sweeps", sweeps_fit(measurement, profiles), {"tries": tries})


def _is_of_its_kind(record: FlowRecord, profiles: ProfileSet) -> bool:
    try:
        kind, replicate = kind_of(kind_table(profiles), record.flow, mutants=mutant_kinds(profiles))
    except IndexError:
        return False
    if (kind, replicate, family_of(kind, replicate)) != (record.kind, record.replicate, record.family):
        return False
    script = _script(profiles, kind, replicate)
    anywhere = (*neutral_ports, *(fresh_ports if record.question == PORTS else ()))
    port_fits = record.remote_port == script.port if script.port else record.remote_port in anywhere
    stages = [item.stage for item in script.rounds]
    return (
        port_fits
        and record.round_stages == stages
        and record.relay_rounds == script.relay_rounds
        and record.attested <= len(record.received.seq)
        and question_fits(record)
        and media_fits(record, script, profiles)
    )


@cache
def _script(profiles: ProfileSet, kind: FlowKind, replicate: int) -> Script:
    # Port, stages and duration do not depend on the seed; sizes and rhythm do, and are not looked at.
    return compile_script(profiles, kind, replicate, b"verify")


def _times(measurement: Measurement) -> Finding:
    """Clocks run forward, and the check lasted as long as its packets say."""
    last_us = 0
    for record in measurement.flows:
        for column in (record.sent.t_us, record.received.t_us):
            if any(later < earlier for earlier, later in pairwise([0, *column])):
                return Finding("times", False)
            last_us = max([last_us, *column[-1:]])
        if record.sent.t_us and record.sent.t_us[0] < record.started_us:
            return Finding("times", False)
    asked = [each.ended_us for target in measurement.targets for each in target.tries]
    asked += [each.at_us for target in measurement.targets for each in target.answers]
    last_us = max([last_us, *asked])
    lasted_s = _elapsed_s(measurement.started_at, measurement.ended_at)
    if lasted_s is None:
        return Finding("times", False)
    # Started and ended are written in milliseconds at the coarsest: a second of rounding is granted.
    return Finding("times", last_us / 1e6 - 1.0 <= lasted_s <= last_us / 1e6 + DURATION_SLACK_S)


def _elapsed_s(start: str, end: str) -> float | None:
    try:
        return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()
    except (ValueError, TypeError):  # TypeError: one with a time zone, one without
        return None


def _receipts(name: str, index: int, measurement: Measurement, log: FarLog) -> Finding:
    """What the far end is said to have confirmed in band, it has confirmed in its log."""
    far = {flow.flow: set(flow.up.seq) for flow in log.flows}
    wrong = 0
    for record in measurement.flows:
        if record.reflector != index:
            continue
        arrived = far.get(record.flow, set())
        for receipt in record.receipts:
            below = (receipt.highest_seq - 1 - bit for bit in range(BITMAP_BITS) if receipt.bitmap >> bit & 1)
            fits = receipt.highest_seq in arrived and 0 < receipt.count <= len(arrived)
            wrong += not (fits and arrived.issuperset(below))
    return Finding("receipts", wrong == 0, {"name": name, "wrong": wrong})


def _clocks(name: str, measurement: Measurement, log: FarLog) -> Finding:
    """Both ends' dates agree to a day; two wall clocks need not agree better."""
    apart_s = _elapsed_s(measurement.started_at, log.started_at)
    if apart_s is None:
        return Finding("dates", False, {"name": name})
    return Finding("dates", True if abs(apart_s) <= CLOCKS_APART_MAX_S else None, {"name": name})
