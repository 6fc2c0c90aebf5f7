"""`voipwatch serve`: reflector, collector, and the keeper of the store, on one machine, in one folder."""

import asyncio
import errno
import fcntl
import os
import signal
import socket
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from inspect import signature
from pathlib import Path
from typing import IO, Annotated, Final
from urllib.parse import urlsplit

import msgspec
from cyclopts import Parameter
from rich.text import Text

from voipwatch.cli.context import Context
from voipwatch.cli.errors import CLEAR, OUR_FAULT, Misuse, Trouble
from voipwatch.cli.reflector import PEM_BYTES_MAX, say_ports
from voipwatch.cli.reportfile import read_file
from voipwatch.cli.serve_roles import CampaignsRole, CollectorOrder, KeeperOrder, ReflectorOrder, SiteRole
from voipwatch.cli.serve_site import (
    COLLECTOR,
    SITE_PORT,
    TURN_TLS_PORT,
    LineTestOptions,
    require_site,
    site_role,
    with_campaigns,
)
from voipwatch.cli.serve_supervisor import Child, StartError, Supervisor
from voipwatch.cli.serve_unit import unit_text
from voipwatch.cli.values import (
    CONTROL_PORT,
    made_folder,
    parse_address,
    parse_count,
    parse_instance,
    parse_network,
    parse_pin,
    shown,
    shown_path,
)

