"""Source address -> country and network, offline, in memory.

The packaged source is `plevin` with its country and network databases (PyPI). Its own look-up inflates
blocks of the file, milliseconds for an address whose neighbours were not asked about; so at the first
start both are made into one sorted table of ranges (`geotable`), a few megabytes, which is kept in the
data folder.
"""

import os
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from ipaddress import ip_address
from pathlib import Path
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

PACKAGES: Final = ("plevin-db-country", "plevin-db-network")
BUILD_TIMEOUT_S: Final = 600.0
COUNTRIES: Final = "countries"


class GeoSource(Protocol):
    """Anything that knows where an address is: a table as below, a reader of .mmdb files."""

    @property
    def version(self) -> str:
        """Which database, of which day; empty where there is none."""

    def find(self, address: str) -> tuple[str | None, int | None]:
        """Country (ISO 3166) and network (AS number), None where unknown. Raises ValueError: no address."""
        ...


class NoGeo:
    """No database: everything is unknown."""

    version = ""

    def find(self, address: str) -> tuple[str | None, int | None]:
        """Nothing is known of it."""
        ip_address(address)
        return None, None


class GeoTable:
    """Ranges sorted by their first address. IPv6 ranges are told by their first 64 bits, the routed half."""

    def __init__(self, path: Path) -> None:
        """Raises OSError, ValueError, KeyError for what is no such table."""
        with np.load(path, allow_pickle=False) as file:
            self.version = str(file["version"])
            self._countries: list[str | None] = [None, *map(str, file[COUNTRIES])]
            self._tables = {family: _Ranges(file, family) for family in (4, 6)}

    def find(self, address: str) -> tuple[str | None, int | None]:
        """Country and network. Raises ValueError for what is no address."""
        host = ip_address(address)
        mapped = getattr(host, "ipv4_mapped", None)
        host = mapped if mapped is not None else host
        value = int(host) if host.version == 4 else int(host) >> 64
        country, asn = self._tables[host.version].find(value)
        return self._countries[country], asn or None


class _Ranges:
    def __init__(self, file: "np.lib.npyio.NpzFile", family: int) -> None:
        self.starts: NDArray[np.uint64] = file[f"starts{family}"]
        self.countries: NDArray[np.uint16] = file[f"countries{family}"]
        self.asns: NDArray[np.uint32] = file[f"asns{family}"]
        if not len(self.starts) == len(self.countries) == len(self.asns):
            raise ValueError("columns of different lengths")

    def find(self, value: int) -> tuple[int, int]:
        at = int(np.searchsorted(self.starts, np.uint64(value), side="right")) - 1
        return (0, 0) if at < 0 else (int(self.countries[at]), int(self.asns[at]))


def packaged_version() -> str:
    """Of the packaged databases; empty where they are not installed."""
    try:
        return "plevin " + " ".join(sorted({version(name) for name in PACKAGES}))
    except PackageNotFoundError:
        return ""


def packaged_geo(folder: Path) -> GeoSource:
    """The packaged source. Made in a process of its own where it is not kept yet: a minute at most, once."""
    wanted = packaged_version()
    if not wanted:
        return NoGeo()
    path = folder / f"geo-{wanted.replace(' ', '-')}.npz"
    if not path.exists():
        temporary = folder / f".{os.getpid()}-{path.name}"  # several processes may make it at once
        subprocess.run(
            [sys.executable, "-m", "voipwatch.collector.geotable", str(temporary), wanted],
            check=True,
            timeout=BUILD_TIMEOUT_S,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=dict(os.environ),
        )
        for old in folder.glob("geo-*.npz"):
            if old != path:
                old.unlink(missing_ok=True)
        temporary.replace(path)
    return GeoTable(path)
