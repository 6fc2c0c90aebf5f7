import pytest

from voipwatch.apps import load_profiles
from voipwatch.lab.grading import GUILTY_LINES
from voipwatch.lab.worlds import (
    APPS,
    FILES,
    Expected,
    World,
    WorldsError,
    load_worlds,
    read_tables,
    read_worlds,
)
from voipwatch.model.mechanisms import MECHANISMS
from voipwatch.model.vocabulary import APP_IDS, Direction, Stage, Verdict

TABLE = load_worlds()


def app_has_a_direct_leg(app: str) -> bool:
    profile = load_profiles().get(app)
    assert profile is not None
    return any(profile.is_direct(leg) and leg.run for leg in profile.legs)


def test_the_worlds_of_leg_order_have_guilty_and_innocent_ones() -> None:
    assert [w.id for w in TABLE.of_leg_order if w.guilty] == [
        "follow-caller", "direct-checks", "direct-voice", "direct-hello",
    ]  # fmt: skip
    assert [w.id for w in TABLE.of_leg_order if not w.guilty] == [
        "per-destination", "high-ports-closed", "unknown-after-relay",
    ]  # fmt: skip
    accused = {
        e.stages for w in TABLE.of_leg_order for e in w.expected.values() if Verdict.BLOCKED in e.verdicts
    }
    assert accused == {(Stage.DIRECT,)}


def test_the_core_is_27_worlds_half_of_them_innocent() -> None:
    assert {w.id for w in TABLE.core} == {
        "port-drop", "port-reject", "stun-cookie", "turn-only", "whatsapp-types",
        "dtls-hello", "srtp-dynamic-pt", "cut-after-n", "match-then-kill", "media-loss-80", "police",
        "sip-text", "one-way-media",
        "clean", "burst-10", "burst-30", "bufferbloat", "radio-promotion", "cafe-firewall", "captive-portal",
        "sip-alg", "lossy-path", "nat-rebind", "carrier-nat-64", "reflector-dies", "unknown-udp-drop",
        "reorder-clock-step",
    }  # fmt: skip
    assert sum(w.guilty for w in TABLE.core) == 13
    assert not any(w.draw for w in TABLE.core), "the same in every run of the tests"


def test_the_matrix_is_large_and_a_fixed_third_of_it_is_for_the_kernel() -> None:
    guilty = [w for w in TABLE.matrix if w.guilty]
    assert len(TABLE.matrix) >= 120
    assert 60 <= len(guilty) <= len(TABLE.matrix) - len(guilty), "at least as many innocent ones"
    kernel = [w for w in TABLE.matrix if w.kernel]
    assert len(TABLE.matrix) / 3 <= len(kernel) < len(TABLE.matrix) / 3 + 1
    for world in kernel:  # what the kernel's network cannot show
        assert world.control
        assert not world.video
        assert not world.line.gaps_s
        assert "line.gaps_s" not in world.draw
        assert world.providers is None or not world.providers.resolver_s


def test_a_file_has_one_kind_of_worlds_and_says_what() -> None:
    assert list(TABLE.groups) == list(FILES)
    for world in TABLE.matrix:
        assert world.group.startswith("guilty-" if world.guilty else "innocent-"), world.id
    for group in {w.group for w in TABLE.matrix}:
        title, about = TABLE.groups[group]
        assert title
        assert about.endswith(".")


@pytest.mark.parametrize("world", TABLE.worlds, ids=lambda w: w.id)
def test_every_world_says_what_is_expected_of_every_app(world: World) -> None:
    if world.order:
        assert set(world.expected) < set(APP_IDS)
        assert all(app_has_a_direct_leg(app) for app in world.expected)
    elif world.every:
        assert set(world.expected) == set(APP_IDS)
    elif world.ways:
        assert set(world.expected) == {"whatsapp"}, "the flows side by side are one app's"
    else:
        assert len(world.expected) == len(APPS), "three apps a check"
    verdicts = {v for e in world.expected.values() for v in e.verdicts}
    accusing = verdicts & {Verdict.BLOCKED, Verdict.THROTTLED}
    if world.ways:  # of two reflectors that disagree nothing is said, whoever is guilty
        assert world.guilty or not accusing
        return
    assert bool(accusing) == world.guilty, "an innocent world accuses nobody, a guilty one somebody"
    for expected in world.expected.values():
        assert expected.verdicts
        if set(expected.verdicts) & {Verdict.BLOCKED, Verdict.THROTTLED}:
            assert len(expected.verdicts) == len(expected.stages) == 1
            if not world.every and not world.order:  # what has no generic sibling has no mechanism yet
                assert expected.directions or expected.stages[0] in {Stage.RESOLVE, Stage.REACH}
                assert len(expected.mechanisms) == 1
                assert expected.mechanisms[0] in MECHANISMS


