"""The warm-up: two seconds of control packets each way, and a burst that ends them."""

import pytest

from tests.apps.support import context
from voipwatch.apps.kinds import compile_script
from voipwatch.apps.library import load_profiles
from voipwatch.apps.line import WARMUP_KIND
from voipwatch.apps.messages import build, read_down
from voipwatch.model.vocabulary import Family
from voipwatch.wire.place import uplink_place


@pytest.mark.parametrize("replicate", [0, 1])
def test_the_schedule_is_this(replicate: int) -> None:
    script = compile_script(load_profiles(), WARMUP_KIND, replicate, b"any")
    assert (script.port, script.rounds, script.media_stage, script.media_s) == (None, (), None, 2.0)
    assert script.family is (Family.Q if replicate else Family.U)
    for packets in (script.up, script.down):
        assert [(p.offset_us, p.size) for p in packets[:100]] == [(20_000 * n, 160) for n in range(100)]
        assert [(p.offset_us, p.size) for p in packets[100:]] == [(1_980_000, 1000)] * 8
        assert [p.index for p in packets] == list(range(108))
    assert script.bytes_up == script.bytes_down == 100 * 188 + 8 * 1028


def test_tokens_are_found_at_both_ends() -> None:
    script = compile_script(load_profiles(), WARMUP_KIND, 0, b"any")
    for packet in (script.up[0], script.up[-1]):
        ctx = context(packet.message, packet.size)
        assert uplink_place(build(packet.message, ctx)) == ctx.token
    for packet in (script.down[0], script.down[-1]):
        ctx = context(packet.message, packet.size)
        assert read_down(packet.message, build(packet.message, ctx)) == ctx.token
        assert len(ctx.token) == 52
