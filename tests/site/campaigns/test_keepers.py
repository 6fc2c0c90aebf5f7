"""Enrolment, two factors, sessions: with either database."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.site.campaigns.admin_visits import secret_of
from tests.site.campaigns.instance import NOW
from voipwatch.civic.keepers import AccountError, wait_s
from voipwatch.civic.onetime import STEP_S, code_at
from voipwatch.civic.roles import Role
from voipwatch.site.campaigns.desk import Desk
from voipwatch.site.campaigns.keepers import Enrolment, Keepers, Refusal, Visitor
from voipwatch.store.civic.audit_log import audit_rows
from voipwatch.store.civic.opening import reading


def code_of(made: Enrolment, now_s: int) -> str:
    return code_at(secret_of(made), now_s // STEP_S)


def wrong_code(made: Enrolment, now_s: int) -> str:
    right = {code_at(secret_of(made), now_s // STEP_S + step) for step in (-1, 0, 1)}
    return next(each for each in ("000000", "000001", "000002", "000003") if each not in right)


def enter(
    keepers: Keepers,
    made: Enrolment,
    now_s: int = NOW,
    *,
    name: str | None = None,
    typed: str | None = None,
    code: str | None = None,
) -> Visitor | Refusal:
    """With both factors, but for what is said otherwise."""
    return keepers.enter(
        made.name if name is None else name,
        made.passphrase if typed is None else typed,
        code_of(made, now_s) if code is None else code,
        now_s=now_s,
    )


@pytest.fixture
def keepers(desk: Desk) -> Keepers:
    return Keepers(desk, "root")


def test_an_account_enters_with_both_factors(both_desks: Desk) -> None:
    keepers = Keepers(both_desks, "root")
    assert not keepers.exist()
    made = keepers.add("amina", Role.MODERATOR, now_s=NOW)
    assert keepers.exist()
    found = enter(keepers, made)
    assert isinstance(found, Visitor)
    assert (found.account, found.role, found.who) == ("amina", Role.MODERATOR, "page/amina")
    assert keepers.visitor(found.token, now_s=NOW) == found
    assert keepers.visitor(found.token[:-1], now_s=NOW) is None
    keepers.leave(found.token)
    assert keepers.visitor(found.token, now_s=NOW) is None


def test_neither_factor_is_in_the_database(keepers: Keepers, desk: Desk) -> None:
    made = keepers.add("amina", Role.KEEPER, now_s=NOW)
    found = enter(keepers, made)
    assert isinstance(found, Visitor)
    folder = desk.campaigns.folder
    kept = b"".join(file.read_bytes() for file in (folder / "db").iterdir())
    for secret in (made.passphrase.encode(), made.passphrase.replace("-", "").encode(), secret_of(made),
                   found.token.encode()):  # fmt: skip
        assert secret not in kept
    assert (folder / "secrets" / "amina.account").read_bytes()[:20] == secret_of(made)


@pytest.mark.parametrize(
    "changes", [{"name": "nobody"}, {"name": ""}, {"typed": "aaaa-aaaa"}, {"typed": ""}, {"code": ""}]
)
def test_one_wrong_factor_is_wrong(keepers: Keepers, changes: dict[str, str]) -> None:
    made = keepers.add("amina", Role.KEEPER, now_s=NOW)
    typed = {"name": None, "typed": None, "code": None} | changes
    found = enter(keepers, made, name=typed["name"], typed=typed["typed"], code=typed["code"])
    assert found is Refusal.WRONG


def test_one_accounts_code_does_not_open_anothers(keepers: Keepers) -> None:
    one, other = (keepers.add(name, Role.KEEPER, now_s=NOW) for name in ("one", "other"))
    assert enter(keepers, one, code=code_of(other, NOW)) is Refusal.WRONG
    assert enter(keepers, one, typed=other.passphrase) is Refusal.WRONG


def test_a_code_is_used_once_for_entering_and_for_acts(keepers: Keepers) -> None:
    made = keepers.add("amina", Role.KEEPER, now_s=NOW)
    found = enter(keepers, made)
    assert isinstance(found, Visitor)
    assert enter(keepers, made) is Refusal.WRONG
    assert keepers.confirm(found, code_of(made, NOW), now_s=NOW) is Refusal.WRONG
    later = NOW + STEP_S
    assert keepers.confirm(found, code_of(made, later), now_s=later) is None
    assert keepers.confirm(found, code_of(made, later), now_s=later) is Refusal.WRONG


def test_refused_codes_make_wait_and_longer_each_time(both_desks: Desk) -> None:
    keepers = Keepers(both_desks, "root")
    made, now_s = keepers.add("amina", Role.KEEPER, now_s=NOW), NOW
    for failures in range(1, 8):
        assert enter(keepers, made, now_s, code=wrong_code(made, now_s)) is Refusal.WRONG
        if wait_s(failures):
            # Even the right code is not looked at while it waits.
            assert enter(keepers, made, now_s + wait_s(failures) - 1) is Refusal.WAIT
        now_s += wait_s(failures)
    assert now_s - NOW == 30 + 60 + 120 + 240 + 480


def test_after_the_wait_the_right_code_enters(keepers: Keepers) -> None:
    made = keepers.add("amina", Role.KEEPER, now_s=NOW)
    for number in range(3):
        assert enter(keepers, made, NOW + number, code=wrong_code(made, NOW)) is Refusal.WRONG
    assert enter(keepers, made, NOW + 31) is Refusal.WAIT
    assert enter(keepers, made, NOW + 32, code=wrong_code(made, NOW + 32)) is Refusal.WRONG
    assert enter(keepers, made, NOW + 32 + 59) is Refusal.WAIT
    assert isinstance(enter(keepers, made, NOW + 32 + 60), Visitor)
    assert keepers.all()[0].failures == 0


def test_guesses_at_once_are_each_counted(both_desks: Desk) -> None:
    keepers = Keepers(both_desks, "root")
    made = keepers.add("amina", Role.KEEPER, now_s=NOW)
    guess = wrong_code(made, NOW)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: enter(keepers, made, code=guess), range(8)))
    assert (found.count(Refusal.WRONG), found.count(Refusal.WAIT)) == (3, 5)


def test_a_stranger_locks_nobody_out(keepers: Keepers) -> None:
    made = keepers.add("amina", Role.KEEPER, now_s=NOW)
    for _ in range(20):
        assert enter(keepers, made, typed="not it", code="000000") is Refusal.WRONG
    assert isinstance(enter(keepers, made), Visitor)


def test_a_clock_that_was_set_back_locks_nobody_out(keepers: Keepers) -> None:
    made = keepers.add("amina", Role.KEEPER, now_s=NOW)
    ahead = NOW + 10 * 86_400
    for _ in range(5):
        enter(keepers, made, ahead, code=wrong_code(made, ahead))
    assert isinstance(enter(keepers, made), Visitor)


def test_sessions_end_by_idleness_and_age(keepers: Keepers) -> None:
    made = keepers.add("amina", Role.KEEPER, now_s=NOW)
    found = enter(keepers, made)
    assert isinstance(found, Visitor)
    now_s = NOW
    while now_s < NOW + 8 * 3600 - 1799:
        assert keepers.visitor(found.token, now_s=now_s) is not None
        now_s += 1799
    assert keepers.visitor(found.token, now_s=NOW + 8 * 3600) is None
    idle = enter(keepers, made, NOW + 60)
    assert isinstance(idle, Visitor)
    assert keepers.visitor(idle.token, now_s=NOW + 60 + 1800) is None
    assert keepers.visitor("", now_s=NOW) is None


def test_entering_again_is_a_new_session_and_ends_the_old_one(keepers: Keepers) -> None:
    made = keepers.add("amina", Role.KEEPER, now_s=NOW)
    first = enter(keepers, made)
    assert isinstance(first, Visitor)
    later = NOW + STEP_S
    second = keepers.enter("amina", made.passphrase, code_of(made, later), now_s=later, leaving=first.token)
    assert isinstance(second, Visitor)
    assert second.token != first.token
    assert keepers.visitor(first.token, now_s=later) is None


def test_new_factors_and_removal_end_everything(both_desks: Desk) -> None:
    keepers = Keepers(both_desks, "root")
    made = keepers.add("amina", Role.KEEPER, now_s=NOW)
    found = enter(keepers, made)
    assert isinstance(found, Visitor)
    new = keepers.renew("amina", now_s=NOW)
    assert keepers.visitor(found.token, now_s=NOW) is None
    assert enter(keepers, made, NOW + 60) is Refusal.WRONG
    again = enter(keepers, new, NOW + 60)
    assert isinstance(again, Visitor)
    keepers.remove("amina", now_s=NOW)
    assert keepers.visitor(again.token, now_s=NOW + 60) is None
    assert (keepers.exist(), both_desks.peppers.account("amina")) == (False, None)
    with reading(both_desks.engine) as connection:
        told = [(row.who, row.act, row.subject, row.detail) for row in audit_rows(connection)][1:]
    assert told == [
        ("root", "account-add", "amina", "keeper"),
        ("page/amina", "sign-in", "", ""),
        ("root", "account-renew", "amina", ""),
        ("page/amina", "sign-in", "", ""),
        ("root", "account-remove", "amina", ""),
    ]


@pytest.mark.parametrize(
    ("act", "name", "reason"),
    [
        ("add", "amina", "taken"),
        ("add", "../x", "name"),
        ("renew", "nobody", "unknown"),
        ("remove", "x", "unknown"),
    ],
)
def test_what_cannot_be_done(keepers: Keepers, act: str, name: str, reason: str) -> None:
    keepers.add("amina", Role.KEEPER, now_s=NOW)
    do = partial(keepers.add, role=Role.READER) if act == "add" else getattr(keepers, act)
    with pytest.raises(AccountError) as refused:
        do(name, now_s=NOW)
    assert refused.value.reason == reason


def test_without_its_file_of_secrets_nobody_enters(keepers: Keepers, desk: Desk) -> None:
    made = keepers.add("amina", Role.KEEPER, now_s=NOW)
    Path(desk.campaigns.secrets / "amina.account").unlink()
    assert enter(keepers, made) is Refusal.WRONG
    assert isinstance(enter(keepers, keepers.renew("amina", now_s=NOW)), Visitor)


def test_what_was_refused_is_in_the_audit_log(keepers: Keepers, desk: Desk) -> None:
    made = keepers.add("amina", Role.KEEPER, now_s=NOW)
    enter(keepers, made, code=wrong_code(made, NOW))
    enter(keepers, made, typed="wrong")
    with reading(desk.engine) as connection:
        assert [row for row in audit_rows(connection) if row.act == "refuse-code"] == [
            (NOW, "page/amina", "refuse-code", "", "1")
        ]
        assert connection.execute(text("SELECT count(*) FROM sessions")).scalar_one() == 0
