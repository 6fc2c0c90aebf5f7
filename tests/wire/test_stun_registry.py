"""The registry against IANA's tables (tests/wire/data), both ways; what IANA does not know is named here."""

import csv
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from voipwatch.wire import stun_registry as registry
from voipwatch.wire.stun_registry import Attribute, ErrorCode, Method

DATA = Path(__file__).parent / "data"


def rows(table: str) -> Iterator[tuple[range, str]]:
    """The numbers of each row of IANA's table, and the row's name."""
    with (DATA / f"stun-parameters-{table}.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            first, _, last = row["Value"].partition("-")
            yield range(int(first, 0), int(last or first, 0) + 1), row["Name"]


def name_of(text: str) -> str | None:
    """The name in a row: also the one a reserved number had; None for a number without one."""
    was = re.search(r"was ([A-Za-z-]+)", text)
    if was:
        return was[1]
    return None if text.startswith(("Reserved", "Unassigned")) else text


def plain(name: str) -> str:
    """A name without what the documents spell differently: case, hyphens, spaces."""
    return re.sub(r"[^A-Z0-9]", "", name.upper())


def named(table: str) -> dict[int, str]:
    """Every number of a table that has or had a name."""
    return {
        number: plain(name) for numbers, text in rows(table) for number in numbers if (name := name_of(text))
    }


def test_the_tables_are_whole() -> None:
    assert sum(len(numbers) for numbers, _ in rows("2")) == 0x1000
    assert sum(len(numbers) for numbers, _ in rows("4")) == 0x10000
    assert sum(len(numbers) for numbers, _ in rows("6")) == 700
    assert len(named("4")) == 65


def test_attributes_are_ianas() -> None:
    assert {int(item): plain(item.name) for item in Attribute} == named("4")


def test_methods_are_ianas() -> None:
    assert {int(item): plain(item.name) for item in Method} == named("2")


def test_error_codes_are_ianas() -> None:
    ours = {int(item): plain(item.reason) for item in ErrorCode}
    theirs = named("6")
    assert theirs.pop(401) == "UNAUTHORIZED"  # the table's name before RFC 8489
    assert ours.pop(401) == "UNAUTHENTICATED"  # RFC 8489 section 14.8
    assert ours == theirs


def test_unregistered_attributes_are_named_here() -> None:
    unassigned = {number for numbers, name in rows("4") if name == "Unassigned" for number in numbers}
    reserved = {number for numbers, name in rows("4") if name == "Reserved" for number in numbers}
    ours = {int(item) for table in registry.UNREGISTERED for item in table}
    assert ours & unassigned == {
        *(0x0101, 0x0103),  # Zoom
        *(0x4000, 0x4001, 0x4002, 0x4003, 0x4004, 0x4005, 0x4006, 0x4007, 0x4021, 0x4023, 0x4024),  # WhatsApp
        *(
            0x8006,
            0x8008,
            0x8020,
            0x8032,
            0x8033,
            0x8036,
            0x8037,
            0x8039,
            0x8050,
            0x8054,
            0x8055,
        ),  # Microsoft
        *(0x8056, 0x8057, 0x8058, 0x8061, 0x8062, 0x8068, 0x8070, 0x8090, 0x8095),
        *(0xFF03, 0xFF04, 0xFF05),  # Google
    }
    assert ours & reserved == {0x000E, 0x000F, 0x0011}  # MS-TURN, from drafts of TURN
    # MS-TURN gives these another meaning than the RFCs, so they stand in both places.
    assert ours - unassigned - reserved == {0x0012, 0x0014, 0x0015}
    assert ours & {int(item) for item in Attribute} == {0x0012, 0x0014, 0x0015}


def test_vendor_message_types_lie_where_iana_has_no_method() -> None:
    reserved = {
        number for numbers, name in rows("2") if name.startswith("Reserved (For") for number in numbers
    }
    for item in registry.WhatsAppType:
        method = (item & 0x000F) | (item & 0x00E0) >> 1 | (item & 0x3E00) >> 2
        assert method in reserved


@pytest.mark.parametrize(
    ("number", "name"),
    [
        (0x0001, "MAPPED-ADDRESS"),
        (0x0003, "CHANGE-REQUEST"),
        (0x0012, "XOR-PEER-ADDRESS"),  # IANA's meaning first, not MS-TURN's
        (0x4000, "RELAY-TOKEN"),
        (0x8070, "MS-IMPLEMENTATION-VERSION"),
        (0xC057, "GOOG-NETWORK-INFO"),
        (0x7ABC, "0x7ABC"),
    ],
)
def test_attribute_names(number: int, name: str) -> None:
    assert registry.attribute_name(number) == name


def test_entries_say_who_defined_them() -> None:
    removed = registry.attribute_entry(0x000B)
    assert removed is Attribute.REFLECTED_FROM
    assert removed.defined_by == "RFC 3489, removed by RFC 5389"
    vendor = registry.attribute_entry(0x8008)
    assert vendor is not None
    assert vendor.defined_by == "MS-TURN"
    assert registry.attribute_entry(0x7ABC) is None


def test_method_and_type_names() -> None:
    assert registry.method_name(8) == "CREATE-PERMISSION"
    assert registry.method_name(0x123) == "0x123"
    assert registry.vendor_type_name(0x0802) == "PONG"
    assert registry.vendor_type_name(0x0001) is None


def test_error_reasons_are_written_as_the_rfcs_write_them() -> None:
    assert ErrorCode.ADDRESS_FAMILY_NOT_SUPPORTED.reason == "Address Family not Supported"
    assert ErrorCode.CONNECTION_TIMEOUT_OR_FAILURE.reason == "Connection Timeout or Failure"
    assert ErrorCode.STALE_NONCE.reason == "Stale Nonce"
