"""The port as a trigger: which ports are dead beside the app's own, and how near the next living ones are.

Nothing is said of the ports between: those are dead that were asked and died, with none among them that
lived. A list of single ports and a range look alike where the reflector serves no port between.

Decision: docs/design/0029-triggers.md.
"""

from typing import Final

from voipwatch.inference.controls import LineState
from voipwatch.inference.join import FlowView, Session
from voipwatch.inference.portluck import Port, ports_seen
from voipwatch.inference.verdict import Finding
from voipwatch.model.results import Trigger
from voipwatch.model.vocabulary import Arm, Stage

PORT: Final = "port"
LABELS: Final = frozenset({"port.drop", "port.reject"})


def port_trigger(session: Session, line: LineState, app: str, finding: Finding) -> Trigger | None:
    """The dead ports around the app's, where those are dead whatever they carry; else None.

    None too where a stage has two dead ports with a living one between, which bounds cannot say.
    """
    if finding.rule != "blocked.port" or finding.mechanism not in LABELS:
        return None
    own = {f.record.remote_port for f in session.of_app(app) if _at(f, finding.stage)}
    seen = ports_seen(session, line)
    dead = {port for port in own if port not in seen or not seen[port].alive}
    if not dead:
        return None
    low, high = _run({**seen, **{port: Port(alive=False, unused=False) for port in dead}}, min(dead))
    living = [port for port, it in seen.items() if it.alive]
    if not dead <= set(range(low, high + 1)) or not living:
        return None
    below = max((port for port in living if port < low), default=None)
    above = min((port for port in living if port > high), default=None)
    others = [port for port in seen if not low <= port <= high]
    return Trigger(
        properties=[PORT],
        repeats=len(living),
        of=len(others),
        low=low,
        high=high,
        alive=[port for port in (below, above) if port is not None],
    )


def _at(flow: FlowView, stage: Stage | None) -> bool:
    if flow.direct or flow.arm is not Arm.C:
        return False
    return stage in flow.record.round_stages or flow.record.kind.media.value == stage


def _run(seen: dict[int, Port], port: int) -> tuple[int, int]:
    """The lowest and the highest of the dead ports around this one with no living port between."""
    ordered = sorted(seen)
    low = high = ordered.index(port)
    while low > 0 and not seen[ordered[low - 1]].alive:
        low -= 1
    while high + 1 < len(ordered) and not seen[ordered[high + 1]].alive:
        high += 1
    return ordered[low], ordered[high]
