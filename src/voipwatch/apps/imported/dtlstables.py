"""Captured DTLS datagrams as tables: records, algorithms and lengths stay; keys and certificates go."""

from typing import Final

from voipwatch.apps.codecs.dtls import CONTENTS, HANDSHAKES
from voipwatch.apps.imported.scrub import Scrub
from voipwatch.apps.imported.tables import Table, listed, spread, table
from voipwatch.wire import dtls
from voipwatch.wire.dtls_hello import DtlsExtension, decode_client_hello, decode_server_hello
from voipwatch.wire.errors import WireError

_EXTENSIONS_KEPT: Final = frozenset({5, 10, 11, 13, 14, 15, 22, 23, 43, 45, 50, 65281})
"""TLS extensions that list algorithms and versions (IANA), and name nobody."""


def dtls_shape(data: bytes) -> tuple[object, ...] | None:
    """Contents and lengths of the records."""
    try:
        records = dtls.decode_dtls(data)
    except WireError:
        return None
    found = []
    for record in records:
        if not isinstance(record, dtls.DtlsRecord):
            return None
        clear = record.content_type == dtls.HANDSHAKE and record.epoch == 0 and record.fragment
        found.append(
            (record.content_type, record.epoch, len(record.fragment), record.fragment[0] if clear else -1)
        )
    return tuple(found)


def dtls_table(data: bytes, scrub: Scrub) -> Table:
    """The table of one DTLS datagram.

    Raises:
        WireError: it holds what is no DTLS record, or a kind of record that the profile language lacks.
    """
    contents = {number: name for name, number in CONTENTS.items()}
    items: list[str] = []
    sequence, message_number = None, None
    for record in dtls.decode_dtls(data):
        if not isinstance(record, dtls.DtlsRecord) or record.content_type not in contents:
            raise WireError("DTLS", "record", 0, detail="a kind of record that no profile can say")
        if record.epoch == 0 and sequence is None:
            sequence = record.sequence
        version = "" if record.version == dtls.DTLS_1_2 else f", version = 0x{record.version:04x}"
        epoch = f", epoch = {min(record.epoch, 3)}" if record.epoch else ""
        if record.content_type == dtls.HANDSHAKE and record.epoch == 0:
            made, number = _handshakes(record.fragment, version, scrub)
            items += made
            message_number = number if message_number is None else message_number
            continue
        if record.content_type == dtls.CHANGE_CIPHER_SPEC:
            body = '[{ hex = "01" }]'
        else:
            scrub.took("payload")
            body = f"[{', '.join(spread('random', len(record.fragment)))}]"
        items.append(f'{{ content = "{contents[record.content_type]}"{version}{epoch}, body = {body} }}')
    return table(
        "dtls",
        len(data),
        first_sequence=sequence if sequence and sequence <= 1000 else None,
        first_message=message_number if message_number and message_number <= 1000 else None,
        records=listed(items),
    )


def _handshakes(fragment: bytes, version: str, scrub: Scrub) -> tuple[list[str], int | None]:
    names = {number: name for name, number in HANDSHAKES.items()}
    messages = dtls.decode_handshake(fragment)
    items: list[str] = []
    for message in messages:
        name = names.get(message.message_type)
        whole = message.fragment_offset == 0 and len(message.body) == message.length
        if name in {"client_hello", "server_hello"} and whole:
            items.append(_hello(name, message.body, version, scrub))
        elif name is not None and whole:
            body = _handshake_body(name, message.body, scrub)
            items.append(f'{{ handshake = "{name}"{version}{body} }}')
        else:
            scrub.took("payload")
            head = fragment[:12].hex() if len(messages) == 1 else dtls.encode_handshake(message)[:12].hex()
            rest = ", ".join(spread("random", max(1, len(message.body))))
            items.append(f'{{ content = "handshake"{version}, body = [{{ hex = "{head}" }}, {rest}] }}')
    return items, messages[0].message_sequence if messages else None


def _handshake_body(name: str, body: bytes, scrub: Scrub) -> str:
    if not body:
        return ""
    if name == "certificate" and len(body) > 10 and body[6:8] == b"\x30\x82":
        scrub.took("identifier")
        rest = ", ".join(spread("random", len(body) - 10))
        return f', body = [{{ length = 3 }}, {{ length = 3 }}, {{ hex = "3082" }}, {{ length = 2 }}, {rest}]'
    if name == "certificate_request" and len(body) <= 64 and body[-2:] == b"\0\0":
        return f', body = [{{ hex = "{body.hex()}" }}]'
    scrub.took("secret")
    return f", body = [{', '.join(spread('random', len(body)))}]"


def _hello(name: str, body: bytes, version: str, scrub: Scrub) -> str:
    hello = decode_client_hello(body) if name == "client_hello" else decode_server_hello(body)
    scrub.took("identifier")
    suites = getattr(hello, "cipher_suites", None) or (getattr(hello, "cipher_suite", 0),)
    extensions = ", ".join(_extension(item, scrub) for item in hello.extensions or ())
    session = f", session_id = {len(hello.session_id)}" if hello.session_id else ""
    listed_suites = ", ".join(f"0x{suite:04x}" for suite in suites[:64])
    more = f", extensions = [{extensions}]" if extensions else ""
    return f'{{ handshake = "{name}"{version}, cipher_suites = [{listed_suites}]{session}{more} }}'


def _extension(item: DtlsExtension, scrub: Scrub) -> str:
    if not item.data:
        return f"{{ type = {item.type} }}"
    if item.type in _EXTENSIONS_KEPT and len(item.data) <= 256:
        return f'{{ type = {item.type}, hex = "{item.data.hex()}" }}'
    scrub.took("identifier")
    return f"{{ type = {item.type}, random = {len(item.data)} }}"
