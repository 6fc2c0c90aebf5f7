"""Whose ports are dead: a list of the censor's, or luck that goes by the far port?

A balancer that hashes on the far port alone gives each port a path. Where one path is broken, an app's port
is dead for whatever it carries, as by a rule against it; but ports that nobody uses are dead too, here and
there. No list of ports has a reason for those, unless it is a range from them to the app's port with nothing
alive between. One dead unused port among living ones therefore takes the accusation away.

Decision: docs/design/0029-triggers.md; what is left of the error: docs/methods/guarantees.md.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from voipwatch.apps.ports import fresh_ports
from voipwatch.inference.controls import LineState
from voipwatch.inference.join import FlowView, Session
from voipwatch.inference.stages import setup_outcome, voiced_rounds
from voipwatch.model.vocabulary import Arm

DEAD_FLOWS_MIN: Final = 3
"""Flows to an unused port, all dead: two may die in one long fade and on paths of their own."""


@dataclass(frozen=True, slots=True)
class Port:
    """One port of the reflector, for random bytes."""

    alive: bool
    unused: bool
    """Nobody uses it: a neutral or a fresh port."""


def ports_seen(session: Session, line: LineState) -> dict[int, Port]:
    """By number: alive with one flow that lived, dead with `DEAD_FLOWS_MIN` that died, else left out."""
    told: dict[int, list[tuple[FlowView, bool]]] = {}
    for flow, dead in (*_asked(session), *_arms(line)):
        told.setdefault(flow.record.remote_port, []).append((flow, dead))
    return {
        port: Port(
            alive=not all(dead for _, dead in flows),
            unused=any(flow.arm is Arm.C_NEUTRAL for flow, _ in flows),
        )
        for port, flows in told.items()
        if len(flows) >= DEAD_FLOWS_MIN or not all(dead for _, dead in flows)
    }


def _asked(session: Session) -> Iterator[tuple[FlowView, bool]]:
    for flow in session.ports:
        stages = flow.record.round_stages
        if not stages:
            continue
        outcome = setup_outcome(flow, stages[0], voiced=voiced_rounds([flow]), rtt_us=session.rtt_us)
        if outcome is not None and outcome.dead is not None:
            yield flow, outcome.dead


def _arms(line: LineState) -> Iterator[tuple[FlowView, bool]]:
    for flow, whole in line.wholes.items():
        if flow.arm in {Arm.C, Arm.C_NEUTRAL} and not flow.direct:
            yield flow, whole.dead


def by_luck(seen: Mapping[int, Port], dead: Collection[int]) -> bool:
    """Whether the ports that died for an app are dead among others that no list of ports would hold.

    Where all fresh ports are dead, the far end's own firewall may not let them in: they say nothing then.
    """
    closed = not any(seen[port].alive for port in fresh_ports if port in seen)
    asked = {port for port, it in seen.items() if it.unused and not (closed and port in fresh_ports)}
    return any(not any(_one_range(port, own, seen) for own in dead) for port in asked if not seen[port].alive)


def _one_range(one: int, other: int, seen: Mapping[int, Port]) -> bool:
    low, high = sorted((one, other))
    return not any(it.alive for port, it in seen.items() if low < port < high)
