"""The transcript of one run: what was sent, what the censor did with each datagram, what was decided.

The same world, line and seed give the same transcript; it is that of the run that the matrix counted.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from voipwatch.lab.drive import Simulation
from voipwatch.lab.hearing import Heard
from voipwatch.lab.policy.signature import flow_key
from voipwatch.lab.policy.state import FlowKey
from voipwatch.lab.worlds import World
from voipwatch.model.measurement import Decision, Measurement

SCHEMA: Final = "voipwatch.replay/1"


class Datagram(msgspec.Struct, frozen=True, array_like=True):
    """One packet at the operator: the world's seconds, direction, IP bytes, action, rule, what it waits."""

    at_s: float
    direction: str
    size_bytes: int
    action: str
    rule: str
    delay_s: float


class Span(msgspec.Struct, frozen=True):
    """Packets of one direction one after the other that the censor treated alike."""

    from_s: float
    to_s: float
    direction: str
    action: str
    rule: str
    packets: int
    size_bytes: int
    """IP bytes of all of them."""


class FlowTold(msgspec.Struct):
    """One five-tuple. What is empty is not known: a TCP trial, an asked server."""

    proto: str
    near_port: int
    far: str
    """Address and port."""
    app: str = ""
    arm: str = ""
    leg: str = ""
    question: str = ""
    sent: int | None = None
    """Datagrams that the near end sent; those that the line lost never came to the operator."""
    received: int | None = None
    datagrams: list[Datagram] = []

    @property
    def spans(self) -> list[Span]:
        """The datagrams put together, in the order in which each span began."""
        return spans(self.datagrams)


class Transcript(msgspec.Struct):
    """Everything that one run showed, before anybody judged it."""

    world: str
    line: str
    seed: int
    apps: tuple[str, ...]
    policy: Mapping[str, Any]
    """The censor, with what was drawn."""
    values: Mapping[str, Any]
    """What was drawn, by path."""
    flows: list[FlowTold]
    decisions: list[Decision]
    schema: str = SCHEMA


def replay(
    world: World, *, apps: Sequence[str], seed: int, line: str | None = None
) -> tuple[Transcript, Measurement]:
    """Runs it again, listening. Raises WorldsError for a line that the table does not have."""
    heard: list[Heard] = []
    simulation = Simulation(world, apps=apps, seed=seed, line=line, hear=heard.append)
    measurement = simulation.run()
    flows: dict[FlowKey, FlowTold] = {}
    for event in heard:
        key = flow_key(event.direction, event.packet)
        told = flows.get(key)
        if told is None:
            told = flows[key] = _flow(key, simulation, measurement)
        told.datagrams.append(
            Datagram(
                round(event.at_s, 6),
                event.direction.value,
                event.packet.size,
                event.action,
                event.rule,
                round(event.delay_s, 6),
            )
        )
    place = simulation.net.world
    transcript = Transcript(
        world=world.id,
        line=line or world.line_name,
        seed=seed,
        apps=tuple(apps),
        policy=dict(place.policy),
        values=dict(place.values),
        flows=list(flows.values()),
        decisions=list(measurement.decisions),
    )
    return transcript, measurement


def _flow(key: FlowKey, simulation: Simulation, measurement: Measurement) -> FlowTold:
    """With what the near end's record says of it: a socket's number is its flow's place."""
    proto, _, near_port, far, far_port = key
    told = FlowTold(proto, near_port, f"{far}:{far_port}")
    sock = simulation.net.socket_at(near_port) if proto == "udp" else None
    if sock is not None and sock < len(measurement.flows):
        record = measurement.flows[sock]
        told.app, told.arm, told.leg = record.kind.app, record.kind.arm.value, record.kind.leg
        told.question = record.question
        told.sent, told.received = len(record.sent.seq), len(record.received.seq)
    return told


def spans(datagrams: Sequence[Datagram]) -> list[Span]:
    """Runs of equal treatment, each direction by itself. Pure."""
    open_: dict[str, list[Datagram]] = {}
    made: list[Span] = []
    for datagram in datagrams:
        run = open_.setdefault(datagram.direction, [])
        if run and (run[0].action, run[0].rule) != (datagram.action, datagram.rule):
            made.append(_span(run))
            run.clear()
        run.append(datagram)
    made += [_span(run) for run in open_.values() if run]
    return sorted(made, key=lambda span: (span.from_s, span.direction))


def _span(run: Sequence[Datagram]) -> Span:
    first, last = run[0], run[-1]
    return Span(
        first.at_s,
        last.at_s,
        first.direction,
        first.action,
        first.rule,
        len(run),
        sum(datagram.size_bytes for datagram in run),
    )
