from hypothesis import given
from hypothesis import strategies as st

from voipwatch.lab.nat import Mapping, Nat, NatCondition

FAR = ("203.0.113.2", 3478)
OTHER_PORT = ("203.0.113.2", 5060)
OTHER_HOST = ("203.0.113.9", 3478)


def inner(port: int) -> tuple[str, int]:
    return ("192.0.2.2", port)


def nat(**fields: object) -> Nat:
    return Nat(NatCondition(**fields), b"seed")  # type: ignore[arg-type]  # the tests say what they mean


def test_endpoint_independent_mapping_keeps_the_port_for_every_remote() -> None:
    box = nat(mapping=Mapping.ENDPOINT_INDEPENDENT)
    outer = box.up("udp", inner(40_000), FAR, 0.0)
    assert outer[0] == "198.51.100.64"
    assert {box.up("udp", inner(40_000), remote, 1.0) for remote in (FAR, OTHER_PORT, OTHER_HOST)} == {outer}
    assert box.up("udp", inner(40_001), FAR, 1.0) != outer
    assert box.down("udp", outer, FAR, 2.0) == inner(40_000)


def test_per_destination_mapping_takes_another_port_for_each_remote() -> None:
    box = nat(mapping=Mapping.PER_DESTINATION)
    outers = {box.up("udp", inner(40_000), remote, 0.0) for remote in (FAR, OTHER_PORT, OTHER_HOST)}
    assert len(outers) == 3
    assert box.up("udp", inner(40_000), FAR, 0.0) in outers


def test_only_who_was_spoken_to_may_answer() -> None:
    box = nat()
    outer = box.up("udp", inner(40_000), FAR, 0.0)
    assert box.down("udp", outer, OTHER_HOST, 0.1) is None
    assert box.down("tcp", outer, FAR, 0.1) is None
    assert box.down("udp", ("198.51.100.65", outer[1]), FAR, 0.1) is None
    assert box.down("udp", (outer[0], outer[1] ^ 1), FAR, 0.1) is None


def test_the_mapping_idle_longest_goes_when_the_table_is_full() -> None:
    box = nat(capacity=64)
    outers = [box.up("udp", inner(40_000 + n), FAR, n * 0.01) for n in range(64)]
    assert box.up("udp", inner(40_000), FAR, 1.0) == outers[0], "the first is used again"
    box.up("udp", inner(41_000), FAR, 1.1)
    assert len(box) == 64
    assert box.down("udp", outers[0], FAR, 1.2) == inner(40_000)
    assert box.down("udp", outers[1], FAR, 1.2) is None


def test_a_silent_mapping_ends_and_answers_do_not_keep_it() -> None:
    box = nat(timeout_s=30.0)
    outer = box.up("udp", inner(40_000), FAR, 0.0)
    assert box.down("udp", outer, FAR, 29.0) == inner(40_000)
    assert box.down("udp", outer, FAR, 30.1) is None
    assert box.up("udp", inner(40_000), FAR, 30.2) != outer


def test_after_a_rebind_the_flow_comes_from_elsewhere_and_the_old_address_is_dead() -> None:
    box = nat(rebind_at_s=(5.0, 11.0))
    outer = box.up("udp", inner(40_000), FAR, 4.9)
    assert box.down("udp", outer, FAR, 5.0) is None
    second = box.up("udp", inner(40_000), FAR, 5.1)
    assert second != outer
    assert box.up("udp", inner(40_000), FAR, 10.9) == second
    assert box.up("udp", inner(40_000), FAR, 11.0) not in {outer, second}


@given(
    st.lists(
        st.tuples(st.integers(1, 12), st.sampled_from([FAR, OTHER_PORT, OTHER_HOST]), st.floats(0, 40)),
        max_size=60,
    ),
    st.sampled_from(Mapping),
    st.integers(1, 6),
)
def test_the_table_is_bounded_and_no_outer_port_serves_two(
    packets: list[tuple[int, tuple[str, int], float]], mapping: Mapping, capacity: int
) -> None:
    box = nat(mapping=mapping, capacity=capacity, timeout_s=30.0, rebind_at_s=(50.0,))
    now = 0.0
    for port, remote, gap_s in packets:
        now += gap_s
        outer = box.up("udp", inner(port), remote, now)
        assert box.down("udp", outer, remote, now) == inner(port)
        assert len(box) <= capacity
