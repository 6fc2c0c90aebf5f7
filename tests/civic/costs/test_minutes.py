"""What a call costs, by hand, and its data against the packets that a probe plays."""

import pytest

from voipwatch.apps import compile_script, kind_table, load_profiles
from voipwatch.apps.profile import Rhythm
from voipwatch.civic.costs.minutes import HEADER_BYTES, _rhythm_minute, call_price, minute_bytes
from voipwatch.civic.ranges import Range
from voipwatch.model.flows import LONG_REPLICATES
from voipwatch.model.vocabulary import Arm, Direction, Media


def test_a_rhythm_by_hand() -> None:
    """Two packets in 40 ms are 3,000 a minute; 100 bytes up and 50 down, headers 28 to 48 each."""
    rhythm = Rhythm((10.0, 30.0), (90, 110), in_order=False, sizes_down=(50,))
    found = _rhythm_minute(rhythm, (Direction.UP, Direction.DOWN))
    assert found.low == pytest.approx(3000 * (100 + 50 + 2 * 28))
    assert found.high == pytest.approx(3000 * (100 + 50 + 2 * 48))
    assert _rhythm_minute(rhythm, (Direction.UP,)).low == pytest.approx(3000 * (100 + 28))


@pytest.mark.parametrize("app", ["whatsapp", "viber", "skype", "sip"])
def test_what_a_probe_plays_lies_within(app: str) -> None:
    """A minute of media of each leg, as both ends compile it: the same profile, another way of adding up."""
    profiles = load_profiles()
    profile = profiles.get(app)
    assert profile is not None
    found = minute_bytes(profile, Media.VOICE)
    assert found.high is not None
    kinds = [
        kind
        for kind in kind_table(profiles)
        if kind.app == app and kind.arm is Arm.A and kind.media is Media.VOICE
    ]
    assert kinds
    for kind in kinds:
        for seed in range(4):
            script = compile_script(profiles, kind, LONG_REPLICATES[0], bytes([seed]) * 16)
            packets = [*script.up, *script.down]
            total = sum(packet.size for packet in packets) + HEADER_BYTES.low * len(packets)
            minute = total * 60 / script.media_s
            assert found.low * 0.95 <= minute <= found.high * 1.05, (kind.leg, seed)


def test_every_profile_has_a_minute_of_voice() -> None:
    """Between 8 kbit/s each way, under any codec's rate with headers, and 200."""
    for profile in load_profiles().profiles:
        found = minute_bytes(profile, Media.VOICE)
        assert found.high is not None
        assert 120_000 < found.low <= found.high < 3_000_000, profile.id


def test_an_app_without_video() -> None:
    profile = load_profiles().get("telegram")
    assert profile is not None
    with pytest.raises(ValueError, match="telegram has no video"):
        minute_bytes(profile, Media.VIDEO)


def test_both_prices_by_hand() -> None:
    """An hour at 0.22 to 0.27 dirhams, against 10 MB an hour at 10 dirhams a gigabyte of either kind."""
    found = call_price(60, Range(100_000, 200_000), tariff=Range(0.22, 0.27), gigabyte=Range.exactly(10))
    assert found.data_bytes == Range(6_000_000, 12_000_000)
    assert found.by_minutes is not None
    assert found.by_minutes.low == pytest.approx(13.2)
    assert found.by_minutes.high == pytest.approx(16.2)
    assert found.by_data is not None
    assert found.by_data.low == pytest.approx(10 * 6e6 / 2**30)
    assert found.by_data.high == pytest.approx(10 * 12e6 / 1e9)


def test_without_a_tariff_there_is_no_price() -> None:
    found = call_price(60, Range(1, 2), tariff=None, gigabyte=None)
    assert (found.by_minutes, found.by_data) == (None, None)
    assert call_price(0, Range(1, 2), tariff=Range(1, 2), gigabyte=None).by_minutes == Range(0, 0)
