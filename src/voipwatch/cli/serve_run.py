"""One run of `voipwatch serve`: its parts started in order, kept running, drained and stopped."""

import asyncio
import signal
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from voipwatch.cli.context import Context
from voipwatch.cli.errors import CLEAR, OUR_FAULT, Trouble
from voipwatch.cli.reflector import say_ports
from voipwatch.cli.serve_health import Health, HealthServer
from voipwatch.cli.serve_roles import CampaignsRole, CollectorOrder, KeeperOrder, ReflectorOrder, SiteRole
from voipwatch.cli.serve_share import KEEPER, Share
from voipwatch.cli.serve_site import (
    COLLECTOR,
)
from voipwatch.cli.serve_start import METRICS_HOST, Port, prepare, require_ports
from voipwatch.cli.serve_supervisor import Child, StartError, Supervisor
from voipwatch.cli.values import (
    shown,
    shown_path,
)
from voipwatch.pipeline.duties import Duty, status_file

STATUS_EVERY_S: Final = 60.0
DUTIES: Final = tuple(duty.value for duty in Duty)
"""Roles that keep a store."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be served, understood and checked."""

    data: Path
    bind: tuple[str, ...]
    control_port: int
    collector_port: int
    metrics_port: int
    store: str
    stream: str
    """URL; empty: the keeper reads the collector's spool."""
    register: str
    """URL of what collectors share; empty: this one is alone."""
    proxies: tuple[str, ...]
    trusted: tuple[str, ...]
    prefixes: str
    certificate: Path | None
    certificate_key: Path | None
    every_s: int
    canary: bool
    geo: bool
    instance: str
    share: Share
    health_port: int | None = None
    """None: nobody asks."""
    drain_s: int = 0
    workers: int = 1
    """Of the reflector."""
    site: SiteRole | None = None
    """None: no site is served."""


