"""`voipwatch publish`: the signed bundle of a data folder and its site; embargo and closing."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, NamedTuple

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cyclopts import Parameter

from voipwatch.chronicle.log import LogError, complete_lines, digest_of
from voipwatch.chronicle.state import ChronicleState
from voipwatch.cli.chronicle_input import agree, words
from voipwatch.cli.context import Context, data_folder, wall_s
from voipwatch.cli.errors import CLEAR, Misuse, Trouble
from voipwatch.cli.language import Size
from voipwatch.cli.publish_reputation import ReputationOptions, watch_of_options
from voipwatch.cli.publish_times import HOUR_S, SKEW_S, as_of_newest, instant, past
from voipwatch.cli.site import checked_url, render_site, tell_site
from voipwatch.cli.store import opened
from voipwatch.cli.values import shown, shown_path
from voipwatch.cli.working import shown_work
from voipwatch.model.acts import Closing, EntryKind, Hold, KeyRole
from voipwatch.model.bundle import is_no_time
from voipwatch.model.instants import iso
from voipwatch.pipeline.chronicle_folder import ChronicleFolder, ChronicleKeysError, KeyFile, chronicle_folder
from voipwatch.pipeline.instance_settings import SettingsDamagedError, read_settings

if TYPE_CHECKING:
    from voipwatch.civic.watched import Watch
    from voipwatch.pipeline.publishing.publish import Published, Request
    from voipwatch.store.store import Store

SCHEMA: Final = "voipwatch.published/1"
MEMORY_FOLDER: Final = "publication"
"""In the data folder: what is out, a folder a world."""
_STAGES: Final = {"votes": 0.0, "rows": 0.5, "files": 0.7, "disk": 0.9}
"""Where on the bar a stage begins; measured on a year of one country."""
BAR: Final = 1000


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
    final: Annotated[str | None, Parameter(metavar="REASON")] = None,
    site: Annotated[Path | None, Parameter(metavar="DIR")] = None,
    bundle: Annotated[Path | None, Parameter(metavar="DIR")] = None,
    url: Annotated[str, Parameter(metavar="URL")] = "",
    reputation: Annotated[str | None, Parameter(metavar="FILE.csv")] = None,
    reputation_event: Annotated[str, Parameter(metavar="DATE")] = "",
    reputation_donors: Annotated[str, Parameter(metavar="PAGE[,..]")] = "",
    with_campaigns: bool = False,
    yes: bool = False,
    json: bool = False,
) -> int:
    """Make the bundle, or bring it up to date; then its site, where one is wanted."""
    watch = watch_of_options(ReputationOptions(reputation, reputation_event, reputation_donors), site=site)
    how = _Site(url, watch, with_campaigns)
    if bundle is not None:
        return _mirrored(context, bundle, site, how, alone=out is None, json=json)
    if out is None:
        raise Misuse("publish.no_out")
    if (url or with_campaigns) and site is None:
        raise Misuse("site.no_site")
    checked_url(url)
    if bool(hold) != bool(until):
        raise Misuse("publish.half_hold")
    clock_s = int(wall_s())
    folder = data_folder(context.environment) if data is None else data
    order = _Order(
        out=Path(out),
        folder=folder,
        store=str(folder.absolute() / "store") if store is None and data is not None else store,
        key=key,
        instance=instance,
        clock_s=clock_s,
        moment=past("--as-of", as_of, clock_s) if as_of else None,
        embargo=_Embargo(hold, iso(instant("--until", until)), iso(clock_s), Path(out)) if until else None,
        reason="" if final is None else words("--final", final),
        yes=yes,
    )
    request, done, held = _made(context, order)
    rendered = None if site is None else _rendered(context, request.out, site, how)
    _say(context, request, done, _Beside(held, rendered), json=json)
    return CLEAR


def _rendered(context: Context, bundle: Path, site: Path, how: "_Site") -> dict[str, Any]:
    return render_site(context, bundle, site, url=how.url, watch=how.watch, campaigns=how.campaigns)


def _made(context: Context, order: "_Order") -> "tuple[Request, Published, Sequence[_Embargo]]":
    """The bundle, and what is held back."""
    chronicle = ChronicleFolder(chronicle_folder(order.folder, order.instance))
    with opened(context, order.store) as found, _told():
        from voipwatch.pipeline.publishing import publish as making  # noqa: PLC0415 -- Arrow is an extra

        memory = memory_folder(order.folder, order.instance)
        _require_world(found, order.instance, memory)
        request = _request(order, chronicle, found.as_of(), memory)
        now_s, asked = request.now or 0, order.embargo
        closed = chronicle.state().closed is not None
        if asked is not None:
            _ask_shorter(context, chronicle, asked, now_s, instance=order.instance, yes=order.yes)
        if order.reason and not closed:
            agree(context, "publish.ask_final", yes=order.yes, reason=shown(order.reason, longest=200))

        def log() -> tuple[bytes, ...]:
            if asked is not None:
                _hold(chronicle, asked)
            if order.reason and chronicle.state().closed is None:
                closing = [(EntryKind.FINAL, Closing(order.reason))]
                chronicle.add(closing, at=iso(order.clock_s), role=KeyRole.INSTANCE)
            return _lines(chronicle)

        with shown_work(context, "publish.working", BAR) as step:
            done = making.publish(
                found, request, log=log, step=lambda stage, n, of: step(_progress(stage, n, of))
            )
        return request, done, () if asked is None else _held(chronicle, asked, now_s)


def _request(order: "_Order", chronicle: ChronicleFolder, newest_s: int, memory: Path) -> "Request":
    from voipwatch.pipeline.publishing.counting import Choices  # noqa: PLC0415 -- Arrow is an extra
    from voipwatch.pipeline.publishing.publish import Request  # noqa: PLC0415 -- the same

    signer = _signer(chronicle, order.key)
    clock_s, moment = order.clock_s, order.moment
    # An embargo ends by the time of the newest report or, where one is given, by --as-of; by the clock on the
    # wall at the earliest.
    closed = chronicle.state().closed is not None
    settings = read_settings(chronicle.path)
    return Request(
        out=order.out.absolute(),
        memory=memory,
        as_of=as_of_newest(newest_s, clock_s) if moment is None else moment,
        now=clock_s if closed else min(clock_s, newest_s + 1 if moment is None else moment),
        key=signer,
        instance=order.instance,
        final=order.reason,
        publisher=settings.publisher,
        contact=settings.contact,
        choices=Choices(settings.zeros, settings.zones),
    )


def _mirrored(
    context: Context, bundle: Path, site: Path | None, how: "_Site", *, alone: bool, json: bool
) -> int:
    """The site of a bundle that is there already: makes no bundle, asks no store."""
    if not alone:
        raise Misuse("site.out_and_bundle")
    if site is None:
        raise Misuse("site.no_site")
    done = _rendered(context, bundle, site, how)
    if json:
        context.print_json(msgspec.json.format(msgspec.json.encode(done), indent=2))
    else:
        if done["synthetic"]:
            context.tell("publish.emulated", style="yellow", name=shown(done["instance"]))
        tell_site(context, done)
    return CLEAR


def _require_world(found: "Store", instance: str, memory: Path) -> None:
    """Refuse a world that the store never heard of: its bundle would be signed, and empty."""
    from voipwatch.store.voices import instances_of, voting_span  # noqa: PLC0415 -- Arrow is an extra

    if voting_span(found, instance=instance) is not None or memory.exists():
        return
    known = sorted(instances_of(found) - {""})
    if instance or known:
        names = ", ".join(shown(name) for name in known) or "-"
        key = "publish.no_instance" if instance else "publish.no_real"
        raise Misuse(key, name=shown(instance), known=names)


def _say(context: Context, request: "Request", done: "Published", beside: "_Beside", *, json: bool) -> None:
    if json:
        document: dict[str, Any] = {
            "schema": SCHEMA, "digest": done.digest, "folder": str(request.out),
            "as_of": iso(done.as_of), "final": done.final,
            "held": [{"id": each.name, "until": each.until} for each in beside.held],
            "files": done.files, "bytes": done.bytes, "rows": done.rows, "fresh": done.fresh,
            "changed": done.changed, "uncounted": done.uncounted,
            "synthetic": bool(request.instance), "instance": request.instance,
        }  # fmt: skip
        if beside.site is not None:
            document["site"] = beside.site
        context.print_json(msgspec.json.format(msgspec.json.encode(document), indent=2))
        return
    if request.instance:
        context.tell("publish.emulated", style="yellow", name=shown(request.instance))
    context.tell(
        "publish.done" if done.changed else "publish.same",
        path=shown_path(request.out), files=done.files, size=Size(done.bytes),
        rows=done.rows, fresh=done.fresh,
    )  # fmt: skip
    if not done.rows:
        context.tell("publish.empty", style="yellow")
    if is_no_time(iso(done.as_of)):
        context.tell("publish.nothing")
    else:
        context.tell("publish.as_of", time=iso(done.as_of))
    context.tell("publish.digest", digest=done.digest)
    if done.uncounted:
        names = ", ".join(shown(name) for name in done.uncounted)
        context.tell("publish.uncounted", style="yellow", names=names)
    held = beside.held
    if held:
        names = ", ".join(each.name for each in held)
        context.tell("publish.held", style="yellow", names=names, until=held[0].until, now=held[0].now)
    if done.final:
        key = "publish.final" if request.final else "publish.final_again"
        context.tell(key, style="yellow", reason=shown(done.final, longest=200))
    if beside.site is not None:
        tell_site(context, beside.site)


class _Order(NamedTuple):
    """What was asked for, understood."""

    out: Path
    folder: Path
    """Of the data."""
    store: str | None
    key: Path | None
    instance: str
    clock_s: int
    """On the wall, Unix seconds."""
    moment: int | None
    """Of `--as-of`, Unix seconds."""
    embargo: "_Embargo | None"
    reason: str
    """Of the closing; empty where none was asked for."""
    yes: bool


class _Site(NamedTuple):
    """How the site is rendered."""

    url: str
    watch: "Watch | None"
    campaigns: bool
    """Whether its pages lead to campaigns."""


class _Embargo(NamedTuple):
    """What was asked for, or what it came to."""

    name: str
    until: str
    now: str
    """By the wall clock of who asks; of what it came to, by the clock that embargoes end by."""
    out: Path


class _Beside(NamedTuple):
    """What was done beside the bundle."""

    held: Sequence[_Embargo]
    site: dict[str, Any] | None
    """As `cli.site` tells it; None where none was asked for."""


def _ask_shorter(
    context: Context, chronicle: ChronicleFolder, asked: _Embargo, now_s: int, *, instance: str, yes: bool
) -> None:
    """Refuse an end that is over; ask where a running embargo would end earlier than it was said to."""
    # An emulation lives in its own time, years away from the clock on the wall.
    now = iso(now_s) if instance else max(asked.now, iso(now_s))
    if asked.until <= now:
        raise Misuse("publish.past_hold", until=asked.until, now=now)
    story = chronicle.state().stories.get(asked.name)
    running = None if story is None else story.held_until(iso(now_s))
    if running is not None and asked.until < running:
        agree(context, "publish.ask_shorter", yes=yes, name=asked.name, running=running, until=asked.until)


def _hold(chronicle: ChronicleFolder, asked: _Embargo) -> None:
    """Announce an embargo. Refused for what readers have seen already."""
    state: ChronicleState = chronicle.state()
    story = state.stories.get(asked.name)
    if story is None:
        known = ", ".join(state.stories) or "-"
        raise Misuse("publish.no_incident", name=shown(asked.name), known=known)
    if (asked.out / "incidents" / f"{story.newest.id}.json").exists():
        raise Misuse("publish.seen", name=shown(asked.name))
    body = Hold(asked.name, story.newest.revision, asked.until, digest_of(story.newest))
    if [each.what for each in story.of(Hold)][-1:] != [body]:
        chronicle.add([(EntryKind.HOLD, body)], at=asked.now, role=KeyRole.INSTANCE)


def _held(chronicle: ChronicleFolder, asked: _Embargo, now_s: int) -> tuple[_Embargo, ...]:
    """The incident that was held, and what is held with it, by the clock that ends it."""
    from voipwatch.pipeline.publishing.embargo import embargo_at  # noqa: PLC0415 -- Arrow is an extra

    state, now = chronicle.state(), iso(now_s)
    until = state.stories[asked.name].held_until(now) or asked.until
    others = embargo_at(state, chronicle.entries(), now).incidents - {asked.name}
    return tuple(
        _Embargo(
            name,
            until if name == asked.name else state.stories[name].held_until(now) or until,
            now,
            asked.out,
        )
        for name in (asked.name, *sorted(others))
    )


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


def _progress(stage: str, done: int, of: int) -> int:
    places = [*_STAGES.values(), 1.0]
    number = list(_STAGES).index(stage)
    begin, end = places[number], places[number + 1]
    return int(BAR * (begin + (end - begin) * (done / of if of else 1.0)))


def keys_trouble(error: ChronicleKeysError) -> Trouble:
    """What is wrong with the keys, and the ways on."""
    detail = shown(str(error), longest=300)
    return Trouble(f"chronicle.keys_{error.reason}", path=shown_path(error.path), detail=detail)


def _refused(reason: str, detail: str) -> Misuse:
    if reason == "older" and detail > iso(wall_s() + HOUR_S + SKEW_S):
        reason = "future"
    return Misuse(f"publish.refused.{reason}", detail=shown(detail, longest=300))


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
        raise _refused(error.reason, error.detail) from error
    except BusyError as error:
        raise Trouble("publish.busy", path=shown_path(error.place)) from error
    except NotABundleError as error:
        raise Misuse("publish.not_a_bundle", **detail(error)) from error
    except LogError as error:
        raise Trouble("publish.log", **detail(error)) from error
    except ChronicleKeysError as error:
        raise keys_trouble(error) from error
    except SettingsDamagedError as error:
        raise Trouble("chronicle.settings_damaged", reason=shown(str(error), longest=300)) from error
    except MemoryDamagedError as error:
        raise Trouble("publish.memory", **detail(error)) from error
    except MixedWorldsError as error:
        raise Trouble("publish.mixed", **detail(error)) from error
    except OSError as error:
        raise Trouble("publish.disk", **detail(error)) from error
