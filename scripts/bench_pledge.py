"""Measure how many pledges a second the form takes, how fast a large campaign's page is, and the wall of
supporters' with its curve; write the page.

python scripts/bench_pledge.py            # about a minute on two idle cores
python scripts/bench_pledge.py --write    # docs/benchmarks.md too
"""

import secrets
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Final, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scripts.benchmarks import page
from scripts.benchmarks.campaigns import (
    CLIENTS,
    SETTINGS,
    TARGET_A_SECOND,
    TARGET_PAGE_MS,
    arguments,
    desk_in,
    page_times,
    posts,
    section,
    serve,
    served,
)
from scripts.benchmarks.figures import Distribution, distribution, this_machine
from scripts.benchmarks.figures import load as machine_load
from voipwatch.civic.boycotts import read_boycott
from voipwatch.civic.pledges import TOKEN_BYTES_MIN, token_text
from voipwatch.civic.wall import State
from voipwatch.site.campaigns.desk import Desk
from voipwatch.site.campaigns.pledging.desk import PledgeDesk
from voipwatch.site.campaigns.pledging.office import PledgeOffice
from voipwatch.site.campaigns.wall.keeping import Wall
from voipwatch.site.campaigns.wall.pages import wall_page
from voipwatch.site.words import words
from voipwatch.store.civic.opening import writing
from voipwatch.store.civic.pledge_tables import PLEDGES
from voipwatch.store.civic.wall_tables import WALL_CURVE, WALL_SITES

PLEDGED: Final = 100_000
SITES: Final = 1_000
CURVE_DAYS: Final = 365
WALL: Final = """
[wall]
name = "n"
address = "a"
contact = "c"
"""
BOYCOTT: Final = """
id = "bench"
country = "MA"
zone = "Africa/Casablanca"
begins = {begins}
controller = {{ name = "n", address = "a", contact = "c" }}
[text.en]
title = "A title"
without = "calls"
body = "A text of some length. {more}"
"""
SAYS: Final = (
    "Granian with two processes on two cores, SQLite, no answer before its synchronous commit, {clients} "
    "clients on kept connections on the same two cores. *Pledge*: the form's POST, answered with the link "
    "when the pledge is on disk. *Page*: one after the other, of a campaign with {pledged:,} pledges; "
    "*count*: one turn that counts them all. *Wall*: the page of {sites:,} standing sites, with the curve of "
    "{days} days, one after the other."
)


class Measured(NamedTuple):
    """What was found."""

    pledges: float
    """A second."""
    page_ms: Distribution
    count_s: float
    wall_ms: Distribution
    wall_bytes: int


def main() -> int:
    """Exit status 1 where a target is missed."""
    given = arguments(__doc__)
    if given.serve:
        return serve(Path(given.serve[0]), int(given.serve[1]))
    before = machine_load()
    with tempfile.TemporaryDirectory() as place:
        found = measure(Path(place))
    rows = [
        ("pledge", f"{found.pledges:,.0f} a second", f"{TARGET_A_SECOND:.0f}"),
        ("page, ms: median", f"{found.page_ms.p50:.1f}", f"{TARGET_PAGE_MS:.0f}"),
        ("page, ms: 99 %", f"{found.page_ms.p99:.1f}", "–"),
        ("count, ms", f"{found.count_s * 1000:.0f}", "–"),
        ("wall, ms: median", f"{found.wall_ms.p50:.1f}", f"{TARGET_PAGE_MS:.0f}"),
        ("wall, ms: 99 %", f"{found.wall_ms.p99:.1f}", "–"),
        ("wall, kB", f"{found.wall_bytes / 1000:.0f}", "–"),
    ]
    says = SAYS.format(clients=CLIENTS, pledged=PLEDGED, sites=SITES, days=CURVE_DAYS)
    text = section(__file__, this_machine(), before, says, rows)
    print(text)
    if given.write:
        page.write("pledge", text)
    fast = max(found.page_ms.p50, found.wall_ms.p50) <= TARGET_PAGE_MS
    return 0 if found.pledges >= TARGET_A_SECOND and fast else 1


def measure(folder: Path) -> Measured:
    """All of it, in a folder that nobody else uses."""
    desk = desk_in(folder, SETTINGS + WALL)
    pledges = PledgeDesk(desk)
    now = datetime.now(tz=UTC)
    now_s = int(now.timestamp())
    begins = (now + timedelta(days=30)).strftime("%Y-%m-%dT00:00:00")
    office = PledgeOffice(pledges, "bench")
    office.create(read_boycott(BOYCOTT.format(begins=begins, more="word " * 300)), now_s=now_s)
    fill_wall(desk, now)
    with served(__file__, folder) as port:
        # Each as a form of its own would have sent it.
        forms = [
            ("/campaigns/en/pledge/bench/declare", {"token": fresh_token(), "consent": "yes", "website": ""})
            for _ in range(PLEDGED)
        ]
        _, a_second = posts(port, forms)
        fill_pledges(desk, now)
        started = monotonic()
        assert office.turn(now_s).told == 1
        count_s = monotonic() - started
        pages = distribution(page_times(port, "/campaigns/{}/pledge/bench/"))
        wall = distribution(page_times(port, "/campaigns/{}/wall/"))
        assert pages is not None
        assert wall is not None
        found = Measured(a_second, pages, count_s, wall, wall_bytes(desk, now_s))
    desk.close()
    return found


def fresh_token() -> str:
    """As a form has it."""
    return token_text(secrets.token_bytes(TOKEN_BYTES_MIN))


def fill_pledges(desk: Desk, now: datetime) -> None:
    """PLEDGED pledges, beside those that the form took."""
    rows = [
        {"boycott": "bench", "digest": secrets.token_bytes(32), "day": str(now.date()), "state": "declared"}
        for _ in range(PLEDGED)
    ]
    with writing(desk.engine) as connection:
        connection.execute(PLEDGES.insert(), rows)


def fill_wall(desk: Desk, now: datetime) -> None:
    """SITES sites that stand, and a year of the curve."""
    now_s = int(now.timestamp())
    sites = [
        {
            "mark": fresh_token(),
            "page": f"https://supporter{number}.example/about/",
            "site": f"supporter{number}.example",
            "state": State.SHOWN.value,
            "since_at": now_s - number * 3600,
            "seen_at": now_s,
            "due_at": now_s + 86_400,
        }
        for number in range(SITES)
    ]
    days = [
        {
            "day": str(now.date() - timedelta(days=CURVE_DAYS - number)),
            "told": 10 + number * (SITES - 10) // CURVE_DAYS,
        }
        for number in range(CURVE_DAYS)
    ]
    with writing(desk.engine) as connection:
        connection.execute(WALL_SITES.insert(), sites)
        connection.execute(WALL_CURVE.insert(), days)


def wall_bytes(desk: Desk, now_s: int) -> int:
    """Of the English page; every site is on it."""
    wall, controller = Wall(desk), desk.campaigns.settings.wall
    assert controller is not None
    shown = wall.shown(now_s)
    assert len(shown) == SITES
    return len(wall_page(shown, wall.curve(), words("en"), controller=controller))


if __name__ == "__main__":
    sys.exit(main())
