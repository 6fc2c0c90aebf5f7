"""What keepers do and see, once it was found that they may. Everything that changes something goes through
`Office`, in the keeper's name.
"""

import re
from collections.abc import Callable
from typing import Final
from urllib.parse import parse_qsl

import msgspec

from voipwatch.civic.addresses import AddressError
from voipwatch.civic.petitions import Answer as PetitionAnswer
from voipwatch.civic.petitions import Delivery, PaperTally, Petition, PetitionError
from voipwatch.civic.publiccounts import told_count
from voipwatch.civic.ranges import Range
from voipwatch.civic.retention import BOUNCES_DAYS, DAY_S
from voipwatch.civic.roles import Act
from voipwatch.civic.turnout import Found, Observable
from voipwatch.site.campaigns.admin import boycott_pages, pages, wall_pages
from voipwatch.site.campaigns.admin.pages import NAMES_A_PAGE, Standing
from voipwatch.site.campaigns.desk import Desk, day_of
from voipwatch.site.campaigns.keepers import Visitor
from voipwatch.site.campaigns.office import Office, person_document
from voipwatch.site.campaigns.pledging.desk import PledgeDesk, ToldBoycott
from voipwatch.site.campaigns.pledging.office import PledgeOffice
from voipwatch.site.campaigns.sections import Answer, SectionAsk, html
from voipwatch.site.campaigns.wall.keeping import Wall
from voipwatch.store.civic import accounts, signing
from voipwatch.store.civic.audit_log import audit_break, audit_lines
from voipwatch.store.civic.opening import DatabaseError, reading

AUDIT_SHOWN: Final = 200
"""Lines, newest first; the command line has all."""
NUMBER_MAX: Final = 100_000_000
QUERY_FIELDS_MAX: Final = 4
_AMOUNT: Final = re.compile(r"[0-9]{1,12}(?:[.,][0-9]{1,6})?")


class Done(msgspec.Struct, frozen=True):
    """It was done: what to look at next, below the section's path."""

    back: tuple[str, ...]


