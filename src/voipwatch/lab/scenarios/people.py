"""The panel of a scenario: probes with their secrets, pseudonyms and addresses, all drawn from the seed."""

from hashlib import blake2b
from ipaddress import ip_network
from typing import Final

import msgspec

from voipwatch.lab.scenarios.table import NOWHERE, Nat, Operator, Scenario
from voipwatch.model.vocabulary import Access
from voipwatch.probe.pseudonym import pseudonym

CROWD_FIRST: Final = 100
"""Where the numbers of people who test by hand begin, beside those of the panel."""
HOUSES_MAX: Final = 1 << 8
"""Households of an operator and access that have a /48 of their own."""


def derive(seed: int, *parts: object, size: int = 8) -> bytes:
    """Bytes that depend on the run's seed and what they are for."""
    text = "\0".join([str(seed), *map(str, parts)])
    return blake2b(text.encode(), digest_size=size, person=b"vw-scenario").digest()


def share(seed: int, *parts: object) -> float:
    """A number from 0 up to, not including, 1, likewise."""
    return int.from_bytes(derive(seed, *parts), "big") / 2.0**64


class Person(msgspec.Struct, frozen=True):
    """Somebody with a line; `number` counts the probes of an operator and access from 0."""

    operator: str
    """Id."""
    access: Access
    number: int

    @property
    def name(self) -> str:
        """What tells it apart in a scenario."""
        return f"{self.operator}-{self.access.value}-{self.number}"

    def secret(self, seed: int) -> bytes:
        """The device's."""
        return derive(seed, "secret", self.name, size=32)

    def pseudonym(self, seed: int, month: str) -> str:
        """Who it is to a collector in a month, by the probe's own rule."""
        return pseudonym(self.secret(seed), "home", month)


def address_of(scenario: Scenario, person: Person) -> str:
    """Where a person's reports come from: an address for documentation."""
    operator = scenario.operator(person.operator)
    if scenario.access(person.access).nat is Nat.CARRIER:
        network = ip_network(operator.mobile)
        return str(network[1 + person.number % 254])
    place = [*(line.id for line in scenario.accesses), scenario.canary.access].index(person.access)
    house = place * HOUSES_MAX + person.number % HOUSES_MAX
    return str(ip_network(operator.fixed)[(house << 80) + 1])


def source_port(seed: int, person: Person, turn: int) -> int:
    """As a carrier's translator hands it out: from the whole range above 1023."""
    return 1024 + int.from_bytes(derive(seed, "port", person.name, turn, size=4), "big") % 64_512


def places(scenario: Scenario) -> dict[str, tuple[str, int]]:
    """Every network of the scenario -> country and AS number."""
    found: dict[str, tuple[str, int]] = {}
    for operator in scenario.operators:
        found |= dict.fromkeys(networks(operator), (scenario.country, operator.asn))
    return found | {scenario.canary.fixed: (NOWHERE, scenario.canary.asn)}


def networks(operator: Operator) -> tuple[str, str]:
    """Mobile and fixed."""
    return operator.mobile, operator.fixed
