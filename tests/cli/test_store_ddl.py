"""`voipwatch store ddl`: statements for a client to run, and names that are none refused."""

import json

import pytest

from tests.cli.doubles import run_line
from voipwatch.store.clusterddl import SHARDING, cluster_ddl, plain_ddl


def test_a_cluster_is_printed_for_a_client_to_run() -> None:
    ended = run_line("store", "ddl", "--cluster", "observatory", "--database", "calls")
    assert (ended.status, ended.err) == (0, "")
    printed = [each.strip() for each in ended.out.split(";\n") if each.strip()]
    assert printed == cluster_ddl(cluster="observatory", database="calls")


def test_one_server_is_the_default() -> None:
    ended = run_line("store", "ddl")
    assert ended.out.count("CREATE TABLE") == len(plain_ddl()) == len(SHARDING)
    assert "Replicated" not in ended.out


def test_for_machines() -> None:
    ended = run_line("store", "ddl", "--cluster", "c", "--json")
    told = json.loads(ended.out)
    assert told["schema"] == "voipwatch.store-ddl/1"
    assert told["statements"] == cluster_ddl(cluster="c", database="voipwatch")


@pytest.mark.parametrize(
    "options",
    [
        ("--cluster", "a`b"),
        ("--cluster", ""),
        ("--cluster", "c", "--database", "d; DROP"),
        ("--database", "d"),
    ],
)
def test_misuse_is_one_line_and_64(options: tuple[str, ...]) -> None:
    ended = run_line("store", "ddl", *options)
    assert (ended.status, ended.out) == (64, "")
    assert ended.err.count("\n") == 1
