"""What keepers see and do: in their name, and with nothing of a signer where it need not be."""

import msgspec
import pytest
from sqlalchemy import text

from tests.site.campaigns.admin_visits import Visit, admin_app, signed_in, texts_of
from tests.site.campaigns.calling import Answered
from tests.site.campaigns.instance import CLOSES, DAY_S, NOW, ask, sign, signed
from tests.site.campaigns.pledging.campaign import ENDS, keep, pledge
from tests.support.clock import Clock
from voipwatch.civic.petitions import PaperTally
from voipwatch.civic.ranges import Range
from voipwatch.civic.turnout import Found, Observable
from voipwatch.civic.wallpage import PageSays
from voipwatch.site.campaigns.admin.acts import AUDIT_SHOWN, query_of
from voipwatch.site.campaigns.desk import Desk
from voipwatch.site.campaigns.office import Office
from voipwatch.site.campaigns.pledging.desk import PledgeDesk
from voipwatch.site.campaigns.pledging.office import PledgeOffice
from voipwatch.site.campaigns.wall.keeping import Wall
from voipwatch.site.campaigns.wall.looking import Looked
from voipwatch.store.civic.audit_log import AuditRow, add_audit, audit_rows
from voipwatch.store.civic.opening import reading, writing


@pytest.fixture
def visit(both_desks: Desk, clock: Clock) -> Visit:
    return signed_in(admin_app(both_desks, clock), clock)


def audited(desk: Desk) -> list[AuditRow]:
    with reading(desk.engine) as connection:
        return audit_rows(connection)


def test_counts_stand_there_in_tens_alone(visit: Visit) -> None:
    desk = visit.app.desk
    for number in range(13):
        sign(desk, f"a{number}@example.org")
    for number in range(12):
        ask(desk, f"w{number}@example.org")
    Office(desk, "tests").turn(NOW)
    for below in ("", "petition/calls"):
        page = texts_of(visit.get(below))
        assert page.count("10") >= 2
        assert "12" not in page.replace("2026", "").replace("12:", "")
        assert "13" not in page
        assert "fewer than ten" in page


def test_from_paper_to_an_answer_in_the_keepers_name(visit: Visit, clock: Clock) -> None:
    desk = visit.app.desk
    told = visit.post("petition/calls/paper", {"sheets": " 3 ", "signatures": "61", "by": "Zoé"})
    assert told.headers["location"] == "/campaigns/en/admin/petition/calls?said=paper"
    assert "The tally is noted" in visit.get("petition/calls", query="said=paper").text
    assert visit.post("petition/calls/close", {"code": visit.next_code()}).status == 303
    clock.now_s += 60
    assert visit.post("petition/calls/deliver", {"to": "the authority", "paper": "61"}).status == 303
    form = {"sender": "the authority", "text": "No.\r\n\r\nSorry.", "source": " https://a.example/x "}
    assert visit.post("petition/calls/answer", form).status == 303
    kept = desk.petition("calls")
    assert kept is not None
    assert kept.papers == (PaperTally(NOW, 3, 61, "Zoé"),)
    assert (kept.closes_at_s, kept.deliveries[0].paper) == (NOW + 30, 61)
    assert (kept.answers[0].text, kept.answers[0].source) == ("No.\n\nSorry.", "https://a.example/x")
    assert [(row.who, row.act) for row in audited(desk)][-4:] == [
        ("page/a-keeper", act) for act in ("paper", "close", "deliver", "answer")
    ]


@pytest.mark.parametrize(
    ("below", "form", "status"),
    [
        ("petition/calls/paper", {"sheets": "-1", "signatures": "1", "by": "x"}, 422),
        ("petition/calls/paper", {"sheets": "1e3", "signatures": "1", "by": "x"}, 422),
        ("petition/calls/paper", {"sheets": "٣", "signatures": "1", "by": "x"}, 422),
        ("petition/calls/paper", {"sheets": "1", "signatures": "9" * 12, "by": "x"}, 422),
        ("petition/calls/paper", {"sheets": "0", "signatures": "1", "by": "x"}, 422),
        ("petition/calls/paper", {"sheets": "1", "signatures": "1", "by": "a\r\nb"}, 422),
        ("petition/calls/paper", {}, 422),
        ("petition/calls/deliver", {"to": "x", "paper": "0"}, 422),
        ("petition/calls/answer", {"sender": "x", "text": "y", "source": "javascript:alert(1)"}, 422),
        ("petition/none/paper", {"sheets": "1", "signatures": "1", "by": "x"}, 404),
        ("petition/calls/rename", {}, 404),
        ("person", {"petition": "calls", "email": "no address", "act": "show"}, 422),
        ("person", {"petition": "none", "email": "a@example.org", "act": "show"}, 404),
    ],
)
def test_what_cannot_be_is_said_and_not_done(
    visit: Visit, below: str, form: dict[str, str], status: int
) -> None:
    before = audited(visit.app.desk)
    assert visit.post(below, form | {"code": visit.next_code()}).status == status
    assert audited(visit.app.desk) == before


