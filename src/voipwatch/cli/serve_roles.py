"""The processes of `voipwatch serve`: `python -m voipwatch.cli.serve_roles ROLE`, run by `serve` alone.

The first line of standard input is the role's order as JSON; the end of standard input means that whoever
gave it is gone: the role then stops as on SIGTERM, so that nothing is left behind by a `serve` that was
killed. What a role has to say goes to standard output, one JSON object a line: `ready`, `say`, `failed`.
"""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, Final, TextIO, cast
from urllib.parse import urlsplit

import msgspec

if TYPE_CHECKING:
    from voipwatch.site.app import AsgiApp

OUR_FAULT: Final = 70
FAILED: Final = 1
"""Said why, in one line: another try may help."""
FOR_GOOD: Final = 64
"""Said why: no other try will help before somebody has done something."""
DRAIN_S: Final = 15.0
"""For the keeper's last turns at a stop; what is not done then is done after the next start."""


class ReflectorOrder(msgspec.Struct, frozen=True):
    """What a reflector is to do."""

    data: str
    bind: tuple[str, ...]
    control_port: int
    canary: bool = True
    workers: int = 1


class CollectorOrder(msgspec.Struct, frozen=True):
    """What a collector is to do."""

    data: str
    bind: str
    port: int
    metrics_port: int | None
    reflectors: tuple[str, ...]
    certificate: str
    certificate_key: str
    prefixes: str = ""
    """File of declared prefixes."""
    geo: bool = True
    instance: str = ""
    proxies: tuple[str, ...] = ()
    """Prefixes of proxies in front, whose X-Forwarded-For is believed."""
    stream: str = ""
    """URL of the stream that reports go on to; empty: there is none."""
    register: str = ""
    """URL of what it shares with other collectors; empty: it is alone."""


class KeeperOrder(msgspec.Struct, frozen=True):
    """What a keeper is to do."""

    data: str
    store: str
    """URL."""
    spool: str
    every_s: float
    keep_months: int = 13
    stream: str = ""
    """URL of the stream that reports come from; empty: from the spool."""
    instance: str = ""
    """Whose partitions of the stream they are."""
    duty: str = "keeper"
    """`pipeline.keeper.Duty`."""
    partitions: tuple[int, ...] = ()
    """Of the stream; none: all."""


class SiteRole(msgspec.Struct, frozen=True):
    """What the public site's server is to do."""

    site: str
    bind: str
    port: int
    base_url: str = ""
    certificate: str = ""
    """Empty: plain HTTP, for a proxy in front."""
    certificate_key: str = ""
    line_test: str = ""
    """Address that visitors reach the far end of the line test at; empty: there is none."""
    reports: str = ""
    """Folder of browsers' reports."""
    turn: bool = False
    turn_tls_port: int = 443
    proxies: tuple[str, ...] = ()
    """As the collector's."""
    networks: str = ""
    """Folder of the collector's table of networks; empty: browsers' reports are of nowhere."""
    campaigns: str = ""
    """Folder; empty: there are none."""


class CampaignsRole(msgspec.Struct, frozen=True):
    """What is to be done beside the pages of campaigns: mails, counts, erasing."""

    folder: str


def tell(**words: object) -> None:
    """One line to whoever runs this; when he has gone there is nobody to tell."""
    try:
        sys.stdout.write(msgspec.json.encode(words).decode() + "\n")
        sys.stdout.flush()
    except (OSError, ValueError):
        pass


class Lines:
    """A text stream whose lines are told under `key`."""

    def __init__(self, key: str) -> None:
        self._key = key

    def write(self, text: str) -> int:
        """One or more lines."""
        for line in text.splitlines():
            tell(**{self._key: line})
        return len(text)

    def flush(self) -> None:
        """Every line is told at once."""


def run_reflector(order: ReflectorOrder) -> int:
    """Until a stop."""
    from voipwatch.probe.look import look_at  # noqa: PLC0415 -- each role needs its own half of the program
    from voipwatch.reflector.options import ReflectorOptions  # noqa: PLC0415 -- the same
    from voipwatch.reflector.server import run  # noqa: PLC0415 -- the same

    options = ReflectorOptions(
        bind=order.bind,
        control_port=order.control_port,
        data=Path(order.data),
        look=look_at if order.canary else None,
        workers=order.workers,
        ready=cast("TextIO", Lines("ready")),
        log=cast("TextIO", Lines("say")),
    )
    return run(options)


