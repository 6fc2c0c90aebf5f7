"""A made instance of campaigns that answers over a socket, for pictures: texts in three languages, a
petition, two boycotts, a wall, and a keeper who is signed in. All of it is invented.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import msgspec

from tests.site.campaigns.admin_visits import secret_of
from tests.site.campaigns.instance import DAY_S, NOW, ask, confirm_token, folder_of, opened
from tests.site.campaigns.test_browser import Server
from voipwatch.civic.boycotts import Boycott, BoycottText
from voipwatch.civic.campaignfile import Controller
from voipwatch.civic.onetime import STEP_S, code_at
from voipwatch.civic.petitions import PetitionText
from voipwatch.civic.pledges import window_of_hours
from voipwatch.civic.publiccounts import next_line
from voipwatch.civic.ranges import Range
from voipwatch.civic.roles import Role
from voipwatch.civic.turnout import Found, Observable
from voipwatch.civic.wallpage import PageSays
from voipwatch.site.campaigns.admin.cookies import cookie_name
from voipwatch.site.campaigns.app import CampaignsApp
from voipwatch.site.campaigns.desk import Desk, day_of
from voipwatch.site.campaigns.keepers import Keepers, Visitor
from voipwatch.site.campaigns.mounting import sections_of
from voipwatch.site.campaigns.pledging.desk import PledgeDesk
from voipwatch.site.campaigns.pledging.office import PledgeOffice
from voipwatch.site.campaigns.wall.keeping import Wall
from voipwatch.site.campaigns.wall.looking import Looked
from voipwatch.store.civic import boycott_rows, petition_rows, wall_rows
from voipwatch.store.civic.opening import writing
from voipwatch.store.civic.petition_rows import LogRow
from voipwatch.store.civic.pledging import PledgeState
from voipwatch.store.civic.wall_rows import CurveRow

SIGNED = 8123
CONTROLLER = Controller("Association of the Line", "1, rue de la Ligne, Rabat", "data@example.org")
TEXTS = {
    "en": PetitionText(
        "Let our calls through",
        "For some weeks calls over the internet have not got through on our lines.\n\n"
        "We ask the regulator to say on what decision that rests, and to have them let through.",
    ),
    "fr": PetitionText(
        "Laissez passer nos appels",
        "Depuis des semaines, les appels par internet ne passent plus sur nos lignes.\n\n"
        "Nous demandons au régulateur de dire sur quelle décision cela repose, et de les laisser passer.",
    ),
    "ar": PetitionText(
        "دعوا مكالماتنا تمر",
        "منذ أسابيع لا تمر المكالمات عبر الإنترنت على خطوطنا.\n\n"
        "نطلب من الهيئة المنظِّمة أن تقول على أي قرار يقوم ذلك، وأن تدعها تمر.",
    ),
}
BOYCOTT_TEXTS = {
    "en": BoycottText(
        "Two days without them",
        "Calls over the internet do not get through.\n\nFor two days we do not pay for the others.",
        "calls and top-ups of the operators",
    ),
    "fr": BoycottText(
        "Deux jours sans eux",
        "Les appels par internet ne passent pas.\n\nPendant deux jours, nous ne payons pas les autres.",
        "les appels et les recharges des opérateurs",
    ),
    "ar": BoycottText(
        "يومان دونهم",
        "المكالمات عبر الإنترنت لا تمر.\n\nليومين لا ندفع ثمن غيرها.",
        "مكالمات المشغّلين وبطاقات تعبئتهم",
    ),
}
CLOSED_TITLES = {"en": "A weekend without them", "fr": "Un week-end sans eux", "ar": "عطلة أسبوع دونهم"}
SITES = (
    "amal-reads.example", "blog.line.example", "cafe-des-rues.example", "carnet-de-bord.example",
    "choir-of-fes.example", "coop-north.example", "darija-words.example", "hikers-atlas.example",
    "library-rabat.example", "radio-quartier.example", "students-net.example", "teachers.example",
)  # fmt: skip


class Made(NamedTuple):
    """What a picture asks for."""

    origin: str
    petition: str
    confirm: str
    """Token that waits for its confirmation."""
    boycott: str
    """Takes pledges."""
    closed: str
    """A boycott with its turnout."""
    cookie: tuple[str, str]
    """Name and value, of a keeper who is signed in."""


@contextmanager
def made_campaigns(place: Path) -> Iterator[Made]:
    """An instance, until the block ends."""
    place.mkdir(parents=True, exist_ok=True)
    desk = opened(folder_of(place, wall=True))
    server = Server(CampaignsApp(desk, lambda: float(NOW), sections_of(desk)))
    settings = msgspec.structs.replace(desk.campaigns.settings, url=server.origin)
    desk.campaigns = msgspec.structs.replace(desk.campaigns, settings=settings)
    try:
        _petition(desk)
        _boycotts(desk)
        _wall(desk)
        cookie = (cookie_name(server.origin), _signed_in(desk))
        confirm = confirm_token(desk, "amina@example.org")
        yield Made(server.origin, "calls", confirm, "silence", "october", cookie)
    finally:
        server.close()
        desk.close()


def _petition(desk: Desk) -> None:
    petition = desk.petition("calls")
    assert petition is not None
    told = msgspec.structs.replace(petition, texts=TEXTS, controller=CONTROLLER)
    with writing(desk.engine) as connection:
        petition_rows.set_document(connection, "calls", msgspec.json.encode(told).decode())
        petition_rows.add_line(connection, "calls", _line(SIGNED, NOW))
    ask(desk, "amina@example.org")


def _boycotts(desk: Desk) -> None:
    pledges = PledgeDesk(desk)
    office = PledgeOffice(pledges, "tests")
    october = datetime(2026, 10, 3, tzinfo=UTC)
    began_s = int(october.timestamp())
    for name, begins in (("silence", datetime(2026, 11, 14, tzinfo=UTC)), ("october", october)):
        window = window_of_hours(begins.replace(tzinfo=None), 48, zone_name="Africa/Casablanca")
        titled = {
            lang: msgspec.structs.replace(own, title=CLOSED_TITLES[lang]) if name == "october" else own
            for lang, own in BOYCOTT_TEXTS.items()
        }
        own = Boycott(id=name, window=window, country="MA", controller=CONTROLLER, texts=titled)
        office.create(own, now_s=began_s - 10 * DAY_S)
    seen = Observable(
        what="Calls of the panel", found=Found.EFFECT, value=Range(6.0, 11.0), unit="%",
        source="https://panel.example/october",
    )  # fmt: skip
    office.observe("october", seen, now_s=began_s + 5 * DAY_S)
    told = {
        ("silence", PledgeState.DECLARED): (1243, NOW),
        ("october", PledgeState.DECLARED): (1846, began_s + 16 * DAY_S),
        ("october", PledgeState.KEPT): (914, began_s + 16 * DAY_S),
        ("october", PledgeState.BROKEN): (238, began_s + 16 * DAY_S),
    }
    with writing(desk.engine) as connection:
        for (name, series), (count, at_s) in told.items():
            boycott_rows.add_line(connection, name, series.value, _line(count, at_s))


def _wall(desk: Desk) -> None:
    wall = Wall(desk)
    for number, site in enumerate(SITES):
        since_s = NOW - (len(SITES) - number) * 2 * DAY_S
        made = wall.enrol(f"https://{site}/", now_s=since_s)
        if number != 4:  # one of them still waits
            carries = Looked(None, PageSays(True, frozenset({made.mark})))
            wall.note(made.page, carries, now_s=since_s)
            wall.note(made.page, carries, now_s=NOW - 3600 * (number + 1))
    with writing(desk.engine) as connection:
        for number in range(30):
            sites = max(0, number // 2 - 3)
            day = day_of(NOW - timedelta(days=29 - number).total_seconds())
            wall_rows.add_point(connection, CurveRow(day, sites if sites >= 10 else 0))


def _signed_in(desk: Desk) -> str:
    keepers = Keepers(desk, "tests")
    made = keepers.add("keeper-2", Role.KEEPER, now_s=NOW)
    code = code_at(secret_of(made), NOW // STEP_S)
    visitor = keepers.enter(made.name, made.passphrase, code, now_s=NOW)
    assert isinstance(visitor, Visitor)
    return visitor.token


def _line(count: int, at_s: int) -> LogRow:
    line = next_line(None, count, at_s)
    assert line is not None
    return LogRow(*msgspec.structs.astuple(line))
