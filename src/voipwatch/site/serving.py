"""The site on a port: Granian, with one process a core, each with the site in its own memory.

What the processes are to do comes to them in one environment variable: they are started anew, not forked.
"""

import logging
import multiprocessing
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, Final

import msgspec
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.server import Server

from voipwatch.site.app import AsgiApp, SiteApp
from voipwatch.site.counter.petitions import CountedPetition
from voipwatch.site.linetest.inbox import Locate
from voipwatch.site.linetest.mounting import LINE_TEST, LineTestOrder, alongside, line_test, nowhere
from voipwatch.site.live import counters_of
from voipwatch.site.memory import read_memory, stamp_of

VARIABLE: Final = "VOIPWATCH_SITE_ORDER"
TARGET: Final = "voipwatch.site.serving:app_from_environment"
BACKLOG: Final = 4096
"""At midnight ten thousand counters ask within ten minutes, some hundreds of them within one second."""
HEADER_TIMEOUT_MS: Final = 10_000
HEADER_BYTES_MAX: Final = 32_768
PROCESSES_MAX: Final = 8
START_TIMEOUT_S: Final = 60.0
LOOK_S: Final = 0.05
PARENT_LOOK_S: Final = 1.0
KILL_S: Final = 10
"""Between the request to stop and SIGKILL of a process that holds a download, or hangs."""


