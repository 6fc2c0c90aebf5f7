"""SPF, DKIM and DMARC of a domain."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from tests.support.dns_server import dns_server
from voipwatch.site.campaigns.mail.domaincheck import DnsResolver, Fault, check_domain


class Texts:
    """Answers from a table; a name in `fails` has no answer."""

    def __init__(self, table: dict[str, list[str]], *fails: str) -> None:
        self.table, self.fails = table, fails

    def texts(self, name: str) -> list[str]:
        if name in self.fails:
            raise LookupError(name)
        return self.table.get(name, [])


def faults(table: dict[str, list[str]], *fails: str) -> dict[str, Fault]:
    return {each.check: each.fault for each in check_domain("d.org", Texts(table, *fails), ["s"])}


def key_of(bits: int) -> str:
    key = generate_private_key(65537, bits).public_key()
    return base64.b64encode(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()


@pytest.mark.parametrize(
    ("record", "fault"),
    [
        ("v=spf1 mx -all", Fault.NONE),
        ("v=spf1 include:_spf.example.org ~all", Fault.NONE),
        ("V=SPF1 redirect=_spf.example.org", Fault.NONE),
        ("v=spf1 mx", Fault.OPEN),
        ("v=spf1 +all", Fault.OPEN),
        ("v=spf1 all", Fault.OPEN),
        ("v=spf1 " + "include:a.org " * 11 + "-all", Fault.LOOKUPS),
        ("v=spf1 " + "ip4:192.0.2.1 " * 11 + "-all", Fault.NONE),
        ("v=spf10 -all", Fault.MISSING),
        ("some other text", Fault.MISSING),
    ],
)
def test_spf(record: str, fault: Fault) -> None:
    assert faults({"d.org": ["google-site-verification=x", record]})["spf"] is fault


def test_two_records_count_as_none() -> None:
    assert faults({"d.org": ["v=spf1 mx -all", "v=spf1 -all"]})["spf"] is Fault.SEVERAL


@pytest.mark.parametrize(
    ("record", "fault"),
    [
        ("v=DMARC1; p=reject", Fault.NONE),
        ("v=DMARC1; p=quarantine; rua=mailto:a@d.org", Fault.NONE),
        ("v=DMARC1;p=none", Fault.WATCHING),
        ("v=DMARC1; p=perhaps", Fault.BROKEN),
        ("v=DMARC1; p=none; p=reject", Fault.BROKEN),
        ("v=DMARC1", Fault.BROKEN),
        ("p=reject", Fault.MISSING),
    ],
)
def test_dmarc(record: str, fault: Fault) -> None:
    assert faults({"_dmarc.d.org": [record]})["dmarc"] is fault


def test_dkim() -> None:
    def of(record: str) -> Fault:
        return faults({"s._domainkey.d.org": [record]})["dkim"]

    assert of(f"v=DKIM1; k=rsa; p={key_of(2048)}") is Fault.NONE
    assert of(f"p={key_of(1024)}") is Fault.NONE
    assert of(f"v=DKIM1; p={base64.b64encode(bytes(94)).decode()}") is Fault.WEAK, "512 bits"
    short = Ed25519PrivateKey.generate().public_key().public_bytes_raw()
    assert of(f"v=DKIM1; k=ed25519; p={base64.b64encode(short).decode()}") is Fault.NONE
    assert of("v=DKIM1; p=") is Fault.REVOKED
    assert of("v=DKIM1; p=!!!") is Fault.BROKEN
    assert of("v=DKIM2; p=AAAA") is Fault.BROKEN
    assert of("v=DKIM1") is Fault.BROKEN


def test_nothing_there_and_no_answer() -> None:
    assert set(faults({}).values()) == {Fault.MISSING}
    found = faults({}, "d.org", "s._domainkey.d.org", "_dmarc.d.org")
    assert set(found.values()) == {Fault.UNKNOWN}


@given(st.text(max_size=60))
def test_any_record_is_judged(text: str) -> None:
    for name in ("d.org", "s._domainkey.d.org", "_dmarc.d.org"):
        for record in (text, f"v=spf1 {text}", f"v=DMARC1;{text}", f"v=DKIM1;{text}"):
            faults({name: [record]})


def test_over_a_dns_server() -> None:
    table = {
        "d.org": ["v=spf1 mx -all"],
        "s._domainkey.d.org": [f"v=DKIM1; p={key_of(2048)}"],
        "empty.org": [],
    }
    with dns_server(table, fails=["_dmarc.d.org"]) as port:
        resolver = DnsResolver("127.0.0.1", port)
        assert {each.check: each.fault for each in check_domain("d.org", resolver, ["s"])} == {
            "spf": Fault.NONE,
            "dkim": Fault.NONE,
            "dmarc": Fault.UNKNOWN,
        }
        assert resolver.texts("empty.org") == []
        assert resolver.texts("nothing.org") == []
        assert {each.fault for each in check_domain("nothing.org", resolver, [])} == {Fault.MISSING}
