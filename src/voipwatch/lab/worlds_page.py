"""docs/worlds.md, written from `table/*.toml`: `python -m voipwatch.lab.worlds_page > docs/worlds.md`."""

import sys
from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from voipwatch.lab.draw import Draw
from voipwatch.lab.line import LineCondition, LinkCondition
from voipwatch.lab.nft import ruleset
from voipwatch.lab.worlds import APPS, NO_MECHANISM, Expected, World, Worlds, load_worlds
from voipwatch.model.vocabulary import Verdict

HEAD: Final = """# The worlds of the lab

Written from `src/voipwatch/lab/table/` by `python -m voipwatch.lab.worlds_page`; a test checks that it is
current. {matrix} worlds are of the matrix, {guilty} guilty and {innocent} innocent; {kernel} of them, a
fixed third, are run over the kernel too.

A world is a line, a censor, and what must be said of each app. A *guilty* world has somebody who interferes
with calls; an *innocent* one is merely broken, and whoever calls it blocked or throttled accuses falsely.
The censor is a pure rule, `(direction, packet, state, now) -> action` (`lab/policy`), used three times: in
its unit test, in the simulated network (`lab/simnet.py`), and in the kernel (`lab/netns.py`): as nftables
rules where nftables can say it, else behind `iptables -j NFQUEUE`, else in the relay that is the line.

    near 192.0.2.2 -- relay -- operator 192.0.2.1 | 203.0.113.1 -- far 203.0.113.2
                     (line)    (censor)

In both networks an uplink packet crosses the line, then meets the censor, then the translator; a downlink
packet takes the same way back. A world's time begins with the check (simulated) or with its first datagram
(kernel).

Signature rules look at bytes alone, on any port: STUN's magic cookie, RTP's version and payload type, a
DTLS ClientHello, the first word of SIP. A control payload (first byte 0x04-0x0F or 0x50-0x7F, the rest
random) matches none of them, so that the controls live wherever a signature is hunted; under `port-drop`
and `port-reject` the control dies on the app's port and lives on a neutral one. Rules on flows act on
five-tuples that bore a signature.

## What has to be said

The table states what an ideal judge says who sees the packets and nothing else; where today's judge says
something coarser the matrix counts it as wrong. A rule that no content moves (a size, a count a second,
all ports but a few) hits a control of the same sizes as it hits the call: it singles nobody out, so that
such worlds are innocent, and a true answer is about the line (`down`) or none (`insufficient`). Innocent
are also rules that this check cannot meet: not in force at the hour, or sparing the reflector's network.
Whoever is accused there is accused falsely.

Guilty worlds run on five lines: `clean`, `lossy5`, `long` (300 ms there and back), `thin` (64 kbit/s both
ways) and `nated`. On the thin line a voice and its control must fit side by side: only apps whose voice
takes less than 24 kbit/s of payload are graded there (WhatsApp's does); of the others nothing but
`insufficient` is right, and no total counts them.

## What is drawn

A field under *drawn* is drawn anew for each seed: `low` to `high`, whole numbers where both are whole, or
one of `choices`. With D(key, text) = BLAKE2b of the text with that key, 32 bytes: seed' = D(D(D("draw",
world's id), seed in decimal), path of the field); the share is the last four bytes, as a little-endian
number, of the BLAKE2b of eight zero bytes with the key seed', 64 bytes, over 2^32 (`lab/draw.py`,
`lab/policy/dice.py`). What was drawn is in each row of the matrix's JSON (`values`), and printed by
`voipwatch lab replay --world cut-bytes --seed 7`.

## Running them against another tool

A world over the kernel is four network namespaces; any program can stand at both ends. It needs Linux with
user namespaces (or root), `iproute2` and `nftables`:

```python
from voipwatch.lab.netns import KernelNet
from voipwatch.lab.worlds import load_worlds

world = load_worlds().get("dtls-ja4").on_line("long")  # or as it stands
with KernelNet(world, seed=7) as net:
    server = net.popen_far(["my-server", "--listen", net.far_address])
    answer = net.run_near(["my-probe", net.far_address], capture_output=True, text=True)
    rules = net.run_operator(["nft", "list", "ruleset"], capture_output=True, text=True)
```

Without Linux: `lab/simnet.py` moves datagrams in virtual time (`SimNet(world, seed=7)`), and the rule
alone is a pure function: `world.drawn(7).make_policy()`, then `policy(direction, packet, state, now)`. The
rule of a world as an nftables file: `voipwatch.lab.nft.ruleset(world.drawn(7).make_policy())`, None where
nftables cannot say it. The signatures are of the protocols, not of this program's profiles; the worlds
about providers' names need its target list.

`voipwatch lab matrix` runs the table against this program (half an hour on two free cores with three seeds;
`--seeds 1 --runs 336` a third of it), `voipwatch lab matrix --network kernel` the third for the kernel (forty
minutes), and `voipwatch lab replay` prints one run of it.

### One world as a file for nftables

`voipwatch lab rules port-drop --seed 7` prints a world's censor as an nftables file, with what the seed
draws; the line stands in its comments as commands for `tc`. It is for a machine that forwards between two
interfaces called `line0` and `net0`. Loaded again, with another seed or of another world, it takes the
place of what was there. Where nftables cannot say the rule (a fingerprint, behaviour, forged answers; *pure
rule* in the tables below) it says so and exits with 2.

## Worlds of one's own

A file in the schema of `src/voipwatch/lab/table/*.toml` is run in place of the packaged worlds; the packaged
lines are there by name. Its fields are listed at the head of `src/voipwatch/lab/table/lines.toml`.

```toml
{example}```

    voipwatch lab run my-relay --table mine.toml
    voipwatch lab matrix --table mine.toml --seeds 3 --runs 30 --out mine.json
    voipwatch lab replay --world my-relay --line long --table mine.toml
    voipwatch lab rules my-relay --table mine.toml > mine.nft

What is wrong with a file is told with its line, the key, and what may stand there. Rules and their fields:
`src/voipwatch/lab/policy/`; mechanisms: [mechanisms.md](methods/mechanisms.md), or
`voipwatch explain mechanisms`.

## What is not claimed

- The far side has no delay or loss of its own; the simulated TCP is a handful of segments, not a stack.
- Bursts are a Gilbert-Elliott channel in continuous time that loses everything in its bad state.
  Bufferbloat is the sawtooth of one TCP upload, not the upload.
- The kernel's network cannot step a wall clock: `reorder-clock-step` only reorders there. Silences
  (`gaps_s`), a dead control channel, slow resolvers and video are of virtual time alone; no such world is
  of the kernel's third.
- An ICMP error that crosses a translator is not translated.
- In nftables a recognised flow is remembered by its connection's mark, for a minute after its last packet;
  the pure rule counts the minute from the match. It counts IPv6's longer headers where the rule counts
  bytes.
- Not expressed: a DSCP mark that sends calls into a low queue (Q7), because a packet of the lab has no
  mark and the check brings no load; a home router that drops SIP, because nobody on the line can tell it
  from an operator that does; resets in the middle of a provider's conversation, because the check has
  none.
"""
NDPI: Final = """## What nDPI takes for a call

The censor is nDPI 5.0 itself, asked packet by packet (`lab/ndpi.py`, `lab/policy/verdict.py`): one engine
for the operator, flows by five-tuple, a name counts from confidence 5. Without nfstream (the extra `lab`)
these worlds are left out, with a line that says so. `voipwatch lab matrix --world ndpi` runs them all; what
came of it is in [the benchmarks](benchmarks.md#by-ndpis-verdict).

Where more than one app is blocked, nDPI gives their packets one name, and the censor strikes them all. What
the check says of the mechanism is what it sees, and never that the box was nDPI: `app.drop`, `stun.drop`,
`sip.drop` or `dtls.drop` where the first packet of its kind settles it, `flow.kill` where some packets pass
before nDPI has its name.

nDPI's caches, on by default, give a STUN flow's name to the next flow of the same far address and port. Here
they are off: every app's far end is one reflector, on whose ports one app's name would pass to another app,
which at the providers' own addresses it does not.
"""


