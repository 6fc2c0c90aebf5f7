"""The line test beside the site: one coturn for all of its processes, a far end in each.

What the processes have to know of each other lies in a folder: which coturn runs, which ways are proved, how
many reports came today.
"""

import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from ipaddress import ip_address, ip_network
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import msgspec
from cryptography import x509
from msgspec.structs import replace

from voipwatch.site.app import wall_clock
from voipwatch.site.linetest.callers import caller_name
from voipwatch.site.linetest.counts import DayCounts
from voipwatch.site.linetest.far_end import FarEnd, is_installed
from voipwatch.site.linetest.handler import LineTest
from voipwatch.site.linetest.inbox import Inbox, Locate
from voipwatch.site.linetest.messages import Arm
from voipwatch.site.linetest.proofs import Proofs
from voipwatch.site.linetest.relay import KeptRelay, RelayWord
from voipwatch.site.linetest.turn import TurnError, TurnOptions, TurnServer, offers, open_port

LINE_TEST: Final = "/linetest/"
RELAY: Final = "relay"
"""The file in the shared folder that says which coturn runs."""
COUNTS: Final = "reports"
"""The file in the shared folder that counts today's reports."""


class LineTestOrder(msgspec.Struct, frozen=True, kw_only=True):
    """The far end of the line test in the browser."""

    address: str
    """That visitors reach this machine at."""
    reports: str = ""
    """Folder of browsers' reports; empty: none are taken."""
    turn: bool = False
    """Whether coturn is started beside it."""
    turn_port: int = 3478
    """For UDP and TCP."""
    turn_tls_port: int = 443
    turn_name: str = ""
    """In the certificate; without it there is no arm over TLS by name."""
    certificate: str = ""
    certificate_key: str = ""
    turn_secret: str = ""
    """Of the coturn that `alongside` keeps running; empty: there is none."""
    shared: str = ""
    """Folder of all processes, made by `alongside`; empty: nothing is shared or proved, no report taken."""
    caller_key: str = ""
    """In hexadecimal, of callers' names; made by `alongside` unless given (a test), and never on a disk."""
    processes: int = 1
    """Of far ends, as `alongside` was told."""
    proxies: tuple[str, ...] = ()
    """Prefixes of proxies in front, whose X-Forwarded-For is believed."""
    networks: str = ""
    """Folder of a table of networks, for whoever brings `locate`; empty: reports are of nowhere."""


def nowhere(_address: str) -> tuple[None, None]:
    """Country and network of an address, where nobody knows them."""
    return None, None


def line_test(order: LineTestOrder, locate: Locate = nowhere) -> LineTest:
    """The application in this process; `locate` is for browsers' reports.

    Raises ValueError for a proxy that is no prefix.
    """
    inbox, relayed, word, proofs = None, None, None, None
    if order.shared:
        folder, key = Path(order.shared), bytes.fromhex(order.caller_key)
        word, proofs = RelayWord(folder / RELAY), Proofs(folder, order.address, wall_clock, key)
        if order.reports:
            counts = DayCounts(folder / COUNTS)
            inbox = Inbox(Path(order.reports), locate=locate, clock=wall_clock, key=key, counts=counts)
        if order.turn_secret:
            relayed = partial(_offered, _options(order), order.turn_secret, key, word)
    far_end = None
    if is_installed():
        which = None if relayed is None or word is None else word.which
        far_end = FarEnd(order.address, proofs=proofs, relay=which)
    proxies = tuple(ip_network(text, strict=False) for text in order.proxies)
    return LineTest(far_end, relayed, inbox, proxies, base=LINE_TEST)


@contextmanager
def alongside(order: LineTestOrder, say: Callable[[str], Any], processes: int = 1) -> Iterator[LineTestOrder]:
    """What runs once for all `processes` until the end of the block: the order with the folder that they
    share and, where one is wanted, the secret of a coturn that is kept running.

    What cannot be had is said and left out: the page then says what was not run.
    """
    if not is_installed():
        say("the line test has no far end: aiortc is missing (pip install 'voipwatch[linetest]')")
    with TemporaryDirectory(prefix="voipwatch-line-test-") as folder, ExitStack() as stack:
        shared = replace(
            order, shared=folder, caller_key=order.caller_key or secrets.token_hex(32), processes=processes
        )
        if order.turn:
            secret = secrets.token_hex(16)
            try:
                shared = _with_open_port(shared, say)
                server = TurnServer(_options(shared), secret, wall_clock)
                stack.enter_context(KeptRelay(server, RelayWord(Path(folder) / RELAY), say))
                shared = replace(shared, turn_secret=secret)
            except TurnError as error:
                say(f"the line test runs without relay: {error}")
        yield shared


def _with_open_port(order: LineTestOrder, say: Callable[[str], Any]) -> LineTestOrder:
    port = open_port(order.address, order.turn_port)
    if port != order.turn_port:
        say(f"the line test's relay listens on port {port}: {order.turn_port} of {order.address} is taken")
    return replace(order, turn_port=port)


def _options(order: LineTestOrder) -> TurnOptions:
    return TurnOptions(
        address=order.address,
        far_end=order.address,
        name=order.turn_name,
        port=order.turn_port,
        tls_port=order.turn_tls_port,
        certificate=Path(order.certificate) if order.certificate else None,
        key=Path(order.certificate_key) if order.certificate_key else None,
        processes=order.processes,
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


def _offered(
    options: TurnOptions, secret: str, key: bytes, word: RelayWord, caller: str
) -> tuple[dict[Arm, str], str, str]:
    visitor = caller_name(caller, key).hex()
    uris, user, password = offers(options, secret, wall_clock(), visitor)
    return (uris if word.which() else {}), user, password
