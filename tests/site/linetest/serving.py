"""`voipwatch serve --site --line-test` without its other parts, as a program for tests.

An order as one line of JSON in; "ready PORT" out, then what it has to say; ends with its input. The page,
its headers and its processes are those that visitors get: `site.serving.run_site`. Two things are a test's
own: each address is of network 64500 in Morocco, and on loopback the far end offers loopback, which aioice
never does.
"""

import json
import os
import signal
import sys
import threading
from ipaddress import ip_address

import msgspec

from voipwatch.site.app import AsgiApp
from voipwatch.site.linetest import mounting
from voipwatch.site.linetest.mounting import LineTestOrder
from voipwatch.site.serving import SiteOrder, app_of, order_from_environment, run_site

PROCESS = "tests.site.linetest.serving:process"
WITHOUT_FAR_END = "tests.site.linetest.serving:process_without_far_end"


def nearby(_address: str) -> tuple[str, int]:
    return "MA", 64500


def process() -> AsgiApp:
    """What each process loads."""
    order = order_from_environment()
    assert order.line_test is not None
    if ip_address(order.line_test.address).is_loopback:
        import aioice.ice  # noqa: PLC0415 -- only where there is a far end

        address = order.line_test.address
        aioice.ice.get_host_addresses = lambda use_ipv4, use_ipv6: [address]
    return app_of(order, nearby)


def process_without_far_end() -> AsgiApp:
    """As where aiortc is not installed."""
    vars(mounting)["is_installed"] = lambda: False
    return app_of(order_from_environment(), nearby)


def tell(*words: object) -> None:
    print(*words, flush=True)  # noqa: T201 -- what starts it waits for this


def main() -> int:
    order = json.loads(sys.stdin.buffer.readline())
    far_end = order.pop("far_end", True)
    tested = order.pop("line_test", None)
    wanted = SiteOrder(**order, line_test=None if tested is None else msgspec.convert(tested, LineTestOrder))

    def end_with_input() -> None:
        while os.read(0, 1024):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=end_with_input, daemon=True).start()
    if not far_end:
        vars(mounting)["is_installed"] = lambda: False
    target = PROCESS if far_end and tested else WITHOUT_FAR_END
    return run_site(wanted, lambda port: tell("ready", port), lambda line: tell("say", line), target=target)


if __name__ == "__main__":
    sys.exit(main())
