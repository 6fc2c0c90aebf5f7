"""Derived mutants (arm D): an app's own script with one property of what may have died changed.

They are made from the profile by both ends alike and stand in no file, so that profiles keep their digests.
Their kinds are numbered from the top of the numbers downwards, where no table of kinds reaches; a reflector
says in its offer which `MUTANT_FORMAT` it plays, and one that says none is asked for none.

Decision: docs/design/0029-triggers.md.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from voipwatch.apps import parts
from voipwatch.apps.codecs.dtls import DtlsRecordSpec, DtlsSpec
from voipwatch.apps.codecs.stun import StunSpec
from voipwatch.apps.codecs.use import MessageSpec
from voipwatch.apps.mediamutants import RTP_CHANGES, RTP_MUTANTS, RTP_SINGLE, media_mutants
from voipwatch.apps.parts import Layout
from voipwatch.apps.profile import Leg, MutantSpec, Profile
from voipwatch.model.flows import FlowKind
from voipwatch.model.vocabulary import PRIVATE, Arm, Media, Stage
from voipwatch.wire.dtls_hello import EXTENSION_SUPPORTED_GROUPS

DTLS_HELLO: Final = "dtls-hello"
"""The whole call, with the hello of another client."""
STUN_BINDING: Final = "stun-binding"
"""A generic Binding on the port of a direct leg; on other legs a profile says it itself."""
STUN_ALL: Final = "stun-all"
"""The set-up with cookie, types and attributes changed at once: asked first, the single ones if it lives."""
STUN_SINGLE: Final = ("stun-cookie", "stun-type", "stun-attributes")
"""One property each: no magic cookie; a method that nobody uses; attribute types that nobody uses."""
SINGLE: Final = (*STUN_SINGLE, *RTP_SINGLE)
"""All of one property; those asked first, with all properties of their family, are the rest of `HALVING`."""
HALVING: Final = (STUN_ALL, *STUN_SINGLE)
"""Those that find a property; the others find a label."""
OTHER_METHOD: Final = 0x000D
"""Unassigned (IANA, STUN Methods)."""
OTHER_ATTRIBUTES: Final = 0xC0F0
"""From here on comprehension-optional attribute types that are unassigned (IANA, STUN Attributes)."""
_CLASS_BITS: Final = 0x0110
_METHOD_MAX: Final = 0x03FF
"""Types above are vendors': their token is elsewhere, and a changed one would move it."""
_CLIENT_HELLO: Final = "client_hello"
_OTHER_SUITES: Final = {0x009C: 0x009D, 0x002F: 0x003C, 0x0035: 0x003D}
"""TLS_RSA_WITH_AES_128_GCM_SHA256 -> AES_256_GCM_SHA384, and CBC suites with SHA-256 (RFC 5246, RFC 5288)."""


def derived(profile: Profile) -> list[FlowKind]:
    """The kinds of a profile's derived mutants, in the one order that numbers them; none of a private one."""
    kinds: list[FlowKind] = []
    for leg in profile.legs if profile.id != PRIVATE else ():
        if leg.run and profile.default_dialect in leg.dialects:
            kinds += _of_leg(profile, leg)
    return kinds


derived_by_format: Final[tuple[Callable[[Profile], list[FlowKind]], ...]] = (derived, media_mutants)
"""What each format of mutants added (`model.flows.MUTANT_FORMAT` counts them), in the order of their numbers:
first the kinds of all profiles that the first names, then those of the second. Only ever added to."""


def _of_leg(profile: Profile, leg: Leg) -> list[FlowKind]:
    def kind(mutant: str, media: Media = Media.NONE) -> FlowKind:
        return FlowKind(profile.id, profile.default_dialect, leg.id, Arm.D, mutant, media)

    kinds: list[FlowKind] = []
    if any(_is_hello(profile.messages[each.request]) for each in leg.rounds):
        voice = any(media.media is Media.VOICE for media in leg.media)
        kinds += [kind(DTLS_HELLO), *([kind(DTLS_HELLO, Media.VOICE)] if voice else [])]
    first = profile.messages[leg.rounds[0].request] if leg.rounds else None
    if isinstance(first, StunSpec) and not leg.after:
        single = [name for name in STUN_SINGLE if _CHANGES[name](first) != first]
        kinds += [kind(name) for name in (STUN_ALL, *single)] if len(single) > 1 else []
    if profile.is_direct(leg) and _generic(profile, STUN_BINDING) is not None:
        kinds.append(kind(STUN_BINDING))
    return kinds