def test_what_is_held_of_an_address(visit: Visit) -> None:
    desk = visit.app.desk
    sign(desk, "amina@example.org", name="Amina <b>")
    form = {"petition": "calls", "email": "amina@example.org", "act": "show"}

    def look(**changes: str) -> Answered:
        return visit.post("person", {**form, "code": visit.next_code(), **changes})

    assert visit.post("person", form).status == 403
    shown = look()
    assert "6 November 2026" in shown.text
    assert "Amina &lt;b&gt;" in shown.text
    assert "amina@example.org" not in shown.text
    exported = look(act="export")
    assert exported.headers["content-type"] == "application/json"
    assert "attachment" in exported.headers["content-disposition"]
    document = msgspec.json.decode(exported.body)
    assert document["signature"] == {"day": "2026-11-06", "lang": "en", "public_name": "Amina <b>"}
    nothing = look(email="b@example.org")
    assert "Nothing is held" in nothing.text
    ask(desk, "w@example.org")
    assert "was not confirmed" in look(email="w@example.org").text
    erased = look(act="erase")
    assert erased.headers["location"].endswith("person?said=erase-person")
    assert "is erased" in visit.get("person", query="said=erase-person").text
    assert signed(desk) == 0
    assert "mina@" not in repr(audited(desk))
    assert "Amina" not in repr(audited(desk))


def test_a_hostile_name_is_hidden_and_comes_back(visit: Visit) -> None:
    desk = visit.app.desk
    hostile = "<img src=x onerror=alert(1)> \u202e"
    sign(desk, "a@example.org", name=hostile)
    page = visit.get("petition/calls/names")
    assert "<img src=x" not in page.text
    kept = "<img src=x onerror=alert(1)>"
    assert visit.post("petition/calls/hide-name", {"name": kept}).status == 303
    assert "hidden" in texts_of(visit.get("petition/calls/names"))
    assert Office(desk, "tests").export("calls", now_s=NOW)["names"] == ()
    assert signed(desk) == 1
    assert visit.post("petition/calls/show-name", {"name": kept}).status == 303
    assert Office(desk, "tests").export("calls", now_s=NOW)["names"] == (kept,)


def test_names_come_by_the_hundred(visit: Visit) -> None:
    desk = visit.app.desk
    with writing(desk.engine) as connection:
        for number in range(101):
            values = {"h": number.to_bytes(32, "big"), "n": f"Name {number:03}"}
            connection.execute(
                text("INSERT INTO signatures VALUES ('calls', :h, '2026-11-06', 'en', :n)"), values
            )
    first = visit.get("petition/calls/names")
    assert ("Name 099" in first.text, "Name 100" in first.text) == (True, False)
    second = visit.get("petition/calls/names", query="page=1")
    assert ("Name 099" in second.text, "Name 100" in second.text) == (False, True)
    assert "names?page=1" in first.text
    assert "names?page=0" in second.text
    assert visit.get("petition/calls/names", query="page=x").status == 422


# --- boycotts and the wall


@pytest.fixture
def pledges(visit: Visit) -> PledgeDesk:
    found = PledgeDesk(visit.app.desk)
    keep(found)
    return found


def test_a_boycott_stands_there_as_the_public_sees_it(visit: Visit, pledges: PledgeDesk) -> None:
    pledge(pledges, range(13))
    PledgeOffice(pledges, "tests").turn(NOW)
    for below in ("", "boycott/silence"):
        page = texts_of(visit.get(below))
        assert "10 or a few more" in page
        assert " 13 " not in page
    assert visit.get("boycott/none").status == 404


