"""The person's sentence: rule and facts into English, French or Arabic, never more than the evidence.

Every sentence speaks "between this device and this reflector"; none promises a call, and none names an
operator. In Arabic, what is written from left to right (names, numbers) stands between U+2068 and U+2069
(first strong isolate, pop directional isolate; Unicode Standard Annex 9), and digits are Latin.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Final

from voipwatch.apps.names import app_names
from voipwatch.inference.rules import RULES
from voipwatch.model.results import Effect, Trigger
from voipwatch.model.ruleset import THROTTLE_DELAY_MS, THROTTLE_JITTER_MS, THROTTLE_LOSS_POINTS
from voipwatch.model.vocabulary import Direction, Stage, Verdict

LANGUAGES: Final = ("en", "fr", "ar")
RIGHT_TO_LEFT: Final = frozenset({"ar"})
DECIMAL_COMMA: Final = frozenset({"fr", "ar"})
"""Languages that write 1,5: French, and Arabic as Morocco writes it (CLDR 44, ar-MA)."""
ISOLATE, POP = "\u2068", "\u2069"
IMPLIED: Final = frozenset({"provider-address"})
"""What the sentence about things not tested says anyway."""
MESSAGES: Final = "messages"
"""Among what works: a server of the app's messages."""
_TRIAL: Final = re.compile(r"(tcp|tls)-([1-9][0-9]{0,4})", re.ASCII)
"""How a fallback or a messaging path is called: protocol and port."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a sentence may speak of."""

    app: str
    rule: str
    stage: Stage | None = None
    direction: Direction | None = None
    mechanism: str | None = None
    works: tuple[str, ...] = ()
    not_tested: tuple[str, ...] = ()
    effect_up: Effect | None = None
    effect_down: Effect | None = None
    numbers: Mapping[str, float] = field(default_factory=dict)
    trigger: Trigger | None = None
    provider_tested: bool = False
    """Whether the provider's own servers were asked, with a clear answer."""


@cache
def texts(lang: str) -> Mapping[str, Mapping[str, str]]:
    """The packaged sentences of one language, by section and key.

    Raises:
        ValueError: a language that is not in `LANGUAGES`.
    """
    if lang not in LANGUAGES:
        raise ValueError(f"lang must be one of {', '.join(LANGUAGES)}, got {lang!r}")
    text = resources.files("voipwatch.inference").joinpath("locale", f"{lang}.toml").read_text("utf-8")
    loaded: dict[str, dict[str, str]] = tomllib.loads(text)
    return loaded


def explain(facts: Facts, *, lang: str) -> str:
    """The sentences about one app, separated by spaces.

    Raises:
        ValueError: an unknown language.
        KeyError: a rule or mechanism without a text; the tests hold the tables together.
    """
    book = texts(lang)
    fill = _Filler(lang)
    stage = book["stages"][str(facts.stage) if facts.stage is not None else "none"]
    words = fill.words | {
        "app": fill.name(app_names().get(facts.app, facts.app)),
        "way": book["ways"][str(facts.direction)] if facts.direction is not None else "",
        "stage": stage,
        "effect": _effects(facts, book, fill),
        "seconds": fill.number(facts.numbers.get("seconds", 0.0)),
        "packets": fill.number(facts.numbers.get("packets", 0.0)),
    }
    parts = [book["rules"][facts.rule].format_map(words)]
    verdict = RULES[facts.rule].outcome
    accused = verdict in {Verdict.BLOCKED, Verdict.THROTTLED}
    shown = accused or facts.trigger is not None
    if facts.mechanism is not None and shown:
        seen = book["mechanisms"][facts.mechanism].format_map(words)
        parts.append(book["parts"]["mechanism"].format(mechanism=seen))
    if facts.trigger is not None:
        parts.append(_trigger(facts.trigger, book, fill, words))
    if accused or verdict is Verdict.DOWN:
        paths = [name for name in facts.works if name != MESSAGES]
        parts.append(_works(paths, book, fill, words))
    if MESSAGES in facts.works:
        parts.append(book["parts"]["messages"].format_map(words))
    if verdict is Verdict.OK or accused:
        parts.append(_not_tested(facts, book, fill, words))
    return " ".join(part for part in parts if part)


def _trigger(
    trigger: Trigger, book: Mapping[str, Mapping[str, str]], fill: "_Filler", words: Mapping[str, str]
) -> str:
    count = fill.span(trigger.low or 0.0, trigger.high or 0.0)
    alive = book["parts"]["separator"].join(fill.name(str(port)) for port in trigger.alive)
    more = {**words, "count": count, "alive": alive}
    named = [book["triggers"][name].format_map(more) for name in trigger.properties]
    shown = {"repeats": fill.number(trigger.repeats), "of": fill.number(trigger.of)}
    return book["parts"]["trigger"].format(list=book["parts"]["separator"].join(named), **shown)


def common_words(app: str, *, lang: str) -> dict[str, str]:
    """The app's name and the protocols' as they may stand in a sentence of the language."""
    fill = _Filler(lang)
    return fill.words | {"app": fill.name(app_names().get(app, app))}


def numbers(lang: str, **values: float) -> dict[str, str]:
    """Numbers as they may stand in a sentence of the language, at most one digit after the point."""
    fill = _Filler(lang)
    return {name: fill.number(value) for name, value in values.items()}


