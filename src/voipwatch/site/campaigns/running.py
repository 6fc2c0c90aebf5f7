"""What runs beside the pages: mails every second, every minute what falls due, and in a thread of their own
looks at the sites on the wall. One process of an instance.
"""

from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread
from typing import Any, Final

from voipwatch.site.app import wall_clock
from voipwatch.site.campaigns.admin.section import is_safe
from voipwatch.site.campaigns.desk import Desk
from voipwatch.site.campaigns.keepers import Keepers
from voipwatch.site.campaigns.mail.postman import Postman, Round
from voipwatch.site.campaigns.mail.server import MailServer, SmtpServer
from voipwatch.site.campaigns.office import Office
from voipwatch.site.campaigns.pledging.desk import PledgeDesk
from voipwatch.site.campaigns.pledging.office import PledgeOffice
from voipwatch.site.campaigns.settings import read_settings
from voipwatch.site.campaigns.wall.keeping import Wall
from voipwatch.site.campaigns.wall.rounds import WallRounds, run_wall
from voipwatch.store.civic.opening import DatabaseError

ROUND_S: Final = 1.0
TURN_S: Final = 60
LOOK_END_S: Final = 2.0
"""A look that is under way when all ends is left alone after this: what it saw is not noted."""
PLAIN: Final = (
    "the protected page opens only for a browser on this machine (with forwarded = true for none): url in "
    "campaigns.toml is http, and without HTTPS whoever listens takes passphrases and sessions; set up HTTPS "
    "and say https there"
)
KEEPER: Final = "daemon"
"""Who erases what is due, in the audit log."""


class Runner:
    """Turns of the office and rounds of the postman, in virtual time or in ours."""

    def __init__(self, desk: Desk, server: MailServer, say: Callable[[str], Any]) -> None:
        self._office = Office(desk, KEEPER)
        self._pledges = PledgeOffice(PledgeDesk(desk), KEEPER)
        self._wall = Wall(desk)
        self._postman = Postman(desk, server)
        mail = desk.campaigns.settings.mail
        self._place = f"{mail.host}:{mail.port}"
        self._say = say
        self._next_turn_s = 0
        self._said = ""
        self._damaged: tuple[str, ...] = ()

    def step(self, now_s: int) -> Round:
        """Whatever is due. A database that cannot be reached is said once, and tried again."""
        try:
            if now_s >= self._next_turn_s or now_s < self._next_turn_s - TURN_S:  # the clock was set back
                self._next_turn_s = now_s + TURN_S
                turn, pledges = self._office.turn(now_s), self._pledges.turn(now_s)
                for name in turn.erased:
                    self._say(
                        f"petition {name}: pepper, pseudonyms and names are destroyed, 30 days after closing"
                    )
                for name in pledges.erased:
                    self._say(
                        f"boycott {name}: digests of pledges are destroyed, 30 days after reporting closed"
                    )
                self._tell_damaged((*turn.damaged, *pledges.damaged))
                # Not among the looks: those end with the wall, and what they keep must not outlive them.
                self._wall.purge(now_s)
            done = self._postman.round(now_s)
        except DatabaseError as error:
            self._tell(f"the database of campaigns: {error}")
            return Round(down="database")
        if done.down and done.down != "waiting":
            self._tell(
                f"the mail server {self._place} (mail.host and mail.port in campaigns.toml) cannot be used: "
                f"{done.down}; mails wait"
            )
        elif done.sent:
            self._tell("")
        return done

    def _tell_damaged(self, damaged: tuple[str, ...]) -> None:
        """Each once, until it is mended."""
        for each in damaged:
            if each not in self._damaged:
                self._say(f"the database of campaigns: {each}")
        self._damaged = damaged

    def _tell(self, text: str) -> None:
        """Once until it changes."""
        if text and text != self._said:
            self._say(text)
        self._said = text


def run_campaigns(
    folder: Path,
    stop: Event,
    ready: Callable[[str], Any],
    say: Callable[[str], Any],
    *,
    clock: Callable[[], float] = wall_clock,
) -> None:
    """Bring the tables up to date, then run until `stop`.

    Raises:
        SettingsError, DatabaseError: it cannot begin.
    """
    campaigns = read_settings(folder)
    desk = Desk(campaigns, upgrade=True)
    server = SmtpServer(campaigns.settings.mail, folder)
    runner = Runner(desk, server, say)
    beside = None
    if campaigns.settings.wall is not None:
        beside = Thread(
            target=run_wall,
            args=(WallRounds(Wall(desk)), stop, say),
            kwargs={"clock": clock},
            name="wall",
            daemon=True,
        )
        beside.start()
    if not is_safe(campaigns.settings.url) and Keepers(desk).exist():
        say(PLAIN)
    ready("campaigns")
    try:
        while not stop.is_set():
            done = runner.step(int(clock()))
            if not done.sent:
                # A connection that nobody needs is the server's to close; ours is closed first.
                server.close()
                stop.wait(ROUND_S)
    finally:
        server.close()
        if beside is not None:
            beside.join(LOOK_END_S)
        desk.close()
