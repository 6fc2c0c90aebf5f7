"""`voipwatch explain LABEL`: what a mechanism or a rule claims, what it rests on, and where to see it."""

import re
from difflib import get_close_matches
from typing import Annotated, Any, Final

import msgspec
from cyclopts import Parameter
from rich.text import Text

from voipwatch.cli.context import Context
from voipwatch.cli.errors import CLEAR, Misuse
from voipwatch.cli.language import Texts
from voipwatch.cli.show import table
from voipwatch.cli.values import shown
from voipwatch.inference import RULES
from voipwatch.inference.explain import texts as sentences
from voipwatch.lab.worlds import World, load_worlds
from voipwatch.model.mechanisms import MECHANISMS

LISTS: Final = {"mechanisms": tuple(MECHANISMS), "rules": tuple(RULES)}
RESTS: Final[dict[str, str]] = {
    "port.drop": "port", "port.reject": "port", "port.throttle": "port",
    "stun.drop": "mutant", "turn.drop": "mutant", "app.drop": "mutant", "stun.reply": "mutant",
    "dtls.drop": "handshake", "dtls.fingerprint": "handshake",
    "rtp.drop": "media", "rtp.oneway": "media", "turn.channel": "media",
    "rtp.loss": "slow", "rtp.throttle": "slow", "rtp.delay": "slow",
    "flow.police": "slow", "flow.shape": "slow", "flow.pps": "slow",
    "flow.cut": "cut", "rtp.behaviour": "cut", "flow.kill": "kill", "flow.residual": "residual",
    "sip.drop": "sip", "sip.inject": "sip", "sip.reject": "sip", "sip.alg": "alg",
    "udp.all": "line", "udp.allowlist": "line", "udp.ports": "line", "udp.size": "line",
    "tls.intercept": "line",
    "dns.deny": "provider", "dns.forge": "provider", "addr.drop": "provider", "addr.reject": "provider",
    "tls.reset": "provider", "tls.drop": "provider", "tls.forge": "provider", "tcp.reset": "none",
}  # fmt: skip
"""Label -> the text that says which evidence it takes; docs/methods/verdicts.md says it in full."""
ABBREVIATIONS: Final = frozenset({"tls", "dtls", "sip", "stun", "udp", "tcp"})
"""Names of protocols in the sentences."""
EXAMPLES_MAX: Final = 3
NEAR_MAX: Final = 5


class _Blanks(dict[str, str]):
    """What a sentence speaks of and nobody has measured here."""

    def __missing__(self, name: str) -> str:
        return name.upper() if name in ABBREVIATIONS else "…"


def explain(
    label: Annotated[str, Parameter(metavar="LABEL")],
    /,
    *,
    context: Annotated[Context, Parameter(parse=False)],
    json: bool = False,
) -> int:
    """One label or rule; or all that begin with a word."""
    wanted = label.strip().lower()
    texts = context.texts
    if wanted in MECHANISMS or wanted in RULES:
        document = (_mechanism if wanted in MECHANISMS else _rule)(texts, wanted)
        if json:
            context.print_json(_json({"schema": "voipwatch.explain/1", **document}))
        else:
            _tell(context, document)
        return CLEAR
    listed = LISTS.get(wanted) or tuple(
        name for name in (*MECHANISMS, *RULES) if name.partition(".")[0] == wanted
    )
    if not listed:
        raise Misuse("error.explain", value=shown(label), near=", ".join(near(wanted)))
    if json:
        rows = [{"label": name, "claim": claim(texts, name)} for name in listed]
        context.print_json(_json({"schema": "voipwatch.explain/1", "labels": rows}))
        return CLEAR
    cells: list[list[Text | str]] = [[name, texts.isolate(claim(texts, name))] for name in listed]
    context.out.print(table(texts, [texts("column.name"), texts("column.claim")], cells))
    return CLEAR


def claim(texts: Texts, name: str) -> str:
    """What a mechanism or a rule says, in the reader's language; `…` for what only a check can fill."""
    book = sentences(texts.lang)
    sentence = book["mechanisms"][name] if name in MECHANISMS else book["rules"][name]
    return sentence.format_map(_Blanks(way=""))


def near(wanted: str) -> list[str]:
    """Labels and rules that look like it, the likeliest first; the words to begin with where none does."""
    every = [*MECHANISMS, *RULES]
    found = get_close_matches(wanted, every, n=NEAR_MAX, cutoff=0.6)
    words = [word for word in re.split(r"[^a-z0-9-]+", wanted) if word]
    found += [name for name in every if set(words) & set(name.split("."))]
    return list(dict.fromkeys(found))[:NEAR_MAX] or list(LISTS)


def _mechanism(texts: Texts, name: str) -> dict[str, Any]:
    return {
        "label": name,
        "kind": "mechanism",
        "claim": claim(texts, name),
        "rests_on": texts.raw(f"explain.rests.{RESTS[name]}"),
        "examples": [world.id for world in examples(name)],
    }


def _rule(texts: Texts, name: str) -> dict[str, Any]:
    rule = RULES[name]
    return {
        "label": name,
        "kind": "rule",
        "claim": claim(texts, name),
        "verdict": rule.outcome.value,
        "condition": rule.condition,
        "why": rule.comment,
    }


def examples(name: str) -> list[World]:
    """Worlds of the lab of which this mechanism must be said, those of the matrix first."""
    found = [
        world
        for world in load_worlds().worlds
        if any(expected.mechanisms[:1] == (name,) for expected in world.expected.values())
    ]
    return sorted(found, key=lambda world: world.every or world.demo or world.order)[:EXAMPLES_MAX]


def _tell(context: Context, document: dict[str, Any]) -> None:
    texts = context.texts
    said = document["claim"]
    if document["kind"] == "rule":
        context.tell("explain.rule", label=document["label"], style="bold")
        context.tell("explain.verdict", verdict=texts(f"verdict.{document['verdict']}"))
        context.tell("explain.sentence", sentence=said)
        context.tell("explain.condition", condition=document["condition"], why=document["why"])
    else:
        context.tell("explain.mechanism", label=document["label"], style="bold")
        context.tell("explain.claim", claim=said)
        context.tell("explain.rests_on", text=document["rests_on"])
        for world in document["examples"]:
            context.tell("explain.example", command=f"voipwatch lab run {world}")
    context.tell("explain.more")


def _json(document: dict[str, Any]) -> bytes:
    return msgspec.json.format(msgspec.json.encode(document), indent=2)
