"""What keepers do, and what falls due."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import msgspec
import pytest

from tests.site.campaigns.instance import (
    CLOSES,
    DAY_S,
    NOW,
    OPENS,
    ask,
    confirm_token,
    folder_of,
    opened,
    petition,
    rows,
    sign,
    signed,
)
from tests.site.campaigns.pledging.campaign import REPORTS_END, keep, pledge
from voipwatch.civic.petitions import Answer, Delivery, PaperTally, PetitionError, can_be_signed, is_erased
from voipwatch.civic.publiccounts import first_break
from voipwatch.civic.retention import KEPT, SECRETS, Kept, Since
from voipwatch.civic.roles import Role
from voipwatch.civic.wall import LOOK_S, SPREAD_S, Sight, State, WallPage
from voipwatch.civic.wallpage import PageSays
from voipwatch.model.instants import iso
from voipwatch.site.campaigns.desk import Desk, Outcome, day_of
from voipwatch.site.campaigns.keepers import Keepers
from voipwatch.site.campaigns.office import Office, Turn, person_document
from voipwatch.site.campaigns.pledging.desk import PledgeDesk
from voipwatch.site.campaigns.pledging.office import PledgeOffice
from voipwatch.site.campaigns.wall.keeping import Wall
from voipwatch.site.campaigns.wall.looking import Looked
from voipwatch.site.campaigns.wall.rounds import WallRounds
from voipwatch.store.civic import accounts, petition_rows, signing, wall_rows
from voipwatch.store.civic.audit_log import audit_rows
from voipwatch.store.civic.opening import reading, writing
from voipwatch.store.civic.petition_rows import LogRow, NoteRow
from voipwatch.store.civic.signing import Asking, HeldRow, SignatureRow
from voipwatch.store.civic.tables import ARRIVALS


@pytest.fixture
def walled(tmp_path: Path, database_url: str) -> Iterator[Desk]:
    """An instance with a wall; SQLite and PostgreSQL, a test each."""
    made = opened(folder_of(tmp_path / "campaigns", database=database_url, wall=True))
    yield made
    made.close()


@pytest.fixture
def office(desk: Desk) -> Office:
    return Office(desk, "keeper")


def test_an_id_is_given_once(desk: Desk, office: Office) -> None:
    before = desk.peppers.of("calls")
    with pytest.raises(PetitionError, match="there is a petition"):
        office.create(petition(), now_s=NOW)
    assert desk.peppers.of("calls") == before
    desk.peppers.create("left", bytes([1]) * 32)
    with pytest.raises(PetitionError, match="left of another"):
        office.create(petition(id="left"), now_s=NOW)
    assert desk.petition("left") is None


def test_counts_fall_due_and_are_chained(both_desks: Desk) -> None:
    desk, office = both_desks, Office(both_desks, "keeper")
    for number in range(13):
        sign(desk, f"a{number}@example.org")
    assert office.turn(NOW).told == 1
    assert office.turn(NOW + 3600).told == 0
    sign(desk, "later@example.org", now_s=NOW + 3600)
    assert office.turn(NOW + DAY_S).told == 1
    log = desk.log("calls")
    assert [line.count for line in log] == [10, 10]
    assert first_break(log) is None
    told = desk.told("calls")
    assert told is not None
    assert told.line == log[-1]


def test_nothing_is_told_before_it_opens(desk: Desk, office: Office) -> None:
    assert office.turn(OPENS - 1).told == 0


def test_a_day_that_is_too_even_is_noted(desk: Desk, office: Office) -> None:
    office.turn(NOW)
    start = NOW // DAY_S * DAY_S
    with writing(desk.engine) as connection:
        for hour in range(24):
            values = {"petition": "calls", "hour": start + 3600 * hour, "confirmations": 33}
            connection.execute(ARRIVALS.insert().values(values))
    office.turn(start + DAY_S)
    told = desk.told("calls")
    assert told is not None
    assert [(note.day, note.confirmations) for note in told.notes] == [("2026-11-06", 790)]


def test_purging_after_seven_days(desk: Desk, office: Office) -> None:
    ask(desk, "gone@example.org")
    assert office.turn(NOW + 7 * DAY_S - 1).purged == 0
    assert office.turn(NOW + 7 * DAY_S).purged == 1
    assert (rows(desk, "pending"), rows(desk, "outbox"), rows(desk, "mail_counts")) == (0, 0, 0)
    held = b"".join(each.read_bytes() for each in (desk.campaigns.folder / "db").iterdir())
    assert b"gone@example.org" not in held


def test_thirty_days_after_closing_nothing_of_a_signer_is_left(both_desks: Desk) -> None:
    desk, office = both_desks, Office(both_desks, "keeper")
    for number in range(12):
        sign(desk, f"a{number}@example.org", name="Amina" if number == 3 else "")
    ask(desk, "x@example.org", now_s=NOW + 1)
    link = confirm_token(desk, "x@example.org")
    end = CLOSES + 30 * DAY_S
    office.turn(NOW)
    assert office.turn(end - 1).erased == ()
    assert office.turn(end).erased == ("calls",)
    assert office.turn(end + 1).erased == ()
    assert (signed(desk), desk.peppers.of("calls")) == (0, None)
    assert desk.confirm(petition(closes_at_s=end + DAY_S), link, name="", now_s=end) is Outcome.NO_LINK
    assert [line.count for line in desk.log("calls")] == [10, 10], "the log of counts stays"
    assert office.person("calls", "a3@example.org", now_s=end) is None
    assert not office.erase_person("calls", "a3@example.org", now_s=end)


def test_a_machine_that_fails_between_leaves_what_means_nothing(desk: Desk, office: Office) -> None:
    sign(desk, "a@example.org")
    desk.peppers.destroy("calls")
    assert office.turn(CLOSES + 30 * DAY_S).erased == ("calls",)
    assert signed(desk) == 0


def test_delivery_answer_and_paper(desk: Desk, office: Office) -> None:
    office.paper("calls", PaperTally(NOW, 3, 61, "two members"), now_s=NOW)
    office.deliver("calls", Delivery(CLOSES, "the authority", 120, 61), now_s=CLOSES)
    office.answer("calls", Answer(CLOSES + DAY_S, "the authority", "No."), now_s=CLOSES + DAY_S)
    found = desk.petition("calls")
    assert found is not None
    assert (len(found.papers), len(found.deliveries), len(found.answers)) == (1, 1, 1)
    with pytest.raises(PetitionError, match="no such petition"):
        office.paper("x", PaperTally(NOW, 3, 61, "two members"), now_s=NOW)


def test_closing_early(desk: Desk, office: Office) -> None:
    assert office.close("calls", now_s=NOW).closes_at_s == NOW
    with pytest.raises(PetitionError, match="it is closed"):
        office.close("calls", now_s=NOW + 1)
    assert office.turn(NOW + 30 * DAY_S).erased == ("calls",)


def test_what_is_closed_before_it_opens_never_opens_and_tells_no_count(desk: Desk, office: Office) -> None:
    office.close("calls", now_s=OPENS - 5)
    assert office.turn(OPENS + DAY_S).told == 0
    kept = desk.petition("calls")
    assert kept is not None
    assert not can_be_signed(kept, OPENS + DAY_S)
    assert office.turn(OPENS - 5 + 30 * DAY_S).erased == ("calls",)


def test_what_is_erased_before_it_opens_is_closed_and_erased_from_then_on(desk: Desk, office: Office) -> None:
    office.erase("calls", now_s=OPENS - 5)
    kept = desk.petition("calls")
    assert kept is not None
    for now_s in (OPENS - 5, OPENS, NOW, CLOSES):
        assert not can_be_signed(kept, now_s)
        assert is_erased(kept, now_s)
    assert office.turn(NOW) == Turn()
    with reading(desk.engine) as connection:
        acts = [row.act for row in audit_rows(connection)]
    assert acts == ["create", "close", "erase"]


def test_what_an_older_release_erased_before_it_opened_never_opens_either(desk: Desk, office: Office) -> None:
    """It noted that in the row alone; the dates of the document stayed."""
    desk.peppers.destroy("calls")
    with writing(desk.engine) as connection:
        petition_rows.set_erased(connection, "calls", now_s=OPENS - 5)
    kept = desk.petition("calls")
    assert kept is not None
    assert not can_be_signed(kept, NOW)
    assert is_erased(kept, NOW)


def test_an_export_has_counts_and_names_that_were_ticked(desk: Desk, office: Office) -> None:
    sign(desk, "a@example.org", name="Amina")
    sign(desk, "b@example.org")
    office.turn(NOW)
    exported = office.export("calls", now_s=NOW)
    text = msgspec.json.encode(exported).decode()
    assert (exported["count"], exported["names"]) == (0, ("Amina",))
    assert "example.org" not in text.replace("data@example.org", "")
    assert "hash" not in text
    with writing(desk.engine) as connection:
        petition_rows.add_line(
            connection, "calls", LogRow(2, "0" * 64, "2026-11-09T00:00:00Z", 900, "0" * 64)
        )
    with pytest.raises(PetitionError, match="line 2 does not follow"):
        office.export("calls", now_s=NOW)
    with pytest.raises(PetitionError, match="no such petition"):
        office.export("x", now_s=NOW)


def test_what_a_person_may_ask(desk: Desk, office: Office) -> None:
    sign(desk, "a.b@gmail.com", name="Amina")
    held = office.person("calls", "ab@gmail.com", now_s=NOW)
    assert held == HeldRow(SignatureRow("2026-11-06", "en", "Amina"), None, ())
    assert office.person("calls", "other@gmail.com", now_s=NOW) is None
    assert office.erase_person("calls", "ab+x@gmail.com", now_s=NOW)
    assert not office.erase_person("calls", "ab@gmail.com", now_s=NOW)
    assert signed(desk) == 0


def test_acts_are_in_the_audit_log_and_no_signer_is(desk: Desk, office: Office) -> None:
    sign(desk, "amina@example.org", name="Amina")
    office.person("calls", "amina@example.org", now_s=NOW)
    office.erase_person("calls", "amina@example.org", now_s=NOW)
    assert office.erase("calls", now_s=NOW) == 0
    with reading(desk.engine) as connection:
        told = audit_rows(connection)
    assert [(entry.who, entry.act) for entry in told] == [
        ("tests", "create"), ("keeper", "show-person"), ("keeper", "erase-person"), ("keeper", "close"),
        ("keeper", "erase"),
    ]  # fmt: skip
    assert "mina" not in repr(told)


def test_what_was_erased_while_open_is_closed_and_its_count_stays(desk: Desk, office: Office) -> None:
    for number in range(20):
        sign(desk, f"a{number}@example.org")
    office.turn(NOW)
    assert office.erase("calls", now_s=NOW + 1) == 20
    kept = desk.petition("calls")
    assert kept is not None
    assert not can_be_signed(kept, NOW + 1)
    for day in range(1, 4):
        office.turn(NOW + day * DAY_S)
    told = desk.told("calls")
    assert told is not None
    assert told.line is not None
    assert told.line.count == 20


def test_keepers_who_act_at_once_undo_nothing(both_desks: Desk) -> None:
    """Each of them read the petition before the other's act was kept, were it not read and kept in one."""
    acts: list[Callable[[], object]] = [
        partial(Office(both_desks, "one").close, "calls", now_s=NOW + 60),
        *(
            partial(Office(both_desks, "two").paper, "calls", PaperTally(NOW, 1, count, "x"), now_s=NOW)
            for count in range(1, 8)
        ),
    ]
    with ThreadPoolExecutor(len(acts)) as pool:
        for done in [pool.submit(act) for act in acts]:
            done.result()
    kept = both_desks.petition("calls")
    assert kept is not None
    assert kept.closes_at_s == NOW + 60
    assert sorted(tally.signatures for tally in kept.papers) == list(range(1, 8))