COLLECTOR_PORT: Final = 8480
METRICS_PORT: Final = 8481
METRICS_HOST: Final = "127.0.0.1"
EVERY_S: Final = 30
"""Between two turns of the keeper while nothing waits: a report is in a cell within a minute or so."""
STATUS_EVERY_S: Final = 60.0
LOCK_FILE: Final = "serve-lock"


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be served, understood and checked."""

    data: Path
    bind: tuple[str, ...]
    control_port: int
    collector_port: int
    metrics_port: int
    store: str
    proxies: tuple[str, ...]
    trusted: tuple[str, ...]
    prefixes: str
    certificate: Path | None
    certificate_key: Path | None
    every_s: int
    canary: bool
    geo: bool
    instance: str
    site: SiteRole | None = None
    """None: no site is served."""


def serve(  # noqa: PLR0913 -- one parameter an option
    *,
    context: Annotated[Context, Parameter(parse=False)],
    data: Annotated[str | None, Parameter(metavar="DIR")] = None,
    bind: Annotated[list[str] | None, Parameter(metavar="ADDR")] = None,
    control_port: Annotated[int, Parameter(metavar="P")] = CONTROL_PORT,
    collector_port: Annotated[int, Parameter(metavar="P")] = COLLECTOR_PORT,
    metrics_port: Annotated[int, Parameter(metavar="P")] = METRICS_PORT,
    proxy: Annotated[list[str] | None, Parameter(metavar="PREFIX")] = None,
    store: Annotated[str | None, Parameter(metavar="URL")] = None,
    trust: Annotated[list[str] | None, Parameter(metavar="KEY")] = None,
    prefixes: Annotated[str | None, Parameter(metavar="FILE")] = None,
    certificate: Annotated[str | None, Parameter(metavar="FILE")] = None,
    certificate_key: Annotated[str | None, Parameter(metavar="FILE")] = None,
    every: Annotated[int, Parameter(metavar="SECONDS")] = EVERY_S,
    instance: Annotated[str | None, Parameter(metavar="NAME")] = None,
    site: Annotated[str | None, Parameter(metavar="DIR")] = None,
    site_port: Annotated[int, Parameter(metavar="P")] = SITE_PORT,
    site_url: Annotated[str | None, Parameter(metavar="URL")] = None,
    line_test: Annotated[str | None, Parameter(metavar="ADDR")] = None,
    turn: bool = False,
    turn_tls_port: Annotated[int, Parameter(metavar="P")] = TURN_TLS_PORT,
    campaigns: Annotated[str | None, Parameter(metavar="DIR")] = None,
    without_canary: bool = False,
    without_geo: bool = False,
    unit: bool = False,
) -> int:
    """Serve until SIGTERM or Ctrl-C."""
    typed = dict(locals())
    if data is None:
        raise Misuse("error.no_data")
    if (certificate is None) != (certificate_key is None):
        raise Misuse("error.half_certificate")
    require_site(site, line_test=line_test, turn=turn, campaigns=campaigns)
    if unit:
        context.out.print(Text(unit_text(_given(typed))), soft_wrap=True)
        return CLEAR
    _require_readable(certificate, certificate_key)
    if store is not None and not _is_server(store):
        raise Misuse("error.store_embedded")
    if prefixes is not None:
        read_file(Path(prefixes), most_bytes=PEM_BYTES_MAX)
    addresses = tuple(dict.fromkeys(parse_address(text) for text in bind or ["127.0.0.1"]))
    proxies = tuple(str(parse_network(text)) for text in proxy or ())
    folder = made_folder(data, private=True).absolute()
    plan = Plan(
        data=folder,
        bind=addresses,
        control_port=parse_count(control_port, option="--control-port", low=0, high=65535),
        collector_port=parse_count(collector_port, option="--collector-port", low=0, high=65535),
        metrics_port=parse_count(metrics_port, option="--metrics-port", low=0, high=65535),
        store=f"chdb://{folder / 'store'}" if store is None else store,
        proxies=proxies,
        trusted=tuple(parse_pin(key) for key in trust or []),
        prefixes=str(Path(prefixes).absolute()) if prefixes is not None else "",
        certificate=Path(certificate) if certificate is not None else None,
        certificate_key=Path(certificate_key) if certificate_key is not None else None,
        every_s=parse_count(every, option="--every", low=1, high=3600),
        canary=not without_canary,
        geo=not without_geo,
        instance=parse_instance(instance),
        site=None
        if site is None
        else with_campaigns(
            site_role(
                site,
                site_port,
                site_url,
                bind=addresses[0],
                data=folder,
                certificate=certificate,
                key=certificate_key,
                line_test=LineTestOptions(line_test, turn, turn_tls_port, proxies, not without_geo),
            ),
            campaigns,
        ),
    )
    with _alone(folder):
        return asyncio.run(Serving(context, plan).run())


def _given(typed: dict[str, object]) -> dict[str, object]:
    """Parameters of `serve` that differ from what holds anyway, but those that a unit has no use of."""
    usual = {name: each.default for name, each in signature(serve).parameters.items()}
    return {
        name: value
        for name, value in typed.items()
        if name not in {"context", "unit"} and value != usual[name]
    }


def _require_readable(*names: str | None) -> None:
    """Files of a certificate and its key. Raises Misuse."""
    for name in names:
        if name is not None:
            read_file(Path(name), most_bytes=PEM_BYTES_MAX)


class Serving:
    """One run of `serve`."""

    def __init__(self, context: Context, plan: Plan) -> None:
        self._context = context
        self._plan = plan
        self._supervisor = Supervisor(self._heard)
        self._last = b""

    async def run(self) -> int:
        """Until it is told to stop; its exit status. Raises Misuse where a port is another program's."""
        require_ports(self._plan)
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        starting = asyncio.create_task(self._start())
        stopped = asyncio.create_task(stop.wait())
        broken = asyncio.create_task(self._supervisor.broken.wait())
        ticking = asyncio.create_task(self._tick())
        try:
            await asyncio.wait([starting, stopped], return_when=asyncio.FIRST_COMPLETED)
            if starting.done():
                await starting
                await asyncio.wait([stopped, broken], return_when=asyncio.FIRST_COMPLETED)
        except StartError as error:
            raise Trouble(
                "error.serve_start", role=error.role, reason=shown(error.reason, longest=300)
            ) from error
        finally:
            for task in (starting, stopped, broken, ticking):
                task.cancel()
            await self._stop()
        self._context.say("serve.ended")
        return CLEAR if stop.is_set() else OUR_FAULT

    async def _start(self) -> None:
        """The keeper first: a store of a newer version ends it all before anything is served."""
        plan, supervisor = self._plan, self._supervisor
        key, certificate, private = await asyncio.to_thread(prepare, plan)
        collector_folder = plan.data / COLLECTOR
        self._context.say("serve.starting", path=shown_path(plan.data))
        await supervisor.start(
            "keeper",
            KeeperOrder(str(plan.data), plan.store, str(collector_folder / "spool"), plan.every_s),
        )
        reflector = ReflectorOrder(str(plan.data / "reflector"), plan.bind, plan.control_port, plan.canary)
        collector = CollectorOrder(
            data=str(collector_folder),
            bind=plan.bind[0],
            port=plan.collector_port,
            metrics_port=plan.metrics_port,
            reflectors=(key, *plan.trusted),
            certificate=str(certificate),
            certificate_key=str(private),
            prefixes=plan.prefixes,
            geo=plan.geo,
            instance=plan.instance,
            proxies=plan.proxies,
        )
        told, taken = await asyncio.gather(
            supervisor.start("reflector", reflector), supervisor.start("collector", collector)
        )
        control = told["control"].split(",")[0]
        self._keep_port("reflector", control_port=int(control.rpartition(":")[2]))
        self._keep_port("collector", port=int(taken["port"]), metrics_port=int(taken["metrics"]))
        host = f"[{plan.bind[0]}]" if ":" in plan.bind[0] else plan.bind[0]
        site = ""
        if plan.site is not None:
            if plan.site.campaigns:
                # First: it brings the tables up to date that the site's processes then open.
                await supervisor.start("campaigns", CampaignsRole(plan.site.campaigns))
            served = await supervisor.start("site", plan.site)
            self._keep_port("site", port=int(served["port"]))
            site = f"{'https' if plan.site.certificate else 'http'}://{host}:{served['port']}/"
        self._say_ready(control, told, f"https://{host}:{taken['port']}", taken["key"], site)

    def _keep_port(self, role: str, **ports: int) -> None:
        """Started again, it takes the same ports: probes know them."""
        child = self._supervisor.children[role]
        child.order = msgspec.structs.replace(child.order, **ports)

    def _say_ready(
        self, control: str, reflector: Mapping[str, str], collector: str, key: str, site: str
    ) -> None:
        pin = reflector["pin"]
        pids = ",".join(f"{child.role}:{child.pid}" for child in self._supervisor.children.values())
        line = (
            f"voipwatch serve ready reflector={control} pin={pin} collector={collector} key={key} pids={pids}"
        ) + (f" site={site}" if site else "")
        with suppress(OSError):  # whoever read it has gone; we go on
            self._context.stdout.write(line + "\n")
            self._context.stdout.flush()
            self._context.say("serve.ready", style="bold")
            say_ports(self._context, reflector)
            self._context.say("serve.reflector", control=control, pin=pin)
            self._context.say("serve.collector", url=collector, public=key)
            if site:
                self._context.say("serve.site", url=site)
            self._context.say("serve.stop")

    def _heard(self, role: str, kind: str, text: str) -> None:
        with suppress(OSError):
            if kind == "died":
                self._context.say("serve.died", role=role, reason=shown(text, longest=300), style="yellow")
            elif kind == "say":
                self._context.say("serve.said", role=role, text=shown(text, longest=400))

    async def _tick(self) -> None:
        """A line a minute, where there is news."""
        while True:
            await asyncio.sleep(STATUS_EVERY_S)
            with suppress(OSError, msgspec.DecodeError, KeyError):
                self._say_status()

    def _say_status(self) -> None:
        content = (self._plan.data / "status.json").read_bytes()
        known = msgspec.json.decode(content)
        known.pop("at_s")
        if msgspec.json.encode(known) == self._last:
            return
        self._last = msgspec.json.encode(known)
        self._context.say(
            "serve.status",
            reports=known["reports"],
            waiting=known["pieces_waiting"],
            cells=known["cells"],
            changes=known["changepoints"],
            damaged=known["damaged"],
            store=known["store"],
        )

    async def _stop(self) -> None:
        """Who takes reports first, then who keeps them: what was sealed last is loaded before the end."""
        self._supervisor.stopping()
        await asyncio.gather(*map(self._supervisor.stop, ("reflector", "collector", "site", "campaigns")))
        await self._supervisor.stop("keeper")

    @property
    def children(self) -> dict[str, Child]:
        """By role."""
        return self._supervisor.children


