"""STUN messages as tables: the loader builds them to the same layout, without who and where."""

import tomllib

import pytest

from tests.apps.imported.support import NEAR, TIE_BREAKER, USERNAME, check, noise
from voipwatch.apps.codecs.use import Use
from voipwatch.apps.imported.scrub import Scrub
from voipwatch.apps.imported.stuntables import read_stun, relayed_parts, stun_shape, stun_table
from voipwatch.apps.message_tables import read_message
from voipwatch.apps.messages import BuildContext, build
from voipwatch.apps.schema import Findings, Table
from voipwatch.model.vocabulary import Direction
from voipwatch.wire.errors import WireError
from voipwatch.wire.stun import StunAttribute
from voipwatch.wire.stun_build import build_stun


def rebuilt(group: list[bytes], *, up: bool = True) -> tuple[bytes, str, Scrub]:
    """What the table of a group builds, its text, and what was scrubbed."""
    scrub = Scrub()
    text = "\n".join(stun_table(group, scrub, up=up).lines)
    findings = Findings("test", {})
    spec = read_message("m", Table(tomllib.loads(text), "", findings))
    assert not findings.problems, findings.problems
    use = Use(Direction.UP) if up else Use(Direction.DOWN, reply=True)
    message = spec.compile(use, pytest.fail)
    ctx = BuildContext(
        bytes(32), noise("entropy", 16), noise("token", message.room(message.size)), message.size
    )
    ctx.request = group[0]
    return build(message, ctx), text, scrub


@pytest.mark.parametrize("up", [True, False])
def test_a_check_and_its_answer_keep_their_layout_and_lose_their_names(up: bool) -> None:
    groups = [check(number) for number in range(3)]
    group = [asked if up else told for asked, told in groups]
    data, text, scrub = rebuilt(group, up=up)
    assert stun_shape(data) == stun_shape(group[0])
    assert data[:8] == group[0][:8]
    for secret in (USERNAME, TIE_BREAKER, NEAR.packed, group[0][8:20] if up else b"none"):
        assert secret not in data
        assert secret.hex() not in text
    assert scrub.counts["identifier"] >= 1
    assert scrub.counts["username" if up else "address"] == 1


def test_names_of_products_stay_and_of_people_go() -> None:
    attributes = [
        StunAttribute(0x0014, b"telegram.org"),
        StunAttribute(0x8022, b"alice's phone"),
        StunAttribute(0x0015, noise("n", 24)),
    ]
    data, text, scrub = rebuilt([build_stun(0x0003, noise("t", 12), attributes)])
    assert b"telegram.org" in data
    assert "alice" not in text
    assert scrub.counts["text"] == scrub.counts["secret"] == 1


def test_numbers_of_the_protocol_stay_and_constants_that_look_like_an_id_go() -> None:
    attributes = [
        StunAttribute(0x0019, b"\x11\0\0\0"),
        StunAttribute(0x000D, (600).to_bytes(4, "big")),
        StunAttribute(0x8070, (7).to_bytes(4, "big")),
        StunAttribute(0x8054, bytes.fromhex("9f3a5c7e")),
    ]
    data, text, _ = rebuilt([build_stun(0x0003, noise(f"t{n}", 12), attributes) for n in range(2)])
    found = {a.type: a.value for a in read_stun(data).attributes}
    assert found[0x0019] == b"\x11\0\0\0"
    assert found[0x000D] == (600).to_bytes(4, "big")
    assert found[0x8070] == (7).to_bytes(4, "big")
    assert found[0x8054] != bytes.fromhex("9f3a5c7e")
    assert "9f3a5c7e" not in text


def test_a_message_without_padding_and_a_classic_one() -> None:
    unpadded = build_stun(
        0x0003, noise("t", 12), [StunAttribute(0x4000, b"\5" + noise("v", 101))], aligned=False
    )
    data, text, _ = rebuilt([unpadded])
    assert stun_shape(data) == stun_shape(unpadded)
    assert "unaligned" in text
    assert data[24] == 5
    classic = build_stun(0x0001, noise("t", 16), [StunAttribute(0x0003, bytes(4))])
    data, text, _ = rebuilt([classic])
    assert stun_shape(data) == stun_shape(classic)
    assert "classic" in text


def test_zeros_that_read_as_attributes_are_padding() -> None:
    body = bytes.fromhex("40030009") + b"\1\0\0\0" + noise("r", 5) + bytes.fromhex("400401db") + bytes(475)
    probe = bytes.fromhex("080101ec2112a442") + noise("t", 12) + body
    assert [a.type for a in read_stun(probe).attributes] == [0x4003, 0x4004]
    data, text, _ = rebuilt([probe])
    assert len(data) == len(probe)
    assert 'fill = "zero"' in text


def test_a_relayed_datagram_keeps_its_protocols_first_bytes() -> None:
    asked, _ = check(0)
    parts = " ".join(relayed_parts(asked, Scrub()))
    assert asked[:8].hex() in parts
    assert asked[8:20].hex() not in parts
    assert relayed_parts(b"\x80\x6f" + bytes(30), Scrub())[0] == '{ hex = "806f" }'
    assert relayed_parts(b"a", Scrub()) == ["{ random = 1 }"]


def test_what_is_no_stun_has_no_shape() -> None:
    assert stun_shape(b"\xff" * 40) is None
    with pytest.raises(WireError):
        stun_table([b"\xff" * 40], Scrub(), up=True)
