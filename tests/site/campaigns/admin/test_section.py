"""The protected page's gates: is there a door, who is let in, whose form, which role, a fresh code."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from tests.site.campaigns.admin_visits import ADMIN, Visit, admin_app, enrolled, signed_in
from tests.site.campaigns.calling import Answered, acall, call
from tests.site.campaigns.instance import CLOSES, NOW, folder_of, opened, rows, sign, signed
from tests.site.campaigns.pledging.campaign import ENDS, keep
from tests.support.clock import Clock
from voipwatch.civic.keepers import form_token
from voipwatch.civic.petitions import Delivery
from voipwatch.civic.roles import CODE_ANEW, Act, Role, may
from voipwatch.site.campaigns import keepers as keepers_module
from voipwatch.site.campaigns.admin.gate import BY_NETWORK, HASHED_AT_ONCE, LONGEST_S, ROOM
from voipwatch.site.campaigns.admin.section import AdminSection, act_of
from voipwatch.site.campaigns.app import CampaignsApp
from voipwatch.site.campaigns.desk import Desk
from voipwatch.site.campaigns.keepers import Keepers
from voipwatch.site.campaigns.office import Office
from voipwatch.site.campaigns.pledging.desk import PledgeDesk
from voipwatch.site.campaigns.pledging.office import PledgeOffice
from voipwatch.site.campaigns.wall.keeping import Wall
from voipwatch.site.words import HTML_LANG, LANGUAGES
from voipwatch.store.civic.audit_log import audit_rows
from voipwatch.store.civic.opening import open_database, reading, writing

HOME = "/campaigns/en/admin/"


@pytest.fixture
def app(desk: Desk, clock: Clock) -> CampaignsApp:
    return admin_app(desk, clock)


@pytest.fixture
def visit(app: CampaignsApp, clock: Clock) -> Visit:
    return Visit(app, clock, enrolled(app.desk, clock))


def audit_of(desk: Desk) -> list[str]:
    with reading(desk.engine) as connection:
        return [row.act for row in audit_rows(connection)]


# --- is there a door


PLANTED = "A" * 43
ROUTES = ("", "signin", "signout", "x", "x/y/z")
BAD_FORMS: dict[str, dict[str, Any]] = {
    "good": {"form": {"name": "amina"}},
    "of another site": {"form": {"name": "amina"}, "sec_fetch_site": "cross-site"},
    "of another origin": {"form": {"name": "amina"}, "origin": "https://evil.example"},
    "no form": {"body": b"{}", "content_type": "application/json"},
    "too long": {"body": b"a=" + b"x" * 300_000},
    "with a session": {"form": {"form": form_token(PLANTED)}, "cookie": f"__Host-voipwatch-keeper={PLANTED}"},
}


def every_route() -> list[str]:
    """Whatever the section answers to anybody, and some that it never does."""
    acts = [below for below, _ in ACT_FORMS.values()]
    return sorted({*ROUTES, *acts, *LOOKS.values()})


def same(one: Answered, other: Answered) -> bool:
    return (one.status, one.headers, one.body) == (other.status, other.headers, other.body)


def test_without_an_account_nothing_is_there(app: CampaignsApp) -> None:
    nothing = call(app, "GET", "/campaigns/en/nothing/")
    assert nothing.status == 404
    for below in every_route():
        for method in ("GET", "HEAD", "PUT"):
            assert same(call(app, method, ADMIN + below), call(app, method, "/campaigns/en/nothing/")), below
        for kind, sent in BAD_FORMS.items():
            for _ in range(2):
                assert same(call(app, "POST", ADMIN + below, **sent), nothing), (below, kind)


def test_however_many_forms_come_none_says_that_something_is_there(desk: Desk, clock: Clock) -> None:
    few = msgspec.structs.replace(desk.campaigns.settings, posts_a_minute=2)
    desk.campaigns = msgspec.structs.replace(desk.campaigns, settings=few)
    app = admin_app(desk, clock)
    assert {call(app, "POST", f"{ADMIN}signin", {"name": "a"}).status for _ in range(9)} == {404}
    enrolled(desk, clock)
    assert {call(app, "POST", f"{ADMIN}audit", {"name": "a"}).status for _ in range(9)} == {404}


def test_a_form_of_nobody_who_is_signed_in_is_for_nothing_that_is_there(
    visit: Visit, app: CampaignsApp
) -> None:
    """The entrance shows itself, and the one form on it; no other form is told apart from one for nothing."""
    nothing = call(app, "GET", "/campaigns/en/nothing/")
    for below in every_route():
        for kind, sent in BAD_FORMS.items():
            if below != "signin":
                assert same(call(app, "POST", ADMIN + below, **sent), nothing), (below, kind)
    assert call(app, "POST", f"{ADMIN}signin", **BAD_FORMS["no form"]).status == 400
    before = call(app, "GET", ADMIN)
    assert (before.status, visit.cookie) == (200, "")
    for below in every_route():
        if below:
            assert call(app, "GET", ADMIN + below).headers["location"] == HOME, below


# --- plain http


def plain(desk: Desk, clock: Clock, *, forwarded: bool = False) -> CampaignsApp:
    """An instance whose own address is plain http."""
    changed = msgspec.structs.replace(
        desk.campaigns.settings, url="http://watch.example", forwarded=forwarded
    )
    desk.campaigns = msgspec.structs.replace(desk.campaigns, settings=changed)
    return admin_app(desk, clock)


LOOPBACK: list[dict[str, Any]] = [
    {"client": "127.0.0.1", "host": "127.0.0.1:8482"},
    {"client": "::1", "host": "[::1]:8482"},
    {"client": "::ffff:127.0.0.1", "host": "localhost:9000"},
]
OUTSIDE: list[dict[str, Any]] = [
    {"client": "192.0.2.1", "host": "watch.example"},
    {"client": "192.0.2.1", "host": "127.0.0.1"},
    {"client": "127.0.0.1", "host": "watch.example"},
    {"client": "127.0.0.1", "host": "127.0.0.1", "x_forwarded_for": "192.0.2.1"},
    {"client": "127.0.0.1", "host": "127.0.0.1", "forwarded": "for=192.0.2.1"},
    {"client": "127.0.0.1", "host": "127.0.0.1", "x_forwarded_proto": "http"},
    {"client": "127.0.0.1", "host": "127.0.0.1", "cf_connecting_ip": "192.0.2.1"},
    {"client": "127.0.0.1"},
    {"client": "127.0.0.1", "host": "[::1"},
    {"client": "", "host": "127.0.0.1"},
]


def test_over_plain_http_nothing_is_there_but_on_this_machine(desk: Desk, clock: Clock) -> None:
    app = plain(desk, clock)
    enrolled(desk, clock)
    nothing = call(app, "GET", "/campaigns/en/nothing/")
    for way in OUTSIDE:
        for below in every_route():
            assert same(call(app, "GET", ADMIN + below, **way), nothing), (way, below)
            assert same(call(app, "POST", ADMIN + below, {"name": "amina"}, **way), nothing), (way, below)
    for way in LOOPBACK:
        assert call(app, "GET", ADMIN, **way).status == 200, way
        assert call(app, "POST", f"{ADMIN}signin", {"name": "amina"}, **way).status == 403, way
    behind = plain(desk, clock, forwarded=True)
    assert same(call(behind, "GET", ADMIN, **LOOPBACK[0]), nothing)


def test_a_session_over_plain_http_is_of_this_machine_alone(desk: Desk, clock: Clock) -> None:
    app = plain(desk, clock)
    visit = Visit(app, clock, enrolled(desk, clock), client="127.0.0.1")
    told = visit.post(
        "signin",
        {"name": "amina", "passphrase": visit.made.passphrase, "code": visit.code()},
        host="127.0.0.1",
    )
    assert told.status == 303
    assert "Secure" not in told.headers["set-cookie"]
    assert "Signed in as" in visit.get(host="127.0.0.1").text
    assert visit.get(host="watch.example").status == 404


def test_it_closes_with_the_last_account(visit: Visit, app: CampaignsApp) -> None:
    assert visit.sign_in().status == 303
    assert visit.get().status == 200
    Keepers(app.desk, "root").remove("amina", now_s=NOW)
    assert visit.get().status == 404


# --- the database is damaged, or out of reach


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_role_that_nobody_knows_is_said_as_a_fault_of_the_database(
    app: CampaignsApp, clock: Clock, lang: str
) -> None:
    visit = signed_in(app, clock)
    with writing(app.desk.engine) as connection:
        connection.execute(text("UPDATE accounts SET role = 'emperor'"))
    told = visit.get(lang=lang)
    assert (told.status, told.headers["retry-after"]) == (503, "60")
    assert f'<html lang="{HTML_LANG[lang]}"' in told.text
    assert visit.post("audit").status == 503
    assert visit.sign_in(code=visit.next_code()).status == 503


def test_a_row_of_the_wall_that_nobody_knows_is_a_fault_of_the_database(
    app: CampaignsApp, clock: Clock
) -> None:
    visit = signed_in(app, clock)
    Wall(app.desk).enrol("https://one.example/", now_s=NOW)
    with writing(app.desk.engine) as connection:
        connection.execute(text("UPDATE wall_sites SET state = 'sold'"))
    assert visit.get("wall").status == 503


@pytest.mark.parametrize("table", ["petitions", "boycotts"])
@pytest.mark.parametrize("document", ["", "{}", '{"id": 1}'])
def test_a_document_that_nobody_reads_is_named_and_stops_nothing_else(
    app: CampaignsApp, clock: Clock, table: str, document: str
) -> None:
    visit = signed_in(app, clock)
    keep(PledgeDesk(app.desk))
    with writing(app.desk.engine) as connection:
        connection.execute(text(f"UPDATE {table} SET document = :d"), {"d": document})
    broken, sound = "petition/calls", "boycott/silence"
    if table == "boycotts":
        broken, sound = sound, broken
    overview = visit.get()
    assert (overview.status, f"<li><bdi>{broken.partition('/')[2]}</bdi></li>" in overview.text) == (
        200,
        True,
    )
    assert f'{sound}"' in overview.text
    assert f'{broken}"' not in overview.text
    assert [visit.get(each).status for each in (broken, sound)] == [503, 200]


@pytest.mark.parametrize(
    ("damage", "broken"),
    [("INSERT INTO notes VALUES ('calls', 'some day', 10, '0')", ""),
     ("UPDATE count_log SET at = 'yesterday'", "calls"),
     ("UPDATE pledge_log SET at = 'yesterday'", "silence")],
)  # fmt: skip
def test_a_log_that_nobody_reads_is_named(app: CampaignsApp, clock: Clock, damage: str, broken: str) -> None:
    visit = signed_in(app, clock)
    keep(PledgeDesk(app.desk))
    PledgeOffice(PledgeDesk(app.desk), "tests").turn(NOW)
    Office(app.desk, "tests").turn(NOW)
    with writing(app.desk.engine) as connection:
        connection.execute(text(damage))
    overview = visit.get()
    assert (overview.status, f"<li><bdi>{broken}</bdi></li>" in overview.text) == (200, bool(broken))


def test_a_server_that_is_gone_is_said_on_every_route(desk: Desk, clock: Clock) -> None:
    visit = signed_in(admin_app(desk, clock), clock)
    desk.engine.dispose()
    desk.engine = open_database("postgresql+psycopg://nobody@127.0.0.1:1/none")
    for below in every_route():
        assert visit.get(below).status == 503, below
        assert visit.post(below).status == 503, below


def test_two_acts_that_hide_a_name_at_once_hide_it(both_desks: Desk, clock: Clock) -> None:
    app = admin_app(both_desks, clock)
    sign(both_desks, "a@example.org", name="Hostile")
    visit = signed_in(app, clock)
    together = threading.Barrier(2)

    def hide(_: int) -> int:
        together.wait(60)
        return visit.post("petition/calls/hide-name", {"name": "Hostile"}).status

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(hide, range(2))) == [303, 303]
    assert audit_of(both_desks).count("hide-name") == 1


# --- entering


def test_both_factors_and_a_cookie(visit: Visit) -> None:
    entrance = visit.get()
    assert (entrance.status, visit.cookie) == (200, "")
    entered = visit.sign_in()
    assert (entered.status, entered.headers["location"]) == (303, HOME)
    given = entered.headers["set-cookie"]
    assert given.startswith("__Host-voipwatch-keeper=")
    assert {"Secure", "HttpOnly", "SameSite=Strict", "Path=/"} <= set(given.split("; "))
    assert "Signed in as" in visit.get().text


def test_no_answer_says_which_factor_was_wrong(visit: Visit) -> None:
    answers = {
        (told.status, told.body)
        for told in (
            visit.sign_in(name="nobody"),
            visit.sign_in(passphrase="x"),
            visit.sign_in(code="000000"),
            visit.sign_in(name="", passphrase="", code=""),
        )
    }
    assert len(answers) == 1
    assert answers.pop()[0] == 403
    assert visit.cookie == ""


def test_a_code_enters_once(visit: Visit, app: CampaignsApp, clock: Clock) -> None:
    assert visit.sign_in().status == 303
    thief = Visit(app, clock, visit.made, client="203.0.113.9")
    assert thief.sign_in().status == 403
    assert thief.sign_in(code=thief.next_code()).status == 303


def test_with_the_first_factor_stolen_the_account_itself_makes_wait(app: CampaignsApp, clock: Clock) -> None:
    made = enrolled(app.desk, clock)
    spread = [
        Visit(app, clock, made, client=f"10.{number}.0.1").sign_in(code=f"{number:06}").status
        for number in range(8)
    ]
    assert spread.count(429) == 5


@pytest.mark.parametrize("stranger", ["192.0.2.200", "203.0.113.5"])
@pytest.mark.parametrize("name", ["amina", "nobody"])
def test_a_stranger_behind_the_same_nat_locks_nobody_out(
    desk: Desk, clock: Clock, stranger: str, name: str
) -> None:
    few = msgspec.structs.replace(desk.campaigns.settings, posts_a_minute=2)
    desk.campaigns = msgspec.structs.replace(desk.campaigns, settings=few)
    app = admin_app(desk, clock)
    made = enrolled(desk, clock)
    thief = Visit(app, clock, made, client=stranger)
    for number in range(60):
        told = thief.sign_in(name=name, passphrase=f"x{number}")
        assert told.status == 403
        clock.now_s -= clock.now_s - NOW  # all of them within one moment
    keeper = Visit(app, clock, made, client="192.0.2.77")
    assert keeper.sign_in().status == 303
    assert clock.now_s - NOW <= LONGEST_S
    # Nor do his forms take the keepers' away.
    for _ in range(60):
        thief.post("petition/calls/paper", {"sheets": "1"})
    below, form = ACT_FORMS[Act.PAPER]
    assert keeper.post(below, form).status == 303


def test_a_name_that_nobody_has_is_put_off_as_one_that_somebody_has(desk: Desk, clock: Clock) -> None:
    enrolled(desk, clock)
    waits: dict[str, list[float]] = {}
    bodies = set()
    for name in ("amina", "nobody"):
        seen: list[float] = waits.setdefault(name, [])

        async def pause(seconds: float, seen: list[float] = seen) -> None:
            seen.append(seconds)

        app = CampaignsApp(desk, clock, {"admin": AdminSection(desk, pause=pause)})
        for number in range(12):
            told = call(app, "POST", f"{ADMIN}signin", {"name": name, "passphrase": "x", "code": "1"},
                        client=f"10.0.{number}.1")  # fmt: skip
            bodies.add((told.status, told.body))
    assert waits["amina"] == waits["nobody"] == [0.25, 0.5, 1.0, 2.0, 4.0, 4.0, 4.0]
    assert len(bodies) == 1


def test_a_flood_finds_no_room_and_leaves_its_place_when_it_was_answered(desk: Desk, clock: Clock) -> None:
    enrolled(desk, clock)
    going = asyncio.Event()

    async def pause(_seconds: float) -> None:
        await going.wait()

    app = CampaignsApp(desk, clock, {"admin": AdminSection(desk, pause=pause)})
    form = {"name": "amina", "passphrase": "x", "code": "1"}

    async def flood(client: str, many: int) -> list[int]:
        told = [acall(app, "POST", f"{ADMIN}signin", form, client=client) for _ in range(many)]
        waiting = [asyncio.ensure_future(each) for each in told]
        done: set[asyncio.Future[Answered]] = set()
        while len(done) < many - 5 - BY_NETWORK.at_once:
            done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        going.set()
        return [(await each).status for each in waiting]

    # The first five are put off by nothing, so they may leave their places before the last ones come.
    found = asyncio.run(flood("192.0.2.1", 5 + BY_NETWORK.at_once + 10))
    assert found.count(429) >= 10
    assert found.count(403) >= BY_NETWORK.at_once
    assert BY_NETWORK.at_once < ROOM
    assert asyncio.run(flood("192.0.2.1", 1)) == [403]


@pytest.mark.parametrize("ending", ["answered", "gone"])
def test_a_keeper_of_another_network_gets_a_place_of_the_flood(desk: Desk, clock: Clock, ending: str) -> None:
    made = enrolled(desk, clock)
    going = asyncio.Event()
    paused: list[float] = []
    full = asyncio.Event()

    async def pause(seconds: float) -> None:
        paused.append(seconds)
        if len(paused) == ROOM:
            full.set()
        await going.wait()

    section = AdminSection(desk, pause=pause)
    app = CampaignsApp(desk, clock, {"admin": section})
    form = {"name": "nobody", "passphrase": "x", "code": "1"}

    async def meet() -> tuple[int, list[int | None]]:
        for _ in range(5):  # what follows of that name is put off
            await acall(app, "POST", f"{ADMIN}signin", form, client="192.0.2.1")
        flood = [
            asyncio.ensure_future(
                acall(
                    app, "POST", f"{ADMIN}signin", form, client=f"2001:db8:{number % 2}:{number // 2 % 4}::1"
                )
            )
            for number in range(ROOM)
        ]
        await full.wait()
        right = {"name": made.name, "passphrase": made.passphrase, "code": Visit(app, clock, made).code()}
        keeper = await acall(app, "POST", f"{ADMIN}signin", right, client="198.51.100.7")
        if ending == "gone":
            for each in flood:
                each.cancel()
        going.set()
        # The 20 s are for a broken one, which would hang: none of them may be left behind.
        _, left = await asyncio.wait(flood, timeout=20)
        assert not left
        told = await asyncio.gather(*flood, return_exceptions=True)
        return keeper.status, [each.status if isinstance(each, Answered) else None for each in told]

    kept, flooded = asyncio.run(meet())
    assert kept == 303
    if ending == "answered":
        assert (flooded.count(429), flooded.count(403)) == (1, ROOM - 1)
    assert not section._turns
    assert not section._gate._inside
    assert call(app, "POST", f"{ADMIN}signin", form | {"name": "zoe"}).status == 403


def test_floods_of_sign_ins_keep_nobody_from_signing(
    desk: Desk, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    enrolled(desk, clock)
    app = admin_app(desk, clock)
    hashed, go_on = [], threading.Event()
    started: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    def slow(*_: object) -> bytes:
        started[0][0].call_soon_threadsafe(started[0][1].set)
        hashed.append(threading.current_thread().name)
        if not go_on.wait(20):
            go_on.set()  # else each of the others would wait as long
        return b""

    monkeypatch.setattr(keepers_module, "passphrase_hash", slow)

    async def meet() -> tuple[int, list[int], int]:
        started.append((asyncio.get_running_loop(), asyncio.Event()))
        form = {"name": "amina", "passphrase": "x", "code": "1"}
        tries = [
            asyncio.ensure_future(acall(app, "POST", f"{ADMIN}signin", form, client=f"10.0.{number}.1"))
            for number in range(ROOM - 1)
        ]
        await started[0][1].wait()
        wanted = {"email": "a@example.org", "consent": "yes"}
        told = [await acall(app, "POST", "/campaigns/en/calls/sign", wanted) for _ in range(3)]
        at_once = len(hashed)
        go_on.set()
        return at_once, [each.status for each in told], len(await asyncio.gather(*tries))

    at_once, signing, answered = asyncio.run(meet())
    assert (at_once, signing, answered) == (HASHED_AT_ONCE, [200] * 3, ROOM - 1)
    assert all(name.startswith("sign-in") for name in hashed)
    assert len(hashed) == ROOM - 1


def test_a_session_that_was_planted_is_never_taken_over(
    visit: Visit, app: CampaignsApp, clock: Clock
) -> None:
    planted = "__Host-voipwatch-keeper=" + "A" * 43
    visit.cookie = planted
    assert visit.sign_in().status == 303
    assert visit.cookie != planted
    thief = Visit(app, clock, visit.made, cookie=planted)
    assert "Signed in as" not in thief.get().text


def test_signing_in_again_ends_the_session_before(visit: Visit, app: CampaignsApp, clock: Clock) -> None:
    visit.sign_in()
    before = Visit(app, clock, visit.made, cookie=visit.cookie)
    visit.sign_in(code=visit.next_code())
    assert "Signed in as" not in before.get().text
    assert "Signed in as" in visit.get().text


# --- leaving


def test_a_stolen_cookie_is_worth_nothing_after_signing_out(
    visit: Visit, app: CampaignsApp, clock: Clock
) -> None:
    visit.sign_in()
    thief = Visit(app, clock, visit.made, cookie=visit.cookie)
    assert "Signed in as" in thief.get().text
    left = visit.post("signout")
    assert (left.status, visit.cookie) == (303, "")
    assert "Signed in as" not in thief.get().text
    assert thief.get("audit").headers["location"] == HOME
    assert thief.post("petition/calls/paper", {"sheets": "1", "signatures": "1", "by": "x"}).status == 404
    assert rows(app.desk, "sessions") == 0


@pytest.mark.parametrize(("after_s", "known"), [(1799, True), (1800, False)])
def test_an_idle_session_ends(visit: Visit, clock: Clock, after_s: int, known: bool) -> None:
    visit.sign_in()
    clock.now_s += after_s
    told = visit.get()
    assert ("Signed in as" in told.text) is known
    assert ("You were signed out" in told.text) is not known


# --- whose form


# fmt: off
ACT_FORMS: dict[Act, tuple[str, dict[str, str]]] = {
    Act.HIDE_NAME: ("petition/calls/hide-name", {"name": "Hostile"}),
    Act.SHOW_NAME: ("petition/calls/show-name", {"name": "Hidden"}),
    Act.PAPER: ("petition/calls/paper", {"sheets": "3", "signatures": "61", "by": "two members"}),
    Act.DELIVER: ("petition/calls/deliver", {"to": "the authority", "paper": "0"}),
    Act.ANSWER: ("petition/calls/answer", {"sender": "the authority", "text": "No.\r\n\r\nSorry."}),
    Act.CLOSE: ("petition/calls/close", {}),
    Act.ERASE: ("petition/calls/erase", {}),
    Act.SHOW_PERSON: ("person", {"petition": "calls", "email": "a@example.org", "act": "show"}),
    Act.OBSERVE: (
        "boycott/silence/observe",
        {"what": "Calls of our panel", "found": "none", "low": "0", "high": "2,5", "unit": "%",
         "source": "https://a.example/panel"},
    ),
    Act.CLOSE_BOYCOTT: ("boycott/silence/close-boycott", {}),
    Act.WALL_REMOVE: ("wall", {"site": "one.example"}),
    Act.ERASE_PERSON: ("person", {"petition": "calls", "email": "a@example.org", "act": "erase"}),
}
LOOKS: dict[Act, str] = {
    Act.OVERVIEW: "", Act.AUDIT: "audit", Act.NAMES: "petition/calls/names", Act.PERSON: "person",
    Act.WALL: "wall",
}
# fmt: on


def test_every_act_is_asked_for_by_one_form_or_page() -> None:
    assert ACT_FORMS.keys() | LOOKS.keys() == set(Act)
    for act, (below, form) in ACT_FORMS.items():
        assert act_of(tuple(below.split("/")), form) is act
    for act, below in LOOKS.items():
        assert act_of(tuple(below.split("/")), None) is act


def ready(desk: Desk, clock: Clock, act: Act) -> None:
    """So that the act can be done."""
    sign(desk, "a@example.org", name="Hostile")
    sign(desk, "b@example.org", name="Hidden")
    office = Office(desk, "tests")
    office.hide_name("calls", "Hidden", now_s=NOW)
    keep(PledgeDesk(desk))
    Wall(desk).enrol("https://one.example/", now_s=NOW)
    if act is Act.OBSERVE:
        clock.now_s = ENDS
    if act in {Act.DELIVER, Act.ANSWER}:
        clock.now_s = CLOSES + 60
    if act is Act.ANSWER:
        office.deliver("calls", Delivery(CLOSES + 1, "the authority", 0), now_s=CLOSES + 1)


@pytest.mark.parametrize("act", ACT_FORMS)
@pytest.mark.parametrize("token", ["", "x" * 24, "of another session"])
def test_a_form_of_no_or_another_session_does_nothing(
    app: CampaignsApp, clock: Clock, act: Act, token: str
) -> None:
    visit = signed_in(app, clock)
    if token == "of another session":
        token = form_token("B" * 43)
    before = audit_of(app.desk)
    below, form = ACT_FORMS[act]
    told = visit.post(below, {**form, "code": visit.next_code(), "form": token})
    assert told.status == 403
    assert audit_of(app.desk) == before


@pytest.mark.parametrize("headers", [{"sec_fetch_site": "cross-site"}, {"origin": "https://evil.example"}])
def test_a_form_on_another_site_is_refused(app: CampaignsApp, clock: Clock, headers: dict[str, str]) -> None:
    visit = signed_in(app, clock)
    below, form = ACT_FORMS[Act.PAPER]
    assert visit.post(below, form, **headers).status == 403
    assert visit.post(below, form).status == 303


def test_a_page_of_one_session_has_no_other_sessions_token(app: CampaignsApp, clock: Clock) -> None:
    visit = signed_in(app, clock)
    page = visit.get("person")
    assert form_token(visit.token) in page.text
    assert visit.token not in page.text


# --- which role, and a fresh code


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("act", LOOKS)
def test_who_may_look_at_what(app: CampaignsApp, clock: Clock, role: Role, act: Act) -> None:
    visit = signed_in(app, clock, role)
    assert visit.get(LOOKS[act]).status == (200 if may(role, act) else 403)


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("act", ACT_FORMS)
def test_who_may_do_what(app: CampaignsApp, clock: Clock, role: Role, act: Act) -> None:
    ready(app.desk, clock, act)
    visit = signed_in(app, clock, role)
    before = audit_of(app.desk)
    below, form = ACT_FORMS[act]
    told = visit.post(below, {**form, "code": visit.next_code()})
    if may(role, act):
        assert told.status == (200 if act is Act.SHOW_PERSON else 303)
        # What is open is closed by erasing it.
        assert audit_of(app.desk) == [*before, *(["close"] if act is Act.ERASE else []), act.value]
    else:
        assert told.status == 403
        assert audit_of(app.desk) == before


@pytest.mark.parametrize("act", sorted(CODE_ANEW))
def test_what_cannot_be_taken_back_needs_a_fresh_code(app: CampaignsApp, clock: Clock, act: Act) -> None:
    ready(app.desk, clock, act)
    visit = signed_in(app, clock)
    below, form = ACT_FORMS[act]
    used = visit.code()
    before = signed(app.desk)
    for code in ("", used, "12345"):
        assert visit.post(below, {**form, "code": code}).status == 403
    # Three refused ones: a stolen session cannot guess on.
    assert visit.post(below, {**form, "code": visit.code()}).status == 429
    assert signed(app.desk) == before
    assert act.value not in audit_of(app.desk)
    clock.now_s += 60
    assert visit.post(below, {**form, "code": visit.code()}).status == (
        200 if act is Act.SHOW_PERSON else 303
    )
    assert audit_of(app.desk)[-1] == act.value


# --- whatever else


@pytest.mark.parametrize("lang", ["en", "fr", "ar"])
def test_every_answer_is_for_one_person_and_for_no_index(app: CampaignsApp, clock: Clock, lang: str) -> None:
    visit = signed_in(app, clock)
    keep(PledgeDesk(app.desk))
    for below in (*LOOKS.values(), "petition/calls", "boycott/silence"):
        told = visit.get(below, lang=lang)
        assert told.status == 200
        assert told.headers["cache-control"] == "no-store"
        assert "noindex" in told.headers["x-robots-tag"]
        assert '<meta name="robots" content="noindex">' in told.text
        assert "script" not in told.headers["content-security-policy"]
        assert "<script" not in told.text


def test_the_public_pages_set_no_cookie_and_read_none(app: CampaignsApp, clock: Clock) -> None:
    visit = signed_in(app, clock)
    for path in ("/campaigns/en/", "/campaigns/en/calls/", "/campaigns/api/calls/counts.json"):
        with_cookie = call(app, "GET", path, cookie=visit.cookie)
        assert "set-cookie" not in with_cookie.headers
        assert with_cookie.body == call(app, "GET", path).body


@pytest.mark.parametrize("name", ["../x", "calls\r\nset-cookie: a=b", "<b>", "%0d%0a", "é"])
def test_no_name_in_a_path_reaches_a_header(app: CampaignsApp, clock: Clock, name: str) -> None:
    visit = signed_in(app, clock)
    for told in (
        visit.get(f"petition/{name}"),
        visit.post(f"petition/{name}/paper", {"sheets": "1", "signatures": "1", "by": "x"}),
    ):
        assert told.status == 404
        assert all("\n" not in value for value in told.headers.values())


def test_a_long_answer_in_arabic_fits_a_form(app: CampaignsApp, clock: Clock) -> None:
    ready(app.desk, clock, Act.ANSWER)
    visit = signed_in(app, clock)
    below, form = ACT_FORMS[Act.ANSWER]
    assert visit.post(below, {**form, "text": "لا" * 9_999}).status == 303
    assert visit.post(below, {**form, "text": "لا" * 10_001}).status == 422
    assert visit.post(below, {**form, "text": "لا" * 40_000}).status == 400


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Visit:
    clock = Clock(NOW)
    desk = opened(folder_of(tmp_path_factory.mktemp("made") / "c"))
    keep(PledgeDesk(desk))
    return signed_in(admin_app(desk, clock), clock)


@given(
    st.text(max_size=40),
    st.dictionaries(
        st.sampled_from(["name", "act", "email", "petition", "code", "page"]), st.text(max_size=20)
    ),
    st.text(max_size=30),
)
def test_whatever_is_asked_is_answered(made: Visit, path: str, form: dict[str, str], query: str) -> None:
    for below in (
        *(path, f"petition/{path}", f"petition/calls/{path}", "person", "petition/calls/names"),
        *(f"boycott/{path}", "boycott/silence/observe", "wall"),
    ):
        assert made.get(below, query=query.encode("unicode_escape").decode()).status < 500
        assert made.post(below, form).status < 500
    assert act_of(tuple(path.split("/")), form) in {*Act, None}
