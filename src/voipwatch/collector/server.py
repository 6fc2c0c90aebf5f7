"""One running collector: the application on Granian, the desk on its thread, the metrics on their own
listener.
"""

import asyncio
import errno
import logging
import secrets
import signal
import socket
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.server.embed import Server

from voipwatch import __version__
from voipwatch.collector.app import App, Message, Parts, Receive, Scope, Send
from voipwatch.collector.daykey import SharedHasher
from voipwatch.collector.desk import Committer, Desk
from voipwatch.collector.geo import packaged_geo
from voipwatch.collector.index import Index
from voipwatch.collector.intake import Rules
from voipwatch.collector.judges import Judges
from voipwatch.collector.keys import Enrolments, Signer, kept_keys
from voipwatch.collector.limits import DAY_S, Buckets, Room
from voipwatch.collector.metrics import Metrics
from voipwatch.collector.options import CollectorOptions
from voipwatch.collector.prefixes import PrefixHasher, PrefixKinds, forget_kept_key
from voipwatch.collector.register import RegisterLink
from voipwatch.collector.retention import expired_months, oldest_month, remove_months
from voipwatch.collector.spool import SpoolError, SpoolWriter
from voipwatch.collector.stopword import StopWord
from voipwatch.collector.streaming.address import StreamAddressError, parse_stream
from voipwatch.collector.streaming.marks import Marks
from voipwatch.collector.streaming.relay import Relay
from voipwatch.model.sessionclaims import RegisterAwayError

if TYPE_CHECKING:
    from nats.aio.client import Client

SPOOL_FOLDER: Final = "spool"
LOCK_FILE: Final = "collector.lock"
CHORES_S: Final = 5.0
HEADER_TIMEOUT_MS: Final = 10_000
BACKLOG: Final = 1024
START_TIMEOUT_S: Final = 30.0
Clock = Callable[[], float]


class CollectorError(Exception):
    """It cannot start; the message says why."""


def wall_clock() -> float:
    """Unix seconds: what is received is dated by them."""
    return datetime.now(tz=UTC).timestamp()


