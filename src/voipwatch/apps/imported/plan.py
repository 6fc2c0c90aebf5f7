"""What is to be written of a flow: its exchanges, its streams, their messages."""

from dataclasses import dataclass, field

from voipwatch.apps.imported.streams import Stream
from voipwatch.apps.imported.tables import Table


@dataclass(slots=True)
class Round:
    """One exchange, by the names of its messages."""

    request: str
    replies: list[str]
    stage: str
    """setup or handshake."""


@dataclass(slots=True)
class Plan:
    """What is to be written."""

    rounds: list[Round] = field(default_factory=list)
    streams: list[Stream] = field(default_factory=list)
    messages: dict[str, Table] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)
    synthetic: bool = False
    """Whether answers were made up that the capture, of one direction, does not hold."""
    port: int = 0
    prefix: str = ""
    """Of messages' names."""
