"""The table of worlds: what is on the line, and what must be said of each app (`table/*.toml`)."""

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final

import msgspec

from voipwatch.lab.draw import Draw, draw_values, put
from voipwatch.lab.line import LineCondition, LinkCondition
from voipwatch.lab.ndpi import open_classifier
from voipwatch.lab.policy import Policy, make_policy
from voipwatch.lab.policy.catalogue import NDPI
from voipwatch.lab.providers import Providers
from voipwatch.lab.ways import WAYS, Way
from voipwatch.model.mechanisms import MECHANISMS
from voipwatch.model.vocabulary import APP_IDS, Direction, Stage, Verdict

NO_MECHANISM: Final = ""
"""In a list of mechanisms: none named."""
APPS: Final = ("whatsapp", "sip", "webrtc")
"""The apps of a world that names no others."""
FILES: Final = (
    "lines",
    "guilty-ports",
    "guilty-dpi",
    "guilty-flow",
    "guilty-rate",
    "guilty-names",
    "innocent-line",
    "innocent-time",
    "innocent-nat",
    "innocent-far",
    "innocent-box",
    "showing",
    "two-reflectors",
    "every-app",
    "leg-order",
    "ndpi",
)
"""The table's files, in its order; a world's group is the file that it stands in."""
DRAWN_FROM: Final = ("policy", "line")


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
    places: tuple[str, ...] = ()
    """With two reflectors: outcomes of `CommonPlace`, "" for nothing told."""

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
    group: str = ""
    """The file that it stands in."""
    core: bool = False
    """One of those that every test run goes through, with fixed parameters."""
    kernel: bool = False
    """One of the third that is run over the kernel too."""
    demo: bool = False
    """A row for showing, outside the matrix."""
    every: bool = False
    """A row that says something of every app, outside the matrix too."""
    order: bool = False
    """A row about the order of legs, for the apps that it names; outside the matrix too."""
    video: bool = False
    """A check with video."""
    control: bool = True
    """False: the control channel is dead from the start; a kept ticket is used."""
    starts_at_s: float = 0.0
    """The world's time at which a check begins."""
    providers: Providers | None = None
    """What is so of the providers' servers; None: the check does not ask for them."""
    family: str = ""
    """The family that it is of, one app's world beside other apps'."""
    ways: tuple[Way, ...] = ()
    """To each of two reflectors, behind the operator; none: one reflector. Outside the matrix."""
    draw: Mapping[str, Draw] = {}
    """What each seed draws anew: a path as `policy.ratio`, `line.up.loss_ratio`, `line.both.delay_ms`."""
    values: Mapping[str, Any] = {}
    """What was drawn, by path; empty before `drawn`."""

    def drawn(self, seed: int) -> "World":
        """The world that a seed gives: its draws are made, and it has no more to make."""
        values = draw_values(self.id, seed, self.draw)
        return _with_values(msgspec.structs.replace(self, draw={}, values=values), values) if values else self

    def make_policy(self) -> Policy:
        """The censor, ready to `start`, with the table's own values for what is drawn."""
        return make_policy(self.policy, open_classifier)

    @property
    def needs_ndpi(self) -> bool:
        """True if the censor asks nDPI, which not every machine has (`ndpi.is_installed`)."""
        return any(name in str(self.policy) for name in NDPI)

    def on_line(self, name: str) -> "World":
        """The same world with another line condition, by name; what it draws of its own line is gone.

        Raises:
            WorldsError: for a name that the table does not have.
        """
        lines = load_worlds().lines
        if name not in lines:
            raise WorldsError(f"no line condition is called {name!r}; there are {', '.join(lines)}")
        draw = {path: spec for path, spec in self.draw.items() if not path.startswith("line.")}
        return msgspec.structs.replace(self, line_name=name, line=lines[name], draw=draw)


class Worlds(msgspec.Struct, frozen=True):
    """Everything that the table holds, in its order."""

    lines: Mapping[str, LineCondition]
    worlds: tuple[World, ...]
    groups: Mapping[str, tuple[str, str]] = {}
    """Group -> its title and a sentence about it."""

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
        """The worlds that count: not those for showing, of every app, of legs' order, of two reflectors."""
        return tuple(w for w in self.worlds if not (w.demo or w.every or w.order or w.ways))

    @property
    def core(self) -> tuple[World, ...]:
        """The few of the matrix that every test run goes through."""
        return tuple(w for w in self.matrix if w.core)

    @property
    def of_every_app(self) -> tuple[World, ...]:
        """The worlds that say something of every app, families apart."""
        return tuple(w for w in self.worlds if w.every and not w.family)

    def of_family(self, family: str) -> tuple[World, ...]:
        """A family's worlds, one for each of its apps."""
        return tuple(w for w in self.worlds if w.family == family)

    @property
    def of_two_reflectors(self) -> tuple[World, ...]:
        """The worlds in which a check asks whether two ways are throttled at one place."""
        return tuple(w for w in self.worlds if w.ways)

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
    expected: dict[str, Expected] = msgspec.field(default_factory=dict)
    each: Expected | None = None
    """What is expected of each of APPS that `expected` does not name."""
    policy: dict[str, Any] = msgspec.field(default_factory=dict)
    draw: dict[str, Draw] = msgspec.field(default_factory=dict)
    line: str = "clean"
    core: bool = False
    kernel: bool = False
    video: bool = False
    control: bool = True
    demo: bool = False
    every: bool = False
    order: bool = False
    starts_at_s: float = 0.0
    providers: Providers | None = None
    ways: tuple[Way, ...] = ()
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
    title: str = ""
    about: str = ""
    lines: dict[str, dict[str, Any]] = {}
    worlds: tuple[_Row, ...] = ()
    families: tuple[_Family, ...] = ()


