"""`voipwatch store`: what is in the store, any reading question, its version, tables out of it."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import msgspec
from cyclopts import Parameter
from rich.progress import Progress
from rich.text import Text

from voipwatch.cli import show
from voipwatch.cli.context import Context, data_folder
from voipwatch.cli.errors import CLEAR, Misuse, Trouble
from voipwatch.cli.values import shown, shown_path
from voipwatch.store.errors import StoreError

if TYPE_CHECKING:
    from voipwatch.store.store import Store

SCHEMA = "voipwatch.store/1"
MISUSE = frozenset({"bad-url", "no-cluster", "of-cluster", "of-server", "no-store", "query", "read-only"})
"""Reasons that the person who typed can change; the others are the machine's or ours."""

WIDEST = 100_000
"""Columns that no terminal has: a table's own width is measured against it."""
_ASIDE = re.compile(r"--[^\n]*|/\*.*?\*/|'(?:[^'\\]|\\.|'')*'|\"[^\"]*\"|`[^`]*`", re.DOTALL)
"""Comments, strings and quoted names, in which any word may stand."""
_SELECT = re.compile(r"['\s(]*(SELECT|WITH|FROM)\b", re.IGNORECASE)
_FORMAT = re.compile(r"\bFORMAT\s+(?!(ASC|DESC)\b)\w+\s*$|\bINTO\s+OUTFILE\b", re.IGNORECASE)

Url = Annotated[str | None, Parameter(metavar="URL")]
Data = Annotated[Path | None, Parameter(metavar="DIR")]


def status(
    *,
    context: Annotated[Context, Parameter(parse=False)],
    store: Url = None,
    data: Data = None,
    json: bool = False,
) -> int:
    """Rows and bytes of each table, segments by step, the newest report."""
    with opened(context, store_place(store, data)) as found:
        told = found.status()
    if json:
        _print_json(context, told)
        return CLEAR
    texts = context.texts
    columns = [texts(f"column.{name}") for name in ("name", "rows", "bytes")]
    context.out.print(
        show.table(
            texts,
            columns,
            [[name, f"{t['rows']:,}", f"{t['bytes']:,}"] for name, t in told["tables"].items()],
        )
    )
    context.tell("store.version", version=told["version"], engine=told["engine"])
    waiting = told["segments"].get("begun", 0) + told["segments"].get("in", 0)
    context.tell("store.segments", count=told["segments"].get("celled", 0), waiting=waiting)
    if told["as_of"]:
        context.tell("store.as_of", time=datetime.fromtimestamp(told["as_of"], UTC).isoformat())
    if told["damaged_parts"]:
        context.say("store.damage", style="bold red", count=told["damaged_parts"])
    return CLEAR


def query(
    sql: str,
    /,
    *,
    context: Annotated[Context, Parameter(parse=False)],
    store: Url = None,
    data: Data = None,
    json: bool = False,
) -> int:
    """Run one SELECT and print its rows: a table where it fits the width, else a block a row."""
    if not _is_one_select(sql):
        raise Misuse("store.one_select", value=shown(" ".join(sql.split())))
    with opened(context, store_place(store, data)) as found:
        rows = found.ask(sql)
    if json:
        _print_json(context, {"columns": rows.column_names, "rows": rows.to_pylist()})
        return CLEAR
    cells: list[list[Text | str]] = [[_cell(value) for value in row.values()] for row in rows.to_pylist()]
    grid = show.table(context.texts, rows.column_names, cells)
    if (
        context.out.measure(grid, options=context.out.options.update(width=WIDEST)).maximum
        > context.out.width
    ):
        for place, row in enumerate(cells):
            block = "\n".join(f"{name}: {value}" for name, value in zip(rows.column_names, row, strict=True))
            context.out.print(Text("\n" * (place > 0) + block), soft_wrap=True)
    else:
        context.out.print(grid)
    return CLEAR


def _is_one_select(sql: str) -> bool:
    """Whether it looks like one SELECT without FORMAT; the engine has the last word on everything else."""
    bare = _ASIDE.sub("''", sql).strip().rstrip("; \n\t")
    return ";" not in bare and bool(_SELECT.match(bare)) and not _FORMAT.search(bare)


