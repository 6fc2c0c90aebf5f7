"""One flow at the near end, as transcripts: what is sent when, and what of what comes back counts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.experiment.support import NONCE, START_S, from_far, offered, reflector, small_profiles
from voipwatch.apps import kind_table, load_profiles
from voipwatch.experiment.near_flow import LOSS_LOOK_S, REPLIES_GRACE_S, NearFlow, Outcome, Phase
from voipwatch.experiment.session import Session, setup_crc
from voipwatch.model.flows import HELD_REPLICATES, MEDIA_SEQ, FlowKind, FlowRecord
from voipwatch.model.vocabulary import LINE, Arm, Failure, Media
from voipwatch.reflector.core import ReflectorCore
from voipwatch.wire.token import TokenKeys, encode_down

WAIT_S = 0.3
LINGER_S = 0.4
COPY_S = 0.003
HEADERS = 28
SETUP_ARMS = [Arm.A, Arm.C, Arm.A_NEUTRAL, Arm.C_NEUTRAL]


def near_flow(
    arm: Arm = Arm.A, replicate: int = 0, *, far: ReflectorCore | None = None, media: Media = Media.VOICE
) -> NearFlow:
    """A flow of the small app, not begun."""
    profiles = small_profiles()
    kinds = kind_table(profiles)
    session = Session(0, profiles, kinds, offered(far or reflector(profiles)), 21873)
    kind = next(
        k
        for k in kinds
        if (k.arm, k.media) == (arm, media) and k.app == (LINE if arm is Arm.W else "whatsapp")
    )
    record = record_of(session, kind, replicate)
    return NearFlow(7, session, record, START_S, WAIT_S, LINGER_S)


def record_of(session: Session, kind: FlowKind, replicate: int) -> FlowRecord:
    script = session.script(kind, replicate)
    return FlowRecord(
        flow=session.flow(kind, replicate),
        reflector=0,
        kind=kind,
        replicate=replicate,
        family=script.family,
        question="setup",
        block=0,
        remote_port=session.port(script),
        round_stages=[step.stage for step in script.rounds],
        started_us=0,
    )


def reply(flow: NearFlow, seq: int, j: int, request: bytes, *, keys: TokenKeys | None = None) -> bytes:
    """The j-th reply to the request `seq`, as the far end makes it."""
    message = flow.script.rounds[seq // 64].replies[j]
    return from_far(flow.session, flow.flow, message, seq + j, message.size, request=request, keys=keys)


def media(flow: NearFlow, n: int, *, keys: TokenKeys | None = None) -> bytes:
    packet = flow.script.down[n]
    seq = MEDIA_SEQ + n
    return from_far(flow.session, flow.flow, packet.message, seq, packet.size, index=packet.index, keys=keys)


def emit(flow: NearFlow, now: float) -> list[bytes]:
    """The datagrams alone, all of them for the flow's one port."""
    sent = flow.emit(now)
    assert {port for port, _ in sent} <= {flow.record.remote_port}
    return [data for _, data in sent]


def outcomes(flow: NearFlow) -> list[tuple[int, bool]]:
    return [(o.round, o.hit) for o in flow.outcomes]


def phase(flow: NearFlow) -> Phase:
    return flow.phase


def at(seconds: float) -> float:
    return START_S + seconds


def through_rounds(flow: NearFlow) -> float:
    """Answers both rounds at once; gives the time at which the media began."""
    flow.start(at(0))
    (first,) = emit(flow, at(0))
    flow.receive(reply(flow, 0, 0, first), at(0.05))
    (again,) = emit(flow, at(0.05 + 0.03))
    flow.receive(reply(flow, 64, 0, again), at(0.1))
    flow.receive(reply(flow, 64, 1, again), at(0.1))
    assert phase(flow) is Phase.MEDIA
    return at(0.1)


