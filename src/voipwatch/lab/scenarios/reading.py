"""Reading a scenario's table, and what it must not say: each refusal names its place."""

import tomllib
from functools import cache
from importlib.resources import files
from ipaddress import IPv4Network, IPv6Network, ip_network
from itertools import chain
from typing import Final

import msgspec

from voipwatch.lab.scenarios.table import (
    CANARY_ID,
    END_PHASE,
    NoiseKind,
    Operator,
    Scenario,
    ScenarioError,
    Size,
)
from voipwatch.lab.worlds import WorldsError, load_worlds
from voipwatch.model.vocabulary import APP_IDS, Access

NAMES: Final = ("morocco-2016",)
"""Scenarios that are packaged."""
ASN_FIRST, ASN_LAST = 64496, 64511
"""Numbers for documentation (RFC 5398): nobody's network."""
DOCUMENTATION: Final = tuple(
    ip_network(text) for text in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")
)
"""Addresses for documentation (RFC 5737, RFC 3849)."""
DRAWS_MAX: Final = 999
PROBES_MAX: Final = 200
"""Of an operator and access: each has an address of its own behind the operator's /24 or in its /36."""
RUNS_A_DAY_MAX: Final = 24.0


def read_scenario(text: str) -> Scenario:
    """Reads a scenario's table.

    Raises:
        ScenarioError: with the place, for what is no TOML, has unknown or missing fields, or means nothing:
        an
            unknown operator, access, app, world or line; times without a zone or in the wrong order; networks
            and numbers that are not for documentation; interference that overlaps on one line.
    """
    try:
        scenario = msgspec.convert(tomllib.loads(text), Scenario, strict=True)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise ScenarioError(str(error)) from error
    _check_names(scenario)
    for number, operator in enumerate(scenario.operators):
        _check_operator(operator, f"operators[{number}]")
    _check_canary(scenario)
    _check_times(scenario)
    _check_noise(scenario)
    _check_overlaps(scenario)
    for name, size in scenario.sizes.items():
        _check_size(size, f"sizes.{name}")
        if len(size.apps) % 2 or not set(size.apps) <= set(scenario.apps):
            raise ScenarioError(f"sizes.{name}.apps: an even number of the scenario's own")
    return scenario


def _check_names(scenario: Scenario) -> None:
    operators = {operator.id for operator in scenario.operators}
    accesses = {line.id for line in scenario.accesses}
    if len(operators) < len(scenario.operators) or len(accesses) < len(scenario.accesses):
        raise ScenarioError("operators and accesses: an id is there twice")
    strange = [app for app in scenario.apps if app not in APP_IDS]
    if strange or len(scenario.apps) % 2:
        raise ScenarioError(f"apps: an even number of known apps is needed, not {', '.join(scenario.apps)}")
    for number, line in enumerate(scenario.accesses):
        _check_line(line.line, f"accesses[{number}].line")
    phases = [block.phase for block in scenario.blocks]
    for number, block in enumerate(scenario.blocks):
        _check_scope(block.operators, block.accesses, (operators, accesses), f"blocks[{number}]")
        if block.hours is not None and not 0 <= block.hours[0] < block.hours[1] <= 24:
            raise ScenarioError(f"blocks[{number}].hours: two hours of one day, the earlier first")
        if block.every_days < 1:
            raise ScenarioError(f"blocks[{number}].every_days: at least 1")
    for number, noise in enumerate(scenario.noise):
        _check_scope(noise.operators, noise.accesses, (operators, accesses), f"noise[{number}]")
    for number, press in enumerate(scenario.press):
        if press.phase not in (*phases, END_PHASE):
            raise ScenarioError(f"press[{number}].phase: no block has the phase {press.phase!r}")


def _check_scope(
    operators: tuple[str, ...], accesses: tuple[Access, ...], known: tuple[set[str], set[Access]], where: str
) -> None:
    for name in operators:
        if name not in known[0]:
            raise ScenarioError(f"{where}.operators: no operator is called {name!r}")
    for access in accesses:
        if access not in known[1]:
            raise ScenarioError(f"{where}.accesses: the scenario has no lines by {access.value!r}")


def _check_operator(operator: Operator, where: str) -> None:
    _check_asn(operator.asn, where)
    _check_network(operator.mobile, 24, IPv4Network, f"{where}.mobile")
    _check_network(operator.fixed, 36, IPv6Network, f"{where}.fixed")
    _check_world(operator.world, f"{where}.world")


def _check_canary(scenario: Scenario) -> None:
    canary = scenario.canary
    _check_asn(canary.asn, "canary")
    _check_network(canary.fixed, 36, IPv6Network, "canary.fixed")
    _check_line(canary.line, "canary.line")
    if not 0.0 < canary.runs_a_day <= RUNS_A_DAY_MAX:
        raise ScenarioError(f"canary.runs_a_day: over 0, at most {RUNS_A_DAY_MAX:.0f}")
    if canary.access in {line.id for line in scenario.accesses}:
        raise ScenarioError("canary.access: it must be on no access of the scenario's lines")
    taken = [CANARY_ID in {each.id for each in scenario.operators}]
    taken += [each.asn == canary.asn or each.fixed == canary.fixed for each in scenario.operators]
    if any(taken):
        raise ScenarioError("canary: it must be on another network than every operator's")


