"""The calendar handed in: the collector's own application in this process, in virtual time, on a real spool.

Every report is a request to the ASGI application, with its source address, its port and its hour; what the
collector derives, checks, refuses and signs is the collector's. Only the HTTP server is left out, and the
clock is the calendar's. Beside the application nothing is known here of what is inside it but how it is put
together.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any, Final

import msgspec

from voipwatch.collector.app import App, Message, Parts
from voipwatch.collector.body import Limits
from voipwatch.collector.desk import Committer, Desk
from voipwatch.collector.index import Index
from voipwatch.collector.intake import Rules
from voipwatch.collector.judges import Judges
from voipwatch.collector.keys import Enrolments, Signer, kept_keys
from voipwatch.collector.limits import (
    DAY_S,
    ENROLMENTS_A_DAY,
    REPORTS_A_SECOND,
    REPORTS_BURST,
    Buckets,
    Room,
)
from voipwatch.collector.metrics import Metrics
from voipwatch.collector.prefixes import PrefixHasher, PrefixKinds
from voipwatch.collector.server import SPOOL_FOLDER
from voipwatch.collector.spool import SpoolWriter
from voipwatch.collector.stopword import StopWord
from voipwatch.lab.resign import public_key
from voipwatch.lab.scenarios.calendar import Run
from voipwatch.lab.scenarios.drawing import Library, Wanted
from voipwatch.lab.scenarios.people import Person, address_of, derive, places, source_port
from voipwatch.lab.scenarios.redraw import Template, check_key, drawn
from voipwatch.lab.scenarios.table import Nat, Scenario
from voipwatch.model.submission import (
    Enrolment,
    EnrolmentRequest,
    PrefixKind,
    ReportsAnswer,
    ResultStatus,
    RunKind,
)

GROUP: Final = 64
"""Requests under way at once: they share an fsync, as those of many probes do."""
SEGMENT_BYTES: Final = 16 << 20
"""Of a spool segment: sealed by size alone, so that where one ends depends on no clock."""
SEGMENT_AGE_S: Final = 400 * DAY_S
_NOW: ContextVar[float] = ContextVar("now")
"""Each request's own hour: those of a group are under way together and hours apart."""


class LabGeo:
    """Where the scenario's networks are: documentation addresses are in no database."""

    version = "lab"

    def __init__(self, scenario: Scenario) -> None:
        self._places = {ip_network(text): place for text, place in places(scenario).items()}

    def find(self, address: str) -> tuple[str | None, int | None]:
        """Country and AS number; None for others. Raises ValueError for what is no address."""
        host = ip_address(address)
        for network, place in self._places.items():
            if host.version == network.version and host in network:
                return place
        return None, None


class Dice:
    """Random bytes that depend on the run's seed: what is written is the same each time."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._count = 0

    def __call__(self, count: int) -> bytes:
        """So many."""
        self._count += 1
        return derive(self._seed, "dice", self._count, size=count)


@dataclass(slots=True)
class Handed:
    """What became of the reports."""

    taken: int = 0
    refused: dict[str, int] = field(default_factory=dict)
    """By the collector's code."""


class HandingError(Exception):
    """The collector did not take what it must; our fault."""


def assemble(scenario: Scenario, seed: int, data: Path) -> Parts:
    """A collector's parts over a data folder, its clock the request's own. Raises KeysError, OSError."""
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    dice = Dice(seed)
    keys = kept_keys(data, dice)
    signer = Signer(keys.signing)
    spool = SpoolWriter(data / SPOOL_FOLDER, dice, bytes_max=SEGMENT_BYTES, age_max_s=SEGMENT_AGE_S)
    spool.recover()
    index = Index(data)
    list(index.catch_up(data / SPOOL_FOLDER))
    desk = Desk(spool, index, signer)
    limits = Limits()
    rules = Rules(frozenset([public_key(check_key(seed))]), Enrolments(keys.enrolment), scenario.instance)
    declared = {
        ip_network(operator.mobile): PrefixKind.CARRIER
        for operator in scenario.operators
        if any(line.nat is Nat.CARRIER for line in scenario.accesses)
    }
    return Parts(
        desk=desk,
        committer=Committer(desk, _NOW.get, waiting_max=limits.waiting_max),
        judges=Judges(rules, keys.enrolment, limits, count=0),
        rules=rules,
        signer=signer,
        stop=StopWord(data, signer),
        geo=LabGeo(scenario),
        hasher=PrefixHasher(data, dice),
        kinds=PrefixKinds(dict(declared)),
        metrics=Metrics(),
        clock=_NOW.get,
        limits=limits,
        reports=Buckets(REPORTS_BURST, REPORTS_A_SECOND),
        enrolments=Buckets(ENROLMENTS_A_DAY, ENROLMENTS_A_DAY / DAY_S),
        room=Room(limits.held_bytes),
        version="lab",
    )