EXAMPLE: Final = """# A relay's port that loses packets, and an innocent line that loses as many.
[lines.my-line]
both = { delay_ms = 30, loss_ratio = 0.02, burst_ms = 60 }

[[worlds]]
id = "my-relay"
title = "A relay's port loses packets"
guilty = true
why = "Port 3478 loses a share of what it carries, whatever that is."
policy = { policy = "port-loss", ports = [[3478, 3478]], ratio = 0.15 }
draw = { "policy.ratio" = { low = 0.12, high = 0.2 } }
kernel = true
[worlds.expected]
whatsapp = { verdicts = ["throttled"], mechanisms = ["port.throttle"] }
sip = { verdicts = ["ok"] }

[[worlds]]
id = "my-bad-line"
title = "A line that loses a little"
guilty = false
why = "Nobody interferes: whoever accuses here accuses falsely."
line = "my-line"
each = { verdicts = ["ok", "insufficient"] }
"""
"""A file of one's own; a test runs it."""


def worlds_page(table: Worlds) -> str:
    """The whole page, Markdown."""
    matrix = table.matrix
    numbers = {
        "matrix": len(matrix),
        "guilty": sum(w.guilty for w in matrix),
        "innocent": sum(not w.guilty for w in matrix),
        "kernel": sum(w.kernel for w in matrix),
    }
    head = HEAD.replace("{example}", EXAMPLE)
    for name, number in numbers.items():
        head = head.replace(f"{{{name}}}", str(number))
    parts = [head]
    for group, (title, about) in table.groups.items():
        rows = [w for w in matrix if w.group == group]
        if rows:
            what = "Guilty" if rows[0].guilty else "Innocent"
            parts.append(f"## {what}: {title[:1].lower()}{title[1:]}\n\n{about}\n")
            columns = ("world", "what is so", "line", "drawn", "in the kernel", "must be said")
            parts.append(_markdown(columns, map(_of_matrix, rows)))
    shown = [w for w in table.worlds if w.demo]
    head_ = ("world", "what is so", "line", "in the kernel", *APPS)
    parts.append(f"## For showing\n\n{_markdown(head_, map(_row, shown))}")
    parts.append(
        "## One app's own signature\n\nBlocked for the app that is named, `ok` for every other one.\n"
    )
    every = (_every(world) for world in table.of_every_app)
    parts.append(_markdown(("world", "what is so", "in the kernel", "blocked"), every))
    parts.append(
        "## Relay leg, then direct leg\n\nThe apps that are named run; stage `direct` is said where the "
        "relay's leg is not dead.\n"
    )
    order = (_order(world) for world in table.of_leg_order)
    parts.append(_markdown(("world", "what is so", "line", "in the kernel", "said"), order))
    parts.append(
        "## Two reflectors\n\nWhatsApp runs, and is asked where (`--locate`): what stands before the "
        "ways part, and what on each, and whether one place is told "
        "([methods/commonloss.md](methods/commonloss.md)). Simulated only.\n"
    )
    two = (_two(world) for world in table.of_two_reflectors)
    parts.append(_markdown(("world", "what is so", "line", "drawn", "said", "place told"), two))
    parts.append(NDPI)
    named = (_named(world) for world in table.of_family("ndpi"))
    parts.append(_markdown(("world", "nDPI's names", "blocked", "why"), named))
    parts.append("## Lines\n")
    parts.append(_markdown(("line", "up", "down", "both"), (_line(*item) for item in table.lines.items())))
    return "\n".join(parts)