class SiteOrder(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be served, and where."""

    site: str
    """Folder."""
    bind: str = "127.0.0.1"
    port: int = 0
    """0: a free one."""
    base_url: str = ""
    """Of the site's root, as readers know it; empty: oEmbed has no answer, the counter links relatively."""
    processes: int = 0
    """0: one a core, at most eight."""
    certificate: str = ""
    """Empty: plain HTTP, for a proxy in front."""
    certificate_key: str = ""
    line_test: LineTestOrder | None = None
    """None: its page says that nothing can be tested here."""
    campaigns: str = ""
    """Folder of campaigns; empty: there are none."""


def site_app(
    order: SiteOrder, locate: Locate = nowhere, say: Callable[[str], Any] = lambda _line: None
) -> SiteApp:
    """The application in this process; `locate` is for browsers' reports, `say` for its log.

    Raises BadSiteError, OSError.
    """
    mounts: dict[str, AsgiApp] = {}
    petitions: Callable[[], Sequence[CountedPetition]] = tuple
    if order.line_test is not None:
        mounts[LINE_TEST] = line_test(order.line_test, locate)
    if order.campaigns:
        from voipwatch.site.campaigns.mounting import MOUNT, campaigns_app, counts_of  # noqa: PLC0415 -- an extra

        campaigns = campaigns_app(Path(order.campaigns), Path(order.site), say)
        mounts[MOUNT], petitions = campaigns, counts_of(campaigns)
    folder = Path(order.site)
    return SiteApp(
        read_memory(folder),
        folder,
        live=lambda memory: counters_of(memory.folder, order.base_url, petitions=petitions),
        mounts=mounts,
    )


def order_from_environment() -> SiteOrder:
    """What this process of Granian's is to do."""
    return msgspec.json.decode(os.environ[VARIABLE], type=SiteOrder)


def app_of(
    order: SiteOrder, locate: Locate = nowhere, say: Callable[[str], Any] = lambda _line: None
) -> AsgiApp:
    """The application, in a process that ends with the one that started it."""
    # Until it serves, a request to stop ends it: the handler that it was forked with is its parent's.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    return site_app(order, locate, say)


def app_from_environment() -> AsgiApp:
    """What a process of Granian's loads."""
    return app_of(order_from_environment())


def run_site(
    order: SiteOrder,
    ready: Callable[[int], Any] = lambda _port: None,
    say: Callable[[str], Any] = lambda _line: None,
    *,
    target: str = TARGET,
) -> int:
    """Serve until SIGTERM or SIGINT, which must reach this thread; the exit status.

    Args:
        order: what and where.
        ready: is called once with the port, when it answers; in a thread of its own.
        say: is told in one line what of the site cannot be served; never about a request.
        target: what each process loads, `module:function`.

    Raises:
        BadSiteError: there is no site to serve.
        OSError: the port is not to be had.
    """
    with ExitStack() as stack:
        if order.line_test is not None:
            tested = stack.enter_context(alongside(order.line_test, say, _processes(order)))
            order = msgspec.structs.replace(order, line_test=tested)
        return _run(order, ready, say, target=target)


def _processes(order: SiteOrder) -> int:
    return order.processes or min(PROCESSES_MAX, os.cpu_count() or 1)


def _run(order: SiteOrder, ready: Callable[[int], Any], say: Callable[[str], Any], *, target: str) -> int:
    folder = Path(order.site)
    stamp_of(folder)  # what is wrong is said here and once, instead of by every process
    counters_of(folder, order.base_url, say)
    port = free_port(order.bind, order.port)
    os.environ[VARIABLE] = msgspec.json.encode(order).decode()
    server = Server(
        target,
        factory=True,
        address=order.bind,
        port=port,
        interface=Interfaces.ASGINL,
        workers=_processes(order),
        respawn_failed_workers=True,
        workers_kill_timeout=KILL_S,
        http=HTTPModes.auto if order.certificate else HTTPModes.http1,
        websockets=False,
        backlog=BACKLOG,
        http1_settings=HTTP1Settings(header_read_timeout=HEADER_TIMEOUT_MS, max_buffer_size=HEADER_BYTES_MAX),
        log_enabled=False,
        log_access=False,
        ssl_cert=Path(order.certificate) if order.certificate else None,
        ssl_key=Path(order.certificate_key) if order.certificate_key else None,
    )
    logging.getLogger("_granian").setLevel(logging.CRITICAL)
    # A fork of a process with threads may start with a lock that a thread held, and wait for it for ever.
    # This one has a thread that looks whether it answers, and one that watches the relay.
    multiprocessing.set_start_method("spawn", force=True)
    ended = threading.Event()
    waiting = threading.Thread(target=_tell_ready, args=(order.bind, port, ready, ended), daemon=True)
    waiting.start()
    try:
        server.serve()
    except SystemExit as error:
        return int(error.code or 0)
    finally:
        ended.set()
        with suppress(KeyError):
            del os.environ[VARIABLE]
    return 0


def serve_site(folder: Path, port: int = 0, *, ready: Callable[[int], Any] = lambda _port: None) -> int:
    """The site on this machine alone, until Ctrl-C: `make demo` on a terminal. Raises as `run_site`."""
    return run_site(SiteOrder(site=str(folder), port=port, processes=1), ready)


def free_port(bind: str, port: int) -> int:
    """The port, or a free one for 0. Raises OSError where it is held: Granian's own words would be lost."""
    family = socket.AF_INET6 if ":" in bind else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((bind, port))
        return int(probe.getsockname()[1])


def _end_with(parent: int) -> None:
    """Nothing is left behind by a `serve` that was killed: this process ends with who started it."""
    while os.getppid() == parent:
        time.sleep(PARENT_LOOK_S)
    os.kill(os.getpid(), signal.SIGTERM)


def _tell_ready(bind: str, port: int, ready: Callable[[int], Any], ended: threading.Event) -> None:
    """Once a process answers: until then a connection waits in the queue of a socket that nobody reads."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(bind, bind)  # noqa: S104 -- asked, not bound
    tries = int(START_TIMEOUT_S / LOOK_S)
    for _ in range(tries):
        if ended.is_set():
            return
        try:
            with socket.create_connection((host, port), timeout=START_TIMEOUT_S) as tried:
                tried.sendall(b"OPTIONS / HTTP/1.1\r\nHost: site\r\nConnection: close\r\n\r\n")
                if tried.recv(1):
                    ready(port)
                    return
        except OSError:
            pass
        ended.wait(LOOK_S)
