"""Signing and revoking, from the form to the row."""

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from tests.site.campaigns.calling import call
from tests.site.campaigns.instance import (
    CLOSES,
    DAY_S,
    NOW,
    ask,
    confirm_token,
    folder_of,
    opened,
    petition,
    rows,
    selector_of,
    sign,
    signed,
)
from voipwatch.civic.addresses import AddressFault
from voipwatch.civic.keyed import TokenUse, address_hash, envelope_token, token
from voipwatch.civic.petitions import Petition, PetitionError
from voipwatch.site.campaigns.app import CampaignsApp
from voipwatch.site.campaigns.desk import Desk, Outcome, day_of, undamaged
from voipwatch.site.campaigns.figures import look_at
from voipwatch.site.campaigns.mail.letter import Letter
from voipwatch.site.campaigns.mail.server import Reply
from voipwatch.site.campaigns.mounting import sections_of
from voipwatch.site.campaigns.office import Office
from voipwatch.site.campaigns.running import Runner
from voipwatch.store.civic.opening import DatabaseError, reading, writing
from voipwatch.store.civic.signing import MailKind


def revoke_token(desk: Desk, same: str) -> str:
    pepper = desk.peppers.of("calls")
    assert pepper is not None
    return token(pepper, "calls", TokenUse.REVOKE, address_hash(pepper, "calls", same))


def test_from_form_to_signature_and_back(both_desks: Desk) -> None:
    desk = both_desks
    ask(desk, "Amina+x@gmail.com")
    link = confirm_token(desk, "Amina+x@gmail.com")
    assert desk.waits(petition(), link, now_s=NOW) is None
    assert signed(desk) == 0, "a look signs nothing"
    assert desk.confirm(petition(), link, name="", now_s=NOW) is Outcome.SIGNED
    assert desk.confirm(petition(), link, name="", now_s=NOW) is Outcome.USED
    assert desk.waits(petition(), link, now_s=NOW) is Outcome.USED
    assert signed(desk) == 1
    back = revoke_token(desk, "amina@gmail.com")
    assert desk.may_revoke(petition(), back)
    assert desk.revoke(petition(), back) is Outcome.REVOKED
    assert desk.revoke(petition(), back) is Outcome.REVOKED
    assert signed(desk) == 0


def test_after_the_confirmation_no_address_is_left(desk: Desk) -> None:
    sign(desk, "amina@example.org")
    with reading(desk.engine) as connection:
        tables = (
            connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'")).scalars().all()
        )
        for table in tables:
            assert "amina" not in repr(connection.execute(text(f'SELECT * FROM "{table}"')).all())


def test_one_mailbox_under_several_spellings(desk: Desk) -> None:
    sign(desk, "amina@gmail.com")
    sign(desk, "A.mina+2@googlemail.com")
    assert signed(desk) == 1


def test_mails_of_a_day_count_by_mailbox(desk: Desk) -> None:
    for typed in ("amina@gmail.com", "a.mina@gmail.com", "am.ina@gmail.com"):
        ask(desk, typed)
    ask(desk, "amina@gmail.com", kind=MailKind.REVOKE)
    assert rows(desk, "outbox") == 2
    ask(desk, "amina@gmail.com", kind=MailKind.REVOKE, now_s=NOW + DAY_S)
    assert rows(desk, "outbox") == 3


@pytest.mark.parametrize("domain", ["outlook.com", "yahoo.fr", "company.example"])
def test_no_spelling_of_a_mailbox_gets_a_third_mail(both_desks: Desk, domain: str) -> None:
    for number in range(5):
        ask(both_desks, f"victim+{number}@{domain}")
    assert rows(both_desks, "outbox") == 2


def test_made_up_names_bomb_no_domain_of_one_owner(tmp_path: Path) -> None:
    mail = {"per_domain_a_day": 4}
    campaigns = folder_of(tmp_path / "c")
    settings = campaigns.settings
    few = msgspec.structs.replace(settings, mail=msgspec.structs.replace(settings.mail, **mail))
    desk = opened(msgspec.structs.replace(campaigns, settings=few))
    for _ in range(9):
        ask(desk, "one@company.example")  # of which two are counted to the domain
    for number in range(9):
        ask(desk, f"x{number}@sub{number}.company.example")
    assert rows(desk, "outbox") == 4
    for number in range(9):
        ask(desk, f"x{number}@outlook.com")
    assert rows(desk, "outbox") == 13, "a large provider's are many people's"
    ask(desk, "x0@company.example", now_s=NOW + DAY_S)
    assert rows(desk, "outbox") == 14
    desk.close()


