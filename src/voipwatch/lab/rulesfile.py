"""A world for use elsewhere: the censor as an nftables file, the line as commands for tc in comments. Pure.

The file is for a machine that forwards between the line (`line0`) and the internet (`net0`). Its line is only
an approximation: in the lab the line comes before the censor on the way up and loses in bursts of time; tc
delays what the censor has let through, and loses by the packet.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from voipwatch.lab.line import LineCondition, LinkCondition
from voipwatch.lab.nft import LINE_DEVICE, NET_DEVICE, ruleset
from voipwatch.lab.worlds import World

SAID: Final = frozenset({"delay_ms", "jitter_ms", "rate_kbit_s", "loss_ratio", "duplicate_ratio"})
"""Fields of a direction that tc can say."""
REPLACES: Final = ("table inet operator", "delete table inet operator")
"""A table that is loaded twice has each rule twice, and loses twice as often: the one before goes first."""
USED: Final = frozenset({"queue_ms", "burst_ms", "bloat_period_s", "reorder_ms", "bad_paths"})
"""Fields that mean nothing by themselves."""


def rules_text(world: World, *, seed: int) -> str | None:
    """The file, with what the seed draws; None where nftables cannot say the censor."""
    drawn = world.drawn(seed)
    rules = ruleset(drawn.make_policy(), portal=drawn.line.portal)
    if rules is None:
        return None
    return "\n".join([*_head(drawn, seed), *tc_lines(drawn.line), *REPLACES, rules])


def _head(world: World, seed: int) -> Iterator[str]:
    told = f"World {world.id}, seed {seed}: {world.title}."
    yield f"# {' '.join(told.split())}"  # one's own title may run over lines, which would be rules
    for path, value in world.values.items():
        yield f"# Drawn: {path} = {msgspec.json.encode(value).decode()}"
    yield f"# Load with: nft -f FILE. {LINE_DEVICE} leads to the line, {NET_DEVICE} to the internet."
    yield "# It takes the place of what such a file loaded before."
    for app, expected in world.expected.items():
        told = " ".join(["/".join(expected.verdicts), "/".join(name for name in expected.mechanisms if name)])
        yield f"# Must be said of {app}: {told.strip()}"


def tc_lines(line: LineCondition) -> Iterator[str]:
    """Comments of an nftables file: a command for each direction, and what no command says."""
    for way, device, link in (("up", NET_DEVICE, line.up), ("down", LINE_DEVICE, line.down)):
        if words := list(_netem(link)):
            yield f"# Line, {way}: tc qdisc add dev {device} root netem {' '.join(words)}"
        if rest := _others(link, LinkCondition(), SAID | USED):
            yield f"# Line, {way}, not said by tc: {rest}"
    if rest := _others(line, LineCondition(), {"up", "down", "idle_s", "portal"}):
        yield f"# Line, not said by tc: {rest}"


def _netem(link: LinkCondition) -> Iterator[str]:
    if link.delay_ms or link.jitter_ms:
        yield f"delay {link.delay_ms:g}ms" + (f" {link.jitter_ms:g}ms" if link.jitter_ms else "")
    if link.loss_ratio:
        yield f"loss {100 * link.loss_ratio:g}%"
    if link.duplicate_ratio:
        yield f"duplicate {100 * link.duplicate_ratio:g}%"
    if link.rate_kbit_s:
        yield f"rate {link.rate_kbit_s:g}kbit"


def _others(record: msgspec.Struct, plain: msgspec.Struct, but: frozenset[str] | set[str]) -> str:
    now: Mapping[str, Any] = msgspec.to_builtins(record)
    usual: Mapping[str, Any] = msgspec.to_builtins(plain)
    return ", ".join(
        f"{name} {msgspec.json.encode(value).decode()}"
        for name, value in now.items()
        if value != usual[name] and name not in but
    )
