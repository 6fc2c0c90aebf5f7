"""A session's accounts, its few unproved flows, and its clock."""

from tests.reflector.core.support import AWAY, CALL, HOME, PORT, FakeScripts
from voipwatch.model.flows import REPLICATES
from voipwatch.reflector.core.limits import SOURCES_MAX, UNPROVED_FLOWS_MAX
from voipwatch.reflector.core.session import Flow, Session
from voipwatch.wire.token import TokenKeys

SCRIPTS = FakeScripts()


def new_session() -> Session:
    return Session(TokenKeys(1, bytes(32), bytes(16)), 10.0, 0.0, 10.0)


def add_flow(session: Session, replicate: int, source: tuple[str, int] = HOME) -> Flow:
    number = CALL * REPLICATES + replicate
    flow = Flow.of(
        number, SCRIPTS.kinds[CALL], script=SCRIPTS.scripts[CALL], secret=b"", port=PORT, source=source
    )
    session.flows[number] = flow
    return flow


def test_accounts_are_bounded() -> None:
    session = new_session()
    made = [session.account(f"192.0.2.{n}") for n in range(SOURCES_MAX + 2)]
    assert [account is not None for account in made] == [True] * SOURCES_MAX + [False] * 2
    assert session.account("192.0.2.0") is made[0]
    assert session.account("198.51.100.1", create=False) is None
    session.prove("198.51.100.1")  # no account left for it: still unproved
    assert "198.51.100.1" not in session.accounts


def test_few_flows_are_answered_without_proof_and_all_with_it() -> None:
    session = new_session()
    account = session.account(HOME[0])
    assert account is not None
    flows = [add_flow(session, n) for n in range(UNPROVED_FLOWS_MAX + 1)]
    assert [session.may_answer(flow, account) for flow in flows] == [True] * UNPROVED_FLOWS_MAX + [False]
    assert session.may_answer(flows[0], account)
    session.prove(HOME[0])
    assert session.may_answer(flows[-1], account)
    assert session.unproved_flows == set()


def test_a_proof_frees_only_its_own_addresses_flows() -> None:
    session = new_session()
    here, there = session.account(HOME[0]), session.account(AWAY[0])
    assert here is not None
    assert there is not None
    one, two = add_flow(session, 0), add_flow(session, 1, AWAY)
    assert session.may_answer(one, here)
    assert session.may_answer(two, there)
    session.prove(HOME[0])
    assert session.unproved_flows == {two.number}


def test_times_count_from_the_first_packet_and_never_backwards() -> None:
    session = new_session()
    assert session.t_us(12.5) == 2_500_000
    assert session.t_us(9.0) == 0


def test_a_flow_admits_what_its_script_has() -> None:
    flow = add_flow(new_session(), 5)
    assert flow.replicate == 5
    assert flow.window.admits(1024 + 49)
    assert not flow.window.admits(1024 + 50)
