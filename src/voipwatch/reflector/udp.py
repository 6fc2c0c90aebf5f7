"""UDP sockets of the reflector: non-blocking, drained in batches, answering from the address asked.

asyncio's own datagram transport is not used: it spins on ICMP errors and makes one call a datagram. Where the
kernel takes and gives many by one call, `batches` does; all else is the same.
"""

import socket
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from struct import Struct
from typing import Final

from voipwatch.reflector.batches import (
    Ancillary,
    Batches,
    RawAddress,
    decode_controls,
    decode_name,
    encode_controls,
)
from voipwatch.reflector.steering import share_port

BUFFER_BYTES: Final = 4 << 20
"""Asked of the kernel, which gives what it may: a second of 2,000 calls."""
DATAGRAM_BYTES_MAX: Final = 65_535
BATCH_MAX: Final = 64
_ANCILLARY_BYTES: Final = 64
_PKTINFO4: Final = Struct("=I4s4s")
_PKTINFO6: Final = Struct("=16sI")
_IP_PKTINFO: Final = getattr(socket, "IP_PKTINFO", 8)  # Linux's value; Python names it from 3.14 on
_IPV6_RECVPKTINFO: Final = getattr(socket, "IPV6_RECVPKTINFO", 49)
_IPV6_PKTINFO: Final = getattr(socket, "IPV6_PKTINFO", 50)

BATCH_MIN: Final = 4
"""Fewer are sent by a call each, which is then cheaper."""
SOURCES_MAX: Final = 4096
"""Senders that a socket knows from before; beyond, it begins anew: anybody can make addresses up."""


class Source(tuple[str, int]):  # noqa: SLOT001 -- a tuple's subclass cannot have slots with values in them
    """Where a datagram came from, as the core knows it, and how to answer it."""

    raw: RawAddress
    """What sendto takes."""
    socket: "UdpSocket"
    ancillary: Ancillary
    """Tells the kernel which of our addresses to answer from; empty where there is one only."""
    name: bytes
    controls: bytes
    """`raw` and `ancillary` as sendmmsg takes them; empty where it came by a plain call."""


