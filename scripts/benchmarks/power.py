"""How much data a difference costs at the level that `check` uses, by checks drawn packet by packet."""

from collections.abc import Callable, Iterable, Sequence
from html import escape
from math import log10
from typing import Final

import msgspec

from scripts.benchmarks.drawn import ARMS, Guilt, LineLaw, Size, draw_session, drawn, judged
from scripts.benchmarks.page import table
from voipwatch.model.ruleset import BLOCKS, BLOCKS_MAX, HELD_S, LONG_S
from voipwatch.model.vocabulary import Verdict
from voipwatch.stats import clopper_pearson_interval

BASE: Final = LineLaw(loss=0.10, burst_s=0.08)
"""The line `burst-10` of the lab: a tenth is lost, in bursts of 80 ms that hit all flows at once."""
POINTS: Final = 0.05
FIVE_POINTS: Final = Guilt(loss=POINTS / (1.0 - BASE.loss))
"""Of the packets that the line would have brought: five points of those sent."""
ASKED: Final = 0.95


class Voice(msgspec.Struct, frozen=True):
    """A voice's rhythm and size on the line."""

    name: str
    spacings_s: tuple[float, ...]
    """One of them for each block."""
    bytes_per_s: float
    """Of payload; with 40 bytes of IP, UDP and RTP for each packet."""
    short_s: float
    """What the packaged profile plays in a short flow."""

    def ip_bytes(self, media_s: float) -> float:
        """Of one direction of one flow, the mean over the rhythms."""
        packets = sum(int(media_s / s) for s in self.spacings_s) / len(self.spacings_s)
        return self.bytes_per_s * media_s + 40.0 * packets


SIP: Final = Voice("sip (G.711, 20 and 30 ms)", (0.02, 0.03), 8000.0, 0.5)
WHATSAPP: Final = Voice("whatsapp (20, 60 and 150 ms)", (0.02, 0.06, 0.15), 2100.0, 1.5)


class Point(msgspec.Struct, frozen=True):
    """One size of check, and how often it found the difference."""

    voice: str
    blocks: int
    media_s: float
    seconds: float
    """Of the treatment's media in the blocks."""
    megabytes: float
    """IP bytes of all four arms in the blocks, both ways."""
    found: int
    checks: int

    @property
    def power(self) -> float:
        """Share of checks that said `throttled`."""
        return self.found / self.checks


def sizes(voice: Voice) -> list[tuple[int, float]]:
    """Blocks and seconds: the default, what `--blocks` adds, and longer media of a private profile."""
    short = [(blocks, voice.short_s) for blocks in (BLOCKS, BLOCKS_MAX)]
    return [*short, *[(b, s) for s in (5.0, HELD_S) for b in (BLOCKS, 20, BLOCKS_MAX)]]


def point(voice: Voice, blocks: int, media_s: float, *, checks: int, seed: int = 1) -> Point:
    """`checks` checks of that size on the line `burst-10`, with five points more of loss on the treatment."""
    size = Size(blocks=blocks, media_s=media_s, spacings_s=voice.spacings_s)
    found = 0
    for n in range(checks):
        session = draw_session(drawn(1_000_003 * seed + n), BASE, FIVE_POINTS, size)
        found += judged(session).verdict is Verdict.THROTTLED
    each = 2.0 * len(ARMS) * voice.ip_bytes(media_s)
    return Point(voice.name, blocks, media_s, blocks * media_s, blocks * each / 1e6, found, checks)


class Cut(msgspec.Struct, frozen=True):
    """A cut of a call after 48 s, and how often it was found."""

    option: str
    held_s: float
    line: str
    found: int
    checks: int
    megabytes: float
    """IP bytes of two held pairs, both ways, of a 20 ms voice."""


