"""`voipwatch reputation import | fetch`: counts of followers into a file, each with where it came from."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import msgspec
from cyclopts import Parameter

from voipwatch.civic.observations import Observation, ObservationError, encode_csv, merged
from voipwatch.civic.press import PACKAGED, packaged_press
from voipwatch.cli.context import Context, wall_s
from voipwatch.cli.errors import CLEAR, UNDECIDED, Misuse, Trouble
from voipwatch.cli.reportfile import require_writable, write_file
from voipwatch.cli.values import shown, shown_path
from voipwatch.cli.working import shown_work
from voipwatch.site.campaigns.adapters.answers import Fetched, Unfetched
from voipwatch.site.campaigns.adapters.asking import AddressError, ask, require_address
from voipwatch.site.campaigns.adapters.csvfile import read_csv
from voipwatch.site.campaigns.adapters.keys import Key, KeyFileError, read_key
from voipwatch.site.campaigns.adapters.services import SERVICES, Service, service_of
from voipwatch.site.campaigns.adapters.warcfile import Reading, WarcError, read_warc

SCHEMA = "voipwatch.reputation/1"
Quiet = Annotated[Context, Parameter(parse=False)]
Kept = Annotated[str | None, Parameter(metavar="FILE.csv")]


def import_counts(
    *file: Annotated[str, Parameter(metavar="FILE")],
    context: Quiet,
    to: Kept = None,
    press: Annotated[str | None, Parameter(metavar="NAME")] = None,
    json: bool = False,
) -> int:
    """CSV, WARC and press figures into one file of observations."""
    target = required(to, "--to")
    if not file and press is None:
        raise Misuse("reputation.nothing_named")
    if press is not None and press not in PACKAGED:
        raise Misuse("reputation.no_press", value=shown(press), known=", ".join(PACKAGED))
    before = existing(target)
    told: list[dict[str, Any]] = []
    found: list[Observation] = list(packaged_press(press).observations) if press is not None else []
    for name in file:
        rows, about = _read(context, Path(name))
        found += rows
        told.append({"path": name} | about)
    kept = _keep(target, before, found)
    if json:
        _print(
            context, {"files": told, "read": len(found), "new": len(kept) - len(before), "kept": len(kept)}
        )
        return CLEAR
    for about in told:
        if "records" in about:
            context.tell("reputation.warc", **_counts(about))
    new = len(kept) - len(before)
    context.tell("reputation.imported", read=len(found), new=new, kept=len(kept), path=shown_path(target))
    return CLEAR


def fetch(
    *page: Annotated[str, Parameter(metavar="PAGE")],
    context: Quiet,
    to: Kept = None,
    key: Annotated[Path | None, Parameter(metavar="FILE")] = None,
    at: Annotated[str | None, Parameter(metavar="URL")] = None,
    json: bool = False,
) -> int:
    """Today's counts from the services themselves; 2 where one gave none."""
    target = required(to, "--to")
    if not page:
        raise Misuse("reputation.no_page", known=", ".join(SERVICES))
    named = [_service(each) for each in page]
    secret = _key(key, needed=any(service.key_needed for service, _ in named))
    try:
        home = None if at is None else require_address(at)
    except AddressError:
        raise Misuse("reputation.no_address", value=shown(at or "")) from None
    before = existing(target)
    answers: list[Fetched | Unfetched] = []
    with shown_work(context, "reputation.asking", len(named)) as step:
        for number, (service, name) in enumerate(named, 1):
            answers.append(service.fetch(name, secret, ask=ask, now_s=wall_s(), home=home or service.home))
            step(number)
    found = [each for answer in answers if isinstance(answer, Fetched) for each in answer.observations]
    kept = _keep(target, before, found) if found else before
    if json:
        rows = [{"page": name, "answer": answer} for name, answer in zip(page, answers, strict=True)]
        _print(context, {"pages": rows, "new": len(kept) - len(before), "kept": len(kept)})
    else:
        for name, answer in zip(page, answers, strict=True):
            _tell(context, name, answer)
    return CLEAR if all(isinstance(answer, Fetched) for answer in answers) else UNDECIDED


def required(text: str | None, option: str) -> Path:
    """The path of an option that must be given. Raises Misuse."""
    if text is None:
        raise Misuse("reputation.required", option=option)
    path = Path(text)
    require_writable(path, option=option)
    return path


