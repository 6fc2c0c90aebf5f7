"""Which ways to the far end are known to be open: without that, nobody is accused of shutting one.

A visitor's own test is no proof for himself: whose line takes calls now and then would be the witness against
his own operator. So a call counts for other networks than the one it came from. (A VPN is another network.)

A proof is one file a way and 256th of all networks (by a keyed name: `callers`), whose time of change is
the hour of the last such call: all processes of a site read and write the same folder, which nobody else may
write and which goes when the site stops. One other network in 256 is taken for one's own, which costs a
proof and accuses nobody. No more than the hour is kept or told: whoever asks shall not learn the minute at
which somebody tested.
"""

import os
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from voipwatch.site.linetest.callers import caller_name
from voipwatch.site.linetest.messages import RELAYED, Arm, FarSight
from voipwatch.wire.forwarded import plain_address

PROOF_S: Final = 86_400
"""For how long another visitor's call shows that a way to the far end is open: as long as a canary's."""
HOUR_S: Final = 3_600
PACKETS: Final = 20
PARTS: Final = 256
"""Of all networks: enough that two mostly differ, too few to know one by it."""


@dataclass(frozen=True, slots=True)
class Proofs:
    """Of one site.

    Args:
        folder: of all processes.
        address: the far end's; empty: it is not known.
        clock: Unix seconds.
        key: of callers' names; of all processes, 16 bytes or more.
    """

    folder: Path
    address: str
    clock: Callable[[], float]
    key: bytes

    def learn(self, arm: Arm, sight: FarSight, caller: str, senders: frozenset[str]) -> None:
        """What the far end saw of one arm of a visitor at `caller`, and where that call came from.
        Cannot fail: a full disk is no proof.
        """
        if sight.received < PACKETS or sight.sent < PACKETS or not sight.echoes:
            return
        hour_s = int(self.clock()) // HOUR_S * HOUR_S
        path = self._file(arm, self._part(caller))
        with suppress(OSError):
            if _at_s(path) == hour_s or not crossed_a_network(caller, self.address):
                return
            if not came_as_said(arm, senders, self.address):
                return
            path.touch(mode=0o600)
            os.utime(path, (hour_s, hour_s))

    def reached(self, caller: str) -> dict[str, int]:
        """Arm -> seconds since the beginning of the hour in which voice and data from another network than
        that of `caller` last went through there both ways; a day at most.
        """
        now_s = int(self.clock())
        own = self._part(caller)
        found: dict[str, int] = {}
        for arm in Arm:
            others = (path for path in self.folder.glob(f"{arm}.*") if path != self._file(arm, own))
            times_s = map(_at_s, others)
            ages_s = [now_s - at_s for at_s in times_s if at_s is not None and 0 <= now_s - at_s <= PROOF_S]
            if ages_s:
                found[str(arm)] = min(ages_s)
        return found

    def _file(self, arm: Arm, part: int) -> Path:
        return self.folder / f"{arm}.{part}"

    def _part(self, caller: str) -> int:
        return caller_name(caller, self.key)[0] % PARTS


def _at_s(path: Path) -> int | None:
    try:
        return int(path.stat().st_mtime)
    except OSError:
        return None


def came_as_said(arm: Arm, senders: frozenset[str], far_end: str) -> bool:
    """Whether a call came the way that its offer names, as far as that can be seen: one by our relay from the
    address of this host, a direct one from elsewhere. Which of the relay's ways it took is his word.
    """
    if not far_end:
        return bool(senders)
    return bool(senders) and all((sender == far_end) == (arm in RELAYED) for sender in senders)


def crossed_a_network(caller: str, far_end: str) -> bool:
    """Whether a call from `caller` shows anything of the internet between visitors and the far end.

    Not one from this machine (whose own test would go through any firewall), nor from a private address where
    the far end has a public one: that is a machine beside it, or a proxy in front that was not declared.
    What is no address shows nothing.
    """
    try:
        host = plain_address(caller)
    except ValueError:
        return False
    if host.is_loopback or host.is_link_local or host.is_unspecified or is_ours(str(host)):
        return False
    try:
        there = plain_address(far_end)
    except ValueError:
        return True
    return host != there and not (host.is_private and not there.is_private)


def is_ours(address: str) -> bool:
    """Whether this machine has an address: only then can a socket be bound to it."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as tried:
            tried.bind((address, 0))
    except OSError:
        return False
    return True