def test_a_round_is_copied_answered_and_followed_by_the_next_after_its_pause() -> None:
    flow = near_flow()
    flow.start(at(0))
    assert flow.due() == at(0)
    (first,) = emit(flow, at(0))
    assert flow.due() == pytest.approx(at(COPY_S))
    (copy,) = emit(flow, at(COPY_S))
    assert first != copy, "each copy is a try of its own, with its own token"
    flow.receive(reply(flow, 0, 0, first), at(0.05))
    assert outcomes(flow) == [(0, True)]
    assert emit(flow, at(0.05)) == []
    assert flow.due() == pytest.approx(at(0.05 + 0.03))
    (again,) = emit(flow, at(0.08))
    flow.receive(reply(flow, 64, 0, again), at(0.12))
    assert phase(flow) is Phase.ROUNDS, "the second of two replies is still missing"
    flow.receive(reply(flow, 64, 1, again), at(0.13))
    assert phase(flow) is Phase.MEDIA
    assert flow.record.sent.seq == [0, 4, 64]
    assert flow.record.received.seq == [0, 64, 65]
    assert flow.record.attested == 3
    assert flow.record.sent.t_us == [0, 3_000, 80_000]
    assert flow.record.sent.crc[0] == setup_crc(first)
    assert flow.rtts_s == pytest.approx([0.05, 0.04])


def test_of_several_replies_the_rest_is_awaited_a_moment_and_no_longer() -> None:
    flow = near_flow()
    flow.start(at(0))
    (first,) = emit(flow, at(0))
    flow.receive(reply(flow, 0, 0, first), at(0.01))
    (again,) = emit(flow, at(0.04))
    flow.receive(reply(flow, 64, 1, again), at(0.05))
    assert flow.due() == pytest.approx(at(0.05 + REPLIES_GRACE_S))
    assert emit(flow, at(0.05 + REPLIES_GRACE_S - 0.001)) == []
    assert phase(flow) is Phase.ROUNDS
    emit(flow, at(0.05 + REPLIES_GRACE_S + 0.001))
    assert phase(flow) is Phase.MEDIA
    assert (1, True) in outcomes(flow)


def test_a_request_that_was_half_answered_is_not_tried_again() -> None:
    flow = near_flow()
    flow.start(at(0))
    (first,) = emit(flow, at(0))
    flow.receive(reply(flow, 0, 0, first), at(0.01))
    (again,) = emit(flow, at(0.04))
    emit(flow, at(0.35))
    flow.receive(reply(flow, 64, 0, again), at(0.40))
    assert emit(flow, at(0.545)) == [], "its retry would have been due at 0.54"
    assert flow.record.sent.seq == [0, 64]


def test_an_unanswered_round_is_tried_again_at_its_times_and_then_given_up() -> None:
    flow = near_flow()
    flow.start(at(0))
    sent: list[float] = []
    while (due := flow.due()) is not None:
        sent += [due] * len(emit(flow, due))
        assert len(sent) < 10
    assert sent == pytest.approx([at(0), at(COPY_S), at(0.5), at(1.5)])
    assert outcomes(flow) == [(0, False)] * 4
    assert (flow.phase, flow.failed_round) == (Phase.ENDED, 0)
    assert flow.record.ended_us == round((1.5 + WAIT_S) * 1e6)
    assert flow.record.media_s == 0.0


def test_a_retry_that_is_answered_saves_the_round_and_its_earlier_tries_stay_misses() -> None:
    flow = near_flow()
    flow.start(at(0))
    tries = emit(flow, at(0)) + emit(flow, at(COPY_S))
    emit(flow, at(0.3))
    emit(flow, at(0.304))
    tries += emit(flow, at(0.5))
    assert len(tries) == 3
    flow.receive(reply(flow, 8, 0, tries[2]), at(0.6))
    assert outcomes(flow) == [(0, False), (0, False), (0, True)]
    assert emit(flow, at(0.64)) != []
    assert flow.record.sent.seq == [0, 4, 8, 64]


def test_a_late_reply_is_recorded_and_still_counts_as_a_miss() -> None:
    flow = near_flow()
    flow.start(at(0))
    (first,) = emit(flow, at(0))
    emit(flow, at(0.31))
    flow.receive(reply(flow, 0, 0, first), at(0.45))
    assert outcomes(flow)[0] == (0, False)
    assert flow.record.received.seq == [0]
    assert flow.rtts_s == pytest.approx([0.45])
    assert emit(flow, at(0.5)) != [], "the round was answered: the next one begins"
    assert flow.record.sent.seq[-1] == 64


