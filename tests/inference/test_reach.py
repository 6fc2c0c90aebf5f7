"""A claim about a provider's servers, and everything that takes it away again."""

from collections.abc import Callable

import msgspec
import pytest

from voipwatch.inference.reach import Reach, TargetFinding, provider_finding
from voipwatch.model.measurement import Line, Measurement
from voipwatch.model.targets import CanarySight, NameAnswer, TargetRecord, TargetTry
from voipwatch.model.vocabulary import Failure, Stage

HERE, FAR, CONTROL_IP = "addr-a", "addr-b", "addr-c"
S = 1_000_000
Change = Callable[[TargetRecord, TargetRecord], None]


def attempt(number: int, **fields: object) -> TargetTry:
    at = (10 if number == 1 else 20) * S
    plain = TargetTry(number, "own", "system", HERE, at, at + 4 * S, None, "", Failure.CONNECT_TIMEOUT)
    return msgspec.structs.replace(plain, **fields)


def answer(number: int, **fields: object) -> NameAnswer:
    plain = NameAnswer(number, (9 if number == 1 else 19) * S, [HERE], ["public"])
    return msgspec.structs.replace(plain, **fields)


def sight(number: int, **fields: object) -> CanarySight:
    plain = CanarySight(0, number, (9 if number == 1 else 19) * S, 0.5, [HERE], [HERE])
    return msgspec.structs.replace(plain, **fields)


def target(**fields: object) -> TargetRecord:
    plain = TargetRecord(
        id="signal.chat",
        app="signal",
        roles=["messages", "calls"],
        host="chat.signal.org",
        transport="tls",
        port=443,
        answers=[answer(1), answer(2)],
        tries=[attempt(1), attempt(2)],
        canaries=[sight(1), sight(2)],
    )
    return msgspec.structs.replace(plain, **fields)


def control() -> TargetRecord:
    good = {"address": CONTROL_IP, "connect_ms": 20.0, "answer": "certificate", "failure": None}
    return TargetRecord(
        id="control.example",
        app="",
        roles=["control"],
        host="www.example.com",
        transport="tls",
        port=443,
        answers=[answer(1, addresses=[CONTROL_IP]), answer(2, addresses=[CONTROL_IP])],
        tries=[attempt(1, **good), attempt(2, **good)],
    )


def finding(record: TargetRecord, beside: TargetRecord | None = None) -> TargetFinding:
    found = provider_finding(measurement(record, beside or control()), "signal")
    assert found is not None
    return found.targets[0]


def measurement(*records: TargetRecord) -> Measurement:
    return Measurement(
        seed="",
        started_at="2026-12-01T00:00:00Z",
        ended_at="2026-12-01T00:01:00Z",
        apps=["signal"],
        profile_digests={},
        line=Line(),
        reflectors=[],
        targets=list(records),
        targets_state="ok",
    )


def test_dead_twice_beside_a_living_canary_and_control_is_blocked() -> None:
    found = provider_finding(measurement(target(), control()), "signal")
    assert found is not None
    assert found.blocked is not None
    assert (found.blocked.rule, found.blocked.mechanism) == ("blocked.reach", "addr.drop")
    assert not found.messages
    assert found.stages == ((Stage.REACH, "blocked.reach", "addr.drop"),)
    assert found.notes == ("messages-unreachable",)
    assert found.tested == ("provider-address", "sni-or-name")


def drop_second_round(record: TargetRecord, _: TargetRecord) -> None:
    record.tries, record.answers = record.tries[:1], record.answers[:1]


def too_soon(record: TargetRecord, _: TargetRecord) -> None:
    first = attempt(2).started_us - 2 * S + 1 - 10 * S
    record.tries[0] = attempt(1, ended_us=10 * S + first)
    record.answers[1] = answer(2, at_us=10 * S + first + S)


def canary_before_our_failure(record: TargetRecord, _: TargetRecord) -> None:
    record.canaries[1] = sight(2, age_s=6.0)


def canary_after_our_last_try(record: TargetRecord, _: TargetRecord) -> None:
    record.canaries[1] = sight(2, at_us=21 * S)


def other_address_alive(record: TargetRecord, _: TargetRecord) -> None:
    record.canaries = [sight(1, alive=[FAR]), sight(2, alive=[FAR])]


