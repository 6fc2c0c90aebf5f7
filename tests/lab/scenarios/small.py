"""A scenario that is run in seconds: one operator, two accesses, two apps, eleven days."""

from datetime import UTC, datetime

import msgspec

from voipwatch.lab.scenarios.calendar import Kind, Run
from voipwatch.lab.scenarios.people import Person
from voipwatch.lab.scenarios.reading import load_scenario
from voipwatch.lab.scenarios.table import Block, Scenario, Size
from voipwatch.model.submission import RunKind
from voipwatch.model.vocabulary import Access

APPS = ("facetime", "imo")
"""The cheapest pair."""
WHOLE = load_scenario("morocco-2016")


def small() -> Scenario:
    """Operator B blocks 3G on the eighth day and leaves ADSL alone."""
    since, until = datetime(2015, 12, 8, tzinfo=UTC), datetime(2015, 12, 19, tzinfo=UTC)
    block = Block("mobile", ("B",), (Access.G3,), datetime(2015, 12, 16, 8, tzinfo=UTC), until)
    return msgspec.structs.replace(
        WHOLE,
        since=since,
        until=until,
        apps=APPS,
        operators=(WHOLE.operator("B"),),
        accesses=(WHOLE.access(Access.G3), WHOLE.access(Access.ADSL)),
        blocks=(block,),
        noise=(),
        press=(),
        sizes={"tiny": Size(why="", probes=3, runs_a_day=4.0, canary_runs_a_day=12.0, draws=1)},
    )


def one_run(**changes: object) -> Run:
    """Any run."""
    run = Run(
        arrives_s=1_449_921_700.0,
        at_s=1_449_921_600.0,
        person=Person("B", Access.G3, 2),
        turn=7,
        kind=Kind("clean", "3g-2016", APPS),
        draw=0,
        run_kind=RunKind.SCHEDULED,
    )
    return msgspec.structs.replace(run, **changes)
