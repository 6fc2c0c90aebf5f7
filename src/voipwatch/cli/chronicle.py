"""`voipwatch chronicle list | show | claims | verify`: what the chronicle says, and whether it holds."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from cyclopts import Parameter
from rich.text import Text

from voipwatch.chronicle.claims_file import all_packaged_claims, told_in
from voipwatch.chronicle.log import LogError, complete_lines, read_log
from voipwatch.chronicle.state import ChronicleState, Story, replay
from voipwatch.chronicle.titles import Card, card_of, marks_of, time_of, title_of, told
from voipwatch.civic.offsets import utc_offset_h
from voipwatch.cli import show as tables
from voipwatch.cli.bundle_reading import PublishedBundle
from voipwatch.cli.context import Context, data_folder
from voipwatch.cli.errors import CLEAR, INTERFERENCE, Misuse, Trouble
from voipwatch.cli.publish import keys_trouble, memory_folder
from voipwatch.cli.store import Data
from voipwatch.cli.values import shown, shown_path
from voipwatch.model.acts import Notice, Withdrawal
from voipwatch.model.bundle import PROBES_PER_ROW
from voipwatch.model.claims import Claim, ClaimCheck
from voipwatch.model.incidents import Incident
from voipwatch.model.instants import seconds
from voipwatch.pipeline.chronicle_folder import ChronicleKeysError
from voipwatch.pipeline.instance_settings import SettingsDamagedError, read_settings
from voipwatch.pipeline.publishing.claims import checked_claims, marked_check, noted
from voipwatch.pipeline.publishing.world import World

if TYPE_CHECKING:
    from voipwatch.pipeline.chronicle_folder import ChronicleFolder

SCHEMA = "voipwatch.chronicle/1"
KEPT = ("chronicle", "store", "collector")
"""What an observatory has in its folder, the first of them as soon as something was found."""

Country = Annotated[str, Parameter(metavar="CODE")]
Instance = Annotated[str, Parameter(metavar="NAME")]
Bundle = Annotated[Path | None, Parameter(metavar="DIR")]
Quiet = Annotated[Context, Parameter(parse=False)]


def list_incidents(
    *,
    context: Quiet,
    country: Country = "",
    data: Data = None,
    bundle: Bundle = None,
    instance: Instance = "",
    json: bool = False,
) -> int:
    """All incidents, newest revision of each, tombstones too."""
    place = _country(country)
    state, _ = _read(context, data, bundle, instance)
    told_of = [each for each in state.stories.values() if place in {"", each.newest.country}]
    found = [(each.newest, each.signed(each.newest)) for each in told_of]
    if json:
        print_json(context, {"incidents": [each for each, _ in found]})
        return CLEAR
    if not found:
        context.tell("chronicle.none")
        return CLEAR
    rows: list[list[Text | str]] = [
        [
            each.id,
            said(context, title_of(each, signed)),
            "; ".join(said(context, mark) for mark in marks_of(each)),
        ]
        for each, signed in found
    ]
    columns = [context.texts(f"chronicle.column.{name}") for name in ("id", "what", "standing")]
    context.out.print(tables.table(context.texts, columns, rows))
    return CLEAR


def show(
    id: str,  # noqa: A002 -- the name of the argument on the help page
    /,
    *,
    context: Quiet,
    revision: Annotated[int | None, Parameter(metavar="N")] = None,
    data: Data = None,
    bundle: Bundle = None,
    instance: Instance = "",
    json: bool = False,
) -> int:
    """One incident: what happened, how sure, who said what of it."""
    state, contact = _read(context, data, bundle, instance)
    story = story_of(state, id)
    if revision is not None and not 1 <= revision <= len(story.revisions):
        raise Misuse("chronicle.no_revision", id=shown(id), count=len(story.revisions))
    incident = story.newest if revision is None else story.revisions[revision - 1]
    if bundle is not None:
        story = _without_early_names(story)
    if json:
        words = [
            {"at": each.at, "line": each.line, "kind": _kind(each.what)} | _plain(each) for each in story.said
        ]
        told_of = {"incident": incident, "revisions": len(story.revisions), "said": words}
        print_json(context, told_of | {"contact": contact})
        return CLEAR
    _print_incident(context, incident, story)
    if contact:
        context.tell("chronicle.contact", address=shown(contact, longest=200))
    return CLEAR


def claims(
    *,
    context: Quiet,
    country: Country = "",
    data: Data = None,
    bundle: Bundle = None,
    instance: Instance = "",
    measured: bool = False,
    json: bool = False,
) -> int:
    """What sources said; with --measured each against the published rows."""
    place = _country(country)
    known = [each for each in all_packaged_claims() if place in {"", each.scope.country}]
    if place and not known:
        have = ", ".join(sorted({each.scope.country for each in all_packaged_claims()}))
        raise Misuse("chronicle.no_country", value=shown(country), known=have)
    of_bundle = None if bundle is None else _bundle(bundle, data, instance)
    instance = instance if of_bundle is None else of_bundle.manifest.instance
    with troubles():
        state = folder_of(context, data, instance).state() if of_bundle is None else of_bundle.state()
    found = noted(known, state.claim_notes)
    checks: dict[str, ClaimCheck] = {}
    if measured:
        with troubles():
            checks = (
                _checked(context, found, data, instance)
                if of_bundle is None
                else checked_claims(found, of_bundle.rows(), as_of=int(seconds(of_bundle.manifest.as_of)))
            )
    if json:
        world = World(instance, 0)
        marked = {name: marked_check(check, world) for name, check in checks.items()}
        rows = [world.mark | {"claim": claim, "check": marked.get(claim.id)} for claim in found]
        print_json(context, {"instance": instance, "claims": rows})
        return CLEAR
    names = ["date", "claim", "source", *(["measured"] if measured else [])]
    lines: list[list[Text | str]] = []
    for claim in found:
        text = f"{_in_words(context, claim)}\n{claim.id}"
        line: list[Text | str] = [claim.date, text, _source_of(context, claim)]
        if measured:
            check = checks[claim.id]
            standing = context.texts(
                f"chronicle.claim.{check.state.value}", count=check.units_for, of=check.units
            )
            line.append(f"{standing}: {context.texts(f'chronicle.why.{check.why}')}")
        lines.append(line)
    context.out.print(
        tables.table(context.texts, [context.texts(f"chronicle.column.{name}") for name in names], lines)
    )
    if any(
        each.lang == context.texts.lang and not each.read for claim in found for each in claim.translations
    ):
        context.tell("chronicle.unread", style="dim")
    if instance:
        context.tell("chronicle.emulated", instance=shown(instance))
    return CLEAR


def _in_words(context: Context, claim: Claim) -> str:
    """Our words in the reader's language; where there are none in English, which is said."""
    text, lang = told_in(claim.text, claim.translations, context.texts.lang)
    return text if lang == context.texts.lang else f"[{lang}] {text}"


