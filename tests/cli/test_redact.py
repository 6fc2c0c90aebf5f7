import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from voipwatch.cli.redact import AddressInLogError, Redactor, refuse_addresses
from voipwatch.model.flows import FlowKind, FlowRecord
from voipwatch.model.measurement import Line, Measurement, ReflectorFacts, SignedLog
from voipwatch.model.vocabulary import Access, Arm, Failure, Family, Stage
from voipwatch.wire.farlog import FarColumns, FarFlow, FarLog, encode_farlog

KEY = b"a key of this report"

V4 = st.integers(0, 2**32 - 1).map(IPv4Address)
V6 = st.one_of(
    st.integers(2, 2**128 - 1).map(IPv6Address),
    st.integers(1, 2**16).map(lambda low: IPv6Address((0x20010DB8 << 96) | low)),
    st.integers(1, 2**16).map(lambda low: IPv6Address((0xFE80 << 112) | low)),
    V4.map(lambda inner: IPv6Address(f"64:ff9b::{inner}")),
)


def _v6_spellings(address: IPv6Address) -> list[str]:
    tail = address.packed[12:]
    groups = address.exploded.split(":")
    return [
        str(address),
        address.exploded,
        address.exploded.upper(),
        str(address).upper(),
        ":".join(str(group).lstrip("0") or "0" for group in groups),
        ":".join([*groups[:6], ".".join(map(str, tail))]),
    ]


FRAMES = [
    "{}",
    "from {} to nowhere",
    "({})",
    "[{}]",
    "https://[{}]:8443/v1/tickets",
    "sip:alice@[{}]:5060;transport=udp",
    "Via: SIP/2.0/UDP [{}]:5060;branch=z9hG4bK77;received={}",
    "v=0\r\no=- 1 1 IN IP6 {}\r\nc=IN IP6 {}\r\n",
    "c=IN IP4 {}\r\n",
    "host={}, port=5060",
    "connect to {}: refused",
    "the last one was {}.",
    '{{"address":"{}"}}',
    "{}%eth0",
    "{}/64",
    "<{}>",
    "{} {}",
]


def _mentions(text: str, address: IPv4Address | IPv6Address) -> bool:
    """Whether any stretch of a text reads as the address: by the standard library, cut at every place."""
    found: list[IPv4Address | IPv6Address] = []
    for run in re.findall(r"[0-9A-Fa-f:.]+", text):
        stripped = run.strip(".:") or run
        for candidate in {run, stripped, run.rstrip("."), run.rstrip(".:"), run.removesuffix(":")}:
            for kind in (IPv4Address, IPv6Address):
                try:
                    found.append(kind(candidate))
                except ValueError:
                    continue
    return address in found


@given(V4, st.sampled_from(FRAMES))
@example(IPv4Address("0.0.0.0"), "{}")
@example(IPv4Address("255.255.255.255"), "{}:{}")
def test_no_ipv4_address_survives(address: IPv4Address, frame: str) -> None:
    text = frame.replace("{}", str(address)).replace("{{", "{").replace("}}", "}")
    redacted = Redactor(KEY).text(text)
    assert str(address) not in redacted
    assert "addr-" in redacted


@given(V6, st.integers(0, 5), st.sampled_from(FRAMES))
@example(IPv6Address("::1"), 0, "{}")
@example(IPv6Address("fe80::"), 0, "the last one was {}.")
@example(IPv6Address("1::"), 0, "connect to {}: refused")
def test_no_ipv6_address_survives_in_any_spelling(address: IPv6Address, spelling: int, frame: str) -> None:
    written = _v6_spellings(address)[spelling]
    redacted = Redactor(KEY).text(frame.replace("{}", written).replace("{{", "{").replace("}}", "}"))
    assert written not in redacted
    assert not _mentions(redacted, address)
    assert "eth0" not in redacted


@given(V4)
def test_a_mapped_address_is_the_same_as_its_ipv4_address(address: IPv4Address) -> None:
    redactor = Redactor(KEY)
    mapped = IPv6Address(b"\0" * 10 + b"\xff\xff" + address.packed)
    spellings = {f"::ffff:{address}", str(mapped), mapped.exploded}
    assert {redactor.text(text) for text in spellings} == {redactor.text(str(address))}
    assert redactor.text(str(address).replace(".", "-")) == redactor.text(str(address))


@given(V6)
def test_every_spelling_gives_the_same_token(address: IPv6Address) -> None:
    redactor = Redactor(KEY)
    assert len({redactor.text(f"[{text}]") for text in _v6_spellings(address)}) == 1


@given(V4, V4)
def test_tokens_tell_addresses_apart_within_a_report_and_link_nothing_between_reports(
    one: IPv4Address, other: IPv4Address
) -> None:
    first, second = Redactor(KEY), Redactor(b"another report's key")
    assert (first.text(str(one)) == first.text(str(other))) == (one == other)
    assert first.text(str(one)) != second.text(str(one))