@pytest.mark.parametrize("world", [w for w in TABLE.matrix if w.guilty], ids=lambda w: w.id)
def test_a_guilty_world_stands_on_a_clean_line_and_on_every_other(world: World) -> None:
    assert world.line_name == "clean"
    assert not any(path.startswith("line.") for path in world.draw)
    for line in GUILTY_LINES:
        assert world.on_line(line).line == TABLE.lines[line]
        assert world.on_line(line).policy == world.policy
        assert world.on_line(line).drawn(3).policy == world.drawn(3).policy


@pytest.mark.parametrize("world", [w for w in TABLE.matrix if w.draw], ids=lambda w: w.id)
def test_a_seed_gives_the_same_world_and_another_seed_another(world: World) -> None:
    first = world.drawn(7)
    assert (first, first.draw) == (world.drawn(7), {})
    assert first.drawn(8) == first, "nothing is left to draw"
    assert set(first.values) == set(world.draw)
    for path, value in first.values.items():
        draw = world.draw[path]
        assert value in draw.choices if draw.choices else draw.low <= value <= draw.high
    if any(len(set(map(str, draw.ends))) > 1 for draw in world.draw.values()):
        assert len({str(world.drawn(seed).values) for seed in range(12)}) > 1


def test_the_lines_that_worlds_are_combined_with() -> None:
    assert {"clean", "lossy5", "3g-2016"} <= set(TABLE.lines)
    g3 = TABLE.lines["3g-2016"]
    assert g3.up.delay_ms + g3.down.delay_ms + g3.up.jitter_ms + g3.down.jitter_ms == pytest.approx(154)
    assert (g3.up.rate_kbit_s, g3.down.rate_kbit_s) == (384, 1000)


def test_an_answer_is_compared_field_by_field() -> None:
    expected = Expected((Verdict.BLOCKED,), (Stage.SETUP,), ("stun.drop",), (Direction.UP, Direction.BOTH))
    assert expected.accepts("blocked", "setup", "stun.drop", "both")
    assert not expected.accepts("throttled", "setup", "stun.drop", "up")
    assert not expected.accepts("blocked", "voice", "stun.drop", "up")
    assert not expected.accepts("blocked", "setup", "turn.drop", "up")
    assert not expected.accepts("blocked", "setup", None, "up")
    assert not expected.accepts("blocked", "setup", "stun.drop", "down")
    assert not expected.accepts("blocked", "setup", "stun.drop", None)


def test_an_ok_needs_no_stage_and_a_wrong_mechanism_spoils_it() -> None:
    assert Expected((Verdict.OK,)).accepts("ok", None, None, None)
    assert not Expected((Verdict.OK,), mechanisms=("",)).accepts("ok", None, "sip.alg", None)


ROW = """
[lines.clean]
both = { delay_ms = 20, loss_ratio = 0.1 }
up = { delay_ms = 30 }
[[worlds]]
id = "one"
title = "t"
guilty = false
why = "w"
[worlds.expected]
sip = { verdicts = ["ok"] }
"""


def test_what_a_direction_says_goes_over_what_both_say() -> None:
    line = read_worlds(ROW).get("one").line
    assert (line.up.delay_ms, line.down.delay_ms, line.up.loss_ratio) == (30, 20, 0.1)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("guilty = false", "guilty = 'no'", "bool"),
        ("guilty = false", "guilty = false\nline = 'wet'", "one: no line condition is called 'wet'"),
        ("guilty = false", "guilty = false\npolicy = { policy = 'magic' }", "one: "),
        ("guilty = false", "guilty = false\ncolour = 1", "colour"),
        ("delay_ms = 30", "delay = 30", "delay"),
        ("sip =", "telex =", "no app is called 'telex'"),
        ('["ok"]', '["fine"]', "fine"),
        ('["ok"] }', '["ok"], mechanisms = ["udp.magic"] }', "no mechanism is called udp.magic"),
        ("[lines.clean]", "[lines.clean", "line"),
    ],
)
def test_a_wrong_table_is_refused_with_the_place(old: str, new: str, says: str) -> None:
    with pytest.raises(WorldsError, match=says):
        read_worlds(ROW.replace(old, new))


@pytest.mark.parametrize(
    ("draw", "says"),
    [
        ("'line.up.delay_ms' = { low = 5, high = 1 }", "low limit"),
        ("'line.up.delay_ms' = { low = 5 }", "high one"),
        ("'line.up.delay_ms' = { low = 1, high = 2, choices = [1] }", "not both"),
        ("'line.up.delay' = { low = 1, high = 2 }", "one: line.up.delay: .*delay"),
        ("'line.up.delay_ms' = { choices = [1, 'x'] }", "one: line.up.delay_ms"),
        ("'line.left.delay_ms' = { low = 1, high = 2 }", "one: line.left"),
        ("'policy.ratio' = { low = 1, high = 2 }", "one: policy.ratio: .*ratio"),
        ("'title' = { choices = ['a'] }", "only fields of policy and line"),
    ],
)
def test_what_cannot_be_drawn_is_refused(draw: str, says: str) -> None:
    with pytest.raises(WorldsError, match=says):
        read_worlds(ROW.replace("guilty = false", f"guilty = false\ndraw = {{ {draw} }}"))


