from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voipwatch.apps.targets import (
    TargetSet,
    TargetsState,
    load_targets,
    public_key_of,
    read_targets,
    sign_targets,
)
from voipwatch.model.vocabulary import APP_IDS

KEY = bytes(range(32))
DAY = date(2026, 12, 1)
CONTROL = """
[[targets]]
id = "control.example"
roles = ["control"]
name = "www.example.com"
transport = "tls"
port = 443
status = "reported"
source = "a page"
checked_on = "2026-11-21"
expires_on = "2027-05-20"
"""
ONE = CONTROL.replace("control.example", "whatsapp.web").replace('"control"', '"messages"')
LIST = f'version = "2026.1"\n{ONE}{CONTROL}'


def read(text: str, *, key: bytes = KEY, on: date = DAY) -> TargetSet:
    try:
        signature = sign_targets(text.encode(), key)
    except ValueError:
        signature = b""
    return read_targets(text.encode(), signature, (public_key_of(KEY),), on=on)


def test_the_packaged_list_is_signed_whole_and_of_apps_that_there_are() -> None:
    found = load_targets(date(2026, 12, 1))
    assert found.problems == ()
    assert found.state is TargetsState.OK
    assert {t.app for t in found.targets} <= {*APP_IDS, ""}
    assert len(found.of_apps(["whatsapp"])) == 5
    assert found.of_apps(["sip"]) == (), "an app without a target needs no control either"
    assert sum("control" in t.roles for t in found.targets) == 2
    assert all(t.source and t.checked_on < t.expires_on for t in found.targets)


def test_a_list_past_its_day_holds_nothing_that_may_be_tested() -> None:
    last = load_targets(DAY).targets[0].expires_on
    assert load_targets(last).state is TargetsState.OK
    late = load_targets(last + timedelta(days=1))
    assert late.state is TargetsState.EXPIRED
    assert late.usable == late.of_apps(["whatsapp"]) == ()
    assert len(late.expired(["whatsapp"])) == 3


def test_one_expired_target_leaves_the_others() -> None:
    found = read(LIST.replace("2027-05-20", "2026-11-30", 1))
    assert [t.id for t in found.expired(["whatsapp"])] == ["whatsapp.web"]
    assert found.state is TargetsState.OK


def test_a_wrong_signature_leaves_nothing_to_test_and_all_to_read() -> None:
    found = read_targets(LIST.encode(), sign_targets(LIST.encode(), bytes(32)), (public_key_of(KEY),), on=DAY)
    assert found.state is TargetsState.BAD_SIGNATURE
    assert found.usable == ()
    assert len(found.targets) == len(found.expired(["whatsapp"])) + 1 == 2


@pytest.mark.parametrize(
    ("before", "after", "field"),
    [
        ('name = "www.example.com"', 'name = "127.0.0.1"', "name"),
        ('name = "www.example.com"', 'name = "localhost"', "name"),
        ('transport = "tls"', 'transport = "http"', "transport"),
        ("port = 443", "port = 0", "port"),
        ('"messages"', '"spam"', "roles"),
        ('"messages"', '"control"', "roles"),
        ('"whatsapp.web"', '"nosuch.web"', "id"),
        ('"2027-05-20"', '"2026-11-20"', "expires_on"),
        ('"2027-05-20"', '"2036-11-20"', "expires_on"),
        ('"2027-05-20"', '"2027-02-30"', "expires_on"),
        ('status = "reported"', 'status = "sure"', "status"),
        ('source = "a page"', 'extra = "a page"', "source"),
        ("port = 443", 'port = 443\nprefixes = ["10.0.0.0/99"]', "prefixes"),
        (CONTROL, "", "targets"),
        ('"whatsapp.web"', '"whatsapp.web"\nbogus = 1', "bogus"),
        (LIST, LIST + ONE, "targets"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_used(before: str, after: str, field: str) -> None:
    found = read_targets(LIST.replace(before, after, 1).encode(), b"", (), on=DAY)
    assert found.state is TargetsState.UNREADABLE
    assert found.usable == ()
    assert any(field in problem.field for problem in found.problems), [str(p) for p in found.problems]


@given(st.binary(max_size=300), st.binary(max_size=80))
def test_no_bytes_fail(content: bytes, signature: bytes) -> None:
    found = read_targets(content, signature, (public_key_of(KEY),), on=DAY)
    assert found.state is not TargetsState.OK
    assert found.usable == ()


def test_prefixes_tell_the_providers_addresses() -> None:
    target = load_targets(DAY).get("whatsapp.chat")
    assert target is not None
    assert target.expected("157.240.1.1")
    assert target.expected("2a03:2880::1")
    assert target.expected("8.8.8.8") is False
    assert target.expected("nonsense") is False
    other = load_targets(DAY).get("control.iana")
    assert other is not None
    assert other.expected("8.8.8.8") is None
