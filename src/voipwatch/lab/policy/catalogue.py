"""The names under which the table of worlds knows the rules, and how one is made from a table."""

from collections.abc import Mapping
from typing import Any, Final, get_args

import msgspec

from voipwatch.lab.policy.allow import AllowList, QuicDrop
from voipwatch.lab.policy.behaviour import RtpBehaviour
from voipwatch.lab.policy.combine import Chain, Daily, Except, Intermittent, OneWay, Open
from voipwatch.lab.policy.dtls import DtlsAny, DtlsHello
from voipwatch.lab.policy.fingerprint import DtlsFingerprint
from voipwatch.lab.policy.flow import CutAfter, CutBytes, CutSeconds, MatchThenKill
from voipwatch.lab.policy.follow import FollowCaller
from voipwatch.lab.policy.names import AddressDrop, DnsForge, TlsName
from voipwatch.lab.policy.packet import Policy
from voipwatch.lab.policy.paths import PathsBreak
from voipwatch.lab.policy.payload import Payload
from voipwatch.lab.policy.ports import PortDrop, PortLoss, PortReject, UdpExcept
from voipwatch.lab.policy.rate import MediaLoss, Police
from voipwatch.lab.policy.residual import Residual
from voipwatch.lab.policy.rtp import RtpDrop
from voipwatch.lab.policy.shape import Late, Shape
from voipwatch.lab.policy.signature import SIGNATURES
from voipwatch.lab.policy.sip import SipAlg, SipText
from voipwatch.lab.policy.sipgateway import SipGateway
from voipwatch.lab.policy.sipinject import SipInject, SipPinhole
from voipwatch.lab.policy.size import PpsCap, SizeDrop
from voipwatch.lab.policy.stun import StunCookie, StunReplies, TurnOnly, WhatsAppStun
from voipwatch.lab.policy.unknown import UdpAll, UnknownUdp
from voipwatch.lab.policy.verdict import OpenClassifier, VerdictDrop, VerdictThen, no_classifier
from voipwatch.model.vocabulary import Direction

Simple = (
    Open | PortDrop | PortReject | PortLoss | UdpExcept | StunCookie | StunReplies | TurnOnly | WhatsAppStun
    | DtlsHello | DtlsAny | DtlsFingerprint | RtpDrop | RtpBehaviour | CutAfter | CutBytes | CutSeconds
    | MatchThenKill | Residual | MediaLoss | Police | Shape | Late | PpsCap | SizeDrop | SipText | SipAlg
    | SipInject | SipPinhole | SipGateway | UnknownUdp | UdpAll | AllowList | QuicDrop | Payload
    | DnsForge | TlsName | AddressDrop | FollowCaller | PathsBreak
)  # fmt: skip
POLICIES: Final[dict[str, type[Simple]]] = {
    str(policy.__struct_config__.tag): policy for policy in get_args(Simple)
}
"""Every simple rule by its name, which is its tag."""
COMBINATORS: Final = frozenset({"chain", "one-way", "intermittent", "daily", "except", "ndpi-then"})
NDPI_DROP: Final = "ndpi-drop"
"""The name of `VerdictDrop`, whose engine no table can hold."""
NDPI: Final = frozenset({NDPI_DROP, "ndpi-then"})
"""The rules that ask an engine."""


class UnknownPolicyError(ValueError):
    """A table names no rule, or gives a rule what it does not take."""


class _Asked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a table says of a `VerdictDrop`."""

    names: tuple[str, ...]
    caches: bool = False


def make_policy(table: Mapping[str, Any], open_classifier: OpenClassifier = no_classifier) -> Policy:
    """The rule that a table describes: its name under `policy`, its parameters beside it.

    Combinators nest: `chain` takes a list `policies`; the others one rule as `of`: `one-way` beside a
    `direction`, `intermittent` beside `period_s` and `on_s`, `daily` beside `from_h` and `to_h`, `except`
    beside `networks`, `ndpi-then` beside `names` and `caches`. `ndpi-drop` takes `names` and `caches`, and
    each of its boxes an engine from `open_classifier`.

    Raises:
        UnknownPolicyError: for a name that is not in the catalogue, and for wrong parameters.
    """
    name = table.get("policy")
    try:
        if name in COMBINATORS or name in NDPI:
            return _combined(str(name), table, open_classifier)
        policy: Policy = msgspec.convert(dict(table), Simple, strict=True)
    except (KeyError, TypeError, msgspec.ValidationError) as error:
        raise UnknownPolicyError(f"policy {name!r}: {error}") from error
    wrong = set(getattr(policy, "signatures", ())) - SIGNATURES.keys()
    if wrong:
        raise UnknownPolicyError(f"policy {name!r}: no signature is called {', '.join(sorted(wrong))}")
    return policy


def _combined(name: str, table: Mapping[str, Any], open_classifier: OpenClassifier) -> Policy:
    """A rule made of rules, or one with an engine. Raises KeyError, TypeError, msgspec.ValidationError."""
    if name == "chain":
        return Chain(tuple(make_policy(part, open_classifier) for part in table["policies"]))
    rest = {key: value for key, value in table.items() if key not in {"policy", "of"}}
    if name == NDPI_DROP:
        asked = msgspec.convert(rest, _Asked, strict=True)
        return VerdictDrop(asked.names, asked.caches, open_classifier)
    inner = make_policy(table["of"], open_classifier)
    if name == "one-way":
        return OneWay(msgspec.convert(table["direction"], Direction), inner)
    if name == "intermittent":
        return Intermittent(float(table["period_s"]), float(table["on_s"]), inner)
    if name == "daily":
        return Daily(float(table["from_h"]), float(table["to_h"]), inner)
    if name == "except":
        return Except(msgspec.convert(table["networks"], tuple[str, ...]), inner)
    asked = msgspec.convert(rest, _Asked, strict=True)
    return VerdictThen(asked.names, asked.caches, open_classifier, policy=inner)
