"""The protected page's gates: is there a door, who is let in, whose form, which role, a fresh code."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.site.campaigns.admin_visits import ADMIN, Clock, Visit, admin_app, enrolled, signed_in
from tests.site.campaigns.calling import call
from tests.site.campaigns.instance import CLOSES, NOW, folder_of, opened, rows, sign, signed
from voipwatch.civic.keepers import form_token
from voipwatch.civic.petitions import Delivery
from voipwatch.civic.roles import CODE_ANEW, Act, Role, may
from voipwatch.site.campaigns.admin.section import SIGN_INS_A_MINUTE, act_of
from voipwatch.site.campaigns.app import CampaignsApp
from voipwatch.site.campaigns.desk import Desk
from voipwatch.site.campaigns.keepers import Keepers
from voipwatch.site.campaigns.office import Office
from voipwatch.store.civic.audit_log import audit_rows
from voipwatch.store.civic.opening import reading

HOME = "/campaigns/en/admin/"


@pytest.fixture
def clock() -> Clock:
    return Clock()


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


@pytest.mark.parametrize("below", ["", "audit", "person", "petition/calls", "signin", "x"])
def test_without_an_account_nothing_is_there(app: CampaignsApp, below: str) -> None:
    nothing = call(app, "GET", "/campaigns/en/nothing/")
    assert call(app, "GET", ADMIN + below).status == 404
    assert call(app, "POST", ADMIN + below, {"name": "a"}).status == 404
    assert call(app, "GET", ADMIN).body == call(app, "GET", "/campaigns/en/nothing/").body
    assert call(app, "GET", ADMIN).headers == nothing.headers


def test_it_closes_with_the_last_account(visit: Visit, app: CampaignsApp) -> None:
    assert visit.sign_in().status == 303
    assert visit.get().status == 200
    Keepers(app.desk, "root").remove("amina", now_s=NOW)
    assert visit.get().status == 404


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


def test_guessing_is_slowed_by_network_and_by_account(app: CampaignsApp, clock: Clock) -> None:
    made = enrolled(app.desk, clock)
    visit = Visit(app, clock, made, client="192.0.2.77")
    found = [visit.sign_in(passphrase=f"x{number}").status for number in range(SIGN_INS_A_MINUTE + 2)]
    assert found == [403] * SIGN_INS_A_MINUTE + [429] * 2
    # Of many networks, with the first factor stolen: the account itself makes wait.
    spread = [
        Visit(app, clock, made, client=f"10.{number}.0.1").sign_in(code=f"{number:06}").status
        for number in range(8)
    ]
    assert spread.count(429) == 5


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
    assert thief.post("petition/calls/paper", {"sheets": "1", "signatures": "1", "by": "x"}).status == 303
    assert rows(app.desk, "sessions") == 0


@pytest.mark.parametrize(("after_s", "known"), [(1799, True), (1800, False)])
def test_an_idle_session_ends(visit: Visit, clock: Clock, after_s: int, known: bool) -> None:
    visit.sign_in()
    clock.now_s += after_s
    told = visit.get()
    assert ("Signed in as" in told.text) is known
    assert ("You were signed out" in told.text) is not known


# --- whose form


ACT_FORMS: dict[Act, tuple[str, dict[str, str]]] = {
    Act.HIDE_NAME: ("petition/calls/hide-name", {"name": "Hostile"}),
    Act.SHOW_NAME: ("petition/calls/show-name", {"name": "Hidden"}),
    Act.PAPER: ("petition/calls/paper", {"sheets": "3", "signatures": "61", "by": "two members"}),
    Act.DELIVER: ("petition/calls/deliver", {"to": "the authority", "paper": "0"}),
    Act.ANSWER: ("petition/calls/answer", {"sender": "the authority", "text": "No.\r\n\r\nSorry."}),
    Act.CLOSE: ("petition/calls/close", {}),
    Act.ERASE: ("petition/calls/erase", {}),
    Act.SHOW_PERSON: ("person", {"petition": "calls", "email": "a@example.org", "act": "show"}),
    Act.ERASE_PERSON: ("person", {"petition": "calls", "email": "a@example.org", "act": "erase"}),
}
LOOKS: dict[Act, str] = {
    Act.OVERVIEW: "", Act.AUDIT: "audit", Act.NAMES: "petition/calls/names", Act.PERSON: "person",
}  # fmt: skip


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
    for below in ("", "audit", "person", "petition/calls", "petition/calls/names"):
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
    clock = Clock()
    desk = opened(folder_of(tmp_path_factory.mktemp("made") / "c"))
    return signed_in(admin_app(desk, clock), clock)


@given(
    st.text(max_size=40),
    st.dictionaries(
        st.sampled_from(["name", "act", "email", "petition", "code", "page"]), st.text(max_size=20)
    ),
    st.text(max_size=30),
)
def test_whatever_is_asked_is_answered(made: Visit, path: str, form: dict[str, str], query: str) -> None:
    for below in (path, f"petition/{path}", f"petition/calls/{path}", "person", "petition/calls/names"):
        assert made.get(below, query=query.encode("unicode_escape").decode()).status < 500
        assert made.post(below, form).status < 500
    assert act_of(tuple(path.split("/")), form) in {*Act, None}