def run_collector(order: CollectorOrder) -> int:
    """Until a stop."""
    from voipwatch.cli.register_option import register_opener  # noqa: PLC0415 -- the same
    from voipwatch.collector.geo import NoGeo  # noqa: PLC0415 -- the same
    from voipwatch.collector.options import CollectorOptions  # noqa: PLC0415 -- the same
    from voipwatch.collector.prefixes import read_declared  # noqa: PLC0415 -- the same
    from voipwatch.collector.server import Collector, run  # noqa: PLC0415 -- the same

    declared = read_declared(Path(order.prefixes).read_text("utf-8")) if order.prefixes else {}
    options = CollectorOptions(
        data=Path(order.data),
        reflectors=frozenset(order.reflectors),
        bind=order.bind,
        port=order.port,
        metrics_port=order.metrics_port,
        certificate=Path(order.certificate),
        certificate_key=Path(order.certificate_key),
        declared=declared,
        geo=None if order.geo else NoGeo(),
        instance=order.instance,
        stream=order.stream,
        register=register_opener(order.register),
        trouble=lambda word: tell(trouble=word),
        proxies=tuple(ip_network(prefix) for prefix in order.proxies),
        say=lambda line: tell(say=line),
    )

    def ready(collector: Collector) -> None:
        tell(ready=f"port={collector.port} metrics={collector.metrics_port} key={collector.public_key}")

    return run(options, ready)


def run_keeper(order: KeeperOrder) -> int:
    """Until a stop; then once more what the collector sealed."""
    from voipwatch.pipeline.duties import Duty, lease_names  # noqa: PLC0415 -- the same
    from voipwatch.pipeline.keeper import Keeper  # noqa: PLC0415 -- the same
    from voipwatch.pipeline.source import Origin, open_source  # noqa: PLC0415 -- the same
    from voipwatch.store.errors import StoreError  # noqa: PLC0415 -- the same
    from voipwatch.store.opening import open_store  # noqa: PLC0415 -- the same

    stop = threading.Event()
    deadline_s: list[float] = []

    def asked(_number: int, _frame: FrameType | None) -> None:
        deadline_s.append(_now_s() + DRAIN_S)
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, asked)
    source = open_source(Origin(order.spool, order.stream, order.instance, order.partitions))
    duty = Duty(order.duty)
    names = lease_names(duty, source.partitions)
    keeper = Keeper(
        lambda: open_store(order.store, create=True, who="voipwatch serve", serve_door=True, names=names),
        source=source,
        data=Path(order.data),
        say=lambda line: tell(say=line),
        keep_months=order.keep_months,
        workers=os.cpu_count() or 1,
        stopping=lambda: bool(deadline_s) and _now_s() > deadline_s[0],
        duty=duty,
    )
    try:
        began_s = time.monotonic()
        more = keeper.turn(_now_s())
        tell(ready="store")
        while not stop.is_set():
            took_s = time.monotonic() - began_s
            stop.wait(0.0 if more else keeper.pause_s or rest_s(order.every_s, took_s))
            began_s = time.monotonic()
            more = keeper.turn(_now_s())
        while more and _now_s() < deadline_s[0]:
            more = keeper.turn(_now_s())
    except StoreError as error:
        tell(failed=str(error), reason=error.reason)
        return FAILED if error.reason == "locked" else FOR_GOOD
    finally:
        keeper.close()
        source.close()
    return 0


def rest_s(every_s: float, took_s: float) -> float:
    """Seconds until the next look for new reports: from look to look, whatever a turn took."""
    return max(0.0, every_s - took_s)


