"""The scoring branches as data: permanent id, condition, outcome, comment.

An id is quoted by reports, cells and incidents: it is never renamed, reused or given another meaning, only
added. docs/methods/verdicts.md documents each; a test holds the two together.
"""

from typing import Final, NamedTuple

from voipwatch.model.vocabulary import Verdict


class Rule(NamedTuple):
    """One scoring branch."""

    id: str
    condition: str
    """What must hold, in words short enough for a table."""
    outcome: Verdict
    comment: str
    """Why, and whom it protects."""


_RULES: Final = (
    Rule(
        "blocked.setup",
        "A dead at set-up in two flows 2 s apart, C alive, luck of the path excluded",
        Verdict.BLOCKED,
        "The app's own messages die where random bytes of the same size, time and port pass.",
    ),
    Rule(
        "blocked.handshake",
        "set-up passed, A dead at the handshake as above, C alive",
        Verdict.BLOCKED,
        "Stages are scored apart: a call that rings and never connects is blocked all the same.",
    ),
    Rule(
        "blocked.media",
        "set-up passed, A's media at least 90 % lost in two flows 2 s apart (or in their later halves, where "
        "calls numbered otherwise live), C alive",
        Verdict.BLOCKED,
        "Signalling intact, voice or video dead: the complaint most often reported.",
    ),
    Rule(
        "blocked.port",
        "A and C dead on the app's port in two flows 2 s apart each, C' alive on a neutral port",
        Verdict.BLOCKED,
        "The port itself is dead; a reflector that does not serve the port is excluded before.",
    ),
    Rule(
        "blocked.forged",
        "SIP unaltered, a forged refusal or BYE in two of A's calls 2 s apart and half of them, C alive",
        Verdict.BLOCKED,
        "A telephone gives up on the first final answer and on a BYE; the far end sends neither.",
    ),
    Rule(
        "blocked.cut",
        "late-cut run rule: A at least 90 % lost to the end after a living start, C at most 50 %, two flows",
        Verdict.BLOCKED,
        "A cut after some packets, bytes or seconds is a call that cannot be held.",
    ),
    Rule(
        "blocked.resolve",
        "shape ok; every call server's name denied or forged twice, its true addresses and a control alive",
        Verdict.BLOCKED,
        "The resolver lies about the app's servers and about no others; where it asks differently is no lie.",
    ),
    Rule(
        "blocked.reach",
        "shape ok; every call server dead twice 2 s apart, a canary and a control alive beside it",
        Verdict.BLOCKED,
        "Calls would pass, their servers do not answer this line; what the canary misses too is stale.",
    ),
    Rule(
        "blocked.direct",
        "relay leg not dead; from the same socket A dead on the direct leg in two flows 2 s apart, C alive",
        Verdict.BLOCKED,
        "The way from telephone to telephone is cut and the relay's is not: said of the stage direct alone.",
    ),
    Rule(
        "blocked.residual",
        "ports die one after the other, each with the first call seen there, C and C' too, alive until then",
        Verdict.BLOCKED,
        "A call takes with it what bears no sign of one; said of the app whose call it was on its own port.",
    ),
    Rule(
        "throttled.media",
        "sign-flip test of A against its control over a threshold, Holm over the check",
        Verdict.THROTTLED,
        "The whole interval lies above 3 loss points, 50 ms of delay or 20 ms of jitter.",
    ),
    Rule(
        "throttled.port",
        "as throttled.media, and C suffers like A while C' does not; or A and C lose beyond luck beside C'",
        Verdict.THROTTLED,
        "What the port costs whatever it carries.",
    ),
    Rule(
        "down.line",
        "A and every control dead in two flows each",
        Verdict.DOWN,
        "Nothing gets through on any port: said about the line, never about the app.",
    ),
    Rule(
        "down.udp",
        "no UDP at all, a keyed answer over TCP",
        Verdict.DOWN,
        "The line carries no UDP to the reflector while the reflector lives.",
    ),
    Rule(
        "down.ports",
        "A, every control and four unused ports dead, random bytes alive on a well-known port",
        Verdict.DOWN,
        "A firewall that keeps a few ports open singles no app out; calls on such a port would pass.",
    ),
    Rule(
        "down.intercept",
        "no UDP at all, TCP answered by somebody else than the reflector",
        Verdict.DOWN,
        "A captive portal or a proxy stands in between.",
    ),
    Rule(
        "down.allowlist",
        "control family U dead and Q alive on the whole line, A dead",
        Verdict.DOWN,
        "The line drops what it does not know: the app is not singled out.",
    ),
    Rule(
        "ok.clean",
        "set-up answered in two flows, media delivered both ways, control alive, no claim",
        Verdict.OK,
        "No interference seen with this shape towards this reflector; no more than that.",
    ),
    Rule(
        "ok.allowlist",
        "as ok.clean, but control family U dead and Q alive",
        Verdict.OK,
        "The line drops unknown UDP; the app's shape is known to it and passes.",
    ),
    Rule(
        "ok.control-dead",
        "as ok.clean, but every control dead",
        Verdict.OK,
        "Only random bytes are dropped; throttling could not be tested for want of a control.",
    ),
    Rule(
        "ok.altered",
        "as ok.clean, but SIP text was rewritten on the way",
        Verdict.OK,
        "An application-level gateway, most often the home router's; rewriting is no block.",
    ),
    Rule(
        "ok.reach",
        "of a stage: one of the app's servers answered this line as its own",
        Verdict.OK,
        "Said of the stage of reaching the provider alone, never of calls.",
    ),
    Rule(
        "insufficient.stale",
        "of a stage: the canary does not reach the servers either, or their data are past their day",
        Verdict.INSUFFICIENT,
        "A provider's own change is nobody's block.",
    ),
    Rule(
        "insufficient.no-canary",
        "of a stage: servers dead, and no reflector said what it sees",
        Verdict.INSUFFICIENT,
        "Without a look from elsewhere a dead server is only a dead server.",
    ),
    Rule(
        "insufficient.provider",
        "of a stage: servers dead, and controls, repeat or a common address are missing",
        Verdict.INSUFFICIENT,
        "A line that reaches nobody says nothing of one provider.",
    ),
    Rule(
        "insufficient.invalid",
        "the measurement is marked invalid",
        Verdict.INSUFFICIENT,
        "An error of ours is nobody else's fault.",
    ),
    Rule(
        "insufficient.interrupted",
        "the check ended before the evidence was complete",
        Verdict.INSUFFICIENT,
        "Half an experiment proves nothing; what was proved before the end stands.",
    ),
    Rule(
        "insufficient.resolve",
        "the reflector's name did not resolve",
        Verdict.INSUFFICIENT,
        "Nothing was measured of the call itself.",
    ),
    Rule(
        "insufficient.reach",
        "no ticket or one that the reflector may have forgotten, no reflector, or no network",
        Verdict.INSUFFICIENT,
        "Nothing was measured of the call itself.",
    ),
    Rule(
        "insufficient.not-run",
        "no flow of the app",
        Verdict.INSUFFICIENT,
        "Budget, time or a missing profile; no data is no verdict.",
    ),
    Rule(
        "insufficient.port-not-served",
        "the reflector does not serve the app's port",
        Verdict.INSUFFICIENT,
        "A dead port at the far end is the far end's.",
    ),
    Rule(
        "insufficient.control-bad",
        "control lost over 20 % or is over 400 ms late one way",
        Verdict.INSUFFICIENT,
        "On a bad line nothing can be said of one app.",
    ),
    Rule(
        "insufficient.control-missing",
        "A dead or slowed, no living control to set it against",
        Verdict.INSUFFICIENT,
        "Without a control a dead call is only a dead call.",
    ),
    Rule(
        "insufficient.not-repeated",
        "A dead, but not in two flows 2 s apart; or cut late in the only held pair",
        Verdict.INSUFFICIENT,
        "One stall of the line looks like a block for a second.",
    ),
    Rule(
        "insufficient.lottery",
        "A dead, but luck of the path explains it",
        Verdict.INSUFFICIENT,
        "Load balancers choose a path per five-tuple; one dead path of four must accuse nobody.",
    ),
    Rule(
        "insufficient.mixed",
        "some flows of A dead, some alive, C alive",
        Verdict.INSUFFICIENT,
        "Neither blocked nor well: another check may tell.",
    ),
    Rule(
        "insufficient.contradiction",
        "arms contradict each other in a way that no rule explains",
        Verdict.INSUFFICIENT,
        "A pattern without a name is no accusation.",
    ),
    Rule(
        "insufficient.treatment",
        "too little of A's set-up or media was seen alive",
        Verdict.INSUFFICIENT,
        "ok is a claim too and needs its evidence.",
    ),
    Rule(
        "insufficient.unresolved",
        "an effect far over its threshold that is no claim",
        Verdict.INSUFFICIENT,
        "Too few blocks to accuse, too large a difference to say ok.",
    ),
    Rule(
        "insufficient.altered",
        "A dead, perhaps rewritten: SIP text altered, strangers on the port, or SIP without a log",
        Verdict.INSUFFICIENT,
        "A gateway's rewriting looks like a drop; it is excluded before anyone is blamed.",
    ),
    Rule(
        "insufficient.reflector-limit",
        "a limit of the reflector's own cut the evidence short",
        Verdict.INSUFFICIENT,
        "What the far end would not take is nobody's loss; what was proved before stands.",
    ),
    Rule(
        "insufficient.reflectors",
        "reflectors with sufficient evidence disagree",
        Verdict.INSUFFICIENT,
        "Whatever it is, it is not on the path common to all reflectors.",
    ),
)

RULES: Final = {rule.id: rule for rule in _RULES}
"""By id, in the order they are tried within each verdict."""