def test_what_waits_is_held_too(desk: Desk, office: Office) -> None:
    ask(desk, "a@example.org")
    held = office.person("calls", "a@example.org", now_s=NOW)
    assert held == HeldRow(None, NOW + 7 * DAY_S, ("confirm",))
    document = person_document("calls", held, now_s=NOW)
    assert (document["signature"], document["request_until"]) == (None, iso(NOW + 7 * DAY_S))
    assert document["mails_waiting"] == ("confirm",)
    office.erase_person("calls", "a@example.org", now_s=NOW)
    assert office.person("calls", "a@example.org", now_s=NOW) is None
    assert rows(desk, "outbox") + rows(desk, "pending") == 0


def test_a_hidden_name_is_handed_to_nobody_and_counted_as_before(desk: Desk, office: Office) -> None:
    sign(desk, "a@example.org", name="A hostile name")
    sign(desk, "b@example.org", name="Amina")
    assert office.hide_name("calls", "A hostile name", now_s=NOW)
    assert not office.hide_name("calls", "A hostile name", now_s=NOW)
    assert not office.hide_name("calls", "Nobody", now_s=NOW)
    assert office.export("calls", now_s=NOW)["names"] == ("Amina",)
    assert signed(desk) == 2
    assert office.show_name("calls", "A hostile name", now_s=NOW)
    assert not office.show_name("calls", "A hostile name", now_s=NOW)
    assert office.export("calls", now_s=NOW)["names"] == ("A hostile name", "Amina")
    with reading(desk.engine) as connection:
        assert [(row.act, row.detail) for row in audit_rows(connection)][1:] == [
            ("hide-name", ""), ("show-name", ""),
        ]  # fmt: skip
    with pytest.raises(PetitionError, match="no such petition"):
        office.hide_name("x", "Amina", now_s=NOW)


