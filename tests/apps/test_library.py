"""The packaged set: its order, its digest, its ports."""

import pytest

from tests.apps.support import SMALL, changed, load
from voipwatch.apps import ProfileSet, fresh_ports, load_profiles, neutral_ports, tcp_ports, udp_ports
from voipwatch.model.vocabulary import APP_IDS


def test_the_set_is_read_once() -> None:
    assert load_profiles() is load_profiles()


def test_the_digest_changes_with_any_profile() -> None:
    one, other = load(SMALL), load(changed("port = 3478", "port = 3479"))
    assert ProfileSet.of([one]).digest == ProfileSet.of([load(SMALL)]).digest
    assert ProfileSet.of([one]).digest != ProfileSet.of([other]).digest
    assert ProfileSet.of([one]).digest != ProfileSet.of([]).digest


def test_profiles_stand_in_the_order_of_the_ids() -> None:
    reordered = ProfileSet.of(tuple(reversed(load_profiles().profiles)))
    found = [profile.id for profile in reordered.profiles]
    assert found == [app for app in APP_IDS if app in found]
    assert len(found) >= 3
    assert reordered.digest == load_profiles().digest


def test_an_app_is_there_once_or_not() -> None:
    found = load_profiles().get("sip")
    assert found is not None
    assert found.name == "SIP"
    assert ProfileSet.of([found]).get("viber") is None
    with pytest.raises(ValueError, match="of one app"):
        ProfileSet.of([load(SMALL), load(SMALL)])


def test_ports_are_those_of_legs_that_run_and_those_that_nobody_uses() -> None:
    found = load_profiles()
    running = {leg.port for profile in found.profiles for leg in profile.legs if leg.run}
    assert udp_ports(found) == tuple(sorted({*running, *neutral_ports, *fresh_ports}))
    assert {3478, 5060, 16384, 10000} <= running
    assert 9344 in udp_ports(found)  # WhatsApp's direct leg
    assert set(tcp_ports(found)) >= {443, 5060, 5061, 5222}


def test_neutral_ports_are_nobodys() -> None:
    assert len(set(neutral_ports)) == 3
    app_ports = {leg.port for profile in load_profiles().profiles for leg in profile.legs}
    for port in neutral_ports:
        assert 1024 < port < 32_768  # not privileged, below Linux's ephemeral range
        assert port not in app_ports
