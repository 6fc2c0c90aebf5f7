"""What a captive portal answers to whoever connects, in either network."""

from typing import Final

REDIRECT: Final = b"\r\n".join(
    (
        b"HTTP/1.1 302 Found",
        b"Location: http://portal.example/login",
        b"Content-Length: 0",
        b"Connection: close",
        b"\r\n",
    )
)
TLS_ALERT: Final = bytes.fromhex("15030300020228")
"""A fatal handshake_failure (RFC 8446 section 6): what a portal without TLS sends, if it is polite."""


def portal_answer(hello: bytes) -> bytes:
    """The portal's bytes for the first bytes of a client: never the reflector's."""
    return TLS_ALERT if hello[:1] == b"\x16" else REDIRECT