def _of_matrix(world: World) -> tuple[str, ...]:
    """A row of the matrix: with what is drawn, and whether it is run over the kernel."""
    name, what, line, kernel = _row(world)[:4]
    if world.kernel:
        kernel = f"{kernel}, run" if kernel else "run"
    drawn = "; ".join(f"`{path}` {_range(draw)}" for path, draw in world.draw.items())
    told = {app: _expected(expected) for app, expected in world.expected.items()}
    said = next(iter(told.values()))
    if len(set(told.values())) > 1:
        said = "; ".join(f"{app}: {words}" for app, words in told.items())
    elif set(told) == set(APPS):
        said = f"each: {said}"
    return name, what, line, drawn, kernel, said


def _two(world: World) -> tuple[str, ...]:
    """A row of two reflectors: with what may be told of the place."""
    drawn = "; ".join(f"`{path}` {_range(draw)}" for path, draw in world.draw.items())
    (expected,) = world.expected.values()
    places = " or ".join(place or "nothing" for place in expected.places)
    return (
        f"`{world.id}`",
        f"**{world.title}.** {world.why}",
        f"`{world.line_name}`",
        drawn,
        _expected(expected),
        places,
    )


def _range(draw: Draw) -> str:
    if draw.choices:
        return " or ".join(msgspec.json.encode(choice).decode() for choice in draw.choices)
    return f"{draw.low} to {draw.high}"


