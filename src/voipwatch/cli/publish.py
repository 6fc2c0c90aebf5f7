"""`voipwatch publish`: the signed bundle of a data folder and its site; embargo and closing."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cyclopts import Parameter

from voipwatch.chronicle.log import LogError, complete_lines, digest_of
from voipwatch.chronicle.state import ChronicleState
from voipwatch.cli.context import Context, data_folder, now_iso
from voipwatch.cli.errors import CLEAR, Misuse, Trouble
from voipwatch.cli.language import Size
from voipwatch.cli.site import checked_url, render_site, tell_site
from voipwatch.cli.store import opened
from voipwatch.cli.values import shown, shown_path
from voipwatch.cli.working import shown_work
from voipwatch.model.acts import Closing, EntryKind, Hold, KeyRole
from voipwatch.model.instants import iso
from voipwatch.pipeline.chronicle_folder import ChronicleFolder, ChronicleKeysError, KeyFile, chronicle_folder

if TYPE_CHECKING:
    from voipwatch.pipeline.publishing.publish import Published, Request

SCHEMA: Final = "voipwatch.published/1"
MEMORY_FOLDER: Final = "publication"
"""In the data folder: what is out, a folder a world."""
_STAGES: Final = {"votes": 0.0, "rows": 0.5, "files": 0.7, "disk": 0.9}
"""Where on the bar a stage begins; measured on a year of one country."""
BAR: Final = 1000
HOUR_S: Final = 3600


def publish(  # noqa: PLR0913 -- one parameter an option
    *,
    context: Annotated[Context, Parameter(parse=False)],
    out: Annotated[Path | None, Parameter(metavar="DIR")] = None,
    as_of: Annotated[str, Parameter(metavar="TIME")] = "",
    data: Annotated[Path | None, Parameter(metavar="DIR")] = None,
    store: Annotated[str | None, Parameter(metavar="URL")] = None,
    key: Annotated[Path | None, Parameter(metavar="FILE")] = None,
    instance: Annotated[str, Parameter(metavar="NAME")] = "",
    hold: Annotated[str, Parameter(metavar="ID")] = "",
    until: Annotated[str, Parameter(metavar="TIME")] = "",
    final: Annotated[str, Parameter(metavar="REASON")] = "",
    site: Annotated[Path | None, Parameter(metavar="DIR")] = None,
    bundle: Annotated[Path | None, Parameter(metavar="DIR")] = None,
    url: Annotated[str, Parameter(metavar="URL")] = "",
    json: bool = False,
) -> int:
    """Make the bundle, or bring it up to date; then its site, where one is wanted."""
    if bundle is not None:
        return _mirrored(context, bundle, site, url=url, alone=out is None, json=json)
    if out is None:
        raise Misuse("publish.no_out")
    if url and site is None:
        raise Misuse("site.no_site")
    checked_url(url)
    if bool(hold) != bool(until):
        raise Misuse("publish.half_hold")
    moment = _instant("--as-of", as_of) if as_of else None
    end = _instant("--until", until) if until else None
    folder = data_folder(context.environment) if data is None else data
    chronicle = ChronicleFolder(chronicle_folder(folder, instance))
    place = str(folder.absolute() / "store") if store is None and data is not None else store
    with opened(context, place) as found, _told():
        from voipwatch.pipeline.publishing import publish as making  # noqa: PLC0415 -- Arrow is an extra

        signer = _signer(chronicle, key)
        now = now_iso()

        def log() -> tuple[bytes, ...]:
            if hold and end is not None:
                _hold(chronicle, hold, until=iso(end), now=now, out=out)
            if final and chronicle.state().closed is None:
                chronicle.add([(EntryKind.FINAL, Closing(final))], at=now, role=KeyRole.INSTANCE)
            return _lines(chronicle)

        request = making.Request(
            out=Path(out).absolute(),
            memory=memory_folder(folder, instance),
            as_of=told_as_of(found.as_of()) if moment is None else moment,
            now=found.as_of() + 1 if moment is None else moment,
            key=signer,
            instance=instance,
            final=final,
        )
        with shown_work(context, "publish.working", BAR) as step:
            done = making.publish(
                found, request, log=log, step=lambda stage, n, of: step(_progress(stage, n, of))
            )
    rendered = None if site is None else render_site(context, request.out, site, url=url)
    _say(context, request, done, rendered, json=json)
    return CLEAR


def _mirrored(context: Context, bundle: Path, site: Path | None, *, url: str, alone: bool, json: bool) -> int:
    """The site of a bundle that is there already: makes no bundle, asks no store."""
    if not alone:
        raise Misuse("site.out_and_bundle")
    if site is None:
        raise Misuse("site.no_site")
    done = render_site(context, bundle, site, url=url)
    if json:
        context.print_json(msgspec.json.format(msgspec.json.encode(done), indent=2))
    else:
        if done["synthetic"]:
            context.tell("publish.emulated", style="yellow", name=shown(done["instance"]))
        tell_site(context, done)
    return CLEAR


def told_as_of(newest_s: int) -> int:
    """The last second of the hour in which the newest report arrived.

    Its own second would tell an onlooker at the collector's door whose it was; the full hour would close
    pools that still wait for votes.
    """
    return newest_s // HOUR_S * HOUR_S + HOUR_S - 1


def _say(
    context: Context,
    request: "Request",
    done: "Published",
    rendered: dict[str, Any] | None,
    *,
    json: bool,
) -> None:
    if json:
        document: dict[str, Any] = {
            "schema": SCHEMA, "digest": done.digest, "folder": str(request.out),
            "as_of": iso(request.as_of),
            "files": done.files, "bytes": done.bytes, "rows": done.rows, "fresh": done.fresh,
            "changed": done.changed, "synthetic": bool(request.instance), "instance": request.instance,
        }  # fmt: skip
        if rendered is not None:
            document["site"] = rendered
        context.print_json(msgspec.json.format(msgspec.json.encode(document), indent=2))
        return
    if request.instance:
        context.tell("publish.emulated", style="yellow", name=shown(request.instance))
    context.tell(
        "publish.done" if done.changed else "publish.same",
        path=shown_path(request.out), files=done.files, size=Size(done.bytes),
        rows=done.rows, fresh=done.fresh,
    )  # fmt: skip
    context.tell("publish.as_of", time=iso(request.as_of))
    context.tell("publish.digest", digest=done.digest)
    if rendered is not None:
        tell_site(context, rendered)
    if request.final:
        context.tell("publish.final", style="yellow")


def _hold(chronicle: ChronicleFolder, name: str, *, until: str, now: str, out: Path) -> None:
    """Announce an embargo. Refused for what readers have seen already."""
    state: ChronicleState = chronicle.state()
    story = state.stories.get(name)
    if story is None:
        raise Misuse("publish.no_incident", name=shown(name), known=", ".join(state.stories) or "-")
    if (out / "incidents" / f"{story.newest.id}.json").exists():
        raise Misuse("publish.seen", name=shown(name))
    body = Hold(name, story.newest.revision, until, digest_of(story.newest))
    if all(each.what != body for each in story.of(Hold)):
        chronicle.add([(EntryKind.HOLD, body)], at=now, role=KeyRole.INSTANCE)


def _lines(chronicle: ChronicleFolder) -> tuple[bytes, ...]:
    try:
        return tuple(complete_lines(chronicle.log.read_bytes())[0])
    except FileNotFoundError:
        return ()


def _signer(chronicle: ChronicleFolder, key: Path | None) -> Ed25519PrivateKey:
    if key is None:
        chronicle.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        return chronicle.keys().signer(KeyRole.INSTANCE)
    try:
        return msgspec.json.decode(key.read_bytes(), type=KeyFile).signer(KeyRole.INSTANCE)
    except (msgspec.DecodeError, ValueError) as error:
        raise Misuse("publish.bad_key", path=shown_path(key)) from error
    except OSError as error:
        raise Misuse(
            "error.file_unreadable", path=shown_path(key), reason=error.strerror or str(error)
        ) from error


def memory_folder(folder: Path, instance: str) -> Path:
    """Beside the chronicle of the same world, under the same name."""
    return folder / MEMORY_FOLDER / chronicle_folder(Path("of"), instance).relative_to("of")


def _instant(option: str, text: str) -> int:
    for form in ("%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%MZ", "%Y-%m-%d"):
        try:
            return int(datetime.strptime(text, form).replace(tzinfo=UTC).timestamp())
        except ValueError:
            continue
    raise Misuse("publish.instant", option=option, value=shown(text))


def _progress(stage: str, done: int, of: int) -> int:
    places = [*_STAGES.values(), 1.0]
    number = list(_STAGES).index(stage)
    begin, end = places[number], places[number + 1]
    return int(BAR * (begin + (end - begin) * (done / of if of else 1.0)))


@contextmanager
def _told() -> Iterator[None]:
    """Every way in which a bundle is not made, as one line."""
    from voipwatch.pipeline.publishing.alone import BusyError  # noqa: PLC0415 -- Arrow is an extra
    from voipwatch.pipeline.publishing.folder import NotABundleError  # noqa: PLC0415 -- the same
    from voipwatch.pipeline.publishing.memory import MemoryDamagedError  # noqa: PLC0415 -- the same
    from voipwatch.pipeline.publishing.publish import RefusedError  # noqa: PLC0415 -- the same
    from voipwatch.pipeline.publishing.world import MixedWorldsError  # noqa: PLC0415 -- the same

    def detail(error: Exception) -> dict[str, Any]:
        return {"detail": shown(str(error), longest=300)}

    try:
        yield
    except RefusedError as error:
        raise Misuse(f"publish.refused.{error.reason}", detail=shown(error.detail, longest=300)) from error
    except BusyError as error:
        raise Trouble("publish.busy", path=shown_path(error.place)) from error
    except NotABundleError as error:
        raise Misuse("publish.not_a_bundle", **detail(error)) from error
    except LogError as error:
        raise Trouble("publish.log", **detail(error)) from error
    except (MemoryDamagedError, ChronicleKeysError) as error:
        raise Trouble("publish.memory", **detail(error)) from error
    except MixedWorldsError as error:
        raise Trouble("publish.mixed", **detail(error)) from error
    except OSError as error:
        raise Trouble("publish.disk", **detail(error)) from error