def test_replies_twice_and_in_any_order_count_once() -> None:
    flow = near_flow()
    flow.start(at(0))
    first, copy = emit(flow, at(0)) + emit(flow, at(COPY_S))
    for data, seq in ((copy, 4), (copy, 4), (first, 0), (copy, 4), (first, 0)):
        flow.receive(reply(flow, seq, 0, data), at(0.05))
    assert outcomes(flow) == [(0, True), (0, True)]
    assert flow.record.received.seq == [4, 4, 0, 4, 0]
    assert flow.record.attested == 2
    assert flow.record.forged == 0
    assert emit(flow, at(0.08)) != []
    assert flow.record.sent.seq == [0, 4, 64]


@pytest.mark.parametrize("arm", SETUP_ARMS)
def test_a_forged_reply_never_counts(arm: Arm) -> None:
    flow = near_flow(arm)
    keys = flow.session.keys
    flow.start(at(0))
    (first,) = emit(flow, at(0))
    other = near_flow(arm, replicate=2)
    other.start(at(0))
    (others,) = emit(other, at(0))
    right = reply(flow, 0, 0, first)
    forgeries = [
        reply(flow, 0, 0, first, keys=TokenKeys(keys.number, bytes(32), keys.salt)),
        reply(flow, 0, 0, first, keys=TokenKeys(keys.number, keys.key, bytes(16))),
        reply(other, 0, 0, others),
        first,
        right[:-1],
        right + b"\0",
        bytes(len(right)),
        *(right[:n] + bytes([right[n] ^ 1]) + right[n + 1 :] for n in token_bytes(flow, right)),
    ]
    for n, data in enumerate(forgeries):
        flow.receive(data, at(0.05))
        assert flow.record.forged == n + 1, data.hex()
    assert outcomes(flow) == []
    assert flow.record.received.seq == []
    assert flow.record.attested == 0
    assert flow.last_received_at is None
    assert flow.session.nonce == bytes(4)
    flow.receive(right, at(0.05))
    assert outcomes(flow) == [(0, True)]
    assert flow.session.nonce == NONCE


def token_bytes(flow: NearFlow, data: bytes) -> list[int]:
    """Where the last sixteen bytes of the token of a round's first reply lie."""
    message = flow.script.rounds[0].replies[0]
    token = encode_down(flow.session.keys, flow.flow, 0, nonce=NONCE, room=message.room(message.size))
    start = data.index(token)
    return list(range(start + len(token) - 16, start + len(token)))


def test_a_reply_to_one_try_cannot_be_played_again_as_an_answer_to_another() -> None:
    flow = near_flow(Arm.C)
    flow.start(at(0))
    first, copy = emit(flow, at(0)) + emit(flow, at(COPY_S))
    flow.receive(reply(flow, 0, 0, first), at(0.05))
    flow.receive(reply(flow, 0, 0, first), at(0.06))
    assert outcomes(flow) == [(0, True)]
    assert flow.record.received.seq == [0, 0]
    flow.receive(reply(flow, 4, 0, copy), at(0.07))
    assert outcomes(flow) == [(0, True), (0, True)]


# -- media -----------------------------------------------------------------------------------


@pytest.mark.parametrize("arm", SETUP_ARMS)
def test_media_leaves_at_its_scripts_times(arm: Arm) -> None:
    flow = near_flow(arm)
    started = through_rounds(flow)
    sent: list[tuple[float, int]] = []
    while (due := flow.due()) is not None:
        assert emit(flow, due - 1e-4) == [], "never early"
        sent += [(due, len(data)) for data in emit(flow, due)]
    script = flow.script
    assert [size for _, size in sent] == [p.size for p in script.up]
    assert [t for t, _ in sent] == pytest.approx([started + p.offset_us / 1e6 for p in script.up])
    assert [s for s in flow.record.sent.seq if s >= MEDIA_SEQ] == [
        MEDIA_SEQ + n for n in range(len(script.up))
    ]
    assert phase(flow) is Phase.ENDED
    assert flow.record.ended_us == round((0.1 + script.media_s + LINGER_S) * 1e6)
    assert flow.record.media_s == script.media_s
    assert set(flow.record.sent.crc[-len(script.up) :]) == {0}


def test_a_shell_that_wakes_late_sends_what_is_due_and_says_when_it_was_sent() -> None:
    flow = near_flow()
    started = through_rounds(flow)
    late = started + 0.15
    burst = emit(flow, late)
    due = [p for p in flow.script.up if p.offset_us <= 150_000]
    assert len(burst) == len(due) > 2
    assert set(flow.record.sent.t_us[-len(due) :]) == {round((late - START_S) * 1e6)}
    assert flow.due() == pytest.approx(started + flow.script.up[len(due)].offset_us / 1e6)


