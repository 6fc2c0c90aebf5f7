from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from voipwatch.cli.errors import Misuse
from voipwatch.cli.values import (
    BUDGET_MAX_BYTES,
    BUDGET_MIN_BYTES,
    made_folder,
    parse_access,
    parse_address,
    parse_apps,
    parse_count,
    parse_endpoint,
    parse_endpoints,
    parse_instance,
    parse_network,
    parse_pin,
    parse_size,
    shown,
)
from voipwatch.model.vocabulary import Access

PIN = "ab" * 32


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("2MB", 2_000_000),
        ("500kB", 500_000),
        ("1MiB", 1_048_576),
        ("1.5mb", 1_500_000),
        ("1,5 Mo", 1_500_000),
        (" 100 KIB ", 102_400),
        ("250000", 250_000),
        ("300000B", 300_000),
        ("1GB", 1_000_000_000),
    ],
)
def test_sizes(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize(
    "text",
    [
        "",
        "MB",
        "-2MB",
        "2 furlongs",
        "2MBB",
        "1e9",
        "0x10",
        "٢MB",
        "2..5MB",
        "nan",
        "2MB 3MB",
        "\x00",
        "9" * 400,
    ],
)
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(Misuse) as refused:
        parse_size(text)
    assert refused.value.status == 64
    assert refused.value.key == "error.size"


@pytest.mark.parametrize("text", ["1kB", "0", "49999", "2GB", "999999GB", "999999999999GB"])
def test_a_budget_out_of_range_is_refused(text: str) -> None:
    with pytest.raises(Misuse, match=r"error\.size_range"):
        parse_size(text)


def test_the_range_itself_is_accepted() -> None:
    assert parse_size(str(BUDGET_MIN_BYTES)) == BUDGET_MIN_BYTES
    assert parse_size(str(BUDGET_MAX_BYTES)) == BUDGET_MAX_BYTES


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("reflector.example", "reflector.example", 8443),
        ("reflector.example:443", "reflector.example", 443),
        ("reflector.example.", "reflector.example", 8443),
        ("192.0.2.1", "192.0.2.1", 8443),
        ("192.0.2.1:65535", "192.0.2.1", 65535),
        ("[2001:db8::1]:5060", "2001:db8::1", 5060),
        ("[2001:db8::1]", "2001:db8::1", 8443),
        ("2001:db8::1", "2001:db8::1", 8443),
        ("::1", "::1", 8443),
        ("bücher.example:1", "xn--bcher-kva.example", 1),
        ("localhost", "localhost", 8443),
    ],
)
def test_endpoints(text: str, host: str, port: int) -> None:
    assert parse_endpoint(text) == (host, port)


@pytest.mark.parametrize(
    "text",
    [
        "", " ", ":8443", "host:", "host:0", "host:65536", "host:99999999999", "host:x", "host:-1",
        "host:٤٤٣",
        "[::1", "[::1]x", "[::1]:", "[host]:1", "1::2::3", "a..b", "-a.example", "a b", "http://host/",
        "host/path", "x" * 300, "\x00", "\N{SNOWMAN}" * 80, "host:8443:1",
    ],
)  # fmt: skip
def test_what_is_no_endpoint_is_refused(text: str) -> None:
    with pytest.raises(Misuse, match=r"error\.(host|port)"):
        parse_endpoint(text)


@given(st.text())
@example("[")
@example("\N{LATIN SMALL LETTER SHARP S}." * 130)
def test_an_endpoint_is_understood_or_refused_whatever_the_text(text: str) -> None:
    try:
        host, port = parse_endpoint(text)
    except Misuse:
        return
    assert host
    assert 1 <= port <= 65535


@pytest.mark.parametrize("text", [PIN, PIN.upper(), f"sha256:{PIN}", ":".join(["AB"] * 32), f" {PIN} "])
def test_pins(text: str) -> None:
    assert parse_pin(text) == PIN


@pytest.mark.parametrize("text", ["", "ab", PIN[:-1], PIN + "a", "zz" * 32, "\u0661" * 64])
def test_what_is_no_pin_is_refused(text: str) -> None:
    with pytest.raises(Misuse, match=r"error\.pin"):
        parse_pin(text)


def test_one_pin_serves_all_reflectors_and_one_each_goes_in_order() -> None:
    one = parse_endpoints(["a", "b"], [PIN], insecure=False)
    each = parse_endpoints(["a", "b"], [PIN, "cd" * 32], insecure=False)
    assert [endpoint.pin for endpoint in one] == [PIN, PIN]
    assert [endpoint.pin for endpoint in each] == [PIN, "cd" * 32]


