"""One mail as it is sent: plain text and HTML, neutral from and subject, nothing in it that a stranger typed.

The one text of somebody's own is the petition's title, which is its controller's, in the body: whoever
consents must know to what. It is escaped there, and in no header. `Auto-Submitted: auto-generated` is RFC
3834, section 5; the envelope's sender (`bounces+TOKEN@...`, VERP) says which request a mail that came back
was of.
"""

from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate
from typing import NamedTuple
from urllib.parse import urlsplit

from markupsafe import Markup

from voipwatch.civic.keyed import TokenUse, envelope_token, token
from voipwatch.civic.petitions import Petition
from voipwatch.site.campaigns.links import confirm_path, revoke_path
from voipwatch.site.campaigns.settings import CampaignSettings
from voipwatch.site.words import LANGUAGES, Name, Words, words
from voipwatch.store.civic.outbox import WaitingMail
from voipwatch.store.civic.signing import MailKind


class Letter(NamedTuple):
    """Ready to be handed over."""

    sender: str
    """Of the envelope."""
    recipient: str
    content: bytes


def write_letter(
    mail: WaitingMail,
    petition: Petition,
    pepper: bytes,
    settings: CampaignSettings,
    *,
    now_s: float,
    drawn: bytes,
) -> Letter:
    """The mail to one address.

    Args:
        mail: from the queue.
        petition: that it is of.
        pepper: of the petition, for the links.
        settings: of the instance.
        now_s: Unix seconds, for the header Date.
        drawn: 16 random bytes, for Message-ID.
    """
    t = words(mail.lang if mail.lang in LANGUAGES else LANGUAGES[0])
    title = petition.text(t.lang)[1].title
    revoke = settings.url + revoke_path(
        t.lang, petition.id, token(pepper, petition.id, TokenUse.REVOKE, mail.hash)
    )
    values = {"host": Name(urlsplit(settings.url).hostname or ""), "title": Name(title)}
    if mail.kind == MailKind.CONFIRM.value:
        key = "petition-mail.confirm"
        confirm = confirm_path(
            t.lang, petition.id, token(pepper, petition.id, TokenUse.CONFIRM, mail.selector)
        )
        links = [
            ("petition-mail.confirm.link", settings.url + confirm),
            ("petition-mail.confirm.revoke", revoke),
        ]
    else:
        key = "petition-mail.revoke"
        links = [("petition-mail.revoke.link", revoke)]
    message = EmailMessage(policy=SMTP)
    local, _, domain = settings.mail.sender.rpartition("@")
    message["From"] = Address(settings.mail.sender_name, local, domain)
    message["To"] = Address("", *mail.address.rsplit("@", 1))
    message["Subject"] = t.plain(f"{key}.subject")
    message["Date"] = formatdate(now_s, localtime=False)
    message["Message-ID"] = f"<{drawn.hex()}@{domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(_plain(t, key, values, links))
    message.add_alternative(_html(t, key, values, links), subtype="html")
    bounces = settings.mail.bounces.rpartition("@")
    verp = f"{bounces[0]}+{envelope_token(pepper, petition.id, mail.selector)}@{bounces[2]}"
    return Letter(verp, mail.address, message.as_bytes())


def _plain(t: Words, key: str, values: dict[str, Name], links: list[tuple[str, str]]) -> str:
    shown = [f"{t.plain(said)}\n{link}" for said, link in links]
    parts = [t.plain("petition-mail.hello"), t.plain(f"{key}.text", **values), *shown]
    return "\n\n".join([*parts, t.plain("petition-mail.ignore"), t.plain("petition-mail.automatic")]) + "\n"


def _html(t: Words, key: str, values: dict[str, Name], links: list[tuple[str, str]]) -> str:
    parts = [t("petition-mail.hello"), t(f"{key}.text", **values)]
    parts += [
        Markup('{}<br><a href="{}" dir="ltr">{}</a>').format(t(said), link, link) for said, link in links
    ]
    parts += [t("petition-mail.ignore"), t("petition-mail.automatic")]
    body = Markup("\n").join(Markup("<p>{}</p>").format(part) for part in parts)
    whole = Markup(
        '<!doctype html>\n<html lang="{}" dir="{}"><head><meta charset="utf-8"><title>{}</title></head>\n'
        "<body>\n{}\n</body></html>\n"
    )
    return str(whole.format(t.html_lang, t.direction, t(f"{key}.subject"), body))