def _source_of(context: Context, claim: Claim) -> str:
    source = claim.source
    told = source.publisher or context.texts("chronicle.unnamed")
    if source.gone_at:
        told = "; ".join((told, context.texts("chronicle.source.gone", date=source.gone_at)))
    if source.archived_url:
        told = "; ".join((told, context.texts("chronicle.source.archived", url=source.archived_url)))
    return f"{told}; {source.url}" if source.url else told


def verify(
    file: Path | None = None,
    /,
    *,
    context: Quiet,
    data: Data = None,
    instance: Instance = "",
    json: bool = False,
) -> int:
    """Whether a log holds, line by line."""
    if file is None:
        _require_observatory(context, data)
    path = folder_of(context, data, instance).log if file is None else file
    try:
        content = b"" if file is None and not path.exists() else path.read_bytes()
    except OSError as error:
        raise Misuse(
            "chronicle.unreadable", path=shown_path(path), reason=error.strerror or str(error)
        ) from error
    lines, torn = complete_lines(content)
    try:
        entries = read_log(lines)
        state = replay(entries)
    except LogError as error:
        if json:
            problem = {"line": error.line, "field": error.field, "reason": error.reason}
            print_json(context, {"holds": False, "problem": problem})
        else:
            context.tell(
                "chronicle.broken", style="bold red", line=error.line, field=error.field, reason=error.reason
            )
        return INTERFERENCE
    unconfirmed = [each.key for each in state.keyring.keys.values() if not each.confirmed]
    last = entries[-1].digest if entries else ""
    if json:
        print_json(
            context,
            {
                "holds": True,
                "lines": len(entries),
                "last": last,
                "torn_bytes": len(torn),
                "keys": list(state.keyring.keys.values()),
            },
        )
        return CLEAR
    if not entries:
        context.tell("chronicle.nothing", path=shown_path(path))
    else:
        context.tell("chronicle.holds", count=len(entries), last=last)
    if torn:
        context.tell("chronicle.torn", style="yellow", count=len(torn))
    for key in unconfirmed:
        context.tell("chronicle.unconfirmed", style="yellow", public=key)
    return CLEAR


