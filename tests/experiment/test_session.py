"""One ticket's session at the near end: what it builds, what it believes, what it remembers."""

from zlib import crc32

import msgspec
import pytest

from tests.experiment.support import NEAR_IP, NONCE, START_S, from_far, offered, reflector, small_profiles
from voipwatch.apps import kind_table, neutral_ports
from voipwatch.experiment.events import ReflectorSession
from voipwatch.experiment.session import Session, setup_crc
from voipwatch.model.flows import MEDIA_SEQ, FlowKind
from voipwatch.model.vocabulary import LINE, Arm, Media
from voipwatch.wire.place import uplink_place
from voipwatch.wire.token import FlowReceipt, TokenKeys, UpToken, encode_receipts, open_up_untrusted

PROFILES = small_profiles()
KINDS = kind_table(PROFILES)
A = next(k for k in KINDS if k.arm is Arm.A and k.media is Media.VOICE)
C = next(k for k in KINDS if k.arm is Arm.C and k.media is Media.VOICE and k.app == A.app)
WARMUP = next(k for k in KINDS if k.app == LINE)


def session(more: ReflectorSession | None = None) -> Session:
    return Session(0, PROFILES, KINDS, more or offered(reflector(PROFILES)), neutral_ports[0])


def test_a_session_needs_ticket_and_offer() -> None:
    whole = offered(reflector(PROFILES))
    for field in ("ticket", "offer"):
        with pytest.raises(ValueError, match="ticket"):
            session(msgspec.structs.replace(whole, **{field: None}))


@pytest.mark.parametrize(("version", "overhead"), [(4, 28), (6, 48)])
def test_headers_cost_what_the_ip_version_says(version: int, overhead: int) -> None:
    assert session(
        msgspec.structs.replace(offered(reflector(PROFILES)), ip_version=version)
    ).overhead_bytes == (overhead)


@pytest.mark.parametrize("chosen", [A, C])
def test_every_set_up_datagram_carries_a_token_that_the_far_end_can_open(chosen: FlowKind) -> None:
    mine = session()
    flow = mine.flow(chosen, 3)
    for turn, step in enumerate(mine.script(chosen, 3).rounds):
        seq = turn * 64 + 4
        data = mine.build_up(flow, seq, step.request, size=step.request.size, index=1)
        assert len(data) == step.request.size
        token = opened(mine, data, [seq])
        assert (token.number, token.flow, token.seq) == (mine.keys.number, flow, seq)
        assert not token.echoed


def opened(mine: Session, data: bytes, seqs: list[int], nonce: bytes | None = None) -> UpToken:
    place = uplink_place(data)
    assert place is not None
    token = open_up_untrusted(
        place,
        mine.keys.salt,
        lambda number: mine.keys.key if number == mine.keys.number else None,
        nonce_for=lambda _: nonce,
        likely_seqs=lambda *_: seqs,
    )
    assert token is not None
    return token


def test_a_built_datagram_depends_on_flow_sequence_and_nonce_alone() -> None:
    one, two = session(), session()
    step = one.script(A, 0).rounds[0].request
    flow = one.flow(A, 0)

    def built(mine: Session, number: int, seq: int) -> bytes:
        return mine.build_up(number, seq, step, size=step.size, index=0)

    assert built(one, flow, 0) == built(two, flow, 0)
    assert len({built(one, flow, 0), built(one, flow, 4), built(one, flow + 1, 0)}) == 3
    two.nonce = NONCE
    assert built(one, flow, 0) != built(two, flow, 0)


def test_the_nonce_of_an_answer_is_echoed_from_then_on() -> None:
    mine = session()
    packet = mine.script(C, 0).down[0]
    flow = mine.flow(C, 0)
    data = down(mine, MEDIA_SEQ)
    token = mine.open_down(flow, packet.message, data)
    assert token is not None
    assert (token.seq, token.nonce, mine.nonce) == (MEDIA_SEQ, NONCE, NONCE)
    up = mine.script(C, 0).up[0]
    built = mine.build_up(flow, MEDIA_SEQ, up.message, size=up.size, index=0)
    assert opened(mine, built, [], nonce=NONCE).echoed


def down(mine: Session, seq: int, *, keys: TokenKeys | None = None, extra: bytes = b"") -> bytes:
    """A downlink media packet of control flow 0."""
    packet = mine.script(C, 0).down[seq - MEDIA_SEQ]
    flow = mine.flow(C, 0)
    return from_far(mine, flow, packet.message, seq, packet.size, keys=keys, extra=extra)


def test_a_forged_answer_changes_neither_nonce_nor_receipts() -> None:
    mine = session()
    packet = mine.script(C, 0).down[0]
    flow = mine.flow(C, 0)
    receipts = encode_receipts([FlowReceipt(flow, 5, 5, 5, 5)], 36)
    forger = TokenKeys(mine.keys.number, mine.keys.key, bytes(16))
    forged = down(mine, MEDIA_SEQ, keys=forger, extra=receipts)
    assert mine.open_down(flow, packet.message, forged) is None
    assert mine.open_down(flow + 1, packet.message, down(mine, MEDIA_SEQ, extra=receipts)) is None
    assert mine.open_down(flow, packet.message, b"") is None
    assert mine.nonce == bytes(4)
    assert mine.collect_receipts() == []


def test_receipts_are_handed_out_once() -> None:
    mine = session()
    packet = mine.script(C, 0).down[0]
    sent = [FlowReceipt(9, 1030, 7, 123_456, 0b1011), FlowReceipt(40, 0, 1, 99, 0)]
    data = down(mine, MEDIA_SEQ, extra=encode_receipts(sent, 36))
    assert mine.open_down(mine.flow(C, 0), packet.message, data) is not None
    assert mine.collect_receipts() == sent
    assert mine.collect_receipts() == []


def test_ports_are_the_apps_or_the_sessions_neutral_one() -> None:
    mine = session()
    neutral = next(k for k in KINDS if k.arm is Arm.A_NEUTRAL and k.media is Media.VOICE)
    assert mine.port(mine.script(A, 0)) == 3478
    assert mine.port(mine.script(neutral, 0)) == neutral_ports[0]
    assert mine.port(mine.script(WARMUP, 0)) == neutral_ports[0]
    deaf = session(offered(reflector(PROFILES, udp=neutral_ports)))
    assert mine.serves(mine.script(A, 0))
    assert not deaf.serves(deaf.script(A, 0))
    assert deaf.serves(deaf.script(neutral, 0))


def test_both_ends_derive_the_same_script_and_it_is_compiled_once() -> None:
    mine = session()
    assert mine.script(A, 1) is mine.script(A, 1)
    assert [p.size for p in mine.script(A, 1).up] == [p.size for p in mine.script(C, 1).up]
    far = reflector(PROFILES)
    theirs = session(offered(far))
    step = theirs.script(A, 1).rounds[0].request
    data = theirs.build_up(theirs.flow(A, 1), 0, step, size=step.size, index=0)
    far.receive_datagrams([((NEAR_IP, 4_000), 3478, data)], START_S)
    (answer,) = far.datagrams_to_send(START_S + 1.0)
    reply = theirs.script(A, 1).rounds[0].replies[0]
    assert theirs.open_down(theirs.flow(A, 1), reply, answer[2], request=data, reply_seq=0) is not None


def test_the_set_up_checksum_is_crc_32() -> None:
    assert setup_crc(b"123456789") == 0xCBF43926 == crc32(b"123456789")
