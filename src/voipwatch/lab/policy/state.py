"""What a box remembers: of five-tuples, in a table that cannot grow without end."""

from dataclasses import dataclass, field
from typing import Final

from voipwatch.lab.policy.dice import Dice, derive

FLOWS_MAX: Final = 65_536
"""Linux' nf_conntrack_max on a machine of 1-4 GiB; what a small box holds."""
FLOW_IDLE_S: Final = 120.0
"""nf_conntrack_udp_timeout_stream, the usual memory of an assured UDP flow."""

HOST_IDLE_S: Final = 3_600.0
"""Residual blocks of up to ten minutes are reported; what a box knows of hosts outlives them."""

FlowKey = tuple[str, str, int, str, int]
"""Protocol, near address and port, far address and port."""


@dataclass(slots=True)
class Flow:
    """What is remembered of one five-tuple, both directions. A rule leaves alone what it does not use."""

    last_at: float
    up: int = 0
    """Packets seen from the line."""
    matched_at: float | None = None
    """When a call's signature was first seen in it."""
    payloads: int = 0
    """Payloads looked at by a classifier."""
    passed: bool = False
    """A classifier let it go for good."""
    condemned: bool = False
    began_at: float = 0.0
    """When its first packet was seen."""
    up_bytes: int = 0
    """IP bytes seen from the line."""
    up_last: tuple[int, int] | None = None
    """RTP sequence number and source of the last uplink packet."""
    down_last: tuple[int, int] | None = None
    in_row: int = 0
    """Packets in a row that counted up."""
    up_free_at: float | None = None
    """When a shaper's queue of this direction will be empty."""
    down_free_at: float | None = None
    up_tokens: float | None = None
    up_tokens_at: float = 0.0
    down_tokens: float | None = None
    down_tokens_at: float = 0.0


class FlowTable:
    """Flows by five-tuple; the least recently created goes when the table is full."""

    __slots__ = ("_flows", "_idle_s", "_max")

    def __init__(self, flows_max: int = FLOWS_MAX, idle_s: float = FLOW_IDLE_S) -> None:
        self._flows: dict[FlowKey, Flow] = {}
        self._max = flows_max
        self._idle_s = idle_s

    def __len__(self) -> int:
        return len(self._flows)

    def find(self, key: FlowKey, now: float) -> Flow:
        """The flow's memory, a fresh one if it was idle too long or never seen."""
        flow = self._flows.get(key)
        if flow is None or now - flow.last_at > self._idle_s:
            self._flows.pop(key, None)
            if len(self._flows) >= self._max:
                del self._flows[next(iter(self._flows))]
            flow = self._flows[key] = Flow(now, began_at=now)
        flow.last_at = now
        return flow


@dataclass(slots=True)
class State:
    """The memory of one box: its dice, its flows, and the memories of the rules inside it."""

    seed: bytes
    parts: tuple["State", ...] = ()
    dice: Dice = field(init=False)
    flows: FlowTable = field(default_factory=FlowTable)
    hosts: FlowTable = field(default_factory=lambda: FlowTable(idle_s=HOST_IDLE_S))
    """Of hosts and ports in place of five-tuples; ports that a rule does not look at are 0."""

    def __post_init__(self) -> None:
        self.dice = Dice(derive(self.seed, "dice"))