CUT_LINES: Final = {
    "clean": LineLaw(jitter_ms=1.0),
    "5 % in bursts": LineLaw(loss=0.05),
    "10 % in bursts": BASE,
}
CUT_SHARE: Final = 0.8
WHOLE_SAYS: Final = (
    "Some of these sizes as whole simulated checks (bytes, keys, logs, stopping rules; a private profile "
    "that is the packaged one with longer media), on the line `burst-10`:"
)


def late_cut(option: str, held_s: float, line: str, *, checks: int, seed: int = 1) -> Cut:
    """`checks` checks of a treatment that is cut at 80 % of a call of 60 s."""
    size = Size(spacings_s=SIP.spacings_s, held_s=held_s)
    guilt = Guilt(cut_at_s=CUT_SHARE * LONG_S)
    found = 0
    for n in range(checks):
        finding = judged(draw_session(drawn(2_000_003 * seed + n), CUT_LINES[line], guilt, size)).finding
        found += finding.rule == "blocked.cut"
    return Cut(option, held_s, line, found, checks, 2 * 2 * 2 * SIP.ip_bytes(held_s) / 1e6)


def interval(found: int, checks: int) -> str:
    """The exact 95 % interval, in percent."""
    told = clopper_pearson_interval(found, checks)
    return f"{100 * told.low:.0f}–{100 * told.high:.0f}"


def render(
    points: Sequence[Point], cuts: Sequence[Cut], whole: Sequence[Point], *, command: str, machine: str
) -> str:
    """The section's text."""
    parts = [
        f"`{command}`, {machine}.",
        _answer(points),
        table(
            ("voice", "blocks", "s each", "s of the treatment", "MB", "found", "95 % interval", "checks"),
            [_row(p) for p in points],
        ),
        "![Power against data spent](images/power.svg)",
    ]
    if whole:
        parts += [
            WHOLE_SAYS,
            table(
                ("voice", "blocks", "s each", "s of the treatment", "MB", "found", "95 % interval", "checks"),
                [_row(p) for p in whole],
            ),
        ]
    parts += [
        "A call of 60 s that is cut at 48 s, found as `blocked.cut`:",
        table(
            ("option", "held, s", "line", "MB of two pairs", "found", "95 % interval", "checks"),
            [
                [c.option, f"{c.held_s:g}", c.line, f"{c.megabytes:.1f}", f"{100 * c.found / c.checks:.1f} %",
                 interval(c.found, c.checks), str(c.checks)]
                for c in cuts
            ],
            left=3,
        ),
    ]  # fmt: skip
    return "\n\n".join(parts)


def _row(p: Point) -> list[str]:
    return [
        p.voice, str(p.blocks), f"{p.media_s:g}", f"{p.seconds:g}", f"{p.megabytes:.1f}",
        f"{100 * p.power:.1f} %", interval(p.found, p.checks), str(p.checks),
    ]  # fmt: skip


def _answer(points: Sequence[Point]) -> str:
    """N and M, voice by voice."""
    said = []
    for voice in dict.fromkeys(p.voice for p in points):
        enough = [p for p in points if p.voice == voice and p.power >= ASKED]
        if enough:
            least = min(enough, key=lambda p: p.megabytes)
            said.append(
                f"{voice}: **{least.seconds:g} s of media and {least.megabytes:.1f} MB** "
                f"({least.blocks} blocks of {least.media_s:g} s)"
            )
        else:
            most = max((p for p in points if p.voice == voice), key=lambda p: p.power)
            said.append(
                f"{voice}: not within one check; {most.seconds:g} s and {most.megabytes:.1f} MB find it in "
                f"{100 * most.power:.0f} %"
            )
    return (
        "Five points more of loss over a base of 10 %, found (`throttled`) with probability 0.95 by: "
        + "; ".join(said)
        + "."
    )


WIDTH: Final = 720
HEIGHT: Final = 380
LEFT: Final = 60
RIGHT: Final = 20
TOP: Final = 40
BOTTOM: Final = 60
COLOURS: Final = ("#0969da", "#b35900")
"""Told apart by colour-blind readers too; contrast with white over 4.5 to 1."""
TICKS_MB: Final = (0.3, 1.0, 3.0, 10.0, 30.0)


