"""Runs collectors that may be killed: `python -m tests.collector.forking DATA REFLECTOR_KEY TABLE`.

Each line on standard input starts one, in a fork of this process, which has imported everything already; its
process id and port are printed, then, once it has ended however it may, `ended`.
"""

import os
import sys
from pathlib import Path

from voipwatch.collector.geo import GeoTable
from voipwatch.collector.options import CollectorOptions
from voipwatch.collector.server import Collector, run


def main() -> None:
    data, reflector, table = sys.argv[1:]
    options = CollectorOptions(
        data=Path(data),
        reflectors=frozenset({reflector}),
        port=0,
        metrics_port=None,
        geo=GeoTable(Path(table)),
        reports_burst=1e9,
        instance="lab",
        say=lambda line: tell(f"says {line}"),
    )
    for _ in sys.stdin:
        child = os.fork()
        if child == 0:
            run(options, ready)
            os._exit(0)
        os.waitpid(child, 0)
        tell("ended")


def tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def ready(collector: Collector) -> None:
    tell(f"ready {os.getpid()} {collector.port} {collector.public_key}")


if __name__ == "__main__":
    main()
