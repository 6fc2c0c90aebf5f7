import re

import msgspec

from voipwatch.lab.line import LineCondition, LinkCondition
from voipwatch.lab.nft import ruleset
from voipwatch.lab.rulesfile import REPLACES, rules_text, tc_lines
from voipwatch.lab.worlds import load_worlds

TABLE = load_worlds()


def test_the_file_is_the_kernels_own_ruleset_with_what_the_seed_draws() -> None:
    world = TABLE.get("port-loss-sip")
    for seed in (1, 2):
        text = rules_text(world, seed=seed)
        rules = ruleset(world.drawn(seed).make_policy())
        assert text is not None
        assert rules is not None
        assert text.endswith(rules)
        *comments, table, delete = text.removesuffix(rules).splitlines()
        assert (table, delete) == REPLACES
        assert all(line.startswith("# ") for line in comments)
        assert f"# Drawn: policy.ratio = {world.drawn(seed).values['policy.ratio']}" in comments
        assert "# Must be said of sip: throttled port.throttle" in comments
    assert rules_text(world, seed=1) != rules_text(world, seed=2)


def test_a_title_of_several_lines_is_one_comment() -> None:
    world = msgspec.structs.replace(TABLE.get("port-drop"), title="mine,\nflush ruleset")
    text = rules_text(world, seed=1)
    assert text is not None
    assert "flush" not in {line.split()[0] for line in text.splitlines()}


def test_a_world_that_nftables_cannot_say_has_no_file() -> None:
    assert rules_text(TABLE.get("dtls-ja4"), seed=1) is None


def test_every_world_that_it_can_say_has_one() -> None:
    for world in TABLE.matrix:
        if not world.needs_ndpi:
            said = ruleset(world.drawn(3).make_policy(), portal=world.line.portal) is not None
            assert (rules_text(world, seed=3) is not None) == said, world.id


def test_a_line_is_commands_for_tc_and_the_rest_is_named() -> None:
    line = LineCondition(
        up=LinkCondition(delay_ms=20, jitter_ms=5, loss_ratio=0.05, rate_kbit_s=64),
        down=LinkCondition(paths=4, bad_path_loss_ratio=0.5),
        portal=True,
        far_dies_at_s=3.0,
    )
    up, down, rest = tc_lines(line)
    assert up == "# Line, up: tc qdisc add dev net0 root netem delay 20ms 5ms loss 5% rate 64kbit"
    assert down == "# Line, down, not said by tc: paths 4, bad_path_loss_ratio 0.5"
    assert rest == "# Line, not said by tc: far_dies_at_s 3.0"
    assert list(tc_lines(LineCondition())) == []
    assert re.fullmatch(r"# Line, up: tc .* delay 150ms", next(iter(tc_lines(TABLE.lines["long"]))))
