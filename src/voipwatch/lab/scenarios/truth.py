"""What a scenario plants, computed from its table alone: pure, and nothing that is run is asked."""

from typing import Final

import msgspec

from voipwatch.lab.scenarios.table import DAY_S, END_PHASE, Block, Scenario
from voipwatch.model.vocabulary import Access

HOUR_S: Final = 3_600.0


class Series(msgspec.Struct, frozen=True, order=True):
    """One operator, access and app."""

    operator: str
    """Its name, as reports declare it."""
    access: Access
    app: str


class Spell(msgspec.Struct, frozen=True):
    """Interference without a pause."""

    since_s: float
    until_s: float
    phase: str
    gated: bool = False
    """Of a block that has hours: it comes and goes, and need not be told by itself."""


class Planted(msgspec.Struct, frozen=True):
    """What is true of one series."""

    series: Series
    world: str
    spells: tuple[Spell, ...]
    """In order; those that touch are one."""
    hours: tuple[int, ...] = ()
    """Hours of the day, UTC, in which an intermittent part is blocked; empty where none is."""
    intermittent: tuple[float, float] | None = None
    """From when until when it comes and goes; the last spell may go on without a pause."""

    def blocked(self, at_s: float) -> bool:
        """Whether calls are interfered with at this moment."""
        return any(spell.since_s <= at_s < spell.until_s for spell in self.spells)


class TruePhase(msgspec.Struct, frozen=True):
    """One step of the chronology."""

    name: str
    since_s: float
    """When it reached its first series."""
    latest_s: float
    """And its last."""
    lines: tuple[tuple[str, Access, float], ...]
    """Operator's name, access, and when it was reached: in that order."""


def planted(scenario: Scenario) -> tuple[Planted, ...]:
    """The truth of every series, in the table's order."""
    return tuple(
        _of_line(scenario, operator.id, line.id, app)
        for operator in scenario.operators
        for line in scenario.accesses
        for app in scenario.apps
    )


def _of_line(scenario: Scenario, operator_id: str, access: Access, app: str) -> Planted:
    operator = scenario.operator(operator_id)
    blocks = [b for b in scenario.blocks if operator_id in b.operators and access in b.accesses]
    spells = sorted((s for block in blocks for s in _spells(block)), key=lambda spell: spell.since_s)
    joined: list[Spell] = []
    for spell in spells:
        if joined and spell.since_s <= joined[-1].until_s:
            joined[-1] = msgspec.structs.replace(joined[-1], until_s=spell.until_s, gated=False)
        else:
            joined.append(spell)
    gated = [block for block in blocks if block.hours is not None]
    hours = sorted({hour for block in gated for hour in range(*(block.hours or (0, 0)))})
    span = (
        (min(b.since.timestamp() for b in gated), max(b.until.timestamp() for b in gated)) if gated else None
    )
    name = Series(operator.name, access, app)
    return Planted(name, operator.world, tuple(joined), tuple(hours), span)


def _spells(block: Block) -> list[Spell]:
    since_s, until_s = block.since.timestamp(), block.until.timestamp()
    if block.hours is None:
        return [Spell(since_s, until_s, block.phase)]
    first, last = block.hours
    spells = []
    day_s = since_s // DAY_S * DAY_S
    while day_s < until_s:
        begin_s, end_s = max(day_s + first * HOUR_S, since_s), min(day_s + last * HOUR_S, until_s)
        if begin_s < end_s:
            spells.append(Spell(begin_s, end_s, block.phase, gated=True))
        day_s += block.every_days * DAY_S
    return spells


def true_phases(scenario: Scenario) -> tuple[TruePhase, ...]:
    """The chronology: when each phase reached each line, and when the last line was free again."""
    reached: dict[str, dict[tuple[str, Access], float]] = {}
    ended: dict[tuple[str, Access], float] = {}
    for each in planted(scenario):
        line = (each.series.operator, each.series.access)
        for block in scenario.blocks:
            operators = {scenario.operator(name).name for name in block.operators}
            if line[0] in operators and line[1] in block.accesses:
                first_s = _spells(block)[0].since_s
                known = reached.setdefault(block.phase, {})
                known[line] = min(known.get(line, first_s), first_s)
        if each.spells:
            ended[line] = max(spell.until_s for spell in each.spells)
    if ended:
        reached[END_PHASE] = ended
    phases = [_phase(name, lines) for name, lines in reached.items()]
    return tuple(sorted(phases, key=lambda phase: phase.since_s))


def _phase(name: str, lines: dict[tuple[str, Access], float]) -> TruePhase:
    ordered = sorted((at_s, operator, access) for (operator, access), at_s in lines.items())
    return TruePhase(
        name,
        ordered[0][0],
        ordered[-1][0],
        tuple((operator, access, at_s) for at_s, operator, access in ordered),
    )
