"""The reflector's shell: real sockets and clocks around the core, in one asyncio loop."""

import asyncio
import gc
import signal
import socket
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from voipwatch import __version__
from voipwatch.apps import load_profiles, neutral_ports, tcp_ports, udp_ports
from voipwatch.reflector import compiled, control, tcp
from voipwatch.reflector.batches import make_batches
from voipwatch.reflector.certificate import Certificate, kept_certificate, read_certificate
from voipwatch.reflector.core import ReflectorCore
from voipwatch.reflector.options import ReflectorOptions
from voipwatch.reflector.reach import ReachDesk
from voipwatch.reflector.state import TICKETS_FILE, DataFolder
from voipwatch.reflector.udp import BATCH_MAX, UdpSocket, send_all

SAVE_S: Final = 1.0
"""After a ticket was issued or used, so that a restart knows of it."""
BATCHES_MAX: Final = 4
"""Batches of one socket before the others get their turn."""
TAKE_MAX: Final = BATCHES_MAX * BATCH_MAX
"""Datagrams sent before the sockets are read again: who is late with media must not lose what arrives too."""


@dataclass
class Bound:
    """What could be bound, and what could not."""

    udp: list[UdpSocket] = field(default_factory=list)
    trials: list[socket.socket] = field(default_factory=list)
    controls: list[socket.socket] = field(default_factory=list)
    unbound: dict[str, str] = field(default_factory=dict)
    """"udp/5060" -> why not."""
    own: str | None = None
    """"tcp/8443": a call port that the control channel has, so that no app's messages are tried on it."""

    def close(self) -> None:
        """Give everything back."""
        for each in self.udp:
            each.sock.close()
        for listener in (*self.trials, *self.controls):
            listener.close()

    def ports(self, kind: str, wanted: tuple[int, ...]) -> tuple[int, ...]:
        """Those of `wanted` that are bound on every address for calls."""
        missing = {*self.unbound, self.own}
        return tuple(port for port in wanted if f"{kind}/{port}" not in missing)


def bind_all(options: ReflectorOptions, *, udp: tuple[int, ...], tcp_trials: tuple[int, ...]) -> Bound:
    """Bind every port on every address. Raises OSError when the control channel cannot be had."""
    bound = Bound()
    control_port = options.control_port
    try:
        for ip in options.bind:
            listener = tcp.listen(ip, control_port)
            bound.controls.append(listener)
            control_port = listener.getsockname()[1]
    except OSError:
        bound.close()
        raise
    batches = make_batches(BATCH_MAX)
    for ip in options.bind:
        for port in udp:
            try:
                bound.udp.append(UdpSocket.bind(ip, port, batches=batches))
            except OSError as error:
                bound.unbound[f"udp/{port}"] = error.strerror or "unknown"
        for port in tcp_trials:
            if port == control_port:  # ours already: no trial of an app's messages there, and nobody's fault
                bound.own = f"tcp/{port}"
                continue
            try:
                bound.trials.append(tcp.listen(ip, port))
            except OSError as error:
                bound.unbound[f"tcp/{port}"] = error.strerror or "unknown"
    return bound


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
    ) -> None:
        self.core = core
        self._bound = bound
        self._folder = folder
        self._tls = certificate.context()
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._save: asyncio.TimerHandle | None = None
        self._saved: tuple[int, int] = (0, 0)
        self._tasks: set[asyncio.Task[None]] = set()
        self._reach = reach
        self._control = control.Control(core, version=__version__, changed=self._changed, reach=reach)

    def start(self) -> None:
        """Begin to serve."""
        for each in self._bound.udp:
            self._loop.add_reader(each.sock.fileno(), self._readable, each)
        doors = tcp.Doors(tcp.CONNECTIONS_MAX, tcp.CONNECTIONS_PER_ADDRESS_MAX)
        for listener in self._bound.trials:
            self._spawn(tcp.accept_forever(listener, doors, self._handle_trial))
        doors = tcp.Doors(control.CONNECTIONS_MAX, control.CONNECTIONS_PER_ADDRESS_MAX)
        for listener in self._bound.controls:
            self._spawn(tcp.accept_forever(listener, doors, self._handle_control))

    async def stop(self) -> None:
        """End every task, keep what outlives us, give the sockets back."""
        if self._reach is not None:
            self._reach.close()
        for each in self._bound.udp:
            self._loop.remove_reader(each.sock.fileno())
        for handle in (self._timer, self._save):
            if handle is not None:
                handle.cancel()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._folder.write(TICKETS_FILE, self.core.export_state())
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
        await tcp.serve_trial(self.core, sock, ip)
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

    # --- what is kept -------------------------------------------------------------------------------

    def _changed(self) -> None:
        self._saved = (self.core.counters.tickets_issued, self.core.counters.sessions)
        if self._save is None:
            self._save = self._loop.call_later(SAVE_S, self._write)

    def _write(self) -> None:
        self._save = None
        self._spawn(self._write_state())

    async def _write_state(self) -> None:
        await asyncio.to_thread(self._folder.write, TICKETS_FILE, self.core.export_state())


