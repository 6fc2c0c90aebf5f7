"""Commits that are shared: nobody is answered early, and nobody pays for another's error."""

import threading
from collections.abc import Callable

import pytest
from sqlalchemy import Connection, Engine, event, insert, select

from voipwatch.store.civic.commits import SharedCommits
from voipwatch.store.civic.opening import DatabaseError, reading
from voipwatch.store.civic.tables import MAIL_COUNTS


def adding(number: int) -> Callable[[Connection], int]:
    def add(connection: Connection) -> int:
        row = {"day": "d", "address_key": number.to_bytes(16, "big"), "mails": 1}
        connection.execute(insert(MAIL_COUNTS).values(row))
        return number

    return add


def kept(engine: Engine) -> list[int]:
    with reading(engine) as connection:
        keys = connection.execute(select(MAIL_COUNTS.c.address_key)).scalars()
        return sorted(int.from_bytes(key, "big") for key in keys)


def test_what_it_returns_is_kept(engine: Engine) -> None:
    commits = SharedCommits(engine)
    assert [commits.run(adding(number)) for number in range(3)] == [0, 1, 2]
    assert kept(engine) == [0, 1, 2]


def test_an_error_is_its_own(engine: Engine) -> None:
    commits = SharedCommits(engine)
    commits.run(adding(1))
    with pytest.raises(DatabaseError):
        commits.run(adding(1))

    def half(connection: Connection) -> None:
        adding(7)(connection)
        raise RuntimeError("half")

    with pytest.raises(RuntimeError, match="half"):
        commits.run(half)
    assert kept(engine) == [1]


def test_many_threads_share_commits_and_each_has_its_answer(engine: Engine) -> None:
    commits, answers = SharedCommits(engine), []
    begun: list[object] = []
    event.listen(engine, "commit", begun.append)
    gate = threading.Barrier(12)

    def work(first: int) -> None:
        gate.wait()
        for number in range(first, first + 10):
            try:
                # Each number is tried by two threads: one of them is refused, and takes nobody with it.
                answers.append(commits.run(adding(number // 2)))
            except DatabaseError:
                answers.append(-1)

    threads = [threading.Thread(target=work, args=(10 * each,)) for each in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert kept(engine) == list(range(60))
    assert sorted(answer for answer in answers if answer >= 0) == list(range(60))
    assert answers.count(-1) == 60


def test_who_comes_while_another_commits_goes_with_the_others(engine: Engine) -> None:
    commits = SharedCommits(engine)
    if engine.dialect.name != "sqlite":
        assert commits.run(adding(1)) == 1
        return
    inside, go_on = threading.Event(), threading.Event()
    committed: list[object] = []

    def slow(connection: Connection) -> None:
        inside.set()
        go_on.wait(30)
        adding(100)(connection)

    first = threading.Thread(target=commits.run, args=(slow,))
    first.start()
    assert inside.wait(30)
    event.listen(engine, "commit", committed.append)
    others = [threading.Thread(target=commits.run, args=(adding(number),)) for number in range(8)]
    for thread in others:
        thread.start()
    while len(commits._line) < 8:
        threading.Event().wait(0.001)
    go_on.set()
    for thread in [first, *others]:
        thread.join()
    assert len(committed) == 2, "the slow one's, and one for all who came meanwhile"
    assert kept(engine) == [*range(8), 100]
