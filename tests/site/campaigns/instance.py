"""An instance of campaigns for tests, with one open petition."""

from pathlib import Path

import msgspec
from sqlalchemy import text

from voipwatch.civic.keyed import TokenUse, token
from voipwatch.civic.petitions import Petition, read_petition
from voipwatch.site.campaigns.desk import Desk
from voipwatch.site.campaigns.office import Office
from voipwatch.site.campaigns.settings import Campaigns, read_settings
from voipwatch.store.civic.opening import reading
from voipwatch.store.civic.signing import MailKind

OPENS, CLOSES = 1_793_491_200, 1_796_083_200
NOW = OPENS + 5 * 86_400
DAY_S = 86_400
PETITION = """
id = "calls"
opens = 2026-11-01
closes = 2026-12-01
[controller]
name = "Association of the Line"
address = "1, rue de la Ligne, Rabat"
contact = "data@example.org"
[text.en]
title = "Give us <b>back</b> the calls"
body = '''
Calls do not get through.

We ask that they do.
'''
[text.ar]
title = "أعيدوا لنا المكالمات"
body = "المكالمات لا تمرّ."
"""
SETTINGS = """
url = "https://watch.example"
database = "{database}"
posts_a_minute = {posts}
[mail]
sender = "no-reply@watch.example"
bounces = "bounces@watch.example"
host = "127.0.0.1"
port = {port}
per_domain_a_minute = {pace}
"""


WALL = """
[wall]
name = "Association of the Line"
address = "1, rue de la Ligne, Rabat"
contact = "data@example.org"
"""


def folder_of(
    place: Path,
    *,
    database: str = "",
    port: int = 25,
    pace: int = 6000,
    posts: int = 100_000,
    wall: bool = False,
) -> Campaigns:
    """Settings in a folder; `wall`: it has one."""
    place.mkdir(exist_ok=True)
    text = SETTINGS.format(database=database, port=port, pace=pace, posts=posts) + (WALL if wall else "")
    (place / "campaigns.toml").write_text(text, "utf-8")
    return read_settings(place)


def petition(**changes: object) -> Petition:
    """The petition of the tests."""
    return msgspec.structs.replace(read_petition(PETITION), **changes)


def opened(campaigns: Campaigns) -> Desk:
    """A desk whose database has the petition."""
    desk = Desk(campaigns, upgrade=True)
    Office(desk, "tests").create(petition(), now_s=NOW)
    return desk


def ask(
    desk: Desk, address: str, *, kind: MailKind = MailKind.CONFIRM, lang: str = "en", now_s: int = NOW
) -> None:
    """Somebody fills the form in."""
    assert desk.ask(petition(), address, kind, lang=lang, now_s=now_s) is None


def selector_of(desk: Desk, address: str) -> bytes:
    """Of the request that waits, from the queue of mails."""
    with reading(desk.engine) as connection:
        asked = text("SELECT selector FROM outbox WHERE address = :a ORDER BY id DESC")
        return bytes(connection.execute(asked, {"a": address}).scalars().first() or b"")


def confirm_token(desk: Desk, address: str) -> str:
    """What its mail will hold."""
    pepper = desk.peppers.of("calls")
    assert pepper is not None
    return token(pepper, "calls", TokenUse.CONFIRM, selector_of(desk, address))


def sign(desk: Desk, address: str, *, now_s: int = NOW, name: str = "") -> None:
    """All the way."""
    own = desk.petition("calls")
    assert own is not None
    ask(desk, address, now_s=now_s)
    desk.confirm(own, confirm_token(desk, address), name=name, now_s=now_s)


def signed(desk: Desk) -> int:
    """Signatures at this moment."""
    with reading(desk.engine) as connection:
        return int(connection.execute(text("SELECT count(*) FROM signatures")).scalar_one())


def rows(desk: Desk, table: str) -> int:
    """Rows of a table."""
    with reading(desk.engine) as connection:
        return int(connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())
