import pytest

from voipwatch.apps import load_profiles
from voipwatch.lab.worlds import Expected, World, WorldsError, load_worlds, read_worlds
from voipwatch.model.mechanisms import MECHANISMS
from voipwatch.model.vocabulary import APP_IDS, Direction, Stage, Verdict

APPS = {"whatsapp", "sip", "webrtc"}
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


def test_the_matrix_has_the_27_worlds_half_of_them_innocent() -> None:
    assert [w.id for w in TABLE.matrix] == [
        "port-drop", "port-reject", "stun-cookie", "turn-only", "whatsapp-types",
        "dtls-hello", "srtp-dynamic-pt", "cut-after-n", "match-then-kill", "media-loss-80", "police",
        "sip-text", "one-way-media",
        "clean", "burst-10", "burst-30", "bufferbloat", "radio-promotion", "cafe-firewall", "captive-portal",
        "sip-alg", "lossy-path", "nat-rebind", "carrier-nat-64", "reflector-dies", "unknown-udp-drop",
        "reorder-clock-step",
    ]  # fmt: skip
    assert sum(w.guilty for w in TABLE.matrix) == 13


@pytest.mark.parametrize("world", TABLE.worlds, ids=lambda w: w.id)
def test_every_world_says_what_is_expected_of_every_app(world: World) -> None:
    if world.order:
        assert set(world.expected) < set(APP_IDS)
        assert all(app_has_a_direct_leg(app) for app in world.expected)
    else:
        assert set(world.expected) == (set(APP_IDS) if world.every else APPS)
    verdicts = {v for e in world.expected.values() for v in e.verdicts}
    accusing = verdicts & {Verdict.BLOCKED, Verdict.THROTTLED}
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
def test_a_guilty_world_stands_on_a_clean_line(world: World) -> None:
    assert world.line_name == "clean"
    assert world.on_line("lossy5").line == TABLE.lines["lossy5"]
    assert world.on_line("lossy5").policy == world.policy


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
    assert [world.id for world in TABLE.worlds if world.needs_ndpi] == [world.id for world in worlds]


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
