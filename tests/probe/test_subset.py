"""A probe's part of the fleet: in proportion to capacity, hosted apart, and moved only by what must."""

from hashlib import blake2b

import pytest

from voipwatch.probe.subset import SUBSET, subset_of
from voipwatch.wire.fleet import FleetReflector, ReflectorState

SEED = 20_261_123
PROBES = 4_000


def secret(probe: int) -> bytes:
    print(f"seed {SEED}")  # noqa: T201 -- shown where a test fails
    return blake2b(f"{SEED} {probe}".encode(), digest_size=32).digest()


def one(number: int, calls: int = 100, network: str = "", state: str = "serving") -> FleetReflector:
    return FleetReflector(
        name=f"r{number}",
        host=f"r{number}.example.org",
        key=f"{number:064x}",
        calls=calls,
        network=network,
        state=ReflectorState(state),
    )


FLEET = [one(n) for n in range(20)]


def names(reflectors: list[FleetReflector], probe: int) -> tuple[str, ...]:
    return tuple(each.name for each in subset_of(reflectors, secret(probe)))


def test_a_probe_has_always_the_same_few_in_whatever_order_the_list_is() -> None:
    first = names(FLEET, 1)
    assert len(set(first)) == SUBSET
    assert names(FLEET[::-1], 1) == first
    assert len({names(FLEET, probe) for probe in range(50)}) > 40


@pytest.mark.parametrize("count", [0, 1, 2])
def test_a_short_list_is_taken_whole(count: int) -> None:
    assert len(subset_of(FLEET[:count], secret(1))) == count


def test_who_is_asked_first_is_in_proportion_to_capacity() -> None:
    """Chi-square with three degrees of freedom: 16.27 is passed by chance once in a thousand seeds."""
    calls = [100, 200, 300, 400]
    reflectors = [one(n, calls=each) for n, each in enumerate(calls)]
    counts = dict.fromkeys((each.name for each in reflectors), 0)
    for probe in range(PROBES):
        counts[names(reflectors, probe)[0]] += 1
    expected = [PROBES * each / sum(calls) for each in calls]
    assert sum((seen - e) ** 2 / e for seen, e in zip(counts.values(), expected, strict=True)) < 16.27


def test_a_reflector_that_goes_moves_only_its_own_probes_and_one_that_comes_only_takes() -> None:
    gone = FLEET[7].name
    moved = 0
    for probe in range(PROBES):
        before, after = names(FLEET, probe), names([each for each in FLEET if each.name != gone], probe)
        if gone in before:
            moved += 1
            assert after[: SUBSET - 1] == tuple(name for name in before if name != gone)
        else:
            assert after == before
    # 3 of 20: 600 of 4,000, five standard deviations of 22.6
    assert abs(moved - PROBES * SUBSET / len(FLEET)) < 113


def test_one_that_drains_is_as_one_that_is_gone() -> None:
    draining = [one(n, state="draining" if n == 7 else "serving") for n in range(20)]
    without = [each for each in FLEET if each.name != "r7"]
    assert all(names(draining, probe) == names(without, probe) for probe in range(200))


def test_two_networks_where_there_are_two() -> None:
    reflectors = [one(n, network="Big" if n else "Small") for n in range(20)]
    for probe in range(200):
        chosen = subset_of(reflectors, secret(probe))
        assert {each.network for each in chosen} == {"Big", "Small"}
        alone = subset_of(reflectors[1:], secret(probe))
        assert chosen[:2] == alone[:2] or chosen[0].name == "r0" or chosen[1].name == "r0"


def test_unknown_hosts_are_not_taken_for_different_ones() -> None:
    reflectors = [*FLEET, one(20, network="Known")]
    assert all("r20" in names(reflectors, probe) for probe in range(50))
