"""The captive portal of the kernel's network: accepts every connection, answers its first bytes, closes.

A process of its own in the operator's namespace, where nftables redirects all TCP to it.
"""

import selectors
import socket
import sys

from voipwatch.lab.nft import PORTAL_PORT
from voipwatch.lab.portal import portal_answer

HELLO_TIMEOUT_S = 5.0


def main() -> None:
    """Serves until standard input ends."""
    listener = socket.create_server(
        ("::", PORTAL_PORT), family=socket.AF_INET6, dualstack_ipv6=True, backlog=64
    )
    print("ready", flush=True)  # noqa: T201 -- the parent waits for it
    waiting = selectors.DefaultSelector()
    waiting.register(sys.stdin, selectors.EVENT_READ)
    waiting.register(listener, selectors.EVENT_READ)
    while True:
        ready = {key.fileobj for key, _ in waiting.select()}
        if sys.stdin in ready and not sys.stdin.read(1):
            return
        if listener in ready:
            connection, _ = listener.accept()
            with connection:
                connection.settimeout(HELLO_TIMEOUT_S)
                try:
                    connection.sendall(portal_answer(connection.recv(4096)))
                except OSError:
                    # The client went away: nobody is left to be answered.
                    continue


if __name__ == "__main__":
    main()