# --- shared with the acts -----------------------------------------------------------------------------------


def _country(code: str) -> str:
    """Two letters, in capitals; nothing for all of them."""
    if code and not (len(code) == 2 and code.isascii() and code.isalpha()):
        raise Misuse("error.country", value=shown(code))
    return code.upper()


def _bundle(bundle: Path, data: Path | None, instance: str) -> PublishedBundle:
    if data is not None or instance:
        raise Misuse("chronicle.bundle_alone")
    return PublishedBundle(bundle)


def _read(
    context: Context, data: Path | None, bundle: Path | None, instance: str
) -> tuple[ChronicleState, str]:
    """What is told, and where replies go: of a published bundle alone, or of the observatory's own folder."""
    if bundle is not None:
        found = _bundle(bundle, data, instance)
        return found.state(), found.manifest.contact
    with troubles():
        _require_observatory(context, data)
        folder = folder_of(context, data, instance)
        return folder.state(), read_settings(folder.path).contact


def card_in(incident: Incident, signed: Incident | None) -> Card:
    """Title, marks and phases, hours on the clocks of the country where they show one time."""
    offsets = [utc_offset_h(incident.country, *time_of(phase, incident)) for phase in incident.phases]
    return card_of(incident, signed, utc_offsets_h=offsets)


def folder_of(context: Context, data: Path | None, instance: str) -> "ChronicleFolder":
    """The chronicle of `--data`, or of the data folder."""
    from voipwatch.pipeline.chronicle_folder import ChronicleFolder, chronicle_folder  # noqa: PLC0415 -- an extra

    where = data if data is not None else data_folder(context.environment)
    return ChronicleFolder(chronicle_folder(where, instance))


def _require_observatory(context: Context, data: Path | None) -> None:
    """Raise Misuse where no observatory keeps anything: an empty answer would say that nothing happened."""
    where = data_folder(context.environment) if data is None else data
    if not any((where / name).exists() for name in KEPT):
        raise Misuse("chronicle.nowhere", path=shown_path(where))


@contextmanager
def troubles() -> Iterator[None]:
    """Turn what a chronicle on disk can say into one line for the person."""
    try:
        yield
    except LogError as error:
        raise Trouble(
            "chronicle.log", line=error.line, field=error.field, reason=shown(error.reason, longest=300)
        ) from error
    except ModuleNotFoundError as error:
        raise Trouble("store.error.missing-engine", detail=error.name or "") from error
    except SettingsDamagedError as error:
        raise Trouble("chronicle.settings_damaged", reason=shown(str(error), longest=300)) from error
    except ChronicleKeysError as error:
        raise keys_trouble(error) from error
    except OSError as error:
        raise Trouble("chronicle.disk", reason=shown(str(error), longest=300)) from error


