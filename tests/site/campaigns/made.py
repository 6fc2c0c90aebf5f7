"""A made instance of campaigns that answers over a socket, for pictures: texts in three languages."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from tests.site.campaigns.instance import NOW, ask, confirm_token, folder_of, opened
from tests.site.campaigns.test_browser import Server
from voipwatch.civic.campaignfile import Controller
from voipwatch.civic.petitions import PetitionText
from voipwatch.civic.publiccounts import next_line
from voipwatch.site.campaigns.app import CampaignsApp
from voipwatch.store.civic import petition_rows
from voipwatch.store.civic.opening import writing
from voipwatch.store.civic.petition_rows import LogRow

SIGNED = 8123
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


@contextmanager
def made_campaigns(place: Path) -> Iterator[tuple[str, str, str]]:
    """Its origin, the petition's id, and a token that waits for its confirmation."""
    place.mkdir(parents=True, exist_ok=True)
    desk = opened(folder_of(place))
    petition = desk.petition("calls")
    assert petition is not None
    controller = Controller("Association of the Line", "1, rue de la Ligne, Rabat", "data@example.org")
    told = msgspec.structs.replace(petition, texts=TEXTS, controller=controller)
    line = next_line(None, SIGNED, NOW)
    assert line is not None
    with writing(desk.engine) as connection:
        petition_rows.set_document(connection, "calls", msgspec.json.encode(told).decode())
        petition_rows.add_line(connection, "calls", LogRow(*msgspec.structs.astuple(line)))
    ask(desk, "amina@example.org")
    server = Server(CampaignsApp(desk, lambda: float(NOW)))
    try:
        yield server.origin, "calls", confirm_token(desk, "amina@example.org")
    finally:
        server.close()
        desk.close()
