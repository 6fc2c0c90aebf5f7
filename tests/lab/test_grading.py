import pytest

from voipwatch.lab.grading import GUILTY_LINES, expected_of, graded, voice_kbit_s
from voipwatch.lab.worlds import load_worlds
from voipwatch.model.vocabulary import APP_IDS, Verdict

TABLE = load_worlds()


def test_the_rate_of_a_voice_by_hand() -> None:
    # G.711: 172 bytes each 20 ms, or 252 each 30 ms.
    assert voice_kbit_s("sip") == pytest.approx((68.8 + 67.2) / 2)
    # WhatsApp: two rhythms of 60 ms twice each, one of 160 ms, and a report of 26 bytes a 1,040 ms.
    assert 19 < voice_kbit_s("whatsapp") < 20
    with pytest.raises(KeyError):
        voice_kbit_s("telex")


def test_on_the_thin_line_only_thrifty_voices_are_graded() -> None:
    assert [app for app in APP_IDS if graded(app, "thin")] == ["whatsapp"]
    for line in set(GUILTY_LINES) - {"thin"}:
        assert all(graded(app, line) for app in APP_IDS)


def test_the_others_must_be_called_insufficient_there() -> None:
    world = TABLE.get("stun-cookie")
    assert expected_of(world, "webrtc", "thin").verdicts == (Verdict.INSUFFICIENT,)
    assert expected_of(world, "webrtc", "long") == world.expected["webrtc"]
    assert expected_of(world, "whatsapp", "thin") == world.expected["whatsapp"]


def test_a_world_that_stands_on_the_thin_line_speaks_for_itself() -> None:
    world = TABLE.get("thin")
    assert world.line_name == "thin"
    assert all(expected_of(world, app, "thin") == world.expected[app] for app in world.expected)
    assert expected_of(TABLE.get("clean").on_line("thin"), "sip", "thin").verdicts == (Verdict.OK,)


def test_the_lines_are_those_that_are_told() -> None:
    lines = [TABLE.lines[name] for name in GUILTY_LINES]
    clean, lossy, long, thin, nated = lines
    assert (clean.up.loss_ratio, lossy.up.loss_ratio, lossy.down.loss_ratio) == (0, 0.05, 0.05)
    assert long.up.delay_ms + long.down.delay_ms == 300
    assert thin.up.rate_kbit_s == thin.down.rate_kbit_s == 64
    assert nated.nat is not None
    assert nated.nat.timeout_s == 30
    assert nated.nat.rebind_at_s == ()
