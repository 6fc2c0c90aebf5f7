"""A profile in plain data, for people and for `voipwatch apps show`."""

from typing import Any

from voipwatch.apps.loader import NOT_TESTABLE
from voipwatch.apps.messages import Message
from voipwatch.apps.profile import Leg, Profile, Rhythm
from voipwatch.apps.scripts import MediaPacket, Round, compile_app_script
from voipwatch.model.flows import FlowKind
from voipwatch.model.vocabulary import Arm, Media

_SEED = b"describe"


def describe(profile: Profile) -> dict[str, Any]:
    """What a profile says, as JSON-able data: legs with sizes and places of messages, media, sources."""
    return {
        "id": profile.id,
        "name": profile.name,
        "version": profile.version,
        "synthetic": profile.synthetic,
        "digest": profile.digest,
        "default_dialect": profile.default_dialect,
        "dialects": [{"id": dialect.id, "name": dialect.name} for dialect in profile.dialects],
        "call_names": list(profile.call_names),
        "legs": [_leg(profile, leg) for leg in profile.legs],
        "mutants": [
            {
                "id": mutant.id,
                "leg": mutant.leg,
                "rounds": [_round(item) for item in _mutant(profile, mutant.id)],
            }
            for mutant in profile.mutants
        ],
        "messaging": [path.name for path in profile.messaging],
        "fallbacks": [path.name for path in profile.fallbacks],
        "not_testable": {word: NOT_TESTABLE[word] for word in profile.not_testable},
        "provenance": [
            {"facts": item.facts, "status": item.status, "source": item.source} for item in profile.provenance
        ],
    }


def _mutant(profile: Profile, mutant: str) -> tuple[Round, ...]:
    leg = next(item.leg for item in profile.mutants if item.id == mutant)
    kind = FlowKind(profile.id, profile.default_dialect, leg, Arm.D, mutant)
    return compile_app_script(profile, kind, 0, _SEED).rounds


def _leg(profile: Profile, leg: Leg) -> dict[str, Any]:
    dialect = leg.dialects[0]
    bare = compile_app_script(profile, FlowKind(profile.id, dialect, leg.id, Arm.A), 0, _SEED)
    return {
        "id": leg.id,
        "name": leg.name,
        "role": leg.role,
        "transport": leg.transport,
        "port": leg.port,
        "dialects": list(leg.dialects),
        "run": leg.run,
        "after": leg.after or None,
        "call_names": list(leg.call_names),
        "neutral_names": list(leg.neutral_names),
        "rounds": [_round(item) for item in bare.rounds],
        "media": [_media(profile, leg, media.media) for media in leg.media],
    }


def _round(item: Round) -> dict[str, Any]:
    return {
        "stage": str(item.stage),
        "request": _message(item.request),
        "copies": item.copies,
        "replies": [_message(reply) for reply in item.replies],
        "retry_ms": list(item.retry_ms),
    }


def _message(message: Message) -> dict[str, Any]:
    place = str(message.place.kind)
    if message.place.attribute:
        place += f":0x{message.place.attribute:04x}"
    return {
        "name": message.name,
        "bytes": message.size,
        "place": place,
        "token_bytes": message.room(message.size),
    }


def _media(profile: Profile, leg: Leg, media: Media) -> dict[str, Any]:
    kind = FlowKind(profile.id, leg.dialects[0], leg.id, Arm.A, "", media)
    spec = next(item for item in leg.media if item.media is media)
    script = compile_app_script(profile, kind, 28, _SEED)
    return {
        "media": str(media),
        "short_s": spec.short_s,
        "streams": [
            {
                "name": stream.name,
                "message": stream.message,
                "directions": [str(direction) for direction in stream.directions],
                "clock_hz": stream.clock_hz,
                "rhythms": [
                    {"spacing_ms": list(rhythm.spacing_ms), "bytes": _range(rhythm)}
                    for rhythm in stream.rhythms
                ],
            }
            for stream in spec.streams
        ],
        "example_kbit_s": {
            "up": _kbit_s(script.up, script.media_s),
            "down": _kbit_s(script.down, script.media_s),
        },
    }


def _kbit_s(packets: tuple[MediaPacket, ...], seconds: float) -> float:
    """Payload rate of one held flow of an example shape."""
    return round(sum(packet.size for packet in packets) * 8 / seconds / 1000, 1)


def _range(rhythm: Rhythm) -> list[int]:
    """Smallest and largest packet of both directions."""
    sizes = (*rhythm.sizes, *rhythm.sizes_down)
    return [min(sizes), max(sizes)]
