from datetime import UTC, datetime, timedelta

from cryptography import x509

from voipwatch.apps.targets import load_targets
from voipwatch.lab.drive import TARGETS_DAY
from voipwatch.lab.provider_hosts import FAR_RESOLVER, LINE_RESOLVER, ProviderHosts, certificates
from voipwatch.lab.providers import Providers
from voipwatch.lab.worlds import load_worlds
from voipwatch.probe.provider import PUBLIC, kind_of

TARGETS = load_targets(TARGETS_DAY).targets


def hosts(**told: object) -> ProviderHosts:
    return ProviderHosts(Providers(**told), TARGETS)  # type: ignore[arg-type]  # fields by name


def test_a_probe_takes_every_address_for_what_it_should_be() -> None:
    made = hosts()
    assert set(made.addresses) == {target.name for target in TARGETS}
    assert len(set(made.addresses.values())) == len(made.addresses)
    for target in TARGETS:
        kind = kind_of(made.addresses[target.name], target.prefixes)
        assert kind == ("expected" if target.prefixes else "public")
        assert kind in PUBLIC


def test_every_target_has_a_server_and_both_resolvers_know_its_name() -> None:
    made = hosts()
    order = made.order("chain.pem")
    served = {(listener.ip, listener.port, listener.transport) for listener in order.listeners}
    assert served == {(made.addresses[t.name], t.port, t.transport) for t in TARGETS}
    assert len(order.listeners) == len(served), "no port is opened twice"
    assert order.resolvers == {LINE_RESOLVER: made.addresses, FAR_RESOLVER: made.addresses}


def test_the_dead_do_not_listen_and_the_gone_are_not_known_either() -> None:
    made = hosts(dead=("g.whatsapp.net",), gone=("web.whatsapp.com",))
    order = made.order("")
    silent = {made.addresses["g.whatsapp.net"], made.addresses["web.whatsapp.com"]}
    assert not silent & {listener.ip for listener in order.listeners}
    for names in order.resolvers.values():
        assert "g.whatsapp.net" in names
        assert "web.whatsapp.com" not in names


def test_a_resolver_that_denies_everything_denies_it_to_the_line_alone() -> None:
    resolvers = hosts(resolver="nxdomain").order("").resolvers
    assert resolvers[LINE_RESOLVER] == {}
    assert len(resolvers[FAR_RESOLVER]) > 10


def test_a_content_network_answers_the_line_with_a_server_of_its_own() -> None:
    made = hosts(elsewhere={"g.whatsapp.net": "198.51.100.200"})
    order = made.order("")
    here, there = (order.resolvers[who]["g.whatsapp.net"] for who in (LINE_RESOLVER, FAR_RESOLVER))
    assert here != there
    assert kind_of(here, next(t.prefixes for t in TARGETS if t.name == "g.whatsapp.net")) == "expected"
    assert {here, there} <= {listener.ip for listener in order.listeners}


def test_a_policy_means_the_same_servers() -> None:
    made = hosts()
    world = load_worlds().get("provider-addresses")
    assert made.policy(world.policy) == {
        "policy": "address-drop",
        "networks": [f"{made.addresses[name]}/32" for name in ("g.whatsapp.net", "web.whatsapp.com")],
    }
    names = load_worlds().get("provider-dns-denied").policy
    assert made.policy(names) == names


def test_the_authority_vouches_for_the_names_and_no_longer_than_a_test() -> None:
    root_pem, chain_pem = certificates(["a.example", "b.example"])
    root, leaf = (x509.load_pem_x509_certificate(pem) for pem in (root_pem, chain_pem))
    leaf.verify_directly_issued_by(root)
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["a.example", "b.example"]
    assert root.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert b"PRIVATE KEY" in chain_pem
    assert b"PRIVATE KEY" not in root_pem
    assert leaf.not_valid_after_utc - datetime.now(tz=UTC) < timedelta(days=3)
