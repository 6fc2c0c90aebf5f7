from datetime import date

from voipwatch.apps.targets import load_targets
from voipwatch.experiment.events import (
    AskCanary,
    AskHost,
    CanaryOutcome,
    CanaryView,
    HostOutcome,
    NameOutcome,
    ProviderAsk,
    ProviderOutcome,
    ResolveName,
)
from voipwatch.experiment.questions.provider import (
    IN_FLIGHT_MAX,
    OVERALL_S,
    ProviderReach,
    binding_answer,
    binding_request,
    provider_reach,
)
from voipwatch.model.ruleset import REPEAT_AFTER_S
from voipwatch.model.targets import TargetRecord
from voipwatch.model.vocabulary import Failure
from voipwatch.wire.stun import StunClass, decode_stun, message_type
from voipwatch.wire.stun_build import build_stun

LIST = load_targets(date(2026, 12, 1))
SYSTEM, FAR, OTHER = "203.0.113.9", "203.0.113.10", "2001:db8::9"
CHAT, WEB = "g.whatsapp.net", "web.whatsapp.com"


class World:
    """Answers at once, as told; notes what was asked."""

    def __init__(self) -> None:
        self.names: dict[str, NameOutcome] = {}
        self.alive = {SYSTEM}
        self.canary: CanaryOutcome | None = None
        self.asked: list[tuple[float, ProviderAsk]] = []
        self.most = 0

    def answer(self, ask: ProviderAsk) -> ProviderOutcome:
        if isinstance(ask, ResolveName):
            return self.names.get(ask.name, NameOutcome((SYSTEM,), ("public",), None))
        if isinstance(ask, AskCanary):
            return self.canary or CanaryOutcome(
                {t: CanaryView((FAR,), (FAR,), 0.0) for t in ask.targets}, None, 100
            )
        if ask.address not in self.alive:
            return HostOutcome(None, "", Failure.CONNECT_TIMEOUT)
        if ask.transport == "stun":
            request = decode_stun(ask.hello)
            data = build_stun(message_type(1, StunClass.SUCCESS), request.transaction_id)
            return HostOutcome(None, "", None, data)
        return HostOutcome(9.0, {"tcp": "connected", "tls": "certificate"}[ask.transport], None)

    def play(self, reach: ProviderReach, *, silent: bool = False) -> float:
        """To the end, in virtual time; the second at which it ended."""
        now = 100.0
        reach.start(now, epoch=100.0)
        while not reach.done:
            batch = []
            while (ask := reach.next_ask(now)) is not None:
                self.asked.append((now, ask))
                batch.append(ask)
            self.most = max(self.most, len(batch))
            timer = reach.get_timer()
            assert timer is not None
            now = timer if silent or not batch else now + 0.1
            for ask in [] if silent else batch:
                reach.answered(ask.ask, self.answer(ask), now)
            reach.update(now)
        return now - 100.0

    def hosts(self, name: str = "") -> list[AskHost]:
        return [a for _, a in self.asked if isinstance(a, AskHost) and (not name or a.server_name == name)]


def ask(apps: tuple[str, ...] = ("whatsapp",), reflectors: tuple[int, ...] = (0,)) -> ProviderReach:
    return provider_reach(LIST, apps, reflectors=reflectors, seed=bytes(16))


def named(reach: ProviderReach, target_id: str) -> TargetRecord:
    return next(r for r in reach.records() if r.id == target_id)


def test_what_answers_is_asked_once_and_nothing_more() -> None:
    world, reach = World(), ask()
    assert world.play(reach) < 1.0
    assert len(world.hosts()) == 5
    assert sum(isinstance(a, AskCanary) for _, a in world.asked) == 1
    assert {r.id for r in reach.records()} == {t.id for t in LIST.of_apps(["whatsapp"])}
    assert reach.spent_bytes == 100


def test_what_does_not_answer_is_asked_again_two_seconds_later_with_controls_and_canary() -> None:
    world, reach = World(), ask()
    world.names[WEB] = NameOutcome(("203.0.113.66",), ("public",), None)
    world.play(reach)
    record = named(reach, "whatsapp.web")
    assert [(t.round, t.learnt, t.address) for t in record.tries] == [
        (1, "system", "203.0.113.66"),
        (1, "canary", FAR),
        (2, "system", "203.0.113.66"),
        (2, "canary", FAR),
    ]
    first, second = (min(t.started_us for t in record.tries if t.round == n) for n in (1, 2))
    last = max(t.ended_us for t in record.tries if t.round == 1)
    assert second - last >= REPEAT_AFTER_S * 1e6
    assert first < last
    asked = [a for _, a in world.asked if isinstance(a, AskCanary)]
    assert [set(a.targets) >= {"whatsapp.web", "control.iana"} for a in asked] == [True, True]
    assert "whatsapp.chat" not in asked[1].targets, "what was reached is not asked again"
    assert asked[1].max_age_s < REPEAT_AFTER_S, "the canary must look after our first failure"
    assert {t.round for t in named(reach, "control.iana").tries} == {1, 2}