def test_a_hidden_name_goes_with_its_signature(desk: Desk, office: Office) -> None:
    sign(desk, "a@example.org", name="A hostile name")
    office.hide_name("calls", "A hostile name", now_s=NOW)
    office.turn(NOW)
    assert rows(desk, "hidden_names") == 1
    office.erase_person("calls", "a@example.org", now_s=NOW)
    office.turn(NOW)
    assert rows(desk, "hidden_names") == 0


def everything(desk: Desk, keepers: Keepers, at_s: int) -> None:
    """A row in every table that the list of what is kept names, as old as `at_s`."""
    sign(desk, "a@example.org", now_s=at_s, name="Amina")
    ask(desk, "b@example.org", now_s=at_s)
    Office(desk, "tests").hide_name("calls", "Amina", now_s=at_s)
    keepers.add("amina", Role.READER, now_s=at_s)
    pledges = PledgeDesk(desk)
    keep(pledges)
    pledge(pledges, range(3), now_s=at_s)
    wall = Wall(desk)
    for kept in ("wall-waiting", "wall-site", "wall-unreached"):
        made = wall.enrol(f"https://{kept}.example/", now_s=at_s)
        if kept != "wall-waiting":
            wall.note(made.page, Looked(None, PageSays(True, frozenset({made.mark}))), now_s=at_s)
    first, _ = (wall.enrol("https://wall-withdrawn.example/", now_s=at_s) for _ in range(2))
    wall.leave(first.code, now_s=at_s)
    wall.take_point(at_s)
    with writing(desk.engine) as connection:
        for number in range(4):
            accounts.add_session(connection, bytes([number]) * 32, "amina", now_s=at_s)
        accounts.refuse_code(connection, "amina", failures=1, next_try_at=at_s)
        signing.request_signature(connection, asking_of(at_s), mails_max=9)
        signing.bounced(connection, "calls", b"s" * 16, day=day_of(at_s))
        petition_rows.add_note(connection, "calls", NoteRow(day_of(at_s), 10, "1e-9"))
    turn(desk, at_s)


