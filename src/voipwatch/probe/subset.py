"""Which reflectors of a fleet are this probe's: a few, by its own secret, so that no probe shows them all.

Weighted rendezvous hashing (Schindelhauer and Schomaker, "Weighted distributed hash tables", SPAA 2005, the
logarithmic method): each reflector has a score of its own, which nothing in the rest of the list moves.
"""

import math
from collections.abc import Sequence
from hashlib import blake2b
from typing import Final

from voipwatch.wire.fleet import FleetReflector, ReflectorState

SUBSET: Final = 3
"""One to measure towards, and two for when it is gone: more would tell one censor's probe more."""
_DRAW_BITS: Final = 53


def subset_of(
    reflectors: Sequence[FleetReflector], secret: bytes, *, few: int = SUBSET
) -> tuple[FleetReflector, ...]:
    """This probe's reflectors, the one to be asked first at the front; those that drain are left out.

    A reflector is chosen in proportion to its capacity. Where the chosen are all hosted by one network and
    another one is listed, the last makes room for the best of the others. A list that changes moves only
    who held what went, or takes what came; the room made can move one more.

    Args:
        reflectors: of the list, in any order.
        secret: 16 to 64 bytes of the probe's own, which it gives to nobody.
        few: at most so many, 1 or more.
    """
    serving = [each for each in reflectors if each.state is ReflectorState.SERVING]
    ranked = sorted(serving, key=lambda each: (_score(each, secret), each.name))
    chosen, rest = ranked[:few], ranked[few:]
    if len(chosen) > 1 and len({_network(each) for each in chosen}) == 1:
        other = next((each for each in rest if _network(each) != _network(chosen[0])), None)
        if other is not None:
            chosen[-1] = other
    return tuple(chosen)


def _score(each: FleetReflector, secret: bytes) -> float:
    """The least wins. An exponential draw of rate `calls`: the winner is in proportion to the rates."""
    digest = blake2b(each.name.encode(), key=secret, person=b"vw-fleet", digest_size=8).digest()
    draw = (int.from_bytes(digest, "big") >> (64 - _DRAW_BITS)) + 0.5
    return -math.log(draw / (1 << _DRAW_BITS)) / each.calls


def _network(each: FleetReflector) -> str:
    """Those whose host is not known count as one: nothing says that they are apart."""
    return each.network.strip().casefold()
