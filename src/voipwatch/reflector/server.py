"""The reflector's shell: real sockets and clocks around the core, in one asyncio loop."""

import asyncio
import gc
import signal
import socket
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final, NamedTuple, TextIO, cast

from voipwatch import __version__
from voipwatch.apps import ProfileSet, load_profiles, neutral_ports, tcp_ports, udp_ports
from voipwatch.reflector import compiled, control, tcp
from voipwatch.reflector.batches import RawAddress
from voipwatch.reflector.binding import Bound, bind_all, ready_line
from voipwatch.reflector.certificate import Certificate, kept_certificate, read_certificate
from voipwatch.reflector.core import ALONE, Identity, Part, ReflectorCore, limits
from voipwatch.reflector.options import ReflectorOptions
from voipwatch.reflector.peers import Boxes, Peers, StrayDatagram, Takers
from voipwatch.reflector.reach import ReachDesk
from voipwatch.reflector.state import DataFolder, tickets_file
from voipwatch.reflector.udp import BATCH_MAX, Source, UdpSocket, send_all

SAVE_S: Final = 1.0
"""After a ticket was issued or used, so that a restart knows of it."""
BATCHES_MAX: Final = 4
"""Batches of one socket before the others get their turn."""
TAKE_MAX: Final = BATCHES_MAX * BATCH_MAX
"""Datagrams sent before the sockets are read again: who is late with media must not lose what arrives too."""


