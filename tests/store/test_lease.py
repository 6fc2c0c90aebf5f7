"""Two keepers on one store: the lease is taken, renewed, given back, and runs out. On a real engine."""

import contextlib
import time
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pytest

from tests.support.clock import Clock
from voipwatch.store.engine import ClickHouse
from voipwatch.store.errors import StoreError
from voipwatch.store.lease import LEASE_S, MARGIN_S, Lease, Leased, Renewal, boot_time_s
from voipwatch.store.migrate import scripts, statements

CLAIM = "INSERT INTO leases (holder, who, until, version) SELECT"


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouse]:
    engine = ClickHouse(tmp_path_factory.mktemp("lease") / "engine", database="voipwatch", threads=1)
    yield engine
    engine.close()


@pytest.fixture
def engine(opened: ClickHouse) -> ClickHouse:
    opened.command("DROP TABLE IF EXISTS leases")
    return opened


def lease_of(engine: Any, name: str, clock: Clock | None = None, lease_s: float = LEASE_S) -> Lease:
    return Lease(engine, holder=name, who=f"keeper {name}", lease_s=lease_s, clock=clock or Clock(1000.0))


def reason(what: Any) -> tuple[str, str]:
    with pytest.raises(StoreError) as raised:
        what()
    return raised.value.reason, raised.value.detail


def test_who_slept_through_its_end_may_not_take_it_up_again(engine: ClickHouse) -> None:
    still = Clock(1000.0)  # the holder's clock stood still meanwhile, the server's did not
    first, second = lease_of(engine, "a", still), lease_of(engine, "b")
    first.take()
    engine.command(
        f"{CLAIM} 'a', 'keeper a', now64(3, 'UTC') - toIntervalSecond(600), 1000",
    )
    second.take()
    assert reason(first.renew)[0] == "lost"
    assert reason(first.require)[0] == "lost"
    second.require()
    second.renew()


def test_the_clock_of_a_lease_counts_a_machines_sleep() -> None:
    awake_s = time.monotonic()  # read first: what passes between the two readings may only help
    assert boot_time_s() >= awake_s - 0.001


def test_a_second_keeper_is_told_who_has_the_store_until_it_is_given_back(engine: ClickHouse) -> None:
    first, second = lease_of(engine, "a"), lease_of(engine, "b")
    first.take()
    first.require()
    assert reason(second.take) == ("locked", "keeper a")
    assert reason(second.require)[0] == "lost", "who was refused may not write"
    first.require()
    first.renew()
    assert reason(second.take) == ("locked", "keeper a")
    first.release()
    assert reason(first.require)[0] == "lost"
    second.take()
    second.require()
    assert reason(first.take) == ("locked", "keeper b")


def test_a_claim_that_was_refused_keeps_nobody_out(engine: ClickHouse) -> None:
    first, second, third = (lease_of(engine, name) for name in "abc")
    first.take()
    assert reason(second.take)[0] == "locked"
    first.release()
    third.take()


def test_what_a_killed_keeper_held_runs_out(engine: ClickHouse) -> None:
    killed = lease_of(engine, "killed", lease_s=0.001)
    killed.take()
    engine.select("SELECT sleep(0.01)")  # the server's clock, not ours
    follower = lease_of(engine, "follower")
    follower.take()
    follower.require()


def test_a_holder_who_could_not_renew_in_time_writes_nothing_more(engine: ClickHouse) -> None:
    clock = Clock(1000.0)
    lease = lease_of(engine, "a", clock)
    lease.take()
    clock.now_s += LEASE_S - MARGIN_S - 0.1
    lease.require()
    lease.renew()
    clock.now_s += LEASE_S - MARGIN_S - 0.1
    lease.require()
    clock.now_s += 0.2
    assert reason(lease.require)[0] == "lost"
    assert reason(lease.renew)[0] == "lost", "another may have worked on the store: it is opened again"
    clock.now_s = 1000.0
    assert reason(lease.require)[0] == "lost", "and a clock that goes back does not give it back"


def test_an_answer_that_comes_too_late_is_no_renewal(engine: ClickHouse) -> None:
    clock = Clock(1000.0)

    class Slow:
        def command(self, sql: str, parameters: Any = None) -> None:
            engine.command(sql, parameters)
            clock.now_s += slow_s

        def select(self, sql: str, parameters: Any = None) -> pa.Table:
            return engine.select(sql, parameters)

    slow_s = 0.0
    lease = lease_of(Slow(), "a", clock)
    lease.take()
    slow_s = LEASE_S
    assert reason(lease.renew)[0] == "lost"