def test_downlink_media_counts_once_and_reports_are_left_aside() -> None:
    flow = near_flow()
    started = through_rounds(flow)
    down = flow.script.down
    (aside,) = (n for n, p in enumerate(down) if p.aside)
    assert flow.record.aside_down == [MEDIA_SEQ + aside]
    assert flow.media_expected() == len(down) - 1
    for n in (3, 0, 3, aside, 2):
        flow.receive(media(flow, n), started + 0.2)
    assert flow.record.received.seq[-5:] == [MEDIA_SEQ + n for n in (3, 0, 3, aside, 2)]
    assert flow.media_received() == 3
    assert flow.record.attested == 3 + 4
    assert flow.record.forged == 0
    flow.receive(media(flow, 4, keys=TokenKeys(1, bytes(32), bytes(16))), started + 0.2)
    assert (flow.media_received(), flow.record.forged) == (3, 1)


def test_the_lost_share_of_a_held_flow_counts_what_is_overdue() -> None:
    flow = near_flow(replicate=HELD_REPLICATES[0])
    started = through_rounds(flow)
    down = flow.script.down
    for n, packet in enumerate(down):
        if packet.offset_us < 5_000_000 and n % 4:
            flow.receive(media(flow, n), started + packet.offset_us / 1e6)
            flow.receive(media(flow, n), started + packet.offset_us / 1e6)
    assert flow.media_lost_share(started + LOSS_LOOK_S - 0.01) == 0.0, "too early to say"
    for seconds in (2.01, 3.31, 4.91, 5.53, 7.01):
        due = [n for n, p in enumerate(down) if p.offset_us <= (seconds - LINGER_S) * 1e6]
        lost = [n for n in due if n % 4 == 0 or down[n].offset_us >= 5_000_000]
        assert flow.media_lost_share(started + seconds) == pytest.approx(len(lost) / len(due))
    assert near_flow().media_lost_share(at(100.0)) == 0.0, "no media yet"


def test_a_media_packet_with_a_set_up_number_is_nothing() -> None:
    flow = near_flow(Arm.C)
    started = through_rounds(flow)
    packet = flow.script.down[0]
    odd = from_far(flow.session, flow.flow, packet.message, 200, packet.size)
    flow.receive(odd, started + 0.1)
    assert flow.record.forged == 1
    assert 200 not in flow.record.received.seq


def test_media_that_overtakes_the_reply_counts_as_media() -> None:
    flow = near_flow()
    flow.start(at(0))
    emit(flow, at(0))
    flow.receive(media(flow, 0), at(0.05))
    assert flow.media_received() == 1
    assert phase(flow) is Phase.ROUNDS
    assert outcomes(flow) == []


def test_the_warm_up_has_no_rounds_and_begins_with_its_media() -> None:
    flow = near_flow(Arm.W, media=Media.NONE)
    flow.start(at(0.5))
    assert phase(flow) is Phase.MEDIA
    assert flow.media_started_at == at(0.5)
    assert flow.record.started_us == 500_000
    assert len(emit(flow, at(0.5))) == 1


# -- ends ------------------------------------------------------------------------------------


def test_an_aborted_flow_sends_no_more_and_still_takes_what_comes_late() -> None:
    flow = near_flow()
    flow.start(at(0))
    (first,) = emit(flow, at(0))
    flow.abort(at(0.02))
    assert (flow.phase, flow.due()) == (Phase.ENDED, None)
    assert emit(flow, at(10)) == []
    flow.abort(at(0.5))
    assert flow.record.ended_us == 20_000, "it ended once"
    flow.receive(reply(flow, 0, 0, first), at(0.6))
    assert flow.record.received.seq == [0]
    assert flow.record.attested == 1
    assert phase(flow) is Phase.ENDED


def test_an_abort_in_mid_media_keeps_what_was_sent() -> None:
    flow = near_flow()
    started = through_rounds(flow)
    emit(flow, started)
    sent = len(flow.record.sent.seq)
    flow.abort(started + 0.01)
    assert emit(flow, started + 5) == []
    assert len(flow.record.sent.seq) == sent
    assert flow.media_sent() == sent - 2


