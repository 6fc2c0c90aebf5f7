"""One process of campaigns, to be killed: `python -m tests.support.campaigns_process site|mails FOLDER PORT`.

`site` serves the pages with one worker, `mails` is what runs beside them, with a lease of two seconds instead
of two minutes, so that a test need not wait for what a killed one had in its hands.
"""

import signal
import sys
from pathlib import Path
from threading import Event

from voipwatch.site.campaigns.mail import postman
from voipwatch.site.campaigns.running import run_campaigns
from voipwatch.site.serving import SiteOrder, run_site


def say(text: object) -> None:
    """One line to the test."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main(role: str, folder: Path, port: int) -> int:
    """Until SIGTERM, or worse."""
    if role == "site":
        site = folder.parent / "site"
        return run_site(SiteOrder(site=str(site), campaigns=str(folder), port=port, processes=1), say, say)
    postman.LEASE_S = 2  # type: ignore[misc]  # see above
    stop = Event()
    signal.signal(signal.SIGTERM, lambda _number, _frame: stop.set())
    run_campaigns(folder, stop, say, say)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])))
