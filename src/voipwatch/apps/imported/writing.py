"""The TOML text of a plan."""

from collections.abc import Sequence

from voipwatch.apps.imported.flows import Candidate
from voipwatch.apps.imported.plan import Plan
from voipwatch.apps.imported.streams import Stream
from voipwatch.model.vocabulary import PRIVATE


def written(plan: Plan, before: Plan | None, candidate: Candidate, call_names: Sequence[str]) -> str:
    """The profile's file: the flow's leg, the one before it if there is one, messages, provenance."""
    voice, video = carried(plan.streams)
    role = "media" if not plan.rounds else "signalling" if candidate.protocols == ("sip",) else "relay"
    names = ", ".join(f'"{name}"' for name in call_names)
    lines = [
        "# A private profile, made from a capture of one's own call. No address, name, identifier or content",
        "# of the capture is in it: sizes, times and the protocol's own bytes are.",
        "",
        f'id = "{PRIVATE}"',
        'name = "private"',
        'version = "2026.1"',
        'default_dialect = "captured"',
        f"call_names = [{names}]",
        'not_testable = ["provider-address", "sni-or-name", "longer-call", "account"]',
        "",
        "[[dialects]]",
        'id = "captured"',
        'name = "as captured"',
        "",
        "[[legs]]",
        'id = "captured"',
        'name = "as captured"',
        f'role = "{role}"',
        f"port = {plan.port}",
        *(['after = "before"'] if before is not None else []),
        *_round_lines(plan),
    ]
    for media, streams, seconds in (("voice", voice, 1.0), ("video", video, 0.5)):
        if streams:
            start = min(stream.at_us[0] for stream in streams)
            lines += ["", f"[legs.{media}]", f"short_s = {seconds}"]
            for stream in streams:
                lines += ["", f"[[legs.{media}.streams]]", *stream.lines(start)]
    if before is not None:
        lines += [
            "",
            "[[legs]]",
            'id = "before"',
            'name = "opened before, from the same port"',
            'role = "relay"',
        ]
        lines += [f"port = {before.port}", *_round_lines(before)]
    for each in (plan, before):
        used = _used(each) if each is not None else set()
        for name, made in each.messages.items() if each is not None else ():
            if name in used:
                lines += ["", f"[messages.{name}]", *made.lines]
    if plan.synthetic:
        lines += [
            "",
            "[[provenance]]",
            'facts = "answers, of which the capture holds none"',
            'status = "synthetic"',
        ]
        lines += ['source = "as the standards ask for"']
    lines += [
        "",
        "[[provenance]]",
        'facts = "sizes, spacing, order and roles of bytes"',
        'status = "seen"',
        'source = "own capture"',
        "",
        "[[provenance]]",
        'facts = "every identifier, address, name and payload is random"',
        'status = "synthetic"',
        'source = "scrubbed at the import"',
        "",
    ]
    return "\n".join(lines)


def _round_lines(plan: Plan) -> list[str]:
    lines: list[str] = []
    for item in plan.rounds:
        replies = ", ".join(f'"{name}"' for name in item.replies)
        lines += [
            "",
            "[[legs.rounds]]",
            f'stage = "{item.stage}"',
            f'request = "{item.request}"',
            f"replies = [{replies}]",
        ]
    return lines


def carried(streams: list[Stream]) -> tuple[list[Stream], list[Stream]]:
    """Streams of a voice call, and of a video call where there are pictures beside voice."""
    voice = [stream for stream in streams if not stream.is_picture]
    if all(stream.is_report for stream in voice):
        return streams, []
    return voice, streams if len(voice) < len(streams) else []


def _used(plan: Plan) -> set[str]:
    names = {item.request for item in plan.rounds} | {name for item in plan.rounds for name in item.replies}
    names |= {stream.message for stream in plan.streams}
    return names | {f"{name}-inner" for name in names}
