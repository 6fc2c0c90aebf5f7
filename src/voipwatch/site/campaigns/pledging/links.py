"""Addresses of the pages of boycotts."""

from typing import Final

from voipwatch.site.campaigns.links import MOUNT

NAME: Final = "pledge"
"""Of the section."""


def boycotts_path(lang: str) -> str:
    """The list."""
    return f"{MOUNT}{lang}/{NAME}/"


def boycott_path(lang: str, boycott: str) -> str:
    """One campaign."""
    return f"{boycotts_path(lang)}{boycott}/"


def declare_path(lang: str, boycott: str) -> str:
    """Where one pledges."""
    return f"{boycott_path(lang, boycott)}declare"


def reminder_path(lang: str, boycott: str) -> str:
    """The window as a calendar."""
    return f"{boycott_path(lang, boycott)}reminder.ics"


def own_path(lang: str, boycott: str, token: str) -> str:
    """A pledge of one's own; `token` as `civic.pledges.token_text` writes it."""
    return f"{boycott_path(lang, boycott)}mine/{token}"


def take_back_path(lang: str, boycott: str, token: str) -> str:
    """Where it is taken back."""
    return f"{own_path(lang, boycott, token)}/revoke"


def api_path(boycott: str) -> str:
    """Figures and logs, JSON."""
    return f"{MOUNT}api/{NAME}/{boycott}.json"
