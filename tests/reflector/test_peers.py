"""What workers hand on to each other, over real boxes in one loop."""

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from voipwatch.reflector import peers
from voipwatch.reflector.core import Part
from voipwatch.reflector.peers import Boxes, Peers, StrayDatagram, Takers
from voipwatch.reflector.udp import Source

WORKERS = 3


@dataclass
class Worker:
    """One, and all that was handed to it."""

    part: Part
    live: list[tuple[int, int]]
    learnt: list[tuple[int, int]] = field(default_factory=list)
    datagrams: list[StrayDatagram] = field(default_factory=list)
    hellos: list[bytes] = field(default_factory=list)
    log: bytes = b"sealed"
    taken: asyncio.Event = field(default_factory=asyncio.Event)

    def start(self, boxes: Boxes) -> None:
        self.peers = Peers(self.part, boxes)
        self.peers.start(
            Takers(self._learn, lambda: self.live, self._datagram, self._connection, self._sealed)
        )

    def _learn(self, tickets: Sequence[tuple[int, int]]) -> None:
        self.learnt += tickets
        self.taken.set()

    def _datagram(self, stray: StrayDatagram) -> None:
        self.datagrams.append(stray)
        self.taken.set()

    def _connection(self, sock: socket.socket, hello: bytes) -> None:
        with sock:
            sock.sendall(b"answer to " + hello)
        self.hellos.append(hello)

    async def _sealed(self, number: int, auth: bytes) -> bytes:
        return self.log if auth == b"auth" and self.part.owns(number) else b""

    async def until(self, count: int) -> None:
        """So many tickets are known."""
        while len(self.learnt) < count:
            self.taken.clear()
            await self.taken.wait()


@asynccontextmanager
async def team() -> AsyncIterator[list[Worker]]:
    boxes = Boxes.make(WORKERS)
    workers = [Worker(Part(n, WORKERS), [(n, 100), (n + WORKERS, 200)]) for n in range(WORKERS)]
    for each in workers:
        each.start(boxes)
    try:
        async with asyncio.timeout(20):
            yield workers
    finally:
        for each in workers:
            await each.peers.close()
        boxes.close()


def test_each_learns_of_all_others_tickets_and_of_none_of_its_own() -> None:
    async def run() -> None:
        async with team() as workers:
            for each in workers:
                # told by each at its start, and again as each asked
                await each.until(4)
                assert set(each.learnt) == {
                    ticket for other in workers if other is not each for ticket in other.live
                }

    asyncio.run(run())


def test_one_that_starts_anew_asks_and_is_told() -> None:
    async def run() -> None:
        boxes = Boxes.make(2)
        old, new = (Worker(Part(n, 2), [(n, 100)]) for n in range(2))
        old.start(boxes)
        new.start(boxes)
        await new.until(1)
        await new.peers.close()
        old.live = [(0, 100), (2, 300)]
        again = Worker(Part(1, 2), [])
        again.start(boxes)
        async with asyncio.timeout(20):
            while (2, 300) not in again.learnt:
                again.taken.clear()
                await again.taken.wait()
        for each in (old, again):
            await each.peers.close()
        boxes.close()

    asyncio.run(run())


def test_many_tickets_are_told_in_pieces() -> None:
    async def run() -> None:
        async with team() as (first, second, _):
            many = [(3 * number, 1000 + number) for number in range(2 * peers.TICKETS_AT_ONCE + 7)]
            first.peers.tell(many)
            while many[-1] not in second.learnt:
                second.taken.clear()
                await second.taken.wait()
            assert [ticket for ticket in second.learnt if ticket[1] >= 1000] == many

    asyncio.run(run())


def test_a_datagram_comes_with_all_that_an_answer_needs() -> None:
    async def run() -> None:
        async with team() as (first, second, third):
            source = Source(("2001:db8::7", 4000))
            source.raw, source.name, source.ancillary = (
                ("2001:db8::7", 4000, 0, 0),
                b"\x0a\0name",
                [(41, 50, b"\1\2")],
            )
            second.taken.clear()
            first.peers.hand_datagram(1, 5, source, b"x" * 65_507)
            while not second.datagrams:
                await second.taken.wait()
                second.taken.clear()
            (stray,) = second.datagrams
            assert (stray.place, tuple(stray.raw), stray.name) == (5, source.raw, source.name)
            assert [tuple(each) for each in stray.ancillary] == source.ancillary
            assert stray.data == b"x" * 65_507
            assert third.datagrams == []

    asyncio.run(run())


def test_a_connection_goes_along_and_lives_with_its_new_owner() -> None:
    async def run() -> None:
        async with team() as (first, second, _):
            near, far = socket.socketpair()
            near.setblocking(False)
            assert first.peers.hand_connection(1, far, b"hello")
            far.close()
            assert await asyncio.get_running_loop().sock_recv(near, 100) == b"answer to hello"
            assert await asyncio.get_running_loop().sock_recv(near, 100) == b""
            near.close()
            assert second.hellos == [b"hello"]

    asyncio.run(run())


def test_a_log_is_asked_of_its_owner_however_long_it_is() -> None:
    async def run() -> None:
        async with team() as (first, second, _):
            second.log = bytes(range(256)) * 20_000
            assert await first.peers.log(4, b"auth") == second.log
            assert await first.peers.log(4, b"other") == b""

    asyncio.run(run())


def test_of_an_owner_that_is_gone_there_is_no_log_and_of_a_full_box_no_harm() -> None:
    async def run() -> None:
        async with team() as (first, second, _):
            await second.until(4)
            await second.peers.close()  # it reads no more
            source = Source(("192.0.2.1", 4000))
            source.raw, source.name, source.ancillary = ("192.0.2.1", 4000), b"", []
            near, far = socket.socketpair()
            for _ in range(100_000):
                first.peers.hand_datagram(1, 0, source, bytes(1200))
                if not first.peers.hand_connection(1, far, b""):
                    break
            else:
                raise AssertionError("a box without an end")
            assert await first.peers.log(4, b"auth") == b""
            for each in (near, far):
                each.close()

    asyncio.run(run())