class Collector:
    """A collector in this process. `start`, then `stop`, each once."""

    def __init__(self, options: CollectorOptions, *, clock: Clock = wall_clock) -> None:
        self.options = options
        self._forgotten = ""
        """Month before which the register has nothing any more."""
        self.metrics = Metrics()
        self.port = options.port
        self.metrics_port = options.metrics_port
        self.public_key = ""
        self._clock = clock
        self._servers: list[tuple[Server, asyncio.Task[None]]] = []
        self._chores: asyncio.Task[None] | None = None
        self._parts: Parts | None = None
        self._stream: Client | None = None
        self._relay: Relay | None = None
        self._lock: socket.socket | None = None

    async def start(self) -> None:
        """Recover what an earlier process left, then serve. Raises CollectorError, KeysError, OSError."""
        options = self.options
        options.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        options.data.chmod(0o700)
        self._take_lock()
        parts = self._parts = await asyncio.to_thread(self._assemble)
        if options.stream:
            parts.committer.relay = self._relay = await self._connect(options.stream)
            self._relay.start()
        await parts.judges.start()
        self.port = await self._serve(App(parts), options.bind, options.port, tls=True)
        if options.metrics_port is not None:
            exposition = MetricsApp(self.metrics)
            self.metrics_port = await self._serve(
                exposition, options.metrics_bind, options.metrics_port, tls=False
            )
        self._chores = asyncio.create_task(self._do_chores(parts))

    async def stop(self) -> None:
        """Answer what is under way, then seal the spool and give everything back."""
        if self._chores is not None:
            self._chores.cancel()
            with suppress(asyncio.CancelledError):
                await self._chores
        for server, task in self._servers:
            server.stop()  # type: ignore[no-untyped-call]  # Granian leaves it without annotations
            with suppress(asyncio.CancelledError):
                await task
        if self._parts is not None:
            await self._parts.committer.drain()
            if self._relay is not None:
                await self._relay.stop()
            if self._stream is not None:
                await self._stream.close()
            await self._parts.judges.stop()
            self._parts.desk.close()
        if self._lock is not None:
            self._lock.close()

    async def _connect(self, url: str) -> Relay:
        """The relay to a stream. Raises CollectorError."""
        # An extra that a collector with a spool alone goes without.
        from voipwatch.collector.streaming.connection import (  # noqa: PLC0415 -- the same
            StreamError,
            open_partitions,
        )
        from voipwatch.collector.streaming.publisher import JetStreamPublisher  # noqa: PLC0415 -- the same

        options = self.options
        try:
            address = parse_stream(url)
            client, made = await open_partitions(
                address,
                name="voipwatch collector",
                say=self._say,
                instance=options.instance,
                keep_days=31 * options.keep_months,
            )
        except (StreamAddressError, StreamError) as error:
            raise CollectorError(str(error)) from error
        self._stream = client
        marks = Marks(options.data)
        if not marks.belong_to(made):
            self._say("stream: it is another one than before; all of the spool is published to it")
        return Relay(
            options.data / SPOOL_FOLDER,
            marks,
            JetStreamPublisher(client, address.partitions, options.instance),
            say=self._say,
        )

    def _take_lock(self) -> None:
        # An abstract socket goes with its process, however that ends; a file would be left behind.
        lock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            # By its digest: a name of a socket has 108 bytes (unix(7)), a folder's may have thousands.
            place = sha256(bytes(self.options.data.resolve())).hexdigest()
            lock.bind(f"\0voipwatch-collector-{place}")
        except OSError as error:
            lock.close()
            if error.errno != errno.EADDRINUSE:
                raise
            raise CollectorError("another collector works on this data folder") from error
        self._lock = lock

    def _assemble(self) -> Parts:
        options, say = self.options, self._say
        keys = kept_keys(options.data, secrets.token_bytes)
        signer = Signer(keys.signing)
        self.public_key = signer.public
        spool_folder = options.data / SPOOL_FOLDER
        spool = SpoolWriter(spool_folder, secrets.token_bytes)
        spool.recover()
        index = Index(options.data)
        for segment, damage in index.catch_up(spool_folder):
            if not damage.torn:
                self.metrics.count("damages_total")
                say(
                    f"spool segment {segment.name}: {damage.length} bytes at {damage.offset}: {damage.reason}"
                )
        register = self._register(index) if options.register is not None else None
        desk = Desk(spool, index, signer, register)
        desk.finish_deletions()
        geo = options.geo
        if geo is None:
            say("reading the databases of countries and networks (the first time: half a minute to two)")
            geo = packaged_geo(options.data)
        rules = Rules(options.reflectors, Enrolments(keys.enrolment), options.instance)
        return Parts(
            desk=desk,
            committer=Committer(desk, self._clock, waiting_max=options.limits.waiting_max),
            judges=Judges(rules, keys.enrolment, options.limits, count=options.workers, tell=self._fault),
            rules=rules,
            signer=signer,
            stop=StopWord(options.data, signer),
            geo=geo,
            hasher=PrefixHasher(options.data, secrets.token_bytes)
            if register is None
            else SharedHasher(register.day_key),
            kinds=PrefixKinds(options.declared),
            metrics=self.metrics,
            clock=self._clock,
            limits=options.limits,
            reports=Buckets(options.reports_burst, options.reports_a_second),
            enrolments=Buckets(options.enrolments_a_day, options.enrolments_a_day / DAY_S),
            room=Room(options.limits.held_bytes),
            proxies=options.proxies,
            version=__version__,
        )

    def _register(self, index: Index) -> RegisterLink:
        """The register, told what is in this folder. Raises CollectorError."""
        assert self.options.register is not None
        try:
            register = self.options.register()
        except ModuleNotFoundError as error:
            raise CollectorError(
                f"a register needs the library {error.name}: pip install 'voipwatch[civic]'"
            ) from error
        except RegisterAwayError as error:
            raise CollectorError(f"register: {error}") from error
        data, trouble = self.options.data, self.options.trouble
        link = RegisterLink(register, data, say=self._say, trouble=trouble or (lambda _word: None))
        try:
            link.join(index)
        except RegisterAwayError as error:
            link.close()
            raise CollectorError(f"register: {error}") from error
        forget_kept_key(data)
        return link

    def _fault(self, line: str) -> None:
        self.metrics.count("judge_faults_total")
        self._say(line)

    def _say(self, line: str) -> None:
        if self.options.say is not None:
            self.options.say(line)

    async def _serve(self, app: object, bind: str, port: int, *, tls: bool) -> int:
        """Serve on a port, which is told; 0 takes a free one. Raises OSError where it cannot be had."""
        port = _free_port(bind, port)
        options = self.options
        server = Server(
            app,
            address=bind,
            port=port,
            interface=Interfaces.ASGINL,
            http=HTTPModes.http1,
            websockets=False,
            backlog=BACKLOG,
            log_enabled=False,
            log_access=False,
            http1_settings=HTTP1Settings(header_read_timeout=HEADER_TIMEOUT_MS),
            ssl_cert=options.certificate if tls else None,
            ssl_key=options.certificate_key if tls else None,
        )
        logging.getLogger("_granian").setLevel(logging.CRITICAL)
        task = asyncio.create_task(server.serve())
        self._servers.append((server, task))
        await _until_answers(bind, port, task)
        return port

    async def _do_chores(self, parts: Parts) -> None:
        while True:
            await asyncio.sleep(CHORES_S)
            now_s = self._clock()
            parts.hasher.forget(now_s)
            self.metrics.gauges["waiting"] = parts.committer.held
            with suppress(SpoolError, OSError, sqlite3.Error):  # the same again, in a moment
                await self._meet(parts, now_s)
            if self._relay is not None:
                self._relay.offer(parts.desk.written)  # a deletion waits for nobody
            with suppress(OSError, sqlite3.Error):  # tried again in a few seconds; reports say of themselves
                await parts.committer.run(partial(self._tidy, parts.desk, now_s))

    async def _meet(self, parts: Parts, now_s: float) -> None:
        """See whether the register is there, and settle with it."""
        register = parts.desk.register
        if register is None:
            return
        try:
            await parts.hasher.refresh(now_s)
            await parts.committer.run(partial(self._share, parts.desk, now_s))
        except RegisterAwayError as error:
            register.lost(error)

    def _share(self, desk: Desk, now_s: float) -> None:
        """What goes to and comes from other collectors by the register, besides reports themselves."""
        if desk.register is None:
            return
        desk.register.confirm()
        desk.erase_elsewhere_deleted(now_s)
        oldest = oldest_month(now_s, self.options.keep_months)
        if self._forgotten != oldest and not desk.register.forget_before(oldest):
            self._forgotten = oldest

    def _tidy(self, desk: Desk, now_s: float) -> None:
        desk.roll(now_s)
        desk.finish_deletions()
        folder = self.options.data / SPOOL_FOLDER
        months = expired_months(folder, now_s, self.options.keep_months)
        if months:
            remove_months(folder, months)
            desk.forget_months(months)
            if self._relay is not None:
                self._relay.forget_months(months)