def run_site_role(order: SiteRole) -> int:
    """Until a stop."""
    from voipwatch.site.linetest.mounting import LineTestOrder  # noqa: PLC0415 -- the same
    from voipwatch.site.memory import BadSiteError  # noqa: PLC0415 -- the same
    from voipwatch.site.serving import SiteOrder, run_site  # noqa: PLC0415 -- the same

    tested = None
    if order.line_test:
        tested = LineTestOrder(
            address=order.line_test,
            reports=order.reports,
            turn=order.turn,
            turn_tls_port=order.turn_tls_port,
            proxies=order.proxies,
            networks=order.networks,
            turn_name=urlsplit(order.base_url).hostname or "",
            certificate=order.certificate,
            certificate_key=order.certificate_key,
        )
    wanted = SiteOrder(
        site=order.site,
        bind=order.bind,
        port=order.port,
        base_url=order.base_url,
        certificate=order.certificate,
        certificate_key=order.certificate_key,
        line_test=tested,
        campaigns=order.campaigns,
    )
    try:
        return run_site(
            wanted,
            lambda port: tell(ready=f"port={port}"),
            lambda line: tell(say=line),
            target="voipwatch.cli.serve_roles:site_process",
        )
    except BadSiteError as error:
        tell(failed=f"no site in {error.folder}: {error.why}; voipwatch publish --site makes one")
        return FOR_GOOD


def run_campaigns_role(order: CampaignsRole) -> int:
    """Until a stop."""
    from voipwatch.site.campaigns.running import run_campaigns  # noqa: PLC0415 -- an extra
    from voipwatch.site.campaigns.settings import SettingsError  # noqa: PLC0415 -- the same
    from voipwatch.store.civic.opening import DatabaseError  # noqa: PLC0415 -- the same

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stop.set())
    try:
        run_campaigns(Path(order.folder), stop, lambda word: tell(ready=word), lambda line: tell(say=line))
    except (SettingsError, DatabaseError) as error:
        tell(failed=f"campaigns: {error}")
        return FAILED if getattr(error, "reason", "") == "unreachable" else FOR_GOOD
    return 0


def site_process() -> "AsgiApp":
    """What each process of the site's server loads; it looks networks of browsers' reports up offline."""
    from voipwatch.collector.geo import packaged_geo  # noqa: PLC0415 -- the same
    from voipwatch.site.serving import app_of, order_from_environment  # noqa: PLC0415 -- the same

    order = order_from_environment()
    if order.line_test is None or not order.line_test.networks:
        return app_of(order, say=_say)
    # The collector beside, which is ready before the site, has made the table already.
    return app_of(order, packaged_geo(Path(order.line_test.networks)).find, _say)


def _say(line: str) -> None:
    tell(say=line)


DEAF_TO: Final = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGCHLD})

ROLES: Final[dict[str, tuple[type[Any], Callable[[Any], int]]]] = {
    "reflector": (ReflectorOrder, run_reflector),
    "collector": (CollectorOrder, run_collector),
    "keeper": (KeeperOrder, run_keeper),
    "loader": (KeeperOrder, run_keeper),
    "detector": (KeeperOrder, run_keeper),
    "site": (SiteRole, run_site_role),
    "campaigns": (CampaignsRole, run_campaigns_role),
}


def main(role: str) -> int:
    """Run a role until it is told to stop; its exit status."""
    kind, run = ROLES[role]
    order = msgspec.json.decode(sys.stdin.buffer.readline(), type=kind)
    _start_watching(sys.stdin.fileno())
    try:
        return run(order)
    except (OSError, ValueError) as error:
        tell(failed=getattr(error, "strerror", None) or str(error))
        return FAILED
    except Exception as error:  # noqa: BLE001 -- the collector's own errors, and ours: said in one line
        tell(failed=f"{type(error).__name__}: {error}")
        return FAILED if type(error).__name__ in {"CollectorError", "KeysError"} else OUR_FAULT


def _start_watching(descriptor: int) -> None:
    """In a thread that is deaf to signals: they are the main thread's, which may wait for them."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, DEAF_TO)
    try:
        threading.Thread(target=_watch, args=(descriptor,), daemon=True).start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _watch(descriptor: int) -> None:
    """Stop when the other end of standard input is closed."""
    while os.read(descriptor, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def _now_s() -> float:
    return datetime.now(tz=UTC).timestamp()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
