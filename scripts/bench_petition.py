"""Measure how many signatures a second the forms take, and how fast a large petition's page is; write the
page.

python scripts/bench_petition.py            # about a minute on two idle cores
python scripts/bench_petition.py --write    # docs/benchmarks.md too
"""

import secrets
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Final

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from sqlalchemy import select

from scripts.benchmarks import page
from scripts.benchmarks.campaigns import (
    CLIENTS,
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
from voipwatch.civic.keyed import TokenUse, token
from voipwatch.civic.petitions import read_petition
from voipwatch.site.campaigns.links import confirm_path
from voipwatch.site.campaigns.office import Office
from voipwatch.store.civic.opening import reading, writing
from voipwatch.store.civic.tables import OUTBOX, PENDING, SIGNATURES

SIGNED: Final = 100_000
PETITION: Final = """
id = "bench"
opens = {opens}
closes = {closes}
controller = {{ name = "n", address = "a", contact = "c" }}
[text.en]
title = "A title"
body = "A text of some length. {more}"
"""
SAYS: Final = (
    "Granian with two processes on two cores, SQLite, no answer before its synchronous commit, {clients} "
    "clients on kept connections on the same two cores. *Ask*: the form's POST, answered when the request "
    "and its mail are on disk in the queue. *Confirm*: the POST behind the mail's link. *Page*: one after "
    "the other, of a petition with {signed:,} signatures; *count*: one turn that counts them all."
)


def main() -> int:
    """Exit status 1 where a target is missed."""
    given = arguments(__doc__)
    if given.serve:
        return serve(Path(given.serve[0]), int(given.serve[1]))
    before = machine_load()
    with tempfile.TemporaryDirectory() as place:
        ask, confirm, pages, count_s = measure(Path(place))
    rows = [
        ("ask", f"{ask:,.0f} a second", f"{TARGET_A_SECOND:.0f}"),
        ("confirm", f"{confirm:,.0f} a second", "–"),
        ("page, ms: median", f"{pages.p50:.1f}", f"{TARGET_PAGE_MS:.0f}"),
        ("page, ms: 99 %", f"{pages.p99:.1f}", "–"),
        ("count, ms", f"{count_s * 1000:.0f}", "–"),
    ]
    says = SAYS.format(clients=CLIENTS, signed=SIGNED)
    text = section(__file__, this_machine(), before, says, rows)
    print(text)
    if given.write:
        page.write("petition", text)
    return 0 if ask >= TARGET_A_SECOND and pages.p50 <= TARGET_PAGE_MS else 1


def measure(folder: Path) -> tuple[float, float, Distribution, float]:
    """Requests and confirmations a second, milliseconds of pages, seconds of a count."""
    desk = desk_in(folder)
    today = datetime.now(tz=UTC).date()
    text = PETITION.format(
        opens=today - timedelta(days=1), closes=today + timedelta(days=30), more="word " * 300
    )
    now_s = int(datetime.now(tz=UTC).timestamp())
    Office(desk, "bench").create(read_petition(text), now_s=now_s)
    with served(__file__, folder) as port:
        # Few of a domain: one beyond its mails of the day would be answered alike, and nothing queued.
        form = [
            ("/campaigns/en/bench/sign", {"email": f"person{n}@d{n // 100}.example", "consent": "yes"})
            for n in range(200_000)
        ]
        asked, ask = posts(port, form)
        pepper = desk.peppers.of("bench")
        assert pepper is not None
        with reading(desk.engine) as connection:
            waiting = [bytes(each) for each in connection.execute(select(PENDING.c.selector)).scalars()]
            queued = len(connection.execute(select(OUTBOX.c.id)).all())
        assert len(waiting) == queued == asked, "each has its mail in the queue"
        links = [
            confirm_path("en", "bench", token(pepper, "bench", TokenUse.CONFIRM, each)) for each in waiting
        ]
        _, confirm = posts(port, [(link, {}) for link in links])
        with writing(desk.engine) as connection:
            rows = [
                {
                    "petition": "bench",
                    "hash": secrets.token_bytes(32),
                    "day": str(today),
                    "lang": "en",
                    "public_name": "",
                }
                for _ in range(SIGNED)
            ]
            connection.execute(SIGNATURES.insert(), rows)
        started = monotonic()
        Office(desk, "bench").turn(now_s)
        count_s = monotonic() - started
        pages = distribution(page_times(port, "/campaigns/{}/bench/"))
        assert pages is not None
    desk.close()
    return ask, confirm, pages, count_s


if __name__ == "__main__":
    sys.exit(main())
