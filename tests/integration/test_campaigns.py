"""`voipwatch serve --site --campaigns`: a form, a mail, a signature; every process ends with it."""

import http.client
import re
from pathlib import Path
from time import monotonic
from urllib.parse import urlencode, urlsplit

import pytest

from tests.cli.doubles import run_line
from tests.site.asked import write_site
from tests.site.campaigns.instance import PETITION, folder_of, signed
from tests.support.mail_server import Answers, mail_server
from tests.support.serving import serving
from tests.support.waiting import ready_of
from voipwatch.site.app import wall_clock
from voipwatch.site.campaigns.desk import Desk, day_of

CONFIRM = re.compile(rb"https://watch\.example(/campaigns/fr/calls/confirm/[\w-]+)")


def ask(site: str, method: str, path: str, **form: str) -> tuple[int, str]:
    place = urlsplit(site)
    assert place.hostname is not None
    connection = http.client.HTTPConnection(place.hostname, place.port, timeout=60)
    kind = {"content-type": "application/x-www-form-urlencoded"} if form or method == "POST" else {}
    connection.request(method, path, urlencode(form), kind)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, text


def mail_to(answers: Answers) -> bytes:
    end = monotonic() + 60
    while not answers.taken and monotonic() < end:
        ready_of([], 0.05)
    return answers.taken[0].content.replace(b"=\r\n", b"")


@pytest.mark.slow
def test_a_petition_beside_the_site(tmp_path: Path) -> None:
    answers, now_s = Answers(), wall_clock()
    text = PETITION.replace("2026-11-01", day_of(now_s - 86_400)).replace(
        "2026-12-01", day_of(now_s + 864_000)
    )
    (tmp_path / "calls.toml").write_text(text, "utf-8")
    write_site(tmp_path / "site", {"index.html": b"the site"})
    with mail_server(answers) as port:
        campaigns = folder_of(tmp_path / "campaigns", port=port)
        folder = str(campaigns.folder)
        made = run_line("petition", "create", str(tmp_path / "calls.toml"), "--campaigns", folder)
        assert (made.status, made.err) == (0, "")
        options = ("--site", str(tmp_path / "site"), "--site-port", "0", "--campaigns", folder)
        with serving(tmp_path / "data", *options, bind="127.68.0.1", log=tmp_path / "log") as running:
            pids = running.pids
            assert "campaigns" in pids
            site = running.fields["site"]
            assert ask(site, "GET", "/index.html") == (200, "the site")
            sent = ask(site, "POST", "/campaigns/fr/calls/sign", email="a@example.org", consent="yes")
            assert sent[0] == 200
            link = CONFIRM.search(mail_to(answers))
            assert link
            assert ask(site, "GET", link[1].decode())[0] == 200
            assert ask(site, "POST", link[1].decode())[0] == 200
            assert running.stop() == 0
    assert [role for role, pid in pids.items() if Path(f"/proc/{pid}").exists()] == []
    desk = Desk(campaigns)
    assert signed(desk) == 1
    assert len(desk.log("calls")) == 1
    desk.close()
