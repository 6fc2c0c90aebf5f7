"""Makes the table of `geo` out of the packaged databases: `python -m voipwatch.collector.geotable FILE
VERSION`.

A process of its own, because reading them whole takes 200 MB for a moment.
"""

import sys
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from plevin.reader import Column, File, Index, Section

from voipwatch.collector.geo import COUNTRIES

Codes = NDArray[np.int64]


def _file(package: str) -> File:
    (path,) = (each for each in files(package).joinpath("data").iterdir() if each.name.endswith(".plv"))
    return File(str(path))


def _starts(file: File, family: int) -> NDArray[np.uint64]:
    """First addresses, sorted; IPv6 as their first 64 bits."""
    index = file.families[family][0]
    assert isinstance(index, Index)
    out: list[int] = []
    for group in range(-(-index.count // index.per_group)):
        out += [value >> 64 for value in index.values(group)] if family == 6 else index.values(group)
    return np.array(out, dtype=np.uint64)


def _column(section: Section) -> Codes:
    assert isinstance(section, Column)
    out: list[int] = []
    for block in range(section.blocks):
        out += section.whole(block)
    return np.array(out[: section.count], dtype=np.int64)


def _linked(file: File, family: int, table: str) -> Codes:
    """For each range the row of `table` that it links to, from 1; 0 where there is none."""
    return _column(file.sections[f"spine.v{family}.{table}"])


def _asns(file: File, family: int) -> Codes:
    by_row = np.concatenate([[0], _column(file.sections["col.network.asn"])])
    return np.asarray(by_row[_linked(file, family, "network")])


def _countries(file: File, family: int, names: list[str]) -> Codes:
    """Codes into `names`, from 1; 0 where the country is not known."""
    code_of: dict[int, int] = {0: 0}
    links = _linked(file, family, "place")
    for row in np.unique(links):
        if not row:
            continue
        code = _country(file, int(row) - 1)
        if code and code not in names:
            names.append(code)
        code_of[int(row)] = names.index(code) + 1 if code else 0
    codes, inverse = np.unique(links, return_inverse=True)
    return np.array([code_of[int(code)] for code in codes], dtype=np.int64)[inverse]


def _country(file: File, place: int) -> str:
    city = file.sections["link.place.city"][place]
    text = file.sections["col.city.country"][city - 1] if city else 0
    return str(file.sections["strings"][text]) if text else ""


def merged(
    first: tuple[NDArray[np.uint64], Codes], second: tuple[NDArray[np.uint64], Codes]
) -> tuple[NDArray[np.uint64], Codes, Codes]:
    """Two tables of (starts, values) as one of (starts, values, values), equal neighbours joined."""
    starts = np.union1d(first[0], second[0])
    columns = []
    for own, values in (first, second):
        at = np.searchsorted(own, starts, side="right") - 1
        columns.append(np.where(at < 0, 0, values[np.maximum(at, 0)]))
    one, two = columns
    keep = np.ones(len(starts), dtype=bool)
    keep[1:] = (one[1:] != one[:-1]) | (two[1:] != two[:-1])
    return starts[keep], one[keep], two[keep]


def build(path: Path, version: str) -> None:
    """Write the table."""
    places, networks = _file("plevin_db_country"), _file("plevin_db_network")
    names: list[str] = []
    columns: dict[str, NDArray[np.generic]] = {}
    for family in (4, 6):
        starts, countries, asns = merged(
            (_starts(places, family), _countries(places, family, names)),
            (_starts(networks, family), _asns(networks, family)),
        )
        columns[f"starts{family}"] = starts
        columns[f"countries{family}"] = countries.astype(np.uint16)
        columns[f"asns{family}"] = asns.astype(np.uint32)
    columns[COUNTRIES] = np.array(names)
    columns["version"] = np.array(version)
    with path.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **columns)


def main(arguments: Sequence[str]) -> None:
    """FILE VERSION."""
    build(Path(arguments[0]), arguments[1])


if __name__ == "__main__":
    main(sys.argv[1:])
