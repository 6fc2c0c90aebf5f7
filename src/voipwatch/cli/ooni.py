"""`voipwatch ooni import | export`: OONI's measurements as context series; our reports in OONI's shape."""

import csv
import io
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Final

import msgspec
from cyclopts import Parameter
from rich.progress import Progress
from rich.text import Text

from voipwatch.cli.context import Context
from voipwatch.cli.errors import CLEAR, UNDECIDED, Misuse
from voipwatch.cli.reportfile import decode_report, read_file, replaced, require_writable, write_file
from voipwatch.cli.show import table
from voipwatch.cli.store import opened, store_place
from voipwatch.cli.values import shown, shown_path
from voipwatch.pipeline.context import COLUMNS, ContextRow, context_rows, csv_fields
from voipwatch.pipeline.ooni_files import Item, Other, Refused, read_ooni
from voipwatch.pipeline.ooni_shape import ooni_document

if TYPE_CHECKING:
    from voipwatch.pipeline.context_keep import ContextKeeper

SCHEMA: Final = "voipwatch.ooni-import/1"
TOLD_MAX: Final = 10
"""Refused measurements that are told one by one."""
WORDS: Final = ("ok", "anomaly", "stale", "failed")


class Tally:
    """What was read, while it is read."""

    def __init__(self) -> None:
        self.measurements = 0
        self.other: Counter[str] = Counter()
        self.refused: list[tuple[str, Refused]] = []
        self.refused_count = 0
        self.said: Counter[tuple[str, str, str, str]] = Counter()
        """(country, test, part, word) -> rows."""

    def take(self, name: str, item: Item) -> list[ContextRow]:
        """Count one item; its rows."""
        if isinstance(item, Refused):
            self.refused_count += 1
            if len(self.refused) < TOLD_MAX:
                self.refused.append((name, item))
            return []
        if isinstance(item, Other):
            self.other[item.test] += 1
            return []
        self.measurements += 1
        rows = context_rows(item)
        for row in rows:
            word = next(word for word in WORDS if getattr(row, word))
            self.said[row.country, row.test, row.part, word] += 1
        return rows


def import_ooni(
    file: Annotated[tuple[str, ...], Parameter(metavar="FILE", consume_multiple=True)],
    /,
    *,
    context: Annotated[Context, Parameter(parse=False)],
    out: Annotated[str | None, Parameter(metavar="FILE")] = None,
    store: Annotated[str | None, Parameter(metavar="URL")] = None,
    data: Annotated[str | None, Parameter(metavar="DIR")] = None,
    json: bool = False,
) -> int:
    """Read the files, write their rows as CSV or into a store, say what was in them; 0, or 2 without any."""
    where = store_place(store, None if data is None else Path(data))
    paths = [_readable(Path(name)) for name in file]
    target = None if out is None else Path(out)
    if target is not None:
        require_writable(target)
    tally = Tally()
    with ExitStack() as stack:
        write = _writer(stack, target)
        keeper = None if where is None else _keeper(stack, context, where)
        for name, item in _items(context, paths):
            rows = tally.take(name, item)
            write(rows)
            if keeper is not None:
                keeper.take(rows)
        if keeper is not None:
            keeper.flush()
    kept = None if keeper is None else keeper.kept
    if json:
        context.print_json(_json(tally, kept))
    else:
        _tell(context, tally, target)
        if kept is not None:
            context.say("ooni.kept", count=kept)
    return CLEAR if tally.measurements else UNDECIDED


def export_ooni(
    file: Annotated[tuple[str, ...], Parameter(metavar="FILE", consume_multiple=True)],
    /,
    *,
    context: Annotated[Context, Parameter(parse=False)],
    out: Annotated[str | None, Parameter(metavar="FILE")] = None,
) -> int:
    """One JSON measurement a line for each report; 0."""
    target = None if out is None else Path(out)
    if target is not None:
        require_writable(target)
    lines = []
    for name in file:
        content = read_file(Path(name))
        report, _ = decode_report(content, name=name)
        report_id = sha256(content).hexdigest()[:32]
        try:
            lines.append(msgspec.json.encode(ooni_document(report, report_id=report_id)))
        except ValueError as error:
            raise Misuse("error.report_field", path=shown_path(name), reason=shown(str(error))) from None
    document = b"\n".join(lines)
    if target is None:
        context.print_json(document)
        return CLEAR
    write_file(target, document + b"\n")
    context.say("ooni.exported", count=len(lines), path=shown_path(target))
    return CLEAR


