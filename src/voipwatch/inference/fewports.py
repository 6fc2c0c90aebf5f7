"""A line that lets UDP out on a few well-known ports only: all dies but what goes to 53, 123 or 443.

Said where every flow of the check died, ports that nobody uses were asked besides and died too, and random
bytes lived on a well-known one. Where one of the unused ports lived instead, the dead ones are luck.

Decision: docs/design/0029-triggers.md.
"""

from typing import Final

from voipwatch.apps.ports import well_known_ports
from voipwatch.inference.controls import LineState
from voipwatch.inference.join import Session
from voipwatch.inference.portluck import ports_seen
from voipwatch.inference.verdict import Finding
from voipwatch.model.vocabulary import Stage

UNUSED_DEAD_MIN: Final = 4
"""Unused ports that died: where luck kills a quarter of all ports, that is one line of 256."""


def few_ports(session: Session, line: LineState) -> Finding | None:
    """What the ports asked besides say of a line on which all of the check's UDP died; None: nothing."""
    if not session.ports:
        return None
    seen = ports_seen(session, line)
    unused = [it.alive for it in seen.values() if it.unused]
    if any(unused):
        return Finding("insufficient.lottery", Stage.REACH)
    living = any(port in well_known_ports for port, it in seen.items() if it.alive)
    if living and len(unused) >= UNUSED_DEAD_MIN:
        return Finding("down.ports", Stage.REACH, None, "udp.ports")
    return None