def _x(megabytes: float) -> float:
    low, high = log10(TICKS_MB[0]), log10(TICKS_MB[-1])
    return LEFT + (log10(megabytes) - low) / (high - low) * (WIDTH - LEFT - RIGHT)


def _y(share: float) -> float:
    return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)


def _line(one: tuple[float, float], other: tuple[float, float], colour: str) -> str:
    ends = f'x1="{one[0]:.1f}" y1="{one[1]:.1f}" x2="{other[0]:.1f}" y2="{other[1]:.1f}"'
    return f'<line {ends} stroke="{colour}"'


def picture(points: Sequence[Point]) -> str:
    """The curve of power against data, as a whole SVG document."""
    title = "Power to find five points more of loss over 10 %, against the data spent"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img"',
        f'width="{WIDTH}" height="{HEIGHT}" fill="#24292f"',
        'font-family="Helvetica, Arial, sans-serif" font-size="13">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        f'<text x="{LEFT}" y="24" font-size="15" font-weight="bold">{escape(title)}</text>',
    ]
    for share in (0.0, 0.25, 0.5, 0.75, ASKED):
        dash = ' stroke-dasharray="5 4"' if share == ASKED else ""
        parts += [
            _line((LEFT, _y(share)), (WIDTH - RIGHT, _y(share)), "#c8ccd0") + f"{dash}/>",
            f'<text x="{LEFT - 8}" y="{_y(share) + 4:.1f}" text-anchor="end">{100 * share:.0f} %</text>',
        ]
    parts += [
        f'<text x="{_x(mb):.1f}" y="{HEIGHT - BOTTOM + 20}" text-anchor="middle">{mb:g}</text>'
        for mb in TICKS_MB
    ]
    parts.append(
        f'<text x="{(LEFT + WIDTH - RIGHT) / 2:.0f}" y="{HEIGHT - 20}" text-anchor="middle">'
        "MB of the blocks, all arms, both ways (logarithmic)</text>"
    )
    for number, voice in enumerate(dict.fromkeys(p.voice for p in points)):
        parts += _curve([p for p in points if p.voice == voice], COLOURS[number % len(COLOURS)])
        parts.append(
            f'<text x="{LEFT + 12}" y="{TOP + 18 + 18 * number}" fill="{COLOURS[number % len(COLOURS)]}">'
            f"● {escape(voice)}</text>"
        )
    return "\n".join([*parts, "</svg>", ""])


def _curve(points: Iterable[Point], colour: str) -> list[str]:
    ordered = sorted(points, key=lambda p: p.megabytes)
    path = " ".join(f"{_x(p.megabytes):.1f},{_y(p.power):.1f}" for p in ordered)
    parts = [f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.5"/>']
    for p in ordered:
        told = clopper_pearson_interval(p.found, p.checks)
        x = _x(p.megabytes)
        parts += [
            _line((x, _y(told.low)), (x, _y(told.high)), colour) + "/>",
            f'<circle cx="{x:.1f}" cy="{_y(p.power):.1f}" r="4" fill="{colour}"/>',
        ]
    return parts


Say = Callable[[str], None]


def curve(*, checks: int, say: Say) -> list[Point]:
    """Both voices, every size."""
    out = []
    for voice in (SIP, WHATSAPP):
        for blocks, media_s in sizes(voice):
            out.append(point(voice, blocks, media_s, checks=checks))
            say(f"{voice.name}, {blocks} x {media_s:g} s: {out[-1].found} of {checks}")
    return out


def cuts(*, checks: int, say: Say) -> list[Cut]:
    """Each option on each line."""
    out = []
    for option, held_s in (("default", HELD_S), ("`--long`", LONG_S)):
        for line in CUT_LINES:
            out.append(late_cut(option, held_s, line, checks=checks))
            say(f"cut, {option}, {line}: {out[-1].found} of {checks}")
    return out