@given(st.text(st.sampled_from("0123456789abcdefg:.[]%- @/"), max_size=40))
def test_redacting_twice_changes_nothing(text: str) -> None:
    redactor = Redactor(KEY, ["host.example"])
    once = redactor.text(text)
    assert redactor.text(once) == once


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-21T18:33:55Z", "12:34:56", "0.1.0", "2026.1", "a" * 64, "voipwatch.check/1", "::", "tls-443",
        "aa:bb:cc:dd:ee:ff", "2026-11-21", "256.1.1.1", "stun.drop", "it took 1:30", "ratio 3:4",
    ],
)  # fmt: skip
def test_what_is_no_address_stays(text: str) -> None:
    assert Redactor(KEY).text(text) == text


def test_typed_hosts_become_tokens_wherever_they_stand() -> None:
    redactor = Redactor(KEY, ["Probe.Example", "192.0.2.9"])
    token = redactor.host("probe.example")
    assert re.fullmatch(r"host-[0-9a-f]{8}", token)
    assert (
        redactor.text("https://PROBE.example:8443/ and probe.example") == f"https://{token}:8443/ and {token}"
    )
    assert redactor.text("my-probe.example") == "my-probe.example"
    assert redactor.host("192.0.2.9").startswith("addr-")


def test_a_host_called_like_a_word_of_the_record_goes_only_from_its_own_field() -> None:
    redactor = Redactor(KEY, ["sip"])
    measurement = redactor.record(_measurement(name="sip"))
    assert measurement.reflectors[0].name.startswith("host-")
    assert measurement.apps == ["sip"]
    assert measurement.flows[0].kind.app == "sip"
    assert redactor.text("seen in the sip leg") == "seen in the sip leg"


def test_a_record_is_redacted_at_any_depth_and_otherwise_unchanged() -> None:
    redactor = Redactor(KEY, ["reflector.example"])
    before = _measurement(name="reflector.example")
    before.notes = ["seen from 10.1.2.3"]
    before.invalid = "lost [2001:db8::7]:443"
    before.costs = {}
    before.not_tested = {"sip": ["via 10.1.2.3"], "10.1.2.3": []}
    after = redactor.record(before)
    token = redactor.text("10.1.2.3")
    assert after.notes == [f"seen from {token}"]
    assert after.not_tested == {"sip": [f"via {token}"], token: []}
    assert after.invalid == f"lost [{redactor.text('2001:db8::7')}]:443"
    assert before.notes == ["seen from 10.1.2.3"]
    assert (after.seed, after.started_at, after.flows, after.line) == (
        before.seed,
        before.started_at,
        before.flows,
        before.line,
    )
    assert after.reflectors[0].failure is Failure.READ_TIMEOUT


def test_a_type_without_a_rule_is_our_error() -> None:
    @dataclass
    class Stranger:
        address: str = "10.0.0.1"

    with pytest.raises(TypeError):
        Redactor(KEY).record(Stranger())


def _measurement(*, name: str) -> Measurement:
    kind = FlowKind("sip", "plain", "peer", Arm.A)
    return Measurement(
        seed="ab" * 32,
        started_at="2026-01-07T12:00:00Z",
        ended_at="2026-01-07T12:00:30Z",
        apps=["sip"],
        profile_digests={"sip": "cd" * 32},
        line=Line(access=Access.G3, operator_declared="Maroc Telecom"),
        reflectors=[ReflectorFacts(name=name, failure=Failure.READ_TIMEOUT)],
        flows=[FlowRecord(64, 0, kind, 0, Family.NONE, "setup", 0, 5060, [Stage.SETUP], 0)],
    )


def _log(**changes: str) -> bytes:
    columns = FarColumns([1, 2], [10, 20], [58, 58], [0, 0])
    flows = [FarFlow(64, 5060, columns, columns)]
    log = FarLog("ab" * 32, "0.1.0", 7, "cd" * 8, "2026-01-07T12:00:00Z", flows)
    return encode_farlog(msgspec.structs.replace(log, **changes))


def test_a_log_without_an_address_passes_as_it_is() -> None:
    log = SignedLog(_log(), b"s" * 64)
    refuse_addresses(log.payload)
    assert Redactor(KEY).record(log) == log


@pytest.mark.parametrize("field", ["version", "ticket_id", "reflector"])
@pytest.mark.parametrize("address", ["10.0.0.1", "2001:db8::1"])
def test_a_log_that_names_an_address_is_refused(field: str, address: str) -> None:
    with pytest.raises(AddressInLogError):
        refuse_addresses(_log(**{field: f"at {address}"}))


@given(st.binary(max_size=200))
def test_what_is_no_log_is_refused_whatever_the_bytes(payload: bytes) -> None:
    with pytest.raises(AddressInLogError):
        refuse_addresses(payload)
