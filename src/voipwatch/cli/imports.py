"""`voipwatch import FILE`: a capture of one's own call becomes a private profile, scrubbed."""

import stat
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
from cyclopts import Parameter

from voipwatch.apps import load_profiles, udp_ports
from voipwatch.apps.imported import KINDS, Candidate, Capture, Draft, NoCallError, draft_profile
from voipwatch.cli.context import Context
from voipwatch.cli.errors import CLEAR, Misuse
from voipwatch.cli.reportfile import require_writable, write_file
from voipwatch.cli.values import parse_count, shown, shown_path
from voipwatch.wire.capture import read_capture
from voipwatch.wire.errors import WireError

SCHEMA: Final = "voipwatch.import/1"
LISTED_MAX: Final = 20
"""Flows that are listed; a capture of a whole evening has thousands."""


def import_capture(  # the command is `import`, which is no name for a function
    file: Annotated[str, Parameter(metavar="FILE")],
    /,
    *,
    context: Annotated[Context, Parameter(parse=False)],
    flow: Annotated[int | None, Parameter(metavar="N")] = None,
    out: Annotated[str | None, Parameter(metavar="FILE")] = None,
    json: bool = False,
) -> int:
    """Read, choose a flow, write the profile; 0, or 64 where there is no call to import."""
    target = None if out is None else Path(out)
    if target is not None:
        require_writable(target)
    capture = read(Path(file))
    found = capture.candidates()
    candidates = found[:LISTED_MAX]
    try:
        chosen = _choose(candidates, flow, file)
    except Misuse:
        _list(context, capture, candidates, left_count=len(found) - len(candidates))
        raise
    try:
        draft = draft_profile(chosen, capture, served=frozenset(udp_ports(load_profiles())))
    except NoCallError:
        raise Misuse("error.import_nothing", path=shown_path(file)) from None
    if target is not None:
        write_file(target, draft.text.encode())
    if json:
        context.print_json(_json(capture, candidates, chosen, draft, kept=target is None))
        return CLEAR
    if target is None:
        context.stdout.write(draft.text)
        context.stdout.flush()
    _list(context, capture, candidates, chosen, left_count=len(found) - len(candidates))
    _tell(context, draft)
    if target is not None:
        context.say("import.written", path=shown_path(target))
    return CLEAR


def read(path: Path) -> Capture:
    """What is kept of a capture file, read as a stream. Raises Misuse for what is none."""
    kept = Capture()
    try:
        if path.is_dir():
            raise Misuse("error.file_is_folder", path=shown_path(path))
        if not stat.S_ISREG(path.stat().st_mode):
            raise Misuse("error.file_special", path=shown_path(path))
        with path.open("rb") as stream:
            for packet in read_capture(stream.read):
                kept.add(packet)
    except FileNotFoundError:
        raise Misuse("error.file_missing", path=shown_path(path)) from None
    except WireError as error:
        if error.protocol == "capture":
            raise Misuse("error.import_no_capture", path=shown_path(path)) from None
        reason = shown(f"{error.field}, {error.detail}", longest=160)
        raise Misuse(
            "error.import_damaged",
            path=shown_path(path),
            packet=kept.packets + 1,
            at=error.offset,
            reason=reason,
        ) from None
    except (OSError, ValueError) as error:  # ValueError: a null byte in the name
        reason = getattr(error, "strerror", None) or str(error)
        raise Misuse("error.file_unreadable", path=shown_path(path), reason=shown(reason)) from None
    return kept


def _choose(candidates: list[Candidate], wanted: int | None, file: str) -> Candidate:
    if not candidates:
        raise Misuse("error.import_no_udp", path=shown_path(file))
    if wanted is not None:
        return candidates[parse_count(wanted, option="--flow", low=1, high=len(candidates)) - 1]
    if not candidates[0].is_call:
        raise Misuse("error.import_no_call", path=shown_path(file), flows=len(candidates))
    return candidates[0]


def _list(
    context: Context,
    capture: Capture,
    candidates: list[Candidate],
    chosen: Candidate | None = None,
    *,
    left_count: int,
) -> None:
    """The flows that `--flow` chooses among; `left_count` more are not listed, and that is said."""
    if not candidates:
        return
    context.say("import.flows", packets=capture.packets, flows=len(capture.flows))
    for number, each in enumerate(candidates, 1):
        key = "import.chosen" if each is chosen else "import.flow"
        context.say(key, style="", number=number, **_facts(each))
    if left_count:
        context.say("import.more", count=left_count, listed=len(candidates))


def _tell(context: Context, draft: Draft) -> None:
    context.say("import.profile", rounds=draft.rounds, streams=draft.streams)
    for kind in KINDS:
        if draft.scrubbed.get(kind):
            context.say(f"import.scrubbed.{kind}", count=draft.scrubbed[kind])
    for item in draft.left_out:
        context.say("import.left_out", what=shown(item, longest=200))
    context.say("import.look")


def _facts(candidate: Candidate) -> dict[str, object]:
    """The person's own screen shows his own capture's addresses; the profile never does."""
    flow = candidate.flow
    return {
        "near": f"{ip_address(flow.near[0])} {flow.near[1]}",
        "far": f"{ip_address(flow.far[0])} {flow.far[1]}",
        "up": flow.counts[0],
        "down": flow.counts[1],
        "seconds": round(flow.seconds, 1),
        "protocols": ", ".join(candidate.protocols) or "-",
    }


def _json(
    capture: Capture, candidates: list[Candidate], chosen: Candidate, draft: Draft, *, kept: bool
) -> bytes:
    """Without an address: a document may travel further than a screen."""
    flows: list[dict[str, Any]] = [
        {
            "flow": number,
            "chosen": each is chosen,
            "call": each.is_call,
            "protocols": list(each.protocols),
            "port": each.flow.far[1],
            "packets_up": each.flow.counts[0],
            "packets_down": each.flow.counts[1],
            "seconds": round(each.flow.seconds, 3),
        }
        for number, each in enumerate(candidates, 1)
    ]
    document: dict[str, Any] = {
        "schema": SCHEMA,
        "packets": capture.packets,
        "flows": flows,
        "rounds": draft.rounds,
        "streams": draft.streams,
        "scrubbed": draft.scrubbed,
        "left_out": list(draft.left_out),
        "digest": draft.profile.digest,
        "profile": draft.text if kept else None,
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=2)