def test_what_is_no_address_is_said_and_kept_nowhere(desk: Desk) -> None:
    for typed, fault in (
        ("a@mailinator.com", AddressFault.DISPOSABLE),
        ("a@gmаil.com", AddressFault.LOOKALIKE),
        ("a@example.org\r\nBcc: b@example.org", AddressFault.LOCAL),
    ):
        assert desk.ask(petition(), typed, MailKind.CONFIRM, lang="en", now_s=NOW) is fault
    assert (rows(desk, "outbox"), rows(desk, "pending"), rows(desk, "mail_counts")) == (0, 0, 0)
    assert desk.ask(petition(), "a@mailinator.com", MailKind.REVOKE, lang="en", now_s=NOW) is None


def test_the_closing_ends_links_and_no_revocation(desk: Desk) -> None:
    sign(desk, "b@example.org")
    ask(desk, "a@example.org", now_s=CLOSES - 1)
    link = confirm_token(desk, "a@example.org")
    assert desk.waits(petition(), link, now_s=CLOSES) is Outcome.CLOSED
    assert desk.confirm(petition(), link, name="", now_s=CLOSES) is Outcome.CLOSED
    assert desk.revoke(petition(), revoke_token(desk, "b@example.org")) is Outcome.REVOKED
    assert signed(desk) == 0


def test_names_only_where_they_are_wanted(desk: Desk) -> None:
    sign(desk, "a@example.org", name="Amina\r\n<b>")
    sign(desk, "b@example.org")
    told = desk.told("calls", names=True)
    assert told is not None
    assert told.names == ("Amina <b>",)
    assert desk.told("nothing") is None
    ask(desk, "c@example.org")
    with pytest.raises(PetitionError):
        desk.confirm(petition(), confirm_token(desk, "c@example.org"), name="x" * 81, now_s=NOW)
    assert signed(desk) == 2


def test_a_mail_that_came_back(desk: Desk) -> None:
    ask(desk, "a@example.org")
    pepper = desk.peppers.of("calls")
    assert pepper is not None
    came = envelope_token(pepper, "calls", selector_of(desk, "a@example.org"))
    assert desk.bounced(came, now_s=NOW)
    assert not desk.bounced(came, now_s=NOW)
    assert not desk.bounced("a" * 52, now_s=NOW)
    assert rows(desk, "pending") == 0


def test_without_a_pepper_nothing_opens(desk: Desk) -> None:
    ask(desk, "a@example.org")
    link = confirm_token(desk, "a@example.org")
    desk.peppers.destroy("calls")
    assert desk.confirm(petition(), link, name="", now_s=NOW) is Outcome.NO_LINK
    assert desk.ask(petition(), "b@example.org", MailKind.CONFIRM, lang="en", now_s=NOW) is None
    assert rows(desk, "outbox") == 1


def test_guessed_links_open_nothing_and_ask_no_row(desk: Desk, seed: bytes) -> None:
    ask(desk, "a@example.org")
    link = confirm_token(desk, "a@example.org")
    other = "A" if link[0] != "A" else "B"
    desk.engine.dispose()
    file = desk.campaigns.folder / "db" / "civic.sqlite"
    away = file.rename(file.with_name("away"))
    for guess in (
        "",
        "x",
        other + link[1:],
        link[:-2] + "AA",
        "é" * 43,
        link + "=",
        "../" + link,
        seed.hex(),
    ):
        if guess != link:
            assert desk.confirm(petition(), guess, name="", now_s=NOW) is Outcome.NO_LINK
            assert desk.revoke(petition(), guess) is Outcome.NO_LINK
    away.rename(file)
    assert desk.confirm(petition(), link, name="", now_s=NOW) is Outcome.SIGNED


@given(st.text(max_size=80))
def test_any_text_is_no_link(made: Desk, guess: str) -> None:
    assert made.confirm(petition(), guess, name="", now_s=NOW) is Outcome.NO_LINK


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    return opened(folder_of(tmp_path_factory.mktemp("made") / "c"))


