"""Where compiled code takes hold of the core: which objects, whose slots and which bounds it works with.

`hot.c` carries a common packet, media of a known flow with a proved address, by the same objects and to the
same result as `uplink` and `downlink`; what is not common it hands back to them untouched. Nothing here is
needed for the core to work.
"""

from collections.abc import Sequence
from heapq import heappop, heapreplace
from typing import Final, Protocol

from voipwatch import apps
from voipwatch.apps.codecs.control import FIRST_BYTES, ControlCodec
from voipwatch.apps.codecs.rtp import RtpCodec, stream_start
from voipwatch.model.flows import MEDIA_SEQ, FlowKind
from voipwatch.model.vocabulary import Direction
from voipwatch.reflector.core import limits
from voipwatch.reflector.core.counters import Counters
from voipwatch.reflector.core.packets import PacketLog, ReceiveWindow
from voipwatch.reflector.core.prefixes import Budget
from voipwatch.reflector.core.proof import Account
from voipwatch.reflector.core.receipts import SCAN_MAX, TELL_TIMES
from voipwatch.reflector.core.session import Address, Flow, Held, Session
from voipwatch.reflector.core.tickets import LiveTicket
from voipwatch.wire.token import TokenKeys

_TYPES: Final = (
    Counters, Session, Held, Flow, ReceiveWindow, PacketLog, Account, Budget, LiveTicket, TokenKeys, FlowKind,
    apps.Script, apps.MediaPacket, apps.Message, RtpCodec, ControlCodec,
)  # fmt: skip
_BOUNDS: Final = {
    "SESSION_S": limits.SESSION_S,
    "TICKET_BYTES_MAX": limits.TICKET_BYTES_MAX,
    "SESSION_PACKETS_MAX": limits.SESSION_PACKETS_MAX,
    "SILENCE_S": limits.SILENCE_S,
    "LATE_SEND_S": limits.LATE_SEND_S,
    "PREFIX_S": limits.PREFIX_S,
    "PREFIX_BYTES_MAX": limits.PREFIX_BYTES_MAX,
    "MEDIA_SEQ": MEDIA_SEQ,
    "TELL_TIMES": TELL_TIMES,
    "SCAN_MAX": SCAN_MAX,
    "NEIGHBOURS_MAX": limits.NEIGHBOURS_MAX,
}


class Hot(Protocol):
    """The common packets of one core."""

    def receive(self, batch: Sequence[tuple[Address, int, bytes]], now: float, /) -> None:
        """As `ReflectorCore.receive_datagrams`, but for the count of datagrams."""
        ...

    def take(
        self,
        now: float,
        most: int,
        out: list[tuple[Address, int, bytes]],
        marks: list[tuple[Flow, int]],
        /,
    ) -> None:
        """Sends what of the heap is due: into `out` and `marks`; `most` of it at most, -1 for all."""
        ...


class Maker(Protocol):
    """The class of `hot.c`."""

    def __call__(self, types: dict[str, type], parts: dict[str, object], bounds: dict[str, float], /) -> Hot:
        """Raises TypeError when a part is not what it must be."""
        ...


def hot_of(make: Maker, parts: dict[str, object]) -> Hot:
    """Bind compiled code to a core's parts. Raises TypeError when it does not fit this Python."""
    everything: dict[str, object] = {
        **parts,
        "heappop": heappop,
        "heapreplace": heapreplace,
        "stream_start": stream_start,
        "first_bytes": FIRST_BYTES,
        "down": Direction.DOWN,
    }
    return make({each.__name__: each for each in _TYPES}, everything, dict(_BOUNDS))
