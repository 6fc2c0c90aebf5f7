"""In a namespace with 192.0.2.7 to .9: does coturn relay to the far end (.8), itself (.7), another (.9) and
loopback; and is a credential of yesterday refused?
"""

import asyncio
from datetime import UTC, datetime

from aioice.stun import TransactionFailed

from tests.site.linetest.test_turn import SECRET, relays
from voipwatch.site.linetest.turn import TurnOptions, TurnServer, credential

SERVER = "192.0.2.7"


async def ask(user: str, password: str) -> None:
    for peer in ("192.0.2.8", SERVER, "192.0.2.9", "127.0.0.1"):
        print(await relays((SERVER, 3478), user, password, peer))  # noqa: T201 -- the test reads it
    try:
        await relays((SERVER, 3478), *credential(SECRET, 1_000.0, "visitor"), "192.0.2.8")
    except TransactionFailed:
        print("refused")  # noqa: T201 -- the same


def main() -> None:
    def now_s() -> float:
        return datetime.now(tz=UTC).timestamp()

    with TurnServer(TurnOptions(address=SERVER, far_end="192.0.2.8"), SECRET, now_s) as server:
        _, user, password = server.offers("visitor")
        asyncio.run(ask(user, password))


if __name__ == "__main__":
    main()