class Server:
    """One running reflector."""

    def __init__(
        self,
        core: ReflectorCore,
        bound: Bound,
        *,
        certificate: Certificate,
        folder: DataFolder,
        reach: ReachDesk | None = None,
        peers: Peers | None = None,
    ) -> None:
        """`peers`: the other workers on these ports, where there are any."""
        self.core = core
        self._bound = bound
        self._places = {id(each): place for place, each in enumerate(bound.udp)}
        self._peers = peers
        self._doors = tcp.Doors(tcp.CONNECTIONS_MAX, tcp.CONNECTIONS_PER_ADDRESS_MAX)
        self._folder = folder
        self._tickets_file = tickets_file(core.part)
        self._tls = certificate.context()
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._save: asyncio.TimerHandle | None = None
        self._saved: tuple[int, int] = (0, 0)
        self._tasks: set[asyncio.Task[None]] = set()
        self._reach = reach
        self._control = control.Control(
            core,
            version=__version__,
            changed=self._issued,
            reach=reach,
            elsewhere=None if peers is None else peers.log,
        )

    def start(self) -> None:
        """Begin to serve."""
        for each in self._bound.udp:
            self._loop.add_reader(each.sock.fileno(), self._readable, each)
        if self._peers is not None:
            self._peers.start(
                Takers(self._learn, self.core.live_tickets, self._take_datagram, self._take_trial, self._log)
            )
        for listener in self._bound.trials:
            self._spawn(tcp.accept_forever(listener, self._doors, self._handle_trial))
        doors = tcp.Doors(control.CONNECTIONS_MAX, control.CONNECTIONS_PER_ADDRESS_MAX)
        for listener in self._bound.controls:
            self._spawn(tcp.accept_forever(listener, doors, self._handle_control))

    async def stop(self) -> None:
        """End every task, keep what outlives us, give the sockets back."""
        if self._reach is not None:
            self._reach.close()
        if self._peers is not None:
            await self._peers.close()
        for each in self._bound.udp:
            self._loop.remove_reader(each.sock.fileno())
        for handle in (self._timer, self._save):
            if handle is not None:
                handle.cancel()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._folder.write(self._tickets_file, self.core.export_state())
        self._bound.close()

    def _spawn(self, work: Coroutine[None, None, None]) -> "asyncio.Task[None]":
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    # --- datagrams ----------------------------------------------------------------------------------

    def _readable(self, each: UdpSocket) -> None:
        for _ in range(BATCHES_MAX):
            batch = each.receive()
            if batch:
                self.core.receive_datagrams(batch, self._loop.time())
            if len(batch) < BATCH_MAX:
                break
        if self._peers is not None:
            place = self._places[id(each)]
            for owner, source, data in self.core.strays():
                assert isinstance(source, Source)
                self._peers.hand_datagram(owner, place, source, data)
        self._flush()

    def _take_datagram(self, stray: StrayDatagram) -> None:
        """One of ours, that came to another worker: answered from our own socket of the same port."""
        each = self._bound.udp[stray.place]
        source = each.source_of(cast("RawAddress", tuple(stray.raw)), stray.ancillary, stray.name)
        self.core.receive_datagrams([(source, each.port, stray.data)], self._loop.time())
        self.core.strays()  # whose ticket ended on the way is nobody's any more
        self._flush()

    def _flush(self) -> None:
        now = self._loop.time()
        for index in send_all(
            self.core.datagrams_to_send(now, TAKE_MAX)
        ):  # the very addresses that it was given
            self.core.unsent(index)
        if (self.core.counters.tickets_issued, self.core.counters.sessions) != self._saved:
            self._changed()
        self._arm()

    def _arm(self) -> None:
        due = self.core.get_timer()
        if self._timer is not None:
            if due is not None and abs(self._timer.when() - due) < 1e-4:
                return
            self._timer.cancel()
        self._timer = None if due is None else self._loop.call_at(due, self._on_timer)

    def _on_timer(self) -> None:
        self._timer = None
        self.core.handle_timer(self._loop.time())
        self._flush()

    # --- connections --------------------------------------------------------------------------------

    def _handle_trial(self, sock: socket.socket, ip: str) -> "asyncio.Task[None]":
        sock.setblocking(False)
        return self._spawn(self._trial(sock, ip))

    async def _trial(self, sock: socket.socket, ip: str) -> None:
        await tcp.serve_trial(
            self.core, sock, ip, hand=None if self._peers is None else self._peers.hand_connection
        )
        self._flush()

    def _take_trial(self, sock: socket.socket, hello: bytes) -> None:
        """One that another worker let in."""
        sock.setblocking(False)
        try:
            ip = sock.getpeername()[0]
        except OSError:
            sock.close()  # it left meanwhile
            return
        if not self._doors.enter(ip):
            sock.close()
            return
        task = self._spawn(self._taken_trial(sock, ip, hello))
        task.add_done_callback(lambda _: self._doors.leave(ip))

    async def _taken_trial(self, sock: socket.socket, ip: str, hello: bytes) -> None:
        await tcp.serve_trial(self.core, sock, ip, hello=hello)
        self._flush()

    def _handle_control(self, sock: socket.socket, ip: str) -> "asyncio.Task[None]":
        return self._spawn(self._serve_control(sock, ip))

    async def _serve_control(self, sock: socket.socket, ip: str) -> None:
        reader = asyncio.StreamReader(limit=control.HEAD_BYTES_MAX)
        protocol = asyncio.StreamReaderProtocol(reader)
        try:
            transport, _ = await self._loop.connect_accepted_socket(
                lambda: protocol,
                sock,
                ssl=self._tls,
                ssl_handshake_timeout=control.HANDSHAKE_S,
                ssl_shutdown_timeout=control.HANDSHAKE_S,
            )
        except (OSError, EOFError):
            sock.close()  # no TLS, or too slow: nothing to answer
            return
        writer = asyncio.StreamWriter(transport, protocol, reader, self._loop)
        await control.serve_connection(self._control, reader, writer, ip)

    # --- other workers ------------------------------------------------------------------------------

    def _learn(self, tickets: Sequence[tuple[int, int]]) -> None:
        self.core.learn_tickets(tickets, datetime.now(tz=UTC).timestamp())

    def _issued(self) -> None:
        """Tickets were handed out: the others know before their owner does."""
        if self._peers is not None:
            self._peers.tell(self.core.live_tickets()[-limits.TICKETS_BATCH_MAX :])
        self._changed()

    async def _log(self, number: int, auth: bytes) -> bytes:
        return await control.sealed_log(self.core, number, auth)

    # --- what is kept -------------------------------------------------------------------------------

    def _changed(self) -> None:
        self._saved = (self.core.counters.tickets_issued, self.core.counters.sessions)
        if self._save is None:
            self._save = self._loop.call_later(SAVE_S, self._write)

    def _write(self) -> None:
        self._save = None
        self._spawn(self._write_state())

    async def _write_state(self) -> None:
        await asyncio.to_thread(self._folder.write, self._tickets_file, self.core.export_state())


class Prepared(NamedTuple):
    """What all workers of one reflector have in common."""

    folder: DataFolder
    identity: Identity
    certificate: Certificate
    profiles: ProfileSet

    @property
    def udp(self) -> tuple[int, ...]:
        """Ports to bind."""
        return tuple(dict.fromkeys((*udp_ports(self.profiles), *neutral_ports)))

    @property
    def tcp(self) -> tuple[int, ...]:
        """Ports to listen on, but for the control channel's."""
        return tuple(tcp_ports(self.profiles))


