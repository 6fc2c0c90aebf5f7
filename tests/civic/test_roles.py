"""Roles: the whole table, written down a second time by hand."""

import pytest

from voipwatch.civic.roles import ALLOWED, CODE_ANEW, Act, Role, may

TABLE = """
               keeper moderator reader
overview       yes    yes       yes
audit          yes    no        yes
names          yes    yes       no
hide-name      yes    yes       no
show-name      yes    yes       no
paper          yes    yes       no
deliver        yes    no        no
answer         yes    no        no
close          yes    no        no
erase          yes    no        no
person         yes    no        no
show-person    yes    no        no
erase-person   yes    no        no
observe        yes    no        no
close-boycott  yes    no        no
wall           yes    yes       no
wall-remove    yes    yes       no
"""
HEAD, *LINES = [line.split() for line in TABLE.strip().splitlines()]
CELLS = [
    (Role(role), Act(act), said == "yes") for act, *row in LINES for role, said in zip(HEAD, row, strict=True)
]


@pytest.mark.parametrize(("role", "act", "allowed"), CELLS)
def test_who_may_do_what(role: Role, act: Act, allowed: bool) -> None:
    assert may(role, act) is allowed


def test_the_table_is_whole() -> None:
    assert len(CELLS) == len(Role) * len(Act) == len({cell[:2] for cell in CELLS})
    assert ALLOWED.keys() == set(Role)


def test_what_cannot_be_taken_back_or_names_a_signer_asks_for_a_code_and_is_a_keepers() -> None:
    assert {Act.CLOSE, Act.ERASE, Act.SHOW_PERSON, Act.ERASE_PERSON, Act.CLOSE_BOYCOTT} == CODE_ANEW
    assert not any(may(role, act) for role in Role if role is not Role.KEEPER for act in CODE_ANEW)
