"""The table of worlds: what is on the line, and what must be said of each app (`worlds.toml`)."""

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final

import msgspec

from voipwatch.lab.line import LineCondition, LinkCondition
from voipwatch.lab.ndpi import open_classifier
from voipwatch.lab.policy import Policy, make_policy
from voipwatch.lab.policy.catalogue import NDPI_DROP
from voipwatch.lab.providers import Providers
from voipwatch.model.mechanisms import MECHANISMS
from voipwatch.model.vocabulary import APP_IDS, Direction, Stage, Verdict

NO_MECHANISM: Final = ""
"""In a list of mechanisms: none named."""


class WorldsError(ValueError):
    """The table says something that it must not say."""


class Expected(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What must be said of one app. Fields list what is acceptable, the likeliest first; empty: anything.

    More than one verdict only where the draw of the line decides, and then the table says why.
    """

    verdicts: tuple[Verdict, ...]
    stages: tuple[Stage, ...] = ()
    mechanisms: tuple[str, ...] = ()
    directions: tuple[Direction, ...] = ()

    def accepts(
        self,
        verdict: Verdict | str,
        stage: Stage | str | None,
        mechanism: str | None,
        direction: Direction | str | None,
    ) -> bool:
        """True if an answer is one of those expected.

        Stage, mechanism and direction are compared for an interference only: an `ok` has none to speak of,
        but must not name a mechanism that is not listed.
        """
        if verdict not in self.verdicts:
            return False
        if self.mechanisms and (mechanism or NO_MECHANISM) not in self.mechanisms:
            return False
        if verdict not in {Verdict.BLOCKED, Verdict.THROTTLED}:
            return True
        if self.stages and stage not in self.stages:
            return False
        return not self.directions or direction in self.directions


class World(msgspec.Struct, frozen=True):
    """One row of the table."""

    id: str
    title: str
    guilty: bool
    """True if somebody interferes with calls."""
    why: str
    """What the world is for, in a sentence; and why more than one verdict is acceptable, if so."""
    policy: Mapping[str, Any]
    """The censor, as `policy.make_policy` reads it."""
    line_name: str
    line: LineCondition
    expected: Mapping[str, Expected]
    """By app."""
    demo: bool = False
    """A row for showing, outside the 27 that the matrix counts."""
    every: bool = False
    """A row that says something of every app, outside the 27 too."""
    order: bool = False
    """A row about the order of legs, for the apps that it names; outside the 27 too."""
    starts_at_s: float = 0.0
    """The world's time at which a check begins."""
    providers: Providers | None = None
    """What is so of the providers' servers; None: the check does not ask for them."""
    family: str = ""
    """The family that it is of, one app's world beside other apps'."""

    def make_policy(self) -> Policy:
        """The censor, ready to `start`."""
        return make_policy(self.policy, open_classifier)

    @property
    def needs_ndpi(self) -> bool:
        """True if the censor asks nDPI, which not every machine has (`ndpi.is_installed`)."""
        return NDPI_DROP in str(self.policy)

    def on_line(self, name: str) -> "World":
        """The same world with another line condition, by name.

        Raises:
            WorldsError: for a name that the table does not have.
        """
        lines = load_worlds().lines
        if name not in lines:
            raise WorldsError(f"no line condition is called {name!r}; there are {', '.join(lines)}")
        return msgspec.structs.replace(self, line_name=name, line=lines[name])


class Worlds(msgspec.Struct, frozen=True):
    """Everything that the table holds, in its order."""

    lines: Mapping[str, LineCondition]
    worlds: tuple[World, ...]

    def get(self, world_id: str) -> World:
        """The world with this id.

        Raises:
            WorldsError: if there is none.
        """
        for world in self.worlds:
            if world.id == world_id:
                return world
        raise WorldsError(f"no world is called {world_id!r}")

    @property
    def matrix(self) -> tuple[World, ...]:
        """The worlds that count: all but those for showing, of every app and of the order of legs."""
        return tuple(w for w in self.worlds if not (w.demo or w.every or w.order))

    @property
    def of_every_app(self) -> tuple[World, ...]:
        """The worlds that say something of every app, families apart."""
        return tuple(w for w in self.worlds if w.every and not w.family)

    def of_family(self, family: str) -> tuple[World, ...]:
        """A family's worlds, one for each of its apps."""
        return tuple(w for w in self.worlds if w.family == family)

    @property
    def of_leg_order(self) -> tuple[World, ...]:
        """The worlds of relay leg and direct leg."""
        return tuple(w for w in self.worlds if w.order)


class _Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A world as the table writes it."""

    id: str
    title: str
    guilty: bool
    why: str
    expected: dict[str, Expected]
    policy: dict[str, Any] = msgspec.field(default_factory=dict)
    line: str = "clean"
    demo: bool = False
    every: bool = False
    order: bool = False
    starts_at_s: float = 0.0
    providers: Providers | None = None
    family: str = ""


class _Member(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one app's world of a family has for itself."""

    policy: dict[str, Any]
    why: str
    expected: dict[str, Expected]


class _Family(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Worlds that differ by the app that they are about."""

    id: str
    title: str
    guilty: bool
    why: str
    policy: dict[str, Any]
    apps: dict[str, _Member]
    every: bool = False

    def rows(self) -> Iterator[_Row]:
        """A row for each app."""
        for app, member in self.apps.items():
            yield _Row(
                id=f"{self.id}-{app}",
                title=self.title.format(app=app),
                guilty=self.guilty,
                why=f"{self.why} {member.why}",
                expected=member.expected,
                policy={**self.policy, **member.policy},
                every=self.every,
                family=self.id,
            )


class _Line(LineCondition, frozen=True, forbid_unknown_fields=True):
    """A line condition as the table writes it: `both` gives fields for both directions."""

    both: dict[str, Any] = msgspec.field(default_factory=dict)

    def condition(self, table: Mapping[str, Any]) -> LineCondition:
        """The condition, with what a direction says for itself put over `both`."""
        links = {
            way: msgspec.convert({**self.both, **table.get(way, {})}, LinkCondition, strict=True)
            for way in ("up", "down")
        }
        rest = {name: getattr(self, name) for name in LineCondition.__struct_fields__}
        return LineCondition(**{**rest, **links})


class _Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    lines: dict[str, dict[str, Any]]
    worlds: tuple[_Row, ...]
    families: tuple[_Family, ...] = ()


def read_worlds(text: str) -> Worlds:
    """Reads a table of worlds.

    Raises:
        WorldsError: with the world's id, if the table is no TOML, has unknown fields, names no known line,
            policy, app or mechanism, or has an id twice.
    """
    try:
        table = msgspec.convert(tomllib.loads(text), _Table, strict=True)
        lines = {
            name: msgspec.convert(line, _Line, strict=True).condition(line)
            for name, line in table.lines.items()
        }
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise WorldsError(str(error)) from error
    rows = [*table.worlds, *(row for family in table.families for row in family.rows())]
    worlds = tuple(_world(row, lines) for row in rows)
    ids = [w.id for w in worlds]
    if len(set(ids)) != len(ids):
        raise WorldsError(f"an id is there twice: {sorted({i for i in ids if ids.count(i) > 1})}")
    return Worlds(lines, worlds)


def _world(row: _Row, lines: Mapping[str, LineCondition]) -> World:
    if row.line not in lines:
        raise WorldsError(f"{row.id}: no line condition is called {row.line!r}")
    policy = row.policy or {"policy": "open"}
    try:
        make_policy(policy)
    except ValueError as error:
        raise WorldsError(f"{row.id}: {error}") from error
    told = dict(row.expected)
    if row.every:
        told = {app: told.get(app, Expected((Verdict.OK,))) for app in (*APP_IDS, *told)}
    for app, expected in told.items():
        if app not in APP_IDS:
            raise WorldsError(f"{row.id}: no app is called {app!r}")
        wrong = set(expected.mechanisms) - set(MECHANISMS) - {NO_MECHANISM}
        if wrong:
            raise WorldsError(f"{row.id}: no mechanism is called {', '.join(sorted(wrong))}")
    return World(
        id=row.id,
        title=row.title,
        guilty=row.guilty,
        why=row.why,
        policy=policy,
        line_name=row.line,
        line=lines[row.line],
        expected=told,
        demo=row.demo,
        every=row.every,
        order=row.order,
        starts_at_s=row.starts_at_s,
        providers=row.providers,
        family=row.family,
    )


@cache
def load_worlds() -> Worlds:
    """The packaged table."""
    return read_worlds((files("voipwatch.lab") / "worlds.toml").read_text(encoding="utf-8"))
