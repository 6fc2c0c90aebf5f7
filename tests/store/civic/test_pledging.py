"""Pledges, with both databases."""

from hashlib import sha256

import pytest
from sqlalchemy import Engine, text

from voipwatch.store.civic.boycott_rows import add_boycott
from voipwatch.store.civic.opening import DatabaseError, reading, writing
from voipwatch.store.civic.pledging import (
    PledgeRow,
    PledgeState,
    counts,
    declare,
    erase,
    forget_spent,
    is_spent,
    pledge_of,
    report,
    take_back,
)

DAY = "2026-11-06"


def digest(number: int) -> bytes:
    return sha256(b"%d" % number).digest()


@pytest.fixture
def pledged(engine: Engine) -> Engine:
    """Five pledges of `b`, one of them of `other` too."""
    with writing(engine) as connection:
        for name in ("b", "other"):
            add_boycott(connection, name, "{}", now_s=0)
        for number in range(5):
            assert declare(connection, "b", digest(number), day=DAY)
        assert declare(connection, "other", digest(0), day=DAY)
    return engine


def test_a_token_pledges_once(pledged: Engine) -> None:
    with writing(pledged) as connection:
        report(connection, "b", digest(1), PledgeState.KEPT)
        assert not declare(connection, "b", digest(1), day="2026-11-07")
        assert pledge_of(connection, "b", digest(1)) == PledgeRow(DAY, PledgeState.KEPT)
        assert counts(connection, "b")[PledgeState.DECLARED] == 5


def test_the_newest_report_counts_and_never_two(pledged: Engine) -> None:
    with writing(pledged) as connection:
        assert report(connection, "b", digest(1), PledgeState.KEPT)
        assert report(connection, "b", digest(2), PledgeState.KEPT)
        assert report(connection, "b", digest(2), PledgeState.BROKEN)
        assert not report(connection, "b", digest(9), PledgeState.KEPT)
    with reading(pledged) as connection:
        assert counts(connection, "b") == {
            PledgeState.DECLARED: 5, PledgeState.KEPT: 1, PledgeState.BROKEN: 1,
        }  # fmt: skip
        assert counts(connection, "other")[PledgeState.KEPT] == 0


def test_what_is_taken_back_is_gone(pledged: Engine) -> None:
    with writing(pledged) as connection:
        report(connection, "b", digest(0), PledgeState.KEPT)
        assert take_back(connection, "b", digest(0), spend=False)
        assert not take_back(connection, "b", digest(0), spend=False)
        assert not is_spent(connection, "b", digest(0))
        assert pledge_of(connection, "b", digest(0)) is None
        assert pledge_of(connection, "other", digest(0)) is not None
        assert counts(connection, "b") == {
            PledgeState.DECLARED: 4, PledgeState.KEPT: 0, PledgeState.BROKEN: 0,
        }  # fmt: skip


def test_what_is_spent_is_no_pledge_and_makes_none_again(pledged: Engine) -> None:
    with writing(pledged) as connection:
        assert take_back(connection, "b", digest(0), spend=True)
        assert is_spent(connection, "b", digest(0))
        assert not is_spent(connection, "other", digest(0))
        assert not is_spent(connection, "b", digest(1))
        assert not is_spent(connection, "b", digest(9))
        assert pledge_of(connection, "b", digest(0)) is None
        assert not declare(connection, "b", digest(0), day=DAY)
        assert not report(connection, "b", digest(0), PledgeState.KEPT)
        assert not take_back(connection, "b", digest(0), spend=True)
        assert not take_back(connection, "b", digest(0), spend=False)
        assert counts(connection, "b")[PledgeState.DECLARED] == 4
        assert connection.execute(text("SELECT day FROM pledges WHERE state = 'spent'")).scalars().all() == [
            ""
        ]
        assert take_back(connection, "other", digest(0), spend=True)
        assert forget_spent(connection, "b") == 1
        assert forget_spent(connection, "b") == 0
        assert not is_spent(connection, "b", digest(0))
        assert is_spent(connection, "other", digest(0)), "each campaign's own"
        assert counts(connection, "b")[PledgeState.DECLARED] == 4


def test_a_state_that_nobody_knows_is_damage(pledged: Engine) -> None:
    with writing(pledged) as connection:
        changed = text("UPDATE pledges SET state = 'doubled' WHERE boycott = 'b' AND digest = :digest")
        connection.execute(changed, {"digest": digest(3)})
    with reading(pledged) as connection:
        with pytest.raises(DatabaseError, match="damaged: a pledge of b"):
            pledge_of(connection, "b", digest(3))
        with pytest.raises(DatabaseError, match="damaged: pledges of b"):
            counts(connection, "b")
        assert counts(connection, "other")[PledgeState.DECLARED] == 1


def test_erasing_takes_all_of_one_campaign(pledged: Engine) -> None:
    with writing(pledged) as connection:
        assert erase(connection, "b") == 5
        assert erase(connection, "b") == 0
        assert counts(connection, "other")[PledgeState.DECLARED] == 1


def test_no_pledge_without_its_campaign(pledged: Engine) -> None:
    with pytest.raises(DatabaseError), writing(pledged) as connection:
        declare(connection, "none", digest(1), day=DAY)