def existing(path: Path) -> list[Observation]:
    """What is in a file of observations; nothing where there is none. Raises Misuse."""
    try:
        if not path.exists():
            return []
        return read_csv(path)
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from error


def unreadable(path: Path, error: Exception) -> Misuse:
    """What to say of a file that is no CSV of observations, or cannot be read."""
    if isinstance(error, ObservationError):
        return Misuse(
            "reputation.csv", path=shown_path(path), line=error.line, field=error.field, reason=error.reason
        )
    reason = getattr(error, "strerror", None) or str(error)
    return Misuse("reputation.unreadable", path=shown_path(path), reason=shown(reason))


def pages_told(rows: Sequence[Observation]) -> str:
    """The first twenty pages, each with its quantities as they are typed: `x:a (followers, likes)`."""
    found: dict[str, set[str]] = {}
    for each in rows:
        found.setdefault(each.page, set()).add(each.quantity.value)
    return ", ".join(f"{page} ({', '.join(sorted(found[page]))})" for page in sorted(found)[:20])


def _read(context: Context, path: Path) -> tuple[list[Observation], dict[str, Any]]:
    """The observations of a file, CSV or WARC by its first bytes, and what there is to say of it."""
    try:
        with path.open("rb") as stream:
            beginning = stream.read(5)
        if not (beginning.startswith(b"\x1f\x8b") or beginning == b"WARC/"):
            rows = read_csv(path)
            return rows, {"kind": "csv", "rows": len(rows)}
        size_bytes = path.stat().st_size
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from error
    try:
        with shown_work(context, "reputation.reading", size_bytes) as step:
            reading: Reading = read_warc(path, step=step)
    except WarcError as error:
        raise Misuse(f"reputation.{error.reason}", path=shown_path(path), records=error.records) from error
    except ModuleNotFoundError as error:
        raise Trouble("reputation.no_warcio") from error
    plain = msgspec.to_builtins(reading)
    return reading.observations, {"kind": "warc", **plain, "observations": len(reading.observations)}


def _counts(about: dict[str, Any]) -> dict[str, Any]:
    return {
        "path": shown_path(about["path"]),
        "records": about["records"],
        "pages": about["pages"],
        "counts": about["observations"],
        "countless": len(about["countless"]),
        "damaged": len(about["damaged"]),
    }


def _keep(target: Path, before: Sequence[Observation], found: Sequence[Observation]) -> list[Observation]:
    kept = merged(before, found)
    write_file(target, encode_csv(kept).encode())
    return kept


def _service(page: str) -> tuple[Service, str]:
    found = service_of(page)
    if found is None:
        raise Misuse("reputation.no_such_page", value=shown(page), known=", ".join(SERVICES))
    return found


def _key(path: Path | None, *, needed: bool) -> Key | None:
    if path is None:
        if needed:
            raise Misuse("reputation.key_needed")
        return None
    try:
        return read_key(path)
    except KeyFileError as error:
        raise Misuse(f"reputation.key.{error.problem.value}", path=shown_path(path)) from None


def _tell(context: Context, page: str, answer: Fetched | Unfetched) -> None:
    if isinstance(answer, Fetched):
        for each in answer.observations:
            quantity = context.texts(f"reputation.quantity.{each.quantity.value}")
            context.tell(
                "reputation.fetched", page=shown(page), count=span(each.low, each.high), quantity=quantity
            )
        if answer.used_percent is not None and answer.used_percent >= 90:
            context.say("reputation.used", percent=round(answer.used_percent))
        return
    reason = context.texts(f"reputation.why.{answer.why.value}")
    context.say("reputation.unfetched", page=shown(page), reason=reason)
    if answer.retry_after_s is not None:
        context.say("reputation.again", minutes=max(1, round(answer.retry_after_s / 60)))


def span(low: float, high: float) -> str:
    """A value or an interval of counts, digits in threes by a narrow space in every language."""
    ends = [f"{round(each):,}".replace(",", "\u202f").replace("-", "\u2212") for each in (low, high)]
    return ends[0] if low == high else "\u2013".join(ends)


def _print(context: Context, document: dict[str, Any]) -> None:
    context.print_json(msgspec.json.format(msgspec.json.encode({"schema": SCHEMA} | document), indent=2))
