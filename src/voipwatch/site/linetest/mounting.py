"""The line test beside the site: one coturn for all of its processes, a far end in each."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final

import msgspec
from cryptography import x509
from msgspec.structs import replace

from voipwatch.site.app import wall_clock
from voipwatch.site.linetest.far_end import FarEnd, is_installed
from voipwatch.site.linetest.handler import LineTest
from voipwatch.site.linetest.inbox import Inbox, Locate
from voipwatch.site.linetest.messages import Arm
from voipwatch.site.linetest.turn import TurnError, TurnOptions, TurnServer, offers

LINE_TEST: Final = "/linetest/"


class LineTestOrder(msgspec.Struct, frozen=True, kw_only=True):
    """The far end of the line test in the browser."""

    address: str
    """That visitors reach this machine at."""
    reports: str = ""
    """Folder of browsers' reports; empty: none are taken."""
    turn: bool = False
    """Whether coturn is started beside it."""
    turn_tls_port: int = 443
    turn_name: str = ""
    """In the certificate; without it there is no arm over TLS by name."""
    certificate: str = ""
    certificate_key: str = ""
    turn_secret: str = ""
    """Of the coturn that runs; empty: none does."""


def nowhere(_address: str) -> tuple[None, None]:
    """Country and network of an address, where nobody knows them."""
    return None, None


def line_test(order: LineTestOrder, locate: Locate = nowhere) -> LineTest:
    """The application in this process; `locate` is for browsers' reports."""
    relayed = partial(_offered, _options(order), order.turn_secret) if order.turn_secret else None
    inbox = None
    if order.reports:
        key = secrets.token_bytes(32)
        inbox = Inbox(Path(order.reports), locate=locate, clock=wall_clock, key=key)
    far_end = FarEnd(order.address) if is_installed() else None
    return LineTest(far_end, relayed, inbox, base=LINE_TEST)


@contextmanager
def with_turn(order: LineTestOrder, say: Callable[[str], Any]) -> Iterator[LineTestOrder]:
    """The order with the secret of a coturn that runs until the end of the block, where one is wanted.

    What cannot be had is said and left out: the page then says what was not run.
    """
    if not is_installed():
        say("the line test has no far end: aiortc is missing (pip install 'voipwatch[linetest]')")
    if not order.turn:
        yield order
        return
    secret = secrets.token_hex(16)
    server = TurnServer(_options(order), secret, wall_clock)
    try:
        server.__enter__()
    except TurnError as error:
        say(f"the line test runs without relay: {error}")
        yield order
        return
    try:
        yield replace(order, turn_secret=secret)
    finally:
        server.close()


def _options(order: LineTestOrder) -> TurnOptions:
    return TurnOptions(
        address=order.address,
        far_end=order.address,
        name=order.turn_name,
        tls_port=order.turn_tls_port,
        certificate=Path(order.certificate) if order.certificate else None,
        key=Path(order.certificate_key) if order.certificate_key else None,
        certificate_has_address=_is_good_for(order.certificate, order.address),
    )


def _is_good_for(certificate: str, address: str) -> bool:
    """Whether a certificate (PEM) names an address itself: TLS is then tried without a name too."""
    try:
        found = x509.load_pem_x509_certificate(Path(certificate).read_bytes())
        names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (OSError, ValueError, x509.ExtensionNotFound):
        return False
    return ip_address(address) in names.get_values_for_type(x509.IPAddress)


def _offered(options: TurnOptions, secret: str) -> tuple[dict[Arm, str], str, str]:
    return offers(options, secret, wall_clock())
