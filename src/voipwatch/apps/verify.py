"""Whether what a profile says can be done: every message is compiled, built, and its token looked for.

The far end finds an uplink token without knowing the profile (`wire.place`); a profile whose token it would
not find, or whose reply the near end would not recognise, is refused here and not on somebody's line.
"""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from voipwatch.apps.codecs.use import MessageSpec, UnfitError
from voipwatch.apps.messages import BuildContext, Message, PlaceKind, answers, build, read_down
from voipwatch.apps.profile import Leg, MediaSpec, Profile, RoundSpec
from voipwatch.apps.schema import Findings
from voipwatch.apps.scripts import compile_round, stream_message
from voipwatch.model.vocabulary import Direction
from voipwatch.wire.place import uplink_place

_SECRET = bytes(range(32))
_ENTROPY = bytes(range(16))
_TOKEN = bytes(range(0x41, 0x41 + 64))
_Args = ParamSpec("_Args")
_Result = TypeVar("_Result")


def verify_profile(profile: Profile, findings: Findings) -> None:
    """Note everything in a well-formed profile that cannot be built, sent or recognised."""
    for name in profile.messages:
        _check_wraps(profile, name, findings)
    if findings.problems:
        return
    lookup = profile.messages.__getitem__
    for number, leg in enumerate(profile.legs):
        _verify_leg(leg, f"legs[{number}]", lookup, findings)
    for number, mutant in enumerate(profile.mutants):
        _verify_round(mutant.round, f"mutants[{number}]", lookup, findings)
    spoken = {dialect for leg in profile.legs if leg.run for dialect in leg.dialects}
    for number, dialect in enumerate(profile.dialects):
        if dialect.id not in spoken:
            findings.add(f"dialects[{number}].id", "no leg that is run speaks this dialect")


def _check_wraps(profile: Profile, name: str, findings: Findings) -> None:
    """A message carried by another exists, and none carries itself."""
    seen = [name]
    while inner := getattr(profile.messages[seen[-1]], "inner", ""):
        if inner not in profile.messages:
            findings.add(f"messages.{seen[-1]}", f"no message is called {inner!r}")
            return
        if inner in seen or len(seen) > 3:
            findings.add(f"messages.{name}", "carries itself, or messages in messages over three deep")
            return
        seen.append(inner)


def _verify_leg(leg: Leg, path: str, lookup: Callable[[str], MessageSpec], findings: Findings) -> None:
    for number, spec in enumerate(leg.rounds):
        _verify_round(spec, f"{path}.rounds[{number}]", lookup, findings)
    for media in leg.media:
        _verify_media(media, f"{path}.{media.media}", lookup, findings)


def _verify_round(
    spec: RoundSpec, path: str, lookup: Callable[[str], MessageSpec], findings: Findings
) -> None:
    compiled = _attempt(f"{path}", findings, compile_round, spec, lookup)
    if compiled is None:
        return
    request = _attempt(f"{path}.request", findings, _verify_up, compiled.request, compiled.request.size)
    if request is None:
        return
    for number, reply in enumerate(compiled.replies):
        _attempt(f"{path}.replies[{number}]", findings, _verify_reply, reply, request)


def _verify_media(
    media: MediaSpec, path: str, lookup: Callable[[str], MessageSpec], findings: Findings
) -> None:
    for number, stream in enumerate(media.streams):
        here = f"{path}.streams[{number}]"
        for index, rhythm in enumerate(stream.rhythms):
            for direction in stream.directions:
                message = _attempt(
                    f"{here}.message", findings, stream_message, stream, rhythm, direction, lookup
                )
                if message is None:
                    return
                named = "sizes_down" if rhythm.sizes_of(direction) is rhythm.sizes_down else "sizes"
                for position, size in enumerate(rhythm.sizes_of(direction)):
                    where = f"{here}.rhythms[{index}].{named}[{position}]"
                    _attempt(where, findings, _verify_packet, message, size)


def _attempt(
    path: str,
    findings: Findings,
    what: Callable[_Args, _Result],
    *args: _Args.args,
    **kwargs: _Args.kwargs,
) -> _Result | None:
    """Do it; what makes it impossible is noted at `path`."""
    try:
        return what(*args, **kwargs)
    except UnfitError as error:
        findings.add(path, str(error))
    except ValueError as error:
        findings.add(path, f"cannot be built: {error}")
    return None


def _context(message: Message, size: int, request: bytes = b"") -> BuildContext:
    return BuildContext(
        flow_secret=_SECRET,
        entropy=_ENTROPY,
        token=_TOKEN[: message.room(size)],
        size=size,
        request=request,
        source=("192.0.2.7", 40000),
    )


def _build(message: Message, ctx: BuildContext) -> bytes:
    data = build(message, ctx)
    if len(data) != ctx.size:
        raise UnfitError(f"{message.name}: made {len(data)} bytes instead of {ctx.size}")
    return data


def _verify_up(message: Message, size: int) -> bytes:
    """The built request, in which the far end finds the token."""
    ctx = _context(message, size)
    data = _build(message, ctx)
    if uplink_place(data) != ctx.token:
        raise UnfitError(f"{message.name}: the far end would not find the token in its {size} bytes")
    return data


def _verify_reply(message: Message, request: bytes) -> None:
    ctx = _context(message, message.size, request)
    data = _build(message, ctx)
    if not answers(message, request, data) or read_down(message, data, request) != ctx.token:
        raise UnfitError(f"{message.name}: the near end would not recognise it, or not find its token")


def _verify_packet(message: Message, size: int) -> None:
    if message.place.kind is not PlaceKind.TAIL:
        raise UnfitError(f"{message.name}: media has its token at its end, not at {message.place.kind}")
    if message.direction is Direction.UP:
        _verify_up(message, size)
        return
    if message.room(size) < 16:
        raise UnfitError(
            f"{message.name}: {size} bytes leave {message.room(size)} for a token, 16 are needed"
        )
    ctx = _context(message, size)
    if read_down(message, _build(message, ctx)) != ctx.token:
        raise UnfitError(f"{message.name}: the near end would not find the token in its {size} bytes")
