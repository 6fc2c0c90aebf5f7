"""Scripts: determinism, controls that mirror their treatments, rhythm and sizes within the profile."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.apps.support import changed, context, load
from voipwatch.apps import ProfileSet, Script, compile_script, kind_table, load_profiles
from voipwatch.apps.messages import build
from voipwatch.apps.profile import MediaSpec, StreamSpec
from voipwatch.apps.scripts import IP_UDP_BYTES, Draw, family_of, media_seconds
from voipwatch.model.flows import MEDIA_SEQ, ROUNDS_MAX, TRIES_MAX, FlowKind
from voipwatch.model.ruleset import HELD_S, LONG_S
from voipwatch.model.vocabulary import CONTROL_ARMS, LINE, Arm, Direction, Family, Media, Stage

PROFILES = load_profiles()
KINDS = kind_table(PROFILES)
APP_KINDS = [kind for kind in KINDS if kind.app != LINE]
TREATMENTS = [kind for kind in APP_KINDS if kind.arm is Arm.A]
HELD_UNTIL_PROVED = {
    ("signal", "turn"),
    ("messenger", "turn"),
    ("viber", "turn"),
    ("teams", "relay-2020"),
    ("teams", "relay-2024"),
}
"""A TURN relay's 401 is larger than what provokes it. The warm-up and the tickets' HTTPS prove the address
first; where they did not, the far end holds the reply until it can afford it (reflector.core.proof)."""
ARMS = (Arm.A, Arm.C, Arm.A_NEUTRAL, Arm.C_NEUTRAL)


def label(kind: FlowKind) -> str:
    return f"{kind.leg}-{kind.arm}-{kind.mutant or kind.media}"


def in_arm(kind: FlowKind, arm: Arm) -> FlowKind:
    return FlowKind(kind.app, kind.dialect, kind.leg, arm, kind.mutant, kind.media)


def shape(script: Script) -> object:
    """All that a control must share with its treatment."""
    return (
        [
            (r.stage, r.request.size, r.copies, r.copy_gap_ms, r.reply_delay_ms, r.retry_ms, r.pause_ms)
            for r in script.rounds
        ],
        [[reply.size for reply in r.replies] for r in script.rounds],
        [[(p.offset_us, p.size, p.index) for p in packets] for packets in (script.up, script.down)],
        (script.media_stage, script.media_s, script.bytes_up, script.bytes_down),
    )


@pytest.mark.parametrize("kind", APP_KINDS, ids=label)
def test_both_ends_compile_the_same_script(kind: FlowKind) -> None:
    other_end = ProfileSet.of(PROFILES.profiles)
    for replicate in (0, 5, 28):
        first = compile_script(PROFILES, kind, replicate, b"seed-a")
        assert compile_script(other_end, kind, replicate, b"seed-a") == first


@pytest.mark.parametrize("kind", TREATMENTS, ids=label)
@pytest.mark.parametrize("replicate", [0, 1, 29])
def test_all_four_arms_have_the_same_sizes_and_times(kind: FlowKind, replicate: int) -> None:
    shapes = [shape(compile_script(PROFILES, in_arm(kind, arm), replicate, b"seed")) for arm in ARMS]
    assert shapes[0] == shapes[1] == shapes[2] == shapes[3]


@pytest.mark.parametrize("kind", TREATMENTS, ids=label)
def test_arms_differ_in_content_and_port_alone(kind: FlowKind) -> None:
    by_arm = {arm: compile_script(PROFILES, in_arm(kind, arm), 1, b"seed") for arm in ARMS}
    app_port = PROFILES.profiles[[p.id for p in PROFILES.profiles].index(kind.app)].leg(kind.leg).port
    assert [by_arm[arm].port for arm in ARMS] == [app_port, app_port, None, None]
    assert [by_arm[arm].family for arm in ARMS] == [Family.NONE, Family.Q, Family.NONE, Family.Q]
    assert by_arm[Arm.A].rounds == by_arm[Arm.A_NEUTRAL].rounds
    assert by_arm[Arm.A].up == by_arm[Arm.A_NEUTRAL].up


def _only(stream: StreamSpec, spec: MediaSpec, direction: Direction) -> bool:
    """Whether the stream runs this way, or no stream with its message does."""
    runs = [direction in other.directions for other in spec.streams if other.message == stream.message]
    return direction in stream.directions or not any(runs)


@pytest.mark.parametrize("kind", TREATMENTS, ids=label)
def test_media_keeps_the_profiles_sizes_rhythm_and_length(kind: FlowKind) -> None:
    profile = PROFILES.get(kind.app)
    assert profile is not None
    leg = profile.leg(kind.leg)
    spec = next((item for item in leg.media if item.media is kind.media), None)
    for replicate in range(6):
        script = compile_script(PROFILES, kind, replicate, bytes([replicate]))
        if spec is None:
            assert (script.up, script.down, script.media_stage, script.media_s) == ((), (), None, 0.0)
            continue
        assert script.media_s == spec.short_s
        assert script.media_stage is {Media.VOICE: Stage.VOICE, Media.VIDEO: Stage.VIDEO}[kind.media]
        for direction, packets in ((Direction.UP, script.up), (Direction.DOWN, script.down)):
            assert packets
            assert all(one.offset_us <= two.offset_us for one, two in pairwise(packets))
            assert packets[-1].offset_us < spec.short_s * 1_000_000
            for name, stream in ((s.message, s) for s in spec.streams if _only(s, spec, direction)):
                own = [packet for packet in packets if packet.message.name == name]
                if direction not in stream.directions:
                    assert own == []
                    continue
                assert [packet.index for packet in own] == list(range(len(own)))
                assert own[0].offset_us == round(stream.start_ms * 1000)
                gaps = [(two.offset_us - one.offset_us) / 1000 for one, two in pairwise(own)]
                cycles = [r.spacing_ms for r in stream.rhythms]
                assert any(
                    gaps == pytest.approx([cycle[i % len(cycle)] for i in range(len(gaps))])
                    for cycle in cycles
                )
                sizes = {size for rhythm in stream.rhythms for size in rhythm.sizes_of(direction)}
                assert {packet.size for packet in own} <= sizes
                assert all(packet.message.direction is direction for packet in own)


def test_shapes_vary_with_the_seed_and_the_replicate() -> None:
    kind = next(kind for kind in TREATMENTS if kind.leg == "relay-2015" and kind.media is Media.VOICE)
    shapes = {
        str(shape(compile_script(PROFILES, kind, replicate, seed)))
        for replicate in (0, 2)
        for seed in (b"a", b"b")
    }
    assert len(shapes) == 4


def test_up_and_down_draw_their_own_sizes() -> None:
    kind = next(kind for kind in TREATMENTS if kind.leg == "server" and kind.media is Media.VOICE)
    script = compile_script(PROFILES, kind, 0, b"seed")
    assert [p.size for p in script.up] != [p.size for p in script.down]


@pytest.mark.parametrize(
    ("replicate", "seconds"), [(0, 0.5), (27, 0.5), (28, HELD_S), (29, HELD_S), (30, LONG_S), (31, LONG_S)]
)
def test_the_replicate_says_how_long(replicate: int, seconds: float) -> None:
    kind = next(kind for kind in TREATMENTS if kind.leg == "media")
    script = compile_script(PROFILES, kind, replicate, b"seed")
    assert script.media_s == seconds
    gap_us = script.up[1].offset_us - script.up[0].offset_us
    assert len(script.up) == len(script.down) == -(-seconds * 1_000_000 // gap_us)
    sip = PROFILES.get("sip")
    assert sip is not None
    media = sip.leg("media").media[0]
    assert media_seconds(media, replicate) == seconds


@pytest.mark.parametrize("kind", KINDS, ids=label)
def test_planned_bytes_count_every_packet_with_its_headers(kind: FlowKind) -> None:
    script = compile_script(PROFILES, kind, 3, b"seed")
    up = [r.request.size for r in script.rounds for _ in range(r.copies)] + [p.size for p in script.up]
    down = [m.size for r in script.rounds for _ in range(r.copies) for m in r.replies] + [
        p.size for p in script.down
    ]
    assert script.bytes_up == sum(up) + IP_UDP_BYTES * len(up)
    assert script.bytes_down == sum(down) + IP_UDP_BYTES * len(down)


@pytest.mark.parametrize("kind", KINDS, ids=label)
def test_everything_fits_the_numbering(kind: FlowKind) -> None:
    script = compile_script(PROFILES, kind, 0, b"seed")
    assert len(script.rounds) < ROUNDS_MAX
    assert 64 * len(script.rounds) <= MEDIA_SEQ
    for item in script.rounds:
        assert item.copies * (1 + len(item.retry_ms)) <= TRIES_MAX
        assert 1 <= len(item.replies) <= 4
        assert item.retry_ms == tuple(sorted(item.retry_ms))


def first_leg_of(kind: FlowKind) -> str:
    """The leg whose rounds come first: of a direct leg its relay leg."""
    profile = PROFILES.get(kind.app)
    return kind.leg if profile is None else profile.leg(kind.leg).after or kind.leg


def test_before_an_address_is_proved_replies_are_no_larger_than_the_request() -> None:
    for kind in KINDS:
        if (kind.app, first_leg_of(kind)) in HELD_UNTIL_PROVED and not kind.mutant:
            continue
        for item in compile_script(PROFILES, kind, 0, b"seed").rounds[:1]:
            assert sum(reply.size for reply in item.replies) <= item.request.size, kind


def test_families_alternate_over_replicates_of_controls_only() -> None:
    for kind in KINDS:
        families = [family_of(kind, replicate) for replicate in range(4)]
        wanted = [Family.U, Family.Q] * 2 if kind.arm in CONTROL_ARMS else [Family.NONE] * 4
        assert families == wanted


def test_a_check_of_one_app_costs_what_a_phone_plan_bears() -> None:
    """Forty-eight short flows and two held ones: 0.85 MB of IP bytes both ways, give or take a sixth."""
    for kind in TREATMENTS:
        if kind.media is not Media.VOICE or first_leg_of(kind) != kind.leg:
            continue
        seeds = [bytes([number]) for number in range(12)]
        short = [compile_script(PROFILES, kind, number, seed) for number, seed in enumerate(seeds)]
        held = compile_script(PROFILES, kind, 28, b"held")
        cost = 4 * sum(s.bytes_up + s.bytes_down for s in short) + 2 * (held.bytes_up + held.bytes_down)
        assert cost < 1_000_000, (kind, cost)


def test_sizes_in_order_follow_the_cycle() -> None:
    text = changed("sizes = [60, 70, 80] }", "sizes = [60, 70, 80], in_order = true }")
    profiles = ProfileSet.of([load(text)])
    script = compile_script(profiles, FlowKind("whatsapp", "one", "relay", Arm.A, "", Media.VOICE), 0, b"s")
    assert [packet.size for packet in script.up[:7]] == [60, 70, 80, 60, 70, 80, 60]


@given(st.binary(min_size=1, max_size=64), st.integers(1, 100))
def test_draws_are_in_range_and_repeat(seed: bytes, limit: int) -> None:
    one, other = Draw(seed, "x"), Draw(seed, "x")
    numbers = [one.below(limit) for _ in range(40)]
    assert numbers == [other.below(limit) for _ in range(40)]
    assert all(0 <= number < limit for number in numbers)


def test_draws_are_even() -> None:
    draw = Draw(b"seed", "even")
    counts = [0] * 10
    for _ in range(10_000):
        counts[draw.below(10)] += 1
    # Chi-squared with 9 degrees of freedom stays under 27.9 in 999 of 1,000 seeds.
    assert sum((count - 1000) ** 2 / 1000 for count in counts) < 27.9


def test_timestamps_go_by_the_frame_where_the_timer_does_not() -> None:
    """Skype's timer sends frames of 20 ms after 40, 10, 20 and 10 ms: 960 ticks of 48 kHz each."""
    kind = next(kind for kind in TREATMENTS if kind.leg == "peer-2024" and kind.media is Media.VOICE)
    audio = [p for p in compile_script(PROFILES, kind, 0, b"seed").up if p.message.name == "opus"][:9]
    built = [build(p.message, context(p.message, p.size, index=p.index)) for p in audio]
    stamps = [int.from_bytes(data[4:8], "big") for data in built]
    assert {(two - one) & 0xFFFFFFFF for one, two in pairwise(stamps)} == {960}
    assert [two.offset_us - one.offset_us for one, two in pairwise(audio)][:4] == [
        40_000,
        10_000,
        20_000,
        10_000,
    ]