class MetricsApp:
    """GET /metrics, on a listener of its own."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            return
        found = scope["path"] == "/metrics"
        content = self._metrics.text().encode() if found else b"see /metrics\n"
        headers = [(b"content-type", b"text/plain; version=0.0.4; charset=utf-8")]
        start: Message = {"type": "http.response.start", "status": 200 if found else 404, "headers": headers}
        await send(start)
        await send({"type": "http.response.body", "body": content})


def _free_port(bind: str, port: int) -> int:
    """The port, or a free one for 0. Raises OSError where it is held: Granian's own words would be lost."""
    family = socket.AF_INET6 if ":" in bind else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((bind, port))
        return int(probe.getsockname()[1])


async def _until_answers(bind: str, port: int, task: "asyncio.Task[None]") -> None:
    deadline = asyncio.get_running_loop().time() + START_TIMEOUT_S
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(bind, bind)  # noqa: S104 -- asked, not bound
    while not task.done():
        try:
            _, writer = await asyncio.open_connection(host, port)
        except OSError:
            if asyncio.get_running_loop().time() > deadline:
                break
            await asyncio.sleep(0.02)
            continue
        writer.close()
        return
    raise CollectorError(f"the HTTP server did not start on port {port}")


async def _run(options: CollectorOptions, ready: Callable[[Collector], Any]) -> None:
    collector = Collector(options)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    try:
        await collector.start()
        ready(collector)
        await stop.wait()
    finally:
        await collector.stop()


def run(options: CollectorOptions, ready: Callable[[Collector], Any]) -> int:
    """Serve until SIGTERM or SIGINT; `ready` is called once it answers. Raises what `Collector.start`
    does.
    """
    asyncio.run(_run(options, ready))
    return 0
