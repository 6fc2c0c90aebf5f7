"""Mails as they are sent."""

import re
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP

import msgspec
import pytest

from tests.site.campaigns.instance import NOW, SETTINGS, petition
from voipwatch.civic.keyed import TokenUse, read_envelope_token, read_token
from voipwatch.site.campaigns.mail.letter import Letter, write_letter
from voipwatch.site.campaigns.settings import parse_settings
from voipwatch.site.words import LANGUAGES, words
from voipwatch.store.civic.outbox import WaitingMail

PEPPER = bytes(range(1, 33))
SETTING = parse_settings(SETTINGS.format(database="", port=25, pace=30, posts=20))


def waiting(kind: str = "confirm", lang: str = "en", address: str = "amina@example.org") -> WaitingMail:
    return WaitingMail(1, "calls", kind, b"s" * 16, b"h" * 32, address, "example.org", lang, 0, NOW + 9)


def written(kind: str = "confirm", lang: str = "en", **of: str) -> Letter:
    mail = waiting(kind, lang, **of)
    return write_letter(mail, petition(), PEPPER, SETTING, now_s=NOW, drawn=bytes(16))


def parsed(letter: Letter) -> EmailMessage:
    found = message_from_bytes(letter.content, policy=SMTP)
    assert isinstance(found, EmailMessage)
    return found


def text_of(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert part is not None
    return str(part.get_content())


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("kind", ["confirm", "revoke"])
def test_headers_are_neutral_and_few(kind: str, lang: str) -> None:
    message = parsed(written(kind, lang))
    assert set(message.keys()) == {
        "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version",
        "Content-Type",
    }  # fmt: skip
    assert message["From"] == "Confirmation <no-reply@watch.example>"
    assert message["To"] == "amina@example.org"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Subject"] == words(lang).plain(f"petition-mail.{kind}.subject")
    assert message["Date"] == "Fri, 06 Nov 2026 00:00:00 -0000"
    assert message.get_content_type() == "multipart/alternative"
    for said in ("petition", "sign", "calls", "pétition", "عريض"):
        assert said not in " ".join(str(message[name]) for name in ("From", "Subject")).lower()


def test_the_links_are_those_of_the_request() -> None:
    message = parsed(written("confirm", "en"))
    plain = text_of(message, "plain")
    links = re.findall(r"https://\S+", plain)
    assert links == re.findall(r'href="([^"]+)"', text_of(message, "html"))
    confirm, revoke = links
    assert confirm.startswith("https://watch.example/campaigns/en/calls/confirm/")
    assert read_token(PEPPER, "calls", TokenUse.CONFIRM, confirm.rsplit("/", 1)[1]) == b"s" * 16
    assert read_token(PEPPER, "calls", TokenUse.REVOKE, revoke.rsplit("/", 1)[1]) == b"h" * 32
    only = re.findall(r"https://\S+", text_of(parsed(written("revoke")), "plain"))
    assert only == [revoke]


def test_the_envelope_says_which_request_it_was() -> None:
    letter = written()
    found = re.fullmatch(r"bounces\+([a-z2-7]{52})@watch\.example", letter.sender)
    assert found
    assert read_envelope_token(PEPPER, "calls", found[1]) == b"s" * 16
    assert len(letter.sender.partition("@")[0]) <= 64


def test_a_title_is_text_in_html() -> None:
    message = parsed(written())
    assert "Give us &lt;b&gt;back&lt;/b&gt; the calls" in text_of(message, "html")
    assert "Give us <b>back</b> the calls" in text_of(message, "plain")


def test_arabic_runs_from_the_right() -> None:
    page = text_of(parsed(written(lang="ar")), "html")
    assert '<html lang="ar-MA" dir="rtl">' in page
    assert page.count('dir="ltr"') == 2
    assert "أعيدوا لنا المكالمات" in page


def test_a_title_of_a_hostile_controller_is_in_no_header() -> None:
    hostile = "x\r\nBcc: everybody@example.org"
    text = petition().texts["en"]
    changed = petition(texts={"en": msgspec.structs.replace(text, title=hostile)})
    letter = write_letter(waiting(), changed, PEPPER, SETTING, now_s=NOW, drawn=bytes(16))
    assert parsed(letter)["Bcc"] is None


def test_lines_are_as_smtp_wants_them() -> None:
    for lang in LANGUAGES:
        content = written(lang=lang).content
        assert b"\n" not in content.replace(b"\r\n", b"")
        assert max(map(len, content.split(b"\r\n"))) <= 998
        content.decode("ascii")