def no_route(record: TargetRecord, _: TargetRecord) -> None:
    record.tries = [attempt(n, failure=Failure.NETWORK_UNREACHABLE) for n in (1, 2)]


def our_buffers(record: TargetRecord, _: TargetRecord) -> None:
    record.tries[1] = attempt(2, failure=Failure.NO_BUFFERS)


def an_alert(record: TargetRecord, _: TargetRecord) -> None:
    record.tries = [attempt(n, answer="alert", failure=None, connect_ms=9.0) for n in (1, 2)]


def a_private_authority(record: TargetRecord, _: TargetRecord) -> None:
    record.tries = [attempt(n, answer="untrusted", failure=None, connect_ms=9.0) for n in (1, 2)]


def control_dead_once(_: TargetRecord, control: TargetRecord) -> None:
    control.tries = control.tries[:1]


def control_intercepted(_: TargetRecord, control: TargetRecord) -> None:
    control.tries = [msgspec.structs.replace(t, answer="other") for t in control.tries]


@pytest.mark.parametrize(
    "change",
    [
        drop_second_round, too_soon, canary_before_our_failure, canary_after_our_last_try,
        other_address_alive, no_route, our_buffers, an_alert, a_private_authority, control_dead_once,
        control_intercepted,
    ],
)  # fmt: skip
def test_each_missing_piece_takes_the_claim_away(change: Change) -> None:
    record, beside = target(), control()
    change(record, beside)
    assert finding(record, beside).reach is Reach.UNCLEAR


@pytest.mark.parametrize("silent", [[], [sight(1, failure=Failure.CONNECT_TIMEOUT, alive=[], resolved=[])]])
def test_without_a_canary_nothing_is_said(silent: list[CanarySight]) -> None:
    assert finding(target(canaries=silent)).reach is Reach.NO_CANARY


@pytest.mark.parametrize("dead", [1, 2])
def test_what_the_canary_misses_in_either_round_is_stale(dead: int) -> None:
    record = target()
    record.canaries[dead - 1] = sight(dead, alive=[])
    assert finding(record).reach is Reach.STALE
    other = target(canaries=[sight(1), sight(2), sight(2, reflector=1, alive=[])])
    assert finding(other).reach is Reach.STALE, "two canaries disagree: the provider is not well"


def test_an_expired_target_is_stale_and_accuses_nobody() -> None:
    found = provider_finding(measurement(target(expired=True), control()), "signal")
    assert found is not None
    assert found.blocked is None
    assert found.notes == ("targets-stale",)
    assert found.tested == ()


def test_one_living_call_server_is_enough_for_calls() -> None:
    alive = target(id="signal.two", tries=[attempt(1, answer="certificate", failure=None)])
    found = provider_finding(measurement(target(), alive, control()), "signal")
    assert found is not None
    assert found.blocked is None
    assert set(found.notes) == {"messages-reachable", "call-servers-partly-unreachable"}


def test_one_success_of_two_tries_is_reached() -> None:
    record = target(tries=[attempt(1), attempt(2, answer="certificate", failure=None)])
    assert finding(record).reach is Reach.REACHED


def connected(number: int, failure: Failure, neutral: str = "other") -> list[TargetTry]:
    own = attempt(number, connect_ms=20.0, failure=failure)
    return [own, attempt(number, connect_ms=20.0, what="neutral", failure=None, answer=neutral)]


@pytest.mark.parametrize(
    ("tries", "label"),
    [
        ([*connected(1, Failure.CONNECTION_RESET), *connected(2, Failure.CONNECTION_RESET)], "tls.reset"),
        ([*connected(1, Failure.READ_TIMEOUT), *connected(2, Failure.READ_TIMEOUT)], "tls.drop"),
        ([*connected(1, Failure.READ_TIMEOUT), *connected(2, Failure.CONNECTION_RESET)], None),
        ([*connected(1, Failure.READ_TIMEOUT, ""), *connected(2, Failure.READ_TIMEOUT, "")], None),
        ([attempt(1, failure=Failure.CONNECTION_REFUSED), attempt(2, failure=Failure.HOST_UNREACHABLE)],
         "addr.reject"),
        ([attempt(1), attempt(2, failure=Failure.CONNECTION_REFUSED)], None),
        ([attempt(n, connect_ms=9.0, answer="other", failure=None) for n in (1, 2)], "tls.forge"),
    ],
)  # fmt: skip
def test_the_label_claims_what_all_tries_agree_on(tries: list[TargetTry], label: str | None) -> None:
    found = finding(target(tries=tries))
    assert (found.reach, found.mechanism) == (Reach.BLOCKED, label)


