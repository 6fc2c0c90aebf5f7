"""`voipwatch serve`: reflector, collector, and the keeper of the store, on one machine, in one folder."""

import asyncio
import signal
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from inspect import signature
from pathlib import Path
from typing import Annotated, Final
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
    SiteOptions,
    asked_site,
    require_site,
)
from voipwatch.cli.serve_start import METRICS_HOST, Port, alone, prepare, require_ports
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
EVERY_S: Final = 30
"""Between two turns of the keeper while nothing waits: a report is in a cell within a minute or so."""
STATUS_EVERY_S: Final = 60.0


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
    _require_readable(certificate, certificate_key, prefixes)
    _require_server(store)
    addresses = tuple(dict.fromkeys(parse_address(text) for text in bind or ["127.0.0.1"]))
    proxies = tuple(str(parse_network(text)) for text in proxy or ())
    folder = made_folder(data, private=True).absolute()
    tested = LineTestOptions(line_test, turn, turn_tls_port, proxies, not without_geo)
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
        site=asked_site(
            SiteOptions(site, site_port, site_url, campaigns),
            tested,
            bind=addresses[0],
            data=folder,
            certificate=certificate,
            key=certificate_key,
        ),
    )
    with alone(folder):
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
        require_ports(_ports(self._plan))
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
        key, certificate, private = await asyncio.to_thread(
            prepare, plan.data, plan.certificate, plan.certificate_key
        )
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


def _ports(plan: Plan) -> list[Port]:
    """What everything else needs, by the option that says so."""
    wanted = [
        *(Port("--control-port", address, plan.control_port) for address in plan.bind),
        Port("--collector-port", plan.bind[0], plan.collector_port),
        Port("--metrics-port", METRICS_HOST, plan.metrics_port),
    ]
    if plan.site is not None:
        wanted.append(Port("--site-port", plan.site.bind, plan.site.port))
    return wanted


def _require_server(store: str | None) -> None:
    """A store that is named is a database server's, and no folder, however that is spelled. Raises Misuse."""
    if store is None:
        return
    try:
        parts = urlsplit(store)
        found = parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:  # half an IPv6 address
        found = False
    if not found:
        raise Misuse("error.store_embedded")