def story_of(state: ChronicleState, name: str) -> Story:
    """The story of an id as it was typed. Raises Misuse."""
    story = state.stories.get(name)
    if story is None:
        raise Misuse("chronicle.no_incident", id=shown(name))
    return story


def said(context: Context, sentence: Any) -> str:  # noqa: ANN401 -- a Sentence of chronicle.titles
    """A sentence of the chronicle in the reader's language."""
    return context.texts.isolate(told(sentence, context.texts.lang))


def print_json(context: Context, document: dict[str, Any]) -> None:
    """With the schema's name."""
    context.print_json(msgspec.json.format(msgspec.json.encode({"schema": SCHEMA} | document), indent=2))


def _print_incident(context: Context, incident: Incident, story: Story) -> None:
    card = card_in(incident, story.signed(incident))
    context.out.print(Text(f"{incident.id}  {said(context, card.title)}", style="bold"), soft_wrap=True)
    for sentence in (*card.marks, *card.lines):
        context.out.print(Text(f"  {said(context, sentence)}"), soft_wrap=True)
    quality = incident.quality
    context.tell(
        "chronicle.quality",
        least=_probes(context, quality.probes_least),
        most=_probes(context, quality.probes),
        both=_probes(context, quality.probes_both_sides),
        years=float(quality.arl_days / 365.25),
    )
    if incident.mechanisms:
        context.tell("chronicle.mechanisms", words=", ".join(incident.mechanisms))
    context.tell(
        "chronicle.as_of", time=incident.as_of, revision=incident.revision, count=len(story.revisions)
    )
    for each in story.said:
        word = (
            "evidence" if isinstance(each.what, Withdrawal) and not each.what.incident else _kind(each.what)
        )
        values = _values(each.what)
        if isinstance(each.what, Notice) and not each.what.operators:
            values["operators"] = context.texts("chronicle.operators")
        context.tell(f"chronicle.said.{word}", time=each.at, **values)
        if _kind(each.what) == "reply":
            context.out.print(Text(each.what.text), soft_wrap=True)


def _probes(context: Context, count: int) -> str:
    """0 is what fewer than three are told as."""
    return str(count) if count >= PROBES_PER_ROW else context.texts("chronicle.fewer")


def _without_early_names(story: Story) -> Story:
    """As the published page has it: that an operator was told names it no earlier than a review does."""
    said = []
    for each in story.said:
        what = each.what
        if isinstance(what, Notice):
            operators = tuple(name for name in what.operators if name in story.newest.named)
            what = msgspec.structs.replace(what, operators=operators)
        said.append(msgspec.structs.replace(each, what=what))
    return Story(story.revisions, story.revised_at, said)


def _kind(what: object) -> str:
    return type(what).__name__.lower()


def _values(what: Any) -> dict[str, str]:  # noqa: ANN401 -- any body of an act
    return {name: _text(value) for name, value in msgspec.structs.asdict(what).items()}


def _text(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _plain(each: Any) -> dict[str, Any]:  # noqa: ANN401 -- the same
    return {"what": each.what}


def _checked(context: Context, found: list[Claim], data: Path | None, instance: str) -> dict[str, ClaimCheck]:
    """Against the rows that are out, as claims.json has it. Raises Misuse where nothing was published."""
    from voipwatch.pipeline.publishing.memory import Memory, MemoryDamagedError  # noqa: PLC0415 -- Arrow is an extra

    folder = data_folder(context.environment) if data is None else data
    try:
        memory = Memory(memory_folder(folder, instance), instance)
    except MemoryDamagedError as error:
        raise Trouble("publish.memory", detail=shown(str(error), longest=300)) from error
    if memory.empty:
        raise Misuse("chronicle.nothing_published", path=shown_path(folder))
    return checked_claims(found, memory.all_rows(), as_of=memory.kept.until)