@dataclass(slots=True, eq=False)
class UdpSocket:
    """One bound socket."""

    sock: socket.socket
    port: int
    wildcard: bool
    batches: Batches | None = None
    """None: one call a datagram."""
    _sources: dict[tuple[bytes, bytes], Source] = field(default_factory=dict)

    @classmethod
    def bind(cls, ip: str, port: int, *, batches: Batches | None = None, shared: bool = False) -> "UdpSocket":
        """Raises OSError when the port is taken or not ours to bind. `shared`: with others of ours."""
        family = socket.AF_INET6 if ":" in ip else socket.AF_INET
        sock = socket.socket(family, socket.SOCK_DGRAM)
        try:
            sock.setblocking(False)
            for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
                with suppress(OSError):
                    sock.setsockopt(socket.SOL_SOCKET, option, BUFFER_BYTES)
            wildcard = ip in ("0.0.0.0", "::")  # noqa: S104 -- the operator's choice, not a default
            if family == socket.AF_INET6:
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                if wildcard:
                    sock.setsockopt(socket.IPPROTO_IPV6, _IPV6_RECVPKTINFO, 1)
            elif wildcard:
                sock.setsockopt(socket.IPPROTO_IP, _IP_PKTINFO, 1)
            if shared:
                share_port(sock)
            sock.bind((ip, port))
            return cls(sock, sock.getsockname()[1], wildcard, batches)
        except OSError:
            sock.close()
            raise

    def receive(self) -> list[tuple[Source, int, bytes]]:
        """Up to `BATCH_MAX` datagrams that are there now, as the core takes them. Cannot fail."""
        if self.batches is not None:
            return [
                (self._sources.get((name, controls)) or self._meet(name, controls), self.port, data)
                for name, controls, data in self.batches.receive(self.sock)
            ]
        batch: list[tuple[Source, int, bytes]] = []
        for _ in range(BATCH_MAX):
            try:
                if self.wildcard:
                    data, ancillary, _, raw = self.sock.recvmsg(DATAGRAM_BYTES_MAX, _ANCILLARY_BYTES)
                    answer = _answer_from(ancillary)
                else:
                    data, raw = self.sock.recvfrom(DATAGRAM_BYTES_MAX)
                    answer = []
            except (BlockingIOError, InterruptedError):
                break
            except OSError:
                continue  # an ICMP error about something we sent: nothing was received
            batch.append((self._source(raw, answer), self.port, data))
        return batch

    def send(self, to: Source, data: bytes) -> bool:
        """False when the kernel did not take it."""
        for _ in range(2):
            try:
                if to.ancillary:
                    self.sock.sendmsg([data], to.ancillary, 0, to.raw)
                else:
                    self.sock.sendto(data, to.raw)
            except (BlockingIOError, InterruptedError):
                return False
            except OSError:
                continue  # a pending error of an earlier datagram, or a path that just became narrower
            return True
        return False

    def source_of(self, raw: RawAddress, ancillary: Ancillary, name: bytes) -> Source:
        """A sender whose datagram came by this port's socket of another worker."""
        source = self._source(raw, ancillary)
        source.name, source.controls = name, encode_controls(ancillary)
        return source

    def _source(self, raw: RawAddress, answer: Ancillary) -> Source:
        ip = raw[0] if len(raw) == 2 or not raw[3] else f"{raw[0].partition('%')[0]}%{raw[3]}"
        source = Source((ip, raw[1]))
        source.raw = raw
        source.socket = self
        source.ancillary = answer
        source.name = source.controls = b""
        return source

    def _meet(self, name: bytes, controls: bytes) -> Source:
        """A sender that is new: the same object for all its datagrams, so that it is understood once."""
        source = self._source(decode_name(name), _answer_from(decode_controls(controls)))
        source.name, source.controls = name, encode_controls(source.ancillary)
        if len(self._sources) >= SOURCES_MAX:
            self._sources.clear()
        self._sources[name, controls] = source
        return source

    def send_many(self, datagrams: list[tuple[int, Source, bytes]]) -> list[int]:
        """Sends (index, receiver, payload) in this order; returns the indices of those that did not leave."""
        if self.batches is None or len(datagrams) < BATCH_MIN:
            return [index for index, to, data in datagrams if not self.send(to, data)]
        unsent: list[int] = []
        ready = [(to.name, to.controls, data) for _, to, data in datagrams]
        at = 0
        while at < len(ready):
            left = self.batches.send(self.sock, ready[at : at + self.batches.size])
            at += left
            if (
                at < len(ready) and left < self.batches.size
            ):  # the kernel stopped at this one: by itself, then
                index, to, data = datagrams[at]
                if not self.send(to, data):
                    unsent.append(index)
                at += 1
        return unsent


def send_all(datagrams: Iterable[tuple[object, int, bytes]]) -> list[int]:
    """Sends (receiver, local port, payload), in order on each socket; which did not leave, by index.

    What is no `Source` is nobody's address, and does not leave.
    """
    unsent: list[int] = []
    by_socket: dict[int, tuple[UdpSocket, list[tuple[int, Source, bytes]]]] = {}
    for index, (to, _, data) in enumerate(datagrams):
        if isinstance(to, Source):
            key = id(to.socket)
            if key not in by_socket:
                by_socket[key] = to.socket, []
            by_socket[key][1].append((index, to, data))
        else:
            unsent.append(index)
    for each, queue in by_socket.values():
        unsent += each.send_many(queue)
    return unsent


def _answer_from(ancillary: list[tuple[int, int, bytes]]) -> Ancillary:
    """The control message that answers from the address a datagram was sent to."""
    for level, kind, data in ancillary:
        if level == socket.IPPROTO_IP and kind == _IP_PKTINFO and len(data) >= _PKTINFO4.size:
            _, _, destination = _PKTINFO4.unpack_from(data)
            # ipi_spec_dst is the source of what we send (ip(7)); the route chooses the interface
            return [(level, kind, _PKTINFO4.pack(0, destination, bytes(4)))]
        if level == socket.IPPROTO_IPV6 and kind == _IPV6_PKTINFO and len(data) >= _PKTINFO6.size:
            destination, interface = _PKTINFO6.unpack_from(data)
            link_local = destination[0] == 0xFE and destination[1] & 0xC0 == 0x80
            return [(level, kind, _PKTINFO6.pack(destination, interface if link_local else 0))]
    return []
