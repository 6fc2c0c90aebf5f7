"""Worlds of providers in virtual time, through every layer: who is accused, and who never is."""

from datetime import date
from functools import cache

import msgspec
import pytest

from voipwatch.apps.targets import TargetSet, load_targets, public_key_of, read_targets, sign_targets
from voipwatch.experiment.events import AskHost, HostOutcome, NameOutcome, ProviderOutcome, ResolveName
from voipwatch.experiment.questions.provider import provider_reach
from voipwatch.inference import judge
from voipwatch.lab.drive import TARGETS_DAY, run_simulated
from voipwatch.lab.providers import Providers
from voipwatch.lab.simnet import SimNet
from voipwatch.lab.simproviders import SimProviders
from voipwatch.lab.worlds import World, load_worlds
from voipwatch.model.measurement import Measurement
from voipwatch.model.results import AppResult
from voipwatch.model.targets import TargetRecord
from voipwatch.model.vocabulary import Failure, Verdict

CLEAN = load_worlds().get("clean")
DAY = date(2026, 12, 1)
TARGET = """
[[targets]]
id = "{id}"
roles = ["{role}"]
name = "{name}"
transport = "{transport}"
port = {port}
status = "synthetic"
source = "a test"
checked_on = "2026-11-21"
expires_on = "2027-05-20"
"""


def targets(*, expires: str = "2027-05-20") -> TargetSet:
    """A call server by TLS, a STUN server, a message server, a control; at 198.51.100.10 and up."""
    rows = [
        ("whatsapp.call", "calls", "call.example.net", "tls", 443),
        ("whatsapp.stun", "stun", "stun.example.net", "stun", 3478),
        ("whatsapp.chat", "messages", "chat.example.net", "tls", 443),
        ("control.one", "control", "www.example.com", "tls", 443),
    ]
    names = ("id", "role", "name", "transport", "port")
    text = 'version = "2026.1"\n' + "".join(TARGET.format(**dict(zip(names, r, strict=True))) for r in rows)
    content = text.replace("2027-05-20", expires).encode()
    key = bytes(range(32))
    return read_targets(content, sign_targets(content, key), (public_key_of(key),), on=DAY)


def ask_all(world: World, aimed: TargetSet, *, line: str | None, canary: bool) -> list[TargetRecord]:
    """The question alone, in virtual time."""
    assert world.providers is not None
    net = SimNet(world, seed=5, line=line)
    sim = SimProviders(net, world.providers, aimed.targets)
    reach = provider_reach(aimed, ["whatsapp"], reflectors=[0] if canary else [], seed=bytes(16))
    now, due = 0.0, list[tuple[float, int, ProviderOutcome]]()
    reach.start(now, epoch=0.0)
    while not reach.done:
        while (ask := reach.next_ask(now)) is not None:
            at, outcome = sim.play(ask, now)
            due.append((at, ask.ask, outcome))
        due.sort(key=lambda item: item[0])
        timer = reach.get_timer()
        now = max(now, min([at for at, _, _ in due[:1]] + ([timer] if timer is not None else [])))
        while due and due[0][0] <= now:
            _, number, outcome = due.pop(0)
            reach.answered(number, outcome, now)
        reach.update(now)
    return reach.records()


@cache
def shape_is_ok() -> Measurement:
    """A whole check on a clean line, without providers."""
    return run_simulated(CLEAN, apps=["whatsapp"], seed=5)


def row(
    policy: dict[str, object] | None = None,
    *,
    line: str | None = None,
    aimed: TargetSet | None = None,
    control_blocked: bool = False,
    whole: bool = False,
    **providers: object,
) -> AppResult:
    """The app's row. `whole`: the call's shape meets the policy too; else it is that of a clean line."""
    world = msgspec.structs.replace(
        CLEAN, policy=policy or {"policy": "open"}, providers=msgspec.convert(providers, Providers)
    )
    aimed = aimed or targets()
    if whole or line is not None:
        return judge(run_simulated(world, apps=["whatsapp"], seed=5, line=line, targets=aimed)).results[0]
    found = ask_all(world, aimed, line=line, canary=not control_blocked)
    whole_check = msgspec.structs.replace(shape_is_ok(), targets=found, targets_state=str(aimed.state))
    return judge(whole_check).results[0]


def test_one_tls_and_one_stun_target_through_every_layer() -> None:
    said = row(whole=True)
    assert (said.verdict, said.rule) == (Verdict.OK, "ok.clean")
    assert "messages" in said.works
    assert said.stages[0].rule == "ok.reach"
    assert not {"provider-address", "sni-or-name"} & set(said.not_tested)


@pytest.mark.parametrize(("drop", "label"), [(False, "tls.reset"), (True, "tls.drop")])
def test_a_name_that_is_stopped_where_another_passes(drop: bool, label: str) -> None:
    said = row({"policy": "tls-name", "names": ["call.example.net"], "drop": drop})
    assert (said.verdict, said.rule, said.mechanism) == (Verdict.BLOCKED, "blocked.reach", label)
    assert "messages" in said.works, "messages work, calls do not"
    assert "messages answered this line" in said.explanation


@pytest.mark.parametrize(
    ("policy", "rule", "label"),
    [
        ({"policy": "address-drop", "networks": ["198.51.100.10/32"]}, "blocked.reach", "addr.drop"),
        ({"policy": "dns-forge", "names": ["call.example.net"]}, "blocked.resolve", "dns.deny"),
        ({"policy": "dns-forge", "names": ["call.example.net"], "addresses": ["198.51.100.12"]},
         "blocked.resolve", "dns.forge"),
    ],
)  # fmt: skip
def test_who_stops_the_call_server_is_named_by_what_he_does(
    policy: dict[str, object], rule: str, label: str
) -> None:
    said = row(policy)
    assert (said.verdict, said.rule, said.mechanism) == (Verdict.BLOCKED, rule, label)