class Acts:
    """Of one request."""

    def __init__(self, desk: Desk, visitor: Visitor, ask: SectionAsk) -> None:
        self._desk = desk
        self._visitor = visitor
        self._ask = ask
        self._form = ask.form or {}
        self._now_s = int(ask.now_s)
        self._office = Office(desk, visitor.who)
        self._pledges = PledgeDesk(desk)
        self._pledge_office = PledgeOffice(self._pledges, visitor.who)
        self._query = query_of(ask.query)

    def run(self, act: Act) -> Answer | Done | None:
        """Do it; what cannot be is said. None: there is no such petition or boycott."""
        ways: dict[Act, Callable[[], Answer | Done | None]] = {
            Act.OVERVIEW: self._look,
            Act.AUDIT: self._audit,
            Act.NAMES: self._names,
            Act.PERSON: self._person,
            Act.SHOW_PERSON: self._show_person,
            Act.ERASE_PERSON: self._erase_person,
            Act.OBSERVE: self._observe,
            Act.CLOSE_BOYCOTT: self._close_boycott,
            Act.WALL: self._wall,
            Act.WALL_REMOVE: self._wall_remove,
        }
        try:
            if act in ways:
                return ways[act]()
            return self._on_petition(act)
        except PetitionError as error:
            if error.field == "id":
                return None
            return self._page(422, pages.refused(self._ask.t, self._visitor, error.field, error.reason))
        except AddressError as error:
            return self._page(422, pages.no_address(self._ask.t, self._visitor, error.fault.value))

    # --- looking

    def _look(self) -> Answer | None:
        t, path = self._ask.t, self._ask.path
        if path == ("",):
            return self._home()
        said = self._query.get("said", "")
        if path[0] == "boycott":
            found = self._pledges.told(path[1])
            if found is None:
                return None
            return self._page(200, boycott_pages.boycott(t, self._visitor, found, self._now_s, said))
        petition = self._petition()
        return self._page(200, pages.petition(t, self._visitor, self._standing(petition), self._now_s, said))

    def _home(self) -> Answer:
        """All that can be read; what cannot is named, and stops nothing else."""
        petitions, boycotts = self._desk.known(), self._pledges.known()
        damaged = {*petitions.damaged, *boycotts.damaged}
        standing: list[Standing] = []
        told: list[ToldBoycott] = []
        for petition in petitions.petitions:
            try:
                standing.append(self._standing(petition))
            except DatabaseError as error:
                damaged.add(_row_of(error, petition.id))
        for boycott in boycotts.boycotts:
            try:
                found = self._pledges.told(boycott.id)
            except DatabaseError as error:
                damaged.add(_row_of(error, boycott.id))
            else:
                told += [found] if found else []
        shown = pages.home(
            self._ask.t, self._visitor, standing, self._now_s, boycotts=told, damaged=sorted(damaged)
        )
        return self._page(200, shown)

    def _standing(self, petition: Petition) -> Standing:
        """Never an exact count: who looks at one while a neighbour signs learns that he did."""
        since = day_of(self._now_s - BOUNCES_DAYS * DAY_S)
        told = self._desk.told(petition.id)
        with reading(self._desk.engine) as connection:
            waiting = signing.waiting_of(connection, petition.id)
            bounced = signing.bounces_since(connection, petition.id, since)
        return Standing(
            petition=petition,
            line=told.line if told else None,
            notes=told.notes if told else (),
            waiting=told_count(waiting),
            bounced=told_count(bounced),
        )

    def _names(self) -> Answer:
        petition = self._petition()
        said = self._query.get("said", "")
        page = _whole("page", self._query.get("page", "0"))
        with reading(self._desk.engine) as connection:
            names = accounts.names_of(
                connection, petition.id, most=NAMES_A_PAGE + 1, skip=page * NAMES_A_PAGE
            )
        return self._page(200, pages.names(self._ask.t, self._visitor, petition, names, page, said=said))

    def _audit(self) -> Answer:
        with reading(self._desk.engine) as connection:
            lines = audit_lines(connection)
        broken = audit_break(lines)
        shown = lines[: -AUDIT_SHOWN - 1 : -1]
        return self._page(200, pages.audit(self._ask.t, self._visitor, shown, len(lines), broken))

    # --- people

    def _person(self) -> Answer:
        said = self._query.get("said", "")
        return self._page(200, pages.person(self._ask.t, self._visitor, self._desk.petitions(), said=said))

    def _show_person(self) -> Answer:
        t, petitions = self._ask.t, self._desk.petitions()
        name = self._form.get("petition", "")
        held = self._office.person(name, self._form.get("email", ""), now_s=self._now_s)
        if self._form.get("act") == "export":
            body = msgspec.json.encode(person_document(name, held, now_s=self._now_s))
            saved = (b"content-disposition", b'attachment; filename="person.json"')
            return Answer(200, body, b"application/json", more=(saved,))
        return self._page(200, pages.person(t, self._visitor, petitions, asked=True, held=held))

    def _erase_person(self) -> Done:
        name = self._form.get("petition", "")
        self._office.erase_person(name, self._form.get("email", ""), now_s=self._now_s)
        return Done(("person",))

    # --- boycotts and the wall

    def _observe(self) -> Done:
        name = self._ask.path[1]
        self._pledge_office.observe(name, self._observable(), now_s=self._now_s)
        return Done(("boycott", name))

    def _observable(self) -> Observable:
        said = self._form.get("found", "")
        if said not in set(Found):
            raise PetitionError("found", "effect, none or not-measured")
        low, high = (_amount(end, self._form.get(end, "")) for end in ("low", "high"))
        if low is None and high is not None:
            raise PetitionError("low", "a range needs its lower end too")
        try:
            return Observable(
                what=self._form.get("what", ""),
                found=Found(said),
                value=None if low is None else Range(low, low if high is None else high),
                unit=self._form.get("unit", "").strip(),
                source=self._form.get("source", "").strip(),
            )
        except ValueError as error:
            raise PetitionError("observation", str(error)) from error

    def _close_boycott(self) -> Done:
        name = self._ask.path[1]
        self._pledge_office.close(name, now_s=self._now_s)
        return Done(("boycott", name))

    def _wall(self) -> Answer:
        page = _whole("page", self._query.get("page", "0"))
        body = wall_pages.wall(
            self._ask.t,
            self._visitor,
            Wall(self._desk).enrolments(),
            page,
            off=self._desk.campaigns.settings.wall is None,
            said=self._query.get("said", ""),
        )
        return self._page(200, body)

    def _wall_remove(self) -> Done:
        """Which site it was stands in the form alone: in no address, no log, no answer."""
        Wall(self._desk).remove(self._form.get("site", ""), who=self._visitor.who, now_s=self._now_s)
        return Done(("wall",))

    # --- petitions

    def _on_petition(self, act: Act) -> Done:
        name, now_s, office = self._petition().id, self._now_s, self._office
        match act:
            case Act.HIDE_NAME | Act.SHOW_NAME:
                change = office.hide_name if act is Act.HIDE_NAME else office.show_name
                change(name, self._form.get("name", ""), now_s=now_s)
                return Done(("petition", name, "names"))
            case Act.PAPER:
                office.paper(name, self._tally(), now_s=now_s)
            case Act.DELIVER:
                office.deliver(name, self._delivery(name), now_s=now_s)
            case Act.ANSWER:
                office.answer(name, self._answered(), now_s=now_s)
            case Act.CLOSE:
                office.close(name, now_s=now_s)
            case Act.ERASE:
                office.erase(name, now_s=now_s)
        return Done(("petition", name))

    def _tally(self) -> PaperTally:
        sheets, signatures = self._number("sheets"), self._number("signatures")
        return PaperTally(self._now_s, sheets, signatures, self._form.get("by", ""))

    def _delivery(self, name: str) -> Delivery:
        told = self._desk.told(name)
        count = told.line.count if told and told.line else None
        return Delivery(self._now_s, self._form.get("to", ""), count, self._number("paper"))

    def _answered(self) -> PetitionAnswer:
        text = self._form.get("text", "").replace("\r\n", "\n")
        return PetitionAnswer(
            self._now_s, self._form.get("sender", ""), text, self._form.get("source", "").strip()
        )

    def _number(self, field: str) -> int:
        return _whole(field, self._form.get(field, ""))

    def _petition(self) -> Petition:
        found = self._desk.petition(self._ask.path[1])
        if found is None:
            raise PetitionError("id", "there is no such petition")
        return found

    def _page(self, status: int, body: bytes) -> Answer:
        return html(status, body)


def query_of(query: bytes) -> dict[str, str]:
    """The fields of an address's query; nothing where it is none."""
    try:
        return dict(parse_qsl(query.decode("ascii"), max_num_fields=QUERY_FIELDS_MAX))
    except ValueError:
        return {}


def _amount(field: str, typed: str) -> float | None:
    """A number with a point or a comma; None: nothing was typed. Raises PetitionError."""
    text = typed.strip()
    if text and not _AMOUNT.fullmatch(text):
        raise PetitionError(field, "a number such as 2.5")
    return float(text.replace(",", ".")) if text else None


def _whole(field: str, typed: str) -> int:
    """A whole number as it was typed. Raises PetitionError."""
    text = typed.strip()
    if not text.isascii() or not text.isdigit() or len(text) > 9 or int(text) > NUMBER_MAX:
        raise PetitionError(field, f"a whole number, 0 to {NUMBER_MAX}")
    return int(text)


def _row_of(error: DatabaseError, name: str) -> str:
    """The campaign that an error is of; any but damaged rows is everybody's, and goes on."""
    if error.reason != "damaged":
        raise error
    return name