def test_of_two_at_the_same_moment_at_most_one_goes_on(engine: ClickHouse) -> None:
    """Every order of the four steps: each one's claim before its own look, whatever the other does."""

    class Steps:
        """Runs the other's step between this one's claim and its look."""

        def __init__(self, between: Any) -> None:
            self.between = between

        def command(self, sql: str, parameters: Any = None) -> None:
            engine.command(sql, parameters)

        def select(self, sql: str, parameters: Any = None) -> pa.Table:
            if "FROM leases" in sql:
                self.between()
            return engine.select(sql, parameters)

    def may_write(lease: Lease) -> bool:
        try:
            lease.require()
        except StoreError:
            return False
        return True

    def tried(lease: Lease) -> None:
        with contextlib.suppress(StoreError):
            lease.take()

    second = lease_of(engine, "b")
    first = lease_of(Steps(lambda: tried(second)), "a")
    tried(first)
    assert [may_write(first), may_write(second)] == [True, False], "b saw a's claim and withdrew its own"
    first.release()

    # both claims are there before either looks: neither goes on, and both claims are withdrawn
    claim = f"{CLAIM} 'd', 'keeper d', now64(3, 'UTC') + toIntervalSecond(45), 1"
    third = lease_of(Steps(lambda: engine.command(claim)), "c")
    tried(third)
    assert not may_write(third)
    alive = engine.select("SELECT holder FROM leases FINAL WHERE until > now64(3, 'UTC')")
    assert alive["holder"].to_pylist() == ["d"]


def test_an_engine_under_a_lease_reads_always_and_writes_only_while_it_holds(engine: ClickHouse) -> None:
    clock = Clock(1000.0)
    lease = lease_of(engine, "a", clock)
    lease.take()
    leased = Leased(engine, lease)
    leased.command("CREATE TABLE IF NOT EXISTS t (n UInt8) ENGINE = MergeTree ORDER BY n")
    rows = pa.table({"n": pa.array([7], pa.uint8())})
    leased.insert("t", rows)
    blocks = leased.export_native("SELECT toUInt8({n:UInt8}) AS n", {"n": 8})
    leased.insert_native("t", blocks)
    clock.now_s += LEASE_S
    assert reason(lambda: leased.command("TRUNCATE TABLE t"))[0] == "lost"
    assert reason(lambda: leased.insert("t", rows))[0] == "lost"
    assert reason(lambda: leased.insert_native("t", blocks))[0] == "lost"
    assert leased.export_native("SELECT count() AS n FROM t").endswith((2).to_bytes(8, "little"))
    assert leased.select("SELECT n FROM t ORDER BY n").to_pylist() == [{"n": 7}, {"n": 8}]


def test_a_lease_is_renewed_whatever_its_holder_does_and_not_after_its_end(engine: ClickHouse) -> None:
    lease = lease_of(engine, "a")
    lease.take()
    renewal = Renewal(lease, every_s=0.001)
    renewals = "SELECT max(version) >= 4 AS enough, sleep(0.01) FROM leases WHERE holder = 'a'"
    while not engine.select(renewals)["enough"][0].as_py():
        pass
    renewal.end()
    before = engine.select("SELECT max(version) AS n FROM leases")["n"][0].as_py()
    lease.release()
    assert engine.select("SELECT max(version) AS n FROM leases")["n"][0].as_py() == before + 1
    lease_of(engine, "b").take()


def test_a_server_that_is_away_does_not_end_the_renewals_and_a_lost_lease_does(engine: ClickHouse) -> None:
    tries: list[str] = []

    class Away(Lease):
        def renew(self) -> None:
            tries.append("try")
            raise StoreError("unreachable" if len(tries) < 3 else "lost")

    renewal = Renewal(Away(engine, holder="a", who="a"), every_s=0.001)
    renewal._thread.join(10)
    assert not renewal._thread.is_alive()
    assert len(tries) == 3
    renewal.end()


@pytest.mark.parametrize(
    ("ours", "theirs", "together"),
    [
        (("loader-00",), ("loader-01",), True),
        (("loader-00",), ("detector-00",), True),
        (("loader-00", "loader-01"), ("loader-01",), False),
        ((), ("loader-01",), False),
        (("loader-01",), (), False),
        ((), (), False),
    ],
)
def test_leases_of_parts_of_the_work(
    engine: ClickHouse, ours: tuple[str, ...], theirs: tuple[str, ...], together: bool
) -> None:
    clock = Clock(1000.0)
    first = Lease(engine, holder="a", who="keeper a", names=ours, clock=clock)
    second = Lease(engine, holder="b", who="keeper b", names=theirs, clock=clock)
    first.take()
    if together:
        second.take()
        second.require()
    else:
        assert reason(second.take) == ("locked", "keeper a")
    first.renew()
    first.release()
    second.take()


def test_a_lease_of_before_names_is_of_all(engine: ClickHouse) -> None:
    for statement in statements(scripts()[2][1]):
        engine.command(statement)
    engine.command("INSERT INTO leases SELECT 'old', 'keeper old', now64(3, 'UTC') + toIntervalSecond(45), 1")
    new = Lease(engine, holder="b", who="keeper b", names=["loader-00"], clock=Clock(1000.0))
    assert reason(new.take) == ("locked", "keeper old")