def test_days() -> None:
    assert day_of(NOW) == "2026-11-06"


DAMAGE = [
    "UPDATE petitions SET document = '{' WHERE id = 'calls'",
    "UPDATE petitions SET document = '{\"id\":1}' WHERE id = 'calls'",
    ("UPDATE petitions SET document = replace(document, '\"closes_at_s\":', '\"closes_at_s\":9999999')"
    " WHERE id = 'calls'"),
    ("UPDATE petitions SET document = replace(replace(document, '\"en\":', '\"xx\":'), '\"ar\":', '\"yy\":')"
    " WHERE id = 'calls'"),
    "UPDATE count_log SET at = 'yesterday' WHERE petition = 'calls'",
    "UPDATE count_log SET told = -10 WHERE petition = 'calls'",
    "INSERT INTO notes VALUES ('calls', 'some day', 10, '0')",
]  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_row_is_said_and_stops_no_other(both_desks: Desk, damage: str) -> None:
    desk = both_desks
    office = Office(desk, "tests")
    office.create(petition(id="other"), now_s=NOW)
    ask(desk, "waits@example.org")
    office.turn(NOW)
    with writing(desk.engine) as connection:
        connection.execute(text(damage.replace(":", "\\:")))
    app = CampaignsApp(desk, lambda: float(NOW), sections_of(desk))
    of_the_row = damage.startswith("UPDATE petitions")
    with pytest.raises(DatabaseError, match=r"damaged: .*(petition calls|line 1 of a log).*newer release"):
        desk.told("calls")
    assert call(app, "GET", "/campaigns/en/calls/").status == 503
    counts = call(app, "GET", "/campaigns/api/calls/counts.json")
    assert (counts.status, counts.headers["content-type"]) == (503, "application/problem+json")
    assert call(app, "GET", "/campaigns/en/other/").status == 200
    listed = call(app, "GET", "/campaigns/en/")
    assert (listed.status, "/campaigns/en/other/" in listed.text) == (200, True)
    assert [each.id for each in look_at(desk, lambda: float(NOW))()] == ["other"], "counters tell of the rest"
    turn = office.turn(NOW + DAY_S)
    assert turn.told == (2 if "notes" in damage else 1)
    assert ["damaged" in each for each in turn.damaged] == ([] if "notes" in damage else [True])
    assert (desk.known().damaged.keys() == {"calls"}) == of_the_row
    said: list[str] = []
    runner = Runner(desk, NeverServer(), said.append)
    for now_s in (NOW + 2 * DAY_S, NOW + 2 * DAY_S + 60):
        done = runner.step(now_s)
        assert done.dropped == 0, "a mail waits for its petition"
    assert len([line for line in said if "newer release" in line]) == ("notes" not in damage), "said once"


class NeverServer:
    """Takes whatever it is given."""

    def send(self, letter: Letter) -> Reply:
        assert letter
        return Reply.TAKEN

    def close(self) -> None:
        """Nothing to close."""


def test_a_confirmation_sent_again_after_taking_back_signs_nobody(both_desks: Desk) -> None:
    own = petition()
    ask(both_desks, "a@example.org")
    link = confirm_token(both_desks, "a@example.org")
    assert both_desks.confirm(own, link, name="", now_s=NOW) is Outcome.SIGNED
    pepper = both_desks.peppers.of("calls")
    assert pepper is not None
    back = token(pepper, "calls", TokenUse.REVOKE, address_hash(pepper, "calls", "a@example.org"))
    assert both_desks.revoke(own, back) is Outcome.REVOKED
    assert both_desks.confirm(own, link, name="", now_s=NOW) is Outcome.USED
    assert both_desks.revoke(own, back) is Outcome.REVOKED
    assert signed(both_desks) == 0


@pytest.mark.parametrize("document", ["", "[]", "{}", '{"id": "x", "secret": "amina@example.org"}', "\ud800"])
def test_what_is_said_of_a_damaged_document_holds_nothing_of_it(document: str) -> None:
    with (
        pytest.raises(DatabaseError, match="damaged: petition calls") as refused,
        undamaged("petition calls"),
    ):
        msgspec.json.decode(document, type=Petition)
    assert "amina" not in str(refused.value)
