from ipaddress import ip_address, ip_network

from voipwatch.collector.prefixes import prefix_of
from voipwatch.lab.scenarios.people import Person, address_of, derive, places, share, source_port
from voipwatch.lab.scenarios.reading import DOCUMENTATION, load_scenario
from voipwatch.model.vocabulary import Access

SCENARIO = load_scenario("morocco-2016")
PANEL = [
    Person(operator.id, line.id, number)
    for operator in SCENARIO.operators
    for line in SCENARIO.accesses
    for number in range(12)
]


def test_each_mobile_operator_is_behind_one_prefix_and_each_household_behind_its_own() -> None:
    mobile = [person for person in PANEL if person.access in {Access.G3, Access.G4}]
    homes = [person for person in PANEL if person not in mobile]
    assert len({prefix_of(address_of(SCENARIO, person)) for person in mobile}) == 3
    assert len({prefix_of(address_of(SCENARIO, person)) for person in homes}) == len(homes) == 72


def test_every_address_is_for_documentation_and_in_its_operators_network() -> None:
    known = {ip_network(text): place for text, place in places(SCENARIO).items()}
    for person in [*PANEL, Person("A", Access.WIFI, 390), Person("B", Access.G3, 500)]:
        address = ip_address(address_of(SCENARIO, person))
        assert any(address in network for network in DOCUMENTATION)
        (place,) = [place for network, place in known.items() if address in network]
        assert place == ("MA", SCENARIO.operator(person.operator).asn)


def test_a_pseudonym_lives_a_month_and_is_of_one_person() -> None:
    one, other = PANEL[0], PANEL[1]
    assert one.pseudonym(1, "2016-01") == one.pseudonym(1, "2016-01")
    names = {one.pseudonym(1, "2016-01"), one.pseudonym(1, "2016-02"), other.pseudonym(1, "2016-01")}
    assert len(names | {one.pseudonym(2, "2016-01")}) == 4


def test_chance_comes_from_the_seed() -> None:
    assert derive(1, "a") == derive(1, "a") != derive(2, "a")
    assert derive(1, "a", "b") != derive(1, "ab")
    numbers = [share(1, n) for n in range(1000)]
    assert 0.0 <= min(numbers) < 0.01
    assert 0.99 < max(numbers) < 1.0
    assert abs(sum(numbers) / 1000 - 0.5) < 0.05
    assert {source_port(1, PANEL[0], turn) >> 12 for turn in range(300)} == set(range(16))