def test_a_reflector_named_twice_is_taken_once() -> None:
    found = parse_endpoints(["a", "A:8443", "b"], [], insecure=True)
    assert [(endpoint.host, endpoint.insecure) for endpoint in found] == [("a", True), ("b", True)]


@pytest.mark.parametrize(
    ("reflectors", "pins", "insecure", "key"),
    [
        ([], [], False, "error.no_reflector"),
        (["a"] * 9, [], False, "error.many_reflectors"),
        (["a", "b", "c"], [PIN, PIN], False, "error.pin_count"),
        (["a"], [PIN, PIN], False, "error.pin_count"),
        (["a"], [PIN], True, "error.pin_and_insecure"),
    ],
)
def test_contradictions_are_refused(reflectors: list[str], pins: list[str], insecure: bool, key: str) -> None:
    with pytest.raises(Misuse, match=key):
        parse_endpoints(reflectors, pins, insecure=insecure)


def test_apps_are_folded_and_keep_their_order() -> None:
    profiled = ("whatsapp", "sip", "webrtc")
    assert parse_apps("sip,viber, SIP ,whatsapp", every=False, profiled=profiled) == (
        "sip",
        "viber",
        "whatsapp",
    )
    assert parse_apps(None, every=False, profiled=profiled) == profiled
    assert parse_apps(None, every=True, profiled=profiled) == profiled


@pytest.mark.parametrize("text", ["", "whatsup", "sip,", "sip,,webrtc", "\N{SNOWMAN}", "line"])
def test_an_unknown_app_is_refused_with_the_known_ones(text: str) -> None:
    with pytest.raises(Misuse, match=r"error\.app") as refused:
        parse_apps(text, every=False, profiled=("sip",))
    assert "viber" in str(refused.value.values["known"])


def test_app_and_all_contradict() -> None:
    with pytest.raises(Misuse, match=r"error\.app_and_all"):
        parse_apps("sip", every=True, profiled=("sip",))


def test_access_types() -> None:
    assert parse_access("3G") is Access.G3
    with pytest.raises(Misuse, match=r"error\.access"):
        parse_access("dial-up")


def test_counts_stay_in_their_range() -> None:
    assert parse_count(8, option="--count", low=1, high=8) == 8
    for value in (0, 9, -1, 10**30):
        with pytest.raises(Misuse, match=r"error\.count"):
            parse_count(value, option="--count", low=1, high=8)


def test_what_is_shown_of_user_input_is_printable_and_short() -> None:
    assert shown("a\x1b[31mb\nc") == "a\N{REPLACEMENT CHARACTER}[31mb\N{REPLACEMENT CHARACTER}c"
    assert len(shown("x" * 1000)) == 60


@pytest.mark.parametrize(
    ("text", "name"), [(None, ""), ("morocco-2016", "morocco-2016"), ("a", "a"), ("A.b_c-9", "A.b_c-9")]
)
def test_instances(text: str | None, name: str) -> None:
    assert parse_instance(text) == name


@pytest.mark.parametrize("text", ["", " ", "-x", "a b", "a\n", "é", "x" * 65, "a/b"])
def test_what_is_no_instance_is_refused(text: str) -> None:
    with pytest.raises(Misuse) as refused:
        parse_instance(text)
    assert refused.value.key == "error.instance"


@pytest.mark.parametrize(
    ("text", "address"), [("127.0.0.1", "127.0.0.1"), (" [::1] ", "::1"), ("2001:DB8::0", "2001:db8::")]
)
def test_addresses(text: str, address: str) -> None:
    assert parse_address(text) == address


@pytest.mark.parametrize("text", ["", "everywhere", "127.0.0.1:80", "1.2.3"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(Misuse):
        parse_address(text)


def test_a_folder_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    assert made_folder(str(folder)) == folder
    assert folder.stat().st_mode & 0o777 == 0o700
    folder.chmod(0o755)
    made_folder(str(folder))
    assert folder.stat().st_mode & 0o777 == 0o755
    made_folder(str(folder), private=True)
    assert folder.stat().st_mode & 0o777 == 0o700


def test_what_can_be_no_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    for text in (str(tmp_path / "file"), str(tmp_path / "file" / "x"), "a\0b"):
        with pytest.raises(Misuse):
            made_folder(text)


@pytest.mark.parametrize(
    ("text", "prefix"), [(" 127.0.0.1 ", "127.0.0.1/32"), ("10.1.2.3/8", "10.0.0.0/8"), ("::1", "::1/128")]
)
def test_a_prefix_may_be_one_address(text: str, prefix: str) -> None:
    assert str(parse_network(text)) == prefix


@pytest.mark.parametrize("text", ["", "proxy", "10.0.0.0/33", "1.2.3"])
def test_what_is_no_prefix_is_said(text: str) -> None:
    with pytest.raises(Misuse):
        parse_network(text)
