"""The table against the databases' own look-up: a second method."""

from hashlib import blake2b
from importlib.resources import files
from pathlib import Path

import numpy as np
import plevin
import pytest

from voipwatch.collector.geo import GeoTable
from voipwatch.collector.geotable import main, merged


def test_two_tables_become_one() -> None:
    starts, one, two = merged(
        (np.array([0, 10, 20], dtype=np.uint64), np.array([1, 2, 2])),
        (np.array([5, 10, 30], dtype=np.uint64), np.array([7, 8, 8])),
    )
    assert starts.tolist() == [0, 5, 10]
    assert one.tolist() == [1, 1, 2]
    assert two.tolist() == [0, 7, 8]


@pytest.mark.slow
def test_it_says_what_the_databases_say(tmp_path: Path, seed: bytes) -> None:
    main([str(tmp_path / "t.npz"), "x"])
    table = GeoTable(tmp_path / "t.npz")
    databases = [
        plevin.Plevin(str(next(iter(files(name).joinpath("data").iterdir()))))
        for name in ("plevin_db_country", "plevin_db_network")
    ]
    known = 0
    for number in range(300):
        drawn = blake2b(b"%d" % number, key=seed, digest_size=16).digest()
        if number % 3:
            address = ".".join(map(str, (drawn[0] % 223 + 1, *drawn[1:4])))
        else:
            address = f"2{drawn[0] % 16:x}{drawn[1] % 16:x}1:{drawn[2:4].hex()}::1"
        country, network = (each.lookup(address) for each in databases)
        code = country.place.country.code if country.place and country.place.country else None
        asn = (network.network.asn or None) if network.network else None
        assert table.find(address) == (code, asn), address
        known += code is not None
    assert known > 100