def ready_line(bound: Bound, core: ReflectorCore, pin: str) -> str:
    """The line that says where the reflector is and how to know it."""
    places = []
    for listener in bound.controls:
        ip, port = listener.getsockname()[:2]
        places.append(f"[{ip}]:{port}" if ":" in ip else f"{ip}:{port}")
    udp = sorted({*core.offer.udp_ports, *core.offer.neutral_ports})
    parts = {
        "control": ",".join(places),
        "pin": pin,
        "udp": ",".join(map(str, udp)) or "none",
        "tcp": ",".join(map(str, core.offer.tcp_ports)) or "none",
        "unbound": ",".join(sorted(bound.unbound)) or "none",
    }
    return "voipwatch reflector ready " + " ".join(f"{name}={value}" for name, value in parts.items())


async def serve(options: ReflectorOptions, *, stop: asyncio.Event) -> None:
    """Serve until `stop` is set. Raises OSError when the control channel cannot be had."""

    def say(text: str) -> None:
        with suppress(OSError, ValueError):  # whoever read our log has gone; we go on
            options.log.write(f"voipwatch reflector: {text}\n")
            options.log.flush()

    profiles = load_profiles()
    udp, neutral, trials = udp_ports(profiles), neutral_ports, tcp_ports(profiles)
    folder = DataFolder(options.data, say)
    if options.certificate is not None and options.certificate_key is not None:
        certificate = read_certificate(options.certificate, options.certificate_key)
    else:
        certificate = kept_certificate(folder)
    bound = bind_all(options, udp=tuple(dict.fromkeys((*udp, *neutral))), tcp_trials=tuple(trials))
    core = ReflectorCore(
        folder.identity(),
        profiles,
        udp_ports=bound.ports("udp", tuple(udp)),
        neutral_ports=bound.ports("udp", tuple(neutral)),
        tcp_ports=bound.ports("tcp", tuple(trials)),
        version=__version__,
    )
    _restore(core, folder, say)
    if options.compiled:
        hasten(core, say)
    reach = None if options.look is None else ReachDesk(options.targets, options.look)
    server = Server(core, bound, certificate=certificate, folder=folder, reach=reach)
    server.start()
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
    kept = folder.read(TICKETS_FILE)
    if kept is None:
        return
    try:
        core.import_state(kept, asyncio.get_running_loop().time(), datetime.now(tz=UTC).timestamp())
    except ValueError:
        say(f"{TICKETS_FILE} is damaged: tickets handed out before are refused")


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
    asyncio.run(_run(options))
    return 0


async def _run(options: ReflectorOptions) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        with suppress(NotImplementedError, RuntimeError, ValueError):  # Windows; not the main thread
            loop.add_signal_handler(number, stop.set)
    await serve(options, stop=stop)
