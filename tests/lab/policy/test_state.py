from voipwatch.lab.policy.dice import Dice, derive
from voipwatch.lab.policy.state import FlowTable, State


def key(n: int) -> tuple[str, str, int, str, int]:
    return ("udp", "192.0.2.2", n, "203.0.113.2", 3478)


def test_a_table_never_holds_more_than_its_size_and_drops_the_oldest() -> None:
    table = FlowTable(flows_max=10)
    for n in range(25):
        table.find(key(n), float(n)).up = 7
    assert len(table) == 10
    assert table.find(key(24), 25.0).up == 7
    assert table.find(key(0), 25.0).up == 0


def test_an_idle_flow_is_forgotten() -> None:
    table = FlowTable(idle_s=30.0)
    table.find(key(1), 0.0).up = 7
    assert table.find(key(1), 30.0).up == 7
    assert table.find(key(1), 60.1).up == 0


def test_draws_depend_on_seed_and_count_alone() -> None:
    first, second, other = Dice(b"a"), Dice(b"a"), Dice(b"b")
    draws = [first.uniform() for _ in range(40)]
    assert draws == [second.uniform() for _ in range(40)]
    assert draws != [other.uniform() for _ in range(40)]
    assert all(0.0 <= d < 1.0 for d in draws)
    assert derive(b"a", "x") != derive(b"a", "y")


def test_draws_are_spread_evenly() -> None:
    dice = Dice(b"even")
    draws = [dice.uniform() for _ in range(20_000)]
    # The standard deviation of the mean is 0.2041 %, of a decile's count 42.4; four of each.
    assert abs(sum(draws) / 20_000 - 0.5) < 0.0082
    for decile in range(10):
        assert abs(sum(decile <= d * 10 < decile + 1 for d in draws) - 2_000) < 170


def test_exponential_draws_have_their_mean() -> None:
    dice = Dice(b"exponential")
    mean = sum(dice.exponential(3.0) for _ in range(20_000)) / 20_000
    assert abs(mean - 3.0) < 4 * 3.0 / 20_000**0.5


def test_hosts_are_remembered_longer_than_flows() -> None:
    state = State(b"")
    key = ("udp", "a", 0, "b", 0)
    for table in (state.flows, state.hosts):
        table.find(key, 0.0).condemned = True
    assert not state.flows.find(key, 600.0).condemned
    assert state.hosts.find(key, 600.0).condemned
    assert state.hosts.find(key, 600.0).began_at == 0.0
    assert state.flows.find(key, 600.0).began_at == 600.0
