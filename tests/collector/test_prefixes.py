import os
from ipaddress import ip_network
from pathlib import Path

import pytest

from voipwatch.collector.prefixes import (
    KEY_FILE,
    LEARN_PEERS,
    LEARN_PSEUDONYMS,
    PrefixHasher,
    PrefixKinds,
    prefix_of,
    read_declared,
)
from voipwatch.model.submission import PrefixKind

NOW = 1_795_305_600.0  # 2026-11-22 00:00 UTC
DAY_S = 86_400.0


def test_a_prefix_is_a_24_or_a_48() -> None:
    assert (
        prefix_of("192.0.2.7") == prefix_of("192.0.2.200") == prefix_of("::ffff:192.0.2.9") == b"\4\xc0\0\2"
    )
    assert prefix_of("192.0.3.7") != prefix_of("192.0.2.7")
    assert prefix_of("2001:db8:1:2::3") == prefix_of("2001:db8:1:ffff::9") == b"\6\x20\1\x0d\xb8\0\1"
    assert prefix_of("2001:db8:2::3") != prefix_of("2001:db8:1::3")
    with pytest.raises(ValueError, match="nobody"):
        prefix_of("nobody")


def test_hashes_agree_within_a_day_and_not_over_two() -> None:
    hasher = PrefixHasher(None, os.urandom)
    one, day = hasher.hash("192.0.2.7", NOW)
    assert (len(one), day) == (16, "2026-11-22")
    assert hasher.hash("192.0.2.99", NOW + DAY_S - 1) == (one, day)
    other, next_day = hasher.hash("192.0.2.7", NOW + DAY_S)
    assert next_day == "2026-11-23"
    assert other != one
    assert PrefixHasher(None, os.urandom).hash("192.0.2.7", NOW)[0] != one


def test_the_key_outlives_a_restart_and_not_its_day(tmp_path: Path) -> None:
    first = PrefixHasher(tmp_path, os.urandom)
    one = first.hash("192.0.2.7", NOW)
    kept = (tmp_path / KEY_FILE).read_bytes()
    assert (tmp_path / KEY_FILE).stat().st_mode & 0o777 == 0o600
    again = PrefixHasher(tmp_path, os.urandom)
    assert again.hash("192.0.2.7", NOW + 60) == one
    again.forget(NOW + 60)
    assert (tmp_path / KEY_FILE).read_bytes() == kept
    again.forget(NOW + DAY_S)  # nobody came that day
    assert (tmp_path / KEY_FILE).read_bytes() != kept
    late = PrefixHasher(tmp_path, os.urandom)
    assert late.hash("192.0.2.7", NOW + DAY_S)[0] != one[0]


@pytest.mark.parametrize("content", [b"", b"{}", b'{"day":"2026-11-22","key":"AAAA"}'])
def test_a_damaged_key_is_replaced(tmp_path: Path, content: bytes) -> None:
    (tmp_path / KEY_FILE).write_bytes(content)
    assert len(PrefixHasher(tmp_path, os.urandom).hash("192.0.2.7", NOW)[0]) == 16


def test_a_key_that_cannot_be_kept_is_not_left_behind_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hasher = PrefixHasher(tmp_path, os.urandom)
    hasher.hash("192.0.2.7", NOW)

    def full(*_: object) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr("voipwatch.collector.prefixes.write_private", full)
    hasher.hash("192.0.2.7", NOW + DAY_S)
    assert not (tmp_path / KEY_FILE).exists()


def test_declared_kinds_are_those_of_the_longest_prefix() -> None:
    kinds = PrefixKinds(read_declared("# ours\n198.51.0.0/16 carrier # NAT\n\n198.51.100.0/24 fixed\n"))
    assert kinds.kind("198.51.1.1", "a", "d") is PrefixKind.CARRIER
    assert kinds.kind("198.51.100.1", "b", "d") is PrefixKind.FIXED
    assert kinds.kind("203.0.113.1", "c", "d") is PrefixKind.UNKNOWN
    assert kinds.kind("2001:db8::1", "e", "d") is PrefixKind.UNKNOWN
    assert read_declared("2001:db8::/32 fixed") == {ip_network("2001:db8::/32"): PrefixKind.FIXED}


@pytest.mark.parametrize(
    "text", ["198.51.100.0/24", "198.51.100.0/24 big", "x fixed", "198.51.100.1/24 fixed"]
)
def test_a_wrong_line_is_named(text: str) -> None:
    with pytest.raises(ValueError, match="line 2"):
        read_declared(f"# one\n{text}")


def watched(
    *, pseudonyms: int, ports: list[int | None], peers: int = LEARN_PEERS, asn: int | None = 64500
) -> PrefixKind:
    kinds = PrefixKinds()
    for number in range(pseudonyms):
        for port in ports:
            kinds.observe("a", "d", asn=asn, pseudonym=f"{number:032x}"[::-1], port=port)
    for number in range(peers):
        kinds.observe(f"p{number}", "d", asn=asn, pseudonym=f"ff{number:030x}"[::-1], port=1024)
    return kinds.kind("192.0.2.1", "a", "d")


WIDE: list[int | None] = [4096 * n + 1030 for n in range(16)]
EPHEMERAL: list[int | None] = list(range(32768, 61000, 500))


def test_a_carriers_nat_is_learnt() -> None:
    assert watched(pseudonyms=LEARN_PSEUDONYMS, ports=WIDE) is PrefixKind.CARRIER


@pytest.mark.parametrize(
    "seen",
    [
        {"pseudonyms": LEARN_PSEUDONYMS - 1, "ports": WIDE},
        {"pseudonyms": 200, "ports": EPHEMERAL},
        {"pseudonyms": 200, "ports": [None]},
        {"pseudonyms": LEARN_PSEUDONYMS, "ports": WIDE, "peers": 10},
        {"pseudonyms": LEARN_PSEUDONYMS, "ports": WIDE, "peers": 2000},
        {"pseudonyms": LEARN_PSEUDONYMS, "ports": WIDE, "asn": None},
    ],
    ids=["few", "ports of hosts", "behind a proxy", "a small panel", "a small share", "no network"],
)
def test_what_a_household_could_be_is_not_a_carrier(seen: dict[str, object]) -> None:
    assert watched(**seen) is PrefixKind.UNKNOWN  # type: ignore[arg-type]  # keywords of several types


def test_what_is_learnt_goes_with_the_day() -> None:
    kinds = PrefixKinds()
    for number in range(LEARN_PEERS):
        for port in WIDE:
            kinds.observe("a", "d", asn=1, pseudonym=f"{number:032x}"[::-1], port=port)
    assert kinds.kind("192.0.2.1", "a", "d") is PrefixKind.CARRIER
    assert kinds.kind("192.0.2.1", "a", "e") is PrefixKind.UNKNOWN
    kinds.observe("b", "e", asn=1, pseudonym="00" * 16, port=1)
    assert kinds.kind("192.0.2.1", "a", "d") is PrefixKind.UNKNOWN