def _writer(stack: ExitStack, target: Path | None) -> Callable[[list[ContextRow]], None]:
    """A function that writes rows to the file, which is there whole when the stack closes, or not at all."""
    if target is None:
        return lambda _: None
    file = stack.enter_context(replaced(target))
    lines = io.TextIOWrapper(file, encoding="utf-8", newline="", write_through=True)
    stack.callback(lines.detach)  # the file is closed by its owner, after its content is on disk
    writer = csv.writer(lines)
    writer.writerow(COLUMNS)
    return lambda rows: writer.writerows(map(csv_fields, rows))


def _keeper(stack: ExitStack, context: Context, where: str) -> "ContextKeeper":
    """Keeps rows in the store at `where`, which is made where it is not, and closed with the stack."""
    store = stack.enter_context(opened(context, where, create=True, who="voipwatch ooni import"))
    from voipwatch.pipeline.context_keep import ContextKeeper  # noqa: PLC0415 -- its libraries are an extra

    return ContextKeeper(store, received_at_ms=int(datetime.now(tz=UTC).timestamp() * 1000))


def _readable(path: Path) -> Path:
    if path.is_dir():
        raise Misuse("error.file_is_folder", path=shown_path(path))
    if not path.exists():
        raise Misuse("error.file_missing", path=shown_path(path))
    return path


def _items(context: Context, paths: list[Path]) -> Iterator[tuple[str, Item]]:
    sizes = [path.stat().st_size for path in paths]
    before = 0
    with _progress(context, sum(sizes)) as told:
        for path, size in zip(paths, sizes, strict=True):
            try:
                for item in read_ooni(path, told=partial(told, before)):
                    yield path.name, item
            except OSError as error:
                reason = error.strerror or str(error)
                raise Misuse("error.file_unreadable", path=shown_path(path), reason=reason) from None
            before += size


@contextmanager
def _progress(context: Context, size_bytes: int) -> Iterator[Callable[[int, int], None]]:
    """A bar by the files' bytes (of those before, of this one) on a terminal; nothing without one."""
    with Progress(console=context.err, transient=True, disable=not context.stderr.isatty()) as bars:
        task = bars.add_task(context.texts("ooni.reading"), total=size_bytes)
        yield lambda before, read: bars.update(task, completed=before + read)


def _json(tally: Tally, kept: int | None) -> bytes:
    document = {
        "schema": SCHEMA,
        "measurements": tally.measurements,
        "other_tests": dict(sorted(tally.other.items())),
        "refused": tally.refused_count,
        "refusals": [
            {"file": name, "line": each.line, "reason": each.reason} for name, each in tally.refused
        ],
        "said": [
            {"country": country, "test": test, "part": part, "said": word, "rows": rows}
            for (country, test, part, word), rows in sorted(tally.said.items())
        ],
    }
    if kept is not None:
        document["kept_rows"] = kept
    return msgspec.json.format(msgspec.json.encode(document), indent=2)


def _tell(context: Context, tally: Tally, target: Path | None) -> None:
    texts = context.texts
    context.tell("ooni.read", count=tally.measurements, other=sum(tally.other.values()))
    keys = sorted({key[:3] for key in tally.said})
    if keys:
        names = ("country", "test", "part", *WORDS)
        cells: list[list[Text | str]] = [
            [*key, *(str(tally.said[*key, word]) for word in WORDS)] for key in keys
        ]
        context.out.print(table(texts, [texts(f"column.{name}") for name in names], cells))
    for name, each in tally.refused:
        context.say("ooni.refused", file=shown(name), line=each.line, reason=shown(each.reason, longest=160))
    if tally.refused_count > len(tally.refused):
        context.say("ooni.refused_more", count=tally.refused_count - len(tally.refused))
    context.say("ooni.context" if tally.measurements else "ooni.empty", style="dim")
    if target is not None:
        context.say("ooni.written", path=shown_path(target), file=quote(str(target)))
