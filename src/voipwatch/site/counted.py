"""What a bundle counts: every counter, as the bundle itself says that it counts.

One way for who renders the files and for who serves them: both say the same number. A choice in counting.json
that the bundle itself does not bear out is no choice, and such a bundle is not understood.
"""

from voipwatch.chronicle.dayzero import zero_refusal
from voipwatch.civic.daycount import DayZero
from voipwatch.civic.zones import zone
from voipwatch.model.bundle import COUNTING_FILE
from voipwatch.model.claims import ClaimState
from voipwatch.site.bundle import BadBundleError, Bundle
from voipwatch.site.counter.subjects import CounterSubject, newest, states_of, subjects_of, zero_of


def counters_in(bundle: Bundle) -> list[CounterSubject]:
    """Each country's newest incident, and each incident. Raises BadBundleError, ValueError."""
    manifest = bundle.manifest
    return subjects_of(
        [page.incident for page in bundle.incidents],
        states_of(bundle.read("states.json")),
        as_of=manifest.as_of,
        valid_until=manifest.valid_until,
        instance=manifest.instance,
        zeros=_zeros(bundle),
        zones=_zones(bundle),
    )


def home_counter(bundle: Bundle) -> str | None:
    """Whose counter stands for all of the bundle: the country of its newest incident that stands, else of the
    newest that ended; without any, the only country. None where there are several, and no incident.
    """
    shown = newest(page.incident for page in bundle.incidents)
    if shown is not None:
        return shown.country
    countries = {state.country for state in bundle.states}
    return countries.pop() if len(countries) == 1 else None


def _zeros(bundle: Bundle) -> dict[str, DayZero]:
    incidents = {page.incident.id: page.incident for page in bundle.incidents}
    claims = {judged.claim.id: judged.claim for judged in bundle.claims} if bundle.counting.zeros else {}
    contradicted = (
        {judged.claim.id for judged in bundle.claims if judged.check.state is ClaimState.CONTRADICTED}
        if bundle.counting.zeros
        else set()
    )
    operators = {state.operator for state in bundle.states}
    found = {}
    for each in bundle.counting.zeros:
        incident, claim = incidents.get(each.incident), claims.get(each.claim)
        if incident is None or claim is None:
            raise BadBundleError(COUNTING_FILE, "form")
        zero = zero_of(claim, operators | {row.series.operator for row in incident.spread})
        refusal = zero_refusal(claim, incident, as_of=bundle.manifest.as_of, contradicted=contradicted)
        if zero is None or refusal is not None:
            raise BadBundleError(COUNTING_FILE, "form")
        found[each.incident] = zero
    return found


def _zones(bundle: Bundle) -> dict[str, str]:
    for each in bundle.counting.zones:
        try:
            zone(each.zone)
        except KeyError as error:
            raise BadBundleError(COUNTING_FILE, "form") from error
    return {each.country: each.zone for each in bundle.counting.zones}