def _check_asn(asn: int, where: str) -> None:
    if not ASN_FIRST <= asn <= ASN_LAST:
        raise ScenarioError(
            f"{where}.asn: {asn} is not for documentation ({ASN_FIRST} to {ASN_LAST}, RFC 5398)"
        )


def _check_network(text: str, bits: int, kind: type[IPv4Network] | type[IPv6Network], where: str) -> None:
    try:
        network = ip_network(text)
    except ValueError as error:
        raise ScenarioError(f"{where}: {error}") from error
    if not isinstance(network, kind) or network.prefixlen != bits:
        raise ScenarioError(f"{where}: a /{bits} of IPv{kind(0).version} is needed")
    if not any(_within(network, whole) for whole in DOCUMENTATION):
        raise ScenarioError(f"{where}: {text} is not for documentation (RFC 5737, RFC 3849)")


def _within(network: IPv4Network | IPv6Network, whole: IPv4Network | IPv6Network) -> bool:
    if isinstance(network, IPv4Network):
        return isinstance(whole, IPv4Network) and network.subnet_of(whole)
    return isinstance(whole, IPv6Network) and network.subnet_of(whole)


def _check_world(name: str, where: str) -> None:
    try:
        load_worlds().get(name)
    except WorldsError as error:
        raise ScenarioError(f"{where}: {error}") from error


def _check_line(name: str, where: str) -> None:
    if name not in load_worlds().lines:
        raise ScenarioError(f"{where}: no line condition is called {name!r}")


def _check_times(scenario: Scenario) -> None:
    spans = [
        ("", scenario.since, scenario.until),
        *((f"blocks[{n}].", each.since, each.until) for n, each in enumerate(scenario.blocks)),
        *((f"noise[{n}].", each.since, each.until) for n, each in enumerate(scenario.noise)),
        *(
            (f"sizes.{name}.windows[{n}].", each.since, each.until)
            for name, size in scenario.sizes.items()
            for n, each in enumerate(size.windows)
        ),
    ]
    for where, since, until in spans:
        for field, at in (("since", since), ("until", until)):
            if at.tzinfo is None:
                raise ScenarioError(f"{where}{field}: a time with its zone is needed, such as {at:%FT%T}Z")
        if since >= until:
            raise ScenarioError(f"{where}until: it ends before it begins")
        if since < scenario.since or until > scenario.until:
            raise ScenarioError(f"{where}since, until: outside the scenario's own time")


def _check_noise(scenario: Scenario) -> None:
    needed = {
        NoiseKind.BAD_LINE: ("line",),
        NoiseKind.OUTAGE: ("world",),
        NoiseKind.RELEASE: ("world", "software", "apps", "probes"),
        NoiseKind.CROWD: ("line", "reports"),
        NoiseKind.LATE: (),
        NoiseKind.EXODUS: (),
    }
    for number, noise in enumerate(scenario.noise):
        where = f"noise[{number}]"
        for field in needed[noise.kind]:
            if not getattr(noise, field):
                raise ScenarioError(f"{where}.{field}: noise of kind {noise.kind.value} needs it")
        if not 0.0 < noise.share <= 1.0:
            raise ScenarioError(f"{where}.share: over 0, at most 1")
        if noise.line:
            _check_line(noise.line, f"{where}.line")
        if noise.world:
            _check_world(noise.world, f"{where}.world")
        for app in noise.apps:
            if app not in scenario.apps:
                raise ScenarioError(f"{where}.apps: {app!r} is not of the scenario")


def _check_overlaps(scenario: Scenario) -> None:
    for number, one in enumerate(scenario.blocks):
        for other_number, other in enumerate(scenario.blocks[:number]):
            if (
                set(one.operators) & set(other.operators)
                and set(one.accesses) & set(other.accesses)
                and one.since < other.until
                and other.since < one.until
            ):
                raise ScenarioError(f"blocks[{number}]: it overlaps with blocks[{other_number}] on some line")


def _check_size(size: Size, where: str) -> None:
    if not 1 <= size.draws <= DRAWS_MAX or not 1 <= size.noise_draws <= DRAWS_MAX:
        raise ScenarioError(f"{where}.draws: 1 to {DRAWS_MAX}")
    if not 1 <= size.probes <= PROBES_MAX:
        raise ScenarioError(f"{where}.probes: 1 to {PROBES_MAX}")
    rates = chain([size.runs_a_day, size.canary_runs_a_day], (each.runs_a_day for each in size.windows))
    for rate in rates:
        if not 0.0 <= rate <= RUNS_A_DAY_MAX:
            raise ScenarioError(f"{where}.runs_a_day: 0 to {RUNS_A_DAY_MAX:.0f}")


@cache
def load_scenario(name: str) -> Scenario:
    """A packaged scenario.

    Raises:
        ScenarioError: if there is none of this name.
    """
    if name not in NAMES:
        raise ScenarioError(f"no scenario is called {name!r}; there is {', '.join(NAMES)}")
    path = files("voipwatch.lab.scenarios") / f"{name}.toml"
    return read_scenario(path.read_text(encoding="utf-8"))
