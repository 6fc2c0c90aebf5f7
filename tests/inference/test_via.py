"""What two rows say together: the whole table, in every language, and never more than the evidence."""

import re
from itertools import product

import msgspec
import pytest

from tests.cli.doubles import Told
from tests.inference.test_explain import FORBIDDEN
from voipwatch.inference import judge
from voipwatch.inference.explain import LANGUAGES, texts
from voipwatch.inference.via import compare
from voipwatch.lab.drive import run_simulated
from voipwatch.lab.worlds import load_worlds
from voipwatch.model.measurement import Interruption, Line, Measurement, ReflectorFacts, ViaRun
from voipwatch.model.results import AppResult
from voipwatch.model.vocabulary import Conclusion, Failure, Verdict

OPEN_LINE = Line(tunnel=False)
EXPECTED = {
    ("blocked", "ok"): (Conclusion.RESTORES, "restores_blocked"),
    ("throttled", "ok"): (Conclusion.RESTORES, "restores_throttled"),
    ("ok", "ok"): (Conclusion.SAME, "same_ok"),
    ("blocked", "blocked"): (Conclusion.SAME, "same_blocked"),
    ("throttled", "throttled"): (Conclusion.SAME, "same_throttled"),
    ("down", "down"): (Conclusion.SAME, "same_down"),
    ("ok", "blocked"): (Conclusion.BREAKS, "breaks"),
    ("ok", "throttled"): (Conclusion.BREAKS, "breaks"),
    ("ok", "down"): (Conclusion.BREAKS, "breaks"),
    ("down", "ok"): (Conclusion.UNCLEAR, "direct_down"),
    ("down", "blocked"): (Conclusion.UNCLEAR, "differ"),
    ("down", "throttled"): (Conclusion.UNCLEAR, "differ"),
    ("blocked", "throttled"): (Conclusion.UNCLEAR, "differ"),
    ("blocked", "down"): (Conclusion.UNCLEAR, "differ"),
    ("throttled", "blocked"): (Conclusion.UNCLEAR, "differ"),
    ("throttled", "down"): (Conclusion.UNCLEAR, "differ"),
    **{(verdict, "insufficient"): (Conclusion.UNCLEAR, "through_open") for verdict in map(str, Verdict)},
    **{
        ("insufficient", verdict): (Conclusion.UNCLEAR, "direct_open")
        for verdict in ("ok", "blocked", "throttled", "down")
    },
}


def measurement() -> Measurement:
    return Measurement(
        seed="", started_at="", ended_at="", apps=["whatsapp"], profile_digests={}, line=Line(tunnel=True),
        reflectors=[ReflectorFacts(name="r", control="ok")],
    )  # fmt: skip


def row(verdict: str) -> AppResult:
    [result] = Told({"whatsapp": Verdict(verdict)})(measurement(), lang="en").results
    return result


def sentence(key: str, kind: str = "tunnel") -> str:
    book = texts("en")
    words = {"app": "WhatsApp", "udp": "UDP", "tcp": "TCP"}
    return book["via"][key].format(way=book["via_ways"][kind], end=book["via_ends"][kind], **words)


@pytest.mark.parametrize(("direct", "through"), list(product(map(str, Verdict), repeat=2)))
@pytest.mark.parametrize("kind", ["tunnel", "socks5"])
def test_the_whole_table(direct: str, through: str, kind: str) -> None:
    run = ViaRun(kind, measurement())
    said = compare(row(direct), row(through), run=run, line=OPEN_LINE, lang="en")
    conclusion, key = EXPECTED[direct, through]
    assert (said.conclusion, said.verdict, said.kind) == (conclusion, Verdict(through), kind)
    assert said.explanation == sentence(key, kind)


@pytest.mark.parametrize("rule", ["blocked.resolve", "blocked.reach"])
@pytest.mark.parametrize(
    ("through", "key"), [("ok", "provider"), ("blocked", "provider"), ("insufficient", "through_open")]
)
def test_a_block_of_the_provider_is_compared_with_nothing(rule: str, through: str, key: str) -> None:
    """Nobody asks its servers through the tunnel: an ok shape there has brought nothing back."""
    direct = msgspec.structs.replace(row("blocked"), rule=rule)
    said = compare(direct, row(through), run=ViaRun("tunnel", measurement()), line=OPEN_LINE, lang="en")
    assert (said.conclusion, said.explanation) == (Conclusion.UNCLEAR, sentence(key))


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"notes": ["via-default-route"]}, "default_route"),
        ({"notes": ["via-no-udp"]}, "no_udp"),
        ({"interrupted": Interruption("via-lost", 3.0)}, "lost"),
        ({"invalid": "internal-error: KeyError"}, "invalid"),
        *[
            ({"reflectors": [ReflectorFacts(name="r", control="failed", failure=failure)]}, failure.value)
            for failure in (Failure.PROXY_AUTH, Failure.PROXY_FAILED, Failure.PROXY_REFUSED)
        ],
    ],
)
def test_where_something_forbids_a_comparison_none_is_made(change: dict[str, object], key: str) -> None:
    run = ViaRun("socks5", msgspec.structs.replace(measurement(), **change))
    said = compare(row("blocked"), row("ok"), run=run, line=OPEN_LINE, lang="en")
    assert (said.conclusion, said.explanation) == (Conclusion.UNCLEAR, sentence(key, "socks5"))


