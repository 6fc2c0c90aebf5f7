"""OONI's own reader over one file; run by bench_ooni.py with a Python that has oonidata and orjson.

Prints one JSON line: measurements, wall and CPU seconds of reading, versions. Nothing of voipwatch is in it.
"""

import json
import sys
import time
from importlib.metadata import version

import orjson
from oonidata.models.nettests import NETTEST_MODELS

ALIASES = {"stun_reachability": "stunreachability"}
"""The sample's name of the test, and the reader's."""


def main() -> None:
    """Every line of the file through orjson and its test's `from_dict`."""
    count = 0
    begun, cpu = time.perf_counter(), time.process_time()
    with open(sys.argv[1], "rb") as file:  # noqa: PTH123 -- nothing between the file and the reader
        for line in file:
            document = orjson.loads(line)
            name = document["test_name"]
            NETTEST_MODELS[ALIASES.get(name, name)].from_dict(document)
            count += 1
    took, spent = time.perf_counter() - begun, time.process_time() - cpu
    versions = {name: version(name) for name in ("oonidata", "orjson")}
    print(json.dumps({"measurements": count, "wall_s": took, "cpu_s": spent, "versions": versions}))


if __name__ == "__main__":
    main()
