"""`voipwatch store ddl`: the statements that make the store's tables, on one server or on a cluster."""

from typing import Annotated, Final

import msgspec
from cyclopts import Parameter

from voipwatch.cli.context import Context
from voipwatch.cli.errors import CLEAR, Misuse, Trouble
from voipwatch.cli.values import shown

SCHEMA: Final = "voipwatch.store-ddl/1"
DATABASE: Final = "voipwatch"


def ddl(
    *,
    context: Annotated[Context, Parameter(parse=False)],
    cluster: Annotated[str | None, Parameter(metavar="NAME")] = None,
    database: Annotated[str | None, Parameter(metavar="NAME")] = None,
    json: bool = False,
) -> int:
    """Print them, for clickhouse-client to run."""
    try:
        from voipwatch.store.clusterddl import (  # noqa: PLC0415 -- its libraries are an extra
            ClusterNameError,
            cluster_ddl,
            plain_ddl,
        )
    except ModuleNotFoundError as error:
        raise Trouble("store.error.missing-engine", detail=error.name or "pyarrow") from None
    if cluster is None and database is not None:
        raise Misuse("store.ddl_database")
    try:
        statements = (
            plain_ddl() if cluster is None else cluster_ddl(cluster=cluster, database=database or DATABASE)
        )
    except ClusterNameError as error:
        raise Misuse("store.ddl_name", value=shown(str(error))) from None
    if json:
        document = {"schema": SCHEMA, "cluster": cluster or "", "statements": statements}
        context.print_json(msgspec.json.format(msgspec.json.encode(document), indent=2))
        return CLEAR
    context.out.file.write("".join(f"{statement};\n\n" for statement in statements))
    return CLEAR
