"""The whole check against a hostile network: it never fails, never stalls, and its books are right."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from functools import cache
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.experiment.support import (
    START_S,
    Hop,
    Network,
    Rig,
    line,
    lossy,
    offered,
    reflector,
    small_profiles,
    unreachable,
)
from voipwatch.apps import neutral_ports
from voipwatch.experiment.check import LOG_WAIT_S, OVERALL_MAX_S, RECEIPTS_KEPT
from voipwatch.experiment.events import ReflectorSession, StartTcp, TcpOutcome
from voipwatch.inference import judge
from voipwatch.model.flows import HELD_REPLICATES, MEDIA_SEQ, PORTS, FlowRecord
from voipwatch.model.measurement import Measurement
from voipwatch.model.ruleset import BLOCKS, LATE_S, MAPPINGS_ALIVE_MAX, NEW_FLOWS_PER_S_MAX, REPEAT_AFTER_S
from voipwatch.model.vocabulary import LINE, Arm, Direction, Failure, Stage, Verdict
from voipwatch.wire.token import FlowReceipt

UDP_IP = 28
STEPS_PER_S_MAX = 1_500
"""A check of one small app has some 300 datagrams in its busiest second; each is a step or two."""
RUNS = settings(max_examples=8)
"""A run is half a second of one core."""
LEAST_BYTES = 130_000
"""A budget for the first blocks, a repeat of them, or a held pair: the shortest whole check."""


@cache
def quiet_run() -> Measurement:
    """The same check on a clean line, with nobody in the way."""
    return Rig(budget_bytes=LEAST_BYTES).run()


# -- an adversary on the wire ------------------------------------------------------------------


@st.composite
def fates(draw: st.DrawFn) -> list[tuple[str, int]]:
    """What happens to datagram n, n + len, ...; long runs of one fate are as likely as a mixture."""
    kinds = st.sampled_from(["pass", "pass", "drop", "twice", "late", "cut", "flip", "swap", "echo"])
    runs = draw(st.lists(st.tuples(kinds, st.integers(0, 1_000), st.integers(1, 9)), min_size=1, max_size=12))
    return [(kind, number) for kind, number, count in runs for _ in range(count)]


def adversary(script: Sequence[tuple[str, int]], delay_s: float = 0.02) -> Network:
    def network(hop: Hop) -> list[tuple[float, bytes]]:
        kind, number = script[hop.index % len(script)]
        data = hop.data
        match kind:
            case "drop":
                return []
            case "twice":
                return [(delay_s, data), (delay_s + number / 1e3, data)]
            case "late":
                return [(delay_s + number / 100, data)]
            case "cut":
                return [(delay_s, data[: number % (len(data) + 1)])]
            case "flip":
                at = number % len(data)
                return [(delay_s, data[:at] + bytes([data[at] ^ 0x55]) + data[at + 1 :])]
            case "swap":
                return [(delay_s, data[::-1]), (delay_s * 2, data)]
            case "echo":
                return [(delay_s, data), (delay_s * 1.5, data[:number] + bytes(number % 300))]
            case _:
                return [(delay_s, data)]

    return network


def only(direction: Direction, network: Network) -> Network:
    clean = line()
    return lambda hop: network(hop) if hop.direction is direction else clean(hop)


# -- what must hold of every run ----------------------------------------------------------------


def check_books(rig: Rig, measurement: Measurement) -> None:
    """Everything that holds of a finished check whatever the network did."""
    assert measurement.apps == list(rig.apps)
    assert set(measurement.costs) == {*rig.apps, LINE}
    asked = [f for f in measurement.flows if f.question != PORTS]
    assert {f.kind.app for f in asked} <= {*rig.apps, LINE}
    # Other ports are asked by random bytes alone, whoever's ports they are.
    assert {f.kind.arm for f in measurement.flows if f.question == PORTS} <= {Arm.C, Arm.C_NEUTRAL}
    for socket, flow in enumerate(measurement.flows):
        assert flow.ended_us is not None, flow
        assert flow.started_us <= flow.ended_us
        assert sum(flow.sent.size_bytes) == rig.sent_bytes[socket]
        assert len(flow.sent.seq) == rig.sent_count[socket]
        assert len(flow.received.seq) + flow.forged == rig.got_count[socket]
        assert flow.attested <= len(flow.received.seq)
        columns = flow.received
        assert len({len(columns.seq), len(columns.t_us), len(columns.size_bytes), len(columns.crc)}) == 1
        assert flow.sent.t_us == sorted(flow.sent.t_us)
        assert len(set(flow.sent.seq)) == len(flow.sent.seq), "a sequence number sent twice"
        counts = [(r.count, r.highest_seq) for r in flow.receipts]
        assert counts == sorted(counts)
    for app in rig.apps:
        sockets = [n for n, f in enumerate(measurement.flows) if f.kind.app == app and f.question != PORTS]
        carried = sum(rig.sent_bytes[n] + rig.got_bytes[n] for n in sockets)
        packets = sum(rig.sent_count[n] + rig.got_count[n] for n in sockets)
        assert measurement.costs[app].bytes == carried + UDP_IP * packets
    check_pacing(rig, measurement.flows)
    check_end(rig)


def check_pacing(rig: Rig, flows: Sequence[FlowRecord]) -> None:
    starts = sorted(rig.opened.values())
    for first in starts:
        within = sum(1 for at in starts if first <= at < first + 1.0 - 1e-6)
        assert within <= NEW_FLOWS_PER_S_MAX, f"{within} new flows in the second after {first}"
    assert most_alive(flows) <= MAPPINGS_ALIVE_MAX
    assert rig.steps <= STEPS_PER_S_MAX * max(1.0, rig.now - START_S)


def most_alive(flows: Sequence[FlowRecord]) -> int:
    marks = sorted((t, d) for f in flows for t, d in ((f.started_us, 1), (f.ended_us or 0, -1)))
    alive = most = 0
    for _, change in marks:
        alive += change
        most = max(most, alive)
    return most


def check_end(rig: Rig) -> None:
    """Every socket was closed, and a finished check stays silent whatever still comes."""
    assert rig.closed.keys() == rig.opened.keys()
    near, later = rig.near, rig.now + 60.0
    for socket in list(rig.opened)[:3]:
        near.receive_datagrams([(socket, bytes(100))], later)
        near.receive_failure(socket, Failure.PORT_UNREACHABLE, later)
    near.tcp_finished(0, TcpOutcome(1.0, b"x", None), later)
    near.handle_timer(later)
    near.interrupt("user", later)
    assert near.datagrams_to_send(later) == []
    assert near.next_event() is None
    assert near.get_timer() is None


APPS = st.sampled_from([("whatsapp",), ("viber",)])


@RUNS
@given(fates(), APPS)
def test_whatever_the_network_does_the_check_ends_and_its_books_are_right(
    script: list[tuple[str, int]], apps: tuple[str, ...]
) -> None:
    rig = Rig(adversary(script), apps=apps, budget_bytes=LEAST_BYTES)
    measurement = rig.run()
    check_books(rig, measurement)
    assert rig.now - START_S <= OVERALL_MAX_S + LATE_S + LOG_WAIT_S + 1.0
    judge(measurement)


@RUNS
@given(fates(), st.sampled_from(list(Direction)[:2]), st.floats(0.0, 1.5), APPS)
def test_one_direction_alone_may_suffer(
    script: list[tuple[str, int]], direction: Direction, delay_s: float, apps: tuple[str, ...]
) -> None:
    rig = Rig(only(direction, adversary(script, delay_s)), apps=apps, budget_bytes=LEAST_BYTES)
    check_books(rig, rig.run())


@RUNS
@given(st.lists(st.tuples(st.floats(0, 20), st.integers(0, 60), st.binary(max_size=80)), max_size=60))
def test_datagrams_out_of_nowhere_change_nothing_but_the_count_of_forgeries(
    extra: list[tuple[float, int, bytes]],
) -> None:
    rig = Rig(extra=extra, budget_bytes=LEAST_BYTES)
    measurement = rig.run()
    check_books(rig, measurement)
    quiet = quiet_run()
    assert [f.sent for f in measurement.flows] == [f.sent for f in quiet.flows]
    assert [f.received for f in measurement.flows] == [f.received for f in quiet.flows]
    assert sum(f.forged for f in quiet.flows) == 0


@RUNS
@given(st.floats(0.0, 19.0))
def test_an_interrupted_check_keeps_what_it_has_and_says_so(at_s: float) -> None:
    rig = Rig(interrupt_at=at_s, budget_bytes=LEAST_BYTES)
    measurement = rig.run()
    check_books(rig, measurement)
    if measurement.interrupted is None:
        assert rig.now - START_S <= at_s, "finished before it could be interrupted"
        return
    assert measurement.interrupted.reason == "user"
    assert measurement.interrupted.at_s == pytest.approx(at_s, abs=0.001)
    assert rig.now == pytest.approx(START_S + at_s)
    assert not rig.fetches or at_s > 10.0
    whole = quiet_run()
    for flow, same in zip(measurement.flows, whole.flows, strict=False):
        assert flow.sent.seq == same.sent.seq[: len(flow.sent.seq)]


# -- a clean line ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def clean() -> tuple[Rig, Measurement]:
    rig = Rig(apps=("whatsapp", "imo"))
    return rig, rig.run()


def test_the_same_seed_gives_the_same_measurement() -> None:
    again = Rig(budget_bytes=LEAST_BYTES).run()
    assert msgspec.json.encode(again) == msgspec.json.encode(quiet_run())
    other = Rig(budget_bytes=LEAST_BYTES, seed=bytes(32)).run()
    assert [f.kind for f in other.flows] != [f.kind for f in again.flows]


def test_nothing_is_lost_on_a_clean_line(clean: tuple[Rig, Measurement]) -> None:
    rig, measurement = clean
    check_books(rig, measurement)
    assert measurement.interrupted is None
    assert measurement.notes == []
    assert measurement.started_at == "2016-01-07T12:00:00Z"
    assert measurement.ended_at > measurement.started_at
    assert [f.forged for f in measurement.flows] == [0] * len(measurement.flows)
    for flow in measurement.flows:
        if flow.kind.app != LINE:
            assert {s for s in flow.received.seq if s < MEDIA_SEQ} >= {0, 64, 65}
    assert {(t.name, t.answered) for t in measurement.tcp} == {("tcp-5222", True), ("tls-443", True)}
    assert measurement.reflectors[0].log is not None
    warmup = sum(spent(f) for f in measurement.flows if f.kind.app == LINE)
    assert measurement.costs[LINE].bytes == warmup + 3_000 + 700 + 2 * 900


def test_treatment_and_control_of_a_block_are_equal_in_sizes_and_times(
    clean: tuple[Rig, Measurement],
) -> None:
    blocks: defaultdict[tuple[object, ...], list[FlowRecord]] = defaultdict(list)
    for flow in clean[1].flows:
        if flow.kind.arm in (Arm.A, Arm.C, Arm.A_NEUTRAL, Arm.C_NEUTRAL):
            kind = flow.kind
            blocks[kind.app, kind.leg, kind.media, flow.question, flow.block].append(flow)
    assert len(blocks) > 10
    for flows in blocks.values():
        arms = {f.kind.arm for f in flows}
        assert arms == {Arm.A, Arm.C} if flows[0].question == "held" else len(arms) == 4
        assert len({tuple(shape(f)) for f in flows}) == 1


def shape(flow: FlowRecord) -> list[tuple[int, int, int]]:
    """(seq, size, microseconds after the stage's own first packet) of everything sent."""
    zero = {0: flow.sent.t_us[0], 1: next((t for s, t, *_ in rows(flow) if s >= 64), 0)}
    media = next((t for s, t, *_ in rows(flow) if s >= MEDIA_SEQ), 0)
    return [
        (seq, size, round((t - (media if seq >= MEDIA_SEQ else zero[seq // 64])) / 10))
        for seq, t, size in rows(flow)
    ]


def rows(flow: FlowRecord) -> list[tuple[int, int, int]]:
    return list(zip(flow.sent.seq, flow.sent.t_us, flow.sent.size_bytes, strict=True))


def test_the_plan_of_a_clean_line(clean: tuple[Rig, Measurement]) -> None:
    """Four first blocks, more up to what the permutation test needs, one held pair; warm-up before all."""
    measurement = clean[1]
    for app in ("whatsapp", "imo"):
        mine = [f for f in measurement.flows if f.kind.app == app]
        assert sorted({f.block for f in mine if f.question == "setup"}) == [0, 1, 2, 3]
        assert sorted({f.block for f in mine if f.question == "media"}) == list(range(4, 13))
        held = [f for f in mine if f.question == "held"]
        assert {(f.kind.arm, f.replicate) for f in held} == {
            (Arm.A, HELD_REPLICATES[0]),
            (Arm.C, HELD_REPLICATES[0]),
        }
    warmup = [f for f in measurement.flows if f.question == "warmup"]
    first = min(f.started_us for f in measurement.flows if f.question != "warmup")
    assert len(warmup) == 2
    assert first >= max(f.ended_us or 0 for f in warmup)


def test_progress_goes_up_to_one(clean: tuple[Rig, Measurement]) -> None:
    told = clean[0].progress
    assert (told[0].app, told[0].stage, told[0].done_ratio) == (LINE, "warmup", 0.0)
    assert (told[-1].app, told[-1].done_ratio) == ("", 1.0)
    for app in (LINE, "whatsapp", "imo"):
        ratios = [p.done_ratio for p in told if p.app == app]
        assert ratios == sorted(ratios)
        assert (ratios[0], ratios[-1]) == (0.0, 1.0)
        assert len(set(zip(ratios, [p.stage for p in told if p.app == app], strict=True))) == len(ratios)
    assert [p.stage for p in told if p.app == LINE] == ["warmup", "done"]
    assert [p.stage for p in told if p.app == "whatsapp"] == ["setup", "voice", "done"]


def test_video_is_asked_for_and_else_said_to_be_missing(clean: tuple[Rig, Measurement]) -> None:
    assert set(clean[1].not_tested["whatsapp"]) == {"account", "video", "longer-call"}
    measurement = Rig(video=True, budget_bytes=300_000).run()
    assert set(measurement.not_tested["whatsapp"]) == {"account", "longer-call"}
    assert {f.kind.media for f in measurement.flows} >= {"voice", "video"}
    assert (measurement.video, measurement.long) == (True, False)


# -- a block -----------------------------------------------------------------------------------


def stun_dropped(hop: Hop) -> list[tuple[float, bytes]]:
    """A censor that drops STUN by its cookie, both ways, on a line of 180 ms there and back."""
    return [] if hop.data[4:8] == b"\x21\x12\xa4\x42" else [(0.09, hop.data)]


def test_a_clear_cut_block_is_decided_at_once_repeated_and_over() -> None:
    rig = Rig(stun_dropped)
    measurement = rig.run()
    check_books(rig, measurement)
    first = next(d for d in measurement.decisions if (d.question, d.arm, d.outcome) == ("setup", "A", "dead"))
    repeat = next(d for d in measurement.decisions if (d.question, d.arm) == ("repeat", "A"))
    assert (first.stage, first.app, repeat.outcome) == ("setup", "whatsapp", "dead")
    assert first.at_s <= 1.0
    assert first.packets <= 11
    assert first.flows >= 3
    ends = [f.started_us for f in measurement.flows if f.question == "setup" and f.kind.arm is Arm.A]
    again = [f.started_us for f in measurement.flows if f.question == "repeat" and f.kind.arm is Arm.A]
    assert min(again) - max(ends) >= REPEAT_AFTER_S * 1e6
    told = [(p.stage, p.done_ratio) for p in rig.progress if p.app == "whatsapp"]
    assert [told[0], told[1], told[-1]] == [("setup", 0.0), ("repeat", 0.6), ("done", 1.0)]
    assert {stage for stage, _ in told[2:-1]} <= {"trigger"}
    assert not [f for f in measurement.flows if f.question in ("media", "held")]
    mutants = [f for f in measurement.flows if f.question == "trigger"]
    halves = ("stun-all", "stun-cookie", "stun-type", "stun-attributes")
    assert Counter(f.kind.mutant for f in mutants) == dict.fromkeys(("stun-binding", *halves), 4)
    for name in halves:
        assert sorted(f.block for f in mutants if f.kind.mutant == name) == [0, 1, 2, 3]
    row = judge(measurement).results[0]
    assert (row.verdict, row.mechanism) == (Verdict.BLOCKED, "stun.drop")
    assert row.trigger is not None
    assert (row.trigger.properties, row.trigger.repeats, row.trigger.of) == (["stun-cookie"], 4, 4)


def test_an_app_whose_signalling_is_dead_holds_no_call() -> None:
    rig = Rig(stun_dropped, apps=("viber",))
    measurement = rig.run()
    check_books(rig, measurement)
    assert measurement.interrupted is None
    whole = Rig(apps=("viber",)).run()
    assert {f.question for f in whole.flows if f.kind.leg == "media"} == {"setup", "media", "held"}
    assert {f.question for f in measurement.flows if f.kind.leg == "media"} == {"setup"}
    assert measurement.costs["viber"].bytes < whole.costs["viber"].bytes / 2


def test_a_check_that_drags_on_is_ended_and_says_so() -> None:
    """A far end that stays for ever at its first replies cannot hold the check: it has an end of its own."""
    profiles = small_profiles()
    rig = Rig(apps=("whatsapp", "imo"), long=True, profiles=profiles)
    for name in ("retire", "admit"):
        setattr(rig.near._agenda, name, lambda *_: None)
    measurement = rig.run()
    assert measurement.interrupted is not None
    assert measurement.interrupted.reason == "overtime"
    assert measurement.interrupted.at_s >= OVERALL_MAX_S
    assert rig.now - START_S <= OVERALL_MAX_S + LATE_S + LOG_WAIT_S


# -- budget ------------------------------------------------------------------------------------


@pytest.mark.parametrize("network", [line(), lossy(0.1)], ids=["clean", "lossy"])
@pytest.mark.parametrize("budget_bytes", [0, 60_000, 100_000, 130_000, 400_000])
def test_an_app_spends_its_budget_and_at_most_a_block_more(budget_bytes: int, network: Network) -> None:
    rig = Rig(network, budget_bytes=budget_bytes)
    measurement = rig.run()
    check_books(rig, measurement)
    mine = [f for f in measurement.flows if f.kind.app == "whatsapp"]
    block = max((spent(f) for f in mine if f.question == "setup"), default=0) * 4
    assert measurement.costs["whatsapp"].bytes <= budget_bytes + block
    blocks = {f.block for f in mine if f.question in ("setup", "media")}
    held = {f.kind.arm for f in mine if f.question == "held"}
    wanted = len(blocks) == BLOCKS and len(held) == 2
    assert ("budget" in {d.outcome for d in measurement.decisions}) == (not wanted)
    assert ("voice" in measurement.not_tested["whatsapp"]) == (not mine)
    assert wanted == (budget_bytes == 400_000)


def spent(flow: FlowRecord) -> int:
    columns = (flow.sent, flow.received)
    return sum(sum(c.size_bytes) + UDP_IP * len(c.seq) for c in columns)


# -- nothing to measure with -------------------------------------------------------------------


def without_ticket() -> ReflectorSession:
    return msgspec.structs.replace(offered(reflector(small_profiles())), ticket=None)


def without_neutral_ports() -> ReflectorSession:
    session = offered(reflector(small_profiles()))
    assert session.offer is not None
    return msgspec.structs.replace(session, offer=msgspec.structs.replace(session.offer, neutral_ports=[]))


@pytest.mark.parametrize("session", [None, unreachable, without_ticket, without_neutral_ports])
def test_without_a_reflector_the_check_is_over_at_once_and_honest(session: object) -> None:
    sessions = [session()] if callable(session) else []
    rig = Rig(apps=("whatsapp", "imo"), sessions=sessions, fars=[])
    measurement = rig.run()
    check_books(rig, measurement)
    assert rig.now == START_S, "nothing was sent, so there is nothing to wait for"
    assert measurement.flows == []
    assert measurement.tcp == []
    rows = judge(measurement).results
    assert [r.app for r in rows] == ["whatsapp", "imo"]
    assert {r.verdict for r in rows} == {Verdict.INSUFFICIENT}


def test_a_reflector_that_serves_no_app_port_proves_nothing_about_the_app() -> None:
    far = reflector(small_profiles(), udp=neutral_ports)
    rig = Rig(fars=[far])
    measurement = rig.run()
    check_books(rig, measurement)
    assert {f.kind.arm for f in measurement.flows} == {Arm.W, Arm.A_NEUTRAL, Arm.C_NEUTRAL}
    row = judge(measurement).results[0]
    assert (row.verdict, row.rule) == (Verdict.INSUFFICIENT, "insufficient.port-not-served")


def test_an_unknown_app_is_not_tested_and_says_why() -> None:
    measurement = Rig(apps=("zoom",)).run()
    assert measurement.not_tested == {"zoom": ["no-profile"]}
    assert measurement.costs["zoom"].bytes == 0
    assert {f.kind.app for f in measurement.flows} == {LINE}


# -- two reflectors ----------------------------------------------------------------------------


def test_two_reflectors_are_measured_side_by_side_and_never_mixed() -> None:
    profiles = small_profiles()
    fars = [reflector(profiles, "one"), reflector(profiles, "two")]
    rig = Rig(fars=fars)
    measurement = rig.run()
    check_books(rig, measurement)
    for index in (0, 1):
        mine = [(n, f) for n, f in enumerate(measurement.flows) if f.reflector == index]
        assert all(rig.reflector_of[n] == index for n, _ in mine)
        assert {f.kind.arm for _, f in mine} >= {Arm.A, Arm.C, Arm.A_NEUTRAL, Arm.C_NEUTRAL, Arm.W}
        assert sum(len(f.received.seq) for _, f in mine) > 500
        assert measurement.reflectors[index].log is not None
    assert {t.reflector for t in measurement.tcp} == {0, 1}
    assert sum(f.forged for f in measurement.flows) == 0


def test_never_more_than_forty_eight_flows_are_alive() -> None:
    """Nothing is answered, so that every flow of two apps at two reflectors stays for all its tries."""
    fars = [reflector(small_profiles(), "one"), reflector(small_profiles(), "two")]
    rig = Rig(lambda _: [], apps=("whatsapp", "imo"), fars=fars)
    measurement = rig.run()
    check_books(rig, measurement)
    assert most_alive(measurement.flows) == MAPPINGS_ALIVE_MAX, "the bound was reached, and kept"
    assert measurement.notes == ["warmup-unheard"]


def test_one_reflector_of_two_that_gave_no_ticket_does_not_stop_the_other() -> None:
    far = reflector(small_profiles(), "two")
    sessions = [unreachable(), offered(far)]
    rig = Rig(fars=[far, far], sessions=sessions)
    measurement = rig.run()
    assert {f.reflector for f in measurement.flows} == {1}
    assert [r.failure for r in measurement.reflectors] == [Failure.CONNECT_TIMEOUT, None]
    assert {t.reflector for t in measurement.tcp} == {1}


def test_a_censored_way_to_one_reflector_leaves_the_other_alone() -> None:
    fars = [reflector(small_profiles(), "one"), reflector(small_profiles(), "two")]

    def network(hop: Hop) -> list[tuple[float, bytes]]:
        return stun_dropped(hop) if hop.reflector == 0 else [(0.02, hop.data)]

    measurement = Rig(network, fars=fars).run()
    reasons = {d.outcome for d in measurement.decisions}
    assert reasons == {"dead", "done"}
    dead = {f.reflector for f in measurement.flows if f.question == "repeat"}
    assert dead == {0}


# -- receipts ----------------------------------------------------------------------------------


@given(
    st.lists(
        st.builds(
            FlowReceipt,
            flow=st.integers(0, 5) | st.integers(0, 0xFFFF),
            highest_seq=st.integers(1024, 1100) | st.integers(0, 0xFFFF),
            count=st.integers(0, 80) | st.integers(0, 0xFFFF),
            far_us=st.integers(0, 2**32 - 1),
            bitmap=st.integers(0, 2**64 - 1),
        ),
        max_size=60,
    )
)
def test_receipts_go_to_their_own_flow_and_never_back(told: list[FlowReceipt]) -> None:
    """Whatever a far end says in its receipts, older news and news of nobody is not taken up."""
    rig = Rig()
    rig.near.start(START_S)
    flows = rig.near.measurement(START_S).flows
    (session,) = rig.near._sessions
    session.receipts.extend(told)
    rig.near._spread_receipts(session, START_S + 1.0)
    for record in flows:
        mine = [r for r in told if r.flow == record.flow]
        kept = record.receipts
        assert len(kept) <= RECEIPTS_KEPT
        assert bool(kept) == any(r.count for r in mine)
        for old, new in pairwise(kept):
            assert new.count > old.count
            assert new.highest_seq >= old.highest_seq
        known = {(r.highest_seq, r.count, r.far_us, r.bitmap) for r in mine}
        assert {(r.highest_seq, r.count, r.far_us, r.bitmap) for r in kept} <= known
        if kept:
            assert kept[-1].count >= mine[0].count


def test_a_flows_receipts_come_from_its_own_packets(clean: tuple[Rig, Measurement]) -> None:
    told = [f for f in clean[1].flows if f.receipts]
    assert len(told) > len(clean[1].flows) / 2
    for flow in told:
        last = flow.receipts[-1]
        assert last.highest_seq in flow.sent.seq
        assert last.count <= len(flow.sent.seq)


# -- the control channel and TCP ---------------------------------------------------------------


def test_a_kept_ticket_is_noted_and_a_lost_control_channel_too() -> None:
    far = reflector(small_profiles())
    stored = Rig(fars=[far], sessions=[offered(far, control="stored-ticket")], budget_bytes=LEAST_BYTES).run()
    assert "control-blocked" in stored.notes
    rig = Rig(logs=False, budget_bytes=LEAST_BYTES)
    measurement = rig.run()
    assert len(rig.fetches) == 1
    assert measurement.reflectors[0].log is None
    check_books(rig, measurement)


def test_a_log_that_does_not_come_is_waited_for_so_long_and_no_longer() -> None:
    rig = Rig(logs=False, budget_bytes=LEAST_BYTES)
    rig.run()
    assert rig.finished_at is not None
    waited = rig.finished_at - max(rig.closed.values())
    assert waited == pytest.approx(LOG_WAIT_S, abs=0.01)


def test_late_packets_are_awaited_before_the_logs() -> None:
    rig = Rig(budget_bytes=LEAST_BYTES)
    measurement = rig.run()
    last = max(f.ended_us or 0 for f in measurement.flows) / 1e6
    assert min(rig.closed.values()) - START_S - last >= LATE_S - 0.001


def test_the_check_waits_for_its_tcp_trials() -> None:
    def slow(event: StartTcp, _now: float) -> tuple[float, TcpOutcome]:
        return 40.0, TcpOutcome(None, b"", Failure.CONNECT_TIMEOUT)

    rig = Rig(tcp=slow, budget_bytes=LEAST_BYTES)
    measurement = rig.run()
    assert [t.failure for t in measurement.tcp] == [Failure.CONNECT_TIMEOUT] * 2
    assert 40.0 <= rig.now - START_S <= 42.0


def test_an_icmp_error_is_in_the_record_of_its_flow() -> None:
    rig = Rig()
    rig.near.start(START_S)
    rig.near.receive_failure(1, Failure.PORT_UNREACHABLE, START_S + 0.25)
    rig.near.receive_failure(7_777, Failure.PORT_UNREACHABLE, START_S + 0.25)
    flows = rig.near.measurement(START_S + 1.0).flows
    assert [[(x.failure, x.t_us) for x in f.failures] for f in flows] == [
        [],
        [(Failure.PORT_UNREACHABLE, 250_000)],
    ][: len(flows)]


def test_the_stages_of_a_record_are_its_scripts(clean: tuple[Rig, Measurement]) -> None:
    for flow in clean[1].flows:
        wanted = [] if flow.kind.app == LINE else [Stage.SETUP, Stage.HANDSHAKE]
        assert flow.round_stages == wanted
