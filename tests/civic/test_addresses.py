"""Addresses as people and attackers type them."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from voipwatch.civic.addresses import (
    Address,
    AddressError,
    AddressFault,
    canonical,
    domain_key,
    host_name,
    mailbox_key,
    parse_address,
    require_lasting,
    shipped_domains,
)

SAFE = re.compile(r"[!-~]+")


def fault(text: str) -> AddressFault:
    with pytest.raises(AddressError) as refused:
        parse_address(text)
    return refused.value.fault


@pytest.mark.parametrize(
    ("typed", "mailbox"),
    [
        ("amina@example.org", "amina@example.org"),
        (" amina@example.org ", "amina@example.org"),
        ("A.Mina+x@Example.ORG", "A.Mina+x@example.org"),
        ("o'neil@example.org", "o'neil@example.org"),
        ("a@bücher.example", "a@xn--bcher-kva.example"),
        ("a@BÜCHER.example", "a@xn--bcher-kva.example"),
        ("a@xn--bcher-kva.example", "a@xn--bcher-kva.example"),
        ("a@пример.рф", "a@xn--e1afmkfd.xn--p1ai"),
        ("a@ехо.рф", "a@xn--e1asu.xn--p1ai"),
        (f"{'a' * 64}@example.org", f"{'a' * 64}@example.org"),
    ],
)
def test_what_is_an_address(typed: str, mailbox: str) -> None:
    assert parse_address(typed).mailbox == mailbox


def test_a_domain_in_arabic() -> None:
    assert parse_address("a@موقع.المغرب").domain == "xn--4gbrim.xn--mgbc0a9azcg"


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("", AddressFault.EMPTY),
        ("   ", AddressFault.EMPTY),
        ("amina", AddressFault.NO_AT),
        ("@example.org", AddressFault.LOCAL),
        (".a@example.org", AddressFault.LOCAL),
        ("a.@example.org", AddressFault.LOCAL),
        ("a..b@example.org", AddressFault.LOCAL),
        ("a b@example.org", AddressFault.LOCAL),
        ('"a b"@example.org', AddressFault.LOCAL),
        ("a(comment)@example.org", AddressFault.LOCAL),
        ("Amina <a@example.org", AddressFault.LOCAL),
        ("a@b@example.org", AddressFault.LOCAL),
        ("é@example.org", AddressFault.LETTERS),
        ("أمينة@example.org", AddressFault.LETTERS),
        ("a.é@example.org", AddressFault.LETTERS),
        ("é..a@example.org", AddressFault.LOCAL),
        ("é a@example.org", AddressFault.LOCAL),
        ("a\u200bb@example.org", AddressFault.LOCAL),
        ("a\N{GRINNING FACE}@example.org", AddressFault.LOCAL),
        ("a@example.org\nBcc: b@example.org", AddressFault.LOCAL),
        ("a\r\nBcc: b@example.org", AddressFault.LOCAL),
        ("a\x00@example.org", AddressFault.LOCAL),
        ("a@example.org\n", AddressFault.DOMAIN),
        ("a@example.org\r\n", AddressFault.DOMAIN),
        ("a@example .org", AddressFault.DOMAIN),
        ("a@", AddressFault.DOMAIN),
        ("a@localhost", AddressFault.DOMAIN),
        ("a@example.org.", AddressFault.DOMAIN),
        ("a@.example.org", AddressFault.DOMAIN),
        ("a@-x.example.org", AddressFault.DOMAIN),
        ("a@exa_mple.org", AddressFault.DOMAIN),
        ("a@[192.0.2.1]", AddressFault.DOMAIN),
        ("a@192.0.2.1", AddressFault.DOMAIN),
        ("a@example.org>", AddressFault.DOMAIN),
        ("a@example.org,b", AddressFault.DOMAIN),
        ("a@\u202eexample.org", AddressFault.DOMAIN),
        ("a@exam\u200bple.org", AddressFault.DOMAIN),
        (f"{'a' * 65}@example.org", AddressFault.LONG),
        (f"a@{'x' * 64}.org", AddressFault.DOMAIN),
        (f"{'a' * 64}@{'.'.join(['x' * 60] * 3)}.abcdefgh", AddressFault.LONG),
        ("a" * 400, AddressFault.LONG),
        ("a@gmаil.com", AddressFault.LOOKALIKE),  # a Cyrillic letter in it
        ("a@xn--gmil-63d.com", AddressFault.LOOKALIKE),  # the same, in its wire form
        ("a@ехо.com", AddressFault.LOOKALIKE),  # all Cyrillic, all looking Latin
        ("a@gοοgle.com", AddressFault.LOOKALIKE),  # Greek omicron
    ],
)
def test_what_is_none(typed: str, why: AddressFault) -> None:
    assert fault(typed) is why


def test_the_length_of_the_whole_is_the_paths() -> None:
    domain = ".".join(["x" * 60, "x" * 60, "x" * 62, "org"])
    assert len(domain) == 188
    longest = f"{'a' * 64}@{domain}x"
    assert len(longest) == 254
    assert parse_address(longest).mailbox == longest
    assert fault(f"{'a' * 64}@{domain}xx") is AddressFault.LONG


@given(st.text(max_size=340))
@example("a@example.org\x85")
@example("a@a\u3002b")
def test_whatever_is_typed_is_an_address_that_is_safe_on_a_line_or_refused(text: str) -> None:
    try:
        found = parse_address(text)
    except AddressError:
        return
    assert SAFE.fullmatch(found.mailbox)
    assert not set(found.mailbox) & set('<>()[]\\,;:" \r\n')
    assert len(found.mailbox) <= 254
    assert parse_address(found.mailbox) == found


@given(
    st.text("abz019.+-_'", min_size=1, max_size=20),
    st.sampled_from(["example.org", "gmail.com", "b\u00fccher.example", "exa\u0441le.com"]),
    st.sampled_from(["", "\r\n", "\n", "\x00", "\u2028", "<", ">", ",", "%0a"]),
    st.integers(0, 30),
)
def test_near_addresses(local: str, domain: str, put_in: str, place: int) -> None:
    typed = f"{local}@{domain}"
    typed = typed[:place] + put_in + typed[place:]
    try:
        found = parse_address(typed)
    except AddressError:
        return
    assert SAFE.fullmatch(found.mailbox)
    assert put_in in {"", "%0a"}


@pytest.mark.parametrize(
    ("typed", "same"),
    [
        ("Amina.B+petition@GoogleMail.com", "aminab@gmail.com"),
        ("amina+x@proton.me", "amina@proton.me"),
        ("a.mina@proton.me", "a.mina@proton.me"),
        ("amina+x@fastmail.com", "amina@fastmail.com"),
        ("Amina+x@example.org", "amina+x@example.org"),
        ("+x@gmail.com", "+x@gmail.com"),
    ],
)
def test_one_text_for_one_mailbox_where_the_provider_says_so(typed: str, same: str) -> None:
    assert canonical(parse_address(typed), shipped_domains()) == same


@given(st.from_regex(r"[a-z]{1,8}(\.[a-z]{1,4}){0,2}(\+[a-z]{0,5})?", fullmatch=True))
def test_the_canonical_form_is_its_own(local: str) -> None:
    known = shipped_domains()
    once = canonical(Address(local, "gmail.com"), known)
    assert canonical(parse_address(once), known) == once


def test_every_provider_has_its_source_and_is_no_throwaway() -> None:
    known = shipped_domains()
    for domain, provider in known.providers.items():
        assert provider.source.startswith("https://")
        assert host_name(domain) == domain
        assert domain not in known.disposable
    assert all(host_name(each) == each for each in known.disposable)


def test_mailboxes_that_anybody_reads() -> None:
    known = shipped_domains()
    for typed in ("a@mailinator.com", "a@x.mailinator.com"):
        with pytest.raises(AddressError) as refused:
            require_lasting(parse_address(typed), known)
        assert refused.value.fault is AddressFault.DISPOSABLE
    require_lasting(parse_address("a@notmailinator.com"), known)
    require_lasting(parse_address("a@mailinator.com.example.org"), known)
    more = known.with_disposable(["Wegwerf.example"])
    with pytest.raises(AddressError):
        require_lasting(parse_address("a@b.wegwerf.example"), more)
    with pytest.raises(AddressError):
        known.with_disposable(["no domain"])


@pytest.mark.parametrize("domain", ["outlook.com", "icloud.com", "yahoo.fr", "company.example", "proton.me"])
def test_all_spellings_of_a_mailbox_share_their_mails_at_every_domain(domain: str) -> None:
    typed = ("victim", "Victim+1", "vic.tim+2", "v.i.c.t.i.m", "victim+a+b")
    known = shipped_domains()
    assert {mailbox_key(parse_address(f"{each}@{domain}"), known) for each in typed} == {f"victim@{domain}"}
    apart = mailbox_key(parse_address(f"vic-tim@{domain}"), known)
    assert apart == f"vic-tim@{domain}", "a hyphen belongs to names"


def test_two_domains_of_one_mailbox_share_them_too() -> None:
    known = shipped_domains()
    assert mailbox_key(parse_address("a.b+c@googlemail.com"), known) == "ab@gmail.com"


@pytest.mark.parametrize(
    ("domain", "key"),
    [
        ("company.example", "domain company.example"),
        ("made.up.company.example", "domain company.example"),
        ("cs.univ.ac.ma", "domain univ.ac.ma"),
        ("gmail.com", ""),
        ("proton.me", ""),
        ("outlook.com", ""),
        ("below.outlook.com", "domain outlook.com"),
    ],
)
def test_a_domain_of_one_owner_is_counted_with_what_is_below_it(domain: str, key: str) -> None:
    assert domain_key(parse_address(f"a@{domain}"), shipped_domains()) == key


def test_large_providers_are_domains_and_none_is_for_throwing_away() -> None:
    known = shipped_domains()
    assert {host_name(each) for each in known.large} == known.large
    assert not known.large & known.disposable
