"""The year at the end of the demo: an emulated block through the whole observatory, told and published."""

import io
import os
import shutil
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

from voipwatch.cli.context import Context
from voipwatch.cli.errors import Misuse, Trouble
from voipwatch.cli.language import Size
from voipwatch.cli.publish import publish
from voipwatch.cli.scenario import DEMO, cache_folder, outcome_of
from voipwatch.cli.scenario_show import Found, scenario_json, show_edges, show_story
from voipwatch.cli.values import shown_path
from voipwatch.lab.scenarios.reading import load_scenario
from voipwatch.lab.scenarios.score import score
from voipwatch.lab.scenarios.story import judge_story
from voipwatch.lab.scenarios.table import Scenario

if TYPE_CHECKING:
    from voipwatch.cli.scenario_run import Outcome

NAME: Final = "morocco-2016"
MANIFEST: Final = "manifest.json"


class Year(NamedTuple):
    """What came of it."""

    chosen: Scenario
    outcome: "Outcome"
    found: Found
    bundle: dict[str, Any]
    """What `voipwatch publish --json` says."""
    seed: int
    took_s: float


def make_room(bundle: Path) -> None:
    """Take away the bundle of an earlier demo. Raises Misuse for a folder that holds anything else."""
    try:
        if not bundle.exists() or not any(bundle.iterdir()):
            return
        manifest = msgspec.json.decode((bundle / MANIFEST).read_bytes())
        ours = isinstance(manifest, dict) and manifest.get("synthetic") is True
        if not ours or manifest.get("instance") != NAME:
            raise Misuse("error.demo_bundle", path=shown_path(bundle))
        shutil.rmtree(bundle)
    except (OSError, msgspec.DecodeError) as error:
        raise Misuse("error.demo_bundle", path=shown_path(bundle)) from error


def run_year(context: Context, seed: int, bundle: Path) -> Year:
    """The scenario in the demo's size, and its bundle. Raises Misuse, Trouble, Stop.

    Args:
        context: of the command; progress is shown on its standard error.
        seed: of the calendar.
        bundle: where the signed bundle is left; `make_room` has been there.
    """
    started = time.monotonic()
    chosen = load_scenario(NAME).sized(DEMO)
    try:
        bundle.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Trouble("error.output", reason=error.strerror or str(error)) from error
    with tempfile.TemporaryDirectory(prefix="voipwatch-") as folder:
        data = Path(folder) / "observatory"
        cores = os.cpu_count() or 1
        outcome = outcome_of(context, (NAME, DEMO, seed), data, cache_folder(os.environ), processes=cores)
        said = io.StringIO()
        publish(context=replace(context, stdout=said), out=bundle, data=data, instance=NAME, json=True)
    found = Found(
        score(chosen, outcome.changes),
        judge_story(chosen, chosen.sizes[DEMO], outcome.incidents),
        chosen.sizes[DEMO].interval_h,
    )
    return Year(
        chosen, outcome, found, msgspec.json.decode(said.getvalue()), seed, time.monotonic() - started
    )


def show_year(context: Context, year: Year) -> None:
    """The chronology, how well the series were found, and where the bundle is."""
    show_story(context, year.chosen, year.found.story, year.outcome.incidents)
    show_edges(context, year.found.series)
    context.tell(
        "demo.year_took",
        reports=year.outcome.handed.taken,
        runs=year.outcome.runs,
        checks=year.outcome.checks,
        seconds=f"{year.took_s:.0f}",
    )
    folder = Path(year.bundle["folder"])
    context.tell(
        "demo.bundle",
        path=shown_path(folder),
        files=year.bundle["files"],
        size=Size(year.bundle["bytes"]),
        rows=year.bundle["rows"],
    )


def year_json(year: Year) -> dict[str, Any]:
    """As `voipwatch lab scenario --json`, with the bundle."""
    run = {"size": DEMO, "seed": year.seed, "took_s": year.took_s}
    document: dict[str, Any] = msgspec.json.decode(scenario_json(year.chosen, year.found, year.outcome, run))
    return document | {"bundle": year.bundle}