def _row(world: World) -> tuple[str, ...]:
    said = "nftables" if ruleset(world.make_policy(), portal=world.line.portal) else "pure rule"
    if world.policy["policy"] == "open" and not world.line.portal:
        said = ""
    what = f"**{world.title}.** {world.why} {_rule(world.policy)}".strip()
    return (
        f"`{world.id}`",
        what,
        f"`{world.line_name}`",
        said,
        *(_expected(world.expected[app]) for app in APPS if app in world.expected),
    )


def _named(world: World) -> tuple[str, ...]:
    names = ", ".join(f"`{name}`" for name in world.policy["names"])
    return f"`{world.id}`", names, _every(world)[3], world.why.partition("(A1). ")[2]


def _every(world: World) -> tuple[str, ...]:
    name, what, _, said = _row(world)[:4]
    accused = {app: e for app, e in world.expected.items() if e.verdicts != (Verdict.OK,)}
    if len(accused) == len(world.expected):
        return name, what, said, "every app"
    return name, what, said, "; ".join(f"{app}: {_expected(e)}" for app, e in accused.items())


def _order(world: World) -> tuple[str, ...]:
    said = "; ".join(f"{app}: {_expected(e)}" for app, e in world.expected.items())
    return *_row(world)[:4], said


def _expected(expected: Expected) -> str:
    parts = ["/".join(expected.verdicts)]
    mechanisms = [f"`{name}`" for name in expected.mechanisms if name != NO_MECHANISM]
    parts += ["/".join(some) for some in (expected.stages, mechanisms, expected.directions) if some]
    return ", ".join(parts)


def _rule(policy: Mapping[str, Any]) -> str:
    """The rule with its parameters, on one line."""
    if policy["policy"] == "open":
        return ""
    return f"`{_short(policy)}`"


def _short(policy: Mapping[str, Any]) -> str:
    words = [_parameter(name, value) for name, value in policy.items() if name != "policy"]
    return " ".join([policy["policy"], *words])


def _parameter(name: str, value: Any) -> str:  # noqa: ANN401 -- whatever a table holds
    if name == "policies":
        return " + ".join(_short(part) for part in value)
    if name == "of":
        return f"({_short(value)})"
    return f"{name}={msgspec.json.encode(value).decode()}"


def _line(name: str, condition: LineCondition) -> tuple[str, ...]:
    up, down = _fields(condition.up, LinkCondition()), _fields(condition.down, LinkCondition())
    rest = {k: v for k, v in _fields(condition, LineCondition()).items() if k not in {"up", "down"}}
    return (f"`{name}`", _listed(up), _listed(down), _listed(rest))


def _fields(record: msgspec.Struct, plain: msgspec.Struct) -> dict[str, Any]:
    """The fields that differ from the defaults."""
    now, default = msgspec.to_builtins(record), msgspec.to_builtins(plain)
    return {name: value for name, value in now.items() if value != default[name]}


def _listed(fields: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {msgspec.json.encode(value).decode()}" for name, value in fields.items())


def _markdown(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    cells = [list(head), *(list(row) for row in rows)]
    lines = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in cells]
    lines.insert(1, "|" + "---|" * len(cells[0]))
    return "\n".join(lines) + "\n"


def main() -> None:
    """Prints the page."""
    sys.stdout.write(worlds_page(load_worlds()))


if __name__ == "__main__":
    main()