def percent(lang: str, ratio: float) -> str:
    """A share from 0 to 1 in percent; what is nearly all is not called all."""
    fill = _Filler(lang)
    return fill.name(f"{fill.plain(100.0 * min(ratio, 0.999))} %")


class _Filler:
    """Puts names and numbers into a language's text."""

    def __init__(self, lang: str) -> None:
        self._isolated = lang in RIGHT_TO_LEFT
        terms = ("udp", "tcp", "tls", "stun", "turn", "dtls", "sip", "rtp", "dns", "sni")
        self.words = {term: self.name(term.upper()) for term in terms} | {
            "ninety": self.name("90 %"),
            **{f"y{year}": self.name(str(year)) for year in (2015, 2019, 2023)},
        }
        self._comma = lang in DECIMAL_COMMA

    def name(self, text: str) -> str:
        """A name in Latin letters; unprintable characters of a hostile report are left out."""
        clean = "".join(c for c in text if c.isprintable())
        return f"{ISOLATE}{clean}{POP}" if self._isolated else clean

    def number(self, value: float) -> str:
        """At most one digit after the point."""
        return self.name(self.plain(value))

    def span(self, low: float, high: float) -> str:
        """A number, or two with a dash between."""
        texts = dict.fromkeys((self.plain(low), self.plain(high)))
        return self.name("\u2013".join(texts))

    def plain(self, value: float) -> str:
        """The same, not isolated."""
        text = f"{value:.1f}".removesuffix(".0")
        return text.replace(".", ",") if self._comma else text


def _works(
    works: Iterable[str], book: Mapping[str, Mapping[str, str]], fill: _Filler, words: Mapping[str, str]
) -> str:
    parts = book["parts"]
    listed = _listed_works(works, parts, fill)
    return parts["works"].format(works=listed) if listed else parts["works_none"].format_map(words)


def listed_works(works: Iterable[str], *, lang: str) -> str:
    """Paths that answered, as a person reads them: `TCP ports 443, 5222; TLS port 443`. None: empty.

    Raises:
        ValueError: an unknown language.
    """
    return _listed_works(works, texts(lang)["parts"], _Filler(lang))


def _listed_works(works: Iterable[str], parts: Mapping[str, str], fill: _Filler) -> str:
    """Ports in their order by protocol, in the order met; a name of another form stands as it is."""
    ports: dict[str, list[int]] = {}
    others: list[str] = []
    for name in dict.fromkeys(works):
        match = _TRIAL.fullmatch(name)
        if match is None:
            others.append(fill.name(name))
        else:
            ports.setdefault(match[1].upper(), []).append(int(match[2]))
    said = [
        parts["port" if len(numbers) == 1 else "ports"].format(
            protocol=fill.name(protocol),
            ports=parts["separator"].join(fill.name(f"{number}") for number in sorted(numbers)),
        )
        for protocol, numbers in ports.items()
    ]
    return parts["semicolon"].join([*said, *others])


def _not_tested(
    facts: Facts, book: Mapping[str, Mapping[str, str]], fill: _Filler, words: Mapping[str, str]
) -> str:
    parts, known = book["parts"], book["untested"]
    names = dict.fromkeys(
        known[key].format_map(words) if (key := _untested_key(t, known)) else fill.name(t)
        for t in facts.not_tested
        if t not in IMPLIED
    )
    if facts.provider_tested:
        return parts["not_tested_else"].format(list=parts["separator"].join(names)) if names else ""
    listed = parts["also"].format(list=parts["separator"].join(names)) if names else ""
    return parts["not_tested"].format(list=listed)


def _untested_key(token: str, known: Mapping[str, str]) -> str | None:
    """What words there are for a token: its own, else those for any dialect, its media, or any leg."""
    kind, _, rest = token.partition("-")
    generic = f"{kind}-media" if rest.endswith("-media") else kind
    return next((key for key in (token, generic) if key in known), None)


def _effects(facts: Facts, book: Mapping[str, Mapping[str, str]], fill: _Filler) -> str:
    """The effects that lie over their thresholds, of the worse direction claimed."""
    wanted = {
        Direction.UP: [facts.effect_up],
        Direction.DOWN: [facts.effect_down],
    }.get(facts.direction or Direction.BOTH, [facts.effect_up, facts.effect_down])
    effects = [e for e in wanted if e is not None]
    parts = book["parts"]
    said: list[str] = []
    loss = max(
        (e for e in effects if e.loss_points is not None), key=lambda e: e.loss_points or 0.0, default=None
    )
    if loss is not None and loss.loss_points is not None and (loss.low or 0.0) > THROTTLE_LOSS_POINTS:
        said.append(
            parts["loss_low"].format(value=fill.number(loss.loss_points), low=fill.number(loss.low or 0.0))
        )
    delays = [
        e.delay_ms for e in effects if e.delay_ms is not None and (e.delay_low_ms or 0.0) > THROTTLE_DELAY_MS
    ]
    if delays:
        said.append(parts["delay"].format(value=fill.number(max(delays))))
    jitters = [
        e.jitter_ms
        for e in effects
        if e.jitter_ms is not None and (e.jitter_low_ms or 0.0) > THROTTLE_JITTER_MS
    ]
    if jitters:
        said.append(parts["jitter"].format(value=fill.number(max(jitters))))
    return parts["separator"].join(said) or parts["worse"]