def test_bytes_are_counted_with_their_headers_both_ways() -> None:
    flow = near_flow()
    flow.start(at(0))
    (first,) = emit(flow, at(0))
    answer = reply(flow, 0, 0, first)
    flow.receive(answer, at(0.05))
    flow.receive(b"?", at(0.05))
    assert flow.spent_bytes == len(first) + len(answer) + 1 + 3 * HEADERS


def test_network_errors_are_kept_up_to_a_bound() -> None:
    flow = near_flow()
    flow.start(at(0))
    for _ in range(100):
        flow.receive_failure(Failure.PORT_UNREACHABLE, at(0.25))
    assert len(flow.record.failures) == 64
    assert {(f.failure, f.t_us) for f in flow.record.failures} == {(Failure.PORT_UNREACHABLE, 250_000)}


def test_an_outcome_says_round_and_answer() -> None:
    assert Outcome(1, hit=True) != Outcome(1, hit=False)


# -- hostile input ----------------------------------------------------------------------------


@given(
    st.sampled_from([*SETUP_ARMS, Arm.W]),
    st.lists(st.tuples(st.floats(0.0, 3.0), st.binary(max_size=200)), max_size=40),
)
def test_garbage_at_any_time_neither_fails_nor_counts(arm: Arm, noise: list[tuple[float, bytes]]) -> None:
    flow = near_flow(arm, media=Media.NONE if arm is Arm.W else Media.VOICE)
    quiet = near_flow(arm, media=Media.NONE if arm is Arm.W else Media.VOICE)
    for each, comes in ((flow, sorted(noise)), (quiet, [])):
        waiting = list(comes)
        each.start(at(0))
        while (due := each.due()) is not None:
            while waiting and at(waiting[0][0]) <= due:
                each.receive(waiting.pop(0)[1], due)
            emit(each, due)
        for _, data in waiting:
            each.receive(data, at(5))
    assert flow.record.sent == quiet.record.sent
    assert flow.record.received.seq == []
    assert flow.record.forged == len(noise)
    assert outcomes(flow) == outcomes(quiet)


@given(st.data())
def test_mangled_replies_and_media_never_fail_and_never_count_more_than_they_are(data: st.DataObject) -> None:
    """Right datagrams, truncated or with bytes changed: what still counts was the reflector's."""
    flow = near_flow(data.draw(st.sampled_from(SETUP_ARMS)))
    started = through_rounds(flow)
    before = flow.record.attested
    right = [media(flow, n) for n in range(len(flow.script.down))]
    chosen = data.draw(st.lists(st.sampled_from(right), max_size=10))
    for good in chosen:
        at_byte = data.draw(st.integers(0, len(good) - 1))
        change = data.draw(st.integers(0, 255))
        cut = data.draw(st.integers(0, len(good)))
        flow.receive((good[:at_byte] + bytes([good[at_byte] ^ change]) + good[at_byte + 1 :])[:cut], started)
    assert flow.record.attested - before <= len(set(chosen))
    assert len(flow.record.received.seq) - 3 + flow.record.forged == len(chosen)


def test_an_answer_without_room_for_a_token_goes_to_the_try_that_has_none_yet() -> None:
    """Nothing in it tells which try it answers: the second is no changed copy of the first."""
    profiles = load_profiles()
    kinds = kind_table(profiles)
    session = Session(0, profiles, kinds, offered(reflector(profiles)), 21873)
    kind = next(k for k in kinds if (k.app, k.leg, k.arm) == ("discord", "discord-server", Arm.C))
    flow = NearFlow(7, session, record_of(session, kind, 0), START_S, WAIT_S, LINGER_S)
    assert [m.room(m.size) < 8 for step in flow.script.rounds for m in step.replies] == [False, True]
    flow.start(at(0))
    flow.receive(reply(flow, 0, 0, emit(flow, at(0))[0]), at(0.05))
    first, second = emit(flow, at(0.1)) + emit(flow, at(0.7))
    assert flow.record.sent.seq == [0, 64, 68]
    answers = reply(flow, 64, 0, first), reply(flow, 68, 0, second)
    for data in (*answers, answers[1]):
        flow.receive(data, at(0.8))
    assert flow.record.received.seq == [0, 64, 68, 64]
    assert flow.record.forged == 0
