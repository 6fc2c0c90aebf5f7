"""The services that can be asked, by the name that stands before a page's: `youtube:@name`."""

import re
from collections.abc import Callable
from typing import Final

import msgspec

from voipwatch.site.campaigns.adapters import facebook, mastodon, x, youtube
from voipwatch.site.campaigns.adapters.answers import Fetched, Unfetched


class Service(msgspec.Struct, frozen=True):
    """How one is asked."""

    name: re.Pattern[str]
    """What a page's name looks like there."""
    home: str
    """Its address; empty where the page's name has it."""
    key_needed: bool
    fetch: Callable[..., Fetched | Unfetched]
    """(name, key, *, ask, now_s, home)."""


SERVICES: Final[dict[str, Service]] = {
    "facebook": Service(facebook.NAME, facebook.HOME, True, facebook.fetch),
    "youtube": Service(youtube.NAME, youtube.HOME, True, youtube.fetch),
    "x": Service(x.NAME, x.HOME, True, x.fetch),
    "mastodon": Service(mastodon.NAME, mastodon.HOME, False, mastodon.fetch),
}


def service_of(page: str) -> tuple[Service, str] | None:
    """The service and the page's name there; None for no such service, or a name that it cannot have."""
    before, _, name = page.partition(":")
    service = SERVICES.get(before)
    return (service, name) if service is not None and service.name.fullmatch(name) else None
