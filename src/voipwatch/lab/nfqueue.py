"""The pure rule behind `iptables -j NFQUEUE`: what nftables cannot say, in the operator's own namespace.

A process of its own, started by `netns` like `relay`. NetfilterQueue needs a compiler and the kernel
library's headers: where it is not installed, the relay runs the rule instead.
"""

import math
import selectors
import sys
from heapq import heappop, heappush
from importlib.util import find_spec
from time import monotonic
from typing import Any, Final

import msgspec

from voipwatch.lab.cable import CableOrder, WorldClock
from voipwatch.lab.ip import read_ip, write_ip
from voipwatch.lab.ndpi import open_classifier
from voipwatch.lab.policy import PASS, Action, Delay, Inject, make_policy
from voipwatch.lab.policy.dice import derive
from voipwatch.lab.policy.packet import UDP
from voipwatch.lab.relay import ORDERS, hurry
from voipwatch.model.vocabulary import Direction
from voipwatch.probe.clock import PreciseSelector

LINE_PREFIXES: Final = ("192.0.2.", "2001:db8:1:")
QUEUE_MAX: Final = 65_536
BUFFER_BYTES: Final = 4 << 20


def is_installed() -> bool:
    """True if the kernel queue's library can be had."""
    return find_spec("netfilterqueue") is not None


class QueueCensor:
    """Decides over queued packets: each is an object with get_payload, set_payload, accept, drop, retain."""

    def __init__(self, order: CableOrder) -> None:
        self._policy = make_policy(order.policy, open_classifier)
        self._state = self._policy.start(derive(derive(b"cable", str(order.seed)), "policy"))
        self._clock = WorldClock(order.starts_at_s)
        self._held: list[tuple[float, int, Any]] = []
        self._count = 0

    def next_time(self) -> float | None:
        """When a held packet must go on."""
        return self._held[0][0] if self._held else None

    def decide(self, queued: Any, now: float) -> None:  # noqa: ANN401 -- the library has no types
        """Gives a verdict, or holds the packet. A refusal is a drop here: nftables says `reject`."""
        raw = queued.get_payload()
        datagram = read_ip(raw)
        if datagram is None:
            queued.accept()
            return
        up = datagram.packet.src.startswith(LINE_PREFIXES)
        world_s = self._clock.at(now, begin=up and datagram.packet.proto == UDP)
        direction = Direction.UP if up else Direction.DOWN
        action: Action = self._policy(direction, datagram.packet, self._state, world_s)
        if action is PASS or (isinstance(action, Inject) and action.original):
            queued.accept()
        elif isinstance(action, Delay):
            queued.retain()
            self._count += 1
            heappush(self._held, (now + action.s, self._count, queued))
        elif isinstance(action, Inject) and len(action.packets) == 1 and action.packets[0][0] is direction:
            queued.set_payload(write_ip(raw, datagram, action.packets[0][1]))
            queued.accept()
        else:
            queued.drop()

    def release(self, now: float) -> None:
        """Lets go what was held long enough."""
        while self._held and self._held[0][0] <= now:
            heappop(self._held)[2].accept()


def main() -> None:
    """`python -m voipwatch.lab.nfqueue`."""
    from netfilterqueue import NetfilterQueue  # noqa: PLC0415 -- absent on machines without a compiler

    order = msgspec.json.decode(sys.stdin.readline(), type=CableOrder)
    hurry()
    censor = QueueCensor(order)
    queue = NetfilterQueue()
    queue.bind(
        order.queue, lambda queued: censor.decide(queued, monotonic()), QUEUE_MAX, sock_len=BUFFER_BYTES
    )
    print("ready", flush=True)  # noqa: T201 -- the parent waits for it
    waiting = PreciseSelector(monotonic)
    waiting.register(sys.stdin.fileno(), selectors.EVENT_READ, ORDERS)
    waiting.register(queue.get_fd(), selectors.EVENT_READ, queue)
    try:
        while True:
            at = censor.next_time()
            ready = waiting.wait(math.inf if at is None else at)
            if ORDERS in ready and not sys.stdin.read(1):
                return
            if queue in ready:
                queue.run(block=False)
            censor.release(monotonic())
    finally:
        queue.unbind()


if __name__ == "__main__":
    main()
