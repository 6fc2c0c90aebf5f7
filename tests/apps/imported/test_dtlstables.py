"""DTLS datagrams as tables, from the flights of the project's own builder."""

import tomllib

import pytest

from tests.apps.imported.support import noise
from voipwatch.apps.codecs.use import Use
from voipwatch.apps.imported.dtlstables import dtls_shape, dtls_table
from voipwatch.apps.imported.scrub import Scrub
from voipwatch.apps.message_tables import read_message
from voipwatch.apps.messages import BuildContext, build
from voipwatch.apps.schema import Findings, Table
from voipwatch.model.vocabulary import Direction
from voipwatch.wire import dtls
from voipwatch.wire.dtls_hello import (
    ClientHello,
    DtlsExtension,
    ServerHello,
    encode_client_hello,
    encode_server_hello,
)
from voipwatch.wire.errors import WireError

NAME = b"\0\x0c\0\0\x09secret.me"


def record(*messages: tuple[int, bytes], epoch: int = 0, content: int = dtls.HANDSHAKE) -> bytes:
    data = b""
    for number, (kind, body) in enumerate(messages):
        fragment = body
        if content == dtls.HANDSHAKE and not epoch:
            fragment = dtls.encode_handshake(
                dtls.DtlsHandshake(message_type=kind, length=len(body), message_sequence=number, body=body)
            )
        data += dtls.encode_record(
            dtls.DtlsRecord(content_type=content, epoch=epoch, sequence=number, fragment=fragment)
        )
    return data


def rebuilt(data: bytes, *, up: bool) -> tuple[bytes, str]:
    text = "\n".join(dtls_table(data, Scrub()).lines)
    findings = Findings("test", {})
    spec = read_message("m", Table(tomllib.loads(text), "", findings))
    assert not findings.problems, findings.problems
    message = spec.compile(Use(Direction.UP if up else Direction.DOWN, reply=not up), pytest.fail)
    ctx = BuildContext(bytes(32), noise("e", 16), noise("t", message.room(message.size)), message.size)
    return build(message, ctx), text


def test_a_client_hello_keeps_its_algorithms_and_loses_its_names() -> None:
    extensions = (
        DtlsExtension(0, NAME),
        DtlsExtension(10, b"\0\2\0\x1d"),
        DtlsExtension(14, b"\0\2\0\1\0"),
        DtlsExtension(23),
    )
    random = noise("random", 32)
    hello = ClientHello(
        random=random, session_id=noise("id", 8), cipher_suites=(0xC02B, 0xC02F), extensions=extensions
    )
    data = record((dtls.CLIENT_HELLO, encode_client_hello(hello)))
    made, text = rebuilt(data, up=True)
    assert dtls_shape(made) == dtls_shape(data)
    assert "0xc02b, 0xc02f" in text
    assert "0002001d" in text
    for secret in (b"secret.me", random, noise("id", 8)):
        assert secret not in made
        assert secret.hex() not in text


def test_a_servers_flight_keeps_its_records_and_loses_its_certificate() -> None:
    hello = encode_server_hello(
        ServerHello(random=noise("r", 32), cipher_suite=0xC02B, extensions=(DtlsExtension(23),))
    )
    inner = b"\x30\x82\1\x2c" + noise("certificate", 300)
    certificate = (len(inner) + 3).to_bytes(3, "big") + len(inner).to_bytes(3, "big") + inner
    data = record((dtls.SERVER_HELLO, hello), (dtls.CERTIFICATE, certificate), (dtls.SERVER_HELLO_DONE, b""))
    made, text = rebuilt(data, up=False)
    assert dtls_shape(made) == dtls_shape(data)
    assert noise("certificate", 300)[:16].hex() not in text
    assert "server_hello_done" in text


def test_encrypted_records_and_fragments_are_random() -> None:
    change = dtls.encode_record(
        dtls.DtlsRecord(content_type=dtls.CHANGE_CIPHER_SPEC, sequence=3, fragment=b"\1")
    )
    data = change + record((0, noise("finished", 40)), epoch=1)
    made, text = rebuilt(data, up=True)
    assert dtls_shape(made) == dtls_shape(data)
    assert noise("finished", 40)[:8].hex() not in text
    piece = dtls.encode_handshake(
        dtls.DtlsHandshake(
            message_type=11, length=900, message_sequence=2, fragment_offset=300, body=noise("piece", 200)
        )
    )
    data = dtls.encode_record(dtls.DtlsRecord(content_type=dtls.HANDSHAKE, sequence=5, fragment=piece))
    made, text = rebuilt(data, up=True)
    assert len(made) == len(data)
    assert piece[:12].hex() in text
    assert piece[12:24].hex() not in text


def test_what_is_no_dtls_has_no_shape() -> None:
    assert dtls_shape(b"\x16\xfe\xfd" + b"\xff" * 40) is None
    with pytest.raises(WireError):
        dtls_table(b"\x16\xfe\xfd" + b"\xff" * 40, Scrub())