def migrate(
    *,
    context: Annotated[Context, Parameter(parse=False)],
    store: Url = None,
    data: Data = None,
    json: bool = False,
) -> int:
    """Make the store, or bring its tables to this version."""
    with opened(context, store_place(store, data), create=True) as found:
        version = found.status()["version"]
    if json:
        _print_json(context, {"version": version})
    else:
        context.tell("store.migrated", version=version)
    return CLEAR


def export(  # noqa: PLR0913 -- one parameter an option
    table: str,
    /,
    *,
    context: Annotated[Context, Parameter(parse=False)],
    out: Annotated[Path | None, Parameter(metavar="FILE")] = None,
    country: Annotated[str, Parameter(metavar="CODE")] = "",
    since: Annotated[str, Parameter(metavar="DAY")] = "",
    until: Annotated[str, Parameter(metavar="DAY")] = "",
    store: Url = None,
    data: Data = None,
    json: bool = False,
) -> int:
    """Write one table as Parquet or CSV."""
    path = Path(f"{table}.parquet") if out is None else out
    with opened(context, store_place(store, data)) as found:
        from voipwatch.store.export import EXPORTED, PERSONAL, Selection  # noqa: PLC0415 -- Arrow is an extra

        if table not in EXPORTED:
            raise Misuse("store.no_table", value=shown(table), known=", ".join(EXPORTED))
        if path.suffix not in {".parquet", ".csv"}:
            raise Misuse("store.suffix", path=shown(str(path)))
        if table in PERSONAL:
            context.say("store.personal", style="yellow", table=table)
        selection = Selection(country.upper(), _day("--since", since), _day("--until", until))
        try:
            with _progress(context) as told:
                done = found.export(table, path, selection, told=told)
            known = found.countries(table) if not done.rows else []
        except OSError as error:
            raise Trouble(
                "store.write", path=shown_path(path), reason=error.strerror or str(error)
            ) from error
    if json:
        beside = None if done.dictionary is None else str(done.dictionary)
        _print_json(context, {"file": str(path), "rows": done.rows, "dictionary": beside})
    else:
        context.tell("store.exported", count=done.rows, path=shown_path(path))
        if not done.rows:
            context.say("store.no_rows", table=table, known=", ".join(known) or "-", style="yellow")
    return CLEAR


@contextmanager
def _progress(context: Context) -> "Iterator[Callable[[float], None]]":
    """A bar on a terminal, moving before the first piece is written; nothing without one."""
    with Progress(console=context.err, transient=True, disable=not context.stderr.isatty()) as bars:
        task = bars.add_task(context.texts("store.writing"), total=None)
        yield lambda share: bars.update(task, total=1.0, completed=share)


def store_place(store: str | None, data: Path | None) -> str | None:
    """The one place that `--store` or `--data` (the folder of `serve`) names; None without either.

    Raises Misuse where both are given.
    """
    if store is not None and data is not None:
        raise Misuse("ooni.store_and_data")
    return store if data is None else str(data.absolute() / "store")


@contextmanager
def opened(
    context: Context, url: str | None, *, create: bool = False, who: str = "voipwatch store"
) -> "Iterator[Store]":
    """The store at a URL or in a plain folder, or the one in the data folder; through its owner's door where
    it has one.
    """
    where = url or str(data_folder(context.environment) / "store")
    if ":" not in where.partition("/")[0]:  # no scheme, as in chdb: or https:
        where = f"chdb://{quote(str(Path(where).absolute()))}"
    try:
        try:
            from voipwatch.store.opening import open_store  # noqa: PLC0415 -- its libraries are an extra
        except ModuleNotFoundError as error:
            raise StoreError("missing-engine", error.name or "pyarrow") from None
        with open_store(where, create=create, read_only=not create, who=who) as found:
            yield found
    except StoreError as error:
        stop = Misuse if error.reason in MISUSE else Trouble
        raise stop(f"store.error.{error.reason}", detail=shown(error.detail, longest=300)) from error


def _day(option: str, text: str) -> int | None:
    if not text:
        return None
    try:
        return int(datetime.strptime(f"{text} +0000", "%Y-%m-%d %z").timestamp())
    except ValueError:
        raise Misuse("store.day", option=option, value=shown(text)) from None


def _cell(value: object) -> str:
    if value is None:
        return "-"
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _print_json(context: Context, document: dict[str, Any]) -> None:
    context.print_json(msgspec.json.format(msgspec.json.encode({"schema": SCHEMA} | document), indent=2))