@pytest.mark.parametrize(
    ("tunnel", "conclusion"),
    [(True, Conclusion.UNCLEAR), (None, Conclusion.RESTORES), (False, Conclusion.RESTORES)],
)
def test_a_direct_run_through_a_tunnel_is_none(tunnel: bool | None, conclusion: Conclusion) -> None:
    run = ViaRun("tunnel", measurement())
    said = compare(row("blocked"), row("ok"), run=run, line=Line(tunnel=tunnel), lang="en")
    assert said.conclusion is conclusion


def test_what_one_proxy_did_to_some_reflectors_is_no_word_on_all() -> None:
    failed = ReflectorFacts(name="a", control="failed", failure=Failure.PROXY_REFUSED)
    run = ViaRun("socks5", measurement())
    run.measurement.reflectors = [failed, ReflectorFacts(name="b", control="ok")]
    assert (
        compare(row("blocked"), row("ok"), run=run, line=OPEN_LINE, lang="en").conclusion
        is Conclusion.RESTORES
    )


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_sentence_says_too_much(lang: str) -> None:
    book = texts(lang)
    assert set(book["via"]) == set(texts("en")["via"])
    for key, kind in product(book["via"], ("tunnel", "socks5")):
        words = {"app": "X", "udp": "UDP", "tcp": "TCP"}
        text = book["via"][key].format(way=book["via_ways"][kind], end=book["via_ends"][kind], **words)
        assert not [phrase for phrase in FORBIDDEN[lang] if phrase in text.lower()], text
        assert "  " not in text
        assert not re.search(r"[{}]", text)


def test_every_sentence_is_said_by_somebody() -> None:
    said = {key for _, key in EXPECTED.values()}
    said |= {
        "provider",
        "default_route",
        "no_udp",
        "lost",
        "invalid",
        "proxy_auth",
        "proxy_failed",
        "proxy_refused",
        "direct_leg",
    }
    assert set(texts("en")["via"]) == said


def test_an_unknown_kind_of_a_hostile_report() -> None:
    run = ViaRun("my secret wg0", measurement())
    assert compare(row("ok"), row("ok"), run=run, line=OPEN_LINE, lang="ar").kind == "tunnel"


def test_a_block_in_one_world_and_an_open_one_beyond() -> None:
    """Both runs by the real cores, in virtual time."""
    worlds = load_worlds()
    runs = [run_simulated(worlds.get(name), apps=["webrtc"], seed=3) for name in ("stun-cookie", "clean")]
    [direct], [through] = (judge(run).results for run in runs)
    said = compare(direct, through, run=ViaRun("tunnel", runs[1]), line=runs[0].line, lang="en")
    assert (direct.verdict, direct.mechanism) == (Verdict.BLOCKED, "stun.drop")
    assert (said.conclusion, said.verdict) == (Conclusion.RESTORES, Verdict.OK)
    back = compare(through, direct, run=ViaRun("tunnel", runs[0]), line=runs[1].line, lang="en")
    assert (back.conclusion, back.mechanism) == (Conclusion.BREAKS, "stun.drop")


@pytest.mark.parametrize(
    ("direct", "through"),
    [("direct", "ok"), ("ok", "direct"), ("direct", "blocked"), ("blocked", "direct"), ("direct", "direct")],
)
def test_a_cut_direct_leg_is_no_stopped_call_and_none_brought_back(direct: str, through: str) -> None:
    """A call goes on through its relay."""
    rows = [
        msgspec.structs.replace(row("blocked"), rule="blocked.direct") if each == "direct" else row(each)
        for each in (direct, through)
    ]
    said = compare(*rows, run=ViaRun("tunnel", measurement()), line=OPEN_LINE, lang="en")
    assert (said.conclusion, said.explanation) == (Conclusion.UNCLEAR, sentence("direct_leg"))