def test_stun_that_dies_alone_has_no_label() -> None:
    tries = [attempt(n, failure=Failure.READ_TIMEOUT) for n in (1, 2)]
    record = target(transport="stun", roles=["stun"], tries=tries)
    found = provider_finding(measurement(record, control()), "signal")
    assert found is not None
    assert (found.targets[0].reach, found.targets[0].mechanism) == (Reach.BLOCKED, None)
    assert found.blocked is None
    assert found.notes == ("stun-unreachable",)


# --- names --------------------------------------------------------------------------------------------


def named(answers: list[NameAnswer], tries: list[TargetTry] | None = None, **fields: object) -> TargetRecord:
    """The resolver's answers, tries at them, and the canary's address alive here in both rounds."""
    good = {"learnt": "canary", "address": FAR, "answer": "certificate", "failure": None, "connect_ms": 9.0}
    far = [attempt(n, started_us=attempt(n).started_us + S, **good) for n in (1, 2)]
    sights = [sight(n, resolved=[FAR], alive=[FAR]) for n in (1, 2)]
    return target(answers=answers, tries=[*(tries or []), *far], canaries=sights, **fields)


DENIED = [answer(n, addresses=[], kinds=[], failure=Failure.DNS_NXDOMAIN) for n in (1, 2)]
PRIVATE = [answer(n, kinds=["private"]) for n in (1, 2)]
PUBLIC = [answer(1), answer(2)]
STRANGER = [attempt(n, answer="other", failure=None, connect_ms=9.0) for n in (1, 2)]


@pytest.mark.parametrize(
    ("record", "label"),
    [
        (named(DENIED), "dns.deny"),
        (named(PRIVATE, [attempt(1), attempt(2)]), "dns.forge"),
        (named(PUBLIC, STRANGER), "dns.forge"),
        (named(PUBLIC, [attempt(1), attempt(2)], prefixed=True), "dns.forge"),
    ],
)
def test_a_resolver_that_lies_twice_is_named(record: TargetRecord, label: str) -> None:
    found = provider_finding(measurement(record, control()), "signal")
    assert found is not None
    assert found.blocked is not None
    assert (found.blocked.rule, found.blocked.stage, found.blocked.mechanism) == (
        "blocked.resolve",
        Stage.RESOLVE,
        label,
    )


@pytest.mark.parametrize(
    "record",
    [
        named(PUBLIC, [attempt(1), attempt(2)]),  # a content network's other address, out of order
        named([answer(n, kinds=["expected"]) for n in (1, 2)], [attempt(1), attempt(2)], prefixed=True),
        named([DENIED[0], PUBLIC[1]], [attempt(2)]),  # another lie each time is none
        named([answer(n, addresses=[], kinds=[], failure=Failure.DNS_TIMEOUT) for n in (1, 2)]),
        named([answer(n, addresses=[], kinds=[]) for n in (1, 2)]),
        named(DENIED[:1]),  # once
    ],
)
def test_another_answer_is_no_lie_by_itself(record: TargetRecord) -> None:
    assert finding(record).reach is Reach.UNCLEAR


def test_a_private_address_that_works_is_somebodys_own_proxy() -> None:
    works = [attempt(1, answer="certificate", failure=None, connect_ms=9.0)]
    assert finding(target(answers=PRIVATE, tries=works)).reach is Reach.REACHED


def test_a_mere_connection_behind_a_portal_is_no_message_server() -> None:
    record = target(transport="tcp", tries=[attempt(1, answer="connected", failure=None, connect_ms=9.0)])
    dead = control()
    dead.tries = []
    for beside, said in ((control(), True), (dead, False)):
        found = provider_finding(measurement(record, beside), "signal")
        assert found is not None
        assert found.messages is said


def test_an_app_without_targets_has_no_finding() -> None:
    assert provider_finding(measurement(control()), "signal") is None
