"""TCP and TLS trials: only the reflector's keyed answer opens a way."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.experiment.support import NEAR_IP, START_S, offered, reflector, small_profiles
from voipwatch.apps import kind_table, neutral_ports
from voipwatch.experiment.events import StartTcp, TcpOutcome
from voipwatch.experiment.questions.fallback import TCP_ANSWER_BYTES, TIMEOUT_S, Fallback
from voipwatch.experiment.session import Session
from voipwatch.model.vocabulary import Failure
from voipwatch.reflector.core import ReflectorCore
from voipwatch.wire.tls import TLS_ANSWER_BYTES

NAMES = {"tcp-5222": "G", "tls-443": "F", "tls-5061": "F"}
PROFILES = small_profiles()


def fallback(far: ReflectorCore | None = None, reflector_index: int = 0) -> Fallback:
    offer = offered(far or reflector(PROFILES))
    session = Session(reflector_index, PROFILES, kind_table(PROFILES), offer, neutral_ports[0])
    return Fallback(session, NAMES, START_S)


def outcome(data: bytes = b"", failure: Failure | None = None) -> TcpOutcome:
    return TcpOutcome(40.0, data, failure, sent_bytes=300, received_bytes=500)


def test_a_trial_for_every_port_that_the_reflector_serves_all_at_once() -> None:
    trials = fallback().trials(START_S)
    assert [(t.port, t.timeout_s) for t in trials] == [(5222, TIMEOUT_S), (443, TIMEOUT_S)]
    assert [t.answer_bytes for t in trials] == [TCP_ANSWER_BYTES, TLS_ANSWER_BYTES]
    assert len({t.trial for t in trials}) == 2
    assert trials[1].hello[:3] == b"\x16\x03\x01", "a TLS handshake record"
    assert len(trials[0].hello) == 32


def test_the_trials_of_two_reflectors_have_different_numbers() -> None:
    first, second = fallback(), fallback(reflector_index=1)
    numbers = [t.trial for f in (first, second) for t in f.trials(START_S)]
    assert len(set(numbers)) == len(numbers)


def test_without_an_offer_of_ports_there_is_nothing_to_try() -> None:
    asked = fallback()
    offer = asked.session.offered.offer
    assert offer is not None
    mute = msgspec.structs.replace(asked.session.offered, offer=msgspec.structs.replace(offer, tcp_ports=[]))
    asked.session.offered = mute
    assert asked.trials(START_S) == []
    assert asked.done


def answered(asked: Fallback, far: ReflectorCore) -> tuple[list[StartTcp], list[bytes]]:
    trials = asked.trials(START_S + 0.5)
    answers = [far.tcp_answer((NEAR_IP, 5), t.port, t.hello, START_S) for t in trials]
    return trials, [data or b"" for data in answers]


def test_the_reflectors_own_answer_opens_the_way() -> None:
    far = reflector(PROFILES)
    asked = fallback(far)
    trials, answers = answered(asked, far)
    for trial, data in zip(trials, answers, strict=True):
        assert not asked.done
        asked.finished(trial.trial, outcome(data))
    assert asked.done
    assert [(r.name, r.arm, r.port, r.answered, r.failure) for r in asked.records] == [
        ("tcp-5222", "G", 5222, True, None),
        ("tls-443", "F", 443, True, None),
    ]
    record = asked.records[0]
    assert (record.started_us, record.connect_ms) == (500_000, 40.0)
    assert (record.sent_bytes, record.received_bytes) == (300, 500)


@pytest.mark.parametrize("forge", ["other trial", "other session", "portal", "cut", "bit", "echo"])
def test_anybody_elses_answer_is_a_failure(forge: str) -> None:
    far = reflector(PROFILES)
    asked = fallback(far)
    trials, answers = answered(asked, far)
    another = reflector(PROFILES, "another")
    others = answered(fallback(another), another)[1]
    for n, (trial, data) in enumerate(zip(trials, answers, strict=True)):
        assert len(data) >= trial.answer_bytes - 200
        # the keyed bytes end at 32 of a plain answer, at 43 of a TLS one
        forged = {
            "other trial": answers[1 - n],
            "other session": others[n],
            "portal": b"HTTP/1.1 302 Found\r\nLocation: http://portal.invalid/\r\n\r\n",
            "cut": data[:20],
            "bit": data[: 31 + 9 * n] + bytes([data[31 + 9 * n] ^ 1]) + data[32 + 9 * n :],
            "echo": trial.hello,
        }[forge]
        asked.finished(trial.trial, outcome(forged))
    assert [(r.answered, r.failure) for r in asked.records] == [(False, Failure.BAD_ANSWER)] * 2


def test_the_answer_of_one_trial_does_not_open_another_of_the_same_kind() -> None:
    far = reflector(PROFILES)
    asked = fallback(far)
    asked.names = {"tcp-443": "F", "tcp-5222": "G"}
    trials, answers = answered(asked, far)
    asked.finished(trials[0].trial, outcome(answers[1]))
    asked.finished(trials[1].trial, outcome(answers[1]))
    assert [r.answered for r in asked.records] == [False, True]


def test_what_the_network_said_is_kept_and_silence_is_a_closed_connection() -> None:
    asked = fallback()
    first, second = asked.trials(START_S)
    asked.finished(first.trial, outcome(failure=Failure.CONNECTION_RESET))
    asked.finished(second.trial, outcome())
    assert [r.failure for r in asked.records] == [Failure.CONNECTION_RESET, Failure.CONNECTION_CLOSED]
    assert not any(r.answered for r in asked.records)


def test_an_answer_counts_although_the_connection_was_reset_after_it() -> None:
    far = reflector(PROFILES)
    asked = fallback(far)
    trials, answers = answered(asked, far)
    asked.finished(trials[0].trial, outcome(answers[0], Failure.CONNECTION_RESET))
    assert (asked.records[0].answered, asked.records[0].failure) == (True, None)


def test_a_trial_ends_once_and_one_that_nobody_began_never() -> None:
    asked = fallback()
    first, _ = asked.trials(START_S)
    asked.finished(999, outcome(b"?"))
    assert asked.records == []
    for _ in range(3):
        asked.finished(first.trial, outcome(b"?"))
    assert len(asked.records) == 1


@given(st.binary(max_size=300), st.integers(0, 1))
def test_no_bytes_whatever_make_it_fail_or_pass(data: bytes, index: int) -> None:
    asked = fallback()
    trial = asked.trials(START_S)[index]
    asked.finished(trial.trial, outcome(data))
    assert [r.answered for r in asked.records] == [False]