def asks_about(kind: FlowKind, stage: Stage) -> bool:
    """Whether a mutant changes what a stage may have died of: of a call cut late, the hello once more."""
    if kind.media is not Media.NONE:
        return stage is Stage.VOICE and kind.mutant == DTLS_HELLO
    return stage is (Stage.HANDSHAKE if kind.mutant == DTLS_HELLO else Stage.SETUP)


def round_of(profile: Profile, kind: FlowKind) -> MutantSpec | None:
    """The one round of a mutant that has no more: the profile's own, or the same on another leg's port.

    None for a mutant that is a whole script with a message changed (`changed`).
    """
    own = next((m for m in profile.mutants if (m.id, m.leg) == (kind.mutant, kind.leg)), None)
    found = own or (_generic(profile, kind.mutant) if kind.mutant == STUN_BINDING else None)
    return None if found is None else replace(found, leg=kind.leg)


def plays(kind: FlowKind, stage: Stage) -> bool:
    """Whether a mutant of a whole script plays the rounds of a stage: of a set-up's nothing behind it."""
    return stage is Stage.SETUP or kind.mutant == DTLS_HELLO or kind.mutant in RTP_MUTANTS


def changed(profile: Profile, mutant: str) -> Callable[[str], MessageSpec]:
    """The profile's messages by name, as a mutant of this name has them.

    Raises:
        KeyError: there is no such mutant.
    """
    change = _CHANGES[mutant]
    return lambda name: change(profile.messages[name])


def _generic(profile: Profile, name: str) -> MutantSpec | None:
    return next((each for each in profile.mutants if each.id == name), None)


def _is_hello(spec: MessageSpec) -> bool:
    return isinstance(spec, DtlsSpec) and spec.records[0].handshake == _CLIENT_HELLO


def _other_hello(spec: MessageSpec) -> MessageSpec:
    """The same size with another order and set of suites, another order of groups and of extensions.

    No JA3, no JA4 and no run of bytes at one place is left of the app's own.
    """
    if not isinstance(spec, DtlsSpec) or not _is_hello(spec):
        return spec
    first, *rest = spec.records
    return replace(spec, records=(_other_record(first), *rest))


def _other_record(record: DtlsRecordSpec) -> DtlsRecordSpec:
    suites = tuple(_OTHER_SUITES.get(suite, suite) for suite in reversed(record.cipher_suites))
    extensions = tuple(
        (number, _reversed_groups(layout) if number == EXTENSION_SUPPORTED_GROUPS else layout)
        for number, layout in reversed(record.extensions)
    )
    return replace(record, cipher_suites=suites, extensions=extensions)


def _reversed_groups(layout: Layout) -> Layout:
    """The groups (two bytes each after a length of two) in the other order; what is not fixed stays."""
    data = b"".join(part.expected or b"" for part in layout.parts)
    if len(data) != layout.fixed_bytes or len(data) % 2:
        return layout
    groups = [data[at : at + 2] for at in range(2, len(data), 2)]
    return replace(layout, parts=(parts.fixed(data[:2] + b"".join(reversed(groups))),))


def _without_cookie(spec: MessageSpec) -> MessageSpec:
    return replace(spec, classic=True) if isinstance(spec, StunSpec) else spec


def _other_type(spec: MessageSpec) -> MessageSpec:
    if not isinstance(spec, StunSpec) or spec.type > _METHOD_MAX:
        return spec
    return replace(spec, type=spec.type & _CLASS_BITS | OTHER_METHOD)


def _other_attributes(spec: MessageSpec) -> MessageSpec:
    """What is computed (integrity, fingerprint, addresses) keeps its type, and so does a token's place."""
    if not isinstance(spec, StunSpec):
        return spec
    place = int(spec.place, 16) if spec.place.startswith("0x") else None
    renamed = tuple(
        replace(each, type=OTHER_ATTRIBUTES + at) if each.kind == "parts" and each.type != place else each
        for at, each in enumerate(spec.attributes)
    )
    return replace(spec, attributes=renamed)


def _all_of_stun(spec: MessageSpec) -> MessageSpec:
    return _without_cookie(_other_type(_other_attributes(spec)))


_CHANGES: Final[dict[str, Callable[[MessageSpec], MessageSpec]]] = {
    **RTP_CHANGES,
    DTLS_HELLO: _other_hello,
    STUN_ALL: _all_of_stun,
    **dict(zip(STUN_SINGLE, (_without_cookie, _other_type, _other_attributes), strict=True)),
}
"""Mutant -> what it makes of each message of the leg; most it leaves as they are."""
