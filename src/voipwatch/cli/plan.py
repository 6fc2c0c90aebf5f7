"""Whether what a probe's record says of its plan is what the profiles plan: questions, media, TCP trials.

Nobody signs these fields, and the judge reads them: a packet called a report is no media, a flow moved to
another block is compared with another. So they may say what the profiles allow and nothing else.
"""

from datetime import date
from functools import cache
from itertools import product
from typing import Final

from voipwatch.apps import ProfileSet, Script, kind_of, kind_table
from voipwatch.apps.codecs.rtcp import RtcpSpec
from voipwatch.apps.profile import MediaSpec, Rhythm, StreamSpec
from voipwatch.apps.targets import TargetSet, TargetsState, load_targets
from voipwatch.experiment.config import CheckConfig
from voipwatch.experiment.leg_plan import FIRST_BLOCKS, REPEAT_BLOCKS
from voipwatch.experiment.planning import ARMS, Planner
from voipwatch.experiment.questions.locate import FLOW_NUMBERS
from voipwatch.experiment.questions.scout import FIRST_REPLICATES, REPEAT_REPLICATES
from voipwatch.experiment.sweeping import CONTRASTS, SWEEPS_MAX
from voipwatch.model.flows import (
    HELD_REPLICATES,
    LONG_REPLICATES,
    MEDIA_SEQ,
    PORTS,
    PORTS_REPLICATES,
    TOGETHER,
    FlowKind,
    FlowRecord,
    TcpRecord,
)
from voipwatch.model.measurement import Measurement
from voipwatch.model.sweeps import HOP, HOPS_MAX, REFLECTOR, REFUSED, SILENT, HopProbe, Sweep
from voipwatch.model.targets import TargetRecord
from voipwatch.model.vocabulary import PRIVATE, Arm, Direction, Media

_SHORT: Final = range(min(HELD_REPLICATES))
REPLICATES: Final = {
    "warmup": range(2),
    "setup": (*range(FIRST_BLOCKS), *FIRST_REPLICATES),
    "repeat": (*range(FIRST_BLOCKS, FIRST_BLOCKS + REPEAT_BLOCKS), *REPEAT_REPLICATES),
    "media": _SHORT,
    "held": (*HELD_REPLICATES, *LONG_REPLICATES),
    "trigger": (*_SHORT, *HELD_REPLICATES),
    TOGETHER: LONG_REPLICATES,
    PORTS: PORTS_REPLICATES,
}
"""Every question there is, and the replicates that it plays."""
Places = tuple[tuple[int, ...], tuple[int, ...], int]
"""Sequence numbers of reports up and down, and the number of media packets down."""


def question_fits(record: FlowRecord) -> bool:
    """Whether the question is one of those there are, and the arm, replicate and block are its own."""
    arms = {"warmup": (Arm.W,), "trigger": (Arm.D,), PORTS: (Arm.C, Arm.C_NEUTRAL)}.get(record.question, ARMS)
    block = 0 if record.question == "warmup" else record.replicate
    return (
        record.replicate in REPLICATES.get(record.question, ())
        and record.kind.arm in arms
        and record.block == block
    )


def media_fits(record: FlowRecord, script: Script, profiles: ProfileSet) -> bool:
    """Whether the planned media and its reports are those of the flow's script, whatever the shape's seed."""
    if not record.media_s and not record.aside_up and not record.aside_down and not record.planned_down:
        # Its media never began here. They may have at the far end: the answer that came too late for this end
        # was on its way when they did.
        return max(record.sent.seq, default=0) < MEDIA_SEQ or not script.media_s
    if record.media_s != script.media_s:
        return False
    said = (tuple(record.aside_up), tuple(record.aside_down), record.planned_down)
    return said in _places(profiles, record.kind, script.media_s) or said == _placed(script)


def tcp_fits(measurement: Measurement, profiles: ProfileSet) -> bool:
    """Whether every TCP trial is one that the profiles of the apps ask for, made once at most."""
    config = CheckConfig(apps=tuple(measurement.apps), started_at=measurement.started_at)
    trials = Planner(config, profiles, b"verify").tcp_trials()
    made = [(trial.reflector, trial.name) for trial in measurement.tcp]
    return len(set(made)) == len(made) and all(_trial_fits(t, trials, measurement) for t in measurement.tcp)


def _trial_fits(trial: TcpRecord, trials: dict[str, str], measurement: Measurement) -> bool:
    if trials.get(trial.name) != trial.arm or not 0 <= trial.reflector < len(measurement.reflectors):
        return False
    served = measurement.reflectors[trial.reflector].tcp_ports
    return (
        trial.name.endswith(f"-{trial.port}")
        and trial.port in served
        and trial.answered == (trial.failure is None)
        and (trial.connect_ms is not None or not trial.answered)
    )


def targets_fit(measurement: Measurement) -> bool | None:
    """Whether each target is one of the installed list, of an app that was asked for, and asked as planned.

    None where the report was made with another list: nobody here can tell what that said.
    """
    if measurement.targets_state not in set(TargetsState):
        return False
    day = date.fromisoformat(measurement.started_at[:10])
    targets = load_targets(day)
    if measurement.targets_digest != targets.digest:
        return None
    ids = [record.id for record in measurement.targets]
    return len(set(ids)) == len(ids) and all(
        _target_fits(r, targets, measurement) for r in measurement.targets
    )


