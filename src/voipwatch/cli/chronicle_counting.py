"""How counters are to count, as an editor types it: day zero by a claim, a country's zone."""

import re
from typing import Final

from voipwatch.chronicle.claims_file import all_packaged_claims
from voipwatch.chronicle.dayzero import zero_refusal
from voipwatch.chronicle.state import ChronicleState
from voipwatch.civic.zones import zone
from voipwatch.cli.chronicle import story_of
from voipwatch.cli.errors import Misuse
from voipwatch.cli.values import shown
from voipwatch.model.claims import ClaimSays

_COUNTRY: Final = re.compile(r"[A-Z]{2}", re.ASCII)


def chosen_zero(text: str, state: ChronicleState, *, now: str) -> tuple[str, str]:
    """Incident and claim of `MA-2016-01-a=morocco-2016/start-5-january`; no claim behind the sign: none.

    Args:
        text: as it was typed.
        state: of the chronicle, which knows the incidents.
        now: ISO 8601; a day zero is past by then.

    Raises:
        Misuse: there is no such incident or claim, or the claim is no day zero of it.
    """
    name, sign, of = (part.strip() for part in text.partition("="))
    if not name or not sign:
        raise Misuse("chronicle.settings.zero_form", value=shown(text))
    if not of:
        return name, ""
    incident = story_of(state, name).newest
    claims = {claim.id: claim for claim in all_packaged_claims()}
    claim = claims.get(of)
    if claim is None:
        told = [
            each.id
            for each in claims.values()
            if each.says is ClaimSays.ONSET and each.scope.country == incident.country
        ]
        known = ", ".join(told) or "-"
        country = incident.country
        raise Misuse("chronicle.settings.zero_no_claim", claim=shown(of), country=country, known=known)
    refusal = zero_refusal(claim, incident, as_of=now)
    if refusal is not None:
        raise Misuse(
            f"chronicle.zero.{refusal.value}",
            claim=claim.id,
            id=incident.id,
            country=claim.scope.country,
            date=shown(claim.date),
        )
    return name, claim.id


def chosen_zone(text: str) -> tuple[str, str]:
    """Country and zone of `MA=Africa/Casablanca`; no zone behind the sign: that of the capital.

    Raises Misuse.
    """
    country, sign, name = (part.strip() for part in text.partition("="))
    if not _COUNTRY.fullmatch(country) or not sign:
        raise Misuse("chronicle.settings.zone_form", value=shown(text))
    if name:
        try:
            zone(name)
        except KeyError:
            raise Misuse("chronicle.settings.zone_unknown", zone=shown(name)) from None
    return country, name