def require_ports(plan: Plan) -> None:
    """Try the ports that everything else needs, before the slow part of a start. Raises Misuse, Trouble."""
    wanted = [
        *(("--control-port", address, plan.control_port) for address in plan.bind),
        ("--collector-port", plan.bind[0], plan.collector_port),
        ("--metrics-port", METRICS_HOST, plan.metrics_port),
    ]
    if plan.site is not None:
        wanted.append(("--site-port", plan.site.bind, plan.site.port))
    with ExitStack() as held:
        for option, address, port in wanted:
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            try:
                tried = held.enter_context(socket.socket(family, socket.SOCK_STREAM))
                tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as whoever binds it then
                if family is socket.AF_INET6:
                    tried.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                tried.bind((address, port))
                tried.listen(1)
            except OSError as error:
                if error.errno == errno.EADDRINUSE:
                    raise Misuse("error.serve_port", port=port, address=address, option=option) from error
                if error.errno == errno.EADDRNOTAVAIL:
                    raise Misuse("error.not_ours", address=address) from error
                raise Trouble(
                    "error.bind_failed", reason=shown(f"{address}:{port}: {error.strerror}", longest=200)
                ) from error


def prepare(plan: Plan) -> tuple[str, Path, Path]:
    """The reflector's public key, and the files of the collector's certificate and its private key."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (  # noqa: PLC0415 -- seldom needed
        Ed25519PrivateKey,
    )

    from voipwatch.reflector.certificate import kept_certificate  # noqa: PLC0415 -- the same
    from voipwatch.reflector.state import DataFolder  # noqa: PLC0415 -- the same

    troubles: list[str] = []
    kept = DataFolder(plan.data / "reflector", troubles.append)
    identity = kept.identity()
    if troubles:
        raise StartError("reflector", troubles[0])
    key = Ed25519PrivateKey.from_private_bytes(identity.private_key).public_key().public_bytes_raw().hex()
    if plan.certificate is not None and plan.certificate_key is not None:
        return key, plan.certificate, plan.certificate_key
    made = kept_certificate(kept)
    folder = plan.data / "tls"
    folder.mkdir(mode=0o700, exist_ok=True)
    chain, private = folder / "certificate.pem", folder / "key.pem"
    chain.write_bytes(made.chain)
    private.touch(mode=0o600)
    private.write_bytes(made.key)
    return key, chain, private


class _alone:  # noqa: N801 -- a context, used like a function
    """Holds the folder's lock; it dies with the process."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file: IO[str] | None = None

    def __enter__(self) -> None:
        try:
            file = self._file = (self._folder / LOCK_FILE).open("a+", encoding="utf-8")
        except OSError as error:
            raise Misuse(
                "error.data_folder", path=shown_path(self._folder), reason=error.strerror or ""
            ) from None
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.seek(0)
            holder = file.read().strip() or "?"
            file.close()
            raise Trouble("error.serve_held", path=shown_path(self._folder), pid=holder) from None
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()


def _is_server(store: str) -> bool:
    """Whether a store is a database server's, and no folder, however that is spelled."""
    try:
        parts = urlsplit(store)
        return parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:  # half an IPv6 address
        return False
