"""A scenario's table (`scenarios/NAME.toml`): who, where, when, which world, which noise; and how much is
run.

Everything in it is data. `reading` reads and checks it; what it plants is computed by `truth`, what is run by
`calendar`.
"""

from datetime import datetime
from enum import StrEnum
from typing import Final

import msgspec

from voipwatch.model.vocabulary import Access

DAY_S: Final = 86_400.0


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


END_PHASE: Final = "end"
"""Name of the phase in which nothing is left of the interference."""


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