def test_reached_by_the_canarys_address_alone_is_repeated_too() -> None:
    world, reach = World(), ask()
    world.names[WEB] = NameOutcome((), (), Failure.DNS_NXDOMAIN)
    world.alive.add(FAR)
    world.play(reach)
    record = named(reach, "whatsapp.web")
    assert [(t.round, t.learnt, t.answer) for t in record.tries] == [
        (1, "canary", "certificate"),
        (2, "canary", "certificate"),
    ]
    assert [a.failure for a in record.answers] == [Failure.DNS_NXDOMAIN] * 2


def test_nothing_is_sent_to_this_device_or_nowhere() -> None:
    world, reach = World(), ask(reflectors=())
    world.names[WEB] = NameOutcome(("127.0.0.1", "0.0.0.0"), ("loopback", "unusable"), None)
    world.play(reach)
    assert named(reach, "whatsapp.web").tries == []
    assert named(reach, "whatsapp.web").answers[0].kinds == ["loopback", "unusable"]
    assert not any(isinstance(a, AskCanary) for _, a in world.asked)


def test_one_of_each_ip_version_is_tried() -> None:
    world, reach = World(), ask()
    world.alive.clear()
    world.names[WEB] = NameOutcome((SYSTEM, "203.0.113.8", OTHER), ("public",) * 3, None)
    world.canary = CanaryOutcome({}, Failure.CONNECT_TIMEOUT)
    world.play(reach)
    record = named(reach, "whatsapp.web")
    assert [t.address for t in record.tries] == [SYSTEM, OTHER] * 2
    assert [s.failure for s in record.canaries] == [Failure.CONNECT_TIMEOUT] * 2


def test_an_address_that_the_canary_knows_goes_first() -> None:
    world, reach = World(), ask()
    world.alive.clear()
    world.names[WEB] = NameOutcome((SYSTEM, FAR), ("public", "public"), None)
    world.play(reach)
    assert [t.address for t in named(reach, "whatsapp.web").tries][:2] == [FAR, SYSTEM]


def test_connected_and_then_silence_is_asked_with_a_neutral_name() -> None:
    class Reset(World):
        def answer(self, ask: ProviderAsk) -> ProviderOutcome:
            if isinstance(ask, AskHost) and ask.server_name == WEB:
                return HostOutcome(9.0, "", Failure.CONNECTION_RESET)
            return super().answer(ask)

    world, reach = Reset(), ask()
    world.play(reach)
    tries = [t for t in named(reach, "whatsapp.web").tries if t.address == SYSTEM]
    assert [(t.round, t.what, t.answer) for t in tries] == [
        (1, "own", ""), (1, "neutral", "certificate"), (2, "own", ""), (2, "neutral", "certificate"),
    ]  # fmt: skip
    neutral = [a for a in world.hosts("www.example.com") if a.address == SYSTEM]
    assert len(neutral) >= 4


def test_stun_counts_only_with_its_own_transaction() -> None:
    request = binding_request(bytes(12))
    assert len(request) == 20
    assert binding_answer(build_stun(message_type(1, StunClass.SUCCESS), bytes(12)), bytes(12)) == "binding"
    assert (
        binding_answer(build_stun(message_type(1, StunClass.SUCCESS), bytes(11) + b"x"), bytes(12))
        == "garbage"
    )
    assert binding_answer(build_stun(message_type(1, StunClass.ERROR), bytes(12)), bytes(12)) == "garbage"
    assert binding_answer(request, bytes(12)) == "garbage"
    assert binding_answer(b"no", bytes(12)) == "garbage"
    assert binding_answer(b"", bytes(12)) == ""
    world, reach = World(), ask(("webrtc",))
    world.play(reach)
    hellos = {a.hello for a in world.hosts() if a.transport == "stun"}
    assert len(hellos) == 2, "no two requests share a transaction id"
    assert named(reach, "webrtc.stun").tries[0].answer == "binding"


def test_every_app_at_once_stays_within_the_bound_of_questions() -> None:
    apps = tuple(dict.fromkeys(t.app for t in LIST.targets if t.app))
    world, reach = World(), ask(apps)
    world.play(reach)
    assert len(reach.records()) == len(LIST.targets)
    assert 0 < world.most <= IN_FLIGHT_MAX


def test_a_shell_that_never_answers_ends_it_all_the_same() -> None:
    reach = ask()
    assert World().play(reach, silent=True) == OVERALL_S
    assert all(not r.tries for r in reach.records())


def test_apps_without_targets_and_lists_past_their_day_ask_nothing() -> None:
    world, reach = World(), ask(("sip",))
    assert world.play(reach) == 0.0
    late = provider_reach(load_targets(date(2030, 1, 1)), ["whatsapp"], reflectors=[0], seed=bytes(16))
    world.play(late)
    assert world.asked == []
    assert late.state == "expired"
    assert [r.expired for r in late.records()] == [True] * 3