class Serving:
    """One run of `serve`."""

    def __init__(self, context: Context, plan: Plan) -> None:
        self._context = context
        self._plan = plan
        self._supervisor = Supervisor(self._heard)
        self._last = b""
        self._health: HealthServer | None = None
        self._started = False
        self._draining = False

    async def run(self) -> int:
        """Until it is told to stop; its exit status. Raises Misuse where a port is another program's."""
        plan = self._plan
        require_ports(_ports(plan))
        if plan.health_port is not None:
            self._health = HealthServer(plan.bind[0], plan.health_port, self._state)
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
                await self._drain(broken)
        except StartError as error:
            raise Trouble(
                "error.serve_start", role=error.role, reason=shown(error.reason, longest=300)
            ) from error
        finally:
            for task in (starting, stopped, broken, ticking):
                task.cancel()
            await self._stop()
            if self._health is not None:
                self._health.close()
        keeps = self._plan.share.has(KEEPER, "collector", "loader")
        self._context.say("serve.ended" if keeps else "serve.ended_plain")
        return CLEAR if stop.is_set() else OUR_FAULT

    async def _drain(self, broken: "asyncio.Task[bool]") -> None:
        """Work goes on, and whoever asks is told to send no more of it here."""
        self._draining = True
        if self._plan.drain_s and not broken.done():
            self._context.say("serve.draining", seconds=self._plan.drain_s)
            await asyncio.wait([broken], timeout=self._plan.drain_s)

    def _state(self) -> Health:
        """Asked from other threads: it only reads."""
        parts = {
            role: child.trouble or "ready" if child.is_up else "starting"
            for role, child in [*self.children.items()]
        }
        for role in (KEEPER, "loader", "detector"):
            if parts.get(role) == "ready":
                parts[role] = _store_word(self._plan.data / status_file(Duty(role)))
        ready = self._started and not self._draining and set(parts.values()) <= {"ready"}
        return Health(ready, self._draining, parts)

    async def _start(self) -> None:
        """The keeper first: a store of a newer version ends it all before anything is served."""
        plan = self._plan
        key, certificate, private = await asyncio.to_thread(
            prepare, plan.data, plan.certificate, plan.certificate_key
        )
        self._context.say("serve.starting", path=shown_path(plan.data), roles=", ".join(plan.share.roles))
        for role in (KEEPER, "loader", "detector"):
            if plan.share.has(role):
                await self._supervisor.start(role, self._keeping(role))
        own = (key,) if plan.share.has("reflector") else ()
        collecting = self._collecting((*own, *plan.trusted), str(certificate), str(private))
        told, taken = await asyncio.gather(self._start_reflector(), self._start_collector(collecting))
        self._say_ready(told, taken, await self._start_site())
        self._started = True

    def _keeping(self, role: str) -> KeeperOrder:
        plan = self._plan
        return KeeperOrder(
            str(plan.data),
            plan.store,
            str(plan.data / COLLECTOR / "spool"),
            plan.every_s,
            stream=plan.stream,
            instance=plan.instance,
            duty=role,
            partitions=plan.share.partitions,
        )

    def _collecting(self, reflectors: tuple[str, ...], certificate: str, private: str) -> CollectorOrder:
        plan = self._plan
        return CollectorOrder(
            data=str(plan.data / COLLECTOR),
            bind=plan.bind[0],
            port=plan.collector_port,
            metrics_port=plan.metrics_port,
            reflectors=reflectors,
            certificate=certificate,
            certificate_key=private,
            prefixes=plan.prefixes,
            geo=plan.geo,
            instance=plan.instance,
            proxies=plan.proxies,
            stream=plan.stream,
            register=plan.register,
        )

    async def _start_reflector(self) -> Mapping[str, str]:
        """What it said; nothing where there is none here."""
        plan = self._plan
        if not plan.share.has("reflector"):
            return {}
        order = ReflectorOrder(
            str(plan.data / "reflector"), plan.bind, plan.control_port, plan.canary, plan.workers
        )
        told = await self._supervisor.start("reflector", order)
        control = told["control"].split(",")[0]
        self._keep_port("reflector", control_port=int(control.rpartition(":")[2]))
        return told

    async def _start_collector(self, order: CollectorOrder) -> Mapping[str, str]:
        """The same."""
        if not self._plan.share.has("collector"):
            return {}
        taken = await self._supervisor.start("collector", order)
        self._keep_port("collector", port=int(taken["port"]), metrics_port=int(taken["metrics"]))
        return taken

    async def _start_site(self) -> str:
        """Its address; empty where there is none here."""
        site, supervisor = self._plan.site, self._supervisor
        if site is None:
            return ""
        if site.campaigns:
            # First: it brings the tables up to date that the site's processes then open.
            await supervisor.start("campaigns", CampaignsRole(site.campaigns))
        served = await supervisor.start("site", site)
        self._keep_port("site", port=int(served["port"]))
        return f"{'https' if site.certificate else 'http'}://{self._host}:{served['port']}/"

    @property
    def _host(self) -> str:
        first = self._plan.bind[0]
        return f"[{first}]" if ":" in first else first

    def _keep_port(self, role: str, **ports: int) -> None:
        """Started again, it takes the same ports: probes know them."""
        child = self._supervisor.children[role]
        child.order = msgspec.structs.replace(child.order, **ports)

    def _say_ready(self, reflector: Mapping[str, str], collector: Mapping[str, str], site: str) -> None:
        control, pin = reflector.get("control", "").split(",")[0], reflector.get("pin", "")
        url = f"https://{self._host}:{collector['port']}" if collector else ""
        pids = ",".join(f"{child.role}:{child.pid}" for child in self._supervisor.children.values())
        fields = {
            "reflector": control,
            "pin": pin,
            "log_key": reflector.get("log_key", ""),
            "collector": url,
            "key": collector.get("key", ""),
            "pids": pids,
            "site": site,
            "health": f"http://{self._host}:{self._health.port}/ready" if self._health is not None else "",
        }
        line = " ".join(
            ["voipwatch serve ready", *(f"{name}={text}" for name, text in fields.items() if text)]
        )
        with suppress(OSError):  # whoever read it has gone; we go on
            self._context.stdout.write(line + "\n")
            self._context.stdout.flush()
            self._context.say("serve.ready", style="bold")
            if reflector:
                say_ports(self._context, reflector)
                self._context.say("serve.reflector", control=control, pin=pin)
                self._context.say("reflector.log_key", public=reflector["log_key"])
            if collector:
                self._context.say("serve.collector", url=url, public=collector["key"])
            if site:
                self._context.say("serve.site", url=site)
            if fields["health"]:
                self._context.say("serve.health", url=fields["health"])
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
        duty = next((Duty(role) for role in self._plan.share.roles if role in DUTIES), None)
        if duty is None:
            return
        content = (self._plan.data / status_file(duty)).read_bytes()
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
        await asyncio.gather(*map(self._supervisor.stop, DUTIES))

    @property
    def children(self) -> dict[str, Child]:
        """By role."""
        return self._supervisor.children


def _ports(plan: Plan) -> list[Port]:
    """What everything else needs, by the option that says so."""
    wanted = []
    if plan.share.has("reflector"):
        wanted += [Port("--control-port", address, plan.control_port) for address in plan.bind]
    if plan.share.has("collector"):
        wanted.append(Port("--collector-port", plan.bind[0], plan.collector_port))
        wanted.append(Port("--metrics-port", METRICS_HOST, plan.metrics_port))
    if plan.health_port is not None:
        wanted.append(Port("--health-port", plan.bind[0], plan.health_port))
    if plan.site is not None:
        wanted.append(Port("--site-port", plan.site.bind, plan.site.port))
    return wanted


def _store_word(status: Path) -> str:
    """`ready`, or what the keeper says of its store."""
    try:
        store = str(msgspec.json.decode(status.read_bytes())["store"])
    except (OSError, msgspec.DecodeError, KeyError, TypeError):
        return "starting"
    return "ready" if store == "ok" else store
