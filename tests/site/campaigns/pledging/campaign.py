"""A boycott campaign for tests: 14 and 15 November 2026 on Morocco's clocks, which since September of that
year are at UTC.
"""

import msgspec
from sqlalchemy import text

from tests.site.campaigns.instance import NOW
from voipwatch.civic.boycotts import Boycott, read_boycott
from voipwatch.civic.pledges import pledge_digest, token_text
from voipwatch.civic.turnout import Found, Observable
from voipwatch.site.campaigns.pledging.desk import PledgeDesk
from voipwatch.site.campaigns.pledging.office import PledgeOffice
from voipwatch.store.civic.opening import reading, writing
from voipwatch.store.civic.pledging import declare

BEGINS, ENDS = 1_794_614_400, 1_794_787_200
REPORTS_END = ENDS + 14 * 86_400
ERASED = REPORTS_END + 30 * 86_400
FILE = """
id = "silence"
country = "MA"
zone = "Africa/Casablanca"
begins = 2026-11-14T00:00:00
[controller]
name = "Association of the Line"
address = "1, rue de la Ligne, Rabat"
contact = "data@example.org"
[text.en]
title = "Two days <b>without</b> them"
without = "the operators' <i>calls</i>"
body = '''
Calls do not get through.

We do not pay for them.
'''
[text.ar]
title = "يومان دونهم"
without = "مكالمات المشغّلين"
body = "المكالمات لا تمرّ."
"""
CLOCKS = FILE.replace("2026-11-14", "2027-03-27").replace("Africa/Casablanca", "Europe/Paris")
CLOCKS = CLOCKS.replace('"silence"', '"clocks"')
"""France's clocks go forward on 28 March 2027, at 02:00."""
FOUND_NONE = Observable(
    what="Calls <of> our panel", found=Found.NONE, source="https://a.example/panel", unit="%"
)


def boycott(**changes: object) -> Boycott:
    """The campaign of the tests."""
    return msgspec.structs.replace(read_boycott(FILE), **changes)


def keep(desk: PledgeDesk, campaign: Boycott | None = None) -> Boycott:
    """A campaign in the database."""
    found = campaign or boycott()
    PledgeOffice(desk, "tests").create(found, now_s=NOW)
    return found


def token(number: int) -> bytes:
    """Of pledge `number`."""
    return number.to_bytes(16, "big")


def link(number: int) -> str:
    """As it stands in a link."""
    return token_text(token(number))


def pledge(desk: PledgeDesk, many: range, *, now_s: float = NOW) -> None:
    """Pledges of those numbers."""
    for number in many:
        desk.declare(boycott(), token(number), now_s=now_s)


def pledge_at_once(desk: PledgeDesk, many: range) -> None:
    """The same in one transaction."""
    with writing(desk.desk.engine) as connection:
        for number in many:
            digest = bytes.fromhex(pledge_digest(token(number)))
            declare(connection, "silence", digest, day="2026-11-06")


def report(desk: PledgeDesk, many: range, *, kept: bool) -> None:
    """Reports of those numbers, an hour after the end."""
    for number in many:
        desk.report(boycott(), token(number), kept=kept, now_s=ENDS + 3600)


def pledges(desk: PledgeDesk) -> list[tuple[str, str]]:
    """(day, state) of every row."""
    with reading(desk.desk.engine) as connection:
        asked = text("SELECT day, state FROM pledges ORDER BY digest")
        return [(row.day, row.state) for row in connection.execute(asked)]