class Team(NamedTuple):
    """A worker among several: which, and the boxes of all."""

    part: Part
    boxes: Boxes


def say_to(log: TextIO) -> Callable[[str], None]:
    """Says lines there as long as somebody reads."""

    def say(text: str) -> None:
        with suppress(OSError, ValueError):  # whoever read our log has gone; we go on
            log.write(f"voipwatch reflector: {text}\n")
            log.flush()

    return say


def prepare(options: ReflectorOptions, say: Callable[[str], None]) -> Prepared:
    """Read or make what is kept. Raises OSError, ValueError for a certificate that is none."""
    folder = DataFolder(options.data, say)
    if options.certificate is not None and options.certificate_key is not None:
        certificate = read_certificate(options.certificate, options.certificate_key)
    else:
        certificate = kept_certificate(folder)
    return Prepared(folder, folder.identity(), certificate, load_profiles())


async def serve(options: ReflectorOptions, *, stop: asyncio.Event) -> None:
    """Serve until `stop` is set. Raises OSError when the control channel cannot be had."""
    prepared = prepare(options, say_to(options.log))
    prepared.folder.deal_tickets(1)
    await serve_bound(
        options, prepared, bind_all(options, udp=prepared.udp, tcp_trials=prepared.tcp), stop=stop
    )


async def serve_bound(
    options: ReflectorOptions,
    prepared: Prepared,
    bound: Bound,
    *,
    stop: asyncio.Event,
    team: Team | None = None,
) -> None:
    """Serve these sockets until `stop` is set."""
    say = say_to(options.log)
    part = ALONE if team is None else team.part
    core = ReflectorCore(
        prepared.identity,
        prepared.profiles,
        udp_ports=bound.ports("udp", tuple(udp_ports(prepared.profiles))),
        neutral_ports=bound.ports("udp", tuple(neutral_ports)),
        tcp_ports=bound.ports("tcp", prepared.tcp),
        version=__version__,
        part=part,
    )
    _restore(core, prepared.folder, say)
    if options.compiled:
        hasten(core, say)
    reach = None if options.look is None else ReachDesk(options.targets, options.look)
    peers = None if team is None else Peers(team.part, team.boxes)
    certificate, folder = prepared.certificate, prepared.folder
    server = Server(core, bound, certificate=certificate, folder=folder, reach=reach, peers=peers)
    server.start()
    if part.worker == 0:
        for name, reason in sorted(bound.unbound.items()):
            say(f"{name} is not served: {reason}")
    options.ready.write(ready_line(bound, core, certificate.pin) + "\n")
    options.ready.flush()
    gc.collect()
    gc.freeze()  # what lives as long as we do need not be looked at again while datagrams are paced
    try:
        await stop.wait()
    finally:
        await server.stop()
        say(_farewell(core))


def _restore(core: ReflectorCore, folder: DataFolder, say: Callable[[str], None]) -> None:
    name = tickets_file(core.part)
    kept = folder.read(name)
    if kept is None:
        return
    try:
        core.import_state(kept, asyncio.get_running_loop().time(), datetime.now(tz=UTC).timestamp())
    except ValueError:
        say(f"{name} is damaged: tickets handed out before are refused")


def hasten(core: ReflectorCore, say: Callable[[str], None]) -> None:
    """Let compiled code carry the common packets; where it cannot be had, say why and go on without."""
    try:
        core.hasten(compiled.load().Hot)
    except (compiled.UnavailableError, TypeError) as error:
        say(f"no compiled code ({error}): Python carries every packet")


def _farewell(core: ReflectorCore) -> str:
    counters = core.counters
    return (
        f"ended; sessions={counters.sessions} datagrams_in={counters.datagrams_in} "
        f"datagrams_out={counters.datagrams_out} garbage={counters.garbage} refused={counters.refused} "
        f"unproved={counters.unproved} unsent={counters.unsent}"
    )


def run(options: ReflectorOptions) -> int:
    """Serve in the foreground until SIGTERM or SIGINT; returns the exit status (0).

    Raises OSError when no control channel can be had at all.
    """
    if options.workers > 1:
        from voipwatch.reflector.workers import run_workers  # noqa: PLC0415 -- it serves by this module

        return run_workers(options)
    asyncio.run(_run(options))
    return 0


async def _run(options: ReflectorOptions) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        with suppress(NotImplementedError, RuntimeError, ValueError):  # Windows; not the main thread
            loop.add_signal_handler(number, stop.set)
    await serve(options, stop=stop)
