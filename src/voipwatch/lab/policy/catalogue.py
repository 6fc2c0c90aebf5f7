"""The names under which `worlds.toml` knows the rules, and how one is made from a table."""

from collections.abc import Mapping
from typing import Any, Final, get_args

import msgspec

from voipwatch.lab.policy.combine import Chain, Intermittent, OneWay, Open
from voipwatch.lab.policy.dtls import DtlsHello
from voipwatch.lab.policy.flow import CutAfter, MatchThenKill
from voipwatch.lab.policy.follow import FollowCaller
from voipwatch.lab.policy.names import AddressDrop, DnsForge, TlsName
from voipwatch.lab.policy.packet import Policy
from voipwatch.lab.policy.payload import Payload
from voipwatch.lab.policy.ports import PortDrop, PortReject
from voipwatch.lab.policy.rate import MediaLoss, Police
from voipwatch.lab.policy.rtp import RtpDrop
from voipwatch.lab.policy.signature import SIGNATURES
from voipwatch.lab.policy.sip import SipAlg, SipText
from voipwatch.lab.policy.stun import StunCookie, TurnOnly, WhatsAppStun
from voipwatch.lab.policy.unknown import UdpAll, UnknownUdp
from voipwatch.lab.policy.verdict import OpenClassifier, VerdictDrop, no_classifier
from voipwatch.model.vocabulary import Direction

Simple = (
    Open | PortDrop | PortReject | StunCookie | TurnOnly | WhatsAppStun | DtlsHello | RtpDrop | CutAfter
    | MatchThenKill | MediaLoss | Police | SipText | SipAlg | UnknownUdp | UdpAll | Payload
    | DnsForge | TlsName | AddressDrop | FollowCaller
)  # fmt: skip
POLICIES: Final[dict[str, type[Simple]]] = {
    str(policy.__struct_config__.tag): policy for policy in get_args(Simple)
}
"""Every simple rule by its name, which is its tag."""
COMBINATORS: Final = frozenset({"chain", "one-way", "intermittent"})
NDPI_DROP: Final = "ndpi-drop"
"""The name of `VerdictDrop`, whose engine no table can hold."""


class UnknownPolicyError(ValueError):
    """A table names no rule, or gives a rule what it does not take."""


class _Asked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a table says of a `VerdictDrop`."""

    names: tuple[str, ...]
    caches: bool = False


def make_policy(table: Mapping[str, Any], open_classifier: OpenClassifier = no_classifier) -> Policy:
    """The rule that a table describes: its name under `policy`, its parameters beside it.

    Combinators nest: `chain` takes a list `policies`, `one-way` a `direction` and `of`, `intermittent`
    `period_s`, `on_s` and `of`. `ndpi-drop` takes `names` and `caches`, and each of its boxes an engine from
    `open_classifier`.

    Raises:
        UnknownPolicyError: for a name that is not in the catalogue, and for wrong parameters.
    """
    name = table.get("policy")
    try:
        if name == "chain":
            return Chain(tuple(make_policy(part, open_classifier) for part in table["policies"]))
        if name == "one-way":
            return OneWay(
                msgspec.convert(table["direction"], Direction), make_policy(table["of"], open_classifier)
            )
        if name == "intermittent":
            return Intermittent(
                float(table["period_s"]), float(table["on_s"]), make_policy(table["of"], open_classifier)
            )
        if name == NDPI_DROP:
            asked = msgspec.convert({k: v for k, v in table.items() if k != "policy"}, _Asked, strict=True)
            return VerdictDrop(asked.names, asked.caches, open_classifier)
        policy: Policy = msgspec.convert(dict(table), Simple, strict=True)
    except (KeyError, TypeError, msgspec.ValidationError) as error:
        raise UnknownPolicyError(f"policy {name!r}: {error}") from error
    wrong = set(getattr(policy, "signatures", ())) - SIGNATURES.keys()
    if wrong:
        raise UnknownPolicyError(f"policy {name!r}: no signature is called {', '.join(sorted(wrong))}")
    return policy
