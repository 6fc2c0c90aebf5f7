"""`--via`: what to measure through, understood and agreed to, each time anew.

In some countries a tunnel or a proxy is punished, so it has a question of its own, which `--yes` does not
answer. What was typed is held in memory only: no message, log or record repeats it, not even a wrong one.
"""

from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote_to_bytes

from voipwatch.cli.context import Context
from voipwatch.cli.errors import INTERRUPTED, Misuse, Stop
from voipwatch.cli.values import parse_endpoint

PROXY_PORT: Final = 1080
"""Of SOCKS (RFC 1928 section 3; IANA's registry), when the user names none."""
SCHEMES: Final = ("socks5", "socks5h")
"""Where the reflector's name is looked up makes no difference here: it is looked up as for the direct way."""
CREDENTIAL_BYTES_MAX: Final = 255
INTERFACE_CHARACTERS_MAX: Final = 255


@dataclass(frozen=True, slots=True)
class Through:
    """A tunnel's interface or a proxy, as the user named it."""

    kind: str
    """tunnel or socks5."""
    name: str = field(repr=False)
    """Interface, or the proxy's host: a name (ASCII) or address literal."""
    port: int = field(default=0, repr=False)
    credentials: tuple[bytes, bytes] | None = field(default=None, repr=False)


def parse_via(text: str) -> Through:
    """`wg0`, `socks5://host`, `socks5://user:password@[2001:db8::1]:1080`.

    Raises Misuse, which repeats nothing of the text.
    """
    scheme, separator, rest = text.strip().partition("://")
    if separator:
        if scheme.lower() not in SCHEMES:
            raise Misuse("error.via")
        return _proxy(rest)
    _require_tunnel(scheme)
    return Through("tunnel", scheme)


def _proxy(rest: str) -> Through:
    account, at, place = rest.rpartition("@")
    try:
        host, port = parse_endpoint(place.removesuffix("/"))
    except Misuse:
        raise Misuse("error.via") from None
    given = (
        place.removesuffix("/").rpartition("]")[2].count(":") if place.startswith("[") else place.count(":")
    )
    if given != 1:
        port = PROXY_PORT
    if not at:
        return Through("socks5", host, port)
    user, colon, password = account.partition(":")
    credentials = unquote_to_bytes(user), unquote_to_bytes(password)
    if not colon or not all(1 <= len(each) <= CREDENTIAL_BYTES_MAX for each in credentials):
        raise Misuse("error.via_account")
    return Through("socks5", host, port, credentials)


def _require_tunnel(interface: str) -> None:
    from voipwatch.cli.machinery import tunnel_problem  # noqa: PLC0415 -- slow, and seldom needed

    if not interface or len(interface) > INTERFACE_CHARACTERS_MAX:
        raise Misuse("error.via_missing")
    problem = tunnel_problem(interface)
    if problem is not None:
        raise Misuse(
            {"forbidden": "error.via_forbidden", "hardware": "error.via_hardware"}.get(
                problem, "error.via_missing"
            )
        )


def agree(context: Context, through: Through, *, yes: bool) -> None:
    """The person's own consent to the tunnel or proxy, each time.

    Raises:
        Misuse: nobody can be asked and `--yes-via` is missing.
        Stop: the person did not say yes; the status is that of Ctrl-C.
    """
    if yes:
        return
    if not context.interactive:
        raise Misuse("error.no_terminal_via")
    context.say(f"consent.via.{through.kind}", style="bold")
    context.say("consent.via.kept")
    answer = context.ask("consent.via.question")
    if answer is None:
        context.err.print()
    if answer is None or answer.casefold() not in context.texts.raw("consent.yes").split():
        raise Stop(INTERRUPTED, "consent.declined")


def require_proxy(context: Context, through: Through) -> None:
    """Speak to a proxy before the first packet of a check goes anywhere: the check is half done without it.

    Raises Misuse, which repeats nothing of what was typed.
    """
    if through.kind != "socks5":
        return
    from voipwatch.cli.machinery import proxy_problem  # noqa: PLC0415 -- slow, and seldom needed

    context.say("check.proxy", style="dim")
    problem = proxy_problem(through)
    if problem is not None:
        raise Misuse(f"error.via_proxy_{problem}")
