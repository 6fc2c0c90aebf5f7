"""A mail that came back: which request it was of, and whether it came back for good.

Which one says the address that it came to (`bounces+TOKEN@...`); whether for good says the delivery status
notification (RFC 3464): an action `failed` with a status of class 5 (RFC 3463). Anything else, answers of
people and of holiday programs among it, is nothing.
"""

import re
from collections.abc import Iterable
from email import message_from_bytes
from email.message import Message
from typing import Final

BYTES_MAX: Final = 1 << 20
PARTS_MAX: Final = 50
_STATUS: Final = re.compile(r"\s*5\.\d{1,3}\.\d{1,3}")
_HEADERS: Final = ("delivered-to", "x-original-to", "envelope-to", "to")
"""Where a server writes what address a mail came to, if it was not said otherwise."""


def bounce_token(content: bytes, bounces: str, recipients: Iterable[str] = ()) -> str | None:
    """The token of a mail that came back for good; None for any other mail.

    Args:
        content: the mail, as it came.
        bounces: the address that mails come back to, `bounces@example.org`.
        recipients: of the envelope, where they are known: they are believed before any header.
    """
    if len(content) > BYTES_MAX:
        return None
    try:
        mail = message_from_bytes(content)
        named = [str(value) for name in _HEADERS for value in mail.get_all(name, [])]
        failed = _is_failure(mail)
    except (ValueError, LookupError, AttributeError, TypeError):  # of the parser, on what is no mail
        return None
    local, _, domain = bounces.rpartition("@")
    wanted = re.compile(
        rf"(?<![\w.+-]){re.escape(local)}\+([a-z2-7]{{52}})@{re.escape(domain)}(?![\w.-])",
        re.IGNORECASE | re.ASCII,
    )
    tokens = [found[1].lower() for text in [*recipients, *named] if (found := wanted.search(text))]
    return tokens[0] if failed and tokens else None


def _is_failure(mail: Message) -> bool:
    """Whether it is a notification of which every recipient failed for good."""
    if mail.get_content_type() != "multipart/report":
        return False
    for number, part in enumerate(mail.walk()):
        if number > PARTS_MAX:
            return False
        if part.get_content_type() == "message/delivery-status":
            blocks = part.get_payload()
            if not isinstance(blocks, list):
                return False
            # The first block is of the mail, those after it of one recipient each.
            people = [block for block in blocks[1:] if isinstance(block, Message) and block.get("action")]
            return bool(people) and all(_failed(block) for block in people)
    return False


def _failed(block: Message) -> bool:
    action, status = str(block.get("action", "")), str(block.get("status", ""))
    return action.strip().lower() == "failed" and _STATUS.match(status) is not None
