"""How fast the simulated network is: datagrams a second through it, nobody thinking at either end."""

from time import perf_counter

import msgspec

from voipwatch.lab.simnet import SimNet, ToFar
from voipwatch.lab.worlds import load_worlds

SOCKETS = 40


class Speed(msgspec.Struct, frozen=True):
    """What one run of the benchmark found."""

    world: str
    datagrams: int
    """Datagrams sent, both ways."""
    arrived: int
    seconds: float

    @property
    def per_s(self) -> float:
        """Datagrams a second."""
        return self.datagrams / self.seconds


def benchmark(world_id: str = "clean", datagrams: int = 100_000) -> Speed:
    """Echoes voice-sized datagrams of 40 flows through a world, as fast as one core goes."""
    net = SimNet(load_worlds().get(world_id), seed=1)
    payload = bytes([0x80, 111]) + bytes(70)
    sent = arrived = 0
    now = 0.0
    started = perf_counter()
    while sent < datagrams:
        now += 0.02 / SOCKETS
        net.up(now, sent % SOCKETS, 3478, payload)
        sent += 1
        for arrival in net.pop(now):
            arrived += 1
            if isinstance(arrival, ToFar):
                net.down(now, arrival.source, arrival.dport, arrival.data)
                sent += 1
    return Speed(world_id, sent, arrived, perf_counter() - started)