def test_stun_alone_is_a_note() -> None:
    said = row({"policy": "address-drop", "networks": ["198.51.100.11/32"]})
    assert (said.verdict, said.notes) == (Verdict.OK, ["messages-reachable", "stun-unreachable"])


def test_a_shape_that_is_blocked_keeps_its_rule() -> None:
    chain = [{"policy": "whatsapp-types"}, {"policy": "address-drop", "networks": ["198.51.100.10/32"]}]
    said = row({"policy": "chain", "policies": chain}, whole=True)
    assert (said.rule, said.mechanism) == ("blocked.setup", "app.drop")
    assert said.stages[0].rule == "blocked.reach"
    assert "messages" in said.works


CALL = {"policy": "address-drop", "networks": ["198.51.100.10/32"]}


@pytest.mark.parametrize(
    ("about", "note"),
    [
        ({"dead": ["call.example.net"]}, "targets-stale"),
        ({"gone": ["call.example.net"]}, "targets-stale"),
        ({"policy": CALL, "canary": False}, "no-canary"),
        ({"policy": CALL, "control_blocked": True}, "no-canary"),
        ({"policy": CALL, "aimed": targets(expires="2026-11-30")}, "targets-stale"),
        ({"policy": CALL, "dead": ["www.example.com"]}, "provider-unclear"),
        ({"resolver": "nxdomain"}, "provider-unclear"),
        ({"resolver": "silent"}, "provider-unclear"),
        ({"resolver": "portal"}, "provider-unclear"),
        ({"version": 6}, "provider-unclear"),
        ({"elsewhere": {"call.example.net": "198.51.100.99"}}, "messages-reachable"),
        ({"policy": {"policy": "tls-name", "names": ["*"]}}, "provider-unclear"),
        ({"policy": {"policy": "address-drop", "networks": ["198.51.100.0/24"]}}, "provider-unclear"),
    ],
)  # fmt: skip
def test_the_innocent_are_not_accused(about: dict[str, object], note: str) -> None:
    said = row(**about)  # type: ignore[arg-type]  # a table of options
    assert said.verdict is Verdict.OK
    assert note in said.notes


def test_a_provider_that_fails_between_our_two_looks_is_stale() -> None:
    """It dies for everybody, at any moment of the two rounds: the canary has to look anew."""
    whole = row({"policy": "address-drop", "networks": ["198.51.100.10/32"]})
    assert whole.verdict is Verdict.BLOCKED
    for at_s in (0.0, 0.2, 0.32, 0.36, 0.5, 4.0, 5.5, 6.6, 6.9, 7.0):
        said = row(deaf=["call.example.net"], deaf_at_s=at_s)
        assert said.verdict is Verdict.OK, at_s


def test_a_captive_portal_accuses_nobody_of_anything() -> None:
    said = row(line="captive-portal")
    assert said.verdict not in {Verdict.BLOCKED, Verdict.THROTTLED}
    assert "messages" not in said.works


def test_the_worlds_of_the_table_say_what_they_must() -> None:
    found = [w for w in load_worlds().worlds if w.providers is not None and w.demo]
    assert len(found) == 8
    for world in found:
        found_of = ask_all(world, load_targets(TARGETS_DAY), line=None, canary=True)
        grafted = msgspec.structs.replace(shape_is_ok(), targets=found_of, targets_state="ok")
        said = judge(grafted).results[0]
        assert world.expected["whatsapp"].accepts(said.verdict, said.stage, said.mechanism, said.direction), (
            world.id
        )


def test_nobody_is_asked_where_the_world_says_nothing_of_providers() -> None:
    found = run_simulated(CLEAN, apps=["sip"], seed=1)
    assert (found.targets, found.targets_state) == ([], "")


@pytest.mark.parametrize(("resolver_s", "failure"), [(1.5, None), (6.0, Failure.DNS_TIMEOUT)])
def test_a_resolver_may_be_slow_or_slower_than_anybody_waits(
    resolver_s: float, failure: Failure | None
) -> None:
    net = SimNet(msgspec.structs.replace(CLEAN, providers=Providers()), seed=1)
    sim = SimProviders(net, Providers(resolver_s=resolver_s), targets().targets)
    at, named = sim.play(ResolveName(1, "call.example.net", ()), 0.0)
    assert isinstance(named, NameOutcome)
    assert named.failure is failure
    assert (at > 1.5) if failure is None else (at == 5.0)


def test_the_servers_of_the_emulated_internet_answer_as_their_own() -> None:
    net = SimNet(msgspec.structs.replace(CLEAN, providers=Providers()), seed=1)
    sim = SimProviders(net, Providers(), targets().targets)
    _, named = sim.play(ResolveName(1, "call.example.net", ()), 0.0)
    assert named == NameOutcome(("198.51.100.10",), ("public",), None)
    _, unknown = sim.play(ResolveName(2, "nobody.example.net", ()), 0.0)
    assert isinstance(unknown, NameOutcome)
    assert unknown.failure is Failure.DNS_NXDOMAIN
    words = {}
    for name in ("call.example.net", "www.example.com"):
        at, outcome = sim.play(AskHost(3, "tls", "198.51.100.10", 443, 4.0, server_name=name), 1.0)
        assert isinstance(outcome, HostOutcome)
        words[name] = outcome.answer
        assert at > 1.04
    assert words == {"call.example.net": "certificate", "www.example.com": "other"}
    assert TARGETS_DAY == DAY
