"""What both ends derive from the ticket's key: pinned values, and independence of the inputs."""

from hashlib import blake2b

import pytest

from voipwatch.wire.derive import flow_secret, packet_entropy, shape_seed

KEY = bytes(range(32))


def test_the_values_are_the_keyed_hashes_of_the_protocol() -> None:
    # second method: the formulas of docs/experiments/session-protocol.md written out by hand
    assert (
        shape_seed(KEY, "whatsapp", 7)
        == blake2b(b"whatsapp\0\7", key=KEY, person=b"vw-shape", digest_size=16).digest()
    )
    assert flow_secret(KEY, 0x0102) == blake2b(b"\1\2", key=KEY, person=b"vw-flow", digest_size=32).digest()
    assert (
        packet_entropy(KEY, "d", 0x0102, 0x03040506)
        == blake2b(b"d\1\2\3\4\5\6", key=KEY, person=b"vw-entr", digest_size=16).digest()
    )


def test_the_values_are_pinned() -> None:
    assert shape_seed(KEY, "sip", 0).hex() == "f9f37a2d631e8302472109b09a8b1b5c"
    assert flow_secret(KEY, 1).hex() == "0af2a2d449e03eb1a9ead1fe50d75029e537da5302ae1e31206c8ee6d944d92d"
    assert packet_entropy(KEY, "u", 1, 1024).hex() == "0f4a50a0dac98bbb1fa1f3386d29401e"


@pytest.mark.parametrize(
    "other", [(KEY, "u", 1, 5), (KEY, "d", 2, 4), (KEY, "d", 1, 4), (bytes(32), "u", 1, 4)]
)
def test_every_input_of_the_entropy_counts(other: tuple[bytes, str, int, int]) -> None:
    assert packet_entropy(KEY, "u", 1, 4) != packet_entropy(*other)  # type: ignore[arg-type]  # str is a Literal here


def test_every_input_of_the_shape_counts() -> None:
    seeds = {
        shape_seed(key, app, n)
        for key in (KEY, bytes(32))
        for app in ("sip", "zoom")
        for n in (0, 1, 255, 256)
    }
    assert len(seeds) == 16
