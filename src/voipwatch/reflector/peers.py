"""What the workers of one reflector hand on to each other.

A caller's packets come to the worker of his address (`steering`), where his tickets are. Some callers have
several: a carrier's NAT may give UDP another address than TCP, a phone changes networks. Were their packets
dropped, calls would look blocked that are not. So each worker knows which tickets the others have handed out,
and hands datagrams, connections and questions for logs to the one that has the ticket.

Messages are datagrams between processes of one parent, a connection goes along as a descriptor. Where an
inbox is full a datagram is lost, as on a path.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import msgspec

from voipwatch.reflector.core import Part
from voipwatch.reflector.udp import Source

INBOX_BYTES: Final = 4 << 20
"""Asked of the kernel, as for the call ports."""
MESSAGE_BYTES_MAX: Final = 1 << 17
"""A datagram of 64 KiB, or a hello, and its frame."""
TICKETS_AT_ONCE: Final = 4096
"""Told in one message: some 40 kB."""
MESSAGES_AT_ONCE: Final = 64
LOG_S: Final = 8.0
"""For a log that another worker seals, within the 10 s of a request."""
LOG_BYTES_MAX: Final = 64 << 20


class Told(msgspec.Struct, frozen=True, tag="tickets"):
    """Tickets that were handed out: number, end."""

    tickets: list[tuple[int, int]]


class Asked(msgspec.Struct, frozen=True, tag="asked"):
    """Please tell me yours: I am new."""

    worker: int


class StrayDatagram(msgspec.Struct, frozen=True, tag="datagram"):
    """Of a ticket of yours."""

    place: int
    """Which UDP socket it came by, counted alike by all workers."""
    raw: list[str | int]
    """Of its source, as `recvfrom` gave it."""
    name: bytes
    """The same as the kernel writes it; empty where it came by a plain call."""
    ancillary: list[tuple[int, int, bytes]]
    data: bytes


class StrayConnection(msgspec.Struct, frozen=True, tag="connection"):
    """To a call port, with what it said so far; the descriptor comes along."""

    hello: bytes


class LogQuestion(msgspec.Struct, frozen=True, tag="log"):
    """The log of a ticket of yours, into the descriptor that comes along; nothing where there is none."""

    number: int
    auth: bytes


Message = Told | Asked | StrayDatagram | StrayConnection | LogQuestion
_DECODER: Final = msgspec.msgpack.Decoder(Message)
_ENCODER: Final = msgspec.msgpack.Encoder()


@dataclass(frozen=True)
class Boxes:
    """Each worker's inbox, and the end that the others write to; made before any of them is started."""

    inboxes: list[socket.socket]
    outboxes: list[socket.socket]

    @classmethod
    def make(cls, count: int) -> "Boxes":
        """Raises OSError."""
        pairs = [socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM) for _ in range(count)]
        for inbox, outbox in pairs:
            for each, option in ((inbox, socket.SO_RCVBUF), (outbox, socket.SO_SNDBUF)):
                each.setblocking(False)
                with suppress(OSError):
                    each.setsockopt(socket.SOL_SOCKET, option, INBOX_BYTES)
        return cls([inbox for inbox, _ in pairs], [outbox for _, outbox in pairs])

    def close(self) -> None:
        """Give them back."""
        for each in (*self.inboxes, *self.outboxes):
            each.close()


@dataclass(frozen=True)
class Takers:
    """What a worker does with what others hand to it."""

    tickets: Callable[[Sequence[tuple[int, int]]], None]
    mine: Callable[[], list[tuple[int, int]]]
    datagram: Callable[[StrayDatagram], None]
    connection: Callable[[socket.socket, bytes], None]
    log: Callable[[int, bytes], Awaitable[bytes]]


class Peers:
    """One worker's way to the others."""

    def __init__(self, part: Part, boxes: Boxes) -> None:
        self.part = part
        self._inbox = boxes.inboxes[part.worker]
        self._outboxes = boxes.outboxes
        self._takers: Takers | None = None
        self._loop = asyncio.get_running_loop()
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, takers: Takers) -> None:
        """Begin to take; ask the others for their tickets, and tell them of ours."""
        self._takers = takers
        self._loop.add_reader(self._inbox.fileno(), self._readable)
        for other in self._others():
            self._send(other, Asked(self.part.worker))
        self.tell(takers.mine())

    async def close(self) -> None:
        """Take no more."""
        self._loop.remove_reader(self._inbox.fileno())
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def tell(self, tickets: Sequence[tuple[int, int]]) -> None:
        """Tell all others of tickets."""
        for other in self._others():
            self._tell(other, tickets)

    def hand_datagram(self, owner: int, place: int, source: Source, data: bytes) -> None:
        """Lost where the owner has no room."""
        self._send(owner, StrayDatagram(place, list(source.raw), source.name, source.ancillary, data))

    def hand_connection(self, owner: int, sock: socket.socket, hello: bytes) -> bool:
        """The socket is still the caller's to close. False where the owner has no room."""
        return self._send(owner, StrayConnection(hello), sock.fileno())

    async def log(self, number: int, auth: bytes) -> bytes:
        """The sealed log of a ticket of another worker, empty where it gives none."""
        near, far = socket.socketpair()
        with near:
            near.setblocking(False)
            with far:
                if not self._send(self.part.owner(number), LogQuestion(number, auth), far.fileno()):
                    return b""
            try:
                async with asyncio.timeout(LOG_S):
                    return await self._read_all(near)
            except (OSError, TimeoutError):
                return b""

    async def _read_all(self, sock: socket.socket) -> bytes:
        found = bytearray()
        while (more := await self._loop.sock_recv(sock, 1 << 16)) and len(found) < LOG_BYTES_MAX:
            found += more
        return bytes(found)

    # --- inside -------------------------------------------------------------------------------------

    def _others(self) -> list[int]:
        return [index for index in range(self.part.workers) if index != self.part.worker]

    def _tell(self, other: int, tickets: Sequence[tuple[int, int]]) -> None:
        for start in range(0, len(tickets), TICKETS_AT_ONCE):
            self._send(other, Told(list(tickets[start : start + TICKETS_AT_ONCE])))

    def _send(self, to: int, message: Message, *descriptors: int) -> bool:
        try:
            socket.send_fds(self._outboxes[to], [_ENCODER.encode(message)], descriptors)
        except OSError:
            return False
        return True

    def _readable(self) -> None:
        for _ in range(MESSAGES_AT_ONCE):
            try:
                content, descriptors, _, _ = socket.recv_fds(self._inbox, MESSAGE_BYTES_MAX, 1)
            except OSError:
                return
            self._take(_DECODER.decode(content), descriptors)

    def _take(self, message: Message, descriptors: list[int]) -> None:
        takers = self._takers
        assert takers is not None
        if isinstance(message, StrayDatagram):
            takers.datagram(message)
        elif isinstance(message, Told):
            takers.tickets(message.tickets)
        elif isinstance(message, Asked):
            self._tell(message.worker, takers.mine())
        elif not descriptors:
            pass  # the kernel could not give it: too many are open
        elif isinstance(message, StrayConnection):
            takers.connection(socket.socket(fileno=descriptors[0]), message.hello)
        else:
            task = self._loop.create_task(self._answer(takers, message, descriptors[0]))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _answer(self, takers: Takers, question: LogQuestion, descriptor: int) -> None:
        with socket.socket(fileno=descriptor) as sock, suppress(OSError, TimeoutError):
            sock.setblocking(False)
            async with asyncio.timeout(LOG_S):
                await self._loop.sock_sendall(sock, await takers.log(question.number, question.auth))
