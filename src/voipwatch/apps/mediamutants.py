"""Derived mutants of media (arm D): an app's whole call with one property of its RTP packets changed.

Set-up, sizes and times are the app's own, and reports (RTCP) stay as they are. They stand behind the mutants
of set-ups in the one order that numbers all (`mutants.derived_by_format`).

Decision: docs/design/0029-triggers.md.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final

from voipwatch.apps.codecs.binary import PartsSpec
from voipwatch.apps.codecs.rtp import RtpSpec
from voipwatch.apps.codecs.use import MessageSpec
from voipwatch.apps.profile import MediaSpec, Profile
from voipwatch.model.flows import FlowKind
from voipwatch.model.vocabulary import PRIVATE, Arm

RTP_ALL: Final = "rtp-all"
"""Version, payload type and numbering changed at once: asked first, the single ones if it lives."""
RTP_VERSION: Final = "rtp-version"
RTP_TYPE: Final = "rtp-payload-type"
RTP_NUMBERING: Final = "rtp-numbering"
RTP_SINGLE: Final = (RTP_VERSION, RTP_TYPE, RTP_NUMBERING)
"""One property each: another version; payload types of nobody; numbers and times that do not count up."""
RTP_MUTANTS: Final = (RTP_ALL, *RTP_SINGLE)
OTHER_VERSION: Final = 3
"""A first byte from 192 on: no STUN, ZRTP, DTLS, TURN channel or RTP (RFC 7983)."""
OTHER_TYPES: Final = 36
OTHER_TYPES_COUNT: Final = 28
"""Payload types 36 to 63 are unassigned (IANA, RTP Payload Types), and RTCP with no marker bit (RFC 5761)."""


def media_mutants(profile: Profile) -> list[FlowKind]:
    """The kinds of a profile's mutants of media, by leg and medium; none of a private profile, nor of a
    direct leg, whose media is asked of the relay's.
    """
    return [
        FlowKind(profile.id, profile.default_dialect, leg.id, Arm.D, mutant, media.media)
        for leg in (profile.legs if profile.id != PRIVATE else ())
        if leg.run and profile.default_dialect in leg.dialects and not profile.is_direct(leg)
        for media in leg.media
        if _speaks_rtp(profile, media)
        for mutant in RTP_MUTANTS
    ]


def _speaks_rtp(profile: Profile, media: MediaSpec) -> bool:
    return any(isinstance(each, RtpSpec) for each in _messages(profile, media))


def _messages(profile: Profile, media: MediaSpec) -> Iterator[MessageSpec]:
    """What the streams send, and what is carried in it."""
    for stream in media.streams:
        spec = profile.messages[stream.message]
        yield spec
        if isinstance(spec, PartsSpec) and spec.inner:
            yield profile.messages[spec.inner]


def _other_version(spec: MessageSpec) -> MessageSpec:
    return replace(spec, version=OTHER_VERSION) if isinstance(spec, RtpSpec) else spec


def _other_type(spec: MessageSpec) -> MessageSpec:
    if not isinstance(spec, RtpSpec):
        return spec
    return replace(spec, payload_type=OTHER_TYPES + spec.payload_type % OTHER_TYPES_COUNT)


def _other_numbering(spec: MessageSpec) -> MessageSpec:
    return replace(spec, scattered=True) if isinstance(spec, RtpSpec) else spec


def _all_of_rtp(spec: MessageSpec) -> MessageSpec:
    return _other_version(_other_type(_other_numbering(spec)))


RTP_CHANGES: Final[dict[str, Callable[[MessageSpec], MessageSpec]]] = {
    RTP_ALL: _all_of_rtp,
    **dict(zip(RTP_SINGLE, (_other_version, _other_type, _other_numbering), strict=True)),
}
"""Mutant -> what it makes of each message of the call; all but RTP it leaves as they are."""
