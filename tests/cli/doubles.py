"""A world for the command line without a network: streams, a probe and a judge that are told what to say."""

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from voipwatch.cli.context import CheckRequest, Context, Measure
from voipwatch.cli.guard import run
from voipwatch.cli.language import texts
from voipwatch.experiment.events import Progress
from voipwatch.model.measurement import AppCost, Measurement, ReflectorFacts
from voipwatch.model.results import AppResult, Check, Effect, Quality, ReflectorSummary
from voipwatch.model.ruleset import RULESET
from voipwatch.model.vocabulary import Direction, Stage, Verdict


class Stream(io.StringIO):
    """A text stream that is, or is not, a terminal."""

    def __init__(self, text: str = "", *, terminal: bool = False) -> None:
        super().__init__(text)
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal


@dataclass
class Measured:
    """Stands in for the probe: notes what it was asked, and gives an empty measurement."""

    requests: list[CheckRequest] = field(default_factory=list)
    change: Callable[[Measurement], None] = lambda _: None
    raises: BaseException | None = None
    progress: tuple[Progress, ...] = ()

    def __call__(self, request: CheckRequest, on_progress: Callable[[Progress], None]) -> Measurement:
        self.requests.append(request)
        for step in self.progress:
            on_progress(step)
        if self.raises is not None:
            raise self.raises
        measurement = Measurement(
            seed="00" * 32,
            started_at="2026-01-07T12:00:00Z",
            ended_at="2026-01-07T12:00:30Z",
            apps=list(request.apps),
            profile_digests=dict.fromkeys(request.apps, "ab" * 32),
            line=request.line,
            reflectors=[ReflectorFacts(name=endpoint.host) for endpoint in request.reflectors],
            costs={app: AppCost(400_000, 12.5) for app in request.apps},
            budget_bytes=request.budget_bytes,
            video=request.video,
            long=request.long,
        )
        self.change(measurement)
        return measurement


@dataclass
class Told:
    """Stands in for the judge: the verdict of each app is given."""

    verdicts: Mapping[str, Verdict] = field(default_factory=dict)

    def __call__(self, measurement: Measurement, *, lang: str) -> Check:
        return Check(
            line=measurement.line,
            reflectors=[
                ReflectorSummary(r.name, r.key, r.version, r.control, None, log_signed=r.log is not None)
                for r in measurement.reflectors
            ],
            ruleset=RULESET,
            results=[self._row(app, lang) for app in measurement.apps],
            cost=AppCost(sum(cost.bytes for cost in measurement.costs.values()), 12.5),
            invalid=measurement.invalid,
            interrupted=measurement.interrupted.reason if measurement.interrupted else None,
            notes=list(measurement.notes),
        )

    def _row(self, app: str, lang: str) -> AppResult:
        verdict = self.verdicts.get(app, Verdict.OK)
        found = verdict in {Verdict.BLOCKED, Verdict.THROTTLED}
        effect = Effect(97.0, 90.0, 99.0, 12, 240) if found else None
        return AppResult(
            app=app,
            verdict=verdict,
            stage=Stage.SETUP if found else None,
            mechanism="stun.drop" if found else None,
            direction=Direction.UP if found else None,
            rule=f"{verdict.value}.told",
            effect_up=effect,
            effect_down=None,
            quality=Quality(mos_up=4.2, mos_down=None),
            stages=[],
            works=["tls-443"],
            not_tested=["provider-address"],
            observed_s=12.0,
            cost=AppCost(400_000, 12.5),
            explanation=f"A sentence in {lang} about {app}.",
        )


@dataclass
class Ran:
    """What came out of one command line."""

    status: int
    out: str
    err: str


def run_line(
    *arguments: str,
    measure: Measure | None = None,
    judge: Told | None = None,
    lang: str = "en",
    answers: str | None = None,
    terminal: bool = False,
    environment: Mapping[str, str] | None = None,
    profiled: tuple[str, ...] | None = ("whatsapp", "sip", "webrtc"),
    width: int = 100,
) -> Ran:
    """Run one command line. `answers`: what a person types, on a terminal; None: nobody is there."""
    at_terminal = terminal or answers is not None
    context = Context(
        texts(lang),
        stdin=Stream(answers or "", terminal=at_terminal),
        stdout=Stream(),
        stderr=Stream(terminal=at_terminal),
        environment=environment or {},
        measure=measure,
        judge=judge,
        profiled=profiled,
        width=width,
    )
    status = run(list(arguments), context)
    assert isinstance(context.stdout, Stream)
    assert isinstance(context.stderr, Stream)
    return Ran(status, context.stdout.getvalue(), context.stderr.getvalue())
