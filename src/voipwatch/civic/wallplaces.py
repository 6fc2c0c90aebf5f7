"""Who may wait for the wall: places for pages that somebody has named, and who gives his up.

Anybody may name any page, so places are few and naming one is cheap. What is not cheap is a page that
carries the counter. So a page has one place however often it is enrolled, and nobody's mark takes another
one's; a host's front page has one that no other page of the host can take; and where no place is left, a page
goes that was looked at and carried no counter. One that carries it goes only from a domain that has more than
its share.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from voipwatch.civic.registrable import registrable_domain
from voipwatch.civic.wall import HOUR_S, Enrolment, State, WallError, WallFault, WallPage, is_front

WAITING_MAX: Final = 2_000
"""Of all: each is a page that somebody makes us ask."""
WAITING_A_SITE_MAX: Final = 5
"""Of one host, beside its front page."""
WAITING_A_DOMAIN_MAX: Final = 20
"""Of one registrable domain, of those without a counter."""
UNLOOKED_S: Final = HOUR_S
"""For so long a page keeps its place where nobody has come to look."""


def displaced(held: Sequence[Enrolment], page: WallPage, *, now_s: int) -> list[Enrolment]:
    """Which of those that wait go, so that a page can wait that does not yet.

    Raises WallError (`FULL`) where none may go.
    """
    domain = registrable_domain(page.site)
    gone: list[Enrolment] = []

    def left() -> list[Enrolment]:
        return [each for each in held if each not in gone]

    if not is_front(page.url):
        mine = [each for each in left() if each.site == page.site and not is_front(each.page)]
        gone += _give_up(mine, WAITING_A_SITE_MAX, now_s)
    bare = [each for each in left() if each.state is not State.COUNTED]
    gone += _give_up(
        [each for each in bare if registrable_domain(each.site) == domain], WAITING_A_DOMAIN_MAX, now_s
    )
    if len(left()) >= WAITING_MAX:
        gone.append(_oldest(_free(left(), now_s)) or _of_the_largest(left()))
    return gone


def _give_up(held: Sequence[Enrolment], most: int, now_s: int) -> list[Enrolment]:
    if len(held) < most:
        return []
    found = _oldest(_free(held, now_s))
    if found is None:
        raise WallError(WallFault.FULL)
    return [found]


def _free(held: Iterable[Enrolment], now_s: int) -> list[Enrolment]:
    """Those whose place may be taken."""
    return [
        each
        for each in held
        if each.state is State.BARE or (each.state is State.WAITING and now_s - each.since_s >= UNLOOKED_S)
    ]


def _of_the_largest(held: Sequence[Enrolment]) -> Enrolment:
    """The oldest that carries the counter, of the domain that has most. Raises WallError where that one has
    no more than its share.
    """
    by_domain = Counter(registrable_domain(each.site) for each in held)
    domain, count = by_domain.most_common(1)[0]
    counted = [each for each in held if each.state is State.COUNTED]
    found = _oldest(each for each in counted if registrable_domain(each.site) == domain)
    if found is None or count <= WAITING_A_DOMAIN_MAX:
        raise WallError(WallFault.FULL)
    return found


def _oldest(held: Iterable[Enrolment]) -> Enrolment | None:
    return min(held, key=lambda each: (each.since_s, each.mark), default=None)
