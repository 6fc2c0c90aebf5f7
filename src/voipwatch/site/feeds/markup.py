"""An entry as HTML, for readers that show it."""

import re
from typing import Final

from markupsafe import Markup

from voipwatch.model.incidents import IncidentStatus
from voipwatch.site.feeds.entries import Entry, reply_line
from voipwatch.site.words import Words, seen

_LANG: Final = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*", re.ASCII)


def html_of(entry: Entry, words: Words) -> Markup:
    """All of it but its title. What others said is in their own direction, and escaped."""
    parts = [_paragraph(" · ".join(entry.marks))]
    parts.append(Markup("<ul>{}</ul>").format(_joined("<li>{}</li>", entry.lines)))
    if entry.incident.status is IncidentStatus.WITHDRAWN and entry.incident.reason:
        parts.append(_paragraph(words("feeds.reason", reason=seen(entry.incident.reason))))
    for reply in entry.replies:
        lang = Markup(' lang="{}"').format(reply.lang) if _LANG.fullmatch(reply.lang) else Markup("")
        parts.append(_paragraph(reply_line(reply, words)))
        quote = Markup('<blockquote dir="auto"{}>{}</blockquote>')
        parts.append(quote.format(lang, _joined("<p>{}</p>", seen(reply.text).split("\n"))))
    parts.append(_paragraph(entry.as_of))
    whole = Markup('<div dir="{}" lang="{}">{}</div>')
    return whole.format(words.direction, words.html_lang, Markup("").join(parts))


def _paragraph(text: str) -> Markup:
    return Markup("<p>{}</p>").format(text)


def _joined(form: str, texts: "tuple[str, ...] | list[str]") -> Markup:
    # `form` is one of this file's own; the texts are escaped as they are put in.
    return Markup("").join(Markup(form).format(text) for text in texts)  # noqa: S704
