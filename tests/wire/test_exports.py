"""The public names of the package, each of them once."""

import inspect

from voipwatch import wire


def test_every_public_name_exists_and_says_what_it_is() -> None:
    assert len(set(wire.__all__)) == len(wire.__all__)
    for name in wire.__all__:
        assert inspect.getdoc(getattr(wire, name)), name


def test_every_decoder_has_its_encoder() -> None:
    names = set(wire.__all__)
    for name in names:
        if name.startswith("decode_") and name != "decode_udp_packet":  # a whole packet is two encoders' work
            assert name.replace("decode_", "encode_") in names
