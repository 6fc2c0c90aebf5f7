"""Where the command line meets the rest: the probe, the reflector, the lab and the judge, one function each.

Imports are inside the functions: they are slow, and most commands need few of them.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from voipwatch.cli.context import CheckRequest
from voipwatch.cli.values import Endpoint
from voipwatch.experiment.events import Progress
from voipwatch.lab.matrix import Job
from voipwatch.lab.worlds import World
from voipwatch.model.measurement import Measurement
from voipwatch.model.results import Check

if TYPE_CHECKING:
    from voipwatch.cli.via import Through
    from voipwatch.model.results import Report
    from voipwatch.model.vocabulary import Failure
    from voipwatch.probe import Target, TicketsKept
    from voipwatch.probe.agent import Run
    from voipwatch.probe.agent import World as Surroundings
    from voipwatch.probe.collectors import Asks
    from voipwatch.probe.network import Network
    from voipwatch.probe.settings import Collector
    from voipwatch.probe.via import Via

TICKET_DAYS: Final = 7
"""How long a ticket is kept, by the design."""


def profiled_apps() -> tuple[str, ...]:
    """Ids of the packaged profiles, in the order of tables."""
    from voipwatch.apps import load_profiles  # noqa: PLC0415 -- slow, and seldom needed

    return tuple(profile.id for profile in load_profiles().profiles)


def judge(measurement: Measurement, *, lang: str) -> Check:
    """The verdicts of a measurement, with sentences in `lang`."""
    from voipwatch.inference import judge as concluding  # noqa: PLC0415 -- slow, and seldom needed

    return concluding(measurement, lang=lang)


def judge_in_english(measurement: Measurement) -> Check:
    """The judge as `lab.matrix` takes it: importable by name in another process."""
    return judge(measurement, lang="en")


def measure_world(
    world: World,
    apps: Sequence[str],
    *,
    seed: int,
    network: str,
    budget_bytes: int = 2_000_000,
) -> Measurement:
    """One check in an emulated world, in virtual time (`sim`) or over this machine's kernel (`kernel`).

    Raises KernelCheckError: the kernel's network could not be had.
    """
    if network == "kernel":
        from voipwatch.cli.kernel import report_from_kernel  # noqa: PLC0415 -- seldom needed

        return report_from_kernel(world, apps, seed=seed, budget_bytes=budget_bytes).measurement
    from voipwatch.lab.drive import run_simulated  # noqa: PLC0415 -- slow, and seldom needed

    return run_simulated(world, apps=apps, seed=seed, budget_bytes=budget_bytes)


def measure_in_kernel(world: World, job: Job) -> Measurement:
    """One check of the job's apps over the kernel's network, as `lab.matrix` takes it.

    Raises KernelCheckError: the kernel's network could not be had.
    """
    place = world if job.line is None else world.on_line(job.line)
    return measure_world(place, job.apps, seed=job.seed, network="kernel")


def measure(request: CheckRequest, on_progress: Callable[[Progress], None]) -> Measurement:
    """A check over this machine's network."""
    from voipwatch.probe import CheckOptions, run_check  # noqa: PLC0415 -- slow, and seldom needed
    from voipwatch.probe.networks import Networks  # noqa: PLC0415 -- the same

    options = CheckOptions(
        targets=tuple(_target(endpoint) for endpoint in request.reflectors),
        apps=request.apps,
        line=request.line,
        budget_bytes=request.budget_bytes,
        video=request.video,
        long=request.long,
        blocks=request.blocks,
        stand_ins=tuple(_target(endpoint) for endpoint in request.stand_ins),
        tickets=request.tickets,
        private=request.private,
        providers=request.providers,
        locate=request.locate,
        networks=Networks.parse(request.networks),
        via=None if request.through is None else _via(request.through),
    )
    if request.private is None:
        return run_check(options, on_progress)
    from voipwatch.apps import load_profile_file, load_profiles  # noqa: PLC0415 -- the same

    private = load_profile_file("private", request.private.encode())
    return run_check(options, on_progress, profiles=load_profiles().with_private(private))


def tunnel_problem(interface: str) -> str | None:
    """Why nothing can be measured through it: `missing`, `forbidden` or `hardware`; None: it can be."""
    from voipwatch.probe.line import is_tunnel_interface  # noqa: PLC0415 -- slow, and seldom needed
    from voipwatch.probe.via import tunnel_problem as looking  # noqa: PLC0415 -- the same

    problem = looking(interface)
    if problem is None and is_tunnel_interface(interface) is False:
        return "hardware"
    return problem


def proxy_problem(through: "Through") -> str | None:
    """Why nothing can be measured through a proxy, as `probe.socks.proxy_problem` says it."""
    from voipwatch.probe.socks import proxy_problem as looking  # noqa: PLC0415 -- slow, and seldom needed
    from voipwatch.probe.via import Proxy  # noqa: PLC0415 -- the same

    return looking(Proxy(through.name, through.port, through.credentials))


def fetch_tickets(endpoint: Endpoint, count: int, folder: Path) -> "TicketsKept":
    """Tickets kept from one reflector, and why there are none."""
    from voipwatch.probe import fetch_tickets as fetching  # noqa: PLC0415 -- slow, and seldom needed

    return fetching(_target(endpoint), count, folder)


def current_network() -> "Network":
    """The network that this machine is on."""
    from voipwatch.probe.network import current_network as looking  # noqa: PLC0415 -- seldom needed

    return looking()


def way_to(collector: "Collector") -> "Asks | Failure":
    """A way to a collector over this machine's network, or why there is none."""
    from voipwatch.probe.upload import ways_to  # noqa: PLC0415 -- slow, and seldom needed

    return ways_to(collector)


def surroundings(check: "Callable[[Run], Report]") -> "Surroundings":
    """This machine as a scheduled probe needs it: clock, dice, network, a way to the collector."""
    from voipwatch.probe.agent import World as Surroundings  # noqa: PLC0415 -- slow, and seldom needed

    return Surroundings(check=check, network=current_network, ways=way_to)


def _via(through: "Through") -> "Via":
    from voipwatch.probe.via import Proxy, Tunnel  # noqa: PLC0415 -- slow, and seldom needed

    if through.kind == "tunnel":
        return Tunnel(through.name)
    return Proxy(through.name, through.port, through.credentials)


def _target(endpoint: Endpoint) -> "Target":
    from voipwatch.probe import Target, Trust  # noqa: PLC0415 -- slow, and seldom needed

    return Target(endpoint.host, endpoint.port, Trust(endpoint.pin, endpoint.insecure))
