"""A scenario's table (`scenarios/NAME.toml`): who, where, when, which world, which noise; and how much is
run.

Everything in it is data. What it plants is computed by `truth`, what is run by `calendar`.
"""

import tomllib
from datetime import datetime
from enum import StrEnum
from functools import cache
from importlib.resources import files
from ipaddress import IPv4Network, IPv6Network, ip_network
from itertools import chain
from typing import Final

import msgspec

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
DAY_S: Final = 86_400.0
DRAWS_MAX: Final = 999
PROBES_MAX: Final = 200
"""Of an operator and access: each has an address of its own behind the operator's /24 or in its /36."""
RUNS_A_DAY_MAX: Final = 24.0


class ScenarioError(ValueError):
    """The table says something that it must not say."""


class Nat(StrEnum):
    """What stands between a probe of an access and the internet."""

    CARRIER = "carrier"
    """The operator's own translator: all its probes behind one /24."""
    HOUSEHOLD = "household"
    """A prefix of its own."""


class Operator(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An operator that nobody runs."""

    id: str
    name: str
    asn: int
    mobile: str
    """The /24 of its carrier NAT."""
    fixed: str
    """The /36 that its households' /48 are of."""
    world: str
    """Of the lab: how it blocks."""
    why: str = ""


class Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One access, and what its lines are like."""

    id: Access
    line: str
    """Line condition of the lab."""
    nat: Nat


class Canary(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The probe beside the reflector, on another network: it vouches for our own end."""

    name: str
    """Of its network."""
    asn: int
    fixed: str
    """The /36 that it is in."""
    access: Access
    line: str
    runs_a_day: float
    """Wherever the year is looked at closely."""
    why: str = ""


CANARY_ID: Final = "canary"
"""Id of the canary's network; no operator of the table may have it."""
NOWHERE: Final = "ZZ"
"""Country of a network that is in none that the scenario tells of (ISO 3166, user-assigned)."""


class Block(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Interference: some operators, on some accesses, from then until then."""

    phase: str
    """Name of the chronology's phase that its beginning is part of."""
    operators: tuple[str, ...]
    accesses: tuple[Access, ...]
    since: datetime
    until: datetime
    hours: tuple[int, int] | None = None
    """Only in these hours of a day, UTC: from the first, before the second; None: always."""
    every_days: int = 1
    """With hours: on the day that it begins on, and each so-manieth day after it."""

    def holds(self, at_s: float) -> bool:
        """Whether it is in force at this moment (Unix seconds)."""
        if not self.since.timestamp() <= at_s < self.until.timestamp():
            return False
        if self.hours is None:
            return True
        days = at_s // DAY_S - self.since.timestamp() // DAY_S
        return days % self.every_days == 0 and self.hours[0] <= at_s % DAY_S // 3600 < self.hours[1]


class NoiseKind(StrEnum):
    """What happens without anybody interfering."""

    BAD_LINE = "bad-line"
    """A share of the runs meets another line condition."""
    OUTAGE = "outage"
    """The reflector dies: what is measured then has no signed log, and no collector takes it."""
    RELEASE = "release"
    """A release of the probe with a bug goes to the first `probes` of each operator and access."""
    LATE = "late"
    """A share of the probes cannot hand in; what they measured comes when it is over."""
    CROWD = "crowd"
    """People test by hand, on whatever line they have, and no collector has enrolled them."""
    EXODUS = "exodus"
    """A share of the probes leaves: its owners use a tunnel, through which nothing scheduled is measured."""


class Noise(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One innocent thing."""

    kind: NoiseKind
    why: str
    since: datetime
    until: datetime
    operators: tuple[str, ...] = ()
    """Empty: all."""
    accesses: tuple[Access, ...] = ()
    """Empty: all."""
    line: str = ""
    """Of a bad line and of a crowd."""
    world: str = ""
    """Of an outage and of a release: what stands for it in the lab."""
    apps: tuple[str, ...] = ()
    """That a release's bug is about."""
    software: str = ""
    """The release's name."""
    share: float = 1.0
    """Of runs (bad line) or of probes (late, exodus), 0..1."""
    probes: int = 0
    """Of each operator and access, that got the release."""
    reports: int = 0
    """Of a crowd, in the full size; smaller sizes have fewer, as they have fewer probes."""

    def covers(self, operator: str, access: Access, at_s: float) -> bool:
        """Whether it is about this line at this moment."""
        return (
            self.since.timestamp() <= at_s < self.until.timestamp()
            and (not self.operators or operator in self.operators)
            and (not self.accesses or access in self.accesses)
        )


class Window(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Days that are looked at more closely than the rest."""

    since: datetime
    until: datetime
    runs_a_day: float
    accesses: tuple[Access, ...] = ()
    """Empty: all."""
    probes: int | None = None
    """Of an operator and access in these days, where other than the size's."""


class Size(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How much of the calendar is run."""

    why: str
    probes: int
    """Of each operator and access."""
    runs_a_day: float
    """Of a probe, on average, outside windows; 0: none."""
    draws: int
    """Distinct checks of each kind."""
    noise_draws: int = 1
    """The same of the kinds that only noise meets."""
    canary_runs_a_day: float = 0.0
    """Of the canary, outside windows."""
    apps: tuple[str, ...] = ()
    """Only these of the scenario's; empty: all."""
    windows: tuple[Window, ...] = ()
    interval_h: float = 36.0
    """Widest interval of an onset or end that is good enough at this density."""
    order_h: float = 36.0
    """Series that were reached so many hours apart, or more, must be told in their order."""


class Press(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was said of a phase of the real block, to be shown beside what is found of the emulated one."""

    phase: str
    claims: tuple[str, ...]
    """Ids in the packaged chronologies, where their source and date are."""


class Scenario(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole table."""

    id: str
    title: str
    why: str
    country: str
    since: datetime
    until: datetime
    """The first moment after it."""
    apps: tuple[str, ...]
    budget_bytes: int
    """Of an app's check."""
    operators: tuple[Operator, ...]
    accesses: tuple[Line, ...]
    canary: Canary
    blocks: tuple[Block, ...]
    noise: tuple[Noise, ...]
    press: tuple[Press, ...]
    sizes: dict[str, Size]

    @property
    def instance(self) -> str:
        """What every row says that it is of."""
        return self.id

    def sized(self, name: str) -> "Scenario":
        """With the apps of a size. Raises KeyError."""
        apps = self.sizes[name].apps
        return msgspec.structs.replace(self, apps=apps) if apps else self

    def operator(self, name: str) -> Operator:
        """By id; the canary's network too. Raises StopIteration where there is none."""
        if name == CANARY_ID:
            return Operator(CANARY_ID, self.canary.name, self.canary.asn, "", self.canary.fixed, "")
        return next(each for each in self.operators if each.id == name)

    def access(self, name: Access) -> Line:
        """By id; the canary's too. Raises StopIteration where there is none."""
        if name is self.canary.access:
            return Line(name, self.canary.line, Nat.HOUSEHOLD)
        return next(each for each in self.accesses if each.id == name)

    def country_of(self, operator: str) -> str:
        """Of a network, by id."""
        return NOWHERE if operator == CANARY_ID else self.country

    def block_at(self, operator: str, access: Access, at_s: float) -> Block | None:
        """The interference in force on this line at this moment; None where there is none."""
        for block in self.blocks:
            if operator in block.operators and access in block.accesses and block.holds(at_s):
                return block
        return None


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


END_PHASE: Final = "end"
"""Name of the phase in which nothing is left of the interference."""


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