def asking_of(at_s: int) -> Asking:
    return Asking(
        petition="calls", selector=b"s" * 16, hash=b"h" * 32, address="c@example.org", domain="example.org",
        lang="en", now_s=at_s, expires_at_s=at_s + 7 * DAY_S, day=day_of(at_s), address_key=b"k" * 16,
    )  # fmt: skip


def turn(desk: Desk, now_s: int) -> None:
    """What the process beside the pages does once a minute."""
    Office(desk, "keeper").turn(now_s)
    PledgeOffice(PledgeDesk(desk), "keeper").turn(now_s)
    Wall(desk).purge(now_s)


def look_until(desk: Desk, end_s: int) -> None:
    """Every look at the wall's pages when it is due, up to that time: one page carries nothing any more, one
    never did, one is out of reach.
    """

    def look(page: WallPage, _: str) -> Looked:
        away = page.site == "wall-unreached.example"
        return Looked(Sight.UNREACHED) if away else Looked(None, PageSays(False, frozenset()))

    wall = Wall(desk)
    rounds = WallRounds(wall, look)
    while dues := [each.due_s for each in wall.enrolments() if each.due_s <= end_s]:
        rounds.step(min(dues))


def kept_rows(desk: Desk, kept: Kept) -> int:
    """Rows of it that are there; of the wall those of its own site."""
    if kept.what == "wall-withdrawn":
        with reading(desk.engine) as connection:
            return len(wall_rows.rows_in(connection, State.WITHDRAWN))
    if kept.place == "wall_sites":
        return sum(each.site == f"{kept.what}.example" for each in Wall(desk).enrolments())
    if kept.what == "attempts":
        return sum(each.failures > 0 for each in Keepers(desk, "tests").all())
    if kept.place == SECRETS:
        return desk.peppers.of("calls") is not None
    return rows(desk, kept.place)


ENDING = [kept for kept in KEPT if kept.longest_s is not None]
LASTING = [kept for kept in KEPT if kept.since in {Since.NEVER, Since.REMOVAL} and kept.place != SECRETS]


