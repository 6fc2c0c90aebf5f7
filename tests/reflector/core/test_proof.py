"""What an unproved address may be sent, and its nonce."""

from hypothesis import given
from hypothesis import strategies as st

from voipwatch.reflector.core.proof import Account, source_nonce

SECRET = bytes(range(32))


@given(steps=st.lists(st.tuples(st.booleans(), st.integers(1, 1500)), max_size=60))
def test_out_never_exceeds_in(steps: list[tuple[bool, int]]) -> None:
    account = Account("p")
    total = {True: 0, False: 0}
    number = {True: 0, False: 0}
    for inward, size in steps:
        if inward:
            account.receive(size)
        elif account.affords(size):
            account.spend(size)
        else:
            continue
        total[inward] += size
        number[inward] += 1
        assert total[False] <= total[True]
        assert number[False] <= number[True]


def test_as_much_as_came_in_may_leave_and_no_more() -> None:
    account = Account("p")
    account.receive(100)
    assert account.affords(100)
    assert not account.affords(101)
    account.spend(50)
    assert not account.affords(10)  # a second datagram for one
    account.proved = True
    assert account.affords(10**6)


def test_a_nonce_belongs_to_a_ticket_and_an_address() -> None:
    nonces = {
        source_nonce(secret, number, ip)
        for secret in (SECRET, bytes(32))
        for number in (0, 1, 65535)
        for ip in ("192.0.2.1", "192.0.2.2", "2001:db8::1")
    }
    assert len(nonces) == 18
    assert all(len(nonce) == 4 and any(nonce) for nonce in nonces)
    assert source_nonce(SECRET, 1, "192.0.2.1") == source_nonce(SECRET, 1, "192.0.2.1")
