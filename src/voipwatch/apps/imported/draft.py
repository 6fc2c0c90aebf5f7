"""One flow of a capture as a private profile, read back by the ordinary loader before it is handed out.

A round or stream that the loader refuses (no room for the session's token) is left out; the draft says so.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from voipwatch.apps.imported.exchanges import add_rounds
from voipwatch.apps.imported.flows import Candidate, Capture, Flow, Sample
from voipwatch.apps.imported.items import items_of, unknown_media
from voipwatch.apps.imported.media import add_streams
from voipwatch.apps.imported.plan import Plan
from voipwatch.apps.imported.rtpstreams import rtp_streams
from voipwatch.apps.imported.scrub import Scrub
from voipwatch.apps.imported.writing import carried, written
from voipwatch.apps.loader import load_profile_file
from voipwatch.apps.profile import Profile
from voipwatch.apps.schema import ProfileError

BEFORE_ROUNDS_MAX: Final = 4
"""Of the leg before: enough for a recogniser to know it; both legs together have 15 at most."""
SPARE_PORTS: Final = (16384, 10000, 3478)
"""Ports of packaged profiles that stand for any: RTP's usual first one, and two of relays."""
TRIES: Final = 40
"""How often a draft is made again without what the loader refused."""
_ROUND: Final = re.compile(r"legs\[(\d)\]\.rounds\[(\d+)\](?:\.(request|replies)(?:\[(\d+)\])?)?")
_STREAM: Final = re.compile(r"legs\[0\]\.(voice|video)\.streams\[(\d+)\]")
_MESSAGE: Final = re.compile(r"messages\.([a-z0-9-]+)")


class NoCallError(ValueError):
    """Nothing of the flow can be played."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A profile made from a capture."""

    text: str
    """TOML."""
    profile: Profile
    scrubbed: dict[str, int]
    """Kind of thing -> how many were taken out (`scrub.KINDS`)."""
    left_out: tuple[str, ...]
    """What of the flow is not played, and why."""
    rounds: int
    streams: int


def draft_profile(
    candidate: Candidate,
    capture: Capture,
    *,
    call_names: Sequence[str] = ("unknown",),
    served: frozenset[int] = frozenset(),
) -> Draft:
    """The profile of one flow.

    Args:
        candidate: the flow, of `capture.candidates()`.
        capture: where it comes from: the addresses that must not be in the profile.
        call_names: what a recogniser calls the flow, if the caller knows.
        served: UDP ports that reflectors serve; another one is replaced. Empty: every port stays.

    Raises:
        NoCallError: nothing of it can be played.
    """
    flow = candidate.flow
    scrub = Scrub()
    marks = _marks(capture)
    before = None
    found = capture.opened_before(flow)
    if found is not None:
        local, relay = found
        flow, relay = flow.seen_from(local), relay.seen_from(local)
        before = _plan_before(relay, scrub, marks) if relay.far[1] != flow.far[1] else None
    plan = _plan(flow, scrub, marks)
    _serve(plan, before, served)
    for _ in range(TRIES):
        if not plan.rounds and not plan.streams:
            raise NoCallError("nothing of this flow can be played")
        if before is not None and not before.rounds:
            before = None
        text = written(plan, before, candidate, call_names)
        try:
            profile = load_profile_file("private", text.encode())
        except ProfileError as error:
            _leave_out(plan, before, error)
        else:
            return _draft(text, profile, scrub, plan, before)
    raise NoCallError("nothing of this flow can be played")


def _serve(plan: Plan, before: Plan | None, served: frozenset[int]) -> None:
    """Replace ports that no reflector serves: a call between two phones has any port."""
    taken: set[int] = set()
    for each, spare in ((plan, SPARE_PORTS), (before, SPARE_PORTS[::-1])):
        if each is None or not served:
            continue
        if each.port not in served or each.port in taken:
            port = next(port for port in spare if port not in taken)
            plan.left_out.append(f"port {each.port}: no reflector serves it, {port} is used")
            each.port = port
        taken.add(each.port)


def _draft(text: str, profile: Profile, scrub: Scrub, plan: Plan, before: Plan | None) -> Draft:
    left_out = [*plan.left_out, *(before.left_out if before is not None else [])]
    raised = sum(stream.raised() for stream in plan.streams)
    if raised:
        left_out.append(f"sizes of {raised} packets: made larger, so that the session's token fits")
    if not plan.streams:
        left_out.append(
            "media: there is none in the flow; a check can find a block of the set-up, and never say ok"
        )
    rounds = len(plan.rounds) + (len(before.rounds) if before is not None else 0)
    return Draft(text, profile, dict(scrub.counts), tuple(dict.fromkeys(left_out)), rounds, len(plan.streams))


def _marks(capture: Capture) -> list[bytes]:
    """Every address of the capture, in both byte orders."""
    addresses = {address for flow in capture.flows.values() for address, _ in (flow.near, flow.far)}
    found = {mark for address in addresses for mark in (address, address[::-1])}
    return sorted(mark for mark in found if any(mark))


def _plan(flow: Flow, scrub: Scrub, marks: Sequence[bytes]) -> Plan:
    plan = Plan(port=flow.far[1])
    items = items_of(flow)
    sources = {
        stream.ssrc for stream in rtp_streams([Sample(i.sample.at_us, i.sample.up, i.inner) for i in items])
    }
    marks = [*marks, *(mark for ssrc in sources for mark in (ssrc, ssrc[::-1]) if any(mark))]
    if flow.near[0]:
        scrub.took("address", 2)
    media_like = unknown_media(items)
    add_rounds(plan, items, scrub, marks)
    add_streams(plan, items, media_like, scrub, marks)
    return plan


def _plan_before(flow: Flow, scrub: Scrub, marks: Sequence[bytes]) -> Plan:
    """The set-up of the leg that comes before: its first exchanges."""
    plan = Plan(prefix="before-", port=flow.far[1])
    add_rounds(plan, items_of(flow), scrub, marks, most=BEFORE_ROUNDS_MAX)
    plan.rounds = [item for item in plan.rounds if item.stage == "setup"]
    return plan


def _leave_out(plan: Plan, before: Plan | None, error: ProfileError) -> None:
    """Take out what the loader's first problem is about.

    Raises:
        NoCallError: the problem is of the profile as a whole: a mistake of ours, said as what it is.
    """
    problem = error.problems[0]
    if found := _ROUND.match(problem.field):
        owner = before if found[1] == "1" and before is not None else plan
        item = owner.rounds[int(found[2])]
        if found[3] == "replies" and found[4] and len(item.replies) > 1:
            del item.replies[int(found[4])]
        else:
            owner.rounds.remove(item)
        plan.left_out.append(f"{item.request}: {problem.message}")
    elif found := _STREAM.match(problem.field):
        voice, video = carried(plan.streams)
        stream = (voice if found[1] == "voice" else video)[int(found[2])]
        plan.streams.remove(stream)
        plan.left_out.append(f"{stream.message}: {problem.message}")
    elif found := _MESSAGE.match(problem.field):
        name = found[1].removesuffix("-inner")
        for owner in (plan, *([before] if before is not None else [])):
            owner.rounds = [r for r in owner.rounds if name != r.request and name not in r.replies]
            owner.streams = [s for s in owner.streams if s.message != name]
            owner.messages.pop(found[1], None)
        plan.left_out.append(f"{name}: {problem.message}")
    else:
        raise NoCallError(str(problem))
