"""What inference says of a measurement: the rows of `voipwatch.check/1`."""

import msgspec

from voipwatch.model.measurement import CHECK_SCHEMA, REPORT_SCHEMA, AppCost, Line, Measurement, ViaRun
from voipwatch.model.vocabulary import Conclusion, Direction, Stage, Verdict


class Effect(msgspec.Struct, frozen=True):
    """Treatment minus control, one direction; loss in percentage points."""

    loss_points: float | None
    low: float | None
    high: float | None
    n_flows: int
    n_packets: int
    delay_ms: float | None = None
    delay_low_ms: float | None = None
    jitter_ms: float | None = None
    jitter_low_ms: float | None = None
    confidence: float | None = None
    """Family-wise confidence of the intervals, 0 to 1."""


class Quality(msgspec.Struct, frozen=True):
    """Of the treatment's voice; None where unmeasured."""

    mos_up: float | None = None
    mos_down: float | None = None
    rtt_ms: float | None = None
    jitter_up_ms: float | None = None
    jitter_down_ms: float | None = None
    loss_up_ratio: float | None = None
    loss_down_ratio: float | None = None


class StageResult(msgspec.Struct, frozen=True):
    """One stage of one app, scored apart."""

    stage: Stage
    verdict: Verdict
    rule: str
    direction: Direction | None = None
    mechanism: str | None = None
    flows: int = 0
    """Treatment flows that reached the stage."""
    sent_up: int = 0
    lost_up: int | None = None
    sent_down: int | None = None
    lost_down: int | None = None


class ViaResult(msgspec.Struct, frozen=True):
    """One app through a tunnel or proxy, beside the row of the direct way that it stands in."""

    kind: str
    """tunnel or socks5; never which."""
    verdict: Verdict
    stage: Stage | None
    mechanism: str | None
    rule: str
    quality: Quality
    conclusion: Conclusion
    explanation: str
    cost: AppCost


class Trigger(msgspec.Struct, frozen=True):
    """What a block looks for: properties of the call's packets without which the same call passes."""

    properties: list[str]
    """stun-cookie, stun-type, stun-attributes, stun-answer, dtls-hello, rtp-version, rtp-payload-type,
    rtp-numbering: each is needed. Or the count at which a call is cut: flow-packets, flow-bytes (IP) of what
    the device sent, flow-seconds of its age. Or the rate at which a call is capped: packet-rate a second,
    byte-rate (IP) a second. Or size: of UDP payloads, bytes. Or port: the port that a call goes to."""
    repeats: int
    """Flows that show it, of the property with the fewest: two or more. Of a port: others that live."""
    of: int
    """Flows that were asked and can be told. Of a port: others asked."""
    low: float | None = None
    """Of a count: it lies from here, as all flows of the call bound it. Of a size: the largest that got
    through. Of a port: the lowest dead one ..."""
    high: float | None = None
    """... to here. Of a size: the smallest above it that was lost. The highest dead port, with no living one
    between them."""
    alive: list[int] = []
    """Of a port: the nearest living ones, below and above the dead."""


class Place(msgspec.Struct, frozen=True):
    """Where on the way to the reflector a dead set-up dies (docs/methods/locate.md)."""

    outcome: str
    """hop: between hop `after` and hop `before`; behind: behind hop `after`, no more can be said; silent: no
    hop answers anybody; unclear: the hops do not tell; through: the set-up got through meanwhile; control:
    the control did not; ended: the sweep ended before it knew."""
    after: int | None = None
    """The last hop that answers the dead arm; 0: none does."""
    before: int | None = None
    """The first hop behind it that only the control reaches; `hops` itself is the reflector."""
    hops: int | None = None
    """At which hop the reflector is."""
    confidence: float | None = None
    """That it lies between the two, 0 to 1."""
    side: str = "unknown"
    """inside or outside the operator's network, or unknown."""
    silent: list[int] = []
    """Hops that answered nobody."""
    refused_at: int | None = None
    """The hop that says itself that it refuses; 0: somebody at none of the hops."""
    paths_differ: bool = False
    """Hops behind the place answered the dead arm now and then: there are several ways."""
    state: str = ""
    """As `model.sweeps.Sweep.state`."""
    tries: int = 0
    seconds: float = 0.0
    explanation: str = ""


class CommonPlace(msgspec.Struct, frozen=True):
    """Whether flows to two reflectors at one time are throttled at one place (docs/methods/commonloss.md)."""

    outcome: str
    """common: where both ways are one; apart: each loses for itself, which names no place; unclear: too few
    losses, or the line lost too; budget, time: it was not asked, because there was too little of it."""
    direction: Direction | None = None
    """In which that is so."""
    by: str = ""
    """Where common: sums (both get what one gets alone) or trend (losses rise and fall together)."""
    error: float | None = None
    """Where common: the chance to say so of independent losses is at most this, 0.001 to 0.05."""
    kept: float | None = None
    """What both get beside each other, as a share of what they get alone: 0.5 where they share a limit."""
    kept_low: float | None = None
    kept_high: float | None = None
    """98 % interval."""
    reflectors: list[int] = []
    """Which two, as the check lists them."""
    explanation: str = ""


class AppResult(msgspec.Struct, frozen=True):
    """One row: exactly one for every app asked for."""

    app: str
    verdict: Verdict
    stage: Stage | None
    mechanism: str | None
    direction: Direction | None
    rule: str
    effect_up: Effect | None
    effect_down: Effect | None
    quality: Quality
    stages: list[StageResult]
    works: list[str]
    not_tested: list[str]
    observed_s: float
    cost: AppCost
    explanation: str
    notes: list[str] = []
    via: ViaResult | None = None
    place: Place | None = None
    common: CommonPlace | None = None
    trigger: Trigger | None = None


class ReflectorSummary(msgspec.Struct, frozen=True):
    """One reflector in a check's answer."""

    name: str
    key: str | None
    version: str | None
    control: str
    failure: str | None = None
    log_signed: bool = False
    """True when its log came back and its signature was right."""


class ViaSummary(msgspec.Struct, frozen=True):
    """The run through a tunnel or proxy as a whole."""

    kind: str
    reflectors: list[ReflectorSummary]
    cost: AppCost
    invalid: str | None = None
    interrupted: str | None = None
    notes: list[str] = []


class Check(msgspec.Struct):
    """What `voipwatch check --json` prints."""

    line: Line
    reflectors: list[ReflectorSummary]
    ruleset: str
    results: list[AppResult]
    cost: AppCost
    schema: str = CHECK_SCHEMA
    invalid: str | None = None
    interrupted: str | None = None
    notes: list[str] = []
    via: ViaSummary | None = None


class Report(msgspec.Struct):
    """What `--out` writes: the check and all it can be recomputed from."""

    check: Check
    measurement: Measurement
    software: str
    lang: str = "en"
    schema: str = REPORT_SCHEMA
    via: ViaRun | None = None


def may_be_submitted(report: Report) -> bool:
    """Whether a probe may offer the report to a collector without being told to, this once, by its user.

    Not where anything in it went through a tunnel or proxy: in some countries to use one is punished.
    """
    return (
        report.via is None
        and report.check.via is None
        and all(row.via is None for row in report.check.results)
    )