ROW_FIELDS: Final = _Row.__struct_fields__
"""What a world of a file may say."""
TABLE_FIELDS: Final = _Table.__struct_fields__
"""What a file may say."""


def read_worlds(text: str) -> Worlds:
    """Reads a table of worlds that is one file. Raises WorldsError as `read_tables` does."""
    return read_tables({"": text})


def read_tables(texts: Mapping[str, str], *, lines: Mapping[str, LineCondition] = {}) -> Worlds:
    """Reads a table of worlds, file by file: group -> text; `lines` are known beside those of the files.

    Raises:
        WorldsError: with the world's id, if a text is no TOML, has unknown fields, names no known line,
            policy, app or mechanism, draws what cannot be, or an id is there twice.
    """
    tables: dict[str, _Table] = {}
    lines = dict(lines)
    for group, text in texts.items():
        try:
            tables[group] = msgspec.convert(tomllib.loads(text), _Table, strict=True)
            for name, line in tables[group].lines.items():
                if name in lines:
                    raise WorldsError(f"a line condition is there twice: {name}")
                lines[name] = msgspec.convert(line, _Line, strict=True).condition(line)
        except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
            raise WorldsError(f"{group}: {error}" if group else str(error)) from error
    worlds = tuple(
        _world(row, lines, group)
        for group, table in tables.items()
        for row in (*table.worlds, *(row for family in table.families for row in family.rows()))
    )
    ids = [w.id for w in worlds]
    if len(set(ids)) != len(ids):
        raise WorldsError(f"an id is there twice: {sorted({i for i in ids if ids.count(i) > 1})}")
    return Worlds(lines, worlds, {group: (table.title, table.about) for group, table in tables.items()})


def _world(row: _Row, lines: Mapping[str, LineCondition], group: str) -> World:
    if row.line not in lines:
        raise WorldsError(f"{row.id}: no line condition is called {row.line!r}")
    policy = row.policy or {"policy": "open"}
    if len(row.ways) not in {0, WAYS}:
        raise WorldsError(f"{row.id}: there are {WAYS} ways or none, got {len(row.ways)}")
    try:
        make_policy(policy)
        for way in row.ways:
            way.make_policy()
    except ValueError as error:
        raise WorldsError(f"{row.id}: {error}") from error
    world = World(
        id=row.id,
        title=row.title,
        guilty=row.guilty,
        why=row.why,
        policy=policy,
        line_name=row.line,
        line=lines[row.line],
        expected=_expected(row),
        group=group,
        core=row.core,
        kernel=row.kernel,
        demo=row.demo,
        every=row.every,
        order=row.order,
        video=row.video,
        control=row.control,
        starts_at_s=row.starts_at_s,
        providers=row.providers,
        ways=row.ways,
        family=row.family,
        draw=row.draw,
    )
    for path, draw in row.draw.items():
        for value in draw.ends:
            try:
                _with_values(world, {path: value}).make_policy()
            except (KeyError, IndexError, TypeError, ValueError, msgspec.ValidationError) as error:
                raise WorldsError(f"{row.id}: {path}: {error}") from error
    return world


def _expected(row: _Row) -> dict[str, Expected]:
    """What must be said of each app that is checked."""
    told = dict(row.expected)
    if row.each is not None:
        told = {app: told.get(app, row.each) for app in (*APPS, *told)}
    if row.every:
        told = {app: told.get(app, Expected((Verdict.OK,))) for app in (*APP_IDS, *told)}
    if not told:
        raise WorldsError(f"{row.id}: nothing is expected of any app")
    for app, expected in told.items():
        if app not in APP_IDS:
            raise WorldsError(f"{row.id}: no app is called {app!r}")
        wrong = set(expected.mechanisms) - set(MECHANISMS) - {NO_MECHANISM}
        if wrong:
            raise WorldsError(f"{row.id}: no mechanism is called {', '.join(sorted(wrong))}")
    return told


def _with_values(world: World, values: Mapping[str, Any]) -> World:
    """The world with values at their paths. Raises what `put` does, and msgspec.ValidationError."""
    policy: Any = world.policy
    line: Any = msgspec.to_builtins(world.line)
    for path, value in values.items():
        what, _, rest = path.partition(".")
        if what not in DRAWN_FROM or not rest:
            raise KeyError(f"only fields of {' and '.join(DRAWN_FROM)} are drawn")
        if what == "policy":
            policy = put(policy, rest, value)
        elif rest.startswith("both."):
            for way in ("up", "down"):
                line = put(line, f"{way}.{rest.removeprefix('both.')}", value)
        else:
            line = put(line, rest, value)
    return msgspec.structs.replace(
        world, policy=policy, line=msgspec.convert(line, LineCondition, strict=True)
    )


@cache
def load_worlds() -> Worlds:
    """The packaged table."""
    folder = files("voipwatch.lab") / "table"
    return read_tables({name: (folder / f"{name}.toml").read_text(encoding="utf-8") for name in FILES})