def ends(kept: Kept, at_s: int) -> int:
    """When the last of it is gone, of what began at `at_s`."""
    assert kept.longest_s is not None
    begins = {
        Since.CLOSING: CLOSES, Since.HOUR: at_s // 3600 * 3600 + 1, Since.DAY: at_s // DAY_S * DAY_S + DAY_S,
        Since.REPORTING: REPORTS_END,
    }.get(kept.since, at_s)  # fmt: skip
    return begins + kept.longest_s


@pytest.mark.parametrize("kept", ENDING, ids=lambda kept: kept.what)
def test_what_is_said_to_be_kept_so_long_is_and_no_longer(walled: Desk, kept: Kept) -> None:
    everything(walled, Keepers(walled, "tests"), NOW)
    assert kept_rows(walled, kept) > 0
    end_s = ends(kept, NOW)
    # What ends sooner than at most: sessions by idleness, a page by the look that comes about daily.
    within_s = {"session": NOW + 60, "wall-site": NOW + LOOK_S - SPREAD_S - 1}.get(kept.what, end_s - 1)
    look_until(walled, within_s)
    turn(walled, within_s)
    assert kept_rows(walled, kept) > 0
    look_until(walled, end_s)
    turn(walled, end_s)
    assert kept_rows(walled, kept) == 0


@pytest.mark.parametrize("kept", LASTING, ids=lambda kept: kept.what)
def test_what_is_said_to_be_kept_for_ever_outlives_everything_else(walled: Desk, kept: Kept) -> None:
    everything(walled, Keepers(walled, "tests"), NOW)
    years_s = NOW + 10 * 365 * DAY_S
    look_until(walled, NOW + 30 * DAY_S)
    turn(walled, years_s)
    assert kept_rows(walled, kept) > 0
    assert not any(kept_rows(walled, each) for each in ENDING)


@pytest.mark.parametrize("what", ["wall-waiting", "wall-site", "wall-unreached"])
def test_a_page_that_nobody_looks_at_is_deleted_all_the_same(walled: Desk, what: str) -> None:
    """The thread that looks is dead, say: what falls due beside the mails deletes it in a week."""
    everything(walled, Keepers(walled, "tests"), NOW)
    (kept,) = [each for each in ENDING if each.what == what]
    turn(walled, NOW + 7 * DAY_S - 1)
    assert kept_rows(walled, kept) == 1
    turn(walled, NOW + 7 * DAY_S)
    assert kept_rows(walled, kept) == 0


def test_every_row_of_the_list_is_planted() -> None:
    memory = {Since.PROCESS}
    told = {kept.what for kept in (*ENDING, *LASTING)}
    assert told == {kept.what for kept in KEPT if kept.since not in memory} - {"account-secret"}


def test_sessions_end_by_age_by_idleness_and_when_the_clock_was_set_back(desk: Desk, office: Office) -> None:
    keepers = Keepers(desk, "tests")
    keepers.add("amina", Role.READER, now_s=NOW)
    with writing(desk.engine) as connection:
        accounts.add_session(connection, b"0" * 32, "amina", now_s=NOW)
    office.turn(NOW + 1799)
    office.turn(NOW - 60)
    assert rows(desk, "sessions") == 1
    office.turn(NOW + 1800)
    assert rows(desk, "sessions") == 0
    with writing(desk.engine) as connection:
        accounts.add_session(connection, b"0" * 32, "amina", now_s=NOW)
        accounts.touch_session(connection, b"0" * 32, now_s=NOW + 8 * 3600)
    office.turn(NOW + 8 * 3600)
    assert rows(desk, "sessions") == 0
    with writing(desk.engine) as connection:
        accounts.add_session(connection, b"0" * 32, "amina", now_s=NOW)
    office.turn(NOW - 61)
    assert rows(desk, "sessions") == 0


def test_refused_codes_are_forgotten_after_a_day(desk: Desk, office: Office) -> None:
    Keepers(desk, "tests").add("amina", Role.READER, now_s=NOW)
    with writing(desk.engine) as connection:
        accounts.refuse_code(connection, "amina", failures=5, next_try_at=NOW)

    def failures() -> int:
        with reading(desk.engine) as connection:
            return accounts.account_rows(connection)[0].failures

    office.turn(NOW + DAY_S - 1)
    assert failures() == 5
    office.turn(NOW + DAY_S)
    assert failures() == 0
