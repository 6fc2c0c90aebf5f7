"""What this machine's kernel lets us do, and by which way in."""

import subprocess
from functools import cache
from shutil import which
from typing import Final, Literal

import msgspec

How = Literal["root", "userns", "none"]
TOOLS: Final = ("unshare", "nsenter", "ip", "nft", "sh", "cat", "find")
WAYS: Final[dict[How, tuple[str, ...]]] = {
    "root": ("unshare", "--net"),
    "userns": ("unshare", "--user", "--map-root-user", "--net"),
}
"""Commands that enter a fresh network namespace."""
TRIAL: Final = """set -e
ip link add a0 type veth peer name a1
ip link set a0 up
echo 1 > /proc/sys/net/ipv4/ip_forward
echo 'table inet t { chain c { type filter hook forward priority 0; udp length >= 28 @th,96,32 1 drop; }; }' |
  nft -f -
"""
"""What a network of the lab cannot do without."""


class Support(msgspec.Struct, frozen=True):
    """Whether kernel networks can be had, and if not, why not."""

    available: bool
    how: How
    """`root`, `userns` (as anybody, in a user namespace), or `none`."""
    reasons: tuple[str, ...]
    """What failed, in words; of the first way too when the second works."""


@cache
def kernel_support() -> Support:
    """Tries, in a namespace that is gone a moment later. Touches nothing outside it."""
    missing = [tool for tool in TOOLS if which(tool) is None]
    if missing:
        return Support(available=False, how="none", reasons=(f"not installed: {', '.join(missing)}",))
    reasons: list[str] = []
    for how, command in WAYS.items():
        try:
            done = subprocess.run(
                [*command, "sh", "-c", TRIAL], capture_output=True, text=True, timeout=20, check=False
            )
        except subprocess.TimeoutExpired:
            reasons.append(f"{how}: no answer within 20 s")
            continue
        if done.returncode == 0:
            return Support(available=True, how=how, reasons=tuple(reasons))
        lines = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
        reasons.append(f"{how}: {lines[0]}")
    return Support(available=False, how="none", reasons=tuple(reasons))
