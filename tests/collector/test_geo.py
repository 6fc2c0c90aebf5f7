import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

from voipwatch.collector import geo
from voipwatch.collector.geo import GeoTable, NoGeo, packaged_geo


def a_table(path: Path) -> Path:
    """192.0.2.0/24 is MA 64500, 198.51.100.0/24 is TN without a network; 2001:db8::/32 is MA 64501."""
    v4 = [0, 0xC0000200, 0xC0000300, 0xC6336400, 0xC6336500]
    with path.open("wb") as file:
        np.savez_compressed(
            file,
            version=np.array("test 1"),
            countries=np.array(["MA", "TN"]),
            starts4=np.array(v4, dtype=np.uint64),
            countries4=np.array([0, 1, 0, 2, 0], dtype=np.uint16),
            asns4=np.array([0, 64500, 0, 0, 0], dtype=np.uint32),
            starts6=np.array([0x20010DB8 << 32, 0x20010DB9 << 32], dtype=np.uint64),
            countries6=np.array([1, 0], dtype=np.uint16),
            asns6=np.array([64501, 0], dtype=np.uint32),
        )
    return path


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("192.0.2.0", ("MA", 64500)),
        ("192.0.2.255", ("MA", 64500)),
        ("192.0.3.0", (None, None)),
        ("198.51.100.9", ("TN", None)),
        ("255.255.255.255", (None, None)),
        ("0.0.0.0", (None, None)),
        ("::ffff:192.0.2.9", ("MA", 64500)),
        ("2001:db8:ffff::1", ("MA", 64501)),
        ("2001:db9::", (None, None)),
        ("::1", (None, None)),
        ("ffff::", (None, None)),
    ],
)
def test_an_address_is_in_its_range(
    tmp_path: Path, address: str, found: tuple[str | None, int | None]
) -> None:
    table = GeoTable(a_table(tmp_path / "t.npz"))
    assert table.find(address) == found
    assert table.version == "test 1"


def test_what_is_no_address_is_an_error(tmp_path: Path) -> None:
    for source in (GeoTable(a_table(tmp_path / "t.npz")), NoGeo()):
        with pytest.raises(ValueError, match="nobody"):
            source.find("nobody")


def test_without_a_database_nothing_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(geo, "PACKAGES", ("voipwatch-has-no-such-package",))
    source = packaged_geo(tmp_path)
    assert (source.version, source.find("192.0.2.1")) == ("", (None, None))


def test_a_kept_table_of_this_version_is_not_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(geo, "packaged_version", lambda: "test 1")
    a_table(tmp_path / "geo-test-1.npz")
    assert packaged_geo(tmp_path).find("192.0.2.1") == ("MA", 64500)


def test_a_new_version_replaces_the_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(geo, "packaged_version", lambda: "test 2")
    (tmp_path / "geo-test-1.npz").write_bytes(b"old")

    def made(command: list[str], **_: object) -> None:
        assert command[1:3] == ["-m", "voipwatch.collector.geotable"]
        assert str(os.getpid()) in Path(command[3]).name, "another process may make it at the same time"
        a_table(Path(command[3]))

    monkeypatch.setattr(subprocess, "run", made)
    assert packaged_geo(tmp_path).find("192.0.2.1") == ("MA", 64500)
    assert [path.name for path in tmp_path.iterdir()] == ["geo-test-2.npz"]
