"""Which numbers are tried for a token without one, in which order, and how often a script is compiled."""

from tests.reflector.core.support import CALL, HOME, PORT, TXID, WARM, FakeScripts
from voipwatch.model.flows import REPLICATES
from voipwatch.reflector.core.likely import LikelySeqs
from voipwatch.reflector.core.session import Flow, Session
from voipwatch.reflector.core.tickets import Tickets
from voipwatch.wire.token import TokenKeys


def world() -> tuple[LikelySeqs, FakeScripts, dict[int, Session], int]:
    scripts, sessions, tickets = FakeScripts(), dict[int, Session](), Tickets(bytes(32))
    ticket = tickets.issue(bytes(16), None, wall_s=0)
    assert ticket is not None
    return LikelySeqs(lambda _: scripts, tickets, sessions), scripts, sessions, ticket.number


def test_rounds_in_order_and_all_their_tries() -> None:
    likely, _, _, number = world()
    expected = [64 * turn + 4 * attempt for turn in range(3) for attempt in range(16)]
    assert list(likely(number, TXID * REPLICATES)) == expected
    assert list(likely(number, CALL * REPLICATES)) == expected[:32]
    assert list(likely(number, WARM * REPLICATES)) == []


def test_the_present_round_comes_first() -> None:
    likely, scripts, sessions, number = world()
    session = sessions[number] = Session(TokenKeys(number, bytes(32), bytes(16)), 0.0, 0.0, 0.0)
    flow = Flow.of(
        TXID * REPLICATES,
        scripts.kinds[TXID],
        script=scripts.scripts[TXID],
        secret=b"",
        port=PORT,
        source=HOME,
    )
    flow.last_round = 1
    session.flows[flow.number] = flow
    tried = list(likely(number, flow.number))
    assert (tried[0], tried[16], tried[32]) == (64, 128, 0)
    assert len(set(tried)) == 48


def test_garbage_compiles_a_kind_once_and_an_unknown_one_never() -> None:
    likely, scripts, _, number = world()
    for replicate in range(20):
        list(likely(number, TXID * REPLICATES + replicate))
    assert scripts.compiled == 1
    assert list(likely(number, 0xFFFF)) == []
    assert list(likely(number ^ 1, CALL * REPLICATES)) == []
    assert scripts.compiled == 1