def _target_fits(record: TargetRecord, targets: TargetSet, measurement: Measurement) -> bool:
    target = next((t for t in targets.targets if t.id == record.id), None)
    if target is None or (record.app and record.app not in measurement.apps):
        return False
    said = (record.app, tuple(record.roles), record.host, record.transport, record.port, record.trust)
    planned = (target.app, target.roles, target.name, target.transport, target.port, target.trust)
    if said != planned or record.prefixed != bool(target.prefixes):
        return False
    if record.expired:
        return not record.tries and not record.answers and not record.canaries
    rounds = [each.round for column in (record.answers, record.tries, record.canaries) for each in column]
    return (
        set(rounds) <= {1, 2}
        and all(t.started_us <= t.ended_us and t.what in {"own", "neutral"} for t in record.tries)
        and all(len(a.addresses) == len(a.kinds) for a in record.answers)
        and len({(ip, kind) for a in record.answers for ip, kind in zip(a.addresses, a.kinds, strict=False)})
        == len({ip for a in record.answers for ip in a.addresses})
        and all(0 <= s.reflector < len(measurement.reflectors) for s in record.canaries)
    )


def sweeps_fit(measurement: Measurement, profiles: ProfileSet) -> bool:
    """Whether every sweep is of a contrast that is swept, by flows that nothing else uses, each try once."""
    apps = [sweep.app for sweep in measurement.sweeps]
    asked = measurement.sweeps_state in ({"ok"} if apps else {"ok", "system", "via", ""})
    return (
        asked
        and len(set(apps)) == len(apps) <= SWEEPS_MAX
        and all(_sweep_fits(sweep, measurement, profiles) for sweep in measurement.sweeps)
    )


def _sweep_fits(sweep: Sweep, measurement: Measurement, profiles: ProfileSet) -> bool:
    tries = {(probe.flow, probe.seq) for probe in sweep.probes}
    return (
        sweep.app in measurement.apps
        and 0 <= sweep.reflector < len(measurement.reflectors)
        and (sweep.dead, sweep.control) in CONTRASTS
        and len(tries) == len(sweep.probes)
        and all(_try_fits(probe, sweep, profiles) for probe in sweep.probes)
    )


def _try_fits(probe: HopProbe, sweep: Sweep, profiles: ProfileSet) -> bool:
    try:
        kind, replicate = kind_of(kind_table(profiles), probe.flow)
    except IndexError:
        return False
    return (
        (kind.app, kind.leg, kind.arm, kind.media) == (sweep.app, sweep.leg, probe.arm, Media.NONE)
        and probe.arm in (sweep.dead, sweep.control)
        and replicate in FLOW_NUMBERS
        and 1 <= probe.ttl <= HOPS_MAX
        and probe.answer in {SILENT, HOP, REFUSED, REFLECTOR}
    )


def digests_fit(measurement: Measurement, profiles: ProfileSet) -> bool:
    """Whether the profile of every app that was asked for is named by the digest of the installed one."""
    own = {profile.id: profile.digest for profile in profiles.profiles}
    said = dict(measurement.profile_digests)
    if PRIVATE not in own:
        said.pop(PRIVATE, None)  # nobody but its owner has that profile
    return said == {app: own[app] for app in measurement.apps if app in own}


@cache
def _places(profiles: ProfileSet, kind: FlowKind, media_s: float) -> frozenset[Places]:
    """Where reports may stand: the seed draws a rhythm for each stream, and nothing else that moves them."""
    profile = profiles.get(kind.app)
    if profile is None or kind.arm is Arm.D:
        return frozenset()
    spec = next((spec for spec in profile.leg(kind.leg).media if spec.media is kind.media), None)
    if spec is None:
        return frozenset()
    reports = {s.name for s in spec.streams if isinstance(profile.messages[s.message], RtcpSpec)}
    return frozenset(
        _merged(spec, rhythms, media_s, reports) for rhythms in product(*(s.rhythms for s in spec.streams))
    )


def _merged(spec: MediaSpec, rhythms: tuple[Rhythm, ...], media_s: float, reports: set[str]) -> Places:
    up, down = (
        [
            report
            for _, report in sorted(
                (
                    (at_us, stream.name in reports)
                    for stream, rhythm in zip(spec.streams, rhythms, strict=True)
                    if direction in stream.directions
                    for at_us in _times_us(stream, rhythm, media_s)
                ),
                key=lambda packet: packet[0],
            )
        ]
        for direction in (Direction.UP, Direction.DOWN)
    )
    return _numbers(up), _numbers(down), len(down)


def _times_us(stream: StreamSpec, rhythm: Rhythm, media_s: float) -> list[int]:
    gaps_us = [round(gap * 1000) for gap in rhythm.spacing_ms]
    times = []
    at_us = round(stream.start_ms * 1000)
    while at_us < round(media_s * 1_000_000):
        times.append(at_us)
        at_us += gaps_us[(len(times) - 1) % len(gaps_us)]
    return times


def _placed(script: Script) -> Places:
    """Of a script that no profile has: the warm-up's."""
    up, down = ([packet.aside for packet in packets] for packets in (script.up, script.down))
    return _numbers(up), _numbers(down), len(down)


def _numbers(reports: list[bool]) -> tuple[int, ...]:
    return tuple(MEDIA_SEQ + number for number, report in enumerate(reports) if report)