def test_a_boycott_is_closed_and_observed_in_the_keepers_name(
    visit: Visit, pledges: PledgeDesk, clock: Clock
) -> None:
    clock.now_s = ENDS + 60
    assert visit.sign_in().status == 303
    form = {"what": "Calls", "found": "effect", "low": "2,5", "high": " 3 ", "unit": "%", "source": "a panel"}
    told = visit.post("boycott/silence/observe", form)
    assert told.headers["location"] == "/campaigns/en/admin/boycott/silence?said=observe"
    assert "The observation is noted" in visit.get("boycott/silence", query="said=observe").text
    assert visit.post("boycott/silence/close-boycott", {"code": visit.next_code()}).status == 303
    kept = pledges.boycott("silence")
    assert kept is not None
    (noted,) = kept.observed
    assert noted.observable == Observable(
        what="Calls", found=Found.EFFECT, value=Range(2.5, 3.0), unit="%", source="a panel"
    )
    assert (kept.closed_at_s, kept.is_called_off) == (ENDS + 90, False)
    assert [(row.who, row.act) for row in audited(visit.app.desk)][-2:] == [
        ("page/a-keeper", "observe"), ("page/a-keeper", "close-boycott"),
    ]  # fmt: skip
    again = visit.post("boycott/silence/close-boycott", {"code": visit.next_code()})
    assert again.status == 422


@pytest.mark.parametrize(
    "changes",
    [
        {"found": "much"},
        {"found": ""},
        {"low": "1e3"},
        {"low": "-1"},
        {"low": "", "high": "3"},
        {"low": "4", "high": "3"},
        {"source": ""},
        {"found": "not-measured"},
        {"what": ""},
        {"what": "a\nb"},
    ],
)
def test_what_cannot_be_observed_is_said(
    visit: Visit, pledges: PledgeDesk, clock: Clock, changes: dict[str, str]
) -> None:
    clock.now_s = ENDS
    visit.sign_in()
    before = audited(visit.app.desk)
    form = {"what": "Calls", "found": "effect", "low": "2", "high": "", "source": "a panel"}
    assert visit.post("boycott/silence/observe", form | changes).status == 422
    assert audited(visit.app.desk) == before
    assert visit.post("boycott/none/observe", form).status == 404
    assert visit.post("boycott/silence/erase", form).status == 404


def test_a_site_is_off_the_wall_at_once_and_named_nowhere(visit: Visit) -> None:
    desk = visit.app.desk
    wall = Wall(desk)
    for url in ("https://amina-writes.example/", "https://amina-writes.example/blog", "https://two.example/"):
        made = wall.enrol(url, now_s=NOW)
        if url.endswith("/"):
            wall.note(made.page, Looked(None, PageSays(True, frozenset({made.mark}))), now_s=NOW)
    page = visit.get("wall")
    assert page.text.count("amina-writes.example/") == 2
    told = visit.post("wall", {"site": "amina-writes.example"})
    assert told.headers["location"] == "/campaigns/en/admin/wall?said=wall-remove"
    assert [each.site for each in wall.enrolments()] == ["two.example"]
    after = visit.get("wall", query="said=wall-remove")
    assert "is off the wall" in after.text
    assert "amina-writes" not in after.text + visit.get("audit").text + repr(told.headers)
    assert audited(desk)[-1][1:] == ("page/a-keeper", "wall-remove", "", "")
    if desk.engine.dialect.name == "sqlite":
        held = b"".join(each.read_bytes() for each in desk.campaigns.folder.rglob("*") if each.is_file())
        assert b"amina-writes" not in held
    # Nothing is there to be taken off: nothing is done, and no line says that somebody tried.
    before = audited(desk)
    assert visit.post("wall", {"site": "amina-writes.example"}).status == 303
    assert visit.post("wall", {}).status == 303
    assert audited(desk) == before


def test_a_changed_audit_log_is_told_on_its_page(visit: Visit) -> None:
    desk = visit.app.desk
    assert "follow from one another" in visit.get("audit").text
    with writing(desk.engine) as connection:
        for number in range(AUDIT_SHOWN):
            add_audit(connection, AuditRow(NOW, "root", "paper", "calls", f"number {number}"))
    page = visit.get("audit").text
    assert ("number 0<" in page, "account-add" in page) == (True, False)
    with writing(desk.engine) as connection:
        connection.execute(text("UPDATE audit_log SET who = 'nobody' WHERE n = 2"))
    assert "line 2 does not follow" in visit.get("audit").text


def test_erasing_leaves_counts_alone(visit: Visit, clock: Clock) -> None:
    desk = visit.app.desk
    sign(desk, "a@example.org")
    assert visit.post("petition/calls/erase", {"code": visit.next_code()}).status == 303
    assert (signed(desk), desk.peppers.of("calls")) == (0, None)
    clock.now_s = CLOSES + 31 * DAY_S
    assert visit.sign_in().status == 303
    assert "act-erase" not in visit.get("petition/calls").text


def test_fields_of_an_address() -> None:
    assert query_of(b"said=paper&page=2") == {"said": "paper", "page": "2"}
    assert query_of(b"") == query_of(b"\xff") == query_of(b"a=1&" * 9) == {}
