"""A run through a tunnel or proxy beside the direct one: what the two rows of one app say together.

The two were measured one after the other, over different paths and, behind the tunnel, from another
address. So little is said: where the one is stopped and the other is not, what stops it lies before the
tunnel's end; anything less plain is `unclear`.
"""

from typing import Final

from voipwatch.inference.explain import common_words, texts
from voipwatch.model.measurement import Line, Measurement, ViaRun
from voipwatch.model.results import AppResult, ViaResult
from voipwatch.model.vocabulary import Conclusion, Failure, Verdict

LOST: Final = "via-lost"
NO_UDP: Final = "via-no-udp"
DEFAULT_ROUTE: Final = "via-default-route"
STOPPED: Final = frozenset({Verdict.BLOCKED, Verdict.THROTTLED})
OF_THE_PROVIDER: Final = frozenset({"blocked.resolve", "blocked.reach"})
"""Rules that rest on the provider's servers and names, not on the shape that both ways have in common."""
OF_THE_DIRECT_LEG: Final = "blocked.direct"
"""Only one way of two is cut: no call is stopped, so none is brought back."""
OF_THE_PROXY: Final = {
    Failure.PROXY_AUTH: "proxy_auth",
    Failure.PROXY_FAILED: "proxy_failed",
    Failure.PROXY_REFUSED: "proxy_refused",
}
"""Why no reflector was reached, where that is the proxy's doing -> the text's key."""


def compare(direct: AppResult, through: AppResult, *, run: ViaRun, line: Line, lang: str) -> ViaResult:
    """One app's row through the tunnel or proxy, with what it says beside the direct row.

    Args:
        direct: the row of the direct way.
        through: the judge's row of `run.measurement` for the same app.
        run: what was observed through it.
        line: of the direct way; where that went through a tunnel too, nothing can be concluded.
        lang: "en", "fr" or "ar".

    Raises:
        ValueError: an unknown language.
    """
    conclusion, key = _conclude(direct, through, run.measurement, line)
    book = texts(lang)
    kind = run.kind if run.kind in book["via_ways"] else "tunnel"  # a hostile report's word
    words = common_words(direct.app, lang=lang) | {
        "way": book["via_ways"][kind],
        "end": book["via_ends"][kind],
    }
    return ViaResult(
        kind=kind,
        verdict=through.verdict,
        stage=through.stage,
        mechanism=through.mechanism,
        rule=through.rule,
        quality=through.quality,
        conclusion=conclusion,
        explanation=book["via"][key].format_map(words),
        cost=through.cost,
    )


def _conclude(direct: AppResult, through: AppResult, run: Measurement, line: Line) -> tuple[Conclusion, str]:
    """The conclusion, and the key of its sentence."""
    reason = _hindrance(run, line)
    if reason is not None:
        return Conclusion.UNCLEAR, reason
    if through.verdict is Verdict.INSUFFICIENT:
        return Conclusion.UNCLEAR, "through_open"
    if direct.verdict is Verdict.INSUFFICIENT:
        return Conclusion.UNCLEAR, "direct_open"
    if {direct.rule, through.rule} & OF_THE_PROVIDER:
        return Conclusion.UNCLEAR, "provider"  # its servers were asked without it alone
    if OF_THE_DIRECT_LEG in {direct.rule, through.rule}:
        return Conclusion.UNCLEAR, "direct_leg"
    if direct.verdict is through.verdict:
        return Conclusion.SAME, f"same_{direct.verdict.value}"
    if through.verdict is Verdict.OK:
        if direct.verdict in STOPPED:
            return Conclusion.RESTORES, f"restores_{direct.verdict.value}"
        return Conclusion.UNCLEAR, "direct_down"  # a line that was down a minute ago may be up by itself
    if direct.verdict is Verdict.OK:
        return Conclusion.BREAKS, "breaks"
    return Conclusion.UNCLEAR, "differ"


def _hindrance(run: Measurement, line: Line) -> str | None:
    """What forbids any comparison: the key of the sentence that says so, None where nothing does."""
    if run.invalid is not None:
        return "invalid"
    if run.interrupted is not None and run.interrupted.reason == LOST:
        return "lost"
    if NO_UDP in run.notes:
        return "no_udp"
    failures = {facts.failure for facts in run.reflectors if facts.control == "failed"}
    if len(failures) == 1 and all(facts.control == "failed" for facts in run.reflectors):
        key = next((OF_THE_PROXY[f] for f in failures if f in OF_THE_PROXY), None)
        if key is not None:
            return key
    if DEFAULT_ROUTE in run.notes or line.tunnel is True:
        return "default_route"
    return None