def test_a_draw_of_both_directions_draws_once() -> None:
    text = ROW.replace(
        "guilty = false", "guilty = false\ndraw = { 'line.both.delay_ms' = { low = 1.0, high = 9.0 } }"
    )
    line = read_worlds(text).get("one").drawn(5).line
    assert 1.0 <= line.up.delay_ms == line.down.delay_ms <= 9.0
    assert line.up.delay_ms != 30


def test_on_another_line_nothing_is_drawn_of_its_own() -> None:
    world = TABLE.get("hotel-lossy")
    moved = world.on_line("nated")
    assert moved.drawn(3).line == TABLE.lines["nated"]
    assert world.drawn(3).line != world.line


def test_each_stands_for_the_three_apps_that_are_not_named() -> None:
    (world,) = read_worlds(ROW.replace("why =", 'each = { verdicts = ["down"] }\nwhy =')).worlds
    assert {app: expected.verdicts for app, expected in world.expected.items()} == {
        "whatsapp": ("down",), "sip": ("ok",), "webrtc": ("down",),
    }  # fmt: skip
    with pytest.raises(WorldsError, match="one: nothing is expected"):
        read_worlds(ROW[: ROW.index("[worlds.expected]")])


def test_files_are_read_together_and_named_when_they_are_wrong() -> None:
    lines, worlds = ROW[: ROW.index("[[worlds]]")], ROW[ROW.index("[[worlds]]") :]
    table = read_tables({"lines": lines, "good": "title = 'Good'\nabout = 'All.'\n" + worlds})
    assert (table.get("one").group, table.groups["good"]) == ("good", ("Good", "All."))
    with pytest.raises(WorldsError, match=r"bad: .*colour"):
        read_tables({"lines": lines, "bad": "colour = 1\n"})
    with pytest.raises(WorldsError, match="line condition is there twice: clean"):
        read_tables({"a": lines, "b": lines})


def test_ids_are_unique() -> None:
    with pytest.raises(WorldsError, match="twice"):
        read_worlds(ROW + ROW[ROW.index("[[worlds]]") :])


def test_unknown_names_are_refused() -> None:
    with pytest.raises(WorldsError, match="nowhere"):
        TABLE.get("nowhere")
    with pytest.raises(WorldsError, match="wet"):
        TABLE.get("clean").on_line("wet")


def test_a_familys_worlds_differ_by_app_and_every_app_has_one() -> None:
    worlds = TABLE.of_family("ndpi")
    assert [world.id for world in worlds] == [f"ndpi-{app}" for app in APP_IDS]
    for world, app in zip(worlds, APP_IDS, strict=True):
        assert world.needs_ndpi
        assert app in world.title
        assert Verdict.BLOCKED in world.expected[app].verdicts
        assert world.policy["policy"] == "ndpi-drop"
        assert world.policy["names"]
    assert not {world.id for world in worlds} & {world.id for world in TABLE.of_every_app}
    assert TABLE.of_family("no-such") == ()
    others = {world.id for world in TABLE.worlds if world.needs_ndpi} - {world.id for world in worlds}
    assert others == {"ndpi-kill", "ndpi-police"}


def test_apps_with_one_name_have_one_fate() -> None:
    by_names: dict[tuple[str, ...], list[World]] = {}
    for world in TABLE.of_family("ndpi"):
        by_names.setdefault(tuple(world.policy["names"]), []).append(world)
    for worlds in by_names.values():
        assert len({str(world.expected) for world in worlds}) == 1, [world.id for world in worlds]


FAMILY = """
[lines.clean]
both = { delay_ms = 20 }
[[families]]
id = "kin"
title = "of {app}"
guilty = true
why = "w."
policy = { policy = "port-drop", proto = "udp" }
[families.apps.sip]
policy = { ports = [[5060, 5061]] }
why = "s"
expected.sip = { verdicts = ["blocked"] }
"""


def test_a_family_is_written_once() -> None:
    (world,) = read_worlds("worlds = []" + FAMILY).worlds
    assert (world.id, world.title, world.why, world.family) == ("kin-sip", "of sip", "w. s", "kin")
    assert world.policy == {"policy": "port-drop", "proto": "udp", "ports": [[5060, 5061]]}
    assert not world.needs_ndpi
    with pytest.raises(WorldsError, match="kin-sip"):
        read_worlds("worlds = []" + FAMILY.replace("ports", "harbours"))
