"""A canary's look at one target: what this machine's resolver gives, and which addresses answer well.

The reflector is handed this by the command line: it is the probe's own way of asking, on another network.
"""

import secrets
from collections.abc import Callable
from typing import Final

from voipwatch.apps.targets import Target
from voipwatch.experiment.events import AskHost, CanaryView, HostOutcome, NameOutcome, ResolveName
from voipwatch.experiment.questions.provider import binding_answer, binding_request, good_answer
from voipwatch.probe.provider import PUBLIC, ask_host, resolve_name

TIMEOUT_S: Final = 3.0
ADDRESSES_MAX: Final = 3


def look_at(
    target: Target,
    *,
    resolve: Callable[[ResolveName], NameOutcome] = resolve_name,
    ask: Callable[[AskHost], HostOutcome] = ask_host,
) -> CanaryView:
    """What is to be seen of a target from here, now. Cannot fail; takes at most a quarter of a minute."""
    found = resolve(ResolveName(0, target.name, target.prefixes))
    known = [ip for ip, kind in zip(found.addresses, found.kinds, strict=True) if kind in PUBLIC]
    # One of each IP version first: whoever asks may have only one of them.
    first = {":" in ip: ip for ip in reversed(known)}
    chosen = [*first.values(), *(ip for ip in known if ip not in first.values())][:ADDRESSES_MAX]
    alive = []
    for ip in chosen:
        transaction = secrets.token_bytes(12)
        hello = binding_request(transaction) if target.transport == "stun" else b""
        name = target.name if target.transport == "tls" else ""
        outcome = ask(AskHost(0, target.transport, ip, target.port, TIMEOUT_S, name, hello))
        answer = binding_answer(outcome.data, transaction) if target.transport == "stun" else outcome.answer
        if good_answer(target.transport, target.trust, answer):
            alive.append(ip)
    return CanaryView(tuple(known), tuple(alive), 0.0)