async def ask(app: App, path: str, body: bytes, sender: tuple[str, int], now_s: float) -> tuple[int, bytes]:
    """One POST at that moment; status and content."""
    _NOW.set(now_s)
    got: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        got.append(message)

    scope: dict[str, Any] = {
        "type": "http",
        "method": "POST",
        "path": path,
        "query_string": b"",
        "headers": [(b"content-length", b"%d" % len(body))],
        "client": sender,
    }
    await app(scope, receive, send)
    return got[0]["status"], got[1]["body"]


class Handing:
    """Hands in one calendar."""

    def __init__(self, scenario: Scenario, seed: int, data: Path, library: Library) -> None:
        """Raises KeysError, OSError."""
        self.handed = Handed()
        self._scenario = scenario
        self._seed = seed
        self._library = library
        self._parts = assemble(scenario, seed, data)
        self._app = App(self._parts)
        self._templates: dict[Wanted, Template] = {}
        self._tokens: dict[tuple[Person, str], str] = {}

    async def hand_in(self, runs: Sequence[Run], on_progress: Callable[[int], None] | None = None) -> None:
        """All runs, in their order. Raises HandingError, DamagedCheckError, OSError."""
        try:
            for number, group in enumerate(_groups(runs), 1):
                for run in group:
                    await self._enrol(run)
                await asyncio.gather(*(asyncio.create_task(self._post(run)) for run in group))
                if on_progress is not None:
                    on_progress(min(number * GROUP, len(runs)))
        finally:
            await self._parts.committer.drain()
            self._parts.desk.close()

    async def _enrol(self, run: Run) -> None:
        """As a probe does in each month, from its own address; people who test by hand do not."""
        name = run.person, run.month
        if run.run_kind is RunKind.MANUAL or name in self._tokens:
            return
        request = EnrolmentRequest(run.person.pseudonym(self._seed, run.month), run.month)
        sender = address_of(self._scenario, run.person), source_port(self._seed, run.person, run.turn)
        asked = ask(self._app, "/api/v1/enrolments", msgspec.json.encode(request), sender, run.at_s)
        status, content = await asyncio.create_task(asked)
        if status != 200:
            raise HandingError(f"enrolment of {run.person.name} for {run.month}: {status} {content!r}")
        self._tokens[name] = msgspec.json.decode(content, type=Enrolment).token

    async def _post(self, run: Run) -> None:
        wanted = Wanted(run.kind, run.draw, self._scenario.budget_bytes)
        template = self._templates.get(wanted)
        if template is None:
            template = Template(self._library.read(wanted), check_key(self._seed))
            self._templates[wanted] = template
        token = self._tokens.get((run.person, run.month), "")
        body = template.body(drawn(self._scenario, self._seed, run, token))
        sender = address_of(self._scenario, run.person), source_port(self._seed, run.person, run.turn)
        _, content = await ask(self._app, "/api/v1/reports", body, sender, run.arrives_s)
        answer = msgspec.json.decode(content, type=ReportsAnswer)
        if answer.error is not None:
            raise HandingError(f"report of {run.person.name}: {answer.error.code} {answer.error.reason}")
        (result,) = answer.results
        if result.status is ResultStatus.ACCEPTED:
            self.handed.taken += 1
        else:
            self.handed.refused[result.code] = self.handed.refused.get(result.code, 0) + 1


def _groups(runs: Sequence[Run]) -> Iterator[Sequence[Run]]:
    for start in range(0, len(runs), GROUP):
        yield runs[start : start + GROUP]


def hand_in(
    scenario: Scenario,
    runs: Sequence[Run],
    seed: int,
    *,
    data: Path,
    checks: Path,
    on_progress: Callable[[int], None] | None = None,
) -> Handed:
    """Hand in a calendar whose checks are all kept. Raises HandingError, DamagedCheckError, KeysError,
    OSError.
    """
    handing = Handing(scenario, seed, data, Library(checks))
    asyncio.run(handing.hand_in(runs, on_progress))
    return handing.handed
